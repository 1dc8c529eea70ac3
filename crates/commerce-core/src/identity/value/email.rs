//! E-mail addresses.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::value::Violation;

/// The longest address, in characters.
const LONGEST: usize = 255;
/// The longest local part (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// The longest label of a domain (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;
/// What may stand in a local part beside letters and digits (`atext` of RFC 5322).
const SYMBOLS: &[u8] = b"!#$%&'*+/=?^_`{|}~-";

/// An e-mail address in lower case, without white space around it.
///
/// It has the shape of an RFC 5322 `addr-spec` whose local part is a dot-atom and whose domain is a host name of at
/// least two labels; quoted local parts, address literals and comments are refused.
///
/// ```
/// use commerce_core::identity::EmailAddress;
///
/// assert_eq!(EmailAddress::parse("/email", " Ada@Example.org ")?.as_str(), "ada@example.org");
/// assert_eq!(EmailAddress::parse("/email", "ada").unwrap_err().code, "invalid_email");
/// # Ok::<(), commerce_core::value::Violation>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EmailAddress(Arc<str>);

impl EmailAddress {
    /// Reads an address in any case.
    ///
    /// # Errors
    /// A violation at `pointer` with the code `required`, `too_long` or `invalid_email`.
    pub fn parse(pointer: &str, text: &str) -> Result<Self, Violation> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Violation::new(pointer, "required", "must not be empty"));
        }
        if text.chars().count() > LONGEST {
            let detail = format!("must have at most {LONGEST} characters");
            return Err(Violation::new(pointer, "too_long", detail));
        }
        let well_formed = text.rsplit_once('@').is_some_and(|(local, host)| is_local(local) && is_host(host));
        if !well_formed {
            let detail = "must be an e-mail address such as ada@example.org";
            return Err(Violation::new(pointer, "invalid_email", detail));
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_local(text: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty() && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || SYMBOLS.contains(&byte))
    };
    text.len() <= LONGEST_LOCAL && text.split('.').all(is_atom)
}

fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= LONGEST_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.contains('.') && text.split('.').all(is_label)
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0.as_ref().to_owned()
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse("/email", &text).map_err(|violation| violation.detail)
    }
}
