//! The fields of a row: exact, or refused.

use commerce_core::Timestamp;
use commerce_core::value::{Currency, Money, MoneyError};

use super::Fault;

/// A unit price as the file has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Price {
    /// Whether it is above zero.
    pub(super) is_positive: bool,
    /// It as money, unless it has a fraction of a penny.
    pub(super) in_pence: Option<Money>,
}

/// Reads `12` or `-3`.
pub(super) fn quantity(text: &str) -> Result<i32, Fault> {
    if !is_digits(text.strip_prefix('-').unwrap_or(text)) {
        return Err(Fault::not_a_quantity(text));
    }
    text.parse().map_err(|_| Fault::too_large(text))
}

/// Reads `2.55`, `2.550`, `4` or `-11062.06`.
pub(super) fn price(text: &str) -> Result<Price, Fault> {
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(Fault::not_an_amount(text));
    }
    let fraction = fraction.trim_end_matches('0');
    let is_whole_pence = fraction.len() <= 2;
    // Cut to pence, so that what is too large is found even where it is not in whole pence. It is all ASCII here.
    let pence = fraction.get(..2).unwrap_or(fraction);
    let amount =
        Money::parse(&format!("{sign}{whole}.{pence:0<2}"), Currency::GBP).map_err(|error| match error {
            MoneyError::Overflow => Fault::too_large(text),
            _ => Fault::not_an_amount(text),
        })?;
    let is_zero = whole.bytes().chain(fraction.bytes()).all(|digit| digit == b'0');
    Ok(Price { is_positive: sign.is_empty() && !is_zero, in_pence: is_whole_pence.then_some(amount) })
}

/// Reads `2010-12-01 08:26:00`, the shop's local time, as if it were UTC.
pub(super) fn moment(text: &str) -> Result<Timestamp, Fault> {
    const SHAPE: &[u8] = b"0000-00-00 00:00:00";
    let has_shape = text.len() == SHAPE.len()
        && text.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            mark => byte == *mark,
        });
    // RFC 3339 has leap seconds, and this format does not.
    if !has_shape || text.ends_with("60") {
        return Err(Fault::not_a_date(text));
    }
    Timestamp::parse(&format!("{}Z", text.replace(' ', "T"))).map_err(|_| Fault::not_a_date(text))
}

/// A CustomerID without what a spreadsheet adds to it: `17850` for `17850.0`.
pub(super) fn customer_id(text: &str) -> &str {
    let text = text.trim();
    match text.split_once('.') {
        Some((whole, zeros))
            if is_digits(whole) && !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0') =>
        {
            whole
        }
        _ => text,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pence(text: &str) -> Option<i64> {
        price(text).unwrap().in_pence.map(Money::minor)
    }

    #[test]
    fn a_quantity_is_a_whole_number_with_or_without_a_minus() {
        assert_eq!(quantity("6"), Ok(6));
        assert_eq!(quantity("-9360"), Ok(-9_360));
        assert_eq!(quantity("-0"), Ok(0));
    }

    #[test]
    fn a_quantity_in_any_other_notation_is_refused() {
        for text in ["", "-", "+5", "1e3", "NaN", "inf", " 5", "5 ", "4.0", "1,000", "0x10", "٣", "--1"] {
            assert_eq!(quantity(text), Err(Fault::not_a_quantity(text)), "{text:?}");
        }
    }

    #[test]
    fn a_quantity_beyond_32_bits_is_too_large() {
        assert_eq!(quantity("2147483647"), Ok(i32::MAX));
        assert_eq!(quantity("-2147483648"), Ok(i32::MIN));
        assert_eq!(quantity("2147483648"), Err(Fault::too_large("2147483648")));
    }

    #[test]
    fn a_price_is_read_exactly() {
        assert_eq!(pence("2.55"), Some(255));
        assert_eq!(pence("2.550"), Some(255));
        assert_eq!(pence("4"), Some(400));
        assert_eq!(pence("4.2"), Some(420));
        assert_eq!(pence("-11062.06"), Some(-1_106_206));
        assert_eq!(pence("92233720368547758.07"), Some(i64::MAX));
        assert_eq!(pence("0.29"), Some(29));
    }

    #[test]
    fn a_price_with_a_fraction_of_a_penny_is_no_amount_of_pence() {
        assert_eq!(price("2.555"), Ok(Price { is_positive: true, in_pence: None }));
        assert_eq!(price("0.0000000000000000000000000001"), Ok(Price { is_positive: true, in_pence: None }));
        assert_eq!(price("-0.001"), Ok(Price { is_positive: false, in_pence: None }));
    }

    #[test]
    fn zero_in_any_spelling_is_not_a_positive_price() {
        for text in ["0", "0.0", "0.000", "-0", "-0.00", "000"] {
            assert!(!price(text).unwrap().is_positive, "{text}");
            assert_eq!(pence(text), Some(0), "{text}");
        }
    }

    #[test]
    fn a_price_in_any_other_notation_is_refused() {
        for text in
            ["", "-", ".5", "5.", ".", "1e3", "NaN", "inf", " 5", "5 ", "+1", "1,50", "1.2.3", "£5", "1.-5"]
        {
            assert_eq!(price(text), Err(Fault::not_an_amount(text)), "{text:?}");
        }
    }

    #[test]
    fn a_price_beyond_money_is_too_large_even_when_it_is_not_in_pence() {
        for text in ["92233720368547758.08", "99999999999999999999", "99999999999999999999.123"] {
            assert_eq!(price(text), Err(Fault::too_large(text)), "{text}");
        }
    }

    #[test]
    fn a_date_is_read_as_utc() {
        assert_eq!(moment("2010-12-01 08:26:00").unwrap().to_string(), "2010-12-01T08:26:00Z");
        assert_eq!(moment("2012-02-29 23:59:59").unwrap().to_string(), "2012-02-29T23:59:59Z");
    }

    #[test]
    fn a_date_in_any_other_form_is_refused() {
        for text in [
            "",
            "2010-12-01",
            "2010-12-01T08:26:00",
            "2010-12-01 08:26",
            "2010-12-01 08:26:00 ",
            "01/12/2010 08:26:00",
            "2010-02-29 00:00:00",
            "2010-13-01 00:00:00",
            "2010-12-01 24:00:00",
            "2010-12-31 23:59:60",
            "2010-12-01 08:26:0é",
        ] {
            assert_eq!(moment(text), Err(Fault::not_a_date(text)), "{text:?}");
        }
    }

    #[test]
    fn a_customer_id_loses_what_a_spreadsheet_added() {
        assert_eq!(customer_id("17850.0"), "17850");
        assert_eq!(customer_id(" 17850 "), "17850");
        assert_eq!(customer_id("17850.5"), "17850.5");
        assert_eq!(customer_id("AB.0"), "AB.0");
        assert_eq!(customer_id("17850."), "17850.");
        assert_eq!(customer_id(""), "");
    }
}
