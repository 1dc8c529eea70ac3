//! The tables that someone would write by hand, and what is in them before the clock starts.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::basket::{Basket, Item, basket_id};
use crate::bench::{Bench, Database};
use crate::fill::{BASKETS, EVENTS, Turns};

const TABLES: &str = "
    CREATE TABLE events (
        position bigserial PRIMARY KEY,
        stream text NOT NULL,
        version bigint NOT NULL,
        type text NOT NULL,
        payload bytea NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (stream, version)
    );
    CREATE TABLE effects (id text PRIMARY KEY, body bytea NOT NULL);
    CREATE TABLE journal (
        saga text NOT NULL,
        step int NOT NULL,
        state text NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (saga, step)
    )";

pub(super) const TYPE: &str = "ItemAdded";
pub(super) const LOAD: &str = "SELECT version, type, payload FROM events WHERE stream = $1 ORDER BY version";
pub(super) const APPEND: &str = "INSERT INTO events (stream, version, type, payload) VALUES ($1, $2, $3, $4)";
/// A whole batch, an array for each column.
pub(super) const APPEND_MANY: &str = "INSERT INTO events (stream, version, type, payload)
    SELECT * FROM UNNEST($1::text[], $2::bigint[], $3::text[], $4::bytea[])";

/// A new database with empty tables.
pub(super) async fn tables(bench: &Bench) -> Database {
    let database = bench.database().await;
    database.execute(TABLES).await;
    database
}

/// The same with the baskets that our own measurements find as well.
pub(super) async fn baskets(bench: &Bench) -> Database {
    let database = tables(bench).await;
    let fill = "INSERT INTO events (stream, version, type, payload)
        SELECT 'basket/' || stream.id, version, $2, $3
        FROM UNNEST($1::uuid[]) WITH ORDINALITY AS stream (id, n), generate_series(1, $4) AS version
        ORDER BY stream.n, version";
    let ids: Vec<_> = (0..BASKETS).map(basket_id).collect();
    sqlx::query(fill)
        .bind(ids)
        .bind(TYPE)
        .bind(Item::number(7).json())
        .bind(i64::try_from(EVENTS).unwrap())
        .execute(&mut database.connect().await)
        .await
        .unwrap();
    database.settle().await;
    database
}

pub(super) async fn connections(database: &Database, count: usize) -> Vec<PgConnection> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(database.connect().await);
    }
    connections
}

/// The stream of the basket whose turn it is.
pub(super) fn next(turns: &Turns) -> String {
    format!("basket/{}", turns.next())
}

/// The basket that these events make, and its version.
pub(super) fn read(rows: &[PgRow]) -> (Basket, i64) {
    let mut basket = Basket::default();
    let mut version = 0;
    for row in rows {
        version = row.get(0);
        assert_eq!(row.get::<&str, _>(1), TYPE);
        basket.add(&serde_json::from_slice::<Item>(row.get(2)).unwrap());
    }
    (basket, version)
}
