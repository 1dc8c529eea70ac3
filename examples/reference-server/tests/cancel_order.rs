//! A cancellation ends all done, or the order stays as it was, whatever goes wrong: its saga is proved with the real services.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/books.rs"]
mod books;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::{Claim, Commit, DocumentWrite, Expected, NewEvent};
use commerce_core::id::{CustomerId, OrderId, ProductId, Tenant, v7};
use commerce_core::inventory::reservation::{Demand, Line, ReservationRequest, ReservationStatus};
use commerce_core::memory::MemoryStore;
use commerce_core::order::{Order, OrderCommand, OrderLine, OrderStatus};
use commerce_core::payment::{
    ExternalPaymentId, FakeProvider, Payment, PaymentCommand, PaymentMethod, PaymentStatus, PaymentToken,
    entries_for,
};
use commerce_core::shipping::{
    Carrier, Package, Shipment, ShipmentCommand, ShipmentStatus, Speed, TrackingNumber,
};
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_core::value::{Address, Country, Currency, Decimal, Money, Quantity, Sku};
use commerce_core::{Aggregate, Context, Host, Timestamp};
use commerce_outbox::Scope;
use commerce_saga::testing::{End, Faults, FlowingHost, Process, Trial, prove};
use commerce_saga::{Orchestrator, SagaError};
use reference_server::sagas::cancel_order::{self, CancelOrder};
use reference_server::sagas::place_order;
use reference_server::services::inventory::{Inventory, OpeningStock};
use reference_server::services::order::{Orders, payment_of, shipment_of};
use reference_server::services::payment::{LEDGER, Payments};
use reference_server::services::shipping::Shipping;

const ON_HAND: u32 = 10;
const BOUGHT: u32 = 3;

/// A confirmed order of one product, that is to be cancelled.
struct Cancellation;

fn order_id() -> OrderId {
    OrderId(v7(Timestamp::default(), b"the order:"))
}

fn product_id() -> ProductId {
    ProductId(v7(Timestamp::default(), b"1 product:"))
}

fn sku() -> Sku {
    Sku::parse("SKU-1").unwrap()
}

