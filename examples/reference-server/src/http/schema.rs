//! How values of the domains are described.

use commerce_core::value;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// An ISO 4217 code.
pub(crate) struct Currency;

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        one_of("An ISO 4217 code", value::Currency::all().map(value::Currency::code), "USD")
    }
}

impl ToSchema for Currency {}

/// An ISO 3166-1 alpha-2 code.
pub(crate) struct Country;

impl PartialSchema for Country {
    fn schema() -> RefOr<Schema> {
        one_of("An ISO 3166-1 alpha-2 code", value::Country::all().map(value::Country::as_str), "US")
    }
}

impl ToSchema for Country {}

fn one_of(description: &str, codes: impl Iterator<Item = &'static str>, example: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(codes))
        .examples([example])
        .build()
        .into()
}

/// An amount of money.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct Money {
    /// A decimal number with at most the decimals of the currency, as a text.
    #[schema(pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$", example = "12.34")]
    amount: String,
    currency: Currency,
}

/// An amount of money above zero.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct MoneyAboveZero {
    /// A decimal number with at most the decimals of the currency, as a text.
    #[schema(
        pattern = r"^0*([1-9][0-9]{0,14}(\.[0-9]{1,4})?|0\.([1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9]))$",
        example = "12.34"
    )]
    amount: String,
    currency: Currency,
}

/// An amount of money, zero or more.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct MoneyNotNegative {
    /// A decimal number with at most the decimals of the currency, as a text.
    #[schema(pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "12.34")]
    amount: String,
    currency: Currency,
}

/// An amount of money above zero and below a million.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct MoneyToPay {
    /// A decimal number with at most the decimals of the currency, as a text.
    #[schema(
        pattern = r"^0*([1-9][0-9]{0,5}(\.[0-9]{1,4})?|0\.([1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9]))$",
        example = "12.34"
    )]
    amount: String,
    currency: Currency,
}

/// Where something is sent.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct Address {
    /// Who receives it.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    recipient: String,
    /// Street and number.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    line1: String,
    /// More about the place.
    #[schema(max_length = 200, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    line2: Option<String>,
    /// The city.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    city: String,
    /// The state, province or county.
    #[schema(max_length = 100, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    state: Option<String>,
    /// The postal code.
    #[schema(
        min_length = 1,
        max_length = 20,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    postal_code: String,
    country: Country,
}
