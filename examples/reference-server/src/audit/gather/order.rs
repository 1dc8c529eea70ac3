use std::collections::HashMap;

use commerce_core::Aggregate;
use commerce_core::id::{OrderId, Tenant};
use commerce_core::order::{Order, OrderEvent, OrderLine, demand, subtotal};
use commerce_core::store::{Store, StoreError};
use commerce_core::stream::RecordedEvent;
use commerce_core::value::Money;

use crate::audit::facts::{Goods, OrderFacts, PlacedFacts, Shop, signed};
use crate::audit::read;
use crate::audit::report::Findings;

/// Orders, without their lines: what these ask for and come to is all that is needed.
pub(super) async fn log(
    store: &dyn Store,
    shop: &mut Shop,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut orders: HashMap<(Tenant, OrderId), Folded> = HashMap::new();
    let take = |event: &RecordedEvent, findings: &mut Findings| match event.stream.kind() {
        Order::KIND => {
            if let Some((id, changed)) = read::event::<Order>(event, findings) {
                orders.entry((event.tenant.clone(), id)).or_default().take_in(changed);
            }
        }
        _ => read::unknown_stream(event, findings),
    };
    read::log(store, "order", findings, take).await?;
    for ((tenant, id), order) in orders {
        shop.of(&tenant).orders.insert(id, order.into_facts());
    }
    Ok(())
}

/// An order on its way through the log.
#[derive(Default)]
struct Folded {
    order: Order,
    demand: Goods,
    subtotal: Option<Money>,
}

impl Folded {
    fn take_in(&mut self, mut event: OrderEvent) {
        match &mut event {
            OrderEvent::OrderPlaced { lines, currency, .. } => {
                let lines: Vec<OrderLine> =
                    std::mem::take(lines).into_iter().map(|line| line.priced_in(*currency)).collect();
                *self = Self { subtotal: subtotal(&lines, *currency).ok(), ..Self::default() };
                self.ask_for(&lines);
            }
            OrderEvent::OrderItemAdded { line, .. } => {
                let total = line.total().ok();
                self.subtotal = self.subtotal.zip(total).and_then(|(sum, added)| sum.checked_add(added).ok());
                self.ask_for(std::slice::from_ref(line));
            }
            _ => {}
        }
        self.order.apply(&event);
    }

    fn ask_for(&mut self, lines: &[OrderLine]) {
        for (product_id, quantity) in demand(lines) {
            self.demand.add(product_id, signed(quantity));
        }
    }

    fn into_facts(self) -> OrderFacts {
        let placed = self.order.placed().map(|order| PlacedFacts {
            status: order.status(),
            total: order.total(),
            payment_id: order.payment_id(),
            shipment_id: order.shipment_id(),
            says_why: order.failure().is_some_and(|failure| !failure.code.is_empty()),
        });
        OrderFacts { placed, demand: self.demand.shrunk(), subtotal: self.subtotal }
    }
}
