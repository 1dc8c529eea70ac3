//! What the tests of channels share.

use commerce_core::id::{CustomerId, NotificationId, Tenant};
use commerce_core::notification::{ChannelKind, Delivery, Priority};
use commerce_core::{Host, testing::TestHost};

pub(crate) fn delivery() -> Delivery {
    let host = TestHost::new();
    Delivery {
        notification_id: NotificationId(host.new_id()),
        tenant: Tenant::default(),
        attempt: 1,
        user_id: CustomerId(host.new_id()),
        channel: ChannelKind::Email,
        recipient: "ada@example.com".to_owned(),
        subject: "Grüße".to_owned(),
        body: "Hello Ada,\n\n.a line with a dot\n".to_owned(),
        priority: Priority::High,
        at: host.now(),
    }
}
