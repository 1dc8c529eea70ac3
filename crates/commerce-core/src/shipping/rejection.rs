//! Why a shipment refuses a command.

use crate::error::Kind;
use crate::value::Violation;

use super::{MAX_TRACKING_UPDATES, ShipmentStatus};

/// Why a shipment refused a command. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShipmentRejection {
    /// No such shipment was made. The caller has a wrong id.
    #[error("the shipment doesn't exist")]
    NotFound,
    /// Another shipment of this id was made before. The caller must use a fresh id.
    #[error("another shipment of this id was already created")]
    AlreadyExists,
    /// The request can't be right. The caller must change what each violation points at.
    #[error("the request is invalid: {}", sentence(.0))]
    Invalid(Vec<Violation>),
    /// The shipment's state doesn't allow the command.
    #[error("a shipment that is {status} can't take the command {command}")]
    WrongState {
        /// The state it is in.
        status: ShipmentStatus,
        /// What was asked.
        command: &'static str,
    },
    /// The shipment has as many tracking updates as a shipment can have.
    #[error("the shipment already has {MAX_TRACKING_UPDATES} tracking updates, the most there can be")]
    TrackingFull,
}

impl ShipmentRejection {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "shipment_not_found",
            Self::AlreadyExists => "already_exists",
            Self::Invalid(_) => "invalid",
            Self::WrongState { .. } => "wrong_state",
            Self::TrackingFull => "too_many_tracking_updates",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::Invalid(_) => Kind::Invalid,
            Self::AlreadyExists | Self::WrongState { .. } | Self::TrackingFull => Kind::Conflict,
        }
    }

    /// All that is wrong with the request, when that is why.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }
}

/// The faults in a sentence. A command has a dozen fields at most, so it stays short.
fn sentence(violations: &[Violation]) -> String {
    violations.iter().map(Violation::to_string).collect::<Vec<_>>().join("; ")
}
