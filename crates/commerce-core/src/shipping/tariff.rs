//! What carrying a parcel costs: this project's own default tariff. No carrier's prices; a shop with a contract
//! replaces it.
//!
//! | part | price |
//! |---|---|
//! | every parcel | 500 minor units (5.00 GBP, 500 JPY, 0.500 KWD) |
//! | each half kilogram of chargeable weight, the last one begun | 75 minor units |
//! | speed | standard × 1.00, express × 1.60, overnight × 2.50, same day × 4.00 |
//! | carrier | usps × 1.00, ups × 1.10, fedex × 1.15, dhl × 1.20, custom × 0.90 |
//!
//! The sum is multiplied by both factors and rounded up to a whole minor unit, once, at the end. The prices are the
//! same number of minor units in every currency: there is no exchange rate in it.

use rust_decimal::Decimal;

use crate::value::{Currency, Money, MoneyError, Rounding, Violation};

use super::{Carrier, Package, Speed};

const EVERY_PARCEL: i64 = 500;
const HALF_KILOGRAM: i64 = 75;

/// What carrying the parcel costs by the default tariff: a whole number of minor units of `currency`, above zero.
///
/// The tariff: 500 minor units, and 75 for each begun half kilogram of chargeable weight; × 1.60 for express, × 2.50
/// overnight, × 4.00 on the same day; × 1.10 by ups, × 1.15 fedex, × 1.20 dhl, × 0.90 custom; rounded up once, at the
/// end. The numbers are the same in every currency: no exchange rate is involved.
///
/// ```
/// use commerce_core::shipping::{Carrier, Package, Speed, quote};
/// use commerce_core::value::{Currency, Decimal, Money};
///
/// let ten = Decimal::from(10);
/// let book = Package::new(Decimal::ONE, ten, ten, ten).unwrap();
/// let cost = quote(&book, Carrier::Usps, Speed::Express, Currency::GBP)?;
/// assert_eq!(cost, Money::from_minor(1_040, Currency::GBP)); // (5.00 + 2 × 0.75) × 1.60
/// # Ok::<(), commerce_core::value::MoneyError>(())
/// ```
///
/// # Errors
/// [`MoneyError::Overflow`] when that is more than money can say. No package is large enough for it.
pub fn quote(
    package: &Package,
    carrier: Carrier,
    speed: Speed,
    currency: Currency,
) -> Result<Money, MoneyError> {
    let halves = (package.chargeable_weight() * Decimal::TWO).ceil();
    let weight = Money::from_minor(HALF_KILOGRAM, currency).multiply(halves, Rounding::Up)?;
    let sum = Money::from_minor(EVERY_PARCEL, currency).checked_add(weight)?;
    sum.multiply(speed_factor(speed) * carrier_factor(carrier), Rounding::Up)
}

/// A cost that is not by the tariff, if it is zero or more.
///
/// # Errors
/// A negative one, pointed at as `/cost`.
pub fn checked_cost(cost: Money) -> Result<Money, Violation> {
    if cost.is_negative() {
        let detail = format!("must be zero or more, is {cost}");
        return Err(Violation::new("/cost", "must_not_be_negative", detail));
    }
    Ok(cost)
}

fn speed_factor(speed: Speed) -> Decimal {
    percent(match speed {
        Speed::Standard => 100,
        Speed::Express => 160,
        Speed::Overnight => 250,
        Speed::SameDay => 400,
    })
}

fn carrier_factor(carrier: Carrier) -> Decimal {
    percent(match carrier {
        Carrier::Usps => 100,
        Carrier::Ups => 110,
        Carrier::Fedex => 115,
        Carrier::Dhl => 120,
        Carrier::Custom => 90,
    })
}

const fn percent(value: u32) -> Decimal {
    Decimal::from_parts(value, 0, 0, false, 2)
}
