//! Checkout ends all done or all undone, whatever goes wrong, and whenever its customer thinks better of it: its saga is proved with the real services.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(unreachable_pub)] // a test's module elsewhere
#[path = "../../../tests/processes/tests/saga/ashore.rs"]
mod ashore;
#[path = "support/books.rs"]
mod books;
#[allow(unreachable_pub)]
#[path = "../../../tests/processes/tests/saga/store.rs"]
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::{Expected, NewEvent};
use commerce_core::id::{CustomerId, OrderId, ProductId, Tenant, v7};
use commerce_core::inventory::reservation::{Demand, Line, ReservationStatus};
use commerce_core::memory::MemoryStore;
use commerce_core::order::{Order, OrderCommand, OrderLine, OrderStatus};
use commerce_core::payment::{FakeProvider, PaymentMethod, PaymentStatus, PaymentToken};
use commerce_core::shipping::ShipmentStatus;
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_core::value::{Address, Country, Currency, Money, Quantity, Sku};
use commerce_core::{Aggregate, Host, Timestamp};
use commerce_outbox::{RetryPolicy, Scope};
use commerce_saga::testing::{End, FlowingHost, Process, Trial, prove};
use commerce_saga::{Instance, Orchestrator, SagaError};
use reference_server::sagas::place_order::{self, PlaceOrder};
use reference_server::services::inventory::{Inventory, OpeningStock};
use reference_server::services::order::{Orders, payment_of, shipment_of};
use reference_server::services::payment::Payments;
use reference_server::services::shipping::Shipping;
use tokio_util::sync::CancellationToken;

const ON_HAND: u32 = 10;
const BOUGHT: u32 = 3;
/// For each of the two products.
const UNIT_PRICE: i64 = 250;

/// An order of two products, paid with this token; each answer is awaited for `within`.
struct Checkout {
    token: &'static str,
    within: Duration,
    on: Kind,
}

/// Where the services keep their data.
enum Kind {
    Memory,
    Postgres,
}

fn order_id() -> OrderId {
    OrderId(v7(Timestamp::default(), b"the order:"))
}

fn product_ids() -> [ProductId; 2] {
    [ProductId(v7(Timestamp::default(), b"1 product:")), ProductId(v7(Timestamp::default(), b"2 product:"))]
}

fn sku(index: usize) -> Sku {
    Sku::parse(&format!("SKU-{index}")).unwrap()
}

fn lines() -> Vec<OrderLine> {
    let line = |(index, product_id)| OrderLine {
        product_id,
        sku: sku(index),
        name: "a thing".to_owned(),
        unit_price: Money::from_minor(UNIT_PRICE, Currency::GBP),
        quantity: Quantity::new(BOUGHT).unwrap(),
    };
    product_ids().into_iter().enumerate().map(line).collect()
}

fn total() -> Money {
    Money::from_minor(2 * i64::from(BOUGHT) * UNIT_PRICE, Currency::GBP)
}

fn address() -> Address {
    Address {
        recipient: "A. Buyer".to_owned(),
        line1: "1 High Street".to_owned(),
        line2: None,
        city: "Ryde".to_owned(),
        state: None,
        postal_code: "PO33 1AA".to_owned(),
        country: Country::parse("GB").unwrap(),
    }
}

#[async_trait]
impl Trial for Checkout {
    fn services(&self) -> Vec<&'static str> {
        vec!["order", "inventory", "payment", "shipping"]
    }

    fn run(&self) -> (&'static str, String) {
        (place_order::NAME, order_id().to_string())
    }

    async fn store(&self, service: &str, host: Arc<dyn Host>) -> Arc<dyn Store> {
        let store = match self.on {
            Kind::Memory => Arc::new(MemoryStore::new(host.clone())) as Arc<dyn Store>,
            Kind::Postgres => store::new_store(host.clone()).await,
        };
        if service == "inventory" {
            let inventory = Inventory::new(store.clone(), host);
            for (index, product_id) in product_ids().into_iter().enumerate() {
                let goods = OpeningStock {
                    product_id,
                    sku: sku(index),
                    name: "a thing".to_owned(),
                    quantity: ON_HAND,
                };
                inventory.open_stock("opening", &goods).await.unwrap();
            }
        }
        store
    }

    async fn start(&self, process: &Process) -> Orchestrator {
        let store = |service: &str| process.store(service);
        let definition = process
            .faulty(place_order::definition(self.within, self.within, RetryPolicy::default()).unwrap());
        let orchestrator = Orchestrator::new(store("order"), process.host()).register(definition);
        let orders = Orders::new(store("order"), process.host(), orchestrator.clone());
        let inventory = Inventory::new(store("inventory"), process.host());
        let patience = Duration::from_secs(10);
        let payments = Payments::new(store("payment"), process.host(), Arc::new(FakeProvider), patience);
        let shipping = Shipping::new(store("shipping"), process.host());
        process.consume(orders.consumer(process.bus()));
        process.consume(inventory.consumer(process.bus()));
        process.consume(payments.consumer(process.bus()));
        process.consume(shipping.consumer(process.bus()));
        process.orchestrate(&orchestrator);
        process.spawn(async move { inventory.run_expiry(Duration::ZERO, CancellationToken::new()).await });
        orchestrator
    }

    async fn begin(&self, orchestrator: &Orchestrator, scope: &mut Scope) -> Result<(), SagaError> {
        let mut order = Order::default();
        let mut events = Vec::new();
        let place = OrderCommand::Place {
            customer_id: CustomerId(order_id().0),
            lines: lines(),
            shipping_address: address(),
            currency: Currency::GBP,
        };
        for command in [place, OrderCommand::InitiatePayment] {
            for event in order.decide(command, scope.context()).unwrap() {
                order.apply(&event);
                events.push(NewEvent::encode(&event).unwrap());
            }
        }
        scope.write(|commit| commit.append(StreamId::of::<Order>(&order_id()), Expected::ABSENT, events));
        let demand = product_ids().map(|product_id| Line { product_id, quantity: u64::from(BOUGHT) });
        let state = PlaceOrder {
            order_id: order_id(),
            payment_id: payment_of(order_id()),
            shipment_id: shipment_of(order_id()),
            demand: Demand::new(demand).unwrap(),
            total: total(),
            method: PaymentMethod::CreditCard,
            token: PaymentToken::parse(self.token).unwrap(),
            address: address(),
            customer_id: None,
        };
        orchestrator.begin(place_order::NAME, &order_id().to_string(), &state, scope).await
    }

    async fn check(&self, stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> End {
        let found = Found::read(stores).await;
        if found == Found::done() {
            End::Done
        } else if found.is_undone() && found.ended_for(&saga(stores).await) {
            End::Undone
        } else {
            End::Mixed(format!("{found:?}"))
        }
    }
}

