//! A channel that keeps what it is given, to be read in the console.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::workflow::{Page, by_user, page_of};
use super::{Channel, ChannelKind, Delivery, DeliveryError, Error, Priority, Receipt};
use crate::commit::{Commit, DocumentWrite, Expected};
use crate::id::{CustomerId, NotificationId, Tenant};
use crate::store::Store;
use crate::time::Timestamp;

const COLLECTION: &str = "mailbox";

/// Keeps notifications in a store, where their reader finds them: delivered as soon as they are written.
#[derive(Clone)]
pub struct Mailbox {
    store: Arc<dyn Store>,
}

/// A notification in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxMessage {
    /// Which notification.
    pub notification_id: NotificationId,
    /// Whom it is for.
    pub user_id: CustomerId,
    /// By what way it was to go.
    pub channel: ChannelKind,
    /// Where to.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// How urgent it is.
    pub priority: Priority,
    /// When it was put here.
    pub received_at: Timestamp,
}

impl Mailbox {
    /// In this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// A user's messages, the newest first; `cursor` is the last page's.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the cursor is none of ours; otherwise what the store said.
    pub async fn messages(
        &self,
        tenant: &Tenant,
        user: CustomerId,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<MailboxMessage>, Error> {
        page_of(self.store.as_ref(), tenant, COLLECTION, user, limit, cursor, |message: &MailboxMessage| {
            (message.received_at, message.notification_id)
        })
        .await
    }
}

#[async_trait]
impl Channel for Mailbox {
    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, DeliveryError> {
        let message = MailboxMessage {
            notification_id: delivery.notification_id,
            user_id: delivery.user_id,
            channel: delivery.channel,
            recipient: delivery.recipient.clone(),
            subject: delivery.subject.clone(),
            body: delivery.body.clone(),
            priority: delivery.priority,
            received_at: delivery.at,
        };
        let id = delivery.notification_id.to_string();
        let write = DocumentWrite::json(COLLECTION, id, Expected::Any, &message)
            .map_err(|error| DeliveryError::terminal("mailbox_refused", error.to_string()))?
            .field("by_user", by_user(delivery.user_id, delivery.at, delivery.notification_id));
        let commit = Commit { tenant: delivery.tenant.clone(), ..Commit::new() }.document(write);
        self.store
            .commit(commit)
            .await
            .map_err(|error| DeliveryError::retryable("mailbox_unavailable", error.to_string()))?;
        Ok(Receipt { reference: None, delivered: true })
    }
}
