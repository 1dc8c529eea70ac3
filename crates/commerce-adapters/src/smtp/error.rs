//! What went wrong.

use commerce_core::error::Kind;
use commerce_core::notification::DeliveryError;
use lettre::transport::smtp::Error as SmtpError;

/// Settings with which no mail can be sent. They are at fault. It repeats none of them, as one is a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSmtp {
    /// The address of the server can't be read.
    #[error("the mail server's address must be such as smtps://user:password@mail.example.com")]
    Url,
    /// The server's address has credentials but no encryption.
    #[error("credentials need smtps:// or ?tls=required: they would travel unencrypted")]
    Unencrypted,
    /// The sender's address can't be read.
    #[error("the sender must be such as Shop <shop@example.com>")]
    From,
}

impl InvalidSmtp {
    /// Always [`Kind::Invalid`].
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// Why a mail to this recipient was not taken.
pub(super) fn why(error: &SmtpError, recipient: &str) -> DeliveryError {
    let Some(status) = error.status() else {
        return match error {
            // The server doesn't know SMTPUTF8 (RFC 6531), without which such an address can't be named to it.
            error if error.is_client() && !recipient.is_ascii() => {
                DeliveryError::terminal("smtp_address_unsupported", error.to_string())
            }
            // What the server offers doesn't fit the settings, such as no encryption: ours to mend.
            error if error.is_client() => DeliveryError::retryable("smtp_unusable", error.to_string()),
            error if error.is_timeout() => DeliveryError::retryable("smtp_timeout", error.to_string()),
            error => DeliveryError::retryable("smtp_unreachable", error.to_string()),
        };
    };
    let status = u16::from(status);
    // 530 to 539 are about the credentials and the encryption (RFC 4954): ours to mend, not the mail's fault.
    let about_us = (530..540).contains(&status);
    let detail = format!("the mail server answered {error}");
    match status {
        500.. if !about_us => DeliveryError::terminal(format!("smtp_{status}"), detail),
        _ => DeliveryError::retryable(format!("smtp_{status}"), detail),
    }
}
