//! What the operator decides: defaults, then a TOML file, then the environment, then the command line.

mod sources;
mod table;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use commerce_core::identity::{Password, Secret};

pub use sources::{SettingError, Sources};
pub use table::{SETTINGS, Setting};

use crate::services::identity::IdentityOptions;
use crate::shop::StoreUrl;

/// All settings. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where clients come to.
    pub listen: SocketAddr,
    /// Where the data is.
    pub store: StoreUrl,
    /// Whether an empty store begins with a demo.
    pub seed: bool,
    /// The password of the demo's users; a random one, if there is none.
    pub demo_password: Option<Password>,
    /// Whether each client may ask only so much a minute.
    pub rate_limit: bool,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What access tokens say of themselves.
    pub identity: IdentityOptions,
    /// The mail server. Nothing uses it yet.
    pub smtp: SmtpSettings,
    /// The payment provider. Nothing uses it yet.
    pub stripe: StripeSettings,
    /// Where traces go (OTLP). Nothing uses it yet.
    pub otlp_endpoint: Option<String>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For programs: one JSON object a line.
    Json,
}

/// The mail server. Nothing uses it yet.
#[derive(Clone, Debug, Default)]
pub struct SmtpSettings {
    /// Its address, with what it asks for in it: `smtps://USER:PASSWORD@HOST`.
    pub url: Option<Secret>,
}

/// The payment provider. Nothing uses it yet: payments are taken by the one that only pretends.
#[derive(Clone, Debug, Default)]
pub struct StripeSettings {
    /// The key that requests are made with.
    pub secret_key: Option<Secret>,
    /// The secret that events are signed with.
    pub webhook_secret: Option<Secret>,
    /// Where it is, if not at Stripe.
    pub base_url: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            store: StoreUrl::Sqlite(PathBuf::from("./data")),
            seed: true,
            demo_password: None,
            rate_limit: true,
            log_format: LogFormat::Pretty,
            identity: IdentityOptions::default(),
            smtp: SmtpSettings::default(),
            stripe: StripeSettings::default(),
            otlp_endpoint: None,
        }
    }
}
