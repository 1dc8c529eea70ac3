use std::sync::Arc;

use commerce_core::commit::FieldValue;
use commerce_core::id::Tenant;
use commerce_core::store::{Condition, Document, Order, Query};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, params_from_iter};

use super::apply::Field;
use super::read::{clamp, tenant};

pub(super) fn one(
    db: &Connection,
    owner: &Tenant,
    collection: &str,
    id: &str,
) -> rusqlite::Result<Option<Document>> {
    db.prepare_cached(
        "SELECT tenant, collection, id, version, body FROM commerce_documents
         WHERE tenant = ? AND collection = ? AND id = ?",
    )?
    .query_row(params![owner.as_str(), collection, id], |row| {
        document(row, &mut None).map(|document| Document { collection: collection.into(), ..document })
    })
    .optional()
}

pub(super) fn query(db: &Connection, query: &Query) -> rusqlite::Result<Vec<Document>> {
    let mut sql = Sql::default();
    sql.describe(query);
    let mut statement = db.prepare_cached(&sql.text)?;
    let mut collection = None;
    statement.query_map(params_from_iter(sql.values), |row| document(row, &mut collection))?.collect()
}

fn document(row: &Row<'_>, collection: &mut Option<Arc<str>>) -> rusqlite::Result<Document> {
    let collection = match collection {
        Some(name) => name.clone(),
        None => collection.insert(row.get_ref(1)?.as_str()?.into()).clone(),
    };
    Ok(Document {
        tenant: tenant(row, 0)?,
        collection,
        id: row.get(2)?,
        version: row.get(3)?,
        body: row.get(4)?,
    })
}

/// A query's text, and the values for its question marks.
#[derive(Default)]
struct Sql<'q> {
    text: String,
    values: Vec<Box<dyn ToSql + 'q>>,
}

impl<'q> Sql<'q> {
    fn describe(&mut self, query: &'q Query) {
        self.text.push_str("SELECT d.tenant, d.collection, d.id, d.version, d.body FROM ");
        match &query.order {
            Some(Order::Ascending(field) | Order::Descending(field)) => {
                // CROSS JOIN keeps SQLite from reordering: the field's index gives the order.
                self.text.push_str(
                    "commerce_document_fields o CROSS JOIN commerce_documents d
                         ON d.tenant = o.tenant AND d.collection = o.collection AND d.id = o.id
                     WHERE o.collection = ? AND o.field = ?",
                );
                self.values.push(Box::new(&*query.collection));
                self.values.push(Box::new(&**field));
            }
            None => {
                self.text.push_str("commerce_documents d WHERE d.collection = ?");
                self.values.push(Box::new(&*query.collection));
            }
        }
        self.narrow(query);
        self.text.push_str(match &query.order {
            None => " ORDER BY d.tenant, d.id LIMIT ?",
            Some(Order::Ascending(_)) => " ORDER BY o.value, o.tenant, o.id LIMIT ?",
            Some(Order::Descending(_)) => " ORDER BY o.value DESC, o.tenant, o.id LIMIT ?",
        });
        self.values.push(Box::new(clamp(query.limit as u64)));
    }

    fn narrow(&mut self, query: &'q Query) {
        if let Some(owner) = &query.tenant {
            self.text.push_str(" AND d.tenant = ?");
            self.values.push(Box::new(owner.as_str()));
        }
        if let Some(after) = &query.after_id {
            self.text.push_str(" AND d.id > ?");
            self.values.push(Box::new(after));
        }
        for condition in &query.conditions {
            let (field, comparison, value) = match condition {
                Condition::Equals(field, value) => (field, "=", value),
                Condition::AtMost(field, value) => (field, "<=", value),
                Condition::AtLeast(field, value) => (field, ">=", value),
            };
            self.condition(query, field, comparison, value);
        }
    }

    fn condition(&mut self, query: &'q Query, field: &'q str, comparison: &str, value: &'q FieldValue) {
        // SQLite orders every integer before every text: a comparison stays within the type of its value.
        let kind = match value {
            FieldValue::Integer(_) => "integer",
            FieldValue::Text(_) => "text",
        };
        let ordered_by_it = matches!(
            &query.order,
            Some(Order::Ascending(name) | Order::Descending(name)) if name == field
        );
        if ordered_by_it {
            self.text.push_str(&format!(" AND o.value {comparison} ? AND typeof(o.value) = '{kind}'"));
        } else {
            self.text.push_str(&format!(
                " AND (d.tenant, d.id) IN (SELECT f.tenant, f.id FROM commerce_document_fields f
                   WHERE f.collection = ? AND f.field = ? AND f.value {comparison} ?
                     AND typeof(f.value) = '{kind}')"
            ));
            self.values.push(Box::new(&*query.collection));
            self.values.push(Box::new(field));
        }
        self.values.push(Box::new(Field(value)));
    }
}
