//! What is asked from outside: send, read, mark, cancel.

use super::{Error, NOTIFICATIONS, NewNotification, Notifications, Page, Place, Prepared, page_of};
use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::{CustomerId, NotificationId, Tenant};
use crate::notification::{Notification, NotificationCommand, NotificationRejection, NotificationView};
use crate::value::Violation;

impl Notifications {
    /// Makes a notification, to be sent at once or at its moment. Its id is the context's first.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong, variables that are missing among it.
    pub async fn send(&self, context: &Context, new: NewNotification) -> Result<NotificationView, Error> {
        let (id, create) = self.creation(context, new, Vec::new()).await?;
        self.execute(id, create, context).await
    }

    /// The same for a commit that the caller makes and may add to. `faults` are what is known to be wrong with the
    /// request already.
    ///
    /// # Errors
    /// As [`send`](Self::send); the caller's faults come first.
    pub async fn prepare_send(
        &self,
        context: &Context,
        new: NewNotification,
        faults: Vec<Violation>,
    ) -> Result<Prepared<NotificationView>, Error> {
        let (id, create) = self.creation(context, new, faults).await?;
        self.prepare(context, id, create).await
    }

    async fn creation(
        &self,
        context: &Context,
        new: NewNotification,
        mut faults: Vec<Violation>,
    ) -> Result<(NotificationId, NotificationCommand), Error> {
        let id = NotificationId(context.new_id(0));
        let (draft, more) = self.draft(context.tenant(), new).await?;
        faults.extend(more);
        let create = NotificationCommand::Create(Box::new(draft));
        if faults.is_empty() {
            return Ok((id, create));
        }
        if let Err(NotificationRejection::Invalid(more)) = Notification::default().decide(create, context) {
            faults.extend(more);
        }
        Err(Error::Invalid(faults))
    }

    /// A notification as it is.
    ///
    /// # Errors
    /// [`NotificationRejection::NotFound`]; otherwise what the store said.
    pub async fn get(&self, tenant: &Tenant, id: NotificationId) -> Result<NotificationView, Error> {
        let loaded = self.notices.load(tenant, &id).await?;
        let view = loaded.state.view(id, loaded.version);
        view.ok_or(Error::Notification(NotificationRejection::NotFound))
    }

    /// A user's notifications, the newest first; `cursor` is the last page's.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the cursor is none of ours; otherwise what the store said.
    pub async fn for_user(
        &self,
        tenant: &Tenant,
        user: CustomerId,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<NotificationView>, Error> {
        let of = Place { collection: NOTIFICATIONS, field: "by_user", owner: user.to_string() };
        page_of(self.store.as_ref(), tenant, of, limit, cursor, |view: &NotificationView| {
            (view.created_at, view.id)
        })
        .await
    }

    /// It was sent by other means.
    ///
    /// # Errors
    /// The notification's rejection; otherwise what the store said.
    pub async fn mark_sent(&self, context: &Context, id: NotificationId) -> Result<NotificationView, Error> {
        self.execute(id, NotificationCommand::MarkSent, context).await
    }

    /// The person has it.
    ///
    /// # Errors
    /// The notification's rejection; otherwise what the store said.
    pub async fn mark_delivered(
        &self,
        context: &Context,
        id: NotificationId,
    ) -> Result<NotificationView, Error> {
        self.execute(id, NotificationCommand::MarkDelivered, context).await
    }

    /// It is not to be sent.
    ///
    /// # Errors
    /// The notification's rejection; otherwise what the store said.
    pub async fn cancel(&self, context: &Context, id: NotificationId) -> Result<NotificationView, Error> {
        self.execute(id, NotificationCommand::Cancel, context).await
    }
}
