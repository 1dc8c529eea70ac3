//! The parcel itself.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::value::Violation;

use super::decimal;

/// Cubic centimetres that weigh as much as a kilogram to a carrier.
const CUBIC_CENTIMETRES_PER_KG: Decimal = Decimal::from_parts(5_000, 0, 0, false, 0);
/// Kilograms: more than any lorry takes.
const MAX_WEIGHT: Decimal = Decimal::from_parts(100_000, 0, 0, false, 0);
/// Centimetres: longer than any lorry is.
const MAX_LENGTH: Decimal = Decimal::from_parts(10_000, 0, 0, false, 0);
/// To the gram, and to the hundredth of a millimetre. With the limits above, every product of three lengths is exact
/// in the 28 digits of a decimal, so nothing here can overflow or be rounded.
const MAX_DECIMALS: u32 = 3;

/// How heavy and how large a parcel is. Every number is above zero and has at most three decimals.
///
/// ```
/// use commerce_core::shipping::Package;
/// use commerce_core::value::Decimal;
///
/// let pillow = Package::new(Decimal::ONE, Decimal::from(50), Decimal::from(40), Decimal::from(20))?;
/// assert_eq!(pillow.volumetric_weight(), Decimal::from(8));
/// assert_eq!(pillow.chargeable_weight(), Decimal::from(8));
/// # Ok::<(), Vec<commerce_core::value::Violation>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Package {
    #[serde(with = "decimal")]
    weight: Decimal,
    #[serde(with = "decimal")]
    length: Decimal,
    #[serde(with = "decimal")]
    width: Decimal,
    #[serde(with = "decimal")]
    height: Decimal,
}

impl Package {
    /// A parcel of `weight` kilograms (at most 100,000) and of `length`, `width` and `height` centimetres (at most
    /// 10,000 each).
    ///
    /// # Errors
    /// Every number that is not above zero, too large, or has more than three decimals, with pointers such as
    /// `/weight`.
    pub fn new(
        weight: Decimal,
        length: Decimal,
        width: Decimal,
        height: Decimal,
    ) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        let mut field = |pointer: &str, value: Decimal, max: Decimal| {
            measure(pointer, value, max).unwrap_or_else(|violation| {
                violations.push(violation);
                value
            })
        };
        let package = Self {
            weight: field("/weight", weight, MAX_WEIGHT),
            length: field("/length", length, MAX_LENGTH),
            width: field("/width", width, MAX_LENGTH),
            height: field("/height", height, MAX_LENGTH),
        };
        if violations.is_empty() { Ok(package) } else { Err(violations) }
    }

    /// Kilograms on the scales.
    pub fn weight(&self) -> Decimal {
        self.weight
    }

    /// Centimetres.
    pub fn length(&self) -> Decimal {
        self.length
    }

    /// Centimetres.
    pub fn width(&self) -> Decimal {
        self.width
    }

    /// Centimetres.
    pub fn height(&self) -> Decimal {
        self.height
    }

    /// Cubic centimetres, exact.
    pub fn volume(&self) -> Decimal {
        (self.length * self.width * self.height).normalize()
    }

    /// Kilograms that the volume counts for: a kilogram for each 5,000 cubic centimetres, exact.
    pub fn volumetric_weight(&self) -> Decimal {
        (self.volume() / CUBIC_CENTIMETRES_PER_KG).normalize()
    }

    /// Kilograms that are charged: what it weighs, or what its volume counts for, whichever is more.
    pub fn chargeable_weight(&self) -> Decimal {
        self.weight.max(self.volumetric_weight())
    }
}

impl<'de> Deserialize<'de> for Package {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Unchecked {
            #[serde(with = "decimal")]
            weight: Decimal,
            #[serde(with = "decimal")]
            length: Decimal,
            #[serde(with = "decimal")]
            width: Decimal,
            #[serde(with = "decimal")]
            height: Decimal,
        }
        let Unchecked { weight, length, width, height } = Unchecked::deserialize(deserializer)?;
        Self::new(weight, length, width, height).map_err(|violations| {
            D::Error::custom(violations.iter().map(Violation::to_string).collect::<Vec<_>>().join("; "))
        })
    }
}

/// The number in its shortest form, so that `2.50` and `2.5` are written alike.
fn measure(pointer: &str, value: Decimal, max: Decimal) -> Result<Decimal, Violation> {
    let value = value.normalize();
    if value <= Decimal::ZERO {
        return Err(Violation::new(pointer, "must_be_positive", format!("must be above zero, is {value}")));
    }
    if value > max {
        return Err(Violation::new(pointer, "too_large", format!("must be at most {max}, is {value}")));
    }
    if value.scale() > MAX_DECIMALS {
        let detail = format!("must have at most {MAX_DECIMALS} decimals, is {value}");
        return Err(Violation::new(pointer, "too_precise", detail));
    }
    Ok(value)
}
