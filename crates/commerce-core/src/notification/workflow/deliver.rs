//! Delivering what is due.

use std::collections::HashSet;

use futures_util::StreamExt;
use futures_util::stream;

use super::write::{shown, with_notice};
use super::{CONFIDENTIAL, Error, NOTIFICATIONS, Notifications};
use crate::commit::{Commit, CommitError};
use crate::context::Context;
use crate::id::{NotificationId, Tenant};
use crate::notification::{
    ChannelKind, Channels, Delivery, DeliveryError, NotificationCommand, NotificationRejection,
    NotificationStatus, NotificationView, Priority, Receipt,
};
use crate::repository;
use crate::store::{Document, Query, StoreError};
use crate::time::Timestamp;

/// So many channels are called at once: a slow one doesn't hold up all the others.
const AT_ONCE: usize = 8;

/// A notification whose moment has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: NotificationId,
    /// By what way it goes.
    pub channel: ChannelKind,
    /// How urgent it is.
    pub priority: Priority,
}

/// What [`Notifications::deliver_due`] did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct DeliveryReport {
    /// The channel has taken so many.
    pub sent: usize,
    /// So many are tried again later.
    pub retried: usize,
    /// So many are given up.
    pub failed: usize,
    /// Of so many another has taken care.
    pub passed_over: usize,
    /// What went wrong with the store, or with what it holds, by notification. They are due again after
    /// [`HOLD`](crate::notification::HOLD) at the latest.
    pub broken: Vec<(NotificationId, Error)>,
}

impl Notifications {
    /// Those that are pending and due, of every tenant, `limit` at most: the longest due are looked at, the most
    /// urgent of them come first.
    ///
    /// # Errors
    /// What the store said.
    pub async fn due(&self, limit: usize) -> Result<Vec<Due>, StoreError> {
        Ok(most_urgent_first(self.due_by("due_at", limit).await?))
    }

    /// Those of [`due`](Self::due) that go by this channel, however many wait for another one.
    ///
    /// # Errors
    /// What the store said.
    pub async fn due_on(&self, channel: ChannelKind, limit: usize) -> Result<Vec<Due>, StoreError> {
        let mut due = self.due_by(due_at_of(channel), limit).await?;
        if due.len() < limit {
            // What an older program has written is found by its moment alone.
            let others = self.due_by("due_at", limit).await?;
            let known: HashSet<_> = due.iter().map(|due| due.id).collect();
            due.extend(others.into_iter().filter(|due| due.channel == channel && !known.contains(&due.id)));
            due.truncate(limit);
        }
        Ok(most_urgent_first(due))
    }

    async fn due_by(&self, field: &'static str, limit: usize) -> Result<Vec<Due>, StoreError> {
        let query =
            Query::all_tenants(NOTIFICATIONS).at_most(field, self.host.now()).ascending(field).limit(limit);
        self.store.documents(&query).await?.iter().map(due).collect()
    }

