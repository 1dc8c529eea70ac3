//! Reads logs and collections page by page, and checks what the log alone shows.

use std::collections::HashMap;
use std::str::FromStr;

use commerce_core::Aggregate;
use commerce_core::id::Tenant;
use commerce_core::store::{Document, Query, Store, StoreError};
use commerce_core::stream::{Position, RecordedEvent, StreamId, Version};
use commerce_core::upcast::decode;
use serde::de::DeserializeOwned;

use super::invariant::{
    DOCUMENT_UNDECODABLE, EVENT_UNDECODABLE, POSITION_NOT_RISING, STREAM_UNKNOWN, VERSION_GAP,
};
use super::report::Findings;

/// So much is read at once: enough to make the round trip cheap, little enough to hold.
pub(super) const PAGE: usize = 1_000;

/// Hands over a service's whole log, event by event.
pub(super) async fn log(
    store: &dyn Store,
    service: &'static str,
    findings: &mut Findings,
    mut take: impl FnMut(&RecordedEvent, &mut Findings),
) -> Result<(), StoreError> {
    let mut sequence = Sequence { service, position: 0, versions: HashMap::new() };
    let mut after = 0;
    loop {
        let page = store.read_log(after, PAGE).await?;
        for event in &page {
            findings.turn_to(&event.tenant);
            sequence.check(event, findings);
            take(event, findings);
        }
        findings.count("events", page.len());
        // A log that does not get on has been reported: it must not be read for ever.
        match page.iter().map(|event| event.position).max() {
            Some(end) if end > after => after = end,
            _ => return Ok(()),
        }
    }
}

/// Where a log and its streams have got to.
struct Sequence {
    service: &'static str,
    position: Position,
    versions: HashMap<(Tenant, StreamId), Version>,
}

impl Sequence {
    fn check(&mut self, event: &RecordedEvent, findings: &mut Findings) {
        if event.position <= self.position {
            let detail = format!("has position {} after {}", event.position, self.position);
            findings.breach(POSITION_NOT_RISING, format!("the {} log", self.service), detail);
        }
        self.position = self.position.max(event.position);
        let version = self.versions.entry((event.tenant.clone(), event.stream.clone())).or_default();
        if event.version != *version + 1 {
            let detail = format!("has event {} after event {version}", event.version);
            findings.breach(VERSION_GAP, format!("stream {}", event.stream), detail);
        }
        *version = event.version;
    }
}

/// Reads an event of the aggregate `A`, and whose it is. One that can't be read is reported.
pub(super) fn event<A: Aggregate>(event: &RecordedEvent, findings: &mut Findings) -> Option<(A::Id, A::Event)>
where
    A::Id: FromStr,
{
    let Ok(id) = event.stream.id().parse() else {
        unknown_stream(event, findings);
        return None;
    };
    match decode(event) {
        Ok(decoded) => Some((id, decoded)),
        Err(error) => {
            findings.breach(
                EVENT_UNDECODABLE,
                format!("stream {}", event.stream),
                format!("is unreadable: {error}"),
            );
            None
        }
    }
}

/// Reports an event that belongs to no aggregate.
pub(super) fn unknown_stream(event: &RecordedEvent, findings: &mut Findings) {
    let detail = format!("is that of no aggregate of its service, at position {}", event.position);
    findings.breach(STREAM_UNKNOWN, format!("stream {}", event.stream), detail);
}

/// Hands over a collection of one tenant, document by document.
pub(super) async fn documents(
    store: &dyn Store,
    tenant: &Tenant,
    collection: &'static str,
    findings: &mut Findings,
    mut take: impl FnMut(&Document, &mut Findings),
) -> Result<(), StoreError> {
    let mut query = Query::of(tenant, collection).limit(PAGE);
    loop {
        let page = store.documents(&query).await?;
        for document in &page {
            take(document, findings);
        }
        match page.last() {
            Some(last) if page.len() >= PAGE => query = query.after(last.id.clone()),
            _ => return Ok(()),
        }
    }
}

/// Reads a document's body. One that can't be read is reported.
pub(super) fn body<T: DeserializeOwned>(document: &Document, findings: &mut Findings) -> Option<T> {
    document
        .json()
        .map_err(|error| {
            let subject = format!("document {}/{}", document.collection, document.id);
            findings.breach(DOCUMENT_UNDECODABLE, subject, format!("is unreadable: {error}"));
        })
        .ok()
}
