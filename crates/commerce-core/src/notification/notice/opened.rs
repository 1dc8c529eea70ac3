//! The state of a notification that was created.

use serde::{Deserialize, Serialize};

use super::NotificationEvent;
use crate::id::{CustomerId, NotificationId, TemplateId};
use crate::notification::{ChannelKind, NotificationStatus, Priority, Variables};
use crate::stream::Version;
use crate::time::Timestamp;

/// What is known of a notification that was created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Opened {
    user_id: CustomerId,
    channel: ChannelKind,
    recipient: String,
    subject: String,
    body: Option<String>,
    priority: Priority,
    template_id: Option<TemplateId>,
    variables: Variables,
    scheduled_at: Option<Timestamp>,
    pub(super) status: NotificationStatus,
    /// How many were begun.
    pub(super) attempts: u32,
    /// Whether the last of them has not been answered.
    pub(super) under_way: bool,
    /// When it may be tried (again); while an attempt is under way, when that counts as lost.
    pub(super) due_at: Timestamp,
    failure: Option<(String, String)>,
    reference: Option<String>,
    created_at: Timestamp,
    sent_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    updated_at: Timestamp,
}

/// A notification as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotificationView {
    /// Its id.
    pub id: NotificationId,
    /// Whom it is for.
    pub user_id: CustomerId,
    /// By what way.
    pub channel: ChannelKind,
    /// Where to.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// What it says; none if it is confidential.
    pub body: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// The template it was made from.
    pub template_id: Option<TemplateId>,
    /// What the template was filled with, secrets left out.
    pub variables: Variables,
    /// Not to be sent before this moment.
    pub scheduled_at: Option<Timestamp>,
    /// How far it has come.
    pub status: NotificationStatus,
    /// How many attempts were begun.
    pub attempts: u32,
    /// While it is pending, when it is tried (again).
    pub next_attempt_at: Option<Timestamp>,
    /// The code of the last failure.
    pub failure_code: Option<String>,
    /// The sentence of the last failure.
    pub failure_detail: Option<String>,
    /// The channel's name for it.
    pub reference: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the channel took it.
    pub sent_at: Option<Timestamp>,
    /// When the person had it.
    pub delivered_at: Option<Timestamp>,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// How many events it has.
    pub version: Version,
}

impl Opened {
    pub(super) fn created(event: &NotificationEvent) -> Option<Self> {
        let NotificationEvent::NotificationCreated {
            user_id,
            channel,
            recipient,
            subject,
            body,
            priority,
            template_id,
            variables,
            scheduled_at,
            created_at,
        } = event.clone()
        else {
            return None;
        };
        Some(Self {
            user_id,
            channel,
            recipient,
            subject,
            body,
            priority,
            template_id,
            variables,
            scheduled_at,
            status: NotificationStatus::Pending,
            attempts: 0,
            under_way: false,
            due_at: scheduled_at.unwrap_or(created_at),
            failure: None,
            reference: None,
            created_at,
            sent_at: None,
            delivered_at: None,
            updated_at: created_at,
        })
    }

    pub(super) fn apply(&mut self, event: &NotificationEvent) {
        self.updated_at = match event {
            NotificationEvent::NotificationCreated { created_at, .. } => *created_at,
            NotificationEvent::NotificationAttemptStarted { attempt, held_until, started_at } => {
                (self.attempts, self.under_way, self.due_at) = (*attempt, true, *held_until);
                *started_at
            }
            NotificationEvent::NotificationAttemptFailed {
                code, detail, next_attempt_at, failed_at, ..
            } => {
                (self.under_way, self.due_at) = (false, *next_attempt_at);
                self.failure = Some((code.clone(), detail.clone()));
                *failed_at
            }
            NotificationEvent::NotificationSent { reference, sent_at, .. } => {
                self.settle(NotificationStatus::Sent);
                (self.sent_at, self.reference) = (Some(*sent_at), reference.clone());
                *sent_at
            }
            NotificationEvent::NotificationDelivered { delivered_at } => {
                self.settle(NotificationStatus::Delivered);
                self.delivered_at = Some(*delivered_at);
                *delivered_at
            }
            NotificationEvent::NotificationFailed { code, detail, failed_at, .. } => {
                self.settle(NotificationStatus::Failed);
                self.failure = Some((code.clone(), detail.clone()));
                *failed_at
            }
            NotificationEvent::NotificationCancelled { cancelled_at } => {
                self.settle(NotificationStatus::Cancelled);
                *cancelled_at
            }
        };
    }

    fn settle(&mut self, status: NotificationStatus) {
        (self.status, self.under_way) = (status, false);
    }

    pub(super) fn view(&self, id: NotificationId, version: Version) -> NotificationView {
        let pending = self.status == NotificationStatus::Pending;
        let (failure_code, failure_detail) = self.failure.clone().unzip();
        NotificationView {
            id,
            user_id: self.user_id,
            channel: self.channel,
            recipient: self.recipient.clone(),
            subject: self.subject.clone(),
            body: self.body.clone(),
            priority: self.priority,
            template_id: self.template_id,
            variables: self.variables.clone(),
            scheduled_at: self.scheduled_at,
            status: self.status,
            attempts: self.attempts,
            next_attempt_at: pending.then_some(self.due_at),
            failure_code,
            failure_detail,
            reference: self.reference.clone(),
            created_at: self.created_at,
            sent_at: self.sent_at,
            delivered_at: self.delivered_at,
            updated_at: self.updated_at,
            version,
        }
    }
}
