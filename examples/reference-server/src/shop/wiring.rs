//! Who reads what from whom: for the services, for retention, and for the audit.

use crate::messages::{
    CATALOG_EVENTS, IDENTITY_EVENTS, IDENTITY_SECRETS, INVENTORY, INVENTORY_EVENTS, ORDER_EVENTS,
    ORDER_REPLIES, PAYMENT, PAYMENT_EVENTS, SHIPPING, SHIPPING_EVENTS,
};

/// A consumer group, what it reads, and from whose outbox logs. The group bears the name of its service, whose store
/// keeps what it has handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The consumer group, and the service.
    pub group: &'static str,
    /// The topics it reads.
    pub topics: &'static [&'static str],
    /// The services whose outbox logs it reads.
    pub sources: &'static [&'static str],
}

impl Route {
    /// Whether it reads nothing but what services tell of their events, and what follows from them.
    pub(crate) fn follows_events(&self) -> bool {
        matches!(self.group, "notification" | "analytics")
    }
}

/// Every consumer group.
pub const ROUTES: [Route; 6] = [
    Route {
        group: "order",
        topics: &[ORDER_REPLIES, CATALOG_EVENTS, SHIPPING_EVENTS],
        sources: &["inventory", "payment", "shipping", "catalog"],
    },
    Route { group: "inventory", topics: &[INVENTORY], sources: &["order"] },
    // It tells itself which refunds are to be paid out.
    Route { group: "payment", topics: &[PAYMENT, ORDER_EVENTS], sources: &["order", "payment"] },
    Route { group: "shipping", topics: &[SHIPPING, ORDER_EVENTS], sources: &["order"] },
    Route {
        group: "notification",
        topics: &[
            IDENTITY_SECRETS,
            IDENTITY_EVENTS,
            ORDER_EVENTS,
            PAYMENT_EVENTS,
            SHIPPING_EVENTS,
            INVENTORY_EVENTS,
        ],
        sources: &["identity", "order", "payment", "shipping", "inventory"],
    },
    Route {
        group: "analytics",
        topics: &[CATALOG_EVENTS, ORDER_EVENTS, PAYMENT_EVENTS, SHIPPING_EVENTS],
        sources: &["catalog", "order", "payment", "shipping"],
    },
];

/// The groups that read a service's outbox log.
pub fn readers(source: &str) -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(move |route| route.sources.contains(&source))
}

/// Whether a service does nothing but follow: no other service waits for what it has yet to take in.
pub fn is_follower(service: &str) -> bool {
    ROUTES.iter().any(|route| route.group == service && route.follows_events())
}

/// What each service tells the others of its events.
pub const PUBLICATIONS: [(&str, &str); 6] = [
    ("catalog", CATALOG_EVENTS),
    ("identity", IDENTITY_EVENTS),
    ("inventory", INVENTORY_EVENTS),
    ("order", ORDER_EVENTS),
    ("payment", PAYMENT_EVENTS),
    ("shipping", SHIPPING_EVENTS),
];
