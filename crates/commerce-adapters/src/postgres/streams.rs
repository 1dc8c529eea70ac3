//! Reading streams: what many callers ask for at once is asked for in one query.
//!
//! The first who asks starts a task that reads for whoever has asked meanwhile, until no one has. A caller who goes away is
//! not missed. To ask for one stream costs the database more than to return the few events that it holds.

use std::sync::{Arc, Mutex, PoisonError};

use commerce_core::id::Tenant;
use commerce_core::store::StoreError;
use commerce_core::stream::{RecordedEvent, StreamId, Version};
use sqlx::{Arguments, Row};
use tokio::sync::oneshot;

use super::database::{Database, Text};
use super::error::{Closed, shared, store_error};
use super::layout::clamp;
use super::read::{LastCommit, event, event_with};

/// So many streams are read by one query at most.
const TOGETHER: usize = 64;
/// So many queries run at a time: while one is answered, the next can be asked.
const QUERIES: usize = 2;

/// Reads streams of one schema.
pub(super) struct Streams(Arc<Shared>);

struct Shared {
    database: Database,
    text: Text,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    waiting: Vec<Question>,
    queries: usize,
}

struct Question {
    tenant: Tenant,
    stream: StreamId,
    after: Version,
    limit: usize,
    answer: oneshot::Sender<Result<Vec<RecordedEvent>, StoreError>>,
}

impl Streams {
    pub(super) fn new(database: Database, schema: &str) -> Self {
        let text = format!(
            "SELECT {}, w.number
             FROM unnest($1::text[], $2::text[], $3::int8[], $4::int8[])
                  WITH ORDINALITY AS w(tenant, stream, after, wanted, number)
             CROSS JOIN LATERAL (
               SELECT * FROM {schema}.commerce_events e
               WHERE e.stream = w.stream AND e.tenant = w.tenant AND e.version > w.after
               ORDER BY e.version LIMIT w.wanted) e
             LEFT JOIN {schema}.commerce_events f
               ON f.position = CASE WHEN e.ordinal > 0 THEN e.position - e.ordinal END
             ORDER BY w.number, e.version",
            event_with("coalesce(e.metadata, f.metadata)")
        );
        Self(Arc::new(Shared { database, text: text.into(), asked: Mutex::default() }))
    }

    pub(super) async fn read(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let question = Question { tenant: tenant.clone(), stream: stream.clone(), after, limit, answer };
        if self.0.ask(question) {
            tokio::spawn(Turn { shared: self.0.clone(), ended: false }.serve());
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::Unavailable { source: Closed.into() }))
    }
}

impl Shared {
    /// Whether another query is to be begun for it.
    fn ask(&self, question: Question) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.waiting.push(question);
        let begin = asked.queries < QUERIES;
        asked.queries += usize::from(begin);
        begin
    }

    async fn query(&self, questions: &[Question]) -> Result<Vec<Vec<RecordedEvent>>, StoreError> {
        let tenants: Vec<&str> = questions.iter().map(|of| of.tenant.as_str()).collect();
        let streams: Vec<&str> = questions.iter().map(|of| of.stream.as_str()).collect();
        let after: Vec<i64> = questions.iter().map(|of| clamp(of.after)).collect();
        let wanted: Vec<i64> = questions.iter().map(|of| clamp(of.limit as u64)).collect();
        let rows = self
            .database
            .rows(&self.text, &|to| {
                to.add(&tenants[..])?;
                to.add(&streams[..])?;
                to.add(&after[..])?;
                to.add(&wanted[..])
            })
            .await?;
        let mut found: Vec<Vec<RecordedEvent>> = questions.iter().map(|_| Vec::new()).collect();
        let mut commits = LastCommit::default();
        let read = rows.iter().try_for_each(|row| {
            let number = usize::try_from(row.try_get::<i64, _>(11)? - 1).unwrap_or_default();
            if let (Some(events), Some(of)) = (found.get_mut(number), questions.get(number)) {
                events.push(event(row, &mut commits, |_| Ok((of.tenant.clone(), of.stream.clone())))?);
            }
            Ok(())
        });
        read.map_err(|error| store_error(&self.database.address().at, error))?;
        Ok(found)
    }
}

/// One of the tasks that read. However it ends, another may begin.
struct Turn {
    shared: Arc<Shared>,
    ended: bool,
}

impl Turn {
    async fn serve(mut self) {
        while let Some(questions) = self.next() {
            let Err((questions, error)) = self.answer(questions).await else { continue };
            if questions.len() == 1 || matches!(error, StoreError::Unavailable { .. }) {
                refuse(questions, error);
                continue;
            }
            // One is at fault, or damaged: the others have nothing to do with it.
            for question in questions {
                if let Err((question, error)) = self.answer(vec![question]).await {
                    refuse(question, error);
                }
            }
        }
    }

    async fn answer(&self, questions: Vec<Question>) -> Result<(), (Vec<Question>, StoreError)> {
        match self.shared.query(&questions).await {
            Ok(streams) => {
                for (question, events) in questions.into_iter().zip(streams) {
                    let _ = question.answer.send(Ok(events));
                }
                Ok(())
            }
            Err(error) => Err((questions, error)),
        }
    }

    /// What has been asked meanwhile; none ends the turn.
    fn next(&mut self) -> Option<Vec<Question>> {
        let mut asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.waiting.len().min(TOGETHER);
        if count == 0 {
            asked.queries -= 1;
            self.ended = true;
            return None;
        }
        Some(asked.waiting.drain(..count).collect())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.ended {
            self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).queries -= 1;
        }
    }
}

/// Each is told the same.
fn refuse(questions: Vec<Question>, error: StoreError) {
    let error = Arc::new(error);
    for question in questions {
        let _ = question.answer.send(Err(shared(&error)));
    }
}
