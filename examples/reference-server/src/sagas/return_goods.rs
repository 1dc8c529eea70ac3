//! A return: goods are put back into stock, and their price is given back; or neither.

use std::time::Duration;

use commerce_core::id::{PaymentId, ProductId};
use commerce_core::value::Money;
use commerce_saga::{BuildError, Saga, Version};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::messages::{ORDER_REPLIES, RefundPayment, Restock, UndoRestock};

/// The saga's name.
pub const NAME: &str = "return-goods";

/// What a return has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnGoods {
    /// The return.
    pub return_id: Uuid,
    /// The payment that is given back in part.
    pub payment_id: PaymentId,
    /// What comes back.
    pub product_id: ProductId,
    /// How many.
    pub quantity: u32,
    /// How much is given back.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

/// The definition. Each answer is awaited for `within`.
///
/// # Errors
/// Never, as long as the definition makes sense: a test builds it.
pub fn definition(within: Duration) -> Result<Saga<ReturnGoods>, BuildError> {
    Saga::builder::<ReturnGoods>(NAME, Version(1))
        .replies_to(ORDER_REPLIES)
        .request("restock", |goods: &ReturnGoods| Restock {
            return_id: goods.return_id,
            product_id: goods.product_id,
            quantity: goods.quantity,
        })
        .reply_within(within)
        .undo(|goods| UndoRestock {
            return_id: goods.return_id,
            product_id: goods.product_id,
            quantity: goods.quantity,
        })
        .request("refund", |goods| RefundPayment {
            refund_id: goods.return_id,
            payment_id: goods.payment_id,
            amount: goods.amount,
            reason: goods.reason.clone(),
        })
        .reply_within(within)
        .build()
}
