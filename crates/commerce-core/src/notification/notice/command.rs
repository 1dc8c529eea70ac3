//! What can be asked of a notification.

use crate::id::{CustomerId, TemplateId};
use crate::notification::{ChannelKind, Priority, Variables};
use crate::time::Timestamp;

/// What can be asked of a notification.
#[derive(Clone, Debug, PartialEq)]
pub enum NotificationCommand {
    /// Begins it.
    Create(Box<Draft>),
    /// Takes the next attempt. Commit it first, then call the channel: so an attempt that kills its worker counts too.
    /// After the last attempt it leads to [`NotificationEvent::NotificationFailed`](super::NotificationEvent).
    StartAttempt,
    /// The channel has not taken it.
    RecordFailure {
        /// Which attempt. The failure of one that is no longer under way changes nothing.
        attempt: u32,
        /// Why.
        failure: DeliveryFailure,
    },
    /// The channel has taken it.
    RecordSent {
        /// Which attempt.
        attempt: u32,
        /// The channel's name for what it took.
        reference: Option<String>,
        /// Whether the person has it with that.
        delivered: bool,
    },
    /// It was sent by other means.
    MarkSent,
    /// The person has it.
    MarkDelivered,
    /// It is not to be sent.
    Cancel,
}

/// What a notification is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Whom it is for.
    pub user_id: CustomerId,
    /// By what way.
    pub channel: ChannelKind,
    /// Where to: an e-mail address, a phone number, a device token. Not needed in the application.
    pub recipient: Option<String>,
    /// 1 to 500 characters, one line.
    pub subject: String,
    /// 1 to 100,000 characters. None if it is confidential: it is kept elsewhere until it is sent.
    pub body: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// The template it was made from.
    pub template_id: Option<TemplateId>,
    /// What the template was filled with. Nothing that is secret.
    pub variables: Variables,
    /// Not to be sent before this moment.
    pub scheduled_at: Option<Timestamp>,
}

/// Why a channel has not taken a notification. Its texts are cut and cleaned rather than refused, since a failure
/// must always be recordable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// A stable code; at most 100 characters are kept.
    pub code: String,
    /// A sentence; at most 500 characters are kept.
    pub detail: String,
    /// Whether another attempt may succeed.
    pub retryable: bool,
}
