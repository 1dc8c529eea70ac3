//! Enums that are written as a name.

/// Gives an enum of names its list, its spelling, `Display` and `FromStr`.
macro_rules! names {
    ($type:ident, $error:literal, $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            /// Each of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::notification::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|one| one.as_str() == name)
                    .ok_or($crate::notification::UnknownName { expected: $error })
            }
        }
    };
}
pub(super) use names;

use crate::error::Kind;
use crate::value::Violation;

/// A name that isn't one of those there are. The caller is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {expected}")]
pub struct UnknownName {
    pub(super) expected: &'static str,
}

impl UnknownName {
    /// `unknown_value`.
    pub fn code(&self) -> &'static str {
        "unknown_value"
    }

    /// The same, as a fault of the field at `pointer`.
    pub fn at(&self, pointer: impl Into<String>) -> Violation {
        Violation::new(pointer, self.code(), self.to_string())
    }

    /// Always [`Kind::Invalid`].
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}
