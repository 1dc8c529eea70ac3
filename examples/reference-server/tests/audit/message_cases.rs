//! Tamperings with messages.

use std::sync::Arc;

use commerce_core::Timestamp;
use commerce_core::commit::{Claim, Commit, CommitId, DocumentWrite, Expected, NewMessage};
use commerce_core::error::Kind;
use commerce_outbox::{Attempt, Envelope, HeldMessage, HeldState};
use reference_server::audit::invariant::*;
use reference_server::messages::{IDENTITY_EVENTS, ORDER_REPLIES, PAYMENT, SHIPPING};
use serde_json::json;

use crate::fixture::{Case, Fixture, Write, new_id, put};

pub(crate) const ALL: &[Case] = &[
    Case {
        name: "a message is tried again and again",
        breaks: &[MESSAGE_HELD],
        tamper: |f| hold(f, "inventory", HeldState::Retrying),
    },
    Case {
        name: "a message is dead",
        breaks: &[MESSAGE_HELD],
        tamper: |f| hold(f, "inventory", HeldState::Dead),
    },
    Case {
        name: "a message waits until its customer is known",
        breaks: &[],
        tamper: |f| hold(f, "notification", HeldState::Retrying),
    },
    Case {
        name: "a message that nobody could be told of is dead",
        breaks: &[MESSAGE_HELD],
        tamper: |f| hold(f, "notification", HeldState::Dead),
    },
    Case {
        name: "an event has yet to be followed",
        breaks: &[],
        tamper: |_| vec![("identity", send(IDENTITY_EVENTS))],
    },
    Case {
        name: "a held message is damaged",
        breaks: &[DOCUMENT_UNDECODABLE],
        tamper: |_| vec![("payment", put("held-messages", "damaged", &json!({})))],
    },
    Case {
        name: "a command was not handled",
        breaks: &[MESSAGE_NOT_CONSUMED],
        tamper: |_| vec![("order", send(SHIPPING))],
    },
    Case {
        name: "a reply was not handled",
        breaks: &[MESSAGE_NOT_CONSUMED],
        tamper: |_| vec![("shipping", send(ORDER_REPLIES))],
    },
    Case {
        name: "what the payment service tells itself was not handled",
        breaks: &[MESSAGE_NOT_CONSUMED],
        tamper: |_| vec![("payment", send(PAYMENT))],
    },
    Case {
        name: "a message is beyond the cursor, and was handled",
        breaks: &[],
        tamper: |_| claimed("inbox/shipping"),
    },
    Case {
        name: "a message is beyond the cursor, and was handled by someone else",
        breaks: &[MESSAGE_NOT_CONSUMED],
        tamper: |_| claimed("inbox/inventory"),
    },
    Case {
        name: "a message goes to no one",
        breaks: &[MESSAGE_WITHOUT_READER],
        tamper: |_| vec![("order", send("coupon.commands"))],
    },
    Case {
        name: "a message goes where its reader does not look",
        breaks: &[MESSAGE_WITHOUT_READER],
        tamper: |_| vec![("catalog", send(SHIPPING))],
    },
    Case {
        name: "a message waits for its time",
        breaks: &[MESSAGE_SCHEDULED],
        tamper: |_| {
            let later = Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
            let message = NewMessage::new(SHIPPING, "key").not_before(later);
            vec![("order", Commit::new().message(message))]
        },
    },
];

fn send(topic: &'static str) -> Commit {
    Commit::new().message(NewMessage::new(topic, "key"))
}

/// A message to the shipping service, claimed there in this scope.
fn claimed(scope: &'static str) -> Vec<Write> {
    let id = CommitId(new_id());
    let claim = Claim::new(scope, id.message_id(0).to_string());
    vec![("order", send(SHIPPING).with_id(id)), ("shipping", Commit::new().claim(claim))]
}

fn hold(fixture: &Fixture, group: &'static str, state: HeldState) -> Vec<Write> {
    let source = Arc::from("/order");
    let held = HeldMessage {
        group: group.to_owned(),
        sequence: 0,
        state,
        attempts: vec![Attempt {
            at: Timestamp::default(),
            error: "forged".to_owned(),
            kind: Kind::Retryable,
            not_yet: false,
        }],
        begun: 1,
        under_way: false,
        held_since: Timestamp::default(),
        due: None,
        skipped: false,
        replays: Vec::new(),
        envelope: Envelope::from_recorded(&source, fixture.message.clone()).unwrap(),
    };
    let write = DocumentWrite::json("held-messages", held.id(), Expected::ABSENT, &held).unwrap();
    vec![(group, Commit::new().document(write))]
}
