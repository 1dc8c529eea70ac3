//! What is posted.

use commerce_core::Timestamp;
use commerce_core::id::{CustomerId, NotificationId};
use commerce_core::notification::{ChannelKind, Delivery, DeliveryError, Priority};
use serde::Serialize;

#[derive(Serialize)]
struct Posted<'a> {
    #[serde(rename = "type")]
    event_type: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    notification_id: NotificationId,
    tenant: &'a str,
    user_id: CustomerId,
    channel: ChannelKind,
    recipient: &'a str,
    subject: &'a str,
    body: &'a str,
    priority: Priority,
}

pub(super) fn of(delivery: &Delivery) -> Result<Vec<u8>, DeliveryError> {
    let posted = Posted {
        event_type: "notification.send",
        timestamp: delivery.at,
        data: Data {
            notification_id: delivery.notification_id,
            tenant: delivery.tenant.as_str(),
            user_id: delivery.user_id,
            channel: delivery.channel,
            recipient: &delivery.recipient,
            subject: &delivery.subject,
            body: &delivery.body,
            priority: delivery.priority,
        },
    };
    serde_json::to_vec(&posted).map_err(|error| DeliveryError::terminal("invalid_body", error.to_string()))
}
