//! What has happened to a notification, as it is stored.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::{CustomerId, TemplateId};
use crate::notification::{ChannelKind, Priority, Variables};
use crate::time::Timestamp;

/// What has happened to a notification. Its id is the stream's and is not repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NotificationEvent {
    /// It is to be sent.
    NotificationCreated {
        /// To whom.
        user_id: CustomerId,
        /// By what way.
        channel: ChannelKind,
        /// Where to.
        recipient: String,
        /// Its subject.
        subject: String,
        /// What it says; absent if it is confidential, so that no secret stays in the log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        /// How urgent it is.
        priority: Priority,
        /// The template it was made from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template_id: Option<TemplateId>,
        /// What the template was filled with, secrets left out.
        #[serde(default, skip_serializing_if = "Variables::is_empty")]
        variables: Variables,
        /// Not to be sent before this moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scheduled_at: Option<Timestamp>,
        /// When it was asked for.
        created_at: Timestamp,
    },
    /// The channel is about to be called.
    NotificationAttemptStarted {
        /// Counted from 1.
        attempt: u32,
        /// From when on the attempt counts as lost if nothing was heard of it.
        held_until: Timestamp,
        /// When.
        started_at: Timestamp,
    },
    /// The channel has not taken it; it is tried again.
    NotificationAttemptFailed {
        /// Which attempt.
        attempt: u32,
        /// A stable code.
        code: String,
        /// A sentence.
        detail: String,
        /// When it is tried again.
        next_attempt_at: Timestamp,
        /// When.
        failed_at: Timestamp,
    },
    /// The channel has taken it, or it was sent by other means.
    NotificationSent {
        /// By which attempt; none if by other means.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<u32>,
        /// The channel's name for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// When.
        sent_at: Timestamp,
    },
    /// The person has it.
    NotificationDelivered {
        /// When.
        delivered_at: Timestamp,
    },
    /// It will not be sent.
    NotificationFailed {
        /// A stable code.
        code: String,
        /// A sentence.
        detail: String,
        /// After so many attempts.
        attempts: u32,
        /// When.
        failed_at: Timestamp,
    },
    /// It was called off.
    NotificationCancelled {
        /// When.
        cancelled_at: Timestamp,
    },
}

impl Event for NotificationEvent {}
