//! What is known of each payment, and what follows from it for its order.

use serde::{Deserialize, Serialize};

use super::document::{self, Figure};
use super::sums::Amounts;
use super::{order, revenue};
use crate::id::{OrderId, PaymentId};
use crate::projection::{ProjectionError, Views};
use crate::time::Timestamp;
use crate::value::Money;

/// What is known of a payment, whichever of its facts have come so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PaymentRecord {
    opened: Option<Opened>,
    captured_at: Option<Timestamp>,
    refunded: Amounts,
}

impl Figure for PaymentRecord {
    const COLLECTION: &'static str = "payments";
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Opened {
    order_id: OrderId,
    amount: Money,
}

impl PaymentRecord {
    pub(super) fn open(&mut self, order_id: OrderId, amount: Money) {
        self.opened = Some(Opened { order_id, amount });
    }

    pub(super) fn capture(&mut self, at: Timestamp) {
        self.captured_at.get_or_insert(at);
    }

    pub(super) fn refund(&mut self, amount: Money) {
        self.refunded.add(amount.currency(), amount.minor().into());
    }

    /// What was captured, and when.
    fn captured(&self) -> Option<(Money, Timestamp)> {
        self.opened.map(|opened| opened.amount).zip(self.captured_at)
    }

    /// What its order has of it.
    fn counted(&self) -> (Amounts, Amounts) {
        let mut gross = Amounts::default();
        if let Some((amount, _)) = self.captured() {
            gross.add(amount.currency(), amount.minor().into());
        }
        let refunded = if self.opened.is_some() { self.refunded.clone() } else { Amounts::default() };
        (gross, refunded)
    }
}

/// Changes what is known of a payment, and moves the revenue and its order by the difference.
pub(super) async fn change(
    views: &mut Views<'_>,
    payment_id: PaymentId,
    change: impl FnOnce(&mut PaymentRecord),
) -> Result<(), ProjectionError> {
    let id = payment_id.to_string();
    let before: PaymentRecord = document::get(views, &id).await?;
    let mut after = before.clone();
    change(&mut after);
    document::put(views, &id, &after, Vec::new())?;
    if let (None, Some((amount, at))) = (before.captured(), after.captured()) {
        revenue::capture(views, amount, at).await?;
    }
    let Some(opened) = after.opened else { return Ok(()) };
    let (mut gross, mut refunded) = after.counted();
    let (gross_before, refunded_before) = before.counted();
    gross.add_all(&gross_before, -1);
    refunded.add_all(&refunded_before, -1);
    order::change(views, opened.order_id, |order| {
        gross.iter().for_each(|(currency, minor)| order.pay(currency, minor, 0));
        refunded.iter().for_each(|(currency, minor)| order.pay(currency, 0, minor));
    })
    .await
}
