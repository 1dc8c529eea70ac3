use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ProjectionError;
use super::generations::physical;
use crate::commit::{Commit, DocumentWrite, Expected, FieldValue, NewMessage};
use crate::event::CodecError;
use crate::id::Tenant;
use crate::store::{Document, Store, StoreError};

type Key = (&'static str, String);
/// Fields by which a document can be found.
type Fields = Vec<(Cow<'static, str>, FieldValue)>;

/// A document as the projection sees it.
#[derive(Clone)]
struct View {
    /// The version it was read at; any, if it was written unseen.
    expected: Expected,
    body: Option<Vec<u8>>,
    fields: Fields,
    written: bool,
}

/// The documents of one projection and one tenant, while events are taken in.
///
/// What was put is what is got from then on. All of it is written at once when the events are done, and nothing of
/// an event that fails.
pub struct Views<'s> {
    store: &'s dyn Store,
    tenant: Tenant,
    collections: &'s [&'static str],
    generation: u32,
    /// While a read model is rebuilt, what it says was said long ago by the one it will replace.
    silent: bool,
    kept: BTreeMap<Key, View>,
    messages: Vec<NewMessage>,
    /// What the event at hand has changed so far, and said.
    fresh: BTreeMap<Key, View>,
    fresh_messages: Vec<NewMessage>,
}

impl<'s> Views<'s> {
    pub(super) fn new(
        store: &'s dyn Store,
        tenant: Tenant,
        collections: &'s [&'static str],
        generation: u32,
        silent: bool,
    ) -> Self {
        Self {
            store,
            tenant,
            collections,
            generation,
            silent,
            kept: BTreeMap::new(),
            messages: Vec::new(),
            fresh: BTreeMap::new(),
            fresh_messages: Vec::new(),
        }
    }

    /// Whose documents these are: the event's tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// A document, as it stands after everything that was put.
    ///
    /// # Errors
    /// When the collection is none of the projection's, the store can't be read, or the document doesn't fit `T`.
    pub async fn get<T: DeserializeOwned>(
        &mut self,
        collection: &str,
        id: &str,
    ) -> Result<Option<T>, ProjectionError> {
        let key = (self.own(collection)?, id.to_owned());
        if !self.fresh.contains_key(&key) && !self.kept.contains_key(&key) {
            let found = self.store.document(&self.tenant, &physical(collection, self.generation), id).await?;
            self.kept.insert(key.clone(), View::read(found));
        }
        let body = self.view(&key).and_then(|view| view.body.as_deref());
        let damaged = |source: serde_json::Error| StoreError::Damaged {
            what: format!("document {collection}/{id}"),
            source: source.into(),
        };
        Ok(body.map(serde_json::from_slice).transpose().map_err(damaged)?)
    }

    /// Writes a document that is found by its id alone.
    ///
    /// # Errors
    /// When the collection is none of the projection's, or the value can't be written as JSON.
    pub fn put(&mut self, collection: &str, id: &str, value: &impl Serialize) -> Result<(), ProjectionError> {
        self.put_with(collection, id, value, Vec::new())
    }

    /// Writes a document that is also found by these fields. They replace those it had.
    ///
    /// # Errors
    /// See [`put`](Self::put).
    pub fn put_with(
        &mut self,
        collection: &str,
        id: &str,
        value: &impl Serialize,
        fields: Vec<(Cow<'static, str>, FieldValue)>,
    ) -> Result<(), ProjectionError> {
        let body = serde_json::to_vec(value).map_err(|error| CodecError::Encode(error.to_string()))?;
        self.write(collection, id, Some(body), fields)
    }

    /// Deletes a document. One that doesn't exist is no error.
    ///
    /// # Errors
    /// When the collection is none of the projection's.
    pub fn delete(&mut self, collection: &str, id: &str) -> Result<(), ProjectionError> {
        self.write(collection, id, None, Vec::new())
    }

    /// Sends a message in the same commit. Dropped while a read model is rebuilt: it was sent long ago.
    pub fn send(&mut self, message: NewMessage) {
        if !self.silent {
            self.fresh_messages.push(message);
        }
    }

    /// The event at hand is done: keep what it has changed.
    pub(super) fn keep(&mut self) {
        self.kept.append(&mut self.fresh);
        self.messages.append(&mut self.fresh_messages);
    }

    /// The event at hand has failed: forget what it has changed.
    pub(super) fn forget(&mut self) {
        self.fresh.clear();
        self.fresh_messages.clear();
    }

    pub(super) fn write_to(self, mut commit: Commit) -> Commit {
        for ((collection, id), view) in self.kept.into_iter().filter(|(_, view)| view.written) {
            commit.documents.push(DocumentWrite {
                collection: physical(collection, self.generation).into(),
                id,
                expected: view.expected,
                body: view.body,
                fields: view.fields,
            });
        }
        commit.messages.extend(self.messages);
        commit
    }

    fn own(&self, collection: &str) -> Result<&'static str, ProjectionError> {
        let own = self.collections.iter().find(|own| **own == collection);
        own.copied().ok_or_else(|| ProjectionError::NotItsCollection(collection.to_owned()))
    }

    fn view(&self, key: &Key) -> Option<&View> {
        self.fresh.get(key).or_else(|| self.kept.get(key))
    }

    fn write(
        &mut self,
        collection: &str,
        id: &str,
        body: Option<Vec<u8>>,
        fields: Fields,
    ) -> Result<(), ProjectionError> {
        let key = (self.own(collection)?, id.to_owned());
        let expected = self.view(&key).map_or(Expected::Any, |view| view.expected);
        self.fresh.insert(key, View { expected, body, fields, written: true });
        Ok(())
    }
}

impl fmt::Debug for Views<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views")
            .field("tenant", &self.tenant)
            .field("collections", &self.collections)
            .field("generation", &self.generation)
            .field("silent", &self.silent)
            .finish_non_exhaustive()
    }
}

impl View {
    fn read(found: Option<Document>) -> Self {
        let (version, body) = found.map_or((0, None), |document| (document.version, Some(document.body)));
        Self { expected: Expected::Version(version), body, fields: Vec::new(), written: false }
    }
}
