//! Every endpoint, in process: right and wrong, on SQLite and on PostgreSQL.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/backend.rs"]
mod backend;
mod support;

mod analytics;
mod buying;
mod catalog_categories;
mod notification_reactions;
mod notifications;
mod templates;

/// Makes each test run on every backend.
macro_rules! on_every_backend {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::support::App::on(crate::backend::Backend::sqlite()).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::support::App::on(crate::backend::Backend::postgres().await).await).await;
            })*
        }
    };
}
pub(crate) use on_every_backend;
