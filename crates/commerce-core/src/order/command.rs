//! What can be asked of an order.

use serde::{Deserialize, Serialize};

use crate::id::{CustomerId, PaymentId, ShipmentId};
use crate::shipping::{Carrier, TrackingNumber};
use crate::value::{Address, Currency};

use super::OrderLine;

/// A request to an order. Its id is that of the stream it is sent to.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderCommand {
    /// Place it. Lines are 1 to [`MAX_LINES`](super::MAX_LINES), all priced in `currency`.
    Place {
        /// Whose order it is.
        customer_id: CustomerId,
        /// What is ordered, at the catalog's prices.
        lines: Vec<OrderLine>,
        /// Where it goes.
        shipping_address: Address,
        /// In which currency it is paid.
        currency: Currency,
    },
    /// Add a line, while pending. A product that is already there gets a second line. It has no identity to
    /// recognise a repetition by: the caller's idempotency key must.
    AddItem {
        /// The line.
        line: OrderLine,
    },
    /// The customer starts to pay.
    InitiatePayment,
    /// The payment has been captured.
    CompletePayment {
        /// The captured payment.
        payment_id: PaymentId,
    },
    /// The paid order goes ahead.
    Confirm {
        /// The shipment made for it.
        shipment_id: ShipmentId,
    },
    /// It has left the warehouse.
    Ship {
        /// The carrier's number of the parcel.
        tracking_number: TrackingNumber,
        /// Who carries it.
        carrier: Carrier,
    },
    /// It has been received.
    Deliver,
    /// Call it off.
    Cancel {
        /// Why: 1 to 500 characters.
        reason: String,
    },
    /// The checkout could not be completed.
    Fail {
        /// Where and why it went wrong.
        failure: Failure,
    },
}

impl OrderCommand {
    /// The longest reason to cancel an order, in characters.
    pub const MAX_REASON: usize = 500;

    /// Calls it off for whatever reason there is: what is too long is cut, and a blank stands for each control character. For
    /// those who can't ask again.
    ///
    /// ```
    /// use commerce_core::order::OrderCommand;
    ///
    /// let OrderCommand::Cancel { reason } = OrderCommand::cancel(" ") else { unreachable!() };
    /// assert_eq!(reason, "no reason was given");
    /// ```
    pub fn cancel(reason: &str) -> Self {
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        let reason = match reason.chars().map(visible).collect::<String>().trim() {
            "" => "no reason was given".to_owned(),
            reason => reason.to_owned(),
        };
        Self::Cancel { reason: clip(reason, Self::MAX_REASON) }
    }

    /// Its name as it appears in rejections: `place`, `add_item`, …
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Place { .. } => "place",
            Self::AddItem { .. } => "add_item",
            Self::InitiatePayment => "initiate_payment",
            Self::CompletePayment { .. } => "complete_payment",
            Self::Confirm { .. } => "confirm",
            Self::Ship { .. } => "ship",
            Self::Deliver => "deliver",
            Self::Cancel { .. } => "cancel",
            Self::Fail { .. } => "fail",
        }
    }
}

/// Where and why a checkout went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The saga's step, for example `reserve_stock`.
    pub step: String,
    /// A stable code, for example `insufficient_stock`.
    pub code: String,
    /// A sentence for a person.
    pub detail: String,
}

impl Failure {
    /// The longest step and code that are kept, in characters.
    pub const MAX_NAME: usize = 100;
    /// The longest detail that is kept, in characters.
    pub const MAX_DETAIL: usize = 1_000;

    /// Cuts what is too long. A failure is never refused for its wording: the saga that reports it has nowhere else
    /// to go.
    pub(super) fn clipped(self) -> Self {
        Self {
            step: clip(self.step, Self::MAX_NAME),
            code: clip(self.code, Self::MAX_NAME),
            detail: clip(self.detail, Self::MAX_DETAIL),
        }
    }
}

fn clip(mut text: String, characters: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
    }
    text
}
