//! Looking things up: what many callers ask for at once is asked for in one query. To ask costs the database more than to
//! find the few rows that it is about.
//!
//! Whoever asks while no one else does asks for itself. Otherwise a task asks for whoever has come meanwhile, until no one
//! has. A caller who goes away is not missed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use commerce_core::store::StoreError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::database::Database;
use super::error::{Closed, shared};

/// So many things are asked for by one query at most.
const TOGETHER: usize = 64;
/// So many queries run at a time: while one is answered, the next can be asked.
const QUERIES: usize = 2;

/// How things of one kind are looked up.
pub(super) trait Lookup: Send + Sync + 'static {
    type Question: Send + Sync + 'static;
    type Answer: Send + 'static;

    /// Which says how long an answer may take, the wait for others' answers included. A query of its own sees to that itself.
    fn database(&self) -> &Database;

    /// Answers each question, in their order.
    fn ask(
        &self,
        questions: &[Self::Question],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

/// Looks things of one kind up, for many callers at a time.
pub(super) struct Together<L: Lookup>(Arc<Shared<L>>);

struct Shared<L: Lookup> {
    lookup: L,
    asked: Mutex<Asked<L>>,
}

struct Asked<L: Lookup> {
    waiting: Vec<Waiting<L>>,
    queries: usize,
}

struct Waiting<L: Lookup> {
    question: L::Question,
    answer: oneshot::Sender<Result<L::Answer, StoreError>>,
}

impl<L: Lookup> Together<L> {
    pub(super) fn new(lookup: L) -> Self {
        let asked = Asked { waiting: Vec::new(), queries: 0 };
        Self(Arc::new(Shared { lookup, asked: Mutex::new(asked) }))
    }

    pub(super) async fn ask(&self, question: L::Question) -> Result<L::Answer, StoreError> {
        if let Some(turn) = self.0.begin_if_alone() {
            let answer = self.0.lookup.ask(&[question]).await;
            drop(turn);
            return answer.and_then(|mut answers| answers.pop().ok_or_else(closed));
        }
        let (answer, answered) = oneshot::channel();
        if let Some(turn) = self.0.wait(Waiting { question, answer }) {
            tokio::spawn(turn.serve());
        }
        let answered = async { answered.await.unwrap_or_else(|_| Err(closed())) };
        self.0.lookup.database().answered(answered).await
    }
}

impl<L: Lookup> Shared<L> {
    fn asked(&self) -> MutexGuard<'_, Asked<L>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_if_alone(self: &Arc<Self>) -> Option<Turn<L>> {
        let mut asked = self.asked();
        let alone = asked.queries == 0 && asked.waiting.is_empty();
        alone.then(|| {
            let mut turn = self.turn(&mut asked);
            turn.begun = true;
            turn
        })
    }

    /// Waits for its answer. A turn, if another query is to be begun for it.
    fn wait(self: &Arc<Self>, waiting: Waiting<L>) -> Option<Turn<L>> {
        let mut asked = self.asked();
        asked.waiting.push(waiting);
        (asked.queries < QUERIES).then(|| self.turn(&mut asked))
    }

    fn turn(self: &Arc<Self>, asked: &mut Asked<L>) -> Turn<L> {
        asked.queries += 1;
        Turn { shared: self.clone(), begun: false }
    }
}

/// One of the queries at a time. However it ends, another may begin.
struct Turn<L: Lookup> {
    shared: Arc<Shared<L>>,
    /// A runtime that ends drops what it is to run before it has begun.
    begun: bool,
}

impl<L: Lookup> Turn<L> {
    async fn serve(mut self) {
        self.begun = true;
        while let Some(waiting) = self.next() {
            let Err((waiting, error)) = self.answer(waiting).await else { continue };
            if waiting.len() == 1 || matches!(error, StoreError::Unavailable { .. }) {
                refuse(waiting, error);
                continue;
            }
            // One is at fault, or damaged: the others have nothing to do with it.
            for one in waiting {
                if let Err((one, error)) = self.answer(vec![one]).await {
                    refuse(one, error);
                }
            }
        }
    }

    async fn answer(&self, waiting: Vec<Waiting<L>>) -> Result<(), (Vec<Waiting<L>>, StoreError)> {
        let (questions, senders): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|Waiting { question, answer }| (question, answer)).unzip();
        match self.shared.lookup.ask(&questions).await {
            Ok(answers) => {
                for (sender, answer) in senders.into_iter().zip(answers) {
                    let _ = sender.send(Ok(answer));
                }
                Ok(())
            }
            Err(error) => {
                let waiting = questions.into_iter().zip(senders);
                Err((waiting.map(|(question, answer)| Waiting { question, answer }).collect(), error))
            }
        }
    }

    /// What has been asked meanwhile, by callers who still wait.
    fn next(&self) -> Option<Vec<Waiting<L>>> {
        let mut asked = self.shared.asked();
        asked.waiting.retain(|one| !one.answer.is_closed());
        let count = asked.waiting.len().min(TOGETHER);
        (count > 0).then(|| asked.waiting.drain(..count).collect())
    }
}

impl<L: Lookup> Drop for Turn<L> {
    fn drop(&mut self) {
        let runtime = Handle::try_current().ok().filter(|_| self.begun);
        let (next, forsaken) = {
            let mut asked = self.shared.asked();
            asked.queries -= 1;
            // Whoever came after this turn last looked relied on it.
            match &runtime {
                Some(_) if !asked.waiting.is_empty() => (Some(self.shared.turn(&mut asked)), Vec::new()),
                None if asked.queries == 0 => (None, std::mem::take(&mut asked.waiting)),
                _ => (None, Vec::new()),
            }
        };
        // Those whom no one will answer are told so by this.
        drop(forsaken);
        if let (Some(turn), Some(runtime)) = (next, runtime) {
            runtime.spawn(turn.serve());
        }
    }
}

/// Each is told the same.
fn refuse<L: Lookup>(waiting: Vec<Waiting<L>>, error: StoreError) {
    let error = Arc::new(error);
    for one in waiting {
        let _ = one.answer.send(Err(shared(&error)));
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable { source: Closed.into() }
}
