//! What is asked of shipments.

use commerce_adapters::http::Problem;
use commerce_core::Timestamp;
use commerce_core::id::{CustomerId, OrderId, ShipmentId};
use commerce_core::shipping::{self, Package, ShipmentCommand, TrackingNumber};
use commerce_core::value::{self, Currency, Violation};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::measure::Measure;
use super::shown::{Carrier, QuoteShown, Speed};
use crate::http::schema;

/// A parcel: kilograms and centimetres, each above zero and with at most three decimals.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageBody {
    /// Kilograms, at most 100,000.
    weight: Measure<100_000>,
    /// Centimetres, at most 10,000.
    length: Measure<10_000>,
    /// Centimetres, at most 10,000.
    width: Measure<10_000>,
    /// Centimetres, at most 10,000.
    height: Measure<10_000>,
}

impl PackageBody {
    fn package(&self) -> Result<Package, Vec<Violation>> {
        let Self { weight, length, width, height } = self;
        Package::new(weight.0, length.0, width.0, height.0)
            .map_err(|violations| violations.into_iter().map(|one| one.under("/package")).collect())
    }
}

/// A shipment that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShipmentBody {
    /// For which order.
    order_id: Uuid,
    /// The order's customer, who may then see it; that of the order's other shipments if it is missing.
    customer_id: Option<Uuid>,
    /// The carrier's number; made if it is missing. None of the form of those that are made: `TRK` and 26 characters.
    #[schema(pattern = "^[!-~]{1,50}$")]
    tracking_number: Option<String>,
    /// Who carries it.
    carrier: Carrier,
    /// How fast.
    speed: Speed,
    /// Where to.
    #[schema(value_type = schema::Address)]
    address: value::Address,
    /// What.
    package: PackageBody,
    /// What carrying it costs; by the shop's own tariff if it is missing.
    #[schema(value_type = Option<schema::MoneyNotNegative>)]
    cost: Option<value::Money>,
    /// The currency of a cost by the tariff; USD unless it is said. Beside a `cost`, that one's.
    #[schema(value_type = Option<schema::Currency>)]
    currency: Option<Currency>,
}

impl ShipmentBody {
    pub(super) fn order_id(&self) -> OrderId {
        OrderId(self.order_id)
    }

    /// The command, and the tracking number, which is to be claimed. `owner` is the customer of the order's other shipments,
    /// if that is known.
    pub(super) fn command(
        &self,
        id: ShipmentId,
        owner: Option<CustomerId>,
    ) -> Result<(TrackingNumber, ShipmentCommand), Problem> {
        let number = match &self.tracking_number {
            Some(number) => number_by_hand(number).map_err(|violation| vec![violation]),
            None => Ok(TrackingNumber::of(id)),
        };
        let under = |violations: Vec<Violation>| {
            violations.into_iter().map(|one| one.under("/address")).collect::<Vec<_>>()
        };
        let address = self.address.clone().checked().map_err(under);
        let package = self.package.package();
        let cost = self.cost_by_hand();
        let (tracking_number, address, package, cost) = match (number, address, package, cost) {
            (Ok(number), Ok(address), Ok(package), Ok(cost)) => (number, address, package, cost),
            (number, address, package, cost) => {
                let faults = [number.err(), address.err(), package.err(), cost.err()];
                return Err(Problem::violations(faults.into_iter().flatten().flatten().collect()));
            }
        };
        let customer_id = customer(self.customer_id.map(CustomerId), owner)?;
        let (carrier, speed) = (self.carrier.into(), self.speed.into());
        let cost = match cost {
            Some(cost) => cost,
            None => quoted(&package, carrier, speed, self.currency)?,
        };
        let command = ShipmentCommand::Create {
            order_id: OrderId(self.order_id),
            customer_id,
            tracking_number: tracking_number.clone(),
            carrier,
            speed,
            address: Box::new(address),
            package,
            cost,
        };
        Ok((tracking_number, command))
    }

    fn cost_by_hand(&self) -> Result<Option<value::Money>, Vec<Violation>> {
        let Some(cost) = self.cost else { return Ok(None) };
        let negative = shipping::checked_cost(cost).err();
        let differs = self.currency.filter(|currency| *currency != cost.currency()).map(|_| {
            let detail = format!("must be that of the cost, {}, or be left out", cost.currency());
            Violation::new("/currency", "currency_mismatch", detail)
        });
        let faults: Vec<_> = [negative, differs].into_iter().flatten().collect();
        if faults.is_empty() { Ok(Some(cost)) } else { Err(faults) }
    }
}

/// The shop's own numbers are for the shipments they belong to, some of which are yet to come.
fn number_by_hand(number: &str) -> Result<TrackingNumber, Violation> {
    let pointer = "/tracking_number";
    let number = TrackingNumber::parse(number).map_err(|error| error.at(pointer))?;
    if number.is_own() {
        let detail = "numbers of this form are the shop's own: leave it out, and one is made";
        return Err(Violation::new(pointer, "own_tracking_number", detail));
    }
    Ok(number)
}

