use super::*;
use crate::error::Kind;
use crate::inventory::{
    DEFAULT_REORDER_LEVEL, DEFAULT_REORDER_QUANTITY, NAME_LENGTH, StockCommand, StockRejection,
};

fn create(name: &str, reorder_level: Option<u32>, reorder_quantity: Option<u32>) -> StockCommand {
    StockCommand::Create {
        sku: lamp(),
        name: name.to_owned(),
        initial_stock: 7,
        reorder_level,
        reorder_quantity,
    }
}

#[test]
fn a_product_is_taken_into_stock_with_what_there_is() {
    given::<StockItem>([]).when(create("Lamp", Some(3), Some(20))).then_state(|item| {
        assert!(item.exists());
        assert_eq!(item.sku(), Some(&lamp()));
        assert_eq!(item.name(), "Lamp");
        assert_eq!((item.initial(), item.on_hand(), item.reserved(), item.available()), (7, 7, 0, 7));
        assert_eq!((item.reorder_level(), item.reorder_quantity()), (3, 20));
    });
}

#[test]
fn reorder_settings_that_are_not_given_are_ten_and_a_hundred() {
    assert_eq!((DEFAULT_REORDER_LEVEL, DEFAULT_REORDER_QUANTITY), (10, 100));
    given::<StockItem>([]).when(create("Lamp", None, None)).then_state(|item| {
        assert_eq!((item.reorder_level(), item.reorder_quantity()), (10, 100));
    });
}

#[test]
fn the_name_is_trimmed() {
    given::<StockItem>([])
        .when(create("  Lamp\n", None, None))
        .then_state(|item| assert_eq!(item.name(), "Lamp"));
}

#[test]
fn an_item_without_initial_stock_is_allowed_and_warns_of_nothing() {
    let command = StockCommand::Create {
        sku: lamp(),
        name: "Lamp".into(),
        initial_stock: 0,
        reorder_level: Some(0),
        reorder_quantity: None,
    };
    given::<StockItem>([]).when(command).then([created(0)]);
}

#[test]
fn the_initial_stock_is_no_restock() {
    assert_eq!(item([created(5)]).last_restocked_at(), None);
    assert_eq!(item([created(5)]).restocked(), 0);
}

#[test]
fn what_exists_cant_be_created_again() {
    given::<StockItem>([created(5)])
        .when(create("Lamp", None, None))
        .then_rejected(StockRejection::AlreadyExists { sku: lamp() });
}

#[test]
fn everything_wrong_with_a_new_item_is_said_at_once() {
    let rejection = StockItem::default().decide(create(" ", None, Some(0)), &test_context()).unwrap_err();
    let StockRejection::Invalid(violations) = &rejection else { panic!("{rejection}") };
    let faults: Vec<_> = violations.iter().map(|v| (v.pointer.as_str(), v.code)).collect();
    assert_eq!(faults, [("/name", "required"), ("/reorder_quantity", "must_be_positive")]);
    assert_eq!((rejection.code(), rejection.kind()), ("invalid", Kind::Invalid));
    assert!(rejection.to_string().contains("/name") && rejection.to_string().contains("/reorder_quantity"));
}

#[test]
fn a_name_has_at_most_two_hundred_characters() {
    assert_eq!(NAME_LENGTH, 200);
    given::<StockItem>([]).when(create(&"é".repeat(200), None, None)).then_state(|item| {
        assert_eq!(item.name().chars().count(), 200);
    });
    let rejection =
        StockItem::default().decide(create(&"é".repeat(201), None, None), &test_context()).unwrap_err();
    let StockRejection::Invalid(violations) = rejection else { panic!("{rejection}") };
    assert_eq!((violations.len(), violations[0].code), (1, "too_long"));
}

#[test]
fn nothing_but_creation_is_possible_before_it() {
    let commands = [
        StockCommand::Reserve { order_id: order(1), quantity: 1, expires_at: quarter_past() },
        StockCommand::Confirm { order_id: order(1) },
        StockCommand::Release { order_id: order(1), reason: reason("none") },
        StockCommand::Expire { order_id: order(1) },
        StockCommand::Adjust { quantity: 1, reason: reason("found") },
        StockCommand::ChangeReorderSettings { reorder_level: 1, reorder_quantity: 1 },
    ];
    for command in commands {
        given::<StockItem>([]).when(command).then_rejected(StockRejection::NotFound);
    }
    assert_eq!(StockRejection::NotFound.kind(), Kind::NotFound);
}

#[test]
fn an_item_before_its_first_event_is_not_low() {
    assert!(!StockItem::default().is_low());
    assert!(!StockItem::default().exists());
}

#[test]
fn all_that_is_wrong_with_what_a_client_sends_is_said_at_once() {
    let violations = StockCommand::create("a b", " ", 1, None, Some(0)).unwrap_err();
    let pointers: Vec<_> = violations.iter().map(|violation| violation.pointer.as_str()).collect();
    assert_eq!(pointers, ["/sku", "/name", "/reorder_quantity"]);
    assert!(StockCommand::create("lamp-1", "Lamp", 1, None, None).is_ok());
}
