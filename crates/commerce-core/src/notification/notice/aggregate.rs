//! The aggregate.

use serde::{Deserialize, Serialize};

use super::opened::Opened;
use super::{NotificationCommand, NotificationEvent, NotificationRejection, NotificationView, decide};
use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::NotificationId;
use crate::stream::Version;

/// A notification, from before it was created.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Notification {
    opened: Option<Opened>,
}

impl Notification {
    /// What is known of it. `None` until it was created.
    pub fn view(&self, id: NotificationId, version: Version) -> Option<NotificationView> {
        self.opened.as_ref().map(|opened| opened.view(id, version))
    }
}

impl Aggregate for Notification {
    const KIND: &'static str = "notification";
    type Id = NotificationId;
    type Command = NotificationCommand;
    type Event = NotificationEvent;
    type Rejection = NotificationRejection;

    fn decide(
        &self,
        command: NotificationCommand,
        context: &Context,
    ) -> Result<Vec<NotificationEvent>, NotificationRejection> {
        match (&self.opened, command) {
            (None, NotificationCommand::Create(draft)) => decide::create(*draft, context.now()),
            (None, _) => Err(NotificationRejection::NotFound),
            (Some(opened), command) => opened.decide(command, context.now()),
        }
    }

    fn apply(&mut self, event: &NotificationEvent) {
        match &mut self.opened {
            Some(opened) => opened.apply(event),
            None => self.opened = Opened::created(event),
        }
    }
}
