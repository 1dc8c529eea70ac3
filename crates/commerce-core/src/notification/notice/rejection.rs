//! Why a notification refuses a command.

use crate::error::Kind;
use crate::notification::NotificationStatus;
use crate::notification::faults::sentence;
use crate::time::Timestamp;
use crate::value::Violation;

/// Why a notification refused a command. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotificationRejection {
    /// No notification of this id was created. The caller has a wrong id.
    #[error("the notification doesn't exist")]
    NotFound,
    /// One of this id was created before. Read it.
    #[error("the notification was already created")]
    AlreadyExists,
    /// The request can't be right. The caller must change what each violation points at.
    #[error("the request is invalid: {}", sentence(.0))]
    Invalid(Vec<Violation>),
    /// Its status doesn't allow the command.
    #[error("a notification that is {status} can't be {command}")]
    WrongState {
        /// The status it has.
        status: NotificationStatus,
        /// What was asked.
        command: &'static str,
    },
    /// Its moment has not come, or another worker is at it.
    #[error("the notification is not due before {due_at}")]
    NotDue {
        /// When it is.
        due_at: Timestamp,
    },
    /// The channel is being called at this moment: it may be too late. Try again once that has ended.
    #[error("the notification is being delivered")]
    BeingDelivered,
}

impl NotificationRejection {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "notification_not_found",
            Self::AlreadyExists => "already_exists",
            Self::Invalid(_) => "invalid",
            Self::WrongState { .. } => "wrong_state",
            Self::NotDue { .. } => "not_due",
            Self::BeingDelivered => "being_delivered",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::Invalid(_) => Kind::Invalid,
            Self::AlreadyExists | Self::WrongState { .. } | Self::NotDue { .. } | Self::BeingDelivered => {
                Kind::Conflict
            }
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
