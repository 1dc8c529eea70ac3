//! Notifications that follow from what other services say.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::write::with_notice;
use super::{CONFIDENTIAL, Error, Notifications, memory};
use crate::aggregate::Aggregate;
use crate::commit::{Commit, DocumentWrite, Expected};
use crate::context::Context;
use crate::id::{CustomerId, TemplateId, Tenant};
use crate::notification::reactions::{self, About, Consequence, PublishedFact, Reaction};
use crate::notification::{
    ChannelKind, Contact, Draft, NotificationCommand, Priority, SecretNotice, TemplateDetails, Variables,
    default_templates, variables,
};
use crate::order::Order;

/// Somebody to tell, and all that is needed for it.
struct Letter {
    cause: Uuid,
    template: &'static str,
    user_id: CustomerId,
    /// None: they have no address that we know of, and find it among their notifications.
    email: Option<String>,
    open: Variables,
    secret: Variables,
    priority: Priority,
}

/// Whom a reaction is for, and what the service's memory adds to the event.
struct Addressee {
    user_id: CustomerId,
    email: Option<String>,
    known: Variables,
}

impl Letter {
    /// The template's channel, if it leads to them. Nobody's telephone or device is known here.
    fn channel(&self, wished: ChannelKind) -> ChannelKind {
        match (wished, &self.email) {
            (ChannelKind::Email, Some(_)) => ChannelKind::Email,
            // Whoever is sent a secret may not be able to sign in without it, and it is meant for them alone.
            (_, Some(_)) if !self.secret.is_empty() => ChannelKind::Email,
            _ => ChannelKind::InApp,
        }
    }
}

/// So long an event waits for the one that says who its customer is. After that they have no account, as customers have
/// none whose orders were imported.
pub const ACQUAINTANCE: Duration = Duration::from_secs(60);
/// How someone is addressed whose name is not known.
const NAMELESS: &str = "customer";

impl Notifications {
    /// Adds to a commit what follows from another service's event: what is to be remembered, and a notification. The
    /// commit is that of the consumer, with its inbox claim, of the event's tenant, for this one event. An event that
    /// has its notification already adds none. Whoever has no address for the template's channel is told in the
    /// application, so for `sms` and `push` everyone.
    ///
    /// # Errors
    /// [`Error::NotYetKnown`], which is retryable, when the order's own event hasn't been read yet, or for a minute the
    /// user's: after that they are told in the application, as they have no address; of a payment or a shipment, for a minute:
    /// after that its order is none, and nobody is told;
    /// [`Error::Unreadable`]; [`Error::Invalid`] when an operator's template can't be filled: mend it, and let the
    /// event be handled again.
    pub async fn react(&self, fact: &PublishedFact<'_>, commit: Commit) -> Result<Commit, Error> {
        match reactions::for_event(fact)? {
            None => Ok(commit),
            Some(Consequence::Remember(known)) => Ok(commit.document(memory::remember(known)?)),
            Some(Consequence::Notify(reaction)) => self.notify(fact, reaction, commit).await,
            Some(Consequence::Both(known, reaction)) => {
                let commit = commit.document(memory::remember(known)?);
                self.notify(fact, reaction, commit).await
            }
        }
    }

    /// Adds to a commit the notification by which a secret reaches its owner; none if the secret is no good any more.
    /// `message_id` is the message's, by which it has one notification.
    ///
    /// # Errors
    /// [`Error::Invalid`] when an operator's template can't be filled; otherwise what the store said.
    pub async fn react_to_secret(
        &self,
        notice: &SecretNotice,
        message_id: Uuid,
        commit: Commit,
    ) -> Result<Commit, Error> {
        if notice.expires_at <= self.host.now() {
            return Ok(commit);
        }
        let open = [
            ("first_name".to_owned(), json!(notice.first_name)),
            ("expires_at".to_owned(), json!(reactions::minute(notice.expires_at))),
        ];
        let letter = Letter {
            cause: message_id,
            template: notice.purpose.template(),
            user_id: notice.user_id,
            email: Some(notice.email.clone()),
            open: open.into_iter().collect(),
            secret: [("token".to_owned(), json!(notice.token))].into_iter().collect(),
            priority: Priority::High,
        };
        self.write_letter(letter, commit).await
    }

