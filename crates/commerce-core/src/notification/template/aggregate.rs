//! The aggregate.

use serde::{Deserialize, Serialize};

use super::{TemplateDetails, TemplateEvent, TemplateRejection};
use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::TemplateId;
use crate::stream::Version;
use crate::time::Timestamp;

/// What can be asked of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplateCommand {
    /// Makes it. It is active from the start.
    Create(TemplateDetails),
    /// Replaces all it is made of.
    Update(TemplateDetails),
    /// Lets it be used.
    Activate,
    /// Lets it be used no more.
    Deactivate,
}

/// A template, from before it was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template {
    made: Option<Made>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Made {
    details: TemplateDetails,
    active: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A template as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateView {
    /// Its id.
    pub id: TemplateId,
    /// What it is made of.
    #[serde(flatten)]
    pub details: TemplateDetails,
    /// Whether it can be used.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// How many events it has.
    pub version: Version,
}

impl Template {
    /// What is known of it. `None` until it was made.
    pub fn view(&self, id: TemplateId, version: Version) -> Option<TemplateView> {
        self.made.as_ref().map(|made| TemplateView {
            id,
            details: made.details.clone(),
            active: made.active,
            created_at: made.created_at,
            updated_at: made.updated_at,
            version,
        })
    }

    /// What it is made of. `None` until it was made.
    pub fn details(&self) -> Option<&TemplateDetails> {
        self.made.as_ref().map(|made| &made.details)
    }
}

impl Aggregate for Template {
    const KIND: &'static str = "template";
    type Id = TemplateId;
    type Command = TemplateCommand;
    type Event = TemplateEvent;
    type Rejection = TemplateRejection;

    fn decide(
        &self,
        command: TemplateCommand,
        context: &Context,
    ) -> Result<Vec<TemplateEvent>, TemplateRejection> {
        let now = context.now();
        let event = match (&self.made, command) {
            (None, TemplateCommand::Create(details)) => {
                let details = details.checked().map_err(TemplateRejection::Invalid)?;
                Some(TemplateEvent::TemplateCreated { details, created_at: now })
            }
            (None, _) => return Err(TemplateRejection::NotFound),
            (Some(_), TemplateCommand::Create(_)) => return Err(TemplateRejection::AlreadyExists),
            (Some(made), TemplateCommand::Update(details)) => {
                let details = details.checked().map_err(TemplateRejection::Invalid)?;
                let changed = details != made.details;
                changed.then_some(TemplateEvent::TemplateUpdated { details, updated_at: now })
            }
            (Some(made), TemplateCommand::Activate) => {
                (!made.active).then_some(TemplateEvent::TemplateActivated { activated_at: now })
            }
            (Some(made), TemplateCommand::Deactivate) => {
                made.active.then_some(TemplateEvent::TemplateDeactivated { deactivated_at: now })
            }
        };
        Ok(event.into_iter().collect())
    }

    fn apply(&mut self, event: &TemplateEvent) {
        match (&mut self.made, event) {
            (made, TemplateEvent::TemplateCreated { details, created_at }) => {
                let (created_at, updated_at) = (*created_at, *created_at);
                *made = Some(Made { details: details.clone(), active: true, created_at, updated_at });
            }
            (Some(made), TemplateEvent::TemplateUpdated { details, updated_at }) => {
                (made.details, made.updated_at) = (details.clone(), *updated_at);
            }
            (Some(made), TemplateEvent::TemplateActivated { activated_at }) => {
                (made.active, made.updated_at) = (true, *activated_at);
            }
            (Some(made), TemplateEvent::TemplateDeactivated { deactivated_at }) => {
                (made.active, made.updated_at) = (false, *deactivated_at);
            }
            (None, _) => {}
        }
    }
}
