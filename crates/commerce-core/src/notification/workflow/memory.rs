//! What the service remembers of other services' events, since later ones don't repeat it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Error, Notifications};
use crate::commit::{DocumentWrite, Expected};
use crate::id::{CustomerId, OrderId, PaymentId, ShipmentId, Tenant};
use crate::notification::Contact;
use crate::notification::reactions::Fact;
use crate::shipping::TrackingNumber;

const CONTACTS: &str = "notification-contacts";
const ORDERS: &str = "notification-orders";
const PAYMENTS: &str = "notification-payments";
const SHIPMENTS: &str = "notification-shipments";

#[derive(Serialize, Deserialize)]
struct KnownOrder {
    customer_id: CustomerId,
}

#[derive(Serialize, Deserialize)]
struct KnownPayment {
    order_id: OrderId,
}

#[derive(Serialize, Deserialize)]
pub(super) struct KnownShipment {
    pub(super) order_id: OrderId,
    pub(super) tracking_number: TrackingNumber,
}

/// The document that remembers it. The same fact read again writes the same.
pub(super) fn remember(fact: Fact) -> Result<DocumentWrite, Error> {
    let any = Expected::Any;
    Ok(match fact {
        Fact::User(user, contact) => DocumentWrite::json(CONTACTS, user.to_string(), any, &contact)?,
        Fact::Order(order, customer_id) => {
            DocumentWrite::json(ORDERS, order.to_string(), any, &KnownOrder { customer_id })?
        }
        Fact::Payment(payment, order_id) => {
            DocumentWrite::json(PAYMENTS, payment.to_string(), any, &KnownPayment { order_id })?
        }
        Fact::Shipment(shipment, order_id, tracking_number) => {
            let known = KnownShipment { order_id, tracking_number };
            DocumentWrite::json(SHIPMENTS, shipment.to_string(), any, &known)?
        }
    })
}

impl Notifications {
    /// How a user is reached, as far as it was heard.
    pub(super) async fn contact(&self, tenant: &Tenant, user: CustomerId) -> Result<Option<Contact>, Error> {
        let document = self.store.document(tenant, CONTACTS, &user.to_string()).await?;
        Ok(document.map(|document| document.json()).transpose()?)
    }

    pub(super) async fn known_contact(&self, tenant: &Tenant, user: CustomerId) -> Result<Contact, Error> {
        let contact = self.contact(tenant, user).await?;
        contact.ok_or_else(|| Error::NotYetKnown { what: format!("user {user}") })
    }

    pub(super) async fn customer_of(&self, tenant: &Tenant, order: OrderId) -> Result<CustomerId, Error> {
        let known: KnownOrder = self.known(tenant, ORDERS, "order", &order.to_string()).await?;
        Ok(known.customer_id)
    }

    pub(super) async fn paid_by(&self, tenant: &Tenant, payment: PaymentId) -> Result<OrderId, Error> {
        let known: KnownPayment = self.known(tenant, PAYMENTS, "payment", &payment.to_string()).await?;
        Ok(known.order_id)
    }

    pub(super) async fn shipped_in(
        &self,
        tenant: &Tenant,
        shipment: ShipmentId,
    ) -> Result<KnownShipment, Error> {
        self.known(tenant, SHIPMENTS, "shipment", &shipment.to_string()).await
    }

    async fn known<T: DeserializeOwned>(
        &self,
        tenant: &Tenant,
        collection: &str,
        what: &str,
        id: &str,
    ) -> Result<T, Error> {
        let document = self.store.document(tenant, collection, id).await?;
        let unknown = || Error::NotYetKnown { what: format!("{what} {id}") };
        Ok(document.ok_or_else(unknown)?.json()?)
    }
}
