//! Tamperings with payments, the journal and returns.

use commerce_core::Aggregate;
use commerce_core::Timestamp;
use commerce_core::commit::Commit;
use commerce_core::id::{OrderId, PaymentId};
use commerce_core::payment::{
    Account, EntryKind, ExternalPaymentId, JournalEntry, Payment, PaymentEvent, PaymentMethod, PaymentToken,
    Posting, entries_for,
};
use commerce_core::testing::test_context;
use commerce_core::value::Money;
use reference_server::audit::invariant::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fixture::{Case, Fixture, Write, append, delete, gbp, new_id, put};

pub(crate) fn all() -> Vec<Case> {
    [JOURNAL, PAYMENTS, LEFT_OVER, RETURNS].concat()
}

const JOURNAL: &[Case] = &[
    Case {
        name: "a journal entry doesn't balance",
        breaks: &[JOURNAL_ENTRY_UNBALANCED, TRIAL_BALANCE_NOT_ZERO],
        tamper: |f| post(f, |entry| entry["postings"][0]["amount"]["amount"] = "30.01".into()),
    },
    Case {
        name: "a journal entry is of another amount",
        breaks: &[JOURNAL_ENTRY_DIFFERS],
        tamper: |f| {
            post(f, |entry| {
                for posting in entry["postings"].as_array_mut().unwrap() {
                    posting["amount"]["amount"] = "30.01".into();
                }
            })
        },
    },
    Case {
        name: "a journal entry is gone",
        breaks: &[JOURNAL_ENTRY_MISSING],
        tamper: |f| vec![("payment", delete("ledger", &f.capture(f.bought).0))],
    },
    Case {
        name: "a journal entry is there twice",
        breaks: &[JOURNAL_ENTRY_NOT_UNIQUE],
        tamper: |f| vec![("payment", put("ledger", "again", &f.capture(f.bought).1))],
    },
    Case {
        name: "a journal entry follows from nothing",
        breaks: &[JOURNAL_ENTRY_WITHOUT_EVENT],
        tamper: |f| {
            let (id, payment_id) = (new_id::<Uuid>(), f.payment_of(f.bought));
            let postings = vec![
                Posting::debit(Account::Refunds, gbp("1.00")),
                Posting::credit(Account::Customer, gbp("1.00")),
            ];
            let at = Timestamp::default();
            let entry = JournalEntry::new(id, payment_id, f.bought, EntryKind::Refund, postings, at);
            let entry = serde_json::to_value(entry.unwrap()).unwrap();
            vec![("payment", put("ledger", &id.to_string(), &entry))]
        },
    },
];

const PAYMENTS: &[Case] = &[
    Case {
        name: "a payment was captured twice",
        breaks: &[PAYMENT_EVENT_REPEATED],
        tamper: |f| vec![("payment", append::<Payment>(&f.payment_of(f.bought), &[captured()]))],
    },
    Case {
        name: "more was given back than taken",
        breaks: &[REFUNDS_ABOVE_AMOUNT, REFUND_WITHOUT_RETURN],
        tamper: |f| give_back(f, gbp("30.01")),
    },
    Case {
        name: "a confirmed order's money was given back for no return",
        breaks: &[REFUND_WITHOUT_RETURN],
        tamper: |f| give_back(f, gbp("0.01")),
    },
    Case {
        name: "a refund of nothing",
        breaks: &[JOURNAL_ENTRY_MISSING, REFUND_WITHOUT_RETURN],
        tamper: |f| {
            let refund = refunded(gbp("0.00"));
            vec![("payment", append::<Payment>(&f.payment_of(f.bought), &[refund]))]
        },
    },
    Case {
        name: "an order is paid for twice",
        breaks: &[SEVERAL_LIVE_PAYMENTS],
        tamper: |f| pay(f.bought, gbp("30.00")),
    },
    Case {
        name: "an order is paid for with another amount as well",
        breaks: &[SEVERAL_LIVE_PAYMENTS, PAYMENT_DIFFERS_FROM_ORDER],
        tamper: |f| pay(f.bought, gbp("29.99")),
    },
];

