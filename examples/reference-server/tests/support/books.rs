//! What the services' stores say.
#![allow(dead_code)] // each test uses a part of it

use std::sync::Arc;

use commerce_core::id::{OrderId, ProductId, Tenant};
use commerce_core::inventory::StockItem;
use commerce_core::inventory::reservation::Reservation;
use commerce_core::order::{Order, PlacedOrder};
use commerce_core::payment::{Account, Balances, JournalEntry, Payment};
use commerce_core::repository::Repository;
use commerce_core::shipping::Shipment;
use commerce_core::store::{Query, Store};
use commerce_core::value::{Currency, Money};
use commerce_core::{Aggregate, Host};
use commerce_outbox::{DeadLetterFilter, DeadLetters};
use reference_server::services::inventory::RESERVATIONS;
use reference_server::services::order::{payment_of, shipment_of};
use reference_server::services::payment::LEDGER;

async fn load<A: Aggregate>(store: &Arc<dyn Store>, id: A::Id) -> A {
    Repository::<A>::new(store.clone()).load(&Tenant::default(), &id).await.unwrap().state
}

pub(crate) async fn order(store: &Arc<dyn Store>, id: OrderId) -> PlacedOrder {
    load::<Order>(store, id).await.placed().cloned().unwrap()
}

pub(crate) async fn stock(store: &Arc<dyn Store>, id: ProductId) -> StockItem {
    load(store, id).await
}

pub(crate) async fn reservation(store: &Arc<dyn Store>, id: OrderId) -> Option<Reservation> {
    let document = store.document(&Tenant::default(), RESERVATIONS, &id.to_string()).await.unwrap();
    document.map(|document| document.json().unwrap())
}

pub(crate) async fn payment(store: &Arc<dyn Store>, id: OrderId) -> Payment {
    load(store, payment_of(id)).await
}

pub(crate) async fn shipment(store: &Arc<dyn Store>, id: OrderId) -> Shipment {
    load(store, shipment_of(id)).await
}

/// The balances of all accounts, which balance.
pub(crate) async fn balances(store: &Arc<dyn Store>) -> Balances {
    let query = Query::all_tenants(LEDGER).limit(100_000);
    let documents = store.documents(&query).await.unwrap();
    let entries: Vec<JournalEntry> = documents.iter().map(|document| document.json().unwrap()).collect();
    let balances = Balances::of(&entries).unwrap();
    assert!(balances.is_balanced(), "{balances:?}");
    balances
}

/// What the provider holds for us: what was captured less what was given back.
pub(crate) async fn money(store: &Arc<dyn Store>) -> Money {
    balances(store).await.balance(Account::ProviderClearing, Currency::GBP)
}

/// Whether the order could be paid once more.
pub(crate) async fn has_live_payment(store: &Arc<dyn Store>, id: OrderId) -> bool {
    store.claimed(&Tenant::default(), "live-payment", &id.to_string()).await.unwrap().is_some()
}

pub(crate) async fn dead_letters(store: &Arc<dyn Store>, host: Arc<dyn Host>) -> Vec<String> {
    let letters = DeadLetters::new(store.clone(), host);
    let found = letters.list(&DeadLetterFilter::default(), 100).await.unwrap();
    found.iter().map(|letter| format!("{} {:?}", letter.envelope.message_type, letter.attempts)).collect()
}
