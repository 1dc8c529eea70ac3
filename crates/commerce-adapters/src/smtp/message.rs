//! The mail itself.

use std::time::{Duration, SystemTime};

use commerce_core::notification::{Delivery, DeliveryError};
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};

/// Says that no person wrote it, so that no machine answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

pub(super) fn of(delivery: &Delivery, from: &Mailbox) -> Result<Message, DeliveryError> {
    let unfit = |detail: String| DeliveryError::terminal("invalid_mail", detail);
    let to = delivery.recipient.parse().map_err(|_| unfit("the recipient is no mail address".to_owned()))?;
    let date = u64::try_from(delivery.at.as_micros()).unwrap_or_default();
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(&*delivery.subject)
        .date(SystemTime::UNIX_EPOCH + Duration::from_micros(date))
        .message_id(Some(format!("<{}@{}>", delivery.notification_id, from.email.domain())))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(delivery.body.clone())
        .map_err(|error| unfit(error.to_string()))
}
