//! Bringing a notification to a person.

use async_trait::async_trait;

use crate::error::Kind;
use crate::id::{CustomerId, NotificationId, Tenant};
use crate::notification::{ChannelKind, DeliveryFailure, Priority};
use crate::time::Timestamp;

/// A way to bring notifications to people.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    /// Hands a notification over. It may come more than once, after a crash or a lost answer, always under the same
    /// [key](Delivery::key): a channel that can, delivers it once all the same.
    ///
    /// It must answer well within [`HOLD`](crate::notification::HOLD): later, another worker takes over.
    ///
    /// # Errors
    /// Whether another attempt may succeed, and why this one did not.
    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, DeliveryError>;
}

/// What is handed to a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Which notification. The idempotency key is made of it.
    pub notification_id: NotificationId,
    /// Whose it is.
    pub tenant: Tenant,
    /// The how-many-th attempt it is, from 1.
    pub attempt: u32,
    /// Whom it is for.
    pub user_id: CustomerId,
    /// By what way.
    pub channel: ChannelKind,
    /// Where to.
    pub recipient: String,
    /// Its subject, one line.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// How urgent it is.
    pub priority: Priority,
    /// When this attempt was begun.
    pub at: Timestamp,
}

impl Delivery {
    /// The same for every attempt to deliver one notification. Visible ASCII, below 100 characters.
    pub fn key(&self) -> String {
        format!("notification:{}", self.notification_id)
    }
}

/// What a channel says of a notification it has taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The channel's name for it.
    pub reference: Option<String>,
    /// Whether the person has it, rather than that it is on its way.
    pub delivered: bool,
}

/// Why a channel has not taken a notification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// It may succeed later. After a lost answer it may have succeeded already.
    #[error("the notification was not delivered now ({code}): {detail}")]
    Retryable {
        /// A stable code.
        code: String,
        /// A sentence. Nothing secret: it is kept.
        detail: String,
    },
    /// It will never succeed.
    #[error("the notification can't be delivered ({code}): {detail}")]
    Terminal {
        /// A stable code.
        code: String,
        /// A sentence. Nothing secret: it is kept.
        detail: String,
    },
}

impl DeliveryError {
    /// It may succeed later.
    pub fn retryable(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Retryable { code: code.into(), detail: detail.into() }
    }

    /// It will never succeed.
    pub fn terminal(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Terminal { code: code.into(), detail: detail.into() }
    }

    /// The channel's code.
    pub fn code(&self) -> &str {
        match self {
            Self::Retryable { code, .. } | Self::Terminal { code, .. } => code,
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Retryable { .. } => Kind::Retryable,
            Self::Terminal { .. } => Kind::Terminal,
        }
    }
}

impl From<DeliveryError> for DeliveryFailure {
    fn from(error: DeliveryError) -> Self {
        let retryable = error.kind() == Kind::Retryable;
        match error {
            DeliveryError::Retryable { code, detail } | DeliveryError::Terminal { code, detail } => {
                Self { code, detail, retryable }
            }
        }
    }
}
