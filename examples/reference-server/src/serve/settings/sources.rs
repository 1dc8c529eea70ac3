//! Where settings come from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{SETTINGS, Setting, Settings};

/// Environment variables that begin with this are settings, all of them.
pub(super) const PREFIX: &str = "COMMERCE__";

/// A setting that is wrong, or that there isn't. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    name: String,
    reason: String,
}

impl SettingError {
    pub(super) fn new(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { name: name.into(), reason: reason.into() }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

impl std::error::Error for SettingError {}

/// What was said where. Later ones count more.
#[derive(Default)]
pub struct Sources {
    given: Vec<Given>,
}

struct Given {
    /// As the operator wrote it.
    name: String,
    key: String,
    text: String,
}

impl Sources {
    /// What a TOML file says.
    ///
    /// # Errors
    /// When it can't be read, is no TOML, or has something other than texts, whole numbers and true or false in it.
    pub fn file(mut self, path: &Path) -> Result<Self, SettingError> {
        let shown = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| SettingError::new(&shown, error.to_string()))?;
        // Of what is wrong only the place is told: the line may hold a secret.
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            SettingError::new(&shown, format!("line {line} is no TOML: {}", error.message()))
        })?;
        self.table(&table, "", &shown)?;
        Ok(self)
    }

    fn table(&mut self, table: &Table, within: &str, file: &str) -> Result<(), SettingError> {
        for (name, value) in table {
            let key = format!("{within}{name}");
            let text = match value {
                Value::Table(inner) => {
                    self.table(inner, &format!("{key}."), file)?;
                    continue;
                }
                Value::String(text) => text.clone(),
                Value::Integer(number) => number.to_string(),
                Value::Boolean(is) => is.to_string(),
                _ => {
                    let reason = "must be a text, a whole number, or true or false";
                    return Err(SettingError::new(format!("{key} in {file}"), reason));
                }
            };
            self.given.push(Given { name: format!("{key} in {file}"), key, text });
        }
        Ok(())
    }

    /// What these environment variables say. Empty ones say nothing.
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours: BTreeMap<_, _> = variables
            .into_iter()
            .filter(|(name, text)| name.starts_with(PREFIX) && !text.is_empty())
            .collect();
        for (name, text) in ours {
            let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
            self.given.push(Given { name, key, text });
        }
        self
    }

    /// What an option of the command line says.
    pub fn option(mut self, name: &str, key: &str, text: Option<&str>) -> Self {
        if let Some(text) = text {
            self.given.push(Given { name: name.to_owned(), key: key.to_owned(), text: text.to_owned() });
        }
        self
    }

    /// The settings.
    ///
    /// # Errors
    /// The first that is wrong or unknown, by the name under which it was given.
    pub fn read(self) -> Result<Settings, SettingError> {
        self.read_those(|_| true)
    }

    /// The settings of a gateway in front of other processes. What it doesn't need may be wrong: they share a file.
    ///
    /// # Errors
    /// See [`read`](Self::read).
    pub fn read_of_gateway(self) -> Result<Settings, SettingError> {
        self.read_those(|setting| setting.of_gateway)
    }

    fn read_those(self, count: impl Fn(&Setting) -> bool) -> Result<Settings, SettingError> {
        let mut settings = Settings::default();
        for Given { name, key, text } in self.given {
            let setting = SETTINGS
                .iter()
                .find(|setting| setting.key == key)
                .ok_or_else(|| SettingError::new(&name, "there is no such setting; --help lists them"))?;
            if count(setting) {
                (setting.read)(&mut settings, &text).map_err(|reason| SettingError::new(&name, reason))?;
            }
        }
        Ok(settings)
    }

    /// What the program was told on its command line, over its environment, over this file.
    ///
    /// # Errors
    /// See [`file`](Self::file).
    pub fn of_program(file: Option<&PathBuf>) -> Result<Self, SettingError> {
        let sources = match file {
            Some(file) => Self::default().file(file)?,
            None => Self::default(),
        };
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Ok(sources.environment(std::env::vars_os().map(|(name, value)| (text(name), text(value)))))
    }
}

#[cfg(test)]
mod tests {
    use commerce_adapters::telemetry::LogFormat;

    use super::*;
    use crate::shop::StoreUrl;

    fn environment(pairs: &[(&str, &str)]) -> Sources {
        Sources::default().environment(pairs.iter().map(|(name, text)| ((*name).into(), (*text).into())))
    }

