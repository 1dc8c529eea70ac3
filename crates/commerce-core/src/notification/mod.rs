//! Telling people what happened to their orders, and whoever keeps the shop running what it needs.
//!
//! ```text
//!   Create ─▶ pending ──────▶ sent ──────▶ delivered
//!              │  ▲ │
//!              │  └─┤ an attempt failed: again in 1, 5, 15 minutes
//!              │    └───────▶ failed (refused for good, or the fourth attempt failed)
//!              └────────────▶ cancelled
//! ```
//!
//! [`Notification`] and [`Template`] are the aggregates, [`Notifications`] is the work with them. [`Renderer`] and
//! [`Channel`] are what it needs from outside; [`Mailbox`] is a channel that needs nothing but the store.
//!
//! 1. A notification reaches its channel at least once, under a key that is the same in every attempt.
//! 2. An attempt is written before the channel is called: two workers don't call it for the same notification within
//!    [`HOLD`], and an attempt that kills its worker counts.
//! 3. An event has one notification, however often it is read: the id is made of the event's.
//! 4. A variable that a template needs and nobody gives is an error, never an empty hole.
//! 5. A secret (a code to reset a password) is in no event and in no answer. It is kept until the notification is
//!    sent, failed or cancelled, and deleted in that commit. A mailbox keeps what it was given, secrets included.

mod faults;
mod kind;
mod mailbox;
mod name;
mod notice;
mod port;
pub mod reactions;
mod recipient;
mod secret;
mod template;
#[cfg(test)]
mod tests;
mod variables;
mod workflow;

pub use kind::{ChannelKind, NotificationStatus, Priority};
pub use mailbox::{Mailbox, MailboxMessage};
pub use name::UnknownName;
pub use notice::{
    BODY_LENGTH, DeliveryFailure, Draft, HOLD, MAX_ATTEMPTS, Notification, NotificationCommand,
    NotificationEvent, NotificationRejection, NotificationView, SUBJECT_LENGTH,
};
pub use port::{Channel, Channels, Delivery, DeliveryError, Receipt, RenderError, Renderer};
pub use reactions::{Contact, PublishedFact};
pub use secret::{SecretNotice, SecretPurpose};
pub use template::{
    Template, TemplateCommand, TemplateDetails, TemplateEvent, TemplateRejection, TemplateView,
    default_templates,
};
pub use variables::{MAX_VARIABLES, Variables};
pub use workflow::{
    ACQUAINTANCE, Content, DeliveryReport, Due, Error, NewNotification, Notifications, Operations, Page,
    Prepared, TEMPLATE_NAMES, TemplateRef,
};
