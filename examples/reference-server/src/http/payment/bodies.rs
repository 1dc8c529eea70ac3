//! Payments, as they are asked for.

use commerce_adapters::http::Problem;
use commerce_core::payment::{ExternalPaymentId, InvalidReference, PaymentMethod, PaymentToken};
use commerce_core::value::Money;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A payment, as it is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPayment {
    /// The order it pays for.
    pub(super) order_id: Uuid,
    /// More than nothing, less than 1 000 000.
    #[schema(value_type = crate::http::schema::MoneyToPay)]
    pub(super) amount: Money,
    /// The means of payment.
    pub(super) method: Method,
}

/// The means of payment.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentMethod)]
pub(super) enum Method {
    CreditCard,
    DebitCard,
    Paypal,
    BankTransfer,
    Crypto,
    Cash,
}

impl From<Method> for PaymentMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::CreditCard => Self::CreditCard,
            Method::DebitCard => Self::DebitCard,
            Method::Paypal => Self::Paypal,
            Method::BankTransfer => Self::BankTransfer,
            Method::Crypto => Self::Crypto,
            Method::Cash => Self::Cash,
        }
    }
}

/// What a payment is processed with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Processing {
    /// What the provider knows the means of payment by.
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "tok_visa")]
    payment_method_id: String,
}

impl Processing {
    pub(super) fn token(&self) -> Result<PaymentToken, Problem> {
        PaymentToken::parse(&self.payment_method_id).map_err(|error| at(&error, "/payment_method_id"))
    }
}

/// A charge of which is said that the customer has acted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {
    /// The provider's id of the charge.
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "pi_3Nxyz")]
    external_payment_id: String,
}

impl Confirmation {
    pub(super) fn charge(&self) -> Result<ExternalPaymentId, Problem> {
        ExternalPaymentId::parse(&self.external_payment_id)
            .map_err(|error| at(&error, "/external_payment_id"))
    }
}

/// A refund, as it is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRefund {
    /// What is given back: at most what is left.
    #[schema(value_type = crate::http::schema::MoneyAboveZero)]
    pub(super) amount: Money,
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    pub(super) reason: String,
}

fn at(error: &InvalidReference, pointer: &'static str) -> Problem {
    Problem::violations(vec![error.at(pointer)])
}
