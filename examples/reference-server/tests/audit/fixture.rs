//! A shop in which four orders were placed and one line was sent back, shut down; and what to tamper with it by.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Commit, DocumentWrite, Expected, NewEvent};
use commerce_core::id::{CustomerId, OrderId, PaymentId, ProductId, ShipmentId, Tenant};
use commerce_core::order::{Order, OrderLine, OrderStatus};
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::repository::Repository;
use commerce_core::store::{Query, ReadMessages, RecordedMessage, Store};
use commerce_core::stream::{RecordedEvent, StreamId};
use commerce_core::value::{Address, Country, Currency, Money, Quantity, Sku};
use commerce_core::{Aggregate, Host};
use commerce_outbox::SystemHost;
use reference_server::audit::{AuditReport, audit};
use reference_server::services::catalog::NewProduct;
use reference_server::services::inventory::OpeningStock;
use reference_server::services::order::{ImportedOrder, Return, payment_of, shipment_of};
use reference_server::shop::{Shop, ShopOptions, Stores};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::backend::Backend;

/// What a tampering writes to which service's store.
pub(crate) type Write = (&'static str, Commit);

/// A tampering, and what it breaks.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) breaks: &'static [&'static str],
    pub(crate) tamper: fn(&Fixture) -> Vec<Write>,
}

pub(crate) struct Fixture {
    pub(crate) stores: Stores,
    /// Two of which ten were there.
    pub(crate) products: [ProductId; 2],
    /// Confirmed: two of the first product and one of the second, for 30.00.
    pub(crate) bought: OrderId,
    /// Confirmed: three of the first product, of which one came back.
    pub(crate) returned: OrderId,
    /// Failed at the payment, which was of 10.00.
    pub(crate) declined: OrderId,
    /// Failed at the reservation.
    pub(crate) short: OrderId,
    pub(crate) return_id: Uuid,
    /// A message of the order service.
    pub(crate) message: RecordedMessage,
    documents: HashMap<(String, String), Value>,
    events: Vec<RecordedEvent>,
    /// Goes when the shop does.
    _backend: Backend,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::on(Backend::memory()).await
    }

    pub(crate) async fn on(backend: Backend) -> Self {
        let host: Arc<dyn Host> = Arc::new(SystemHost);
        let stores = backend.open(&host).await.unwrap();
        let shop = Arc::new(Shop::new(stores.clone(), &ShopOptions::default()).unwrap());
        let shutdown = CancellationToken::new();
        let running = tokio::spawn({
            let (shop, shutdown) = (shop.clone(), shutdown.clone());
            async move { shop.run(shutdown).await }
        });

        let products = [open(&shop, "A").await, open(&shop, "B").await];
        let [a, b] = products;
        let bought = place(&shop, &[(a, "A", 2), (b, "B", 1)], "tok_visa").await;
        let returned = place(&shop, &[(a, "A", 3)], "tok_visa").await;
        let declined = place(&shop, &[(a, "A", 1)], "tok_declined").await;
        let short = place(&shop, &[(b, "B", 1_000)], "tok_visa").await;
        quiet(&stores).await;
        let return_id = host.new_id();
        let goods = Return {
            return_id,
            payment_id: payment_of(returned),
            product_id: a,
            quantity: 1,
            amount: gbp("10.00"),
            reason: "too small".to_owned(),
        };
        shop.orders.take_back(goods).await.unwrap();
        quiet(&stores).await;
        shutdown.cancel();
        running.await.unwrap().unwrap();

        stores.caught_up().await.unwrap();
        let (documents, events) = (documents(&stores).await, events(&stores).await);
        let message = message(&stores).await;
        Self {
            stores,
            products,
            bought,
            returned,
            declined,
            short,
            return_id,
            message,
            documents,
            events,
            _backend: backend,
        }
    }

    pub(crate) async fn write(&self, writes: Vec<Write>) {
        assert!(!writes.is_empty());
        for (service, commit) in writes {
            store(&self.stores, service).commit(commit).await.unwrap();
        }
    }

    pub(crate) async fn order_status(&self, order_id: OrderId) -> Option<OrderStatus> {
        let orders = Repository::<Order>::new(self.stores.order.clone());
        orders.load(&Tenant::default(), &order_id).await.unwrap().state.status()
    }

    pub(crate) fn document(&self, collection: &str, id: &str) -> Value {
        self.documents[&(collection.to_owned(), id.to_owned())].clone()
    }

    /// The document, changed.
    pub(crate) fn changed(
        &self,
        collection: &'static str,
        id: &str,
        change: impl FnOnce(&mut Value),
    ) -> Commit {
        let mut body = self.document(collection, id);
        let before = body.clone();
        change(&mut body);
        assert_ne!(body, before);
        put(collection, id, &body)
    }

    pub(crate) fn checkout(&self, order_id: OrderId, change: impl FnOnce(&mut Value)) -> Vec<Write> {
        vec![("order", self.changed("sagas", &format!("place-order/{order_id}"), change))]
    }

    pub(crate) fn the_return(&self, change: impl FnOnce(&mut Value)) -> Vec<Write> {
        vec![("order", self.changed("sagas", &format!("return-goods/{}", self.return_id), change))]
    }

    /// The journal entry of the capture for an order, and its id.
    pub(crate) fn capture(&self, order_id: OrderId) -> (String, Value) {
        let capture = self.documents.iter().find(|((collection, _), body)| {
            collection == "ledger" && body["order_id"] == order_id.to_string() && body["kind"] == "capture"
        });
        let ((_, id), body) = capture.unwrap();
        (id.clone(), body.clone())
    }

    /// An event of a stream again, its payload changed.
    pub(crate) fn again(
        &self,
        stream: &StreamId,
        event_type: &str,
        change: impl FnOnce(&mut Value),
    ) -> NewEvent {
        let is_it = |event: &&RecordedEvent| event.stream == *stream && &*event.event_type == event_type;
        let event = self.events.iter().find(is_it).unwrap();
        let mut payload = serde_json::from_slice(&event.payload).unwrap();
        change(&mut payload);
        NewEvent {
            event_type: event_type.to_owned().into(),
            schema: event.schema,
            payload: serde_json::to_vec(&payload).unwrap(),
        }
    }

    pub(crate) fn payment_of(&self, order_id: OrderId) -> PaymentId {
        payment_of(order_id)
    }

    pub(crate) fn shipment_of(&self, order_id: OrderId) -> ShipmentId {
        shipment_of(order_id)
    }
}

