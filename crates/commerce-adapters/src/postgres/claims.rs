//! Looking up who holds a claim.

use commerce_core::Timestamp;
use commerce_core::commit::CommitId;
use commerce_core::id::Tenant;
use commerce_core::store::{Claimed, StoreError};
use sqlx::{Arguments, Row};

use super::database::{Database, Text};
use super::error::store_error;
use super::together::{Lookup, Together};

/// Looks up the claims of one schema.
pub(super) struct Claims(Together<ClaimLookup>);

struct ClaimLookup {
    database: Database,
    text: Text,
}

struct Question {
    tenant: Tenant,
    scope: String,
    key: String,
    /// The moment it is, if that is not for the database to say.
    now: Option<i64>,
}

impl Claims {
    pub(super) fn new(database: Database, schema: &str) -> Self {
        let text = format!(
            "SELECT w.number, k.commit_id, k.held_until, k.answer
             FROM (SELECT unnest($1::text[]) AS key, unnest($2::text[]) AS scope, unnest($3::text[]) AS tenant,
                          unnest($4::int8[]) AS now, generate_subscripts($1, 1) AS number) w
             CROSS JOIN LATERAL (
               SELECT commit_id, held_until, answer FROM {schema}.commerce_claims k
               WHERE k.name = w.key AND k.scope = w.scope AND k.tenant = w.tenant LIMIT 1) k
             WHERE k.held_until IS NULL
                OR k.held_until > coalesce(w.now, (extract(epoch FROM clock_timestamp()) * 1000000)::int8)"
        );
        Self(Together::new(ClaimLookup { database, text: text.into() }))
    }

    pub(super) async fn claimed(
        &self,
        tenant: &Tenant,
        scope: &str,
        key: &str,
        now: Option<i64>,
    ) -> Result<Option<Claimed>, StoreError> {
        let (scope, key) = (scope.to_owned(), key.to_owned());
        self.0.ask(Question { tenant: tenant.clone(), scope, key, now }).await
    }
}

impl Lookup for ClaimLookup {
    type Question = Question;
    type Answer = Option<Claimed>;

    fn database(&self) -> &Database {
        &self.database
    }

    async fn ask(&self, questions: &[Question]) -> Result<Vec<Option<Claimed>>, StoreError> {
        let keys: Vec<&str> = questions.iter().map(|of| &*of.key).collect();
        let scopes: Vec<&str> = questions.iter().map(|of| &*of.scope).collect();
        let tenants: Vec<&str> = questions.iter().map(|of| of.tenant.as_str()).collect();
        let now: Vec<Option<i64>> = questions.iter().map(|of| of.now).collect();
        let rows = self
            .database
            .rows(&self.text, &|to| {
                to.add(&keys[..])?;
                to.add(&scopes[..])?;
                to.add(&tenants[..])?;
                to.add(&now[..])
            })
            .await?;
        let mut found: Vec<Option<Claimed>> = questions.iter().map(|_| None).collect();
        let read = rows.iter().try_for_each(|row| {
            let number = usize::try_from(row.try_get::<i32, _>(0)? - 1).unwrap_or_default();
            if let Some(found) = found.get_mut(number) {
                *found = Some(Claimed {
                    by: CommitId(row.try_get(1)?),
                    expires_at: row.try_get::<Option<i64>, _>(2)?.map(Timestamp::from_micros),
                    answer: row.try_get(3)?,
                });
            }
            Ok(())
        });
        read.map_err(|error| store_error(&self.database.address().at, error))?;
        Ok(found)
    }
}
