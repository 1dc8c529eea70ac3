//! The statement's arguments.

use sqlx::postgres::PgArguments;
use sqlx::{Arguments, Encode, Postgres, Type};

use super::Run;
use super::sections::*;
use crate::postgres::layout::Layout;
use crate::postgres::rows::{Claims, Owners};

/// Binds arrays and values in the order in which [`Text`](super::text::Text) numbers them.
pub(super) fn bind(
    layout: &Layout<'_>,
    run: Run,
    sections: Sections,
) -> Result<PgArguments, sqlx::error::BoxDynError> {
    let mut to = Binder { arguments: PgArguments::default(), sections };
    to.add(run.now)?;
    to.add(run.xid_offset)?;
    if sections.has(ONE_TENANT) {
        to.add(layout.tenant)?;
    }
    if sections.has(HAS_NOTED) {
        to.owners(&layout.noted.owners)?;
        to.column(HAS_NOTED, &layout.noted.ids)?;
        to.column(HAS_NOTED, &layout.noted.last_messages)?;
    }
    if sections.has(HAS_GIVEN) {
        to.owners(&layout.given.owners)?;
        to.column(HAS_GIVEN, &layout.given.ids)?;
    }
    if sections.has(HAS_FENCES) {
        to.owners(&layout.fences.owners)?;
        to.column(HAS_FENCES, &layout.fences.names)?;
        to.column(HAS_FENCES, &layout.fences.tokens)?;
    }
    if sections.has(HAS_REQUIRED) {
        to.owners(&layout.required.owners)?;
        to.column(HAS_REQUIRED, &layout.required.ids)?;
    }
    if sections.has(HAS_HEADS) {
        to.owners(&layout.heads.owners)?;
        to.column(HAS_HEADS, &layout.heads.keys)?;
        to.column(HAS_HEADS, &layout.heads.expected)?;
        to.column(HAS_HEADS, &layout.heads.held)?;
    }
    if sections.has(HAS_DOUBTS) {
        to.column(HAS_DOUBTS, &layout.doubts.keys)?;
        to.column(HAS_DOUBTS, &layout.doubts.expected)?;
    }
    if sections.has(HAS_FRESH_DOCUMENTS) {
        let rows = &layout.fresh_documents;
        to.owners(&rows.owners)?;
        to.tenants(HAS_FRESH_DOCUMENTS, &rows.tenants)?;
        to.column(HAS_FRESH_DOCUMENTS, &rows.collections)?;
        to.column(HAS_FRESH_DOCUMENTS, &rows.ids)?;
        to.column(HAS_FRESH_DOCUMENTS, &rows.fields)?;
        to.column(HAS_FRESH_DOCUMENTS, &rows.bodies)?;
    }
    if sections.has(HAS_DOCUMENTS) {
        to.documents(layout)?;
    }
    if sections.has(HAS_CLAIMS) {
        to.claims(HAS_CLAIMS, &layout.claims)?;
    }
    if sections.has(HAS_CHECKPOINTS) {
        to.owners(&layout.checkpoints.owners)?;
        to.column(HAS_CHECKPOINTS, &layout.checkpoints.readers)?;
        to.column(HAS_CHECKPOINTS, &layout.checkpoints.from)?;
        to.column(HAS_CHECKPOINTS, &layout.checkpoints.to)?;
    }
    if sections.has(HAS_EVENTS) {
        to.events(layout)?;
    }
    if sections.has(HAS_MESSAGES) {
        to.messages(layout)?;
    }
    if sections.has(HAS_RETAKEN) {
        to.claims(HAS_RETAKEN, &layout.retaken)?;
    }
    if sections.has(HAS_RELEASES) {
        to.owners(&layout.releases.owners)?;
        to.tenants(HAS_RELEASES, &layout.releases.tenants)?;
        to.column(HAS_RELEASES, &layout.releases.scopes)?;
        to.column(HAS_RELEASES, &layout.releases.keys)?;
    }
    Ok(to.arguments)
}

struct Binder {
    arguments: PgArguments,
    sections: Sections,
}

type Bound = Result<(), sqlx::error::BoxDynError>;

