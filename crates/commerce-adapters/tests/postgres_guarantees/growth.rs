//! What a commit costs doesn't depend on how much there is, also if the server planned it when there was nothing.

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::{Claim, ClaimKey, Commit, DocumentWrite, Expected, NewMessage};
use commerce_core::store::{Query, ReadMessages, Store};
use commerce_core::stream::Position;
use commerce_test_postgres::database;
use sqlx::PgConnection;

use crate::support::{execute, fresh_id, number, process, until};

/// So many rows are there when it is measured.
const ROWS: u64 = 3_000;
/// So many commits are measured.
const MEASURED: u64 = 20;
/// As many rows of indexes as a commit of the kinds below may read: a handful for each of its lookups.
const READ_BY_EACH: i64 = 50;

fn put(number: u64, state: &str, expected: Expected) -> Commit {
    let id = number.to_string();
    let document = DocumentWrite::put("things", id.clone(), expected, b"{}".to_vec());
    Commit::new().document(document.field("state", state)).claim(Claim::new("seen", format!("{id} {state}")))
}

fn delete(number: u64) -> Commit {
    let id = number.to_string();
    Commit::new()
        .document(DocumentWrite::delete("things", id.clone(), Expected::Version(1)))
        .release(ClaimKey::new("seen", format!("{id} new")))
}

async fn all(store: &PgStore, commits: impl Iterator<Item = Commit>) {
    // Handed over at once, and waited for then.
    let handed: Vec<_> = commits.map(|commit| store.commit(commit)).collect();
    for answer in handed {
        answer.await.unwrap();
    }
}

/// Rows that were deleted or changed, as the server has counted them; it is late by up to some seconds.
async fn changed(db: &mut PgConnection) -> i64 {
    number(db, "SELECT sum(n_tup_del + n_tup_upd)::bigint FROM pg_stat_user_tables").await
}

async fn read(db: &mut PgConnection) -> i64 {
    number(db, "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes").await
}

async fn past_is_counted(store: &PgStore, db: &mut PgConnection) {
    until("the server has counted the past", async || {
        let before = (changed(db).await, read(db).await);
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        // A backend tells what it has counted when it is asked for something.
        all(store, (0..2).map(|_| Commit::new().claim(Claim::new("a", fresh_id().to_string())))).await;
        before == (changed(db).await, read(db).await) && before.1 > 0
    })
    .await;
}

#[tokio::test]
async fn a_plan_for_an_empty_table_is_still_good_when_it_is_full() {
    let home = database().await;
    let store = process(home.url()).await;
    let mut db = home.connect().await;
    // The server knows that the tables are empty, and nothing may have it plan anew.
    execute(&mut db, "VACUUM ANALYZE").await;
    for table in ["documents", "document_fields", "claims", "commits"] {
        let off = format!("ALTER TABLE commerce.commerce_{table} SET (autovacuum_enabled = off)");
        execute(&mut db, &off).await;
    }
    // Each kind of commit once, one by one and together, while there is nothing.
    for number in 0..4 {
        all(&store, std::iter::once(put(number, "new", Expected::ABSENT))).await;
        all(&store, std::iter::once(delete(number))).await;
    }
    all(&store, (0..100).map(|number| put(number, "new", Expected::ABSENT))).await;
    all(&store, (0..100).map(delete)).await;
    all(&store, (0..ROWS).map(|number| put(number, "new", Expected::ABSENT))).await;
    past_is_counted(&store, &mut db).await;
    let (changed_before, read_before) = (changed(&mut db).await, read(&mut db).await);
    for number in 0..MEASURED {
        all(&store, std::iter::once(put(number, "old", Expected::Version(1)))).await;
    }
    for number in MEASURED..2 * MEASURED {
        all(&store, std::iter::once(delete(number))).await;
    }
    until("the server has counted them", async || {
        all(&store, std::iter::once(Commit::new())).await;
        // Of each that was put the document and its old field; of each that was deleted the claim as well.
        changed(&mut db).await - changed_before >= 5 * MEASURED as i64
    })
    .await;
    let each = (read(&mut db).await - read_before) / (2 * MEASURED as i64);
    assert!(each <= READ_BY_EACH, "a commit reads {each} rows of indexes");
    store.close().await;
}

