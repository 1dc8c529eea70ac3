//! What the settings mean to the platform.

use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::http::{MemoryQuotas, Quota, Quotas, RateLimit};
use commerce_adapters::redis::RedisQuotas;
use commerce_adapters::smtp::Smtp;
use commerce_adapters::stripe::webhook::WebhookSecrets;
use commerce_adapters::stripe::{SecretString, Stripe, StripeOptions};
use commerce_adapters::webhook_channel::{Webhook, WebhookSecret};
use commerce_core::id::CustomerId;
use commerce_core::notification::{Channel, Operations};
use uuid::Uuid;

use super::{SettingError, Settings};
use crate::gateway::GatewayOptions;
use crate::platform::PlatformOptions;
use crate::services::notification::NotificationOptions;
use crate::shop::ShopOptions;

impl Settings {
    /// How the platform works.
    ///
    /// # Errors
    /// The setting that something outside can't be reached with. Nothing is reached for yet.
    pub fn platform(&self) -> Result<PlatformOptions, SettingError> {
        Ok(PlatformOptions {
            shop: self.shop()?,
            identity: self.identity.clone(),
            tokens: None,
            notification: self.notification()?,
            gateway: self.gateway()?,
        })
    }

    /// How the gateway works.
    ///
    /// # Errors
    /// See [`platform`](Self::platform).
    pub fn gateway(&self) -> Result<GatewayOptions, SettingError> {
        Ok(GatewayOptions { rate_limit: self.rate_limit()?, origins: self.origins.clone() })
    }

    fn rate_limit(&self) -> Result<Option<RateLimit>, SettingError> {
        if !self.rate_limit.on {
            return Ok(None);
        }
        let quotas: Arc<dyn Quotas> = match &self.rate_limit.redis {
            Some(url) => {
                let quotas = RedisQuotas::new(url.expose());
                Arc::new(quotas.map_err(|error| SettingError::new("redis.url", error.to_string()))?)
            }
            None => Arc::new(MemoryQuotas::default()),
        };
        Ok(Some(RateLimit {
            writes: Quota::per_minute(self.rate_limit.writes),
            reads: Quota::per_minute(self.rate_limit.reads),
            quotas,
            proxies: self.rate_limit.proxies.clone(),
        }))
    }

    fn shop(&self) -> Result<ShopOptions, SettingError> {
        let mut options = ShopOptions { customer_action: self.customer_action, ..ShopOptions::default() };
        if let Some(stripe) = self.stripe(options.provider_timeout)? {
            options.stripe_livemode = stripe.livemode();
            options.provider = Arc::new(stripe);
        }
        let secrets = self.stripe.webhook_secret.iter();
        options.stripe_webhook_secrets =
            WebhookSecrets::new(secrets.map(|secret| SecretString::from(secret.expose().to_owned())));
        Ok(options)
    }

    /// Stripe, for services that give up on it after `deadline`.
    fn stripe(&self, deadline: Duration) -> Result<Option<Stripe>, SettingError> {
        let Some(key) = &self.stripe.secret_key else {
            // Money would be pretended where it is meant to be taken.
            for (name, given) in
                [("stripe.base_url", &self.stripe.base_url), ("stripe.return_url", &self.stripe.return_url)]
            {
                if given.is_some() {
                    return Err(SettingError::new(name, "is of no use without stripe.secret_key"));
                }
            }
            if self.stripe.webhook_secret.is_some() {
                tracing::warn!(
                    "payments are pretended: there is a stripe.webhook_secret, but no stripe.secret_key"
                );
            }
            return Ok(None);
        };
        if self.stripe.webhook_secret.is_none() {
            tracing::warn!(
                "there is a stripe.secret_key, but no stripe.webhook_secret: nobody learns of money that comes when its \
                 payment has ended, or of a refund that fails"
            );
        }
        let stripe = Stripe::new(SecretString::from(key.expose().to_owned()), &self.stripe_options(deadline));
        let stripe = stripe.map_err(|error| SettingError::new("stripe", error.to_string()))?;
        Ok(Some(stripe))
    }

    /// Each request ends before the service gives up, or the circuit would stay closed before a Stripe that is silent.
    fn stripe_options(&self, deadline: Duration) -> StripeOptions {
        let mut options = StripeOptions::default().within(deadline);
        options.return_url.clone_from(&self.stripe.return_url);
        if let Some(base_url) = &self.stripe.base_url {
            options.base_url.clone_from(base_url);
        }
        options
    }

    fn notification(&self) -> Result<NotificationOptions, SettingError> {
        Ok(NotificationOptions {
            operations: Some(Operations {
                user_id: CustomerId(Uuid::new_v5(&Uuid::NAMESPACE_OID, b"operations")),
                email: self.operations.to_string(),
            }),
            smtp: self.mail()?,
            webhook: self.posting()?,
        })
    }

    fn mail(&self) -> Result<Option<Arc<dyn Channel>>, SettingError> {
        let Some(url) = &self.smtp.url else { return Ok(None) };
        let smtp = Smtp::new(url.expose(), &self.smtp.from);
        let smtp = smtp.map_err(|error| SettingError::new("smtp.url or smtp.from", error.to_string()))?;
        Ok(Some(Arc::new(smtp)))
    }

    fn posting(&self) -> Result<Option<Arc<dyn Channel>>, SettingError> {
        let (url, secret) = match (&self.webhook.url, &self.webhook.secret) {
            (None, None) => return Ok(None),
            (Some(url), Some(secret)) => (url, secret),
            (Some(_), None) => {
                return Err(SettingError::new(
                    "notification.webhook_url",
                    "needs notification.webhook_secret too",
                ));
            }
            (None, Some(_)) => {
                return Err(SettingError::new(
                    "notification.webhook_secret",
                    "needs notification.webhook_url too",
                ));
            }
        };
        let secret = WebhookSecret::parse(secret.expose())
            .map_err(|error| SettingError::new("notification.webhook_secret", error.to_string()))?;
        let webhook = Webhook::new(url, secret)
            .map_err(|error| SettingError::new("notification.webhook_url", error.to_string()))?;
        Ok(Some(Arc::new(webhook)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_requests_to_stripe_end_before_the_service_gives_up_on_it() {
        let deadline = ShopOptions::default().provider_timeout;
        let options = Settings::default().stripe_options(deadline);
        assert!(options.timeout * 2 < deadline, "{:?} of {deadline:?}", options.timeout);
    }
}
