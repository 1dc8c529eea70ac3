//! Every setting: its name, what it is for, and how its text is read.

use std::time::Duration;

use commerce_adapters::http::InvalidProxy;
use commerce_core::identity::{EmailAddress, Password, Secret};

use super::Settings;
use crate::gateway::InvalidOrigin;

/// One setting.
pub struct Setting {
    /// Its name in a TOML file; `a.b` is `COMMERCE__A__B` in the environment.
    pub key: &'static str,
    /// What its value looks like.
    pub value: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Whether it counts for a gateway in front of other processes too.
    pub of_gateway: bool,
    pub(super) read: fn(&mut Settings, &str) -> Result<(), String>,
}

impl Setting {
    const fn new(
        key: &'static str,
        value: &'static str,
        help: &'static str,
        read: fn(&mut Settings, &str) -> Result<(), String>,
    ) -> Self {
        Self { key, value, help, of_gateway: false, read }
    }

    const fn of_gateway(self) -> Self {
        Self { of_gateway: true, ..self }
    }

    /// Its name in the environment.
    pub fn variable(&self) -> String {
        format!("{}{}", super::sources::PREFIX, self.key.to_uppercase().replace('.', "__"))
    }
}

/// Every setting. No reason repeats the text: it may be a secret.
pub const SETTINGS: &[Setting] = &[
    Setting::new("listen", "ADDRESS:PORT", "Where clients come to [127.0.0.1:8080]", |settings, text| {
        let known = text.parse().map_err(|_| "must be an address and a port, such as 127.0.0.1:8080");
        settings.listen = known?;
        Ok(())
    })
    .of_gateway(),
    Setting::new(
        "connections",
        "NUMBER",
        "So many connections may be open at once; others wait [2000]",
        |settings, text| {
            settings.connections = usize::try_from(positive(text)?).unwrap_or(usize::MAX);
            Ok(())
        },
    )
    .of_gateway(),
    Setting::new("store.url", "URL", "Where the data is: see --store [sqlite://./data]", |settings, text| {
        settings.store = text.parse()?;
        Ok(())
    }),
    Setting::new("seed", "on|off", "Whether an empty store begins with a demo [on]", |settings, text| {
        settings.seed = switch(text)?;
        Ok(())
    }),
    Setting::new(
        "demo.password",
        "TEXT",
        "The demo users' password [random, shown once]",
        |settings, text| {
            settings.demo_password = Some(password(text)?);
            Ok(())
        },
    ),
    Setting::new(
        "gateway.rate_limit",
        "on|off",
        "Whether a client may ask only so much a minute [on]",
        |settings, text| {
            settings.rate_limit.on = switch(text)?;
            Ok(())
        },
    )
    .of_gateway(),
    Setting::new(
        "gateway.writes_per_minute",
        "NUMBER",
        "So many requests a client may make that change something [100]",
        |settings, text| {
            settings.rate_limit.writes = positive(text)?;
            Ok(())
        },
    )
    .of_gateway(),
    Setting::new(
        "gateway.reads_per_minute",
        "NUMBER",
        "So many a client may make that don't [1000]",
        |settings, text| {
            settings.rate_limit.reads = positive(text)?;
            Ok(())
        },
    )
    .of_gateway(),
    Setting::new(
        "gateway.trusted_proxies",
        "NETWORKS",
        "Who is believed when they name the client they ask for: 10.0.0.0/8, 192.0.2.7 [nobody]",
        |settings, text| {
            settings.rate_limit.proxies = text.parse().map_err(|error: InvalidProxy| error.to_string())?;
            Ok(())
        },
    )
    .of_gateway(),
    Setting::new(
        "redis.url",
        "URL",
        "Where all gateways count requests together: redis://HOST, rediss://… or unix:///PATH",
        |settings, text| {
            settings.rate_limit.redis = Some(Secret::new(url(text, &["redis", "rediss", "unix"])?));
            Ok(())
        },
    )
    .of_gateway(),
    Setting::new("log.format", "pretty|json", "How the log is written [pretty]", |settings, text| {
        settings.log_format = text.parse().map_err(|_| "must be pretty or json")?;
        Ok(())
    })
    .of_gateway(),
    Setting::new("identity.issuer", "TEXT", "Who signs access tokens [commerce]", |settings, text| {
        settings.identity.issuer = some(text)?;
        Ok(())
    })
    .of_gateway(),
    Setting::new("identity.audience", "TEXT", "For whom access tokens are [commerce]", |settings, text| {
        settings.identity.audience = some(text)?;
        Ok(())
    })
    .of_gateway(),
    Setting::new("smtp.url", "URL", "The mail server: smtps://USER:PASSWORD@HOST", |settings, text| {
        settings.smtp.url = Some(Secret::new(url(text, &["smtp", "smtps"])?));
        Ok(())
    }),
    Setting::new("smtp.from", "ADDRESS", "Who mails are from [no-reply@example.com]", |settings, text| {
        settings.smtp.from = text.to_owned();
        Ok(())
    }),
    Setting::new(
        "notification.operations",
        "ADDRESS",
        "Who is mailed what operations must know [ops@example.com]",
        |settings, text| {
            settings.operations = EmailAddress::parse("", text).map_err(|fault| fault.detail)?;
            Ok(())
        },
    ),
    Setting::new(
        "notification.webhook_url",
        "URL",
        "Where notifications are POSTed that go by no other channel",
        |settings, text| {
            settings.webhook.url = Some(url(text, &["http", "https"])?);
            Ok(())
        },
    ),
    Setting::new(
        "notification.webhook_secret",
        "TEXT",
        "What they are signed with (Standard Webhooks): whsec_…",
        |settings, text| {
            settings.webhook.secret = Some(Secret::new(text));
            Ok(())
        },
    ),
    Setting::new(
        "gateway.origins",
        "URL,…|off",
        "Whose pages' scripts may ask (CORS) [off]",
        |settings, text| {
            settings.origins = text.parse().map_err(|error: InvalidOrigin| error.to_string())?;
            Ok(())
        },
    )
    .of_gateway(),
    Setting::new(
        "stripe.secret_key",
        "TEXT",
        "The key to Stripe; without it payments are pretended",
        |settings, text| {
            settings.stripe.secret_key = Some(Secret::new(text));
            Ok(())
        },
    ),
    Setting::new("stripe.webhook_secret", "TEXT", "What Stripe signs events with", |settings, text| {
        settings.stripe.webhook_secret = Some(Secret::new(text));
        Ok(())
    }),
    Setting::new("stripe.base_url", "URL", "Where Stripe is, if not at Stripe", |settings, text| {
        settings.stripe.base_url = Some(url(text, &["http", "https"])?);
        Ok(())
    }),
    Setting::new(
        "stripe.return_url",
        "URL",
        "Where customers come back to from a page of their means of payment; without it none that need one",
        |settings, text| {
            settings.stripe.return_url = Some(url(text, &["http", "https"])?);
            Ok(())
        },
    ),
    Setting::new(
        "payment.customer_action_seconds",
        "NUMBER",
        "So long a checkout waits for its customer to act at the payment provider, 3 to 600 [90]",
        |settings, text| {
            settings.customer_action = Some(customer_action(text)?);
            Ok(())
        },
    ),
    Setting::new("otlp.endpoint", "URL", "Where traces go (OTLP)", |settings, text| {
        settings.otlp_endpoint = Some(url(text, &["http", "https"])?);
        Ok(())
    })
    .of_gateway(),
];

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

fn positive(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("must be a whole number from 1 to {}", u32::MAX)),
    }
}

/// The goods are reserved for a quarter of an hour; a checkout has to end before that.
fn customer_action(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 3..=600) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a whole number of seconds from 3 to 600".to_owned()),
    }
}

/// What was left out is the default; what is said must say something.
fn some(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn url(text: &str, schemes: &[&str]) -> Result<String, String> {
    match text.split_once("://") {
        Some((scheme, rest)) if schemes.contains(&scheme) && !rest.is_empty() => Ok(text.to_owned()),
        _ => {
            let forms: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}://…")).collect();
            Err(format!("must be a URL: {}", forms.join(" or ")))
        }
    }
}

fn password(text: &str) -> Result<Password, String> {
    let password = Password::new(text);
    match password.checked("") {
        Ok(_) => Ok(password),
        Err(faults) => {
            let faults: Vec<_> = faults.iter().map(|fault| fault.detail.to_string()).collect();
            Err(faults.join(", "))
        }
    }
}
