//! How values of the domains are described.

use utoipa::ToSchema;

/// An amount of money.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct Money {
    /// A decimal number with at most the decimals of the currency, as a text.
    #[schema(pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$", example = "12.34")]
    amount: String,
    /// An ISO 4217 code.
    #[schema(pattern = "^[A-Z]{3}$", example = "USD")]
    currency: String,
}

/// Where something is sent.
#[derive(serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
pub(crate) struct Address {
    /// Who receives it.
    #[schema(min_length = 1, max_length = 100)]
    recipient: String,
    /// Street and number.
    #[schema(min_length = 1, max_length = 200)]
    line1: String,
    /// More about the place.
    #[schema(max_length = 200)]
    line2: Option<String>,
    /// The city.
    #[schema(min_length = 1, max_length = 100)]
    city: String,
    /// The state, province or county.
    #[schema(max_length = 100)]
    state: Option<String>,
    /// The postal code.
    #[schema(min_length = 1, max_length = 20)]
    postal_code: String,
    /// An ISO 3166-1 alpha-2 code.
    #[schema(pattern = "^[A-Z]{2}$", example = "US")]
    country: String,
}
