use std::time::{SystemTime, UNIX_EPOCH};

use commerce_core::{Host, Timestamp, id};
use uuid::Uuid;

/// This machine's clock, and ids from its source of chance.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemHost;

impl Host for SystemHost {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    fn new_id(&self) -> Uuid {
        id::derive(Uuid::now_v7(), 0)
    }
}
