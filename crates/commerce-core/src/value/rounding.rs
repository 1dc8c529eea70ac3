//! What becomes of fractions of a minor unit.

use rust_decimal::Decimal;

/// What becomes of a fraction of a minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest, a half to the even neighbour: no drift over many amounts.
    HalfEven,
    /// To the nearest, a half away from zero: what most people expect of a price.
    HalfUp,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
}

/// `minor × factor`, rounded once. `None` when it is beyond what 64 bits hold.
///
/// The product of 63 and 96 bits doesn't fit into any integer there is, and `Decimal` would round it on the way. So
/// the whole part of the factor is multiplied by itself, and the fraction in two halves of 32 bits.
pub(super) fn multiply(minor: i64, factor: Decimal, rounding: Rounding) -> Option<i64> {
    let negative = (minor < 0) != factor.is_sign_negative();
    let magnitude = u128::from(minor.unsigned_abs());
    let divisor = 10_u128.checked_pow(factor.scale())?;
    let whole = factor.mantissa().unsigned_abs() / divisor;
    let fraction = factor.mantissa().unsigned_abs() % divisor;

    // magnitude × fraction ÷ divisor, with fraction < divisor ≤ 10²⁸ < 2⁹⁴: no step below needs more than 127 bits.
    let (high, low) = (magnitude >> 32, magnitude & 0xFFFF_FFFF);
    let above = high.checked_mul(fraction)?;
    let below = ((above % divisor) << 32).checked_add(low.checked_mul(fraction)?)?;
    let from_fraction = ((above / divisor) << 32).checked_add(below / divisor)?;

    let exact = magnitude.checked_mul(whole)?.checked_add(from_fraction)?;
    let rounded = exact.checked_add(u128::from(rounds_up(exact, below % divisor, divisor, rounding)))?;
    signed(rounded, negative)
}

fn rounds_up(quotient: u128, remainder: u128, divisor: u128, rounding: Rounding) -> bool {
    let to_half = (remainder * 2).cmp(&divisor);
    match rounding {
        Rounding::HalfEven => to_half.is_gt() || (to_half.is_eq() && quotient % 2 == 1),
        Rounding::HalfUp => to_half.is_ge(),
        Rounding::Up => remainder > 0,
        Rounding::Down => false,
    }
}

/// The number with this magnitude and sign, if 64 bits hold it.
pub(super) fn signed(magnitude: u128, negative: bool) -> Option<i64> {
    let magnitude = i128::try_from(magnitude).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}
