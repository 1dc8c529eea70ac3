//! Making a notification's text.

use super::{Error, Notifications};
use crate::id::{CustomerId, TemplateId, Tenant};
use crate::notification::template::TemplateDetails;
use crate::notification::{ChannelKind, Draft, Priority, RenderError, Variables, variables};
use crate::time::Timestamp;
use crate::value::Violation;

/// A notification that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct NewNotification {
    /// Whom it is for.
    pub user_id: CustomerId,
    /// By what way; the template's, if there is one.
    pub channel: Option<ChannelKind>,
    /// Where to. A mail without one goes to the address that is known of the user.
    pub recipient: Option<String>,
    /// What it says.
    pub content: Content,
    /// How urgent it is.
    pub priority: Priority,
    /// Not to be sent before this moment.
    pub scheduled_at: Option<Timestamp>,
}

/// What a notification says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A template's text.
    Template {
        /// Which template.
        template: TemplateRef,
        /// What it is filled with. What isn't given is taken from the template's defaults.
        variables: Variables,
    },
    /// This text.
    Text {
        /// 1 to 500 characters, one line.
        subject: String,
        /// 1 to 100,000 characters.
        body: String,
    },
}

/// A template by its id or its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateRef {
    /// By its id.
    Id(TemplateId),
    /// By its name, in any case.
    Name(String),
}

impl Content {
    /// What a request says that names a template or else brings its own text, and what is wrong with it so far. A text
    /// that is missing altogether is found to be so when the notification is made.
    pub fn of(
        template: Option<TemplateRef>,
        variables: Variables,
        subject: Option<String>,
        body: Option<String>,
    ) -> (Self, Vec<Violation>) {
        let Some(template) = template else {
            let fault = Violation::new("/variables", "needs_template", "need a template that they are for");
            let faults = if variables.is_empty() { Vec::new() } else { vec![fault] };
            return (
                Self::Text { subject: subject.unwrap_or_default(), body: body.unwrap_or_default() },
                faults,
            );
        };
        let given = [("/subject", subject.is_some()), ("/body", body.is_some())];
        let fault =
            |pointer| Violation::new(pointer, "has_template", "must not be given: the template has it");
        let faults = given.into_iter().filter(|(_, given)| *given).map(|(pointer, _)| fault(pointer));
        (Self::Template { template, variables }, faults.collect())
    }
}

impl TemplateRef {
    pub(super) fn pointer(&self) -> &'static str {
        match self {
            Self::Id(_) => "/template_id",
            Self::Name(_) => "/template_name",
        }
    }
}

/// A filled template.
pub(super) struct Filled {
    pub(super) subject: String,
    pub(super) body: String,
    pub(super) faults: Vec<Violation>,
}

impl Notifications {
    /// The draft, and what is wrong with it so far. What is missing stands as a dash, so that everything else that
    /// is wrong is found too.
    pub(super) async fn draft(
        &self,
        tenant: &Tenant,
        new: NewNotification,
    ) -> Result<(Draft, Vec<Violation>), Error> {
        let mut faults = Vec::new();
        let mut channel = new.channel;
        let mut draft = Draft {
            user_id: new.user_id,
            channel: ChannelKind::InApp,
            recipient: new.recipient,
            subject: "-".to_owned(),
            body: Some("-".to_owned()),
            priority: new.priority,
            template_id: None,
            variables: Variables::new(),
            scheduled_at: new.scheduled_at,
        };
        match new.content {
            Content::Text { subject, body } => (draft.subject, draft.body) = (subject, Some(body)),
            Content::Template { template, variables } => {
                match self.usable_template(tenant, &template).await? {
                    Err(fault) => faults.push(fault),
                    Ok((id, details)) => {
                        faults.extend(channel_mismatch(channel, details.channel));
                        channel = Some(details.channel);
                        let all = variables::over(&variables, &details.default_variables);
                        let filled = self.fill(&details, template.pointer(), &all, &Variables::new());
                        (draft.subject, draft.body) = (filled.subject, Some(filled.body));
                        draft.template_id = Some(id);
                        faults.extend(filled.faults);
                    }
                }
                draft.variables = variables;
            }
        }
        match channel {
            Some(channel) => draft.channel = channel,
            None if faults.is_empty() => {
                faults.push(Violation::new("/channel", "required", "must be given without a template"));
            }
            None => {}
        }
        if draft.channel == ChannelKind::Email && draft.recipient.is_none() {
            draft.recipient = self.contact(tenant, draft.user_id).await?.map(|contact| contact.email);
        }
        Ok((draft, faults))
    }

    /// Fills a template. Secrets go into the body alone.
    pub(super) fn fill(
        &self,
        details: &TemplateDetails,
        pointer: &str,
        open: &Variables,
        secret: &Variables,
    ) -> Filled {
        let mut faults: Vec<Violation> = Vec::new();
        let mut text = |template: &str, variables: &Variables| {
            self.renderer.render(template, variables).unwrap_or_else(|error| {
                let fault = fault(pointer, &error);
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
                "-".to_owned()
            })
        };
        // A variable may hold a line end, which a subject can't.
        let subject = text(&details.subject_template, open).replace(['\n', '\r', '\t'], " ");
        let body = text(&details.body_template, &variables::over(secret, open));
        Filled { subject, body, faults }
    }
}

fn fault(pointer: &str, error: &RenderError) -> Violation {
    match error {
        RenderError::MissingVariable { name } => {
            let name = name.replace('~', "~0").replace('/', "~1");
            Violation::new(format!("/variables/{name}"), error.code(), error.to_string())
        }
        _ => Violation::new(pointer, error.code(), error.to_string()),
    }
}

fn channel_mismatch(asked: Option<ChannelKind>, has: ChannelKind) -> Option<Violation> {
    let asked = asked.filter(|asked| *asked != has)?;
    let detail = format!("the template is for {has}, not for {asked}");
    Some(Violation::new("/channel", "channel_mismatch", detail))
}