    fn file(text: &str) -> Result<Sources, SettingError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("commerce.toml");
        std::fs::write(&path, text).unwrap();
        Sources::default().file(&path)
    }

    #[test]
    fn later_sources_count_more() {
        let text =
            "listen = \"127.0.0.1:1\"\nseed = false\n[log]\nformat = \"json\"\n[store]\nurl = \"memory://\"";
        let sources = file(text).unwrap();
        let sources = sources.environment([("COMMERCE__LISTEN".into(), "127.0.0.1:2".into())]);
        let settings = sources.option("--listen", "listen", Some("127.0.0.1:3")).read().unwrap();
        assert_eq!(settings.listen.port(), 3);
        assert_eq!((settings.seed, settings.log_format), (false, LogFormat::Json));
        assert_eq!(settings.store, StoreUrl::Memory);
    }

    #[test]
    fn every_setting_has_a_variable_of_its_name() {
        let good = |key: &str| match key {
            "listen" => "127.0.0.1:1",
            "store.url" => "memory://",
            "log.format" => "json",
            "demo.password" => "Lovelace-1815",
            "smtp.url" => "smtp://localhost",
            "stripe.base_url" | "stripe.return_url" | "otlp.endpoint" | "notification.webhook_url" => {
                "http://localhost"
            }
            "notification.operations" => "ops@example.com",
            "gateway.origins" => "https://shop.example.com",
            "gateway.trusted_proxies" => "10.0.0.0/8, ::1",
            "connections" | "gateway.writes_per_minute" | "gateway.reads_per_minute" => "7",
            "redis.url" => "redis://localhost",
            "payment.customer_action_seconds" => "60",
            _ => "on",
        };
        for setting in SETTINGS {
            let sources = environment(&[(&setting.variable(), good(setting.key))]);
            sources.read().unwrap();
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_not_repeated() {
        for (name, text) in [
            ("COMMERCE__LISTEN", "secret"),
            ("COMMERCE__STORE__URL", "postgres://me:secret@:x/"),
            ("COMMERCE__SEED", "secret"),
            ("COMMERCE__DEMO__PASSWORD", "secret"),
            ("COMMERCE__GATEWAY__RATE_LIMIT", "secret"),
            ("COMMERCE__GATEWAY__WRITES_PER_MINUTE", "0"),
            ("COMMERCE__GATEWAY__READS_PER_MINUTE", "-1"),
            ("COMMERCE__REDIS__URL", "http://me:secret@localhost"),
            ("COMMERCE__LOG__FORMAT", "secret"),
            ("COMMERCE__SMTP__URL", "secret"),
            ("COMMERCE__STRIPE__BASE_URL", "secret"),
            ("COMMERCE__OTLP__ENDPOINT", "secret"),
            ("COMMERCE__IDENTITY__ISSUER", " "),
            ("COMMERCE__IDENTITY__AUDIENCE", " "),
            ("COMMERCE__LISTNE", "secret"),
        ] {
            let error = environment(&[(name, text)]).read().unwrap_err().to_string();
            assert!(error.starts_with(name) && !error.contains("secret"), "{error}");
        }
        let error = environment(&[("COMMERCE__DEMO__PASSWORD", "weak")]).read().unwrap_err().to_string();
        assert!(error.contains("at least 8") && error.contains("an upper-case") && error.contains("a digit"));
        let error = file("[store]\nurl = 1.5").err().unwrap().to_string();
        assert!(error.contains("store.url in"), "{error}");
        let error = file("[demo]\npassword = \"secret").err().unwrap().to_string();
        assert!(error.contains("line 2") && !error.contains("secret"), "{error}");
        let error = file("[stor]\nurl = \"memory://\"").unwrap().read().unwrap_err().to_string();
        assert!(error.contains("stor.url in"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let secret = "Sesame-0815";
        let url = format!("smtps://me:{secret}@mail");
        let settings = environment(&[
            ("COMMERCE__DEMO__PASSWORD", secret),
            ("COMMERCE__SMTP__URL", &url),
            ("COMMERCE__REDIS__URL", &url.replace("smtps", "rediss")),
            ("COMMERCE__STRIPE__SECRET_KEY", secret),
            ("COMMERCE__STRIPE__WEBHOOK_SECRET", secret),
        ]);
        let shown = format!("{:?}", settings.read().unwrap());
        assert!(!shown.contains(secret), "{shown}");
    }

    #[test]
    fn empty_variables_say_nothing() {
        assert!(environment(&[("COMMERCE__SMTP__URL", "")]).read().unwrap().smtp.url.is_none());
    }
}
