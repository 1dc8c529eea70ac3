//! Reading documents.

use std::fmt::Write;
use std::sync::Arc;

use commerce_core::id::Tenant;
use commerce_core::store::{Condition, Document, Order, Query, StoreError};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, Row};

use super::database::{Database, Text};
use super::error::store_error;
use super::field;
use super::layout::clamp;
use super::read::{position_of, tenant};
use super::together::{Lookup, Together};

/// Reads documents of one schema.
pub(super) struct Documents {
    database: Database,
    schema: String,
    by_id: Together<DocumentLookup>,
}

struct DocumentLookup {
    database: Database,
    text: Text,
}

struct Question {
    collection: String,
    tenant: Tenant,
    id: String,
}

impl Documents {
    pub(super) fn new(database: Database, schema: String) -> Self {
        let text = format!(
            "SELECT w.number, d.version, d.json
             FROM (SELECT unnest($1::text[]) AS collection, unnest($2::text[]) AS tenant, unnest($3::text[]) AS id,
                          generate_subscripts($3, 1) AS number) w
             CROSS JOIN LATERAL (
               SELECT version, json, fields FROM {schema}.commerce_documents d
               WHERE d.collection = w.collection AND d.tenant = w.tenant AND d.id = w.id AND d.version > 0 LIMIT 1) d"
        );
        let by_id = Together::new(DocumentLookup { database: database.clone(), text: text.into() });
        Self { database, schema, by_id }
    }

    pub(super) async fn one(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.by_id.ask(Question { collection, tenant: tenant.clone(), id }).await
    }

    pub(super) async fn query(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        let wanted = Wanted::describe(query, &self.schema);
        let rows = self.database.rows(&wanted.text.into(), &|to| bind(&wanted.values, to)).await?;
        let collection: Arc<str> = query.collection.as_ref().into();
        let mut last_tenant = None;
        let document = |row: &PgRow| {
            Ok(Document {
                tenant: tenant(row.try_get(0)?, &mut last_tenant),
                collection: collection.clone(),
                id: row.try_get(1)?,
                version: position_of(row.try_get(2)?),
                body: row.try_get(3)?,
            })
        };
        rows.iter().map(document).collect::<Result<_, _>>().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        store_error(&self.database.address().at, error)
    }
}

impl Lookup for DocumentLookup {
    type Question = Question;
    type Answer = Option<Document>;

    fn database(&self) -> &Database {
        &self.database
    }

    async fn ask(&self, questions: &[Question]) -> Result<Vec<Option<Document>>, StoreError> {
        let collections: Vec<&str> = questions.iter().map(|of| &*of.collection).collect();
        let tenants: Vec<&str> = questions.iter().map(|of| of.tenant.as_str()).collect();
        let ids: Vec<&str> = questions.iter().map(|of| &*of.id).collect();
        let rows = self
            .database
            .rows(&self.text, &|to| {
                to.add(&collections[..])?;
                to.add(&tenants[..])?;
                to.add(&ids[..])
            })
            .await?;
        let mut found: Vec<Option<Document>> = questions.iter().map(|_| None).collect();
        let read = rows.iter().try_for_each(|row| {
            let number = usize::try_from(row.try_get::<i32, _>(0)? - 1).unwrap_or_default();
            if let (Some(found), Some(of)) = (found.get_mut(number), questions.get(number)) {
                *found = Some(Document {
                    tenant: of.tenant.clone(),
                    collection: of.collection.as_str().into(),
                    id: of.id.clone(),
                    version: position_of(row.try_get(1)?),
                    body: row.try_get(2)?,
                });
            }
            Ok(())
        });
        read.map_err(|error| store_error(&self.database.address().at, error))?;
        Ok(found)
    }
}

/// A query's text, and the values of its parameters.
struct Wanted {
    text: String,
    values: Vec<Value>,
}

/// What a query goes through.
enum Path<'a> {
    /// The entries of a field, in their order or the other way round.
    Ordered { field: &'a str, descending: bool },
    /// The documents of which this is so: a field has a certain value.
    Equal(&'a Condition),
    /// The documents of which a field is within bounds.
    Within { field: &'a str },
    /// All documents of the collection.
    All,
}

impl<'a> Path<'a> {
    fn of(query: &'a Query) -> Self {
        match &query.order {
            Some(Order::Ascending(field)) => Self::Ordered { field, descending: false },
            Some(Order::Descending(field)) => Self::Ordered { field, descending: true },
            None => {
                let is_equal = |condition: &&Condition| matches!(condition, Condition::Equals(..));
                let equal = query.conditions.iter().find(is_equal).map(Self::Equal);
                let within = || query.conditions.first().map(|bound| Self::Within { field: field_of(bound) });
                equal.or_else(within).unwrap_or(Self::All)
            }
        }
    }

    /// The field of which it goes through all entries, or those within bounds.
    fn field(&self) -> Option<&'a str> {
        match self {
            Self::Ordered { field, .. } | Self::Within { field } => Some(field),
            Self::Equal(_) | Self::All => None,
        }
    }

    /// The table that has the tenants and ids in its order.
    fn table(&self) -> &'static str {
        match self {
            Self::Ordered { .. } | Self::Equal(_) | Self::Within { .. } => "o",
            Self::All => "d",
        }
    }

    fn order(&self) -> &'static str {
        match self {
            Self::Ordered { descending: true, .. } => "o.entry DESC, o.tenant, o.id",
            Self::Ordered { descending: false, .. } => "o.entry, o.tenant, o.id",
            Self::Equal(_) | Self::Within { .. } => "o.tenant, o.id",
            Self::All => "d.tenant, d.id",
        }
    }
}

