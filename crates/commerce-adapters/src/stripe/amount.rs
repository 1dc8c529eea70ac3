//! Amounts as Stripe counts them.

use commerce_core::value::Money;

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
    let code = amount.currency().code();
    let (decimals, step) = match code {
        _ if ZERO_DECIMALS.contains(&code) => (0, 1),
        _ if THREE_DECIMALS.contains(&code) => (3, 10),
        _ if WHOLE_HUNDREDS.contains(&code) => (2, 100),
        _ => (2, 1),
    };
    let ours = amount.currency().exponent();
    let scaled = if decimals >= ours {
        10_i64.checked_pow(decimals - ours).and_then(|factor| amount.minor().checked_mul(factor))
    } else {
        let factor = 10_i64.checked_pow(ours - decimals);
        factor.filter(|factor| amount.minor() % factor == 0).map(|factor| amount.minor() / factor)
    };
    scaled.filter(|scaled| scaled % step == 0).ok_or(NotRepresentable(amount))
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
    fn what_stripe_cant_take_is_refused_not_rounded() {
        assert_eq!(stripe("5.124", "KWD"), None);
        assert_eq!(stripe("5.50", "MGA"), None);
    }

    #[test]
    fn an_amount_too_large_to_count_is_refused() {
        let isk = Currency::parse("ISK").unwrap();
        assert!(minor_units(Money::from_minor(i64::MAX, isk)).is_err());
    }
}
