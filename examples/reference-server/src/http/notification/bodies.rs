//! What is asked for.

use commerce_core::Timestamp;
use commerce_core::id::{CustomerId, TemplateId};
use commerce_core::notification::{
    ChannelKind, Content, MAX_VARIABLES, NewNotification, Priority, TemplateDetails, TemplateRef, Variables,
};
use commerce_core::value::Violation;
use serde::Deserialize;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// A notification, as it is asked for: with a template, or with a subject and a body.
#[derive(Deserialize, ToSchema)]
#[schema(as = SendNotificationBody)]
#[serde(deny_unknown_fields)]
pub(super) struct SendBody {
    /// Whom it is for.
    user_id: Uuid,
    /// By what way; the template's, if there is one.
    #[schema(value_type = Option<ChannelName>)]
    channel: Option<ChannelKind>,
    /// An e-mail address, a phone number, a device token; a mail without one goes to the user's address. Not needed in
    /// the application.
    #[schema(
        min_length = 1,
        max_length = 4096,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    recipient: Option<String>,
    /// One line. Not with a template.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    subject: Option<String>,
    /// The text. Not with a template.
    #[schema(
        min_length = 1,
        max_length = 100_000,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    body: Option<String>,
    /// How urgent it is.
    #[serde(default)]
    #[schema(value_type = PriorityName)]
    priority: Priority,
    /// The template that it is made from.
    template_id: Option<Uuid>,
    /// What the template is filled with.
    #[serde(default)]
    #[schema(value_type = VariablesByName)]
    variables: Variables,
    /// Not to be sent before this moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Timestamp>,
}

impl SendBody {
    /// The notification, and what is wrong with it so far.
    pub(super) fn into_new(self) -> (NewNotification, Vec<Violation>) {
        let template = self.template_id.map(|id| TemplateRef::Id(TemplateId(id)));
        let (content, faults) = Content::of(template, self.variables, self.subject, self.body);
        let new = NewNotification {
            user_id: CustomerId(self.user_id),
            channel: self.channel,
            recipient: self.recipient,
            content,
            priority: self.priority,
            scheduled_at: self.scheduled_at,
        };
        (new, faults)
    }
}

/// A template, as it is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateBody {
    /// What it is called, unique in any case.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    description: String,
    /// By what way it is sent.
    #[schema(value_type = ChannelName)]
    channel: ChannelKind,
    /// The subject, in the language of Jinja.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    subject_template: String,
    /// The body, in the language of Jinja.
    #[schema(
        min_length = 1,
        max_length = 100_000,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    body_template: String,
    /// What stands in for variables that aren't given.
    #[serde(default)]
    #[schema(value_type = VariablesByName)]
    default_variables: Variables,
}

impl TemplateBody {
    pub(super) fn details(self) -> TemplateDetails {
        let Self { name, description, channel, subject_template, body_template, default_variables } = self;
        TemplateDetails { name, description, channel, subject_template, body_template, default_variables }
    }
}

/// The way by which a person is reached.
#[derive(ToSchema)]
#[schema(as = NotificationChannel, rename_all = "snake_case")]
#[allow(dead_code)]
pub(super) enum ChannelName {
    Email,
    Sms,
    Push,
    InApp,
}

/// How urgent it is.
#[derive(ToSchema)]
#[schema(as = NotificationPriority, rename_all = "snake_case")]
#[allow(dead_code)]
pub(super) enum PriorityName {
    Low,
    Normal,
    High,
    Critical,
}

/// Any values, by the names of variables.
pub(super) struct VariablesByName;

impl PartialSchema for VariablesByName {
    fn schema() -> RefOr<Schema> {
        let name = ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(100))
            .pattern(Some("^[A-Za-z_][A-Za-z0-9_]*$"));
        ObjectBuilder::new()
            .property_names(Some(name.build()))
            .max_properties(Some(MAX_VARIABLES))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
            .build()
            .into()
    }
}

impl ToSchema for VariablesByName {}
