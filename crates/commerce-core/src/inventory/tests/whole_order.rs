use super::*;
use crate::inventory::StockRejection;
use crate::inventory::reservation::{
    RefusedLine, Shortage, confirm_all, expire_all, record_shortages, release_all, reserve_all, restock_all,
};

fn insufficient(n: u128, requested: u64, available: u64) -> Shortage {
    Shortage::InsufficientStock { product_id: product(n), sku: lamp(), requested, available }
}

fn unknown(n: u128, requested: u64) -> Shortage {
    Shortage::ProductUnknown { product_id: product(n), requested }
}

fn try_to_reserve(
    warehouse: &Warehouse,
    lines: impl IntoIterator<Item = Line>,
) -> Result<Changes, Vec<Shortage>> {
    reserve_all(order(1), &demand(lines), |id| warehouse.items.get(&id), |_| 0, quarter_past(), &at(noon()))
}

/// Order 1 has reserved two of item 1 and one of item 2.
fn with_an_active_order() -> (Warehouse, Reservation) {
    let mut warehouse = Warehouse::with([5, 5]);
    let record = warehouse.settle(&super::reserve(1, [line(1, 2), line(2, 1)])).record.unwrap();
    (warehouse, record)
}

#[test]
fn an_order_reserves_each_of_its_lines() {
    let changes = try_to_reserve(&Warehouse::with([5, 5, 5]), [line(1, 2), line(3, 4)]).unwrap();
    assert_eq!(changes, [(product(1), vec![reserved(1, 2)]), (product(3), vec![reserved(1, 4)])]);
}

#[test]
fn two_lines_of_one_product_are_checked_together() {
    let shortages = try_to_reserve(&Warehouse::with([5]), [line(1, 3), line(1, 3)]).unwrap_err();
    assert_eq!(shortages, [insufficient(1, 6, 5)]);
}

#[test]
fn one_short_line_refuses_the_whole_order() {
    let shortages = try_to_reserve(&Warehouse::with([5, 1]), [line(1, 2), line(2, 2)]).unwrap_err();
    assert_eq!(shortages, [insufficient(2, 2, 1)]);
}

#[test]
fn all_shortages_are_listed_unknown_products_included() {
    let lines = [line(1, 9), line(2, 1), line(7, 4), line(3, 2)];
    let shortages = try_to_reserve(&Warehouse::with([5, 5, 1]), lines).unwrap_err();
    assert_eq!(shortages, [insufficient(1, 9, 5), insufficient(3, 2, 1), unknown(7, 4)]);
    let codes: Vec<_> = shortages.iter().map(Shortage::code).collect();
    assert_eq!(codes, ["insufficient_stock", "insufficient_stock", "product_unknown"]);
    let products: Vec<_> = shortages.iter().map(Shortage::product_id).collect();
    assert_eq!(products, [product(1), product(3), product(7)]);
}

#[test]
fn an_item_before_its_first_event_is_an_unknown_product() {
    let mut warehouse = Warehouse::with([5]);
    warehouse.items.insert(product(2), StockItem::default());
    assert_eq!(try_to_reserve(&warehouse, [line(1, 1), line(2, 1)]).unwrap_err(), [unknown(2, 1)]);
}

#[test]
fn a_line_that_the_order_holds_already_has_no_event() {
    let mut warehouse = Warehouse::with([5, 5]);
    warehouse.commit([(product(1), vec![reserved(1, 5)])]);
    let changes = try_to_reserve(&warehouse, [line(1, 5), line(2, 1)]).unwrap();
    assert_eq!(changes, [(product(2), vec![reserved(1, 1)])]);
}

#[test]
fn a_line_that_the_order_holds_in_another_quantity_is_a_shortage_of_its_own_kind() {
    let mut warehouse = Warehouse::with([5]);
    warehouse.commit([(product(1), vec![reserved(1, 2)])]);
    let shortages = try_to_reserve(&warehouse, [line(1, 3)]).unwrap_err();
    assert_eq!(shortages, [Shortage::ReservedDifferently { product_id: product(1), requested: 3, held: 2 }]);
    assert_eq!((shortages[0].code(), shortages[0].product_id()), ("reserved_differently", product(1)));
}

#[test]
fn an_order_that_takes_an_item_to_its_level_warns_in_the_same_commit() {
    let changes = try_to_reserve(&Warehouse::with([5]), [line(1, 5)]).unwrap();
    let warning =
        StockEvent::LowStockDetected { sku: lamp(), available: 0, reorder_level: 0, reorder_quantity: 100 };
    assert_eq!(changes, [(product(1), vec![reserved(1, 5), warning])]);
}

#[test]
fn shortages_are_recorded_on_the_items_that_are_there() {
    let changes = record_shortages(order(1), &[insufficient(1, 9, 5), unknown(7, 4)]);
    let rejected = StockEvent::StockReservationRejected { order_id: order(1), requested: 9, available: 5 };
    assert_eq!(changes, [(product(1), vec![rejected])]);
}

