//! Amounts as text: exact in both directions, and without an allocation.

use super::{Currency, MoneyError};

/// Nineteen digits, a sign, a point, and the zeros before a fraction.
const LONGEST: usize = 32;

/// An amount as it is written: `-12.34`.
pub(super) struct AmountText {
    bytes: [u8; LONGEST],
    start: usize,
}

impl AmountText {
    pub(super) fn new(minor: i64, currency: Currency) -> Self {
        let mut bytes = [0; LONGEST];
        let mut start = LONGEST;
        let mut rest = minor.unsigned_abs();
        let mut decimals_left = currency.exponent();
        // Written from the last digit to the first; at least one digit stands before the point.
        let mut slots = bytes.iter_mut().rev();
        let mut put = |byte: u8| {
            if let Some(slot) = slots.next() {
                *slot = byte;
                start -= 1;
            }
        };
        while decimals_left > 0 {
            put(last_digit(&mut rest));
            decimals_left -= 1;
            if decimals_left == 0 {
                put(b'.');
            }
        }
        put(last_digit(&mut rest));
        while rest > 0 {
            put(last_digit(&mut rest));
        }
        if minor < 0 {
            put(b'-');
        }
        Self { bytes, start }
    }

    pub(super) fn as_str(&self) -> &str {
        // Only ASCII was written, so neither fallback is ever taken.
        self.bytes.get(self.start..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

fn last_digit(rest: &mut u64) -> u8 {
    let digit = u8::try_from(*rest % 10).unwrap_or_default();
    *rest /= 10;
    b'0' + digit
}

/// Reads `-12.34` as minor units.
pub(super) fn parse(text: &str, currency: Currency) -> Result<i64, MoneyError> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
        Some(_) => return Err(MoneyError::not_a_number(text)),
        None => (unsigned, ""),
    };
    if !is_digits(whole) {
        return Err(MoneyError::not_a_number(text));
    }
    let missing = usize::try_from(currency.exponent())
        .unwrap_or_default()
        .checked_sub(fraction.len())
        .ok_or_else(|| MoneyError::too_precise(text, currency))?;
    let zeros = std::iter::repeat_n(b'0', missing);
    // Counted downwards, because the least i64 has no positive counterpart.
    let below_zero = whole
        .bytes()
        .chain(fraction.bytes())
        .chain(zeros)
        .try_fold(0_i64, |minor, digit| minor.checked_mul(10)?.checked_sub(i64::from(digit - b'0')))
        .ok_or(MoneyError::Overflow)?;
    if negative { Ok(below_zero) } else { below_zero.checked_neg().ok_or(MoneyError::Overflow) }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