    async fn notify(
        &self,
        fact: &PublishedFact<'_>,
        reaction: Reaction,
        commit: Commit,
    ) -> Result<Commit, Error> {
        let Some(addressee) = self.addressee(&commit.tenant, reaction.about, fact).await? else {
            return Ok(commit);
        };
        let letter = Letter {
            cause: fact.event_id,
            template: reaction.template,
            user_id: addressee.user_id,
            email: addressee.email,
            open: variables::over(&reaction.variables, &addressee.known),
            secret: Variables::new(),
            priority: reaction.priority,
        };
        self.write_letter(letter, commit).await
    }

    async fn addressee(
        &self,
        tenant: &Tenant,
        about: About,
        fact: &PublishedFact<'_>,
    ) -> Result<Option<Addressee>, Error> {
        let is_late = fact.waited > ACQUAINTANCE;
        let mut known = Variables::new();
        let order = match about {
            About::Order(order) => order,
            About::Payment(payment) => self.paid_by(tenant, payment).await?,
            About::Shipment(shipment) => {
                let shipment = self.shipped_in(tenant, shipment).await?;
                known.insert("tracking_number".to_owned(), json!(shipment.tracking_number.as_str()));
                shipment.order_id
            }
            About::Operations => {
                return Ok(self.operations.clone().map(|operations| Addressee {
                    user_id: operations.user_id,
                    email: Some(operations.email),
                    known,
                }));
            }
        };
        let user_id = match self.customer_of(tenant, order).await {
            // Staff may send a parcel, and admins pay, for what is no order here.
            Err(Error::NotYetKnown { .. }) if is_late && fact.stream_kind != Order::KIND => return Ok(None),
            found => found?,
        };
        let (email, first_name) = match self.known_contact(tenant, user_id).await {
            Ok(Contact { email, first_name }) => (Some(email), first_name),
            Err(Error::NotYetKnown { .. }) if is_late => (None, NAMELESS.to_owned()),
            Err(error) => return Err(error),
        };
        known.insert("order_id".to_owned(), json!(order.to_string()));
        known.insert("first_name".to_owned(), json!(first_name));
        Ok(Some(Addressee { user_id, email, known }))
    }

    async fn write_letter(&self, letter: Letter, commit: Commit) -> Result<Commit, Error> {
        let id = reactions::notification_id(letter.cause);
        if self.notices.load(&commit.tenant, &id).await?.version > 0 {
            return Ok(commit);
        }
        let Some((template_id, details)) = self.template_for(&commit.tenant, letter.template).await? else {
            return Ok(commit);
        };
        let open = variables::over(&letter.open, &details.default_variables);
        let filled = self.fill(&details, "/template", &open, &letter.secret);
        if !filled.faults.is_empty() {
            return Err(Error::Invalid(filled.faults));
        }
        let (body, secret) = match letter.secret.is_empty() {
            true => (Some(filled.body), None),
            false => (None, Some(filled.body)),
        };
        let channel = letter.channel(details.channel);
        let draft = Draft {
            user_id: letter.user_id,
            channel,
            recipient: letter.email.filter(|_| channel == ChannelKind::Email),
            subject: filled.subject,
            body,
            priority: letter.priority,
            template_id,
            variables: letter.open,
            scheduled_at: None,
        };
        let context = Context::new(self.host.now(), self.host.new_id()).with_tenant(commit.tenant.clone());
        let create = NotificationCommand::Create(Box::new(draft));
        let decided = self.notices.decide(&id, create, &context).await?;
        let commit = with_notice(&decided, id, commit)?;
        Ok(match secret {
            None => commit,
            Some(text) => {
                commit.document(DocumentWrite::json(CONFIDENTIAL, id.to_string(), Expected::Any, &text)?)
            }
        })
    }

    /// The operator's template of this name, or else the default. `None` if the operator has deactivated it.
    async fn template_for(
        &self,
        tenant: &Tenant,
        name: &str,
    ) -> Result<Option<(Option<TemplateId>, TemplateDetails)>, Error> {
        if let Some(view) = self.template_named(tenant, name).await? {
            return Ok(view.active.then_some((Some(view.id), view.details)));
        }
        let default = default_templates().into_iter().find(|template| template.name == name);
        Ok(default.map(|details| (None, details)))
    }
}
