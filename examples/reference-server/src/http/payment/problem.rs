//! What can't be done with a payment, towards clients.

use std::time::Duration;

use commerce_adapters::http::Problem;

use crate::services::payment::{BETWEEN_STEPS, PaymentError};

/// So soon a provider may know more.
const SOON: Duration = Duration::from_secs(5);

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        let detail = error.to_string();
        match error {
            PaymentError::Rejected(rejection) => rejection.into(),
            PaymentError::CircuitOpen { retry_after } => {
                Self::unavailable("circuit_open", detail, retry_after)
            }
            PaymentError::ProviderUnavailable => Self::unavailable("provider_unavailable", detail, SOON),
            PaymentError::OrderEnded => Self::conflict("order_ended", detail),
            PaymentError::OrderPaid => Self::conflict("order_paid", detail),
            PaymentError::AmountDiffers { .. } => Self::conflict("amount_differs", detail),
            PaymentError::CapturedDiffers => Self::conflict("captured_amount_differs", detail),
            PaymentError::BetweenSteps { .. } => Self::conflict(BETWEEN_STEPS, detail),
            PaymentError::RequiresAction => Self::conflict("requires_action", detail),
            PaymentError::Handle(error) => error.into(),
        }
    }
}
