//! Analytics: figures over what all services have done.

use std::sync::Arc;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::analytics::{self, Analytics, Figures};
use commerce_core::commit::Commit;
use commerce_core::store::Store;
use commerce_outbox::{Bus, Consumer, Envelope, HandleError, Handled, Handler, PublishedEvent, Scope};

use super::body;
use crate::messages::{CATALOG_EVENTS, ORDER_EVENTS, PAYMENT_EVENTS, SHIPPING_EVENTS};
use crate::views::View;

/// As which it hears of the others' events.
pub(crate) const GROUP: &str = "analytics";

/// The analytics service.
#[derive(Clone)]
pub struct AnalyticsService {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    view: View,
}

impl AnalyticsService {
    /// On this store.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>) -> Self {
        let view = View::new(store.clone(), Arc::new(Figures));
        Self { store, host, view }
    }

    /// Its figures, to be kept up to date.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Its store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What it does with the events of others: it notes what they tell.
    pub fn consumer(&self, bus: Arc<dyn Bus>) -> Consumer {
        let note: Arc<dyn Handler> = Arc::new(Note);
        let consumer = Consumer::new(GROUP, bus, self.store.clone(), self.host.clone());
        let topics = [CATALOG_EVENTS, ORDER_EVENTS, PAYMENT_EVENTS, SHIPPING_EVENTS];
        topics.into_iter().fold(consumer, |consumer, topic| consumer.on_topic(topic, note.clone()))
    }
}

/// Notes the fact that an event tells.
struct Note;

#[async_trait]
impl Handler for Note {
    async fn handle(&self, envelope: &Envelope, mut scope: Scope) -> Result<Handled, HandleError> {
        let event: PublishedEvent = body(envelope)?;
        let published = analytics::PublishedEvent {
            stream_kind: &event.stream_kind,
            stream_id: &event.stream_id,
            event_type: &event.event_type,
            schema: event.schema,
            event_id: event.event_id,
            payload: event.fields.get().as_bytes(),
        };
        let noted = Analytics::take_in(&published, Commit::within(scope.context()));
        let noted = noted.map_err(|error| HandleError::new(error.kind(), error))?;
        scope.write(|base| base.and(noted));
        Ok(scope.finish())
    }
}
