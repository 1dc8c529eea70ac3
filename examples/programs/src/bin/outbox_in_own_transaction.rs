//! An outbox in an application that has its own tables: its rows and its messages are one SQLite transaction.

use std::sync::Arc;

use commerce_adapters::sqlite::SqliteStore;
use commerce_adapters::sqlite::rusqlite::{Connection, TransactionBehavior};
use commerce_core::commit::{Commit, NewMessage};
use commerce_core::store::{ReadMessages, Store};

type Error = Box<dyn std::error::Error>;

/// Writes the invoice and the message that it was sent, or neither.
fn send_invoice(db: &mut Connection, store: &SqliteStore, invoice: &str) -> Result<(), Error> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("INSERT INTO invoices (number) VALUES (?)", [invoice])?;
    let sent = NewMessage::new("invoices", invoice).of_type("invoice.sent").json(&invoice)?;
    store.apply_in(&transaction, &Commit::new().message(sent))?;
    if invoice.is_empty() {
        return Err("an invoice needs a number".into()); // the transaction is dropped: rolled back
    }
    transaction.commit()?;
    store.changes().notify();
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("shop.db");
    // The store makes the file; the application then adds its tables.
    let store = Arc::new(SqliteStore::open(&path)?);
    let mut db = Connection::open(&path)?;
    db.execute_batch("CREATE TABLE invoices (number TEXT PRIMARY KEY)")?;

    send_invoice(&mut db, &store, "2026-0001")?;
    assert!(send_invoice(&mut db, &store, "").is_err());

    let all = ReadMessages { partition: 0, after: 0, topics: &[], limit: 10 };
    let log = store.read_messages(all).await?;
    let invoices: u32 = db.query_row("SELECT count(*) FROM invoices", [], |row| row.get(0))?;
    assert_eq!((invoices, log.messages.len()), (1, 1));
    println!("{invoices} invoice, {} message: {}", log.messages.len(), log.messages[0].message_type);
    Ok(())
}
