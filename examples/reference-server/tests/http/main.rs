//! Every endpoint, in process: right and wrong, on SQLite and on PostgreSQL.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/backend.rs"]
mod backend;
#[path = "../support/books.rs"]
mod books;
mod support;

mod analytics;
mod buying;
mod catalog_categories;
mod catalog_parts;
mod catalog_products;
mod catalog_search;
mod catalog_tree;
mod catalog_views;
mod identity_accounts;
mod identity_tokens;
mod identity_users;
mod importing;
mod inventory_items;
mod inventory_reservations;
mod newer_events;
mod notification_reactions;
mod notifications;
mod order_cancelling;
mod order_checkouts;
mod order_parcels;
mod order_placing;
mod order_turned_back;
mod paging;
mod payment_actions;
mod payment_amounts;
mod payment_by_hand;
mod payment_checkouts;
mod payment_orders;
mod payment_stripe;
mod payment_support;
mod payment_webhooks;
mod payments;
mod people;
mod queries;
mod readiness;
mod rebuilding;
mod shipment_orders;
mod shipments;
mod shopping;
#[allow(dead_code, unreachable_pub)] // a part of it is used here
#[path = "../../../../crates/commerce-adapters/tests/stripe/server.rs"]
mod stripe_server;
mod templates;

/// Makes each test run on every backend.
macro_rules! on_every_backend {
    ($($name:ident),* $(,)?) => {
        $crate::on_every_backend!(on: $($name),*);
    };
    ($open:ident: $($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::support::App::$open(crate::backend::Backend::sqlite()).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::support::App::$open(crate::backend::Backend::postgres().await).await).await;
            })*
        }
    };
}
pub(crate) use on_every_backend;
