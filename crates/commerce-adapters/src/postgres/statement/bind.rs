//! The statement's arguments.

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, Encode, Postgres, Type};

use super::Run;
use super::sections::*;
use crate::postgres::layout::{Claims, Layout, Owners};

/// Binds the arrays in the order in which [`Text`](super::text::Text) numbers them.
pub(super) fn bind(
    layout: &Layout<'_>,
    run: Run,
    sections: Sections,
) -> Result<PgArguments, sqlx::error::BoxDynError> {
    let mut to = Binder { arguments: PgArguments::default(), alone: sections.has(ALONE) };
    to.add(run.now)?;
    to.add(run.xid_offset)?;
    let commits = &layout.commits;
    to.owners(&commits.owners)?;
    to.add(&commits.ids[..])?;
    to.add(&commits.last_events[..])?;
    to.add(&commits.last_messages[..])?;
    if sections.has(HAS_GIVEN) {
        to.owners(&layout.given.owners)?;
        to.add(&layout.given.ids[..])?;
    }
    if sections.has(HAS_FENCES) {
        to.owners(&layout.fences.owners)?;
        to.add(&layout.fences.names[..])?;
        to.add(&layout.fences.tokens[..])?;
    }
    if sections.has(HAS_REQUIRED) {
        to.owners(&layout.required.owners)?;
        to.add(&layout.required.ids[..])?;
    }
    if sections.has(HAS_HEADS) {
        to.owners(&layout.heads.owners)?;
        to.add(&layout.heads.tenants[..])?;
        to.add(&layout.heads.names[..])?;
        to.add(&layout.heads.expected[..])?;
    }
    if sections.has(HAS_DOCUMENTS) {
        to.documents(layout)?;
    }
    if sections.has(HAS_CLAIMS) {
        to.claims(&layout.claims)?;
    }
    if sections.has(HAS_CHECKPOINTS) {
        to.owners(&layout.checkpoints.owners)?;
        to.add(&layout.checkpoints.readers[..])?;
        to.add(&layout.checkpoints.from[..])?;
        to.add(&layout.checkpoints.to[..])?;
    }
    if sections.has(HAS_EVENTS) {
        to.events(layout)?;
    }
    if sections.has(HAS_HELD) {
        to.add(&layout.held[..])?;
    }
    if sections.has(HAS_MESSAGES) {
        to.messages(layout)?;
    }
    if sections.has(HAS_RETAKEN) {
        to.claims(&layout.retaken)?;
    }
    if sections.has(HAS_RELEASES) {
        to.owners(&layout.releases.owners)?;
        to.add(&layout.releases.tenants[..])?;
        to.add(&layout.releases.scopes[..])?;
        to.add(&layout.releases.keys[..])?;
    }
    Ok(to.arguments)
}

struct Binder {
    arguments: PgArguments,
    alone: bool,
}

type Bound = Result<(), sqlx::error::BoxDynError>;

impl Binder {
    fn add<'t, T: Encode<'t, Postgres> + Type<Postgres>>(&mut self, value: T) -> Bound {
        self.arguments.add(value)
    }

    fn owners(&mut self, owners: &Owners) -> Bound {
        if self.alone { Ok(()) } else { self.add(&owners.components[..]) }
    }

    fn documents(&mut self, layout: &Layout<'_>) -> Bound {
        let rows = &layout.documents;
        self.owners(&rows.owners)?;
        self.add(&rows.tenants[..])?;
        self.add(&rows.collections[..])?;
        self.add(&rows.ids[..])?;
        self.add(&rows.expected[..])?;
        self.add(&rows.fields[..])?;
        self.add(&rows.bodies[..])
    }

    fn claims(&mut self, rows: &Claims<'_>) -> Bound {
        self.owners(&rows.owners)?;
        self.add(&rows.commits[..])?;
        self.add(&rows.tenants[..])?;
        self.add(&rows.scopes[..])?;
        self.add(&rows.keys[..])?;
        self.add(&rows.expires_at[..])?;
        self.add(&rows.answers[..])
    }

    fn events(&mut self, layout: &Layout<'_>) -> Bound {
        let rows = &layout.events;
        self.owners(&rows.owners)?;
        self.add(&rows.places[..])?;
        self.add(&rows.tenants[..])?;
        self.add(&rows.streams[..])?;
        self.add(&rows.versions[..])?;
        self.add(&rows.heads[..])?;
        self.add(&rows.types[..])?;
        self.add(&rows.schemas[..])?;
        self.add(&rows.payloads[..])?;
        self.add(&rows.commits[..])?;
        self.add(&rows.ordinals[..])?;
        self.add(&rows.metadata[..])
    }

    fn messages(&mut self, layout: &Layout<'_>) -> Bound {
        let rows = &layout.messages;
        self.owners(&rows.owners)?;
        self.add(&rows.commits[..])?;
        self.add(&rows.ordinals[..])?;
        self.add(&rows.ids[..])?;
        self.add(&rows.partitions[..])?;
        self.add(&rows.tenants[..])?;
        self.add(&rows.topics[..])?;
        self.add(&rows.keys[..])?;
        self.add(&rows.types[..])?;
        self.add(&rows.headers[..])?;
        self.add(&rows.metadata[..])?;
        self.add(&rows.payloads[..])?;
        self.add(&rows.not_before[..])
    }
}
