//! Serving: settings, the demo that an empty store begins with, and the door that clients come to.

mod door;
mod moving;
mod room;
mod seed;
mod settings;

pub use door::{Door, OPEN_FOR};
pub(crate) use door::{HEADERS_WITHIN, MOST_HEADERS};
pub use seed::{DEMO_USERS, DemoUser, Made, SeedError, Seeding, seed};
pub use settings::{
    SETTINGS, Setting, SettingError, Settings, SmtpSettings, Sources, StripeSettings, WebhookSettings,
};
