//! What can be asked of a payment.

use uuid::Uuid;

use super::{ExternalPaymentId, PaymentMethod, PaymentToken};
use crate::id::{CustomerId, OrderId, PaymentId};
use crate::value::Money;

/// What can be asked of a payment.
#[derive(Clone, Debug, PartialEq)]
pub enum PaymentCommand {
    /// Opens the payment.
    Create {
        /// Its own id, the same as its stream's: the keys that the provider sees are made of it.
        payment_id: PaymentId,
        /// The order it pays for.
        order_id: OrderId,
        /// Whose payment it is, if that is known.
        customer_id: Option<CustomerId>,
        /// More than nothing, less than 1 000 000 major units.
        amount: Money,
        /// The means of payment.
        method: PaymentMethod,
    },
    /// Announces a call to the provider. Commit it first, then call under [`Payment::provider_key`].
    ///
    /// The first attempt is 1. The next one is announced after an answer by which the money was for certain not
    /// captured but may be at another try ([`ProviderError::Transient`]); never after an unknown answer, because a
    /// new attempt is a new key. The same attempt again has no effect.
    ///
    /// [`Payment::provider_key`]: super::Payment::provider_key
    /// [`ProviderError::Transient`]: super::ProviderError::Transient
    StartProcessing {
        /// Counted from 1, without gaps.
        attempt: u32,
        /// What the customer pays with; the same in every attempt. Kept, because the provider is asked with it after
        /// a crash.
        token: PaymentToken,
    },
    /// The provider has captured the money.
    Succeed {
        /// The provider's id of the charge.
        external_payment_id: ExternalPaymentId,
    },
    /// The provider has refused for good. Its texts are cut and cleaned rather than refused, since a
    /// failure must always be recordable.
    Fail {
        /// The provider's stable code, at most 100 characters are kept; `unspecified` when it gave none.
        code: String,
        /// The provider's sentence, at most 500 characters are kept.
        reason: String,
    },
    /// Gives the payment up before it succeeds.
    Cancel {
        /// 1 to 500 characters.
        reason: String,
    },
    /// Gives back a part or all of it.
    Refund {
        /// Chosen by the caller; the same id with the same amount has no second effect.
        refund_id: Uuid,
        /// More than nothing, at most what is left, in the payment's currency.
        amount: Money,
        /// 1 to 500 characters.
        reason: String,
    },
}