/// Queries of ten documents: by one field, by two, by one in the order of another, within bounds, and by one within bounds
/// of another.
fn looks() -> [Query; 5] {
    let all = Query::all_tenants("things").limit(10);
    let new = all.clone().equals("state", "new");
    [
        new.clone(),
        new.clone().equals("sort", "good"),
        new.clone().ascending("place"),
        all.at_least("place", 100).at_most("place", 109),
        new.at_least("place", 0),
    ]
}

async fn look_for_ten(store: &PgStore) {
    for query in looks() {
        store.documents(&query).await.unwrap();
    }
}

/// After the worst that can be known of a table: nothing. It is made, filled and emptied by the minute where messages are
/// held, and analyzed later.
#[tokio::test]
async fn what_is_read_of_documents_is_what_was_asked_for_also_if_there_were_none_once() {
    let home = database().await;
    let store = process(home.url()).await;
    let mut db = home.connect().await;
    for table in ["documents", "document_fields"] {
        let off = format!("ALTER TABLE commerce.commerce_{table} SET (autovacuum_enabled = off)");
        execute(&mut db, &off).await;
    }
    look_for_ten(&store).await;
    let thing = |number: u64| {
        let document = DocumentWrite::put("things", number.to_string(), Expected::ABSENT, b"{}".to_vec());
        let document = document.field("state", "new").field("sort", "good");
        Commit::new().document(document.field("place", i64::try_from(number).unwrap()))
    };
    all(&store, (0..ROWS).map(thing)).await;
    past_is_counted(&store, &mut db).await;
    let before = read(&mut db).await;
    for _ in 0..MEASURED {
        look_for_ten(&store).await;
    }
    // Of each the entry and the document.
    let looks = (looks().len() as u64 * MEASURED) as i64;
    until("the server has counted them", async || {
        store.now().await.unwrap();
        read(&mut db).await - before >= 20 * looks
    })
    .await;
    let each = (read(&mut db).await - before) / looks;
    assert!(each <= READ_BY_EACH, "looking for ten documents reads {each} rows of indexes");
    store.close().await;
}

/// Reads messages of one partition and of all, of one topic and of all, a hundred at most of each.
async fn read_messages(store: &PgStore, after: Position) {
    for topics in [&[][..], &["jobs"][..]] {
        for partitions in [1, store.partitions()] {
            let request = |partition| ReadMessages { partition, after, topics, limit: 100 };
            let requests: Vec<_> = (0..partitions).map(request).collect();
            store.read_partitions(&requests).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_read_of_messages_is_what_is_new_also_if_the_log_was_empty_once() {
    let home = database().await;
    let store = process(home.url()).await;
    let mut db = home.connect().await;
    execute(&mut db, "VACUUM ANALYZE").await;
    execute(&mut db, "ALTER TABLE commerce.commerce_messages SET (autovacuum_enabled = off)").await;
    read_messages(&store, 0).await;
    let message = |number: u64| Commit::new().message(NewMessage::new("jobs", number.to_string()));
    all(&store, (0..ROWS).map(message)).await;
    store.caught_up().await.unwrap();
    let last = store.last_message().await.unwrap();
    let before = read(&mut db).await;
    for _ in 0..MEASURED {
        read_messages(&store, last).await;
    }
    // What a connection counts comes in order: when this has, so has the rest.
    const FOUND: i64 = 1_000;
    read_messages(&store, 0).await;
    until("the server has counted them", async || {
        store.now().await.unwrap();
        read(&mut db).await - before >= FOUND
    })
    .await;
    let read = read(&mut db).await - before;
    let limit = 3 * FOUND + READ_BY_EACH * MEASURED as i64;
    assert!(read <= limit, "{read} rows of indexes were read where nothing was new");
    store.close().await;
}
