//! An aggregate: rules without I/O, which a repository keeps as events.

use std::sync::Arc;

use commerce_core::memory::MemoryStore;
use commerce_core::repository::{Error, Repository};
use commerce_core::{Aggregate, Context, Event, Host, Timestamp};
use commerce_outbox::SystemHost;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Status {
    #[default]
    Absent,
    Active,
    Cancelled,
}

#[derive(Clone, Default)]
struct Subscription {
    status: Status,
}

#[derive(Clone)]
enum Command {
    Start,
    Cancel { reason: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum SubscriptionEvent {
    Started { at: Timestamp },
    Cancelled { reason: String, at: Timestamp },
}

impl Event for SubscriptionEvent {}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the subscription is {0:?}")]
struct NotAllowed(Status);

impl Aggregate for Subscription {
    const KIND: &'static str = "subscription";
    type Id = String;
    type Command = Command;
    type Event = SubscriptionEvent;
    type Rejection = NotAllowed;

    fn decide(&self, command: Command, context: &Context) -> Result<Vec<SubscriptionEvent>, NotAllowed> {
        let at = context.now();
        match (self.status, command) {
            (Status::Absent, Command::Start) => Ok(vec![SubscriptionEvent::Started { at }]),
            (Status::Active, Command::Cancel { reason }) => {
                Ok(vec![SubscriptionEvent::Cancelled { reason, at }])
            }
            (status, _) => Err(NotAllowed(status)),
        }
    }

    fn apply(&mut self, event: &SubscriptionEvent) {
        self.status = match event {
            SubscriptionEvent::Started { .. } => Status::Active,
            SubscriptionEvent::Cancelled { .. } => Status::Cancelled,
        };
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host = Arc::new(SystemHost);
    let store = Arc::new(MemoryStore::new(host.clone()));

    let subscriptions = Repository::<Subscription>::new(store);
    let id = "anna".to_owned();
    let started = subscriptions.execute(&id, Command::Start, &host.context()).await?;
    assert_eq!((started.state.status, started.version), (Status::Active, 1));

    let cancel = Command::Cancel { reason: "moved away".to_owned() };
    subscriptions.execute(&id, cancel.clone(), &host.context()).await?;
    let again = subscriptions.execute(&id, cancel, &host.context()).await;
    assert!(matches!(again, Err(Error::Rejected(NotAllowed(Status::Cancelled)))));

    for recorded in subscriptions.history(host.context().tenant(), &id).await? {
        println!("{} {:?}", recorded.record.version, recorded.event);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use commerce_core::testing::{given, test_context};

    use super::*;

    fn started() -> SubscriptionEvent {
        SubscriptionEvent::Started { at: test_context().now() }
    }

    fn cancelled() -> SubscriptionEvent {
        SubscriptionEvent::Cancelled { reason: "moved away".into(), at: test_context().now() }
    }

    #[test]
    fn an_active_subscription_can_be_cancelled() {
        given::<Subscription>([started()])
            .when(Command::Cancel { reason: "moved away".into() })
            .then([cancelled()]);
    }

    #[test]
    fn a_subscription_is_cancelled_once() {
        given::<Subscription>([started(), cancelled()])
            .when(Command::Cancel { reason: "twice".into() })
            .then_rejected(NotAllowed(Status::Cancelled));
    }
}
