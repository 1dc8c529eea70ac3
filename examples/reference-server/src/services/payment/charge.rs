//! The provider's part: called, or asked, within bounds of time.

use commerce_core::payment::{NextStep, Payment, ProviderError};

use super::Payments;

impl Payments {
    /// Calls the provider, or asks it what became of an earlier call, and says what is to be recorded. `fresh`: it has
    /// not been called in this attempt.
    pub(super) async fn ask_provider(&self, payment: &Payment, fresh: bool) -> NextStep {
        let Some(capture) = payment.capture_request() else { return NextStep::Find };
        if !fresh {
            let step = self.find(payment).await;
            if !matches!(step, NextStep::CaptureAgain) {
                return step;
            }
        }
        let captured = self.in_time(self.provider.capture(&capture)).await;
        NextStep::after_capture(&capture, &captured)
    }

    /// Asks the provider what became of a charge, without taking anything.
    pub(super) async fn find(&self, payment: &Payment) -> NextStep {
        let Some(capture) = payment.capture_request() else { return NextStep::Find };
        NextStep::after_find(&self.in_time(self.provider.find(&capture)).await)
    }

    /// The same, when the customer is said to have acted.
    pub(super) async fn confirmed(&self, payment: &Payment) -> NextStep {
        let Some(capture) = payment.capture_request() else { return NextStep::Find };
        NextStep::after_find(&self.in_time(self.provider.confirm(&capture)).await)
    }

    pub(super) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        tokio::time::timeout(self.patience, call).await.unwrap_or_else(|_| {
            Err(ProviderError::Unknown { reason: format!("no answer within {:?}", self.patience) })
        })
    }
}
