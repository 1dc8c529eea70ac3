//! What most programs do: BEGIN, statements one after the other, COMMIT.

use std::sync::Arc;

use commerce_core::Host;
use commerce_outbox::SystemHost;
use sqlx::{Connection, PgConnection};

use super::schema::{self, APPEND, LOAD, TYPE, next};
use crate::basket::Item;
use crate::bench::Bench;
use crate::fill::Turns;
use crate::harness::{Caller, Measure, rate};

const ABOUT: &str = "**Hand-written transactions** on sqlx, each caller with a connection of its own: BEGIN, SELECT the \
    ten events of a stream and decode them, INSERT one more, COMMIT; and BEGIN, ten INSERTs of a new stream, COMMIT. \
    `one-row`: one INSERT that is a transaction by itself, the same as pgbench's.";

pub(super) fn measures() -> Vec<Measure> {
    let load = [1, 32].map(|callers| {
        Measure::rate(format!("hand/load-append/{callers}"), "commands", move |bench| {
            load_append(bench, callers)
        })
    });
    let ten = Measure::rate("hand/ten-events/32", "streams", |bench| ten_events(bench, 32));
    let one = Measure::rate("hand/one-row/1", "commits", one_row).beside("pgbench/one-row/1", None);
    load.into_iter().chain([ten, one]).map(|measure| measure.about(ABOUT)).collect()
}

async fn load_append(bench: Arc<Bench>, callers: usize) -> f64 {
    let database = schema::baskets(&bench).await;
    let turns = Turns::default();
    let connections = schema::connections(&database, callers).await;
    let callers = connections.into_iter().map(|connection| LoadAppend { connection, turns: turns.clone() });
    let rate = rate(callers, bench.seconds).await;
    database.drop().await;
    rate
}

struct LoadAppend {
    connection: PgConnection,
    turns: Turns,
}

impl Caller for LoadAppend {
    async fn call(&mut self) {
        let stream = next(&self.turns);
        let mut transaction = self.connection.begin().await.unwrap();
        let rows = sqlx::query(LOAD).bind(&stream).fetch_all(&mut *transaction).await.unwrap();
        let (basket, version) = schema::read(&rows);
        sqlx::query(APPEND)
            .bind(&stream)
            .bind(version + 1)
            .bind(TYPE)
            .bind(Item::number(basket.items).json())
            .execute(&mut *transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }
}

async fn ten_events(bench: Arc<Bench>, callers: usize) -> f64 {
    let database = schema::tables(&bench).await;
    let connections = schema::connections(&database, callers).await;
    let rate = rate(connections.into_iter().map(TenEvents), bench.seconds).await;
    database.drop().await;
    rate
}

struct TenEvents(PgConnection);

impl Caller for TenEvents {
    async fn call(&mut self) {
        let stream = format!("basket/{}", SystemHost.new_id());
        let mut transaction = self.0.begin().await.unwrap();
        for version in 1..=10_u32 {
            sqlx::query(APPEND)
                .bind(&stream)
                .bind(i64::from(version))
                .bind(TYPE)
                .bind(Item::number(version.into()).json())
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
    }
}

async fn one_row(bench: Arc<Bench>) -> f64 {
    let database = schema::tables(&bench).await;
    let connections = schema::connections(&database, 1).await;
    let rate = rate(connections.into_iter().map(OneRow), bench.seconds).await;
    database.drop().await;
    rate
}

struct OneRow(PgConnection);

impl Caller for OneRow {
    async fn call(&mut self) {
        sqlx::query(APPEND)
            .bind(format!("basket/{}", SystemHost.new_id()))
            .bind(1_i64)
            .bind(TYPE)
            .bind(Item::number(7).json())
            .execute(&mut self.0)
            .await
            .unwrap();
    }
}
