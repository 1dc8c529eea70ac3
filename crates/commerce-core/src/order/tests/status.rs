//! The states by name.

use crate::order::OrderStatus;

#[test]
fn every_state_is_read_back_from_its_name() {
    for status in OrderStatus::ALL {
        assert_eq!(OrderStatus::parse(status.as_str()), Some(status));
    }
}

#[test]
fn the_names_are_those_of_the_contract() {
    let names = OrderStatus::ALL.map(OrderStatus::as_str);
    assert_eq!(
        names,
        [
            "pending",
            "payment_initiated",
            "payment_completed",
            "confirmed",
            "shipped",
            "delivered",
            "cancelled",
            "failed"
        ]
    );
}

#[test]
fn another_name_is_no_state() {
    assert_eq!(OrderStatus::parse("Pending"), None);
    assert_eq!(OrderStatus::parse(""), None);
}

#[test]
fn json_and_display_use_the_same_name() {
    for status in OrderStatus::ALL {
        assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
    }
}

#[test]
fn nothing_follows_a_final_state_and_something_every_other() {
    for status in OrderStatus::ALL {
        let ends = OrderStatus::ALL.into_iter().all(|next| !status.can_become(next));
        assert_eq!(status.is_final(), ends, "{status}");
    }
}

#[test]
fn the_machine_has_exactly_these_moves() {
    use OrderStatus::*;
    let moves = [
        (Pending, PaymentInitiated),
        (PaymentInitiated, PaymentCompleted),
        (PaymentCompleted, Confirmed),
        (Confirmed, Shipped),
        (Shipped, Delivered),
        (Pending, Cancelled),
        (PaymentInitiated, Cancelled),
        (PaymentCompleted, Cancelled),
        (Confirmed, Cancelled),
        (Pending, Failed),
        (PaymentInitiated, Failed),
        (PaymentCompleted, Failed),
    ];
    for from in OrderStatus::ALL {
        for to in OrderStatus::ALL {
            assert_eq!(from.can_become(to), moves.contains(&(from, to)), "{from} to {to}");
        }
    }
}
