//! Who reads what from whom. It must say what [`Shop::consumers`](crate::shop::Shop::consumers) does; a message that
//! no route names is a breach, so that a route which is missing here shows.

use crate::messages::{INVENTORY, ORDER_REPLIES, PAYMENT, SHIPPING};

/// A consumer group, what it reads, and from whose outbox logs. The group bears the name of its service, whose store
/// keeps what it has handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The consumer group, and the service.
    pub group: &'static str,
    /// The topic it reads.
    pub topic: &'static str,
    /// The services whose outbox logs it reads.
    pub sources: &'static [&'static str],
}

/// Every consumer group.
pub const ROUTES: [Route; 4] = [
    Route { group: "order", topic: ORDER_REPLIES, sources: &["inventory", "payment", "shipping"] },
    Route { group: "inventory", topic: INVENTORY, sources: &["order"] },
    // It tells itself which refunds are to be paid out.
    Route { group: "payment", topic: PAYMENT, sources: &["order", "payment"] },
    Route { group: "shipping", topic: SHIPPING, sources: &["order"] },
];

/// The groups that read a topic of a service's outbox log.
pub fn readers(source: &str, topic: &str) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| route.topic == topic && route.sources.contains(&source))
}
