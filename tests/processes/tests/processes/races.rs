//! Two processes that want the same thing at the same moment: one gets it.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::id::{OrderId, PaymentId, ProductId, Tenant};
use commerce_core::inventory::StockItem;
use commerce_core::payment::{ExternalPaymentId, Payment, PaymentCommand, PaymentMethod, PaymentToken};
use commerce_core::repository::Repository;
use commerce_core::value::{Currency, Money, Sku};
use commerce_outbox::SystemHost;
use commerce_processes::race::{REMAINDER, SERVICES, effects_of};
use commerce_processes::stores;
use commerce_test_postgres::TestDatabase;
use reference_server::services::inventory::{Inventory, OpeningStock};

use crate::worker::Worker;

const ROUNDS: u32 = 60;
/// So long before both begin they are told of it.
const NOTICE: Duration = Duration::from_millis(5);

struct Race {
    home: TestDatabase,
    racers: [Worker; 2],
    won: [u32; 2],
}

impl Race {
    async fn new() -> Self {
        let home = commerce_test_postgres::database().await;
        stores::migrate(home.url(), &SERVICES).await;
        let start = async || Worker::ready(&["racer", home.url()]).await;
        let racers = [start().await, start().await];
        Self { home, racers, won: [0, 0] }
    }

    /// Both want it at the same moment: one wins.
    async fn run(&mut self, what: &str, id: impl std::fmt::Display) {
        let moment = SystemHost.now().plus(NOTICE).as_micros();
        for racer in &mut self.racers {
            racer.tell(&format!("{what} {id} {moment}"));
        }
        let mut said = Vec::new();
        for racer in &mut self.racers {
            said.push(racer.hear().await);
        }
        match said.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["won", "lost"] => self.won[0] += 1,
            ["lost", "won"] => self.won[1] += 1,
            _ => panic!("{what} {id}: {said:?}"),
        }
    }
}

/// One product, that each racer knows from the rounds before: what it remembers is out of date each time.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_piece_of_stock_goes_to_one_order() {
    let mut race = Race::new().await;
    let [store, ..] = stores::open(race.home.url(), SERVICES).await;
    let inventory = Inventory::new(store.clone(), Arc::new(SystemHost));
    let product = SystemHost.new_id();
    let goods = OpeningStock {
        product_id: ProductId(product),
        sku: Sku::parse("MUG").unwrap(),
        name: "mug".to_owned(),
        quantity: 1,
    };
    for round in 0..ROUNDS {
        inventory.open_stock(&round.to_string(), &goods).await.unwrap();
        race.run("stock", product).await;
    }
    println!("stock: {:?}", race.won);
    let items = Repository::<StockItem>::new(store);
    let item = items.load(&Tenant::default(), &ProductId(product)).await.unwrap().state;
    assert_eq!((item.available(), item.reserved()), (0, u64::from(ROUNDS)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_remainder_of_a_payment_is_refunded_once() {
    let mut race = Race::new().await;
    let [_, store, _] = stores::open(race.home.url(), SERVICES).await;
    let payments = Repository::<Payment>::new(store);
    for _ in 0..ROUNDS {
        let id = PaymentId(SystemHost.new_id());
        for command in so_far(id) {
            payments.execute(&id, command, &SystemHost.context()).await.unwrap();
        }
        race.run("refund", id.0).await;
        let payment = payments.load(&Tenant::default(), &id).await.unwrap().state;
        assert_eq!(payment.refundable_amount(), Some(gbp(0)));
    }
    println!("refunds: {:?}", race.won);
}

/// A payment of which a part was given back.
fn so_far(id: PaymentId) -> [PaymentCommand; 4] {
    let order_id = OrderId(SystemHost.new_id());
    let refund_id = SystemHost.new_id();
    let external_payment_id = ExternalPaymentId::parse("pi_1").unwrap();
    let (amount, part) = (gbp(REMAINDER + 3_000), gbp(3_000));
    [
        PaymentCommand::Create {
            payment_id: id,
            order_id,
            customer_id: None,
            amount,
            method: PaymentMethod::CreditCard,
        },
        PaymentCommand::StartProcessing { attempt: 1, token: PaymentToken::parse("tok_visa").unwrap() },
        PaymentCommand::Succeed { external_payment_id },
        PaymentCommand::Refund { refund_id, amount: part, reason: "a scratch".to_owned() },
    ]
}

fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_one_key_has_one_effect_and_the_loser_gets_its_answer() {
    let mut race = Race::new().await;
    let [_, _, store] = stores::open(race.home.url(), SERVICES).await;
    for round in 0..ROUNDS {
        let key = format!("key-{round}");
        race.run("request", &key).await;
        let effects = store.read_stream(&Tenant::default(), &effects_of(&key), 0, 10).await.unwrap();
        assert_eq!(effects.len(), 1, "{key}");
    }
    println!("requests: {:?}", race.won);
}