/// All shipments of an order are one customer's.
fn customer(named: Option<CustomerId>, owner: Option<CustomerId>) -> Result<Option<CustomerId>, Problem> {
    if named.is_some() && owner.is_some() && named != owner {
        let detail = "the order's other shipments are another customer's";
        return Err(Problem::conflict("customer_mismatch", detail));
    }
    Ok(named.or(owner))
}

/// A parcel whose price is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QuoteBody {
    /// Who carries it.
    carrier: Carrier,
    /// How fast.
    speed: Speed,
    /// What.
    package: PackageBody,
    /// Where to. By the shop's own tariff it costs the same everywhere.
    #[serde(rename = "address")]
    #[schema(value_type = Option<schema::Address>)]
    _address: Option<value::Address>,
    /// In which currency; USD unless it is said.
    #[schema(value_type = Option<schema::Currency>)]
    currency: Option<Currency>,
}

impl QuoteBody {
    pub(super) fn quote(self, now: Timestamp) -> Result<QuoteShown, Problem> {
        let package = self.package.package().map_err(Problem::violations)?;
        let (carrier, speed) = (self.carrier.into(), self.speed.into());
        let cost = quoted(&package, carrier, speed, self.currency)?;
        Ok(QuoteShown::of(carrier, speed, &package, cost, now))
    }
}

fn quoted(
    package: &Package,
    carrier: shipping::Carrier,
    speed: shipping::Speed,
    currency: Option<Currency>,
) -> Result<value::Money, Problem> {
    let currency = currency.unwrap_or(Currency::USD);
    shipping::quote(package, carrier, speed, currency)
        .map_err(|error| Problem::violations(vec![error.at("/package")]))
}

/// The state that a shipment has come to.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ShipmentStatusBody {
    /// The carrier will come for it.
    PickupScheduled {
        /// When; now unless it is said.
        #[schema(value_type = Option<String>, format = DateTime)]
        pickup_at: Option<Timestamp>,
    },
    /// The carrier has it.
    PickedUp {},
    /// It travels between depots.
    InTransit {},
    /// It is on the last van.
    OutForDelivery {},
    /// It was received.
    Delivered {
        /// By whom.
        #[schema(
            min_length = 1,
            max_length = 100,
            pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
        )]
        recipient_name: String,
        /// The signature: an http or https URL.
        #[schema(max_length = 2048, pattern = r"^\s*https?://[^\s\x00-\x1f\x7f-\x9f]+\s*$")]
        signature_url: Option<String>,
    },
    /// It was called off.
    Cancelled {
        /// Why.
        #[schema(
            min_length = 1,
            max_length = 500,
            pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
        )]
        reason: String,
    },
    /// It came back.
    Returned {
        /// Why.
        #[schema(
            min_length = 1,
            max_length = 500,
            pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
        )]
        reason: String,
    },
}

impl ShipmentStatusBody {
    pub(super) fn command(self, now: Timestamp) -> ShipmentCommand {
        match self {
            Self::PickupScheduled { pickup_at } => {
                ShipmentCommand::SchedulePickup { at: pickup_at.unwrap_or(now) }
            }
            Self::PickedUp {} => ShipmentCommand::PickUp,
            Self::InTransit {} => ShipmentCommand::InTransit,
            Self::OutForDelivery {} => ShipmentCommand::OutForDelivery,
            Self::Delivered { recipient_name, signature_url } => {
                ShipmentCommand::Deliver { recipient_name, signature_url }
            }
            Self::Cancelled { reason } => ShipmentCommand::Cancel { reason },
            Self::Returned { reason } => ShipmentCommand::Return { reason },
        }
    }
}

/// Who received a shipment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveredBody {
    /// The name.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    pub(super) recipient_name: String,
    /// The signature: an http or https URL.
    #[schema(max_length = 2048, pattern = r"^\s*https?://[^\s\x00-\x1f\x7f-\x9f]+\s*$")]
    pub(super) signature_url: Option<String>,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShipmentReasonBody {
    /// In a sentence.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    pub(super) reason: String,
}

/// An attempt to deliver that failed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryAttemptBody {
    /// Why.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    pub(super) reason: String,
    /// When the carrier comes again; ignored the last time.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) next_attempt_at: Option<Timestamp>,
}

/// The carrier's word on where a parcel is. Everyone who knows its number reads it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrackingBody {
    /// The carrier's word for it.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    pub(super) status: String,
    /// Where.
    #[schema(max_length = 200, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    pub(super) location: Option<String>,
    /// More about it.
    #[schema(max_length = 500, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    pub(super) description: Option<String>,
}
