//! Which database cluster a store was written in: positions follow from its transaction ids.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::error::OpenError;
use super::schema::{Place, set};
use super::statement::{BITS, EVER, GIVEN_BACK};

/// Tells one database cluster from all others.
pub(super) const CLUSTER: &str = "(SELECT system_identifier FROM pg_control_system()) + 0 * $1";

/// The highest position that was ever given out.
fn highest(schema: &str) -> String {
    format!(
        "greatest((SELECT max(position) FROM {schema}.commerce_events),
                  (SELECT max(m.position) FROM generate_series(0, 255) p,
                     LATERAL (SELECT position FROM {schema}.commerce_messages
                              WHERE partition = p ORDER BY position DESC LIMIT 1) m),
                  (SELECT max(value) FROM {schema}.commerce_settings WHERE name = 'pruned_to'), 0)"
    )
}

/// By the cluster's identity, or because its transaction ids are behind what is stored.
pub(super) async fn is_of_another_cluster(
    db: &mut PgConnection,
    place: &Place<'_>,
) -> Result<bool, OpenError> {
    let schema = &place.schema;
    let text = format!(
        "SELECT (SELECT value FROM {schema}.commerce_settings WHERE name = 'cluster')
                  IS DISTINCT FROM (SELECT system_identifier FROM pg_control_system())
             OR {} >> {BITS} > pg_snapshot_xmax(pg_current_snapshot())::text::int8
                  + (SELECT value FROM {schema}.commerce_settings WHERE name = 'xid_offset')",
        highest(schema)
    );
    sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(db).await.map_err(|error| place.failed(error))
}

/// Moves transaction ids so that positions go on behind those there are.
pub(super) async fn adopt(db: &mut PgConnection, place: &Place<'_>) -> Result<(), OpenError> {
    let failed = |error| place.failed(error);
    let mut transaction = db.begin().await.map_err(failed)?;
    let schema = &place.schema;
    // Documents and claims are no logs, but tell by positions which transaction wrote them or gave them back. Documents are
    // looked at here alone: there is no index.
    let offset = format!(
        "greatest((SELECT value FROM {schema}.commerce_settings WHERE name = 'xid_offset'),
                  (greatest({}, (SELECT max(base) FROM {schema}.commerce_documents),
                             (SELECT max(held_until) FROM {schema}.commerce_claims WHERE held_until < {EVER})
                               - {GIVEN_BACK}) >> {BITS}) + 1
                    - pg_snapshot_xmin(pg_current_snapshot())::text::int8) + 0 * $1",
        highest(schema)
    );
    set(&mut transaction, place, "xid_offset", &offset, 0).await?;
    set(&mut transaction, place, "cluster", CLUSTER, 0).await?;
    transaction.commit().await.map_err(failed)
}