fn field_of(condition: &Condition) -> &str {
    let (Condition::Equals(name, _) | Condition::AtMost(name, _) | Condition::AtLeast(name, _)) = condition;
    name
}

enum Value {
    Text(String),
    Number(i64),
}

fn bind(values: &[Value], to: &mut PgArguments) -> Result<(), sqlx::error::BoxDynError> {
    values.iter().try_for_each(|value| match value {
        Value::Text(text) => to.add(text),
        Value::Number(number) => to.add(*number),
    })
}

impl Wanted {
    fn describe(query: &Query, schema: &str) -> Self {
        let mut wanted = Self { text: String::new(), values: Vec::new() };
        let collection = wanted.text_value(&query.collection);
        let path = Path::of(query);
        let table = path.table();
        wanted.push(&format!("SELECT {table}.tenant, {table}.id, d.version, d.json FROM "));
        wanted.from(&path, schema, &collection);
        if let Some(owner) = &query.tenant {
            let owner = wanted.text_value(owner.as_str());
            wanted.push(&format!(" AND {table}.tenant = {owner}"));
        }
        if let Some(after) = &query.after_id {
            let after = wanted.text_value(after);
            wanted.push(&format!(" AND {table}.id > {after}"));
        }
        for condition in &query.conditions {
            wanted.condition(condition, &path, schema, &collection);
        }
        wanted.values.push(Value::Number(clamp(query.limit as u64)));
        let limit = wanted.values.len();
        wanted.push(&format!(" ORDER BY {} LIMIT ${limit}", path.order()));
        wanted
    }

    /// A document is looked up for each entry, not joined: of a table that was never analyzed, a join reads the whole
    /// collection for each.
    fn from(&mut self, path: &Path, schema: &str, collection: &str) {
        let entries = match path {
            Path::All => {
                return self.push(&format!(
                    "{schema}.commerce_documents d WHERE d.collection = {collection} AND d.version > 0"
                ));
            }
            Path::Equal(condition) => self.range(condition),
            Path::Ordered { field, .. } | Path::Within { field } => {
                let prefix = field::of_field(field);
                let (first, behind) = (self.text_value(&prefix), self.text_value(&field::behind(&prefix)));
                format!(">= {first} AND o.entry < {behind}")
            }
        };
        self.push(&format!(
            "{schema}.commerce_document_fields o CROSS JOIN LATERAL (
               SELECT version, json, fields FROM {schema}.commerce_documents d
               WHERE d.collection = o.collection AND d.tenant = o.tenant AND d.id = o.id LIMIT 1) d
             WHERE o.collection = {collection} AND o.entry {entries}"
        ));
    }

    fn condition(&mut self, condition: &Condition, path: &Path, schema: &str, collection: &str) {
        if matches!(path, Path::Equal(on_it) if *on_it == condition) {
            return;
        }
        let range = self.range(condition);
        if path.field() == Some(field_of(condition)) {
            let range = range.replace("{entry}", "o.entry");
            self.push(&format!(" AND o.entry {range}"));
        } else if matches!(condition, Condition::Equals(..)) {
            // Not as a join, which could begin with all that have this value: this is looked up for each document on the
            // path, up to the limit.
            self.push(&format!(
                " AND (SELECT true FROM {schema}.commerce_document_fields f
                   WHERE f.collection = {collection} AND f.entry {range} AND f.tenant = o.tenant AND f.id = o.id)"
            ));
        } else {
            // Each document on the path says it itself: looking it up would go through all that is within these bounds.
            let range = range.replace("{entry}", "f.entry");
            self.push(&format!(
                " AND EXISTS (SELECT FROM unnest(d.fields) AS f (entry) WHERE f.entry {range})"
            ));
        }
    }

    /// Which entries fulfil a condition; `{entry}` stands for them where they are named again.
    fn range(&mut self, condition: &Condition) -> String {
        let (Condition::Equals(name, value)
        | Condition::AtMost(name, value)
        | Condition::AtLeast(name, value)) = condition;
        let (entry, prefix) = (field::entry(name, value), field::prefix(name, value));
        match condition {
            Condition::Equals(..) => format!("= {}", self.text_value(&entry)),
            Condition::AtMost(..) => {
                let (first, last) = (self.text_value(&prefix), self.text_value(&entry));
                format!("BETWEEN {first} AND {last}")
            }
            Condition::AtLeast(..) => {
                let (first, behind) = (self.text_value(&entry), self.text_value(&field::behind(&prefix)));
                format!(">= {first} AND {{entry}} < {behind}")
            }
        }
    }

    /// The parameter for a value.
    fn text_value(&mut self, value: &str) -> String {
        self.values.push(Value::Text(value.to_owned()));
        format!("${}", self.values.len())
    }

    fn push(&mut self, text: &str) {
        let _ = self.text.write_str(text);
    }
}
