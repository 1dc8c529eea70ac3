//! What has happened to a template, as it is stored.

use serde::{Deserialize, Serialize};

use super::TemplateDetails;
use crate::event::Event;
use crate::time::Timestamp;

/// What has happened to a template. Its id is the stream's and is not repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TemplateEvent {
    /// It was made, and is active.
    TemplateCreated {
        /// What it is made of.
        details: TemplateDetails,
        /// When.
        created_at: Timestamp,
    },
    /// It was changed.
    TemplateUpdated {
        /// What it is made of since.
        details: TemplateDetails,
        /// When.
        updated_at: Timestamp,
    },
    /// It can be used again.
    TemplateActivated {
        /// When.
        activated_at: Timestamp,
    },
    /// It can't be used any more.
    TemplateDeactivated {
        /// When.
        deactivated_at: Timestamp,
    },
}

impl Event for TemplateEvent {}
