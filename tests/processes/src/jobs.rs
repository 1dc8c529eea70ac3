//! Messages whose effects can be counted: each is an event in the stream of its key.

use std::sync::Arc;

use commerce_core::commit::{Expected, NewEvent};
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_outbox::{HandleError, Handled, Message, Scope};
use serde::{Deserialize, Serialize};

/// Where jobs are sent, and where they are done.
pub const SERVICES: [&str; 2] = ["shop", "works"];
/// Who does them.
pub const GROUP: &str = "workers";

/// Something to be done once, after what its key sent before.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// Whose order it keeps.
    pub key: String,
    /// Its place in that order.
    pub number: u32,
}

impl Message for Job {
    const TOPIC: &'static str = "jobs";
    const TYPE: &'static str = "jobs.do";
    fn key(&self) -> String {
        self.key.clone()
    }
}

/// Its effect, which can be had twice if nothing prevents it.
///
/// # Errors
/// Never.
pub async fn record(job: Job, mut scope: Scope) -> Result<Handled, HandleError> {
    let payload = job.number.to_string().into_bytes();
    let done = NewEvent { event_type: "done".into(), schema: 1, payload };
    scope.write(|commit| commit.append(StreamId::new("effects", &job.key), Expected::Any, vec![done]));
    Ok(scope.finish())
}

/// The effects of a key's jobs, in the order in which they came about.
pub async fn effects(store: &Arc<dyn Store>, key: &str) -> Vec<u32> {
    let stream = StreamId::new("effects", key);
    let events = store.read_stream(&Tenant::default(), &stream, 0, usize::MAX).await.unwrap();
    events.iter().map(|event| std::str::from_utf8(&event.payload).unwrap().parse().unwrap()).collect()
}
