//! What the values promise.

mod address;
mod currency;
mod money;
mod money_laws;
mod names;
mod rounding;
