//! What a customer meets at the checkout, and after it.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/backend.rs"]
mod backend;
#[path = "support/books.rs"]
mod books;
#[path = "support/counter.rs"]
mod counter;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use backend::Backend;
use commerce_core::id::{OrderId, Tenant};
use commerce_core::inventory::reservation::{DEFAULT_DURATION, ReservationStatus};
use commerce_core::order::OrderStatus;
use commerce_core::payment::{
    Cancellation, CaptureRequest, Captured, ChargeState, FakeProvider, PaymentProvider, PaymentStatus,
    ProviderError, RefundRequest, Refunded,
};
use commerce_core::shipping::ShipmentStatus;
use commerce_core::testing::TestHost;
use commerce_core::value::Money;
use commerce_outbox::RetryPolicy;
use commerce_saga::testing::FlowingHost;
use commerce_saga::{Instance, SagaStatus};
use counter::{Counter, price, product, until};
use reference_server::sagas::place_order;
use reference_server::services::order::payment_of;
use reference_server::shop::{ShopOptions, Stores};
use tokio::sync::Notify;

/// Longer than any test: nothing that takes so long happens by itself.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Plays a scene in a shop on each kind of store.
async fn on_each<F: Future<Output = ()>>(options: ShopOptions, scene: impl Fn(Arc<Counter>) -> F) {
    for backend in Backend::all().await {
        let stores = backend.open(&options.host).await.unwrap();
        let counter = Arc::new(Counter::open(stores, &options));
        scene(counter.clone()).await;
        Arc::into_inner(counter).unwrap().close().await;
    }
}

/// The order has failed at this step with this code, and nothing of it is left.
#[track_caller]
fn assert_failed(instance: &Instance, step: &str, code: &str) {
    assert_eq!(instance.status, SagaStatus::Failed, "{}", instance.timeline());
    let failure = instance.failure.as_ref().unwrap();
    assert_eq!((&*failure.step, &*failure.code), (step, code), "{}", instance.timeline());
}

async fn assert_nothing_kept(counter: &Counter, order_id: OrderId, skus: &[(&str, u64)]) {
    let stores = counter.shop.stores();
    for (sku, on_hand) in skus {
        let item = books::stock(&stores.inventory, product(sku)).await;
        assert_eq!((item.on_hand(), item.reserved()), (*on_hand, 0), "{sku}");
    }
    assert!(books::money(&stores.payment).await.is_zero());
    assert!(!books::has_live_payment(&stores.payment, order_id).await);
    let shipment = books::shipment(&stores.shipping, order_id).await.status();
    assert!(shipment.is_none_or(|status| status == ShipmentStatus::Cancelled), "{shipment:?}");
    assert_no_dead_letters(stores).await;
}

