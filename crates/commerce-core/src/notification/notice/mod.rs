//! The aggregate of one notification.

mod aggregate;
mod command;
mod decide;
mod event;
mod opened;
mod rejection;
mod retry;

pub use aggregate::Notification;
pub use command::{DeliveryFailure, Draft, NotificationCommand};
pub use event::NotificationEvent;
pub use opened::NotificationView;
pub use rejection::NotificationRejection;
pub use retry::{HOLD, MAX_ATTEMPTS};

/// The longest subject, in characters.
pub const SUBJECT_LENGTH: usize = 500;
/// The longest body, in characters.
pub const BODY_LENGTH: usize = 100_000;