#[test]
fn a_shortage_is_written_with_its_code() {
    let text = serde_json::to_value(insufficient(1, 9, 5)).unwrap();
    assert_eq!(
        text,
        serde_json::json!({
            "code": "insufficient_stock",
            "product_id": "00000000-0000-0000-0000-000000000001",
            "sku": "LAMP-1",
            "requested": 9,
            "available": 5,
        })
    );
    for shortage in [insufficient(1, 9, 5), unknown(2, 1)] {
        let text = serde_json::to_value(&shortage).unwrap();
        assert_eq!(text["code"], shortage.code());
        assert_eq!(serde_json::from_value::<Shortage>(text).unwrap(), shortage);
    }
}

#[test]
fn confirming_an_order_hands_out_each_line() {
    let (warehouse, record) = with_an_active_order();
    let changes = confirm_all(&record, |id| warehouse.items.get(&id)).unwrap();
    assert_eq!(changes, [(product(1), vec![confirmed(1, 2)]), (product(2), vec![confirmed(1, 1)])]);
}

#[test]
fn an_order_is_not_confirmed_in_part() {
    let (mut warehouse, record) = with_an_active_order();
    warehouse.commit([(product(2), vec![released(1, 1)])]);
    let refused = confirm_all(&record, |id| warehouse.items.get(&id)).unwrap_err();
    let rejection = StockRejection::ReservationNotFound { order_id: order(1) };
    assert_eq!(refused, [RefusedLine { product_id: product(2), rejection }]);
}

#[test]
fn an_item_that_holds_another_quantity_than_the_record_is_not_confirmed() {
    let (mut warehouse, record) = with_an_active_order();
    warehouse.commit([(product(1), vec![released(1, 2), reserved(1, 4)])]);
    let refused = confirm_all(&record, |id| warehouse.items.get(&id)).unwrap_err();
    let rejection = StockRejection::ReservedDifferently { order_id: order(1), held: 4, requested: 2 };
    assert_eq!(refused, [RefusedLine { product_id: product(1), rejection }]);
}

#[test]
fn an_item_that_is_gone_is_not_confirmed() {
    let (_, record) = with_an_active_order();
    let refused = confirm_all(&record, |_| None).unwrap_err();
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|line| line.rejection == StockRejection::NotFound));
}

#[test]
fn releasing_an_order_gives_back_each_line() {
    let (warehouse, record) = with_an_active_order();
    let changes = release_all(&record, |id| warehouse.items.get(&id), &reason("changed their mind"));
    assert_eq!(changes, [(product(1), vec![released(1, 2)]), (product(2), vec![released(1, 1)])]);
}

#[test]
fn releasing_an_order_passes_over_lines_that_were_released_by_hand() {
    let (mut warehouse, record) = with_an_active_order();
    warehouse.commit([(product(1), vec![released(1, 2)])]);
    let changes = release_all(&record, |id| warehouse.items.get(&id), &reason("changed their mind"));
    assert_eq!(changes, [(product(2), vec![released(1, 1)])]);
    assert_eq!(release_all(&record, |_| None, &reason("gone")), nothing());
}

#[test]
fn expiring_an_order_gives_back_each_line_that_is_still_kept() {
    let (mut warehouse, record) = with_an_active_order();
    let changes = expire_all(&record, |id| warehouse.items.get(&id));
    assert_eq!(changes, [(product(1), vec![expired(1, 2)]), (product(2), vec![expired(1, 1)])]);
    warehouse.commit([(product(2), vec![expired(1, 1)])]);
    assert_eq!(expire_all(&record, |id| warehouse.items.get(&id)), [(product(1), vec![expired(1, 2)])]);
}

#[test]
fn restocking_an_order_puts_each_line_back_and_names_the_order() {
    let (warehouse, record) = with_an_active_order();
    let context = at(minutes_after(3));
    let changes =
        restock_all(&record, |id| warehouse.items.get(&id), &reason("cancelled"), &context).unwrap();
    let back = |quantity| StockEvent::StockAdjusted {
        quantity,
        reason: reason("cancelled"),
        order_id: Some(order(1)),
        at: minutes_after(3),
    };
    assert_eq!(changes, [(product(1), vec![back(2)]), (product(2), vec![back(1)])]);
}

#[test]
fn an_order_is_not_restocked_in_part() {
    let (warehouse, record) = with_an_active_order();
    let all_but_one = |id: ProductId| warehouse.items.get(&id).filter(|_| id != product(2));
    let refused = restock_all(&record, all_but_one, &reason("cancelled"), &test_context()).unwrap_err();
    assert_eq!(refused, [RefusedLine { product_id: product(2), rejection: StockRejection::NotFound }]);
    let unborn = StockItem::default();
    let refused = restock_all(&record, |_| Some(&unborn), &reason("cancelled"), &test_context()).unwrap_err();
    assert_eq!(refused.len(), 2);
}