pub(crate) fn codes(report: &AuditReport) -> BTreeSet<&'static str> {
    report.breaches.iter().map(|breach| breach.invariant).collect()
}

pub(crate) fn new_id<T: From<Uuid>>() -> T {
    SystemHost.new_id().into()
}

pub(crate) fn gbp(amount: &str) -> Money {
    Money::parse(amount, Currency::GBP).unwrap()
}

/// Appends events to an aggregate's stream, whatever it allows.
pub(crate) fn append<A: Aggregate>(id: &A::Id, events: &[A::Event]) -> Commit {
    let events = events.iter().map(|event| NewEvent::encode(event).unwrap()).collect();
    append_raw(StreamId::of::<A>(id), events)
}

pub(crate) fn append_raw(stream: StreamId, events: Vec<NewEvent>) -> Commit {
    Commit::new().append(stream, Expected::Any, events)
}

pub(crate) fn put(collection: &'static str, id: &str, body: &Value) -> Commit {
    Commit::new().document(DocumentWrite::json(collection, id, Expected::Any, body).unwrap())
}

pub(crate) fn delete(collection: &'static str, id: &str) -> Commit {
    Commit::new().document(DocumentWrite::delete(collection, id, Expected::Any))
}

fn store<'a>(stores: &'a Stores, service: &str) -> &'a Arc<dyn Store> {
    stores.all().into_iter().find(|(name, _)| *name == service).unwrap().1
}

async fn open(shop: &Shop, sku: &str) -> ProductId {
    let (product_id, sku) = (new_id(), Sku::parse(sku).unwrap());
    shop.catalog.open_import_category().await.unwrap();
    let name = format!("Thing {sku}");
    let product = NewProduct { product_id, sku: sku.clone(), name: name.clone(), price: gbp("10.00") };
    shop.catalog.import(product).await.unwrap();
    let goods = OpeningStock { product_id, sku, name, quantity: 10 };
    shop.inventory.open_stock("test", &goods).await.unwrap();
    product_id
}

async fn place(shop: &Shop, lines: &[(ProductId, &str, u32)], token: &str) -> OrderId {
    let order_id = new_id();
    let lines = lines.iter().map(|(product_id, sku, quantity)| OrderLine {
        product_id: *product_id,
        sku: Sku::parse(sku).unwrap(),
        name: format!("Thing {sku}"),
        unit_price: gbp("10.00"),
        quantity: Quantity::new(*quantity).unwrap(),
    });
    let order = ImportedOrder {
        order_id,
        customer_id: new_id::<CustomerId>(),
        lines: lines.collect(),
        shipping_address: address(),
        currency: Currency::GBP,
        method: PaymentMethod::CreditCard,
        token: PaymentToken::parse(token).unwrap(),
    };
    shop.orders.place_imported(order).await.unwrap();
    order_id
}

pub(crate) fn address() -> Address {
    Address {
        recipient: "Ada Lovelace".to_owned(),
        line1: "12 St James's Square".to_owned(),
        line2: None,
        city: "London".to_owned(),
        state: None,
        postal_code: "SW1Y 4JH".to_owned(),
        country: Country::parse("GB").unwrap(),
    }
}

/// Until everything that was begun has ended.
async fn quiet(stores: &Stores) {
    for _ in 0..1_200 {
        if audit(stores).await.unwrap().is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the shop does not come to rest: {:#?}", audit(stores).await.unwrap().breaches);
}

async fn documents(stores: &Stores) -> HashMap<(String, String), Value> {
    let mut all = HashMap::new();
    for (service, collection) in [("order", "sagas"), ("inventory", "reservations"), ("payment", "ledger")] {
        let query = Query::all_tenants(collection).limit(1_000);
        for document in store(stores, service).documents(&query).await.unwrap() {
            let body = serde_json::from_slice(&document.body).unwrap();
            all.insert((collection.to_owned(), document.id), body);
        }
    }
    all
}

async fn events(stores: &Stores) -> Vec<RecordedEvent> {
    let mut all = Vec::new();
    for (_, store) in stores.all() {
        all.extend(store.read_log(0, 1_000).await.unwrap());
    }
    all
}

async fn message(stores: &Stores) -> RecordedMessage {
    for partition in 0..stores.order.partitions() {
        let request = ReadMessages { partition, after: 0, topics: &[], limit: 1 };
        if let Some(message) = stores.order.read_messages(request).await.unwrap().messages.pop() {
            return message;
        }
    }
    panic!("the order service has sent nothing");
}
