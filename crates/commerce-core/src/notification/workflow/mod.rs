//! The work with notifications and templates, on a store.

mod compose;
mod deliver;
mod error;
mod memory;
mod page;
mod react;
mod send;
mod templates;
mod write;

use std::fmt;
use std::sync::Arc;

pub use compose::{Content, NewNotification, TemplateRef};
pub use deliver::{DeliveryReport, Due};
pub use error::Error;
pub use page::Page;
pub(super) use page::{Place, by_owner, by_user, page_of};
pub use react::ACQUAINTANCE;
pub use templates::TEMPLATE_NAMES;
pub use write::Prepared;

use super::{Notification, Renderer, Template};
use crate::host::Host;
use crate::id::CustomerId;
use crate::repository::Repository;
use crate::store::Store;

/// The collection of notifications as they are shown, written in the commits of their events.
const NOTIFICATIONS: &str = "notifications";
/// The collection of texts that are in no event: each is deleted once its notification is settled.
const CONFIDENTIAL: &str = "notification-confidential";
/// The collection of templates as they are shown, written in the commits of their events.
const TEMPLATES: &str = "notification-templates";

/// Whoever keeps the shop running: is told what no customer is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operations {
    /// Under which user the notifications are kept.
    pub user_id: CustomerId,
    /// Where they go.
    pub email: String,
}

/// Sends notifications, keeps templates, and reacts to the events of other services. Cheap to clone.
#[derive(Clone)]
pub struct Notifications {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    renderer: Arc<dyn Renderer>,
    notices: Repository<Notification>,
    templates: Repository<Template>,
    operations: Option<Operations>,
}

impl Notifications {
    /// In this store.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>, renderer: Arc<dyn Renderer>) -> Self {
        let (notices, templates) = (Repository::new(store.clone()), Repository::new(store.clone()));
        Self { store, host, renderer, notices, templates, operations: None }
    }

    /// Tells these what operations must know. Nobody, unless it is set.
    pub fn with_operations(mut self, operations: Operations) -> Self {
        self.operations = Some(operations);
        self
    }

    /// The store. Its [changes](Store::changes) are what a loop around [`deliver_due`](Self::deliver_due) waits for.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

impl fmt::Debug for Notifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifications").field("operations", &self.operations).finish_non_exhaustive()
    }
}
