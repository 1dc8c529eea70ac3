use std::fmt;

use serde::{Serialize, Serializer};

/// A share of something, exact to four decimals, a half rounded up. Written as a string: `"0.1250"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ratio {
    ten_thousandths: u128,
}

impl Ratio {
    /// `part` ÷ `whole`; none when there is no whole.
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        let (part, whole) = (u128::from(part), u128::from(whole));
        // 64 bits and ten thousand twice need 79
        let ten_thousandths = (part * 20_000 + whole).checked_div(whole * 2)?;
        Some(Self { ten_thousandths })
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.ten_thousandths / 10_000, self.ten_thousandths % 10_000)
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