const LEFT_OVER: &[Case] = &[
    Case {
        name: "money was taken for an order that was never placed",
        breaks: &[PAYMENT_WITHOUT_ORDER],
        tamper: |_| pay(new_id(), gbp("10.00")),
    },
    Case {
        name: "money was taken for an order that failed",
        breaks: &[PAYMENT_KEPT],
        tamper: |f| pay(f.declined, gbp("10.00")),
    },
    Case {
        name: "money was taken by hand for an order that failed",
        breaks: &[PAYMENT_KEPT],
        tamper: |f| pay_by_hand(f.declined, gbp("10.00")),
    },
    Case {
        name: "a failed order's payment is under way",
        breaks: &[PAYMENT_LEFT_PROCESSING],
        tamper: |f| {
            let token = PaymentToken::parse("tok_visa").unwrap();
            let started =
                PaymentEvent::PaymentProcessingStarted { attempt: 1, token, at: Timestamp::default() };
            let payment_id = new_id();
            let events = [created(payment_id, f.declined, gbp("10.00")), started];
            vec![("payment", append::<Payment>(&payment_id, &events))]
        },
    },
    Case {
        name: "a payment was never made, and captured",
        breaks: &[STREAM_NOT_BEGUN],
        tamper: |_| vec![("payment", append::<Payment>(&new_id(), &[captured()]))],
    },
];

const RETURNS: &[Case] = &[
    Case {
        name: "a return is of more money than was given back",
        breaks: &[RETURN_REFUND_MISSING],
        tamper: |f| f.the_return(|saga| saga["state"]["amount"]["amount"] = "10.01".into()),
    },
    Case {
        name: "a return is of more goods than were put back",
        breaks: &[RETURN_RESTOCK_MISSING],
        tamper: |f| f.the_return(|saga| saga["state"]["quantity"] = 2.into()),
    },
    Case {
        name: "a return has failed, its refund and its goods remain",
        breaks: &[FAILED_RETURN_KEPT],
        tamper: |f| f.the_return(|saga| saga["status"] = "failed".into()),
    },
    Case {
        name: "a return's state is damaged",
        // Without the return, nothing explains its refund.
        breaks: &[DOCUMENT_UNDECODABLE, REFUND_WITHOUT_RETURN],
        tamper: |f| f.the_return(|saga| saga["state"] = json!({})),
    },
    Case {
        name: "a return was given up",
        breaks: &[SAGA_ABANDONED],
        tamper: |f| f.the_return(|saga| saga["status"] = "abandoned".into()),
    },
];

/// The capture of the order that was bought, changed in the journal.
fn post(fixture: &Fixture, change: impl FnOnce(&mut Value)) -> Vec<Write> {
    let (id, _) = fixture.capture(fixture.bought);
    vec![("payment", fixture.changed("ledger", &id, change))]
}

fn created(payment_id: PaymentId, order_id: OrderId, amount: Money) -> PaymentEvent {
    let (method, at) = (PaymentMethod::CreditCard, Timestamp::default());
    PaymentEvent::PaymentCreated { payment_id, order_id, customer_id: None, amount, method, at }
}

fn captured() -> PaymentEvent {
    let external_payment_id = ExternalPaymentId::parse("forged").unwrap();
    PaymentEvent::PaymentSucceeded { external_payment_id, at: Timestamp::default() }
}

fn refunded(amount: Money) -> PaymentEvent {
    let (refund_id, reason) = (new_id(), "forged".to_owned());
    PaymentEvent::PaymentRefunded { refund_id, amount, reason, at: Timestamp::default() }
}

/// A payment that was captured, with its journal entry.
fn pay(order_id: OrderId, amount: Money) -> Vec<Write> {
    let payment_id = new_id();
    vec![("payment", booked(payment_id, &[], vec![created(payment_id, order_id, amount), captured()]))]
}

/// The same, opened by a request of a user.
fn pay_by_hand(order_id: OrderId, amount: Money) -> Vec<Write> {
    let payment_id: PaymentId = new_id();
    let events = vec![created(payment_id, order_id, amount), captured()];
    let user = test_context().with_actor(new_id::<Uuid>().to_string());
    let paid = Commit::within(&user).and(booked(payment_id, &[], events));
    vec![("payment", paid)]
}

/// A refund of the order that was bought, with its journal entry.
fn give_back(fixture: &Fixture, amount: Money) -> Vec<Write> {
    let payment_id = fixture.payment_of(fixture.bought);
    let before = created(payment_id, fixture.bought, gbp("30.00"));
    vec![("payment", booked(payment_id, &[before], vec![refunded(amount)]))]
}

fn booked(payment_id: PaymentId, before: &[PaymentEvent], events: Vec<PaymentEvent>) -> Commit {
    let mut payment = Payment::default();
    before.iter().for_each(|event| payment.apply(event));
    let mut commit = append::<Payment>(&payment_id, &events);
    for event in &events {
        payment.apply(event);
        for entry in entries_for(&payment, event).unwrap() {
            let body = serde_json::to_value(&entry).unwrap();
            commit = commit.and(put("ledger", &entry.id().to_string(), &body));
        }
    }
    commit
}
