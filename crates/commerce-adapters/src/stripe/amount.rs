//! Amounts as Stripe counts them.

use commerce_core::value::{Currency, Money};

/// Stripe counts whole units of these.
const ZERO_DECIMALS: [&str; 15] =
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"];
/// Stripe counts thousandths of these, in steps of ten.
const THREE_DECIMALS: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];
/// Stripe counts hundredths of these, though they have no smaller unit: only whole hundreds.
const WHOLE_HUNDREDS: [&str; 2] = ["ISK", "UGX"];

/// An amount that Stripe can't take as it is. It is never rounded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("Stripe can't take {0}: it counts this currency in larger steps")]
pub(super) struct NotRepresentable(Money);

impl NotRepresentable {
    pub(super) const CODE: &str = "amount_not_representable";
}

/// The number Stripe expects for the amount.
pub(super) fn minor_units(amount: Money) -> Result<i64, NotRepresentable> {
    let (decimals, step) = counted(amount.currency());
    rescaled(amount.minor(), amount.currency().exponent(), decimals)
        .filter(|units| units % step == 0)
        .ok_or(NotRepresentable(amount))
}

/// The smallest amount of the currency that Stripe can take; it takes every multiple of it.
pub(super) fn smallest(currency: Currency) -> Money {
    // Both count by powers of ten, and none has more decimals than that.
    let mut amounts = (0..6).map(|power| Money::from_minor(10_i64.pow(power), currency));
    amounts.find(|amount| minor_units(*amount).is_ok()).unwrap_or(Money::from_minor(1, currency))
}

/// A number that Stripe tells, and its code of the currency, that are no amount here.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{units} of {currency:?} is no amount of money here")]
pub(super) struct Unreadable {
    units: i64,
    currency: String,
}

/// The amount that Stripe means by this number.
pub(super) fn amount_of(units: i64, currency: &str) -> Result<Money, Unreadable> {
    let unreadable = || Unreadable { units, currency: currency.to_owned() };
    let known = Currency::parse(&currency.to_ascii_uppercase()).map_err(|_| unreadable())?;
    let minor = rescaled(units, counted(known).0, known.exponent()).ok_or_else(unreadable)?;
    Ok(Money::from_minor(minor, known))
}

/// How many decimals of a currency Stripe counts, and in which steps.
fn counted(currency: Currency) -> (u32, i64) {
    let code = currency.code();
    match code {
        _ if ZERO_DECIMALS.contains(&code) => (0, 1),
        _ if THREE_DECIMALS.contains(&code) => (3, 10),
        _ if WHOLE_HUNDREDS.contains(&code) => (2, 100),
        _ => (2, 1),
    }
}

/// The same amount in units of other decimals. None when that isn't a whole number, or too large.
fn rescaled(units: i64, decimals: u32, to: u32) -> Option<i64> {
    let factor = 10_i64.checked_pow(to.abs_diff(decimals))?;
    if to >= decimals {
        return units.checked_mul(factor);
    }
    (units % factor == 0).then(|| units / factor)
}

#[cfg(test)]
mod tests {
    use commerce_core::value::Currency;

    use super::*;

    fn stripe(amount: &str, currency: &str) -> Option<i64> {
        let currency = Currency::parse(currency).unwrap();
        minor_units(Money::parse(amount, currency).unwrap()).ok()
    }

    #[test]
    fn an_amount_is_counted_as_its_currency_is() {
        assert_eq!(stripe("12.34", "GBP"), Some(1234));
        assert_eq!(stripe("500", "JPY"), Some(500));
        assert_eq!(stripe("5.120", "KWD"), Some(5120));
    }

    #[test]
    fn currencies_that_stripe_counts_unlike_iso_are_converted() {
        assert_eq!(stripe("5", "ISK"), Some(500));
        assert_eq!(stripe("5", "UGX"), Some(500));
        assert_eq!(stripe("5.00", "MGA"), Some(5));
    }

    #[test]
    fn what_stripe_is_told_is_read_again_as_the_same_amount() {
        for currency in Currency::all() {
            let amount = Money::from_minor(123_000, currency);
            let Ok(units) = minor_units(amount) else { continue };
            assert_eq!(amount_of(units, &currency.code().to_ascii_lowercase()), Ok(amount));
        }
    }

    #[test]
    fn a_number_that_is_no_amount_is_not_read_as_one() {
        for (units, currency) in [(150, "isk"), (1, "xau"), (1, "pounds"), (1, ""), (i64::MAX, "mga")] {
            assert!(amount_of(units, currency).is_err(), "{units} {currency}");
        }
    }

    #[test]
    fn what_stripe_cant_take_is_refused_not_rounded() {
        assert_eq!(stripe("5.124", "KWD"), None);
        assert_eq!(stripe("5.50", "MGA"), None);
    }

    #[test]
    fn every_multiple_of_the_smallest_amount_can_be_taken_and_nothing_between() {
        for (currency, amount) in
            [("GBP", "0.01"), ("JPY", "1"), ("KWD", "0.010"), ("MGA", "1.00"), ("ISK", "1")]
        {
            let currency = Currency::parse(currency).unwrap();
            assert_eq!(smallest(currency), Money::parse(amount, currency).unwrap());
        }
        for currency in Currency::all() {
            let smallest = smallest(currency).minor();
            for minor in 1..=3 * smallest {
                let taken = minor_units(Money::from_minor(minor, currency)).is_ok();
                assert_eq!(taken, minor % smallest == 0, "{minor} {currency:?}");
            }
        }
    }

    #[test]
    fn an_amount_too_large_to_count_is_refused() {
        let isk = Currency::parse("ISK").unwrap();
        assert!(minor_units(Money::from_minor(i64::MAX, isk)).is_err());
    }
}
