//! Refunds.

use std::collections::BTreeMap;

use commerce_core::payment::{ProviderError, RefundRequest, Refunded};
use serde::Deserialize;

use super::KEY;
use super::amount::{NotRepresentable, minor_units};
use super::client::{ApiClient, Fields};
use super::failure::Failure;

const REFUNDS: &str = "/v1/refunds";

#[derive(Clone, Debug, Deserialize)]
struct Refund {
    id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    failure_reason: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Refund>,
    #[serde(default)]
    has_more: bool,
}

impl Refund {
    /// What is pending is on its way. Should it not arrive, a webhook says so.
    fn answer(self) -> Result<Refunded, ProviderError> {
        match self.status.as_deref() {
            Some("failed" | "canceled") => Err(ProviderError::Declined {
                code: self.failure_reason.unwrap_or_else(|| "refund_failed".to_owned()),
                reason: format!("the refund {} did not arrive", self.id),
            }),
            _ => Ok(Refunded { external_refund_id: self.id }),
        }
    }
}

impl ApiClient {
    pub(super) async fn refund(&self, request: &RefundRequest) -> Result<Refunded, ProviderError> {
        let amount = minor_units(request.amount).map_err(|amount| ProviderError::Declined {
            code: NotRepresentable::CODE.to_owned(),
            reason: amount.to_string(),
        })?;
        // The key is forgotten after a day; a refund may be called for longer.
        if let Some(made) = self.made_refund(request).await? {
            return made.answer();
        }
        let form: Fields = vec![
            ("payment_intent", request.external_payment_id.to_string()),
            ("amount", amount.to_string()),
            ("metadata[commerce_key]", request.key.to_string()),
        ];
        match self.post::<Refund>(REFUNDS, &form, Some(request.key.as_str())).await {
            Ok(refund) => refund.answer(),
            Err(Failure::Refused(refusal)) => {
                Err(ProviderError::Declined { code: refusal.code(), reason: refusal.reason() })
            }
            Err(failure) => Err(failure.into()),
        }
    }

    async fn made_refund(&self, request: &RefundRequest) -> Result<Option<Refund>, Failure> {
        let mut query: Fields =
            vec![("payment_intent", request.external_payment_id.to_string()), ("limit", "100".to_owned())];
        loop {
            let page: Page = self.get(REFUNDS, &query).await?;
            let last = page.data.last().map(|refund| refund.id.clone());
            let is_it =
                |refund: &Refund| refund.metadata.get(KEY).is_some_and(|key| key == request.key.as_str());
            if let Some(made) = page.data.into_iter().find(is_it) {
                return Ok(Some(made));
            }
            let Some(last) = last.filter(|_| page.has_more) else { return Ok(None) };
            query.truncate(2);
            query.push(("starting_after", last));
        }
    }
}
