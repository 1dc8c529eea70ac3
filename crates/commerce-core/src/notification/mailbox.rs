//! A channel that keeps what it is given, to be read in the console.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::workflow::{Page, Place, by_owner, by_user, page_of};
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
        self.page(tenant, "by_user", user.to_string(), limit, cursor).await
    }

    /// What was mailed to an address, in any case of letters, the newest first; `cursor` is the last page's.
    ///
    /// # Errors
    /// As [`messages`](Self::messages).
    pub async fn mailed_to(
        &self,
        tenant: &Tenant,
        address: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<MailboxMessage>, Error> {
        self.page(tenant, "by_address", address.trim().to_lowercase(), limit, cursor).await
    }

    async fn page(
        &self,
        tenant: &Tenant,
        field: &'static str,
        owner: String,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<MailboxMessage>, Error> {
        let of = Place { collection: COLLECTION, field, owner };
        page_of(self.store.as_ref(), tenant, of, limit, cursor, |message: &MailboxMessage| {
            (message.received_at, message.notification_id)
        })
        .await
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").finish_non_exhaustive()
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
        let mut write = DocumentWrite::json(COLLECTION, id, Expected::Any, &message)
            .map_err(|error| DeliveryError::terminal("mailbox_refused", error.to_string()))?
            .field("by_user", by_user(delivery.user_id, delivery.at, delivery.notification_id));
        // Other recipients may be longer than what an index takes.
        if delivery.channel == ChannelKind::Email {
            let address = delivery.recipient.to_lowercase();
            write = write.field("by_address", by_owner(&address, delivery.at, delivery.notification_id));
        }
        let commit = Commit { tenant: delivery.tenant.clone(), ..Commit::new() }.document(write);
        self.store
            .commit(commit)
            .await
            .map_err(|error| DeliveryError::retryable("mailbox_unavailable", error.to_string()))?;
        Ok(Receipt { reference: None, delivered: true })
    }
}