impl Binder {
    fn add<'t, T: Encode<'t, Postgres> + Type<Postgres>>(&mut self, value: T) -> Bound {
        self.arguments.add(value)
    }

    /// A column of a section: an array, or its only value.
    fn column<'t, T>(&mut self, section: u32, values: &'t [T]) -> Bound
    where
        &'t T: Encode<'t, Postgres> + Type<Postgres>,
        &'t [T]: Encode<'t, Postgres> + Type<Postgres>,
    {
        match values {
            [value] if self.sections.has_one(section) => self.add(value),
            _ => self.add(values),
        }
    }

    fn owners(&mut self, owners: &Owners) -> Bound {
        if self.sections.has_components() { self.add(&owners.components[..]) } else { Ok(()) }
    }

    fn tenants(&mut self, section: u32, tenants: &[&str]) -> Bound {
        if self.sections.has(ONE_TENANT) { Ok(()) } else { self.column(section, tenants) }
    }

    fn documents(&mut self, layout: &Layout<'_>) -> Bound {
        let rows = &layout.documents;
        self.owners(&rows.owners)?;
        self.tenants(HAS_DOCUMENTS, &rows.tenants)?;
        self.column(HAS_DOCUMENTS, &rows.collections)?;
        self.column(HAS_DOCUMENTS, &rows.ids)?;
        self.column(HAS_DOCUMENTS, &rows.expected)?;
        self.column(HAS_DOCUMENTS, &rows.fields)?;
        self.column(HAS_DOCUMENTS, &rows.bodies)
    }

    fn claims(&mut self, section: u32, rows: &Claims<'_>) -> Bound {
        self.owners(&rows.owners)?;
        self.column(section, &rows.commits)?;
        self.tenants(section, &rows.tenants)?;
        self.column(section, &rows.scopes)?;
        self.column(section, &rows.keys)?;
        self.column(section, &rows.expires_at)?;
        self.column(section, &rows.answers)
    }

    fn events(&mut self, layout: &Layout<'_>) -> Bound {
        let rows = &layout.events;
        self.owners(&rows.owners)?;
        self.column(HAS_EVENTS, &rows.places)?;
        self.tenants(HAS_EVENTS, &rows.tenants)?;
        self.column(HAS_EVENTS, &rows.streams)?;
        self.column(HAS_EVENTS, &rows.stream_keys)?;
        self.column(HAS_EVENTS, &rows.versions)?;
        self.column(HAS_EVENTS, &rows.types)?;
        match rows.schemas.first() {
            Some(schema) if self.sections.has(ONE_SCHEMA) => self.add(schema)?,
            _ => self.add(&rows.schemas[..])?,
        }
        self.column(HAS_EVENTS, &rows.payloads)?;
        self.column(HAS_EVENTS, &rows.commits)?;
        if !self.sections.has(FIRST_EVENTS) {
            self.column(HAS_EVENTS, &rows.ordinals)?;
        }
        self.column(HAS_EVENTS, &rows.metadata)?;
        if self.sections.has(HAS_FOLLOWING) {
            self.column(HAS_EVENTS, &rows.heads)?;
        }
        Ok(())
    }

    fn messages(&mut self, layout: &Layout<'_>) -> Bound {
        let rows = &layout.messages;
        self.owners(&rows.owners)?;
        self.column(HAS_MESSAGES, &rows.ids)?;
        self.column(HAS_MESSAGES, &rows.partitions)?;
        self.tenants(HAS_MESSAGES, &rows.tenants)?;
        self.column(HAS_MESSAGES, &rows.topics)?;
        self.column(HAS_MESSAGES, &rows.keys)?;
        self.column(HAS_MESSAGES, &rows.types)?;
        self.column(HAS_MESSAGES, &rows.headers)?;
        self.column(HAS_MESSAGES, &rows.metadata)?;
        self.column(HAS_MESSAGES, &rows.payloads)?;
        if self.sections.has(HAS_TIMED) {
            self.column(HAS_MESSAGES, &rows.commits)?;
            self.column(HAS_MESSAGES, &rows.ordinals)?;
            self.column(HAS_MESSAGES, &rows.not_before)?;
        }
        Ok(())
    }
}
