//! The quickest ways to get rows into a table.

use std::sync::Arc;
use std::time::Instant;

use commerce_core::Host;
use commerce_outbox::SystemHost;
use sqlx::PgConnection;

use super::schema::{self, APPEND_MANY, TYPE};
use crate::basket::Item;
use crate::bench::Bench;
use crate::harness::Measure;

const ABOUT: &str = "**Raw rows** on one connection: INSERT from UNNEST, a thousand rows to a commit, and COPY in binary, \
    fifty thousand to a commit; both into the table of events with its unique index, ten events to a stream.";

const INSERTED: usize = 1_000;
const COPIED: usize = 50_000;
/// Sent to the server in pieces of about this size.
const PIECE: usize = 64 * 1_024;

pub(super) fn measures() -> Vec<Measure> {
    let measures = [
        Measure::rate("hand/insert-unnest", "rows", |bench| rows(bench, false)),
        Measure::rate("hand/copy", "rows", |bench| rows(bench, true)),
    ];
    measures.map(|measure| measure.about(ABOUT)).into()
}

async fn rows(bench: Arc<Bench>, copied: bool) -> f64 {
    let database = schema::tables(&bench).await;
    let mut connection = database.connect().await;
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < bench.seconds {
        count += if copied { copy(&mut connection).await } else { insert(&mut connection).await };
    }
    let rate = count as f64 / start.elapsed().as_secs_f64();
    drop(connection);
    database.drop().await;
    rate
}

async fn insert(connection: &mut PgConnection) -> usize {
    let (mut streams, mut versions, mut payloads) = (vec![], vec![], vec![]);
    for (stream, version) in events(INSERTED) {
        streams.push(stream);
        versions.push(version);
        payloads.push(Item::number(streams.len() as u64).json());
    }
    let types = vec![TYPE; INSERTED];
    let insert = sqlx::query(APPEND_MANY).bind(streams).bind(versions).bind(types).bind(payloads);
    insert.execute(connection).await.unwrap();
    INSERTED
}

async fn copy(connection: &mut PgConnection) -> usize {
    let statement = "COPY events (stream, version, type, payload) FROM STDIN (FORMAT binary)";
    let mut copy = connection.copy_in_raw(statement).await.unwrap();
    // The format's signature, and no flags or extensions.
    let mut piece = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for (number, (stream, version)) in events(COPIED).enumerate() {
        let payload = Item::number(number as u64).json();
        let columns = [stream.as_bytes(), &version.to_be_bytes(), TYPE.as_bytes(), &payload];
        piece.extend(4_i16.to_be_bytes());
        for column in columns {
            piece.extend(i32::try_from(column.len()).unwrap().to_be_bytes());
            piece.extend(column);
        }
        if piece.len() > PIECE {
            copy.send(std::mem::take(&mut piece)).await.unwrap();
        }
    }
    piece.extend((-1_i16).to_be_bytes());
    copy.send(piece).await.unwrap();
    copy.finish().await.unwrap();
    COPIED
}

/// Stream and version of so many events, ten to a stream.
fn events(count: usize) -> impl Iterator<Item = (String, i64)> {
    (0..count / 10).flat_map(|_| {
        let stream = format!("basket/{}", SystemHost.new_id());
        (1..=10).map(move |version| (stream.clone(), version))
    })
}