fn price(pieces: u32) -> Money {
    Money::from_minor(i64::from(pieces) * 250, Currency::GBP)
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

/// What an aggregate comes to by these commands, as a commit, and its last events.
fn by<A: Aggregate>(
    id: &A::Id,
    commands: impl IntoIterator<Item = A::Command>,
    context: &Context,
) -> (A, Vec<A::Event>, Commit) {
    let (mut state, mut events) = (A::default(), Vec::new());
    for command in commands {
        for event in state.decide(command, context).unwrap() {
            state.apply(&event);
            events.push(event);
        }
    }
    let encoded = events.iter().map(|event| NewEvent::encode(event).unwrap()).collect();
    let commit = Commit::within(context).append(StreamId::of::<A>(id), Expected::ABSENT, encoded);
    (state, events, commit)
}

fn ordered(context: &Context) -> Commit {
    let line = OrderLine {
        product_id: product_id(),
        sku: sku(),
        name: "a thing".to_owned(),
        unit_price: price(1),
        quantity: Quantity::new(BOUGHT).unwrap(),
    };
    let commands = [
        OrderCommand::Place {
            customer_id: CustomerId(order_id().0),
            lines: vec![line],
            shipping_address: address(),
            currency: Currency::GBP,
        },
        OrderCommand::InitiatePayment,
        OrderCommand::CompletePayment { payment_id: payment_of(order_id()) },
        OrderCommand::Confirm { shipment_id: shipment_of(order_id()) },
    ];
    by::<Order>(&order_id(), commands, context).2
}

fn paid(context: &Context) -> Commit {
    let payment_id = payment_of(order_id());
    let token = PaymentToken::parse("tok_visa").unwrap();
    let create = PaymentCommand::Create {
        payment_id,
        order_id: order_id(),
        customer_id: None,
        amount: price(BOUGHT),
        method: PaymentMethod::CreditCard,
    };
    let start = PaymentCommand::StartProcessing { attempt: 1, token };
    let external_payment_id = ExternalPaymentId::parse("fake_1").unwrap();
    let succeed = PaymentCommand::Succeed { external_payment_id };
    let (payment, events, commit) = by::<Payment>(&payment_id, [create, start, succeed], context);
    let entries = events.iter().flat_map(|event| entries_for(&payment, event).unwrap());
    let entries = entries
        .map(|entry| DocumentWrite::json(LEDGER, entry.id().to_string(), Expected::ABSENT, &entry).unwrap());
    entries.fold(commit, Commit::document).claim(Claim::new("live-payment", order_id().to_string()))
}

fn shipped(context: &Context) -> Commit {
    let shipment_id = shipment_of(order_id());
    let tracking_number = TrackingNumber::of(shipment_id);
    let create = ShipmentCommand::Create {
        order_id: order_id(),
        customer_id: None,
        tracking_number: tracking_number.clone(),
        carrier: Carrier::Ups,
        speed: Speed::Standard,
        address: Box::new(address()),
        package: Package::new(Decimal::ONE, Decimal::from(3), Decimal::from(2), Decimal::from(1)).unwrap(),
        cost: price(1),
    };
    let (_, _, commit) = by::<Shipment>(&shipment_id, [create], context);
    commit.claim(Claim::new("tracking-number", tracking_number.as_str()))
}

async fn handed_out(store: Arc<dyn Store>, host: Arc<dyn Host>) {
    let context = host.context();
    let inventory = Inventory::new(store, host);
    let goods =
        OpeningStock { product_id: product_id(), sku: sku(), name: "a thing".to_owned(), quantity: ON_HAND };
    inventory.open_stock("opening", &goods).await.unwrap();
    let line = Line { product_id: product_id(), quantity: u64::from(BOUGHT) };
    let reserve = ReservationRequest::Reserve {
        order_id: order_id(),
        demand: Demand::new([line]).unwrap(),
        expires_at: context.now().plus(Duration::from_secs(900)),
    };
    for asked in [reserve, ReservationRequest::Confirm { order_id: order_id() }] {
        let base = Commit::within(&context);
        inventory.decide(asked, &context, base, |_, commit| Ok(commit)).await.unwrap();
    }
}

#[async_trait]
impl Trial for Cancellation {
    fn services(&self) -> Vec<&'static str> {
        vec!["order", "inventory", "payment", "shipping"]
    }

    fn run(&self) -> (&'static str, String) {
        (cancel_order::NAME, order_id().to_string())
    }

    async fn store(&self, service: &str, host: Arc<dyn Host>) -> Arc<dyn Store> {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
        let context = host.context();
        match service {
            "order" => drop(store.commit(ordered(&context)).await.unwrap()),
            "payment" => drop(store.commit(paid(&context)).await.unwrap()),
            "shipping" => drop(store.commit(shipped(&context)).await.unwrap()),
            _ => handed_out(store.clone(), host).await,
        }
        store
    }

    async fn start(&self, process: &Process) -> Orchestrator {
        let store = |service: &str| process.store(service);
        let definition = process
            .faulty(cancel_order::definition(Duration::from_secs(30), place_order::GIVING_BACK).unwrap());
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
        orchestrator
    }

    async fn begin(&self, orchestrator: &Orchestrator, scope: &mut Scope) -> Result<(), SagaError> {
        let state = CancelOrder {
            order_id: order_id(),
            payment_id: payment_of(order_id()),
            shipment_id: shipment_of(order_id()),
            reason: "changed my mind".to_owned(),
        };
        orchestrator.begin(cancel_order::NAME, &order_id().to_string(), &state, scope).await
    }

    async fn check(&self, stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> End {
        let found = Found::read(stores).await;
        if found == Found::cancelled() {
            End::Done
        } else if found == Found::confirmed() {
            End::Undone
        } else {
            End::Mixed(format!("{found:?}"))
        }
    }
}

/// What the stores hold of the order.
#[derive(Debug, PartialEq)]
struct Found {
    order: OrderStatus,
    on_hand: u64,
    reservation: Option<ReservationStatus>,
    payment: Option<PaymentStatus>,
    payment_is_live: bool,
    money: Money,
    shipment: Option<ShipmentStatus>,
    dead_letters: Vec<String>,
}

impl Found {
    async fn read(stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> Self {
        let item = books::stock(&stores["inventory"], product_id()).await;
        assert!(item.conservation_holds());
        assert_eq!(item.reserved(), 0);
        let mut dead_letters = Vec::new();
        for store in stores.values() {
            dead_letters.extend(books::dead_letters(store, Arc::new(FlowingHost::new())).await);
        }
        let reservation = books::reservation(&stores["inventory"], order_id()).await;
        Self {
            order: books::order(&stores["order"], order_id()).await.status(),
            on_hand: item.on_hand(),
            reservation: reservation.map(|reservation| reservation.status()),
            payment: books::payment(&stores["payment"], order_id()).await.status(),
            payment_is_live: books::has_live_payment(&stores["payment"], order_id()).await,
            money: books::money(&stores["payment"]).await,
            shipment: books::shipment(&stores["shipping"], order_id()).await.status(),
            dead_letters,
        }
    }

    fn confirmed() -> Self {
        Self {
            order: OrderStatus::Confirmed,
            on_hand: u64::from(ON_HAND - BOUGHT),
            reservation: Some(ReservationStatus::Confirmed),
            payment: Some(PaymentStatus::Succeeded),
            payment_is_live: true,
            money: price(BOUGHT),
            shipment: Some(ShipmentStatus::Pending),
            dead_letters: Vec::new(),
        }
    }

    fn cancelled() -> Self {
        Self {
            order: OrderStatus::Cancelled,
            on_hand: u64::from(ON_HAND),
            reservation: Some(ReservationStatus::Released),
            payment: Some(PaymentStatus::Refunded),
            payment_is_live: false,
            money: price(0),
            shipment: Some(ShipmentStatus::Cancelled),
            dead_letters: Vec::new(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_is_all_done_or_the_order_stays_as_it_was() {
    let report = prove(&Cancellation).await;
    println!("{report}");
    assert!(report.completed > 0 && report.undone > 0 && report.crashed > 30, "{report}");
    assert_eq!(report.stuck, 6, "three steps can't be gone back from, each tried once and twice: {report}");
}

/// Shipping decides: the order is not touched by a cancellation that comes too late.
#[tokio::test(start_paused = true)]
async fn a_parcel_that_has_left_is_not_called_back() {
    not_called_back([], ShipmentStatus::PickedUp).await;
}

#[tokio::test(start_paused = true)]
async fn nor_is_one_that_was_called_off_on_its_way() {
    let lost = ShipmentCommand::Cancel { reason: "lost".to_owned() };
    not_called_back([lost], ShipmentStatus::Cancelled).await;
}

async fn not_called_back(then: impl IntoIterator<Item = ShipmentCommand>, status: ShipmentStatus) {
    let host = Arc::new(FlowingHost::new());
    let mut stores = BTreeMap::new();
    for service in Cancellation.services() {
        stores.insert(service, Cancellation.store(service, host.clone()).await);
    }
    let context = host.context();
    let id = shipment_of(order_id());
    let shipment = books::shipment(&stores["shipping"], order_id()).await;
    let (mut shipment, mut events) = (shipment, Vec::new());
    let leave = [ShipmentCommand::SchedulePickup { at: context.now() }, ShipmentCommand::PickUp];
    for command in leave.into_iter().chain(then) {
        for event in shipment.decide(command, &context).unwrap() {
            shipment.apply(&event);
            events.push(NewEvent::encode(&event).unwrap());
        }
    }
    let picked_up = Commit::new().append(StreamId::of::<Shipment>(&id), Expected::Version(1), events);
    stores["shipping"].commit(picked_up).await.unwrap();

    let bus = Cancellation.bus(&stores, host.clone()).await;
    let process = Process::new(host.clone(), stores.clone(), bus, Faults::default());
    let orchestrator = Cancellation.start(&process).await;
    let way = Claim::new("order-way", order_id().to_string());
    let commit = Commit::within(&context).claim(way);
    let mut scope = Scope::new(context, stores["order"].clone(), commit);
    Cancellation.begin(&orchestrator, &mut scope).await.unwrap();
    stores["order"].commit(scope.into_commit()).await.unwrap();
    let (name, id) = Cancellation.run();
    let instance = loop {
        let instance = orchestrator.instance(&Tenant::default(), name, &id).await.unwrap();
        if instance.status.is_final() {
            break instance;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    process.kill();
    assert_eq!(instance.failure.map(|failure| failure.code).as_deref(), Some("already_shipped"));
    let expected = Found { shipment: Some(status), ..Found::confirmed() };
    assert_eq!(Found::read(&stores).await, expected);
    let claimed = stores["order"].claimed(&Tenant::default(), "order-way", &id).await.unwrap();
    assert_eq!(claimed, None, "the order goes its way");
}
