//! The texts that come with this crate. An operator who wants others makes a template of the same name.

use super::TemplateDetails;
use crate::notification::{ChannelKind, Variables};

/// One for each reaction, by e-mail, under the reaction's name.
pub fn default_templates() -> Vec<TemplateDetails> {
    TEXTS
        .iter()
        .map(|(name, description, subject, body)| TemplateDetails {
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            channel: ChannelKind::Email,
            subject_template: (*subject).to_owned(),
            body_template: (*body).to_owned(),
            default_variables: Variables::new(),
        })
        .collect()
}

const TEXTS: [(&str, &str, &str, &str); 9] = [
    (
        "confirm_email",
        "Sent to a new customer. Secret variable: token.",
        "Welcome, {{ first_name }}! Please confirm your e-mail address",
        "Hello {{ first_name }},\n\n\
         thank you for joining us. To confirm that this address is yours, please enter this code:\n\n\
         {{ token }}\n\n\
         It is good until {{ expires_at }}. If it wasn't you who signed up, you can leave this message alone.",
    ),
    (
        "reset_password",
        "Sent to whoever forgot a password. Secret variable: token.",
        "Resetting your password",
        "Hello {{ first_name }},\n\n\
         someone, hopefully you, asked to reset your password. To choose a new one, please enter this code:\n\n\
         {{ token }}\n\n\
         It is good until {{ expires_at }}. If it wasn't you, nothing has changed and there is nothing to do.",
    ),
    (
        "order_confirmed",
        "Sent when an order is paid and goes ahead.",
        "Your order is confirmed",
        "Hello {{ first_name }},\n\n\
         thank you for your order {{ order_id }}. Your payment has arrived and we are getting your parcel ready. \
         We will write again when it is with the carrier.",
    ),
    (
        "order_failed",
        "Sent when an order could not be completed.",
        "We could not complete your order",
        "Hello {{ first_name }},\n\n\
         we are sorry: your order {{ order_id }} could not be completed.\n\n\
         The reason: {{ reason }}\n\n\
         If money was taken for it, it is on its way back to you. You are welcome to try again.",
    ),
    (
        "order_cancelled",
        "Sent when an order was called off.",
        "Your order is cancelled",
        "Hello {{ first_name }},\n\n\
         your order {{ order_id }} is cancelled.\n\n\
         The reason: {{ reason }}\n\n\
         If you have paid for it already, you will get your money back.",
    ),
    (
        "payment_refunded",
        "Sent when money was given back.",
        "You get {{ amount }} back",
        "Hello {{ first_name }},\n\n\
         we have given back {{ amount }} for your order {{ order_id }}. It can take a few days until you see it on \
         your account.\n\n\
         The reason: {{ reason }}",
    ),
    (
        "shipment_created",
        "Sent when a parcel was made for an order.",
        "Your parcel has a tracking number",
        "Hello {{ first_name }},\n\n\
         your order {{ order_id }} goes out with {{ carrier }}. You can follow it under the number \
         {{ tracking_number }}. It should be with you by {{ estimated_delivery }}.",
    ),
    (
        "shipment_delivered",
        "Sent when a parcel was received.",
        "Your parcel has arrived",
        "Hello {{ first_name }},\n\n\
         your order {{ order_id }} has arrived: {{ recipient_name }} received the parcel {{ tracking_number }}. \
         We hope you enjoy it.",
    ),
    (
        "low_stock",
        "Sent to operations when a product is running out.",
        "Running out: {{ sku }}",
        "{{ sku }} is running out: {{ available }} are left, and {{ reorder_level }} or fewer count as low. \
         Please order {{ reorder_quantity }}.",
    ),
];
