//! Notifications as mail, over SMTP.
//!
//! 1. A mail is sent at least once; every attempt has the same `Message-ID`, by which mail systems tell a repeat.
//! 2. It answers within its [timeout](Smtp::with_timeout), whatever the server does.
//! 3. A mail that the server refuses for good (5xx) is not tried again; one it refuses for now (4xx) is, and so is one
//!    that was not sent because the server could not be reached or refused us rather than the mail.
//! 4. Credentials are refused where they would travel unencrypted, and are in no error.

mod error;
mod message;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::notification::{Channel, ChannelKind, Delivery, DeliveryError, Receipt};
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

pub use error::InvalidSmtp;

/// How long an attempt may take, unless it is set: well within the time for which an attempt is held.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Sends mails by one server, over connections that are kept and used again.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl Smtp {
    /// By the server at `url`, from an address such as `Shop <shop@example.com>`.
    ///
    /// | url | |
    /// |---|---|
    /// | `smtps://user:password@mail.example.com` | TLS from the start, port 465 |
    /// | `smtp://user:password@mail.example.com:587?tls=required` | TLS by STARTTLS |
    /// | `smtp://localhost:1025` | no TLS: for a server on the same machine |
    ///
    /// Certificates are checked against Mozilla's roots. It connects only once there is something to send.
    ///
    /// # Errors
    /// [`InvalidSmtp`]. The caller is at fault.
    pub fn new(url: &str, from: &str) -> Result<Self, InvalidSmtp> {
        let encrypted = url.starts_with("smtps://") || url.contains("tls=required");
        if url.contains('@') && !encrypted {
            return Err(InvalidSmtp::Unencrypted);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| InvalidSmtp::Url)?;
        let from = from.parse().map_err(|_| InvalidSmtp::From)?;
        Ok(Self { transport: builder.timeout(Some(TIMEOUT)).build(), from, timeout: TIMEOUT })
    }

    /// Gives an attempt so much time in all.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("from", &self.from)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Channel for Smtp {
    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, DeliveryError> {
        if delivery.channel != ChannelKind::Email {
            let detail = format!("a mail server can't send what goes by {}", delivery.channel);
            return Err(DeliveryError::terminal("not_a_mail", detail));
        }
        let message = message::of(delivery, &self.from)?;
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Err(_) => Err(DeliveryError::retryable("smtp_timeout", "the mail server did not answer in time")),
            Ok(Err(error)) => Err(error::why(&error, &delivery.recipient)),
            Ok(Ok(response)) => {
                let reference = response.message().next().map(str::to_owned);
                Ok(Receipt { reference, delivered: false })
            }
        }
    }
}
