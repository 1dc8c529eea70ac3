//! Looking things up: what many callers ask for at once is asked for in one query. To ask costs the database more than to
//! find the few rows that it is about.
//!
//! Whoever asks while no one else does asks for itself. Otherwise a task asks for whoever has come meanwhile, until no one
//! has; a second one helps as soon as it is worth a query, or the first takes long. A caller who goes away is not missed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use commerce_core::store::StoreError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::database::Database;
use super::error::{Closed, shared};

/// So many things are asked for by one query at most.
const TOGETHER: usize = 64;
/// So many queries run at a time: while one is answered, the next can be asked.
const QUERIES: usize = 2;
/// The second begins only if so many wait, or one has waited for so long: one large query costs less than two small ones.
const SECOND_QUERY: (usize, Duration) = (8, Duration::from_millis(5));

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
    /// Since when, and who.
    waiting: Vec<(Instant, Waiting<L>)>,
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
        self.0.wait(Waiting { question, answer });
        let answered = async { answered.await.unwrap_or_else(|_| Err(closed())) };
        tokio::pin!(answered);
        if let Ok(answer) = tokio::time::timeout(SECOND_QUERY.1, &mut answered).await {
            return answer;
        }
        self.0.begin_another();
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

    /// Waits for its answer.
    fn wait(self: &Arc<Self>, waiting: Waiting<L>) {
        self.asked().waiting.push((Instant::now(), waiting));
        self.begin_another();
    }

    /// Begins another query if there is room for one, and it is worth it.
    fn begin_another(self: &Arc<Self>) {
        let turn = {
            let mut asked = self.asked();
            let begins = asked.queries < QUERIES && asked.are_worth_a_query(asked.queries);
            begins.then(|| self.turn(&mut asked))
        };
        if let Some(turn) = turn {
            tokio::spawn(turn.serve());
        }
    }

    fn turn(self: &Arc<Self>, asked: &mut Asked<L>) -> Turn<L> {
        asked.queries += 1;
        Turn { shared: self.clone(), begun: false }
    }
}

impl<L: Lookup> Asked<L> {
    /// Whether those who wait are worth a query beside so many others.
    fn are_worth_a_query(&self, others: usize) -> bool {
        let Some((since, _)) = self.waiting.first() else { return false };
        let (many, long) = SECOND_QUERY;
        others == 0 || self.waiting.len() >= many || since.elapsed() >= long
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
        asked.waiting.retain(|(_, one)| !one.answer.is_closed());
        let count = asked.waiting.len().min(TOGETHER);
        asked
            .are_worth_a_query(asked.queries - 1)
            .then(|| asked.waiting.drain(..count).map(|(_, one)| one).collect())
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
                Some(_) if asked.are_worth_a_query(asked.queries) => {
                    (Some(self.shared.turn(&mut asked)), Vec::new())
                }
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

#[cfg(test)]
mod tests {
    use super::super::database::PgDatabase;
    use super::*;

    /// Answers how many were asked for together; the first query not before it is let go.
    struct Slow {
        database: Database,
        held: Arc<tokio::sync::Semaphore>,
    }

    impl Lookup for Slow {
        type Question = bool;
        type Answer = usize;

        fn database(&self) -> &Database {
            &self.database
        }

        async fn ask(&self, questions: &[bool]) -> Result<Vec<usize>, StoreError> {
            if questions.contains(&true) {
                let _ = self.held.acquire().await;
            }
            Ok(vec![questions.len(); questions.len()])
        }
    }

    fn slow() -> (Arc<Together<Slow>>, Arc<tokio::sync::Semaphore>) {
        let held = Arc::new(tokio::sync::Semaphore::new(0));
        let PgDatabase(database) = PgDatabase::new("postgres://nobody@localhost/nothing").unwrap();
        (Arc::new(Together::new(Slow { database, held: held.clone() })), held)
    }

    fn ask(of: &Arc<Together<Slow>>, is_slow: bool) -> tokio::task::JoinHandle<usize> {
        let of = of.clone();
        tokio::spawn(async move { of.ask(is_slow).await.unwrap() })
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_has_waited_long_does_not_wait_for_the_first_query() {
        let (together, held) = slow();
        let first = ask(&together, true);
        tokio::task::yield_now().await;
        let begun = tokio::time::Instant::now();
        assert_eq!(ask(&together, false).await.unwrap(), 1);
        assert!(begun.elapsed() >= SECOND_QUERY.1, "by itself it isn't worth a second query at once");
        held.add_permits(1);
        assert_eq!(first.await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn many_are_worth_a_second_query_at_once() {
        let (together, held) = slow();
        let first = ask(&together, true);
        tokio::task::yield_now().await;
        let begun = tokio::time::Instant::now();
        let others: Vec<_> = (0..SECOND_QUERY.0).map(|_| ask(&together, false)).collect();
        for other in others {
            assert_eq!(other.await.unwrap(), SECOND_QUERY.0);
        }
        assert!(begun.elapsed() < SECOND_QUERY.1);
        held.add_permits(1);
        first.await.unwrap();
    }
}
