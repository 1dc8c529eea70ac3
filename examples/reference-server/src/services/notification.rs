//! Notification: tells people what happened to their orders, and operations what they must know.

mod way;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_adapters::templates::MiniJinja;
use commerce_core::Host;
use commerce_core::commit::Commit;
use commerce_core::identity::SECRET_ISSUED;
use commerce_core::notification::{
    ACQUAINTANCE, Channel, ChannelKind, Channels, Error, Mailbox, Notifications, Operations, PublishedFact,
    SecretNotice,
};
use commerce_core::store::Store;
use commerce_outbox::{
    Bus, Consumer, Envelope, HandleError, Handled, Handler, PublishedEvent, RetryPolicy, Scope,
};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use way::Way;

use super::body;
use crate::messages::{
    IDENTITY_EVENTS, IDENTITY_SECRETS, INVENTORY_EVENTS, ORDER_EVENTS, PAYMENT_EVENTS, SHIPPING_EVENTS,
};

/// So often the templates are tried again.
const LOOK: Duration = Duration::from_secs(1);
/// Some ten minutes: the event that says whom another is about comes from another service, which may be down.
const ATTEMPTS: u32 = 30;

/// How notifications reach people.
#[derive(Clone, Default)]
pub struct NotificationOptions {
    /// Who is told what no customer is to be told. Nobody, unless it is set.
    pub operations: Option<Operations>,
    /// Takes e-mails: [`Smtp`](commerce_adapters::smtp::Smtp).
    pub smtp: Option<Arc<dyn Channel>>,
    /// Takes all others, and e-mails too where there is no `smtp`:
    /// [`Webhook`](commerce_adapters::webhook_channel::Webhook). What no channel takes is kept in the mailbox.
    pub webhook: Option<Arc<dyn Channel>>,
}

/// The notification service.
#[derive(Clone)]
pub struct NotificationService {
    notifications: Notifications,
    mailbox: Mailbox,
    channels: Channels,
    host: Arc<dyn Host>,
}

impl NotificationService {
    /// On this store.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>, options: &NotificationOptions) -> Self {
        let mailbox = Mailbox::new(store.clone());
        let otherwise = options.webhook.clone().unwrap_or_else(|| Arc::new(mailbox.clone()));
        let mut channels = Channels::all(otherwise);
        if let Some(smtp) = &options.smtp {
            channels = channels.with(ChannelKind::Email, smtp.clone());
        }
        let mut notifications = Notifications::new(store, host.clone(), Arc::new(MiniJinja::new()));
        if let Some(operations) = &options.operations {
            notifications = notifications.with_operations(operations.clone());
        }
        Self { notifications, mailbox, channels, host }
    }

    /// The work with notifications and templates.
    pub fn notifications(&self) -> &Notifications {
        &self.notifications
    }

    /// What no channel takes away.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// What it does with the events of others, and with secrets that must reach their owners.
    pub fn consumer(&self, bus: Arc<dyn Bus>) -> Consumer {
        let store = self.notifications.store().clone();
        let react: Arc<dyn Handler> = Arc::new(React(self.notifications.clone()));
        let topics = [IDENTITY_EVENTS, ORDER_EVENTS, PAYMENT_EVENTS, SHIPPING_EVENTS, INVENTORY_EVENTS];
        let consumer = Consumer::new("notification", bus, store, self.host.clone())
            .retry(RetryPolicy::attempts(ATTEMPTS))
            .on_type(IDENTITY_SECRETS, SECRET_ISSUED, Arc::new(Tell(self.notifications.clone())));
        topics.into_iter().fold(consumer, |consumer, topic| consumer.on_topic(topic, react.clone()))
    }

    /// Delivers what is due until `shutdown`. Any number of processes may: each attempt is one process's.
    pub async fn run_deliveries(self, shutdown: CancellationToken) {
        let channels = ChannelKind::ALL.iter().map(|channel| {
            let way = Way::new(self.notifications.clone(), self.channels.clone(), *channel);
            way.run(shutdown.clone())
        });
        tokio::join!(self.keep_templates(&shutdown), join_all(channels));
    }

    /// Until the templates are made.
    async fn keep_templates(&self, shutdown: &CancellationToken) {
        while !self.make_templates().await {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Operators find the texts that are sent among the templates, and change them there.
    async fn make_templates(&self) -> bool {
        let made = self.notifications.install_default_templates(&self.host.context()).await;
        if let Err(error) = &made {
            warn!(%error, "the default templates can't be made now");
        }
        made.is_ok()
    }
}

/// Notifies whom an event of another service concerns.
struct React(Notifications);

#[async_trait]
impl Handler for React {
    async fn handle(&self, envelope: &Envelope, mut scope: Scope) -> Result<Handled, HandleError> {
        let event: PublishedEvent = body(envelope)?;
        let fact = PublishedFact {
            stream_kind: &event.stream_kind,
            stream_id: &event.stream_id,
            event_type: &event.event_type,
            schema: event.schema,
            event_id: event.event_id,
            payload: event.fields.get().as_bytes(),
            waited: scope.waited(),
        };
        let follows = self.0.react(&fact, Commit::within(scope.context())).await;
        let follows = follows.map_err(|error| waits_or_failed(error, scope.waited()))?;
        scope.write(|base| base.and(follows));
        Ok(scope.finish())
    }
}

/// Mails a secret to its owner.
struct Tell(Notifications);

#[async_trait]
impl Handler for Tell {
    async fn handle(&self, envelope: &Envelope, mut scope: Scope) -> Result<Handled, HandleError> {
        let notice: SecretNotice = body(envelope)?;
        let commit = Commit::within(scope.context());
        let follows = self.0.react_to_secret(&notice, envelope.id, commit).await.map_err(failed)?;
        scope.write(|base| base.and(follows));
        Ok(scope.finish())
    }
}

/// Events of several services come in no order among each other: that one is not known for a while is no failure.
fn waits_or_failed(error: Error, waited: Duration) -> HandleError {
    match error {
        error @ Error::NotYetKnown { .. } if waited <= ACQUAINTANCE => HandleError::not_yet(error),
        error => failed(error),
    }
}

fn failed(error: Error) -> HandleError {
    HandleError::new(error.kind(), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_known_yet_is_waited_for_and_only_then_a_failure() {
        let unknown = || Error::NotYetKnown { what: "user 1".to_owned() };
        assert!(waits_or_failed(unknown(), Duration::from_secs(59)).is_not_yet());
        assert!(!waits_or_failed(unknown(), Duration::from_secs(61)).is_not_yet());
        assert!(!waits_or_failed(Error::Invalid(Vec::new()), Duration::ZERO).is_not_yet());
    }
}
