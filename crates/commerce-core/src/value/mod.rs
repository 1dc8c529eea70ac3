//! Values that can't be wrong: checked when they are made, and again when they are read.
//!
//! | value | what it promises |
//! |---|---|
//! | [`Money`], [`Currency`] | an exact number of minor units; arithmetic that overflows is an error |
//! | [`Sku`], [`Quantity`], [`Country`] | one spelling, within its limits |
//! | [`Address`] | complete and within its limits once it went through [`Address::checked`] |
//!
//! What is wrong with an input is a [`Violation`], which points at the field, so that a caller learns of every fault
//! at once.

mod address;
mod amount;
mod country;
mod currency;
mod error;
mod money;
mod quantity;
mod rounding;
mod sku;
mod text;
mod violation;

#[cfg(test)]
mod tests;

pub use address::Address;
pub use country::Country;
pub use currency::Currency;
pub use error::{MoneyError, ValueError};
pub use money::Money;
pub use quantity::Quantity;
pub use rounding::Rounding;
pub use rust_decimal::Decimal;
pub use sku::Sku;
pub use text::text;
pub use violation::Violation;
