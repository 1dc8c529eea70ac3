use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::commit::{DocumentWrite, FieldValue};
use crate::id::Tenant;
use crate::store::{Condition, Document, Order, Query, StoreError};
use crate::stream::Version;

/// The documents of each collection, in the order of tenant and id.
#[derive(Default)]
pub(super) struct Documents(BTreeMap<Arc<str>, BTreeMap<(Tenant, String), Indexed>>);

struct Indexed {
    document: Document,
    fields: BTreeMap<String, FieldValue>,
}

impl Documents {
    pub(super) fn get(&self, tenant: &Tenant, collection: &str, id: &str) -> Option<Document> {
        self.indexed(tenant, collection, id).map(|indexed| indexed.document.clone())
    }

    pub(super) fn version(&self, tenant: &Tenant, collection: &str, id: &str) -> Version {
        self.indexed(tenant, collection, id).map_or(0, |indexed| indexed.document.version)
    }

    fn indexed(&self, tenant: &Tenant, collection: &str, id: &str) -> Option<&Indexed> {
        self.0.get(collection)?.get(&(tenant.clone(), id.to_owned()))
    }

    /// Writes or deletes. A deleted document leaves nothing behind, so its version starts again at zero.
    pub(super) fn write(&mut self, tenant: &Tenant, write: DocumentWrite) {
        let version = self.version(tenant, &write.collection, &write.id) + 1;
        let collection: Arc<str> = write.collection.into();
        let documents = self.0.entry(collection.clone()).or_default();
        let key = (tenant.clone(), write.id.clone());
        let Some(body) = write.body else {
            documents.remove(&key);
            return;
        };
        let document = Document { tenant: tenant.clone(), collection, id: write.id, version, body };
        let fields = write.fields.into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
        documents.insert(key, Indexed { document, fields });
    }

    pub(super) fn find(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        if query.after_id.is_some() && (query.tenant.is_none() || query.order.is_some()) {
            return Err(StoreError::Invalid(
                "reading on after an id needs one tenant's documents in the order of their ids".to_owned(),
            ));
        }
        let mut found: Vec<&Indexed> = self
            .0
            .get(&*query.collection)
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter(|indexed| indexed.is_meant_by(query))
            .collect();
        // The sort is stable: what ties stays in the order of tenant and id.
        match &query.order {
            None => {}
            Some(Order::Ascending(field)) => found.sort_by(|a, b| a.compare(b, field)),
            Some(Order::Descending(field)) => found.sort_by(|a, b| b.compare(a, field)),
        }
        Ok(found.into_iter().take(query.limit).map(|indexed| indexed.document.clone()).collect())
    }
}

impl Indexed {
    fn is_meant_by(&self, query: &Query) -> bool {
        query.tenant.as_ref().is_none_or(|tenant| *tenant == self.document.tenant)
            && query.after_id.as_ref().is_none_or(|id| self.document.id > *id)
            && query.conditions.iter().all(|condition| self.fulfils(condition))
            && match &query.order {
                Some(Order::Ascending(field) | Order::Descending(field)) => {
                    self.fields.contains_key(&**field)
                }
                None => true,
            }
    }

    fn fulfils(&self, condition: &Condition) -> bool {
        let has = |field: &str, accepted: &dyn Fn(&FieldValue) -> bool| {
            self.fields.get(field).is_some_and(accepted)
        };
        match condition {
            Condition::Equals(field, value) => has(field, &|actual| actual == value),
            Condition::AtMost(field, value) => {
                has(field, &|actual| same_type(actual, value) && actual <= value)
            }
            Condition::AtLeast(field, value) => {
                has(field, &|actual| same_type(actual, value) && actual >= value)
            }
        }
    }

    fn compare(&self, other: &Self, field: &str) -> Ordering {
        self.fields.get(field).cmp(&other.fields.get(field))
    }
}

/// A comparison stays within the type of its value.
fn same_type(one: &FieldValue, other: &FieldValue) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}
