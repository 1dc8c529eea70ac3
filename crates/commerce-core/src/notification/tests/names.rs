//! Names are written one way and read back.

use crate::notification::{ChannelKind, NotificationStatus, Priority};

#[test]
fn every_name_is_read_back_and_serde_agrees() {
    for kind in ChannelKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(*kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    for priority in Priority::ALL {
        assert_eq!(priority.as_str().parse(), Ok(*priority));
        assert_eq!(serde_json::to_value(priority).unwrap(), priority.as_str());
    }
    for status in NotificationStatus::ALL {
        assert_eq!(status.as_str().parse(), Ok(*status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
}

#[test]
fn another_name_is_refused_with_those_there_are() {
    let error = "fax".parse::<ChannelKind>().unwrap_err();
    assert_eq!(error.to_string(), "must be email, sms, push or in_app");
    assert_eq!(error.at("/channel").code, "unknown_value");
}

#[test]
fn priorities_rise() {
    assert!(Priority::ALL.is_sorted());
}
