use std::collections::hash_map::Entry;

use commerce_core::Aggregate;
use commerce_core::Timestamp;
use commerce_core::id::{OrderId, PaymentId, Tenant};
use commerce_core::payment::{
    EntryKind, JournalEntry, LedgerError, Payment, PaymentEvent, Posting, Side, entries_for,
};
use commerce_core::store::{Document, Store, StoreError};
use commerce_core::stream::RecordedEvent;
use serde::Deserialize;
use uuid::Uuid;

use crate::audit::facts::{Facts, Shop};
use crate::audit::invariant::{
    JOURNAL_ENTRY_DIFFERS, JOURNAL_ENTRY_MISSING, JOURNAL_ENTRY_NOT_UNIQUE, JOURNAL_ENTRY_UNBALANCED,
    JOURNAL_ENTRY_WITHOUT_EVENT, PAYMENT_EVENT_REPEATED,
};
use crate::audit::read;
use crate::audit::report::Findings;
use crate::services::payment::{CopiedOrder, LEDGER, ORDER_COPY};

/// Payments, and the journal entries that follow from their events.
pub(super) async fn log(
    store: &dyn Store,
    shop: &mut Shop,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let take = |event: &RecordedEvent, findings: &mut Findings| match event.stream.kind() {
        Payment::KIND => {
            if let Some((id, changed)) = read::event::<Payment>(event, findings) {
                let facts = shop.of(&event.tenant);
                if is_by_hand(event) {
                    note_by_hand(facts, id, &changed);
                }
                apply(facts, id, &changed, findings);
            }
        }
        _ => read::unknown_stream(event, findings),
    };
    read::log(store, "payment", findings, take).await
}

/// A request by a user follows from no message.
fn is_by_hand(event: &RecordedEvent) -> bool {
    event.metadata.causation.is_none() && Uuid::parse_str(&event.metadata.actor).is_ok()
}

fn note_by_hand(facts: &mut Facts, id: PaymentId, changed: &PaymentEvent) {
    match changed {
        PaymentEvent::PaymentCreated { .. } => {
            facts.opened_by_hand.insert(id);
        }
        PaymentEvent::PaymentRefunded { refund_id, .. } => {
            facts.refunded_by_hand.insert((id, *refund_id));
        }
        _ => {}
    }
}

fn apply(facts: &mut Facts, id: PaymentId, changed: &PaymentEvent, findings: &mut Findings) {
    let payment = facts.payments.entry(id).or_default();
    payment.apply(changed);
    let entries = match entries_for(payment, changed) {
        Ok(entries) => entries,
        // A payment that was never made is reported as such.
        Err(LedgerError::NoPayment) => return,
        Err(error) => {
            let detail = format!("has an event that can't be entered: {error}");
            findings.breach(JOURNAL_ENTRY_MISSING, format!("payment {id}"), detail);
            return;
        }
    };
    for entry in entries {
        match facts.entries.entry(entry.id()) {
            Entry::Vacant(place) => {
                place.insert(entry);
            }
            // The first is what the journal has.
            Entry::Occupied(_) => {
                let capture = entry.kind() == EntryKind::Capture;
                let what = if capture { "was captured twice" } else { "made a refund twice" };
                findings.breach(PAYMENT_EVENT_REPEATED, format!("payment {id}"), what);
            }
        }
    }
}

/// An entry as it is stored, balanced or not.
#[derive(Deserialize)]
struct StoredEntry {
    id: Uuid,
    payment_id: PaymentId,
    order_id: OrderId,
    kind: EntryKind,
    postings: Vec<Posting>,
    at: Timestamp,
}

impl StoredEntry {
    fn checked(self) -> Result<JournalEntry, LedgerError> {
        let Self { id, payment_id, order_id, kind, postings, at } = self;
        JournalEntry::new(id, payment_id, order_id, kind, postings, at)
    }
}

/// The journal, compared with the log.
pub(super) async fn ledger(
    store: &dyn Store,
    tenant: &Tenant,
    facts: &mut Facts,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let take = |document: &Document, findings: &mut Findings| {
        findings.count("journal_entries", 1);
        if let Some(entry) = read::body::<StoredEntry>(document, findings) {
            facts.post(&entry.postings);
            match_entry(facts, &document.id, entry, findings);
        }
    };
    read::documents(store, tenant, LEDGER, findings, take).await
}

/// What the payment service knows of the orders that someone paid for by a request of their own.
pub(super) async fn orders(
    store: &dyn Store,
    tenant: &Tenant,
    facts: &mut Facts,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    for payment_id in &facts.opened_by_hand {
        let order_id = facts.payments.get(payment_id).and_then(Payment::order_id);
        let Some(order_id) = order_id else { continue };
        let Some(document) = store.document(tenant, ORDER_COPY, &order_id.to_string()).await? else {
            continue;
        };
        let order = read::body::<CopiedOrder>(&document, findings);
        if order.is_some_and(|order| order.will_end_a_payment()) {
            facts.end_unknown_to_payment.insert(order_id);
        }
    }
    Ok(())
}

impl Facts {
    fn post(&mut self, postings: &[Posting]) {
        for Posting { side, amount, .. } in postings {
            let balance = self.trial_balance.entry(amount.currency()).or_default();
            match side {
                Side::Debit => *balance += i128::from(amount.minor()),
                Side::Credit => *balance -= i128::from(amount.minor()),
            }
        }
    }
}

fn match_entry(facts: &mut Facts, kept_as: &str, entry: StoredEntry, findings: &mut Findings) {
    let subject = format!("journal entry {kept_as}");
    let id = entry.id;
    if kept_as != id.to_string() {
        findings.breach(JOURNAL_ENTRY_NOT_UNIQUE, subject, format!("is entry {id} under another id"));
        return;
    }
    match (entry.checked(), facts.entries.remove(&id)) {
        (Err(error), _) => {
            findings.breach(JOURNAL_ENTRY_UNBALANCED, subject, format!("is no entry: {error}"));
        }
        (Ok(entry), None) => {
            let detail = format!("follows from no event of payment {}", entry.payment_id());
            findings.breach(JOURNAL_ENTRY_WITHOUT_EVENT, subject, detail);
        }
        (Ok(entry), Some(expected)) if entry != expected => {
            let detail = format!("does not say what its event of payment {} says", expected.payment_id());
            findings.breach(JOURNAL_ENTRY_DIFFERS, subject, detail);
        }
        (Ok(_), Some(_)) => {}
    }
}
