//! What is asked of orders.

use commerce_adapters::http::{Limit, Problem};
use commerce_core::id::{CustomerId, ProductId};
use commerce_core::order::{OrderStatus, Wanted};
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::shipping::{Carrier, TrackingNumber};
use commerce_core::value::{Address, Quantity, Violation};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::schema;
use crate::services::order::{Means, NewOrder};

/// So many of a product.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemBody {
    /// The product.
    product_id: Uuid,
    /// How many.
    #[schema(minimum = 1, maximum = 100_000)]
    quantity: u32,
}

/// By what means an order is paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MeansBody {
    r#type: MethodBody,
    /// What the payment provider knows the means by.
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "tok_visa")]
    token: String,
}

/// A means of payment.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentMethodType)]
enum MethodBody {
    CreditCard,
    DebitCard,
    Paypal,
    BankTransfer,
    Crypto,
    Cash,
}

/// An order, as a customer places it. Prices are the shop's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrder)]
pub(super) struct OrderBody {
    /// What is ordered.
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<ItemBody>,
    #[schema(value_type = schema::Address)]
    shipping_address: Address,
    /// With it, the checkout begins at once.
    payment_method: Option<MeansBody>,
}

/// How a pending order is paid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InitiatePayment)]
pub(super) struct PaymentBody {
    payment_method: MeansBody,
}

/// Under which number who carries the parcel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShipOrder)]
pub(super) struct ShipBody {
    /// The carrier's number.
    #[schema(min_length = 1, max_length = 50, pattern = "^[!-~]+$")]
    tracking_number: String,
    carrier: CarrierBody,
}

/// Who carries a parcel.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderCarrier)]
pub(super) enum CarrierBody {
    Fedex,
    Ups,
    Usps,
    Dhl,
    Custom,
}

/// Why an order is cancelled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CancelOrder)]
pub(super) struct CancelBody {
    /// In a sentence.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    pub(super) reason: String,
}

/// How far an order has come.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderStatus)]
pub(super) enum StatusBody {
    Pending,
    PaymentInitiated,
    PaymentCompleted,
    Confirmed,
    Shipped,
    Delivered,
    Cancelled,
    Failed,
}

/// Which of a customer's orders.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MyOrders {
    /// Only those in this state.
    pub(super) status: Option<StatusBody>,
    /// So many at most.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100)]
    pub(super) limit: Option<Limit>,
    /// Where the page begins.
    pub(super) cursor: Option<String>,
}

impl OrderBody {
    /// What is wanted, or all that is wrong with it.
    pub(super) fn checked(self, customer_id: CustomerId) -> Result<NewOrder, Problem> {
        let mut violations = Vec::new();
        let items = self.items.iter().map(|item| (ProductId(item.product_id), item.quantity));
        let wanted = Wanted::all(items).map_err(|found| violations.extend(found));
        let address = self.shipping_address.checked().map_err(|found| {
            violations.extend(found.into_iter().map(|fault| fault.under("/shipping_address")));
        });
        let means = self.payment_method.map(MeansBody::checked).transpose();
        let means = means.map_err(|fault| violations.push(fault));
        match (wanted, address, means) {
            (Ok(wanted), Ok(shipping_address), Ok(means)) => {
                Ok(NewOrder { customer_id, wanted, shipping_address, means })
            }
            _ => Err(Problem::violations(violations)),
        }
    }
}

impl ItemBody {
    pub(super) fn checked(self) -> Result<Wanted, Problem> {
        let quantity =
            Quantity::new(self.quantity).map_err(|error| Problem::violations(vec![error.at("/quantity")]))?;
        Ok(Wanted { product_id: ProductId(self.product_id), quantity })
    }
}

impl PaymentBody {
    pub(super) fn checked(self) -> Result<Means, Problem> {
        self.payment_method.checked().map_err(|fault| Problem::violations(vec![fault]))
    }
}

impl MeansBody {
    fn checked(self) -> Result<Means, Violation> {
        let token = PaymentToken::parse(&self.token).map_err(|error| error.at("/payment_method/token"))?;
        let method = match self.r#type {
            MethodBody::CreditCard => PaymentMethod::CreditCard,
            MethodBody::DebitCard => PaymentMethod::DebitCard,
            MethodBody::Paypal => PaymentMethod::Paypal,
            MethodBody::BankTransfer => PaymentMethod::BankTransfer,
            MethodBody::Crypto => PaymentMethod::Crypto,
            MethodBody::Cash => PaymentMethod::Cash,
        };
        Ok(Means { method, token })
    }
}

impl ShipBody {
    pub(super) fn checked(self) -> Result<(TrackingNumber, Carrier), Problem> {
        let number = TrackingNumber::parse(&self.tracking_number)
            .map_err(|error| Problem::violations(vec![error.at("/tracking_number")]))?;
        let carrier = match self.carrier {
            CarrierBody::Fedex => Carrier::Fedex,
            CarrierBody::Ups => Carrier::Ups,
            CarrierBody::Usps => Carrier::Usps,
            CarrierBody::Dhl => Carrier::Dhl,
            CarrierBody::Custom => Carrier::Custom,
        };
        Ok((number, carrier))
    }
}

impl From<Carrier> for CarrierBody {
    fn from(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Fedex => Self::Fedex,
            Carrier::Ups => Self::Ups,
            Carrier::Usps => Self::Usps,
            Carrier::Dhl => Self::Dhl,
            Carrier::Custom => Self::Custom,
        }
    }
}

impl From<StatusBody> for OrderStatus {
    fn from(status: StatusBody) -> Self {
        match status {
            StatusBody::Pending => Self::Pending,
            StatusBody::PaymentInitiated => Self::PaymentInitiated,
            StatusBody::PaymentCompleted => Self::PaymentCompleted,
            StatusBody::Confirmed => Self::Confirmed,
            StatusBody::Shipped => Self::Shipped,
            StatusBody::Delivered => Self::Delivered,
            StatusBody::Cancelled => Self::Cancelled,
            StatusBody::Failed => Self::Failed,
        }
    }
}

impl From<OrderStatus> for StatusBody {
    fn from(status: OrderStatus) -> Self {
        match status {
            OrderStatus::Pending => Self::Pending,
            OrderStatus::PaymentInitiated => Self::PaymentInitiated,
            OrderStatus::PaymentCompleted => Self::PaymentCompleted,
            OrderStatus::Confirmed => Self::Confirmed,
            OrderStatus::Shipped => Self::Shipped,
            OrderStatus::Delivered => Self::Delivered,
            OrderStatus::Cancelled => Self::Cancelled,
            OrderStatus::Failed => Self::Failed,
        }
    }
}
