//! Where a notification goes, checked by its channel.

use super::ChannelKind;
use crate::id::CustomerId;
use crate::value::{Violation, text};

/// The longest e-mail address of an account. One more than most servers deliver to (RFC 5321): they say so themselves.
const EMAIL_LENGTH: usize = 255;
/// The longest part before the `@` (RFC 5321).
const LOCAL_LENGTH: usize = 64;
/// The longest label of a domain (RFC 1035).
const LABEL_LENGTH: usize = 63;
/// The longest token that a push service gives, with room to spare.
const TOKEN_LENGTH: usize = 4_096;

/// The recipient in its one spelling. In the application it is the user, whatever was given.
pub(super) fn checked(
    channel: ChannelKind,
    user: CustomerId,
    given: Option<&str>,
) -> Result<String, Violation> {
    let required = || Violation::new("/recipient", "required", "must not be empty");
    match channel {
        ChannelKind::InApp => Ok(user.to_string()),
        ChannelKind::Email => email(given.ok_or_else(required)?),
        ChannelKind::Sms => phone(given.ok_or_else(required)?),
        ChannelKind::Push => device_token(given.ok_or_else(required)?),
    }
}

/// An address of the shape that mail servers accept: no quotes, no comments, no bare host.
fn email(given: &str) -> Result<String, Violation> {
    let email = text("/recipient", given, 1, EMAIL_LENGTH)?;
    let fits = email.rsplit_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
    let invalid =
        || Violation::new("/recipient", "invalid_email", "must be an address such as ada@example.com");
    if fits { Ok(email) } else { Err(invalid()) }
}

fn is_local(local: &str) -> bool {
    let atom = |part: &str| {
        let allowed =
            |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii();
        !part.is_empty() && part.chars().all(|c| allowed(c) && !c.is_whitespace())
    };
    local.len() <= LOCAL_LENGTH && local.split('.').all(atom)
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_LENGTH).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

/// E.164: a plus and 7 to 15 digits. What people write between the digits is dropped.
fn phone(given: &str) -> Result<String, Violation> {
    let written = text("/recipient", given, 1, 40)?;
    let phone: String = written.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let fits = phone.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0')
    });
    let invalid =
        || Violation::new("/recipient", "invalid_phone", "must be a phone number such as +442079460958");
    if fits { Ok(phone) } else { Err(invalid()) }
}

fn device_token(given: &str) -> Result<String, Violation> {
    let token = text("/recipient", given, 1, TOKEN_LENGTH)?;
    let invalid =
        || Violation::new("/recipient", "invalid_device_token", "must be visible ASCII without blanks");
    if token.bytes().all(|byte| byte.is_ascii_graphic()) { Ok(token) } else { Err(invalid()) }
}
