//! The provider's part: called, or asked, within bounds of time.

use commerce_core::payment::{NextStep, Payment, ProviderError};

use super::Payments;
use super::differing::noted;

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
        noted(payment, NextStep::after_capture(&capture, &captured))
    }

    /// Asks the provider what became of a charge, without taking anything.
    pub(super) async fn find(&self, payment: &Payment) -> NextStep {
        let Some(capture) = payment.capture_request() else { return NextStep::Find };
        let found = self.in_time(self.provider.find(&capture)).await;
        noted(payment, NextStep::after_find(&capture, &found))
    }

    /// The same, when the customer is said to have acted.
    pub(super) async fn confirmed(&self, payment: &Payment) -> NextStep {
        let Some(capture) = payment.capture_request() else { return NextStep::Find };
        let found = self.in_time(self.provider.confirm(&capture)).await;
        noted(payment, NextStep::after_find(&capture, &found))
    }

    /// Calls a charge off at the provider, and says what is to be recorded of it.
    pub(super) async fn call_off(&self, payment: &Payment, reason: &str) -> NextStep {
        let Some(capture) = payment.capture_request() else { return NextStep::Find };
        let cancelled = self.in_time(self.provider.cancel(&capture)).await;
        noted(payment, NextStep::after_cancel(&capture, reason, &cancelled))
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
