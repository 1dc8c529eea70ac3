//! What is answered.

use commerce_core::Timestamp;
use commerce_core::notification::{
    ChannelKind, MailboxMessage, NotificationStatus, NotificationView, Priority, TemplateView, Variables,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::{ChannelName, PriorityName, VariablesByName};

/// A notification.
#[derive(Serialize, ToSchema)]
pub(super) struct NotificationShown {
    id: Uuid,
    user_id: Uuid,
    #[schema(value_type = ChannelName)]
    channel: ChannelKind,
    recipient: String,
    subject: String,
    /// Null if it is confidential.
    body: Option<String>,
    #[schema(value_type = PriorityName)]
    priority: Priority,
    template_id: Option<Uuid>,
    /// What the template was filled with, secrets left out.
    #[schema(value_type = VariablesByName)]
    variables: Variables,
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Timestamp>,
    #[schema(value_type = StatusName)]
    status: NotificationStatus,
    /// How many attempts were begun.
    attempts: u32,
    /// While it is pending, when it is tried (again).
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// Why the last attempt failed.
    failure: Option<FailureShown>,
    /// What the channel calls it.
    reference: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Why an attempt failed.
#[derive(Serialize, ToSchema)]
#[schema(as = NotificationFailure)]
struct FailureShown {
    code: String,
    detail: String,
}

impl From<&NotificationView> for NotificationShown {
    fn from(view: &NotificationView) -> Self {
        let view = view.clone();
        let failure = view.failure_code.zip(view.failure_detail);
        Self {
            id: view.id.0,
            user_id: view.user_id.0,
            channel: view.channel,
            recipient: view.recipient,
            subject: view.subject,
            body: view.body,
            priority: view.priority,
            template_id: view.template_id.map(|id| id.0),
            variables: view.variables,
            scheduled_at: view.scheduled_at,
            status: view.status,
            attempts: view.attempts,
            next_attempt_at: view.next_attempt_at,
            failure: failure.map(|(code, detail)| FailureShown { code, detail }),
            reference: view.reference,
            created_at: view.created_at,
            sent_at: view.sent_at,
            delivered_at: view.delivered_at,
            updated_at: view.updated_at,
        }
    }
}

/// What a mailbox was given.
#[derive(Serialize, ToSchema)]
pub(super) struct MailShown {
    notification_id: Uuid,
    user_id: Uuid,
    #[schema(value_type = ChannelName)]
    channel: ChannelKind,
    recipient: String,
    subject: String,
    body: String,
    #[schema(value_type = PriorityName)]
    priority: Priority,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

impl From<MailboxMessage> for MailShown {
    fn from(message: MailboxMessage) -> Self {
        Self {
            notification_id: message.notification_id.0,
            user_id: message.user_id.0,
            channel: message.channel,
            recipient: message.recipient,
            subject: message.subject,
            body: message.body,
            priority: message.priority,
            received_at: message.received_at,
        }
    }
}

/// A template.
#[derive(Serialize, ToSchema)]
pub(super) struct TemplateShown {
    id: Uuid,
    name: String,
    description: String,
    #[schema(value_type = ChannelName)]
    channel: ChannelKind,
    subject_template: String,
    body_template: String,
    #[schema(value_type = VariablesByName)]
    default_variables: Variables,
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<&TemplateView> for TemplateShown {
    fn from(view: &TemplateView) -> Self {
        let details = view.details.clone();
        Self {
            id: view.id.0,
            name: details.name,
            description: details.description,
            channel: details.channel,
            subject_template: details.subject_template,
            body_template: details.body_template,
            default_variables: details.default_variables,
            active: view.active,
            created_at: view.created_at,
            updated_at: view.updated_at,
        }
    }
}

/// How far a notification has come.
#[derive(ToSchema)]
#[schema(as = NotificationStatus, rename_all = "snake_case")]
#[allow(dead_code)]
enum StatusName {
    Pending,
    Sent,
    Delivered,
    Failed,
    Cancelled,
}
