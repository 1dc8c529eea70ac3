//! What the operator decides: defaults, then a TOML file, then the environment, then the command line.

mod platform;
mod sources;
mod table;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use commerce_adapters::http::Proxies;
use commerce_adapters::telemetry::LogFormat;
use commerce_core::identity::{EmailAddress, Password, Secret};

pub use sources::{SettingError, Sources};
pub use table::{SETTINGS, Setting};

use super::door::CONNECTIONS;
use crate::gateway::Origins;
use crate::services::identity::IdentityOptions;
use crate::shop::StoreUrl;

/// All settings. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where clients come to.
    pub listen: SocketAddr,
    /// So many connections may be open at once.
    pub connections: usize,
    /// Where the data is.
    pub store: StoreUrl,
    /// Whether an empty store begins with a demo.
    pub seed: bool,
    /// The password of the demo's users; a random one, if there is none.
    pub demo_password: Option<Password>,
    /// How much each client may ask.
    pub rate_limit: RateLimitSettings,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What access tokens say of themselves.
    pub identity: IdentityOptions,
    /// The mail server.
    pub smtp: SmtpSettings,
    /// Who is told what operations must know.
    pub operations: EmailAddress,
    /// Where notifications go that go by no other channel.
    pub webhook: WebhookSettings,
    /// Whose pages' scripts may ask.
    pub origins: Origins,
    /// How long a checkout waits for its customer to act at the payment provider.
    pub customer_action: Option<Duration>,
    /// The payment provider.
    pub stripe: StripeSettings,
    /// Where traces go (OTLP).
    pub otlp_endpoint: Option<String>,
}

/// How much each client may ask of the gateway.
#[derive(Clone, Debug)]
pub struct RateLimitSettings {
    /// Whether it is limited at all.
    pub on: bool,
    /// So many requests a minute that change something.
    pub writes: u32,
    /// So many requests a minute that don't.
    pub reads: u32,
    /// The Redis in which all gateways count together. Without one, each counts by itself.
    pub redis: Option<Secret>,
    /// Who is believed when they name the client that they ask for.
    pub proxies: Proxies,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self { on: true, writes: 100, reads: 1_000, redis: None, proxies: Proxies::default() }
    }
}

/// The mail server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its address, with what it asks for in it: `smtps://USER:PASSWORD@HOST`. Without one, mails are kept in mailboxes.
    pub url: Option<Secret>,
    /// Who mails are from.
    pub from: String,
}

/// A URL that takes notifications.
#[derive(Clone, Default)]
pub struct WebhookSettings {
    /// Its address.
    pub url: Option<String>,
    /// What notifications are signed with.
    pub secret: Option<Secret>,
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its path and its query may be a secret of the receiver's.
        f.debug_struct("WebhookSettings")
            .field("url", &self.url.as_ref().map(|_| "[hidden]"))
            .field("secret", &self.secret)
            .finish()
    }
}

/// The payment provider. Without a key, payments are taken by one that only pretends.
#[derive(Clone, Debug, Default)]
pub struct StripeSettings {
    /// The key that requests are made with.
    pub secret_key: Option<Secret>,
    /// The secret that events are signed with.
    pub webhook_secret: Option<Secret>,
    /// Where it is, if not at Stripe.
    pub base_url: Option<String>,
    /// Where customers come back to from the page of a means of payment. Without it, means that need one are not taken.
    pub return_url: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            connections: CONNECTIONS,
            store: StoreUrl::Sqlite(PathBuf::from("./data")),
            seed: true,
            demo_password: None,
            rate_limit: RateLimitSettings::default(),
            log_format: LogFormat::Pretty,
            identity: IdentityOptions::default(),
            smtp: SmtpSettings { url: None, from: "no-reply@example.com".to_owned() },
            operations: EmailAddress::parse("", "ops@example.com")
                .unwrap_or_else(|_| unreachable!("it is one")),
            webhook: WebhookSettings::default(),
            origins: Origins::default(),
            customer_action: None,
            stripe: StripeSettings::default(),
            otlp_endpoint: None,
        }
    }
}
