//! A saga of four steps: goods are reserved by the depot, the order is entered in the shop's own books, a card is
//! charged by a bank that has no outbox, the depot ships. Each effect is an event of its own, and nothing but the saga's
//! machinery keeps it from happening twice.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Commit, DocumentWrite, Expected, NewEvent};
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_outbox::{HandleError, Message, RetryPolicy};
use commerce_saga::{Saga, StepError, Version};
use serde::{Deserialize, Serialize};

/// Whose effects: the saga's own, the participant's, and those of the bank that is called.
pub const SERVICES: [&str; 3] = ["shop", "depot", "bank"];
/// The saga's name.
pub const SAGA: &str = "order";
/// Where its replies go.
pub const REPLIES: &str = "replies";
/// In this order, each with the service that has its effects.
pub const STEPS: [(&str, &str); 4] =
    [("reserve", "depot"), ("books", "shop"), ("charge", "bank"), ("ship", "depot")];
/// An action has had its effect.
pub const MADE: &str = "made";
/// A compensation has.
pub const UNDONE: &str = "undone";

/// So soon a reply is overdue: the step is asked again, by whoever looks.
const REPLY_OVERDUE: Duration = Duration::from_secs(8);
/// So soon a call is: it is verified, and made again.
const CALL_OVERDUE: Duration = Duration::from_secs(2);
/// Nothing but what is to fail does, however often it is tried.
const PATIENT: RetryPolicy = RetryPolicy {
    attempts: 10_000,
    first_wait: Duration::from_millis(50),
    longest_wait: Duration::from_secs(1),
};

/// One order: the saga's state, and the body of all its messages.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Which.
    pub number: u32,
}

impl Order {
    /// The step that is to fail, if one is.
    pub fn fails_at(self) -> Option<&'static str> {
        let every = |n| self.number.is_multiple_of(n);
        if every(11) {
            Some("reserve")
        } else if every(13) {
            Some("charge")
        } else if every(7) {
            Some("ship")
        } else {
            None
        }
    }

    /// Where a step's effects are.
    pub fn effects_of(self, step: &str) -> StreamId {
        StreamId::new("effects", format!("{}-{step}", self.number))
    }

    /// A commit with an effect. It can be had twice if nothing prevents it.
    pub fn effect(self, commit: Commit, step: &str, what: &'static str) -> Commit {
        let event = NewEvent { event_type: what.into(), schema: 1, payload: b"{}".to_vec() };
        commit.append(self.effects_of(step), Expected::Any, vec![event])
    }
}

macro_rules! requests {
    ($($name:ident $text:literal)*) => {$(
        #[doc = concat!("Asks the depot to ", $text, ".")]
        #[derive(Serialize, Deserialize)]
        pub struct $name(pub Order);
        impl Message for $name {
            const TOPIC: &'static str = "depot";
            const TYPE: &'static str = concat!("depot.", $text);
            fn key(&self) -> String {
                self.0.number.to_string()
            }
        }
    )*};
}

requests! { Reserve "reserve" Release "release" Ship "ship" Recall "recall" }

/// The definition. The bank is a store that is written to outside of the saga's commits.
pub fn saga(bank: &Arc<dyn Store>) -> Saga<Order> {
    let (charge, verify, refund) = (bank.clone(), bank.clone(), bank.clone());
    Saga::builder::<Order>(SAGA, Version(1))
        .replies_to(REPLIES)
        .request("reserve", |order| Reserve(*order))
        .undo(|order| Release(*order))
        .reply_within(REPLY_OVERDUE)
        .retry(PATIENT)
        .undo_retry(PATIENT)
        .local("books", |order: Order, mut scope| async move {
            scope.write(|commit| order.effect(commit, "books", MADE));
            Ok((order, scope))
        })
        .undo_local(|order: Order, mut scope| async move {
            scope.write(|commit| order.effect(commit, "books", UNDONE));
            Ok((order, scope))
        })
        .call("charge", move |order: Order, key| book(charge.clone(), order, key, MADE))
        .verify(move |_: Order, key| {
            let bank = verify.clone();
            async move { was_booked(&bank, &key).await.map(|booked| booked.then_some(())) }
        })
        .undo_call(move |order: Order, key| {
            let bank = refund.clone();
            async move {
                if was_booked(&bank, &key.replace("/undo", "/action")).await? {
                    book(bank, order, key, UNDONE).await?;
                }
                Ok(())
            }
        })
        .reply_within(CALL_OVERDUE)
        .retry(PATIENT)
        .undo_retry(PATIENT)
        .request("ship", |order| Ship(*order))
        .undo(|order| Recall(*order))
        .reply_within(REPLY_OVERDUE)
        .retry(PATIENT)
        .undo_retry(PATIENT)
        .build()
        .expect("the definition makes sense")
}

/// As a provider does: once under a key, however often it is called.
async fn book(bank: Arc<dyn Store>, order: Order, key: String, what: &'static str) -> Result<(), StepError> {
    if what == MADE && order.fails_at() == Some("charge") {
        return Err(StepError::failed("declined", "no money"));
    }
    let once = DocumentWrite::put("keys", key, Expected::ABSENT, b"{}".to_vec());
    match bank.commit(order.effect(Commit::new().document(once), "charge", what)).await {
        Ok(_) => Ok(()),
        Err(error) if error.conflict().is_some() => Ok(()),
        Err(error) => Err(HandleError::from(error).into()),
    }
}

async fn was_booked(bank: &Arc<dyn Store>, key: &str) -> Result<bool, StepError> {
    Ok(bank.document(&Tenant::default(), "keys", key).await?.is_some())
}
