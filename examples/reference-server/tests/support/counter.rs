//! A shop whose services run, and what is bought there.
#![allow(dead_code)] // each test uses a part of it

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::id::{CustomerId, OrderId, PaymentId, ProductId, Tenant};
use commerce_core::order::OrderLine;
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::value::{Address, Country, Currency, Money, Quantity, Sku};
use commerce_outbox::BusError;
use commerce_saga::{Instance, SagaStatus};
use reference_server::import::ids::product_id;
use reference_server::sagas::{place_order, return_goods};
use reference_server::services::inventory::OpeningStock;
use reference_server::services::order::{Begun, ImportedOrder, Return};
use reference_server::shop::{Shop, ShopOptions, Stores};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What each piece of anything costs, in pence.
pub(crate) const UNIT_PRICE: i64 = 250;
/// A checkout that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// A shop whose services run.
pub(crate) struct Counter {
    pub(crate) shop: Arc<Shop>,
    host: Arc<dyn Host>,
    shutdown: CancellationToken,
    services: JoinHandle<Result<(), BusError>>,
}

/// A product whose stock-keeping unit is this.
pub(crate) fn product(sku: &str) -> ProductId {
    product_id(&Sku::parse(sku).unwrap())
}

/// So many pieces' price.
pub(crate) fn price(pieces: u32) -> Money {
    Money::from_minor(UNIT_PRICE * i64::from(pieces), Currency::GBP)
}

impl Counter {
    pub(crate) fn open(stores: Stores, options: &ShopOptions) -> Self {
        let shop = Arc::new(Shop::new(stores, options).unwrap());
        let shutdown = CancellationToken::new();
        let services = tokio::spawn({
            let (shop, shutdown) = (shop.clone(), shutdown.clone());
            async move { shop.run(shutdown).await }
        });
        Self { shop, host: options.host.clone(), shutdown, services }
    }

    /// Stops in good order.
    pub(crate) async fn close(self) {
        self.shutdown.cancel();
        self.services.await.unwrap().unwrap();
    }

    /// Stops as a crash does: whatever is under way is dropped where it is.
    pub(crate) async fn crash(self) -> Stores {
        self.services.abort();
        assert!(self.services.await.unwrap_err().is_cancelled());
        self.shop.stores().clone()
    }

    pub(crate) async fn stock(&self, sku: &str, quantity: u32) {
        let sku = Sku::parse(sku).unwrap();
        let goods = OpeningStock { product_id: product_id(&sku), name: sku.to_string(), sku, quantity };
        self.shop.inventory.open_stock("opening", &goods).await.unwrap();
    }

    /// Places an order of so many pieces of each, paid with this token.
    pub(crate) async fn order(&self, token: &str, lines: &[(&str, u32)]) -> OrderId {
        let order_id = OrderId(self.host.new_id());
        let line = |(sku, quantity): &(&str, u32)| OrderLine {
            product_id: product(sku),
            sku: Sku::parse(sku).unwrap(),
            name: (*sku).to_owned(),
            unit_price: price(1),
            quantity: Quantity::new(*quantity).unwrap(),
        };
        let order = ImportedOrder {
            order_id,
            customer_id: CustomerId(self.host.new_id()),
            lines: lines.iter().map(line).collect(),
            shipping_address: Address {
                recipient: "A. Buyer".to_owned(),
                line1: "1 High Street".to_owned(),
                line2: None,
                city: "Ryde".to_owned(),
                state: None,
                postal_code: "PO33 1AA".to_owned(),
                country: Country::parse("GB").unwrap(),
            },
            currency: Currency::GBP,
            method: PaymentMethod::CreditCard,
            token: PaymentToken::parse(token).unwrap(),
        };
        assert_eq!(self.shop.orders.place_imported(order).await.unwrap(), Begun::Now);
        order_id
    }

    /// Until the order's checkout has ended, or is stuck.
    pub(crate) async fn checked_out(&self, order_id: OrderId) -> Instance {
        self.ended(place_order::NAME, &order_id.to_string()).await
    }

    /// Orders and sees the checkout through.
    pub(crate) async fn buy(&self, token: &str, lines: &[(&str, u32)]) -> (OrderId, Instance) {
        let order_id = self.order(token, lines).await;
        (order_id, self.checked_out(order_id).await)
    }

    /// Takes pieces back and sees it through.
    pub(crate) async fn take_back(
        &self,
        payment_id: PaymentId,
        sku: &str,
        quantity: u32,
    ) -> (Uuid, Instance) {
        let return_id = self.host.new_id();
        let goods = Return {
            return_id,
            payment_id,
            product_id: product(sku),
            quantity,
            amount: price(quantity),
            reason: "it does not fit".to_owned(),
        };
        assert_eq!(self.shop.orders.take_back(goods).await.unwrap(), Begun::Now);
        (return_id, self.ended(return_goods::NAME, &return_id.to_string()).await)
    }

    async fn ended(&self, saga: &str, id: &str) -> Instance {
        let orchestrator = self.shop.orders.orchestrator();
        let mut ended = orchestrator.ended();
        let end = async {
            loop {
                let instance = orchestrator.instance(&Tenant::default(), saga, id).await.unwrap();
                if instance.status.is_final() || instance.status == SagaStatus::Stuck {
                    return instance;
                }
                loop {
                    match ended.recv().await {
                        Ok(finished) if finished.id != id => {}
                        Ok(_) | Err(RecvError::Lagged(_)) => break,
                        Err(RecvError::Closed) => panic!("the services have ended"),
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, end).await.unwrap()
    }
}

/// Looks until something is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, look: impl Fn() -> F) {
    let looks = async {
        while !look().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, looks).await.is_ok(), "never: {what}");
}
