//! What a good programmer writes after having read about group commit: without answers for each member, documents,
//! messages or anything else than events.

use std::sync::Arc;

use sqlx::PgConnection;
use tokio::sync::{mpsc, oneshot};

use super::schema::{self, APPEND_MANY, LOAD, TYPE, next};
use crate::basket::Item;
use crate::bench::Bench;
use crate::fill::Turns;
use crate::harness::{Caller, Measure, rate};

const ABOUT: &str = "**Hand-written group commit** on sqlx: callers read the ten events of a stream, each on a \
    connection of its own, and hand the next event to a task that writes what has gathered by one INSERT from UNNEST. \
    A version that is taken fails the whole group.";

/// So many are written by one statement at most.
const GROUP: usize = 256;

pub(super) fn measures() -> Vec<Measure> {
    let measure =
        Measure::rate("hand/group-commit/32", "commands", |bench| load_append(bench, 32)).about(ABOUT);
    vec![measure]
}

async fn load_append(bench: Arc<Bench>, callers: usize) -> f64 {
    let database = schema::baskets(&bench).await;
    let (writer, waiting) = mpsc::channel(1_024);
    let writing = tokio::spawn(write(database.connect().await, waiting));
    let turns = Turns::default();
    let connections = schema::connections(&database, callers).await;
    let callers = connections.into_iter().map(|connection| LoadAppend {
        connection,
        turns: turns.clone(),
        writer: writer.clone(),
    });
    let rate = rate(callers, bench.seconds).await;
    drop(writer);
    writing.await.unwrap();
    database.drop().await;
    rate
}

struct LoadAppend {
    connection: PgConnection,
    turns: Turns,
    writer: mpsc::Sender<Append>,
}

struct Append {
    stream: String,
    version: i64,
    payload: Vec<u8>,
    written: oneshot::Sender<()>,
}

impl Caller for LoadAppend {
    async fn call(&mut self) {
        let stream = next(&self.turns);
        let rows = sqlx::query(LOAD).bind(&stream).fetch_all(&mut self.connection).await.unwrap();
        let (basket, version) = schema::read(&rows);
        let (written, answer) = oneshot::channel();
        let payload = Item::number(basket.items).json();
        self.writer.send(Append { stream, version: version + 1, payload, written }).await.unwrap();
        answer.await.unwrap();
    }
}

async fn write(mut connection: PgConnection, mut waiting: mpsc::Receiver<Append>) {
    let mut group = Vec::with_capacity(GROUP);
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        let (mut streams, mut versions, mut payloads, mut callers) = (vec![], vec![], vec![], vec![]);
        for append in group.drain(..) {
            streams.push(append.stream);
            versions.push(append.version);
            payloads.push(append.payload);
            callers.push(append.written);
        }
        sqlx::query(APPEND_MANY)
            .bind(&streams)
            .bind(&versions)
            .bind(vec![TYPE; streams.len()])
            .bind(&payloads)
            .execute(&mut connection)
            .await
            .unwrap();
        callers.into_iter().for_each(|written| written.send(()).unwrap());
    }
}