async fn saga(stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> Instance {
    let orchestrator = Orchestrator::new(stores["order"].clone(), Arc::new(FlowingHost::new()));
    let id = order_id().to_string();
    orchestrator.instance(&Tenant::default(), place_order::NAME, &id).await.unwrap()
}

/// What the stores hold of an order.
#[derive(Debug, PartialEq)]
struct Found {
    order: OrderStatus,
    failure: Option<(String, String)>,
    cancel_reason: Option<String>,
    /// Of each product: on hand, reserved, holds.
    stock: Vec<(u64, u64, usize)>,
    reservation: Option<ReservationStatus>,
    payment: Option<PaymentStatus>,
    payment_is_live: bool,
    money: Money,
    shipment: Option<ShipmentStatus>,
    dead_letters: Vec<String>,
}

impl Found {
    async fn read(stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> Self {
        let order = books::order(&stores["order"], order_id()).await;
        let mut stock = Vec::new();
        for product_id in product_ids() {
            let item = books::stock(&stores["inventory"], product_id).await;
            assert!(item.conservation_holds());
            stock.push((item.on_hand(), item.reserved(), item.holds().len()));
        }
        let mut dead_letters = Vec::new();
        for store in stores.values() {
            dead_letters.extend(books::dead_letters(store, Arc::new(FlowingHost::new())).await);
        }
        Self {
            order: order.status(),
            cancel_reason: order.cancel_reason().map(str::to_owned),
            failure: order.failure().map(|failure| (failure.step.clone(), failure.code.clone())),
            stock,
            reservation: books::reservation(&stores["inventory"], order_id())
                .await
                .map(|reservation| reservation.status()),
            payment: books::payment(&stores["payment"], order_id()).await.status(),
            payment_is_live: books::has_live_payment(&stores["payment"], order_id()).await,
            money: books::money(&stores["payment"]).await,
            shipment: books::shipment(&stores["shipping"], order_id()).await.status(),
            dead_letters,
        }
    }

    fn done() -> Self {
        Self {
            order: OrderStatus::Confirmed,
            failure: None,
            cancel_reason: None,
            stock: vec![(u64::from(ON_HAND - BOUGHT), 0, 0); 2],
            reservation: Some(ReservationStatus::Confirmed),
            payment: Some(PaymentStatus::Succeeded),
            payment_is_live: true,
            money: total(),
            shipment: Some(ShipmentStatus::Pending),
            dead_letters: Vec::new(),
        }
    }

    /// Whether the order has ended for the reason that its saga was undone for.
    fn ended_for(&self, saga: &Instance) -> bool {
        match saga.aborted() {
            Some(wish) => {
                (self.order, &self.failure) == (OrderStatus::Cancelled, &None)
                    && self.cancel_reason.as_ref() == Some(&wish.reason)
            }
            None => {
                let failure = saga.failure.as_ref();
                self.order == OrderStatus::Failed
                    && failure.is_some()
                    && self.failure == failure.map(|failure| (failure.step.clone(), failure.code.clone()))
            }
        }
    }

    fn is_undone(&self) -> bool {
        let undone_payment = [PaymentStatus::Failed, PaymentStatus::Cancelled, PaymentStatus::Refunded];
        let undone_reservation = [ReservationStatus::Released, ReservationStatus::Rejected];
        self.stock == [(u64::from(ON_HAND), 0, 0); 2]
            && self.reservation.is_none_or(|status| undone_reservation.contains(&status))
            && self.payment.is_none_or(|status| undone_payment.contains(&status))
            && !self.payment_is_live
            && self.money.is_zero()
            && self.shipment.is_none_or(|status| status == ShipmentStatus::Cancelled)
            && self.dead_letters.is_empty()
    }
}

async fn prove_it(token: &'static str, within: Duration, on: Kind) {
    let report = prove(&Checkout { token, within, on }).await;
    println!("{report}");
    assert!(report.completed > 0 && report.undone > report.aborted && report.crashed > 50, "{report}");
    assert!(report.aborted > 50, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_checkout_is_all_done_or_all_undone() {
    prove_it("tok_visa", Duration::from_secs(30), Kind::Memory).await;
}

#[tokio::test(start_paused = true)]
async fn so_is_one_on_postgres() {
    prove_it("tok_visa", Duration::from_secs(30), Kind::Postgres).await;
}

/// It uses up all three attempts at the payment when nothing else goes wrong, each a commit of its own. So it is given
/// more time than a crash takes: a fourth attempt would fail it.
#[tokio::test(start_paused = true)]
async fn so_is_one_whose_payment_is_flaky() {
    prove_it("tok_flaky", Duration::from_secs(90), Kind::Memory).await;
}
