//! Recipients are checked by their channel.

use super::support::*;
use crate::notification::ChannelKind::{self, Email, InApp, Push, Sms};
use crate::notification::recipient::checked;

fn code(channel: ChannelKind, given: &str) -> &'static str {
    checked(channel, user(1), Some(given)).unwrap_err().code
}

#[test]
fn what_each_channel_takes() {
    let taken = |channel, given| checked(channel, user(1), Some(given)).unwrap();
    for email in ["ada@example.com", "a.b+c@sub.example.co.uk", "o'hara@example.com", "jörg@müller.example"]
    {
        assert_eq!(taken(Email, email), email);
    }
    assert_eq!(taken(Sms, "+44 (20) 7946-0958"), "+442079460958");
    assert_eq!(taken(Push, "fcm:APA91b"), "fcm:APA91b");
    assert_eq!(taken(InApp, "whatever"), user(1).to_string());
    assert_eq!(checked(InApp, user(1), None), Ok(user(1).to_string()));
}

#[test]
fn what_each_channel_refuses() {
    for email in [
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "a da@example.com",
        "a..b@example.com",
        "ada@-a.com",
        "ada@a..com",
        ".a@example.com",
        "a@b@example.com",
        "a\"b@example.com",
        "<a@example.com>",
    ] {
        assert_eq!(code(Email, email), "invalid_email", "{email}");
    }
    assert_eq!(code(Email, &format!("{}@example.com", "a".repeat(65))), "invalid_email");
    assert_eq!(code(Email, &format!("a@{}.com", "a".repeat(260))), "too_long");
    assert_eq!(code(Email, "ada\u{0}@example.com"), "invalid_character");
    for phone in ["2079460958", "+0123456789", "+123456", "+1234567890123456", "+44a2079460958", "+"] {
        assert_eq!(code(Sms, phone), "invalid_phone", "{phone}");
    }
    assert_eq!(code(Push, "two words"), "invalid_device_token");
    for channel in [Email, Sms, Push] {
        assert_eq!(checked(channel, user(1), None).unwrap_err().code, "required");
        assert_eq!(code(channel, "  "), "required");
    }
}