    /// When the next one is due, if any is pending: a loop around [`deliver_due`](Self::deliver_due) sleeps until
    /// then, or until the store [changes](crate::store::Store::changes).
    ///
    /// # Errors
    /// What the store said.
    pub async fn next_due_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let query = Query::all_tenants(NOTIFICATIONS).ascending("due_at").limit(1);
        let first = self.store.documents(&query).await?;
        let view = first.first().map(|document| document.json::<NotificationView>()).transpose()?;
        Ok(view.and_then(|view| view.next_attempt_at))
    }

    /// Delivers what is due, `limit` at most. One that can't be delivered doesn't stop the others. It ends with the
    /// slowest of them: whoever is not to wait for a slow channel takes what is [due on each](Self::due_on) and
    /// [delivers](Self::deliver) it.
    ///
    /// # Errors
    /// When the store can't say what is due. What goes wrong with one notification is in the report.
    pub async fn deliver_due(&self, channels: &Channels, limit: usize) -> Result<DeliveryReport, StoreError> {
        let due = self.due(limit).await?;
        let deliveries = due.into_iter().map(|due| async move {
            let outcome = self.deliver(&due, channels).await;
            (due.id, outcome)
        });
        let outcomes = stream::iter(deliveries).buffer_unordered(AT_ONCE);
        let report = outcomes.fold(DeliveryReport::default(), |mut report, (id, outcome)| async move {
            report.add(id, outcome);
            report
        });
        Ok(report.await)
    }

    /// Makes one attempt at one that is due: what became of it. `None` if another takes care of it.
    ///
    /// # Errors
    /// What went wrong with the store, or with what it holds. It is due again after
    /// [`HOLD`](crate::notification::HOLD) at the latest.
    pub async fn deliver(&self, due: &Due, channels: &Channels) -> Result<Option<NotificationView>, Error> {
        let (tenant, id) = (&due.tenant, due.id);
        let context = self.host.context().with_tenant(tenant.clone());
        let Some(view) = self.take(id, &context).await? else { return Ok(None) };
        if view.status != NotificationStatus::Pending {
            return Ok(Some(view));
        }
        let attempt = view.attempts;
        let answer = match self.delivery(tenant, view, context.now()).await? {
            Some(delivery) => channels.of(delivery.channel).deliver(&delivery).await,
            None => Err(DeliveryError::terminal("text_missing", "the confidential text is gone")),
        };
        let context = self.host.context().with_tenant(tenant.clone());
        match self.execute(id, record(attempt, answer), &context).await {
            Ok(view) => Ok(Some(view)),
            // Settled otherwise while the channel was at it: that stands.
            Err(Error::Notification(NotificationRejection::WrongState { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the next attempt. `None` if another was faster, or there is nothing to do any more.
    async fn take(&self, id: NotificationId, context: &Context) -> Result<Option<NotificationView>, Error> {
        let decided = match self.notices.decide(&id, NotificationCommand::StartAttempt, context).await {
            Ok(decided) => decided,
            Err(repository::Error::Rejected(
                NotificationRejection::NotDue { .. } | NotificationRejection::WrongState { .. },
            )) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let commit = with_notice(&decided, id, Commit::within(context))?;
        match self.store.commit(commit).await {
            Ok(_) => shown(&decided, id).map(Some),
            Err(CommitError::Conflict(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What the channel is given. `None` if the text is neither in the events nor kept elsewhere.
    async fn delivery(
        &self,
        tenant: &Tenant,
        view: NotificationView,
        at: Timestamp,
    ) -> Result<Option<Delivery>, Error> {
        let body = match view.body {
            Some(body) => Some(body),
            None => {
                let kept = self.store.document(tenant, CONFIDENTIAL, &view.id.to_string()).await?;
                kept.map(|document| document.json()).transpose()?
            }
        };
        Ok(body.map(|body| Delivery {
            notification_id: view.id,
            tenant: tenant.clone(),
            attempt: view.attempts,
            user_id: view.user_id,
            channel: view.channel,
            recipient: view.recipient,
            subject: view.subject,
            body,
            priority: view.priority,
            at,
        }))
    }
}

/// By what the due notifications of a channel are found.
pub(super) fn due_at_of(channel: ChannelKind) -> &'static str {
    match channel {
        ChannelKind::Email => "due_at_email",
        ChannelKind::Sms => "due_at_sms",
        ChannelKind::Push => "due_at_push",
        ChannelKind::InApp => "due_at_in_app",
    }
}

fn due(document: &Document) -> Result<Due, StoreError> {
    let id = document.id.parse().map_err(|source: uuid::Error| StoreError::Damaged {
        what: format!("document {NOTIFICATIONS}/{}", document.id),
        source: source.into(),
    })?;
    // One that can't be read must not hide the others: its delivery says what is wrong with it.
    let (channel, priority) =
        document.json().map_or((ChannelKind::InApp, Priority::Normal), |view: NotificationView| {
            (view.channel, view.priority)
        });
    Ok(Due { tenant: document.tenant.clone(), id, channel, priority })
}

/// Stable: of those alike in priority, the one that has waited longest stays first.
fn most_urgent_first(mut due: Vec<Due>) -> Vec<Due> {
    due.sort_by_key(|due| std::cmp::Reverse(due.priority));
    due
}

fn record(attempt: u32, answer: Result<Receipt, DeliveryError>) -> NotificationCommand {
    match answer {
        Ok(Receipt { reference, delivered }) => {
            NotificationCommand::RecordSent { attempt, reference, delivered }
        }
        Err(error) => NotificationCommand::RecordFailure { attempt, failure: error.into() },
    }
}

impl DeliveryReport {
    fn add(&mut self, id: NotificationId, outcome: Result<Option<NotificationView>, Error>) {
        match outcome {
            Err(error) => self.broken.push((id, error)),
            Ok(None) => self.passed_over += 1,
            Ok(Some(view)) => match view.status {
                NotificationStatus::Pending => self.retried += 1,
                NotificationStatus::Sent | NotificationStatus::Delivered => self.sent += 1,
                NotificationStatus::Failed => self.failed += 1,
                NotificationStatus::Cancelled => self.passed_over += 1,
            },
        }
    }
}