async fn assert_no_dead_letters(stores: &Stores) {
    for (_, store) in stores.all() {
        let letters = books::dead_letters(store, Arc::new(TestHost::new())).await;
        assert!(letters.is_empty(), "{letters:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_succeeds_confirms_the_order() {
    on_each(ShopOptions::default(), |counter| async move {
        counter.stock("TEA", 10).await;
        counter.stock("POT", 4).await;
        // Two lines of one product are one demand.
        let (order_id, instance) = counter.buy("tok_visa", &[("TEA", 2), ("POT", 4), ("TEA", 1)]).await;
        assert_eq!(instance.status, SagaStatus::Completed, "{}", instance.timeline());
        let stores = counter.shop.stores();
        let order = books::order(&stores.order, order_id).await;
        assert_eq!((order.status(), order.total()), (OrderStatus::Confirmed, price(7)));
        assert_eq!(order.payment_id(), Some(payment_of(order_id)));
        for (sku, left, shipped) in [("TEA", 7, 3), ("POT", 0, 4)] {
            let item = books::stock(&stores.inventory, product(sku)).await;
            assert_eq!((item.on_hand(), item.reserved(), item.shipped_out()), (left, 0, shipped));
        }
        let reservation = books::reservation(&stores.inventory, order_id).await.unwrap();
        assert_eq!(reservation.status(), ReservationStatus::Confirmed);
        let payment = books::payment(&stores.payment, order_id).await;
        assert_eq!((payment.status(), payment.amount()), (Some(PaymentStatus::Succeeded), Some(price(7))));
        assert_eq!(books::money(&stores.payment).await, price(7));
        let shipment = books::shipment(&stores.shipping, order_id).await;
        assert_eq!(shipment.created().unwrap().order_id(), order_id);
        assert_eq!(shipment.status(), Some(ShipmentStatus::Pending));
        assert_no_dead_letters(stores).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_declined_fails_the_order_with_the_providers_code() {
    on_each(ShopOptions::default(), |counter| async move {
        counter.stock("TEA", 10).await;
        for (token, code) in
            [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")]
        {
            let (order_id, instance) = counter.buy(token, &[("TEA", 3)]).await;
            assert_failed(&instance, "capture-payment", code);
            assert_nothing_kept(&counter, order_id, &[("TEA", 10)]).await;
            let stores = counter.shop.stores();
            let order = books::order(&stores.order, order_id).await;
            let failure = order.failure().unwrap();
            assert_eq!(order.status(), OrderStatus::Failed);
            assert_eq!((&*failure.step, &*failure.code), ("capture-payment", code));
            assert!(failure.detail.contains("card"), "{failure:?}");
            let payment = books::payment(&stores.payment, order_id).await;
            assert_eq!(payment.status(), Some(PaymentStatus::Failed));
            let reservation = books::reservation(&stores.inventory, order_id).await.unwrap();
            assert_eq!(reservation.status(), ReservationStatus::Released);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flaky_payment_succeeds_at_the_third_try_and_is_captured_once() {
    let till = Arc::new(Till::default());
    let options = ShopOptions { provider: till.clone(), ..ShopOptions::default() };
    on_each(options, |counter| {
        let till = till.clone();
        async move {
            counter.stock("TEA", 10).await;
            let (order_id, instance) = counter.buy("tok_flaky", &[("TEA", 3)]).await;
            assert_eq!(instance.status, SagaStatus::Completed, "{}", instance.timeline());
            assert_eq!(instance.steps[1].action.as_ref().unwrap().attempts, 3);
            let attempts = till.attempts(order_id);
            assert_eq!(attempts.iter().max(), Some(&3));
            assert_eq!(
                attempts.iter().collect::<BTreeSet<_>>().len(),
                attempts.len(),
                "a key was used twice"
            );
            assert_eq!(till.holds(order_id), price(3));
            assert_eq!(books::money(&counter.shop.stores().payment).await, price(3));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_never_answered_fails_the_order_and_keeps_nothing() {
    let options = ShopOptions {
        step_timeout: Duration::from_secs(1),
        provider_timeout: Duration::from_millis(100),
        ..ShopOptions::default()
    };
    on_each(options, |counter| async move {
        counter.stock("TEA", 10).await;
        let (order_id, instance) = counter.buy("tok_timeout", &[("TEA", 3)]).await;
        assert_failed(&instance, "capture-payment", "timeout");
        assert_eq!(instance.steps[1].action.as_ref().unwrap().attempts, 3);
        assert_nothing_kept(&counter, order_id, &[("TEA", 10)]).await;
        let payment = books::payment(&counter.shop.stores().payment, order_id).await;
        assert_eq!(payment.status(), Some(PaymentStatus::Cancelled));
        let order = books::order(&counter.shop.stores().order, order_id).await;
        assert_eq!(order.failure().unwrap().code, "timeout");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_called_off_while_the_provider_is_silent_is_never_captured_later() {
    let till = Arc::new(Till::default());
    let options = ShopOptions {
        step_timeout: Duration::from_secs(1),
        provider_timeout: Duration::from_millis(100),
        provider: till.clone(),
        ..ShopOptions::default()
    };
    on_each(options, |counter| {
        let till = till.clone();
        async move {
            counter.stock("TEA", 10).await;
            till.is_slow.store(true, Ordering::SeqCst);
            let (order_id, instance) = counter.buy("tok_visa", &[("TEA", 3)]).await;
            assert_failed(&instance, "capture-payment", "timeout");
            assert_nothing_kept(&counter, order_id, &[("TEA", 10)]).await;
            let payment = books::payment(&counter.shop.stores().payment, order_id).await;
            assert_eq!(payment.status(), Some(PaymentStatus::Cancelled));
            // The provider gets to what it was asked for long ago.
            assert!(till.catch_up().await > 0, "the provider was never called");
            assert!(till.holds(order_id).is_zero(), "money was taken for a payment that was called off");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortage_fails_the_order_and_is_listed() {
    on_each(ShopOptions::default(), |counter| async move {
        counter.stock("TEA", 10).await;
        counter.stock("POT", 2).await;
        counter.stock("CUP", 0).await;
        let (order_id, instance) = counter.buy("tok_visa", &[("TEA", 3), ("POT", 5), ("CUP", 1)]).await;
        assert_failed(&instance, "reserve-stock", "insufficient_stock");
        assert_nothing_kept(&counter, order_id, &[("TEA", 10), ("POT", 2), ("CUP", 0)]).await;
        let stores = counter.shop.stores();
        let order = books::order(&stores.order, order_id).await;
        let failure = order.failure().unwrap();
        for sentence in ["5 of POT were asked for, but 2 are available", "1 of CUP were asked for, but 0"] {
            assert!(failure.detail.contains(sentence), "{failure:?}");
        }
        let reservation = books::reservation(&stores.inventory, order_id).await.unwrap();
        assert_eq!((reservation.status(), reservation.shortages().len()), (ReservationStatus::Rejected, 2));
        assert_eq!(books::payment(&stores.payment, order_id).await.status(), None);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_compensation_that_cant_succeed_is_stuck_until_an_operator_has_it_retried() {
    let till = Arc::new(Till::default());
    let options = ShopOptions {
        provider: till.clone(),
        host: Arc::new(FlowingHost::new()),
        giving_back: RetryPolicy::default(),
        ..ShopOptions::default()
    };
    let stores = Backend::memory().open(&options.host).await.unwrap();
    let counter = Counter::open(stores, &options);
    counter.stock("TEA", 10).await;
    // It takes the money, and then no one can reach it any more.
    till.is_down.store(true, Ordering::SeqCst);
    let (order_id, instance) = counter.buy("tok_visa", &[("TEA", 3)]).await;
    assert_eq!(instance.status, SagaStatus::Stuck, "{}", instance.timeline());

    let (stores, id) = (counter.shop.stores(), order_id.to_string());
    let orchestrator = counter.shop.orders.orchestrator();
    let stuck = orchestrator.instances(Some(SagaStatus::Stuck), 10).await.unwrap();
    assert_eq!(stuck.iter().map(|instance| &*instance.id).collect::<Vec<_>>(), [&*id]);
    let undo = stuck[0].steps[1].undo.as_ref().unwrap();
    assert_eq!((&*stuck[0].steps[1].name, undo.attempts), ("capture-payment", 8));
    assert_eq!(undo.error.as_ref().unwrap().0, "provider_unavailable");
    // Not undone, so not failed either; what comes before the payment is still kept.
    assert_eq!(books::order(&stores.order, order_id).await.status(), OrderStatus::PaymentInitiated);
    assert_eq!(books::stock(&stores.inventory, product("TEA")).await.reserved(), 3);
    assert_eq!(till.holds(order_id), price(3));

    till.is_down.store(false, Ordering::SeqCst);
    let tenant = Tenant::default();
    orchestrator.retry(&tenant, place_order::NAME, &id, "eve", "it is back").await.unwrap();
    let instance = counter.checked_out(order_id).await;
    assert_failed(&instance, "capture-payment", "timeout");
    assert_eq!((&*instance.notes[0].actor, &*instance.notes[0].action), ("eve", "retried"));
    assert_nothing_kept(&counter, order_id, &[("TEA", 10)]).await;
    assert_eq!(books::order(&stores.order, order_id).await.status(), OrderStatus::Failed);
    until("the provider gives the money back", || async { till.holds(order_id).is_zero() }).await;
    assert!(orchestrator.instances(Some(SagaStatus::Stuck), 10).await.unwrap().is_empty());
    counter.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_gives_the_money_back_and_restocks() {
    let till = Arc::new(Till::default());
    let options = ShopOptions { provider: till.clone(), ..ShopOptions::default() };
    on_each(options, |counter| {
        let till = till.clone();
        async move {
            counter.stock("TEA", 10).await;
            let (order_id, _) = counter.buy("tok_visa", &[("TEA", 3)]).await;
            let (_, instance) = counter.take_back(payment_of(order_id), "TEA", 2).await;
            assert_eq!(instance.status, SagaStatus::Completed, "{}", instance.timeline());
            let stores = counter.shop.stores();
            let item = books::stock(&stores.inventory, product("TEA")).await;
            assert_eq!((item.on_hand(), item.reserved()), (9, 0));
            assert!(item.conservation_holds());
            let payment = books::payment(&stores.payment, order_id).await;
            assert_eq!(payment.status(), Some(PaymentStatus::PartiallyRefunded));
            assert_eq!(payment.refunded_amount(), Some(price(2)));
            assert_eq!(books::money(&stores.payment).await, price(1));
            assert_eq!(books::order(&stores.order, order_id).await.status(), OrderStatus::Confirmed);
            until("the provider gives the money back", || async { till.holds(order_id) == price(1) }).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_beyond_what_was_paid_is_refused_and_its_restock_undone() {
    let till = Arc::new(Till::default());
    let options = ShopOptions { provider: till.clone(), ..ShopOptions::default() };
    on_each(options, |counter| {
        let till = till.clone();
        async move {
            counter.stock("TEA", 10).await;
            let (order_id, _) = counter.buy("tok_visa", &[("TEA", 3)]).await;
            let (_, first) = counter.take_back(payment_of(order_id), "TEA", 2).await;
            assert_eq!(first.status, SagaStatus::Completed, "{}", first.timeline());
            let (_, instance) = counter.take_back(payment_of(order_id), "TEA", 2).await;
            assert_failed(&instance, "refund", "refund_exceeds_remaining");
            let stores = counter.shop.stores();
            let item = books::stock(&stores.inventory, product("TEA")).await;
            assert_eq!((item.on_hand(), item.reserved()), (9, 0));
            assert!(item.conservation_holds());
            assert_eq!(books::money(&stores.payment).await, price(1));
            until("the provider gives the money back", || async { till.holds(order_id) == price(1) }).await;
            assert_no_dead_letters(stores).await;
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_reservation_expires_by_itself_and_an_order_that_comes_too_late_is_undone() {
    let (till, host) = (Arc::new(Till::default()), Arc::new(TestHost::new()));
    let options = ShopOptions {
        step_timeout: NEVER,
        provider_timeout: NEVER,
        expiry_grace: Duration::ZERO,
        provider: till.clone(),
        host: host.clone(),
        ..ShopOptions::default()
    };
    let stores = Backend::memory().open(&options.host).await.unwrap();
    let counter = Counter::open(stores, &options);
    let inventory = &counter.shop.stores().inventory;
    counter.stock("TEA", 3).await;
    till.keeps_the_next_waiting.store(true, Ordering::SeqCst);
    let late = counter.order("tok_visa", &[("TEA", 3)]).await;
    until("the payment is under way", || async { !till.attempts(late).is_empty() }).await;
    assert_eq!(books::stock(inventory, product("TEA")).await.available(), 0);

    host.advance(DEFAULT_DURATION - Duration::from_secs(1));
    counter.shop.inventory.expire_due().await.unwrap();
    assert_eq!(books::stock(inventory, product("TEA")).await.available(), 0);
    host.advance(Duration::from_secs(1));
    until("the reservation expires", || async {
        books::stock(inventory, product("TEA")).await.available() == 3
    })
    .await;
    let reservation = books::reservation(inventory, late).await.unwrap();
    assert_eq!(reservation.status(), ReservationStatus::Expired);

    let (_, instance) = counter.buy("tok_visa", &[("TEA", 3)]).await;
    assert_eq!(instance.status, SagaStatus::Completed, "{}", instance.timeline());
    till.go_on.notify_one();
    let instance = counter.checked_out(late).await;
    assert_failed(&instance, "confirm-reservation", "reservation_expired");
    let item = books::stock(inventory, product("TEA")).await;
    assert_eq!((item.on_hand(), item.reserved(), item.shipped_out()), (0, 0, 3));
    let stores = counter.shop.stores();
    assert_eq!(books::order(&stores.order, late).await.status(), OrderStatus::Failed);
    assert_eq!(books::payment(&stores.payment, late).await.status(), Some(PaymentStatus::Refunded));
    let shipment = books::shipment(&stores.shipping, late).await.status();
    assert_eq!(shipment, Some(ShipmentStatus::Cancelled));
    // What is left is the other buyer's.
    assert_eq!(books::money(&stores.payment).await, price(3));
    until("the provider gives the money back", || async { till.holds(late).is_zero() }).await;
    counter.close().await;
}

/// The process dies after the provider has taken the money, before it is noted.
async fn dies_after_the_capture(backend: Backend) {
    let (till, host) = (Arc::new(Till::default()), Arc::new(FlowingHost::new()));
    let options = ShopOptions {
        step_timeout: NEVER,
        provider_timeout: NEVER,
        expiry_grace: Duration::ZERO,
        provider: till.clone(),
        host: host.clone(),
        ..ShopOptions::default()
    };
    let counter = Counter::open(backend.open(&options.host).await.unwrap(), &options);
    counter.stock("TEA", 10).await;
    till.keeps_the_next_waiting.store(true, Ordering::SeqCst);
    let order_id = counter.order("tok_visa", &[("TEA", 3)]).await;
    until("the payment is under way", || async { !till.attempts(order_id).is_empty() }).await;
    let stores = counter.crash().await;
    let payment = books::payment(&stores.payment, order_id).await;
    assert_eq!(payment.status(), Some(PaymentStatus::Processing));
    assert_eq!(till.finds(order_id), 0);

    // The leases of the dead end.
    host.advance(Duration::from_secs(60));
    drop(stores);
    let opened = Mutex::new(None);
    until("the stores are free", || async {
        let stores = backend.open(&options.host).await;
        *opened.lock().unwrap() = stores;
        opened.lock().unwrap().is_some()
    })
    .await;
    let counter = Counter::open(opened.into_inner().unwrap().unwrap(), &options);
    let instance = counter.checked_out(order_id).await;
    assert_eq!(instance.status, SagaStatus::Completed, "{}", instance.timeline());
    assert_eq!(till.attempts(order_id), [1], "the provider was called anew");
    assert!(till.finds(order_id) > 0, "the provider was not asked");
    assert_eq!(books::money(&counter.shop.stores().payment).await, price(3));
    let order = books::order(&counter.shop.stores().order, order_id).await;
    assert_eq!(order.status(), OrderStatus::Confirmed);
    counter.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_between_its_commits_the_provider_is_asked_not_called_anew() {
    for backend in Backend::all().await {
        dies_after_the_capture(backend).await;
    }
}

/// A provider that keeps money, by the rules of the fake one's tokens, and that can be out of reach.
#[derive(Default)]
struct Till {
    /// It does what it is asked for, and no one hears of it.
    is_down: AtomicBool,
    /// It takes the next payment, and says so once it may [`go_on`](Self::go_on).
    keeps_the_next_waiting: AtomicBool,
    go_on: Notify,
    /// What it is asked to take waits until it [catches up](Self::catch_up), also when no one waits for it any more.
    is_slow: AtomicBool,
    waiting: Mutex<Vec<CaptureRequest>>,
    accounts: Mutex<BTreeMap<String, Account>>,
}

/// What happened to one payment.
#[derive(Default)]
struct Account {
    attempts: Vec<u32>,
    finds: usize,
    captured: BTreeMap<String, Money>,
    refunded: BTreeMap<String, Money>,
    external: BTreeSet<String>,
    cancelled: BTreeSet<String>,
}

impl Till {
    fn with<T>(&self, order_id: OrderId, look: impl FnOnce(&mut Account) -> T) -> T {
        look(self.accounts.lock().unwrap().entry(payment_of(order_id).to_string()).or_default())
    }

    /// The attempts at which it was called to take money.
    fn attempts(&self, order_id: OrderId) -> Vec<u32> {
        self.with(order_id, |account| account.attempts.clone())
    }

    /// How often it was asked what became of a charge.
    fn finds(&self, order_id: OrderId) -> usize {
        self.with(order_id, |account| account.finds)
    }

    /// What it took less what it gave back.
    fn holds(&self, order_id: OrderId) -> Money {
        self.with(order_id, |account| {
            let sum = |amounts: &BTreeMap<String, Money>| {
                Money::sum(amounts.values().copied(), price(1).currency()).unwrap()
            };
            sum(&account.captured).checked_sub(sum(&account.refunded)).unwrap()
        })
    }
}

impl Till {
    /// Does what it was slow to do, and says how much that was.
    async fn catch_up(&self) -> usize {
        self.is_slow.store(false, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap());
        for request in &waiting {
            let _ = self.take(request).await;
        }
        waiting.len()
    }

    async fn take(&self, request: &CaptureRequest) -> Result<Captured, ProviderError> {
        let answer = FakeProvider.capture(request).await;
        let mut accounts = self.accounts.lock().unwrap();
        let account = accounts.entry(request.payment_id.to_string()).or_default();
        account.attempts.push(request.attempt);
        // A key that was called off never takes money.
        if account.cancelled.contains(request.key.as_str()) {
            return Err(ProviderError::Declined {
                code: "cancelled".into(),
                reason: "it was called off".into(),
            });
        }
        if let Ok(captured) = &answer {
            account.captured.insert(request.key.as_str().to_owned(), request.amount);
            account.external.insert(captured.external_payment_id.as_str().to_owned());
        }
        answer
    }
}

#[async_trait]
impl PaymentProvider for Till {
    async fn capture(&self, request: &CaptureRequest) -> Result<Captured, ProviderError> {
        if self.is_slow.load(Ordering::SeqCst) {
            self.waiting.lock().unwrap().push(request.clone());
            return std::future::pending().await;
        }
        let answer = self.take(request).await;
        if self.keeps_the_next_waiting.swap(false, Ordering::SeqCst) {
            self.go_on.notified().await;
        }
        if self.is_down.load(Ordering::SeqCst) {
            return Err(ProviderError::Unknown { reason: "the line is dead".to_owned() });
        }
        answer
    }

    async fn find(&self, request: &CaptureRequest) -> Result<Option<ChargeState>, ProviderError> {
        let known = {
            let mut accounts = self.accounts.lock().unwrap();
            let account = accounts.entry(request.payment_id.to_string()).or_default();
            account.finds += 1;
            account.attempts.contains(&request.attempt)
        };
        if self.is_down.load(Ordering::SeqCst) {
            return Err(ProviderError::Unknown { reason: "the line is dead".to_owned() });
        }
        if known { FakeProvider.find(request).await } else { Ok(None) }
    }

    async fn cancel(&self, request: &CaptureRequest) -> Result<Cancellation, ProviderError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(ProviderError::Unknown { reason: "the line is dead".to_owned() });
        }
        let is_captured = {
            let mut accounts = self.accounts.lock().unwrap();
            let account = accounts.entry(request.payment_id.to_string()).or_default();
            let is_captured = account.captured.contains_key(request.key.as_str());
            if !is_captured {
                account.cancelled.insert(request.key.as_str().to_owned());
            }
            is_captured
        };
        if is_captured { FakeProvider.cancel(request).await } else { Ok(Cancellation::Cancelled) }
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, ProviderError> {
        let mut accounts = self.accounts.lock().unwrap();
        let charge = request.external_payment_id.as_str();
        let account = accounts.values_mut().find(|account| account.external.contains(charge));
        let Some(account) = account else { panic!("a refund of money that was never taken") };
        account.refunded.insert(request.key.as_str().to_owned(), request.amount);
        Ok(Refunded { external_refund_id: format!("refund of {charge}") })
    }
}
