//! Which sale a return goes back to.

use super::*;

fn sale(no: &str, time: &str, sku: &str, quantity: u32, price: &str, customer: &str) -> String {
    format!("{no},{sku},,{quantity},2010-12-01 {time}:00,{price},{customer},France")
}

fn back(no: &str, time: &str, sku: &str, quantity: u32, customer: &str) -> String {
    format!("{no},{sku},,-{quantity},2010-12-01 {time}:00,9.99,{customer},France")
}

fn imported(rows: &[String]) -> Import {
    import(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The refunds: line of the return, number of the sale, line of the sale, amount.
fn refunds(import: &Import, plan: &ReturnsPlan) -> Vec<(u64, String, u64, String)> {
    let refund = |refund: &Refund| {
        let sale = &import.sales[refund.sale];
        let line = sale.lines[refund.sale_line].line;
        (refund.line, sale.invoice_no.to_string(), line, refund.amount.amount())
    };
    plan.refunds.iter().map(refund).collect()
}

#[test]
fn a_return_is_refunded_at_the_price_of_the_line_it_goes_back_to() {
    let import = imported(&[sale("1", "08:00", "A", 5, "2.55", "7"), back("C2", "09:00", "A", 3, "7")]);
    let plan = match_returns(&import, |_| true);
    assert_eq!(refunds(&import, &plan), [(3, "1".into(), 2, "7.65".into())]);
    assert_eq!((plan.refunds[0].quantity.get(), plan.refunds[0].sku.as_str()), (3, "A"));
    assert_eq!(&*plan.refunds[0].invoice_no, "C2");
    assert!(plan.refused.is_empty());
}

#[test]
fn a_return_goes_back_to_the_latest_sale_that_is_not_later_than_it() {
    let import = imported(&[
        sale("1", "08:00", "A", 5, "1", "7"),
        sale("2", "09:00", "A", 5, "2", "7"),
        sale("3", "10:00", "A", 5, "3", "7"),
        back("C4", "09:30", "A", 1, "7"),
    ]);
    assert_eq!(refunds(&import, &match_returns(&import, |_| true)), [(5, "2".into(), 3, "2.00".into())]);
}

#[test]
fn a_sale_of_the_same_time_is_early_enough_and_of_two_the_one_with_the_higher_number_is_later() {
    let import = imported(&[
        back("C3", "08:00", "A", 1, "7"),
        sale("2", "08:00", "A", 5, "2", "7"),
        sale("1", "08:00", "A", 5, "1", "7"),
    ]);
    assert_eq!(refunds(&import, &match_returns(&import, |_| true)), [(2, "2".into(), 3, "2.00".into())]);
}

#[test]
fn a_sale_that_is_too_small_is_passed_over_for_an_earlier_one() {
    let import = imported(&[
        sale("1", "08:00", "A", 5, "1", "7"),
        sale("2", "09:00", "A", 2, "2", "7"),
        back("C3", "10:00", "A", 3, "7"),
    ]);
    assert_eq!(refunds(&import, &match_returns(&import, |_| true)), [(4, "1".into(), 2, "3.00".into())]);
}

#[test]
fn in_a_sale_the_first_line_with_enough_left_is_taken() {
    let import = imported(&[
        sale("1", "08:00", "A", 2, "1", "7"),
        sale("1", "08:00", "A", 4, "2", "7"),
        sale("1", "08:00", "A", 4, "3", "7"),
        back("C2", "09:00", "A", 3, "7"),
        back("C2", "09:00", "A", 2, "7"),
        back("C2", "09:00", "A", 2, "7"),
    ]);
    let expected = [
        (5, "1".into(), 3, "6.00".into()),
        (6, "1".into(), 2, "2.00".into()),
        (7, "1".into(), 4, "6.00".into()),
    ];
    assert_eq!(refunds(&import, &match_returns(&import, |_| true)), expected);
}

#[test]
fn what_was_returned_can_not_be_returned_again() {
    let import = imported(&[
        sale("1", "08:00", "A", 5, "1", "7"),
        back("C2", "09:00", "A", 3, "7"),
        back("C3", "10:00", "A", 3, "7"),
        back("C4", "11:00", "A", 2, "7"),
    ]);
    let plan = match_returns(&import, |_| true);
    assert_eq!(plan.refunds.iter().map(|refund| refund.line).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(reasons(&plan.refused), [(4, "no_matching_order")]);
}

#[test]
fn a_row_is_not_divided_among_lines() {
    let import = imported(&[
        sale("1", "08:00", "A", 2, "1", "7"),
        sale("1", "08:00", "A", 2, "1", "7"),
        back("C2", "09:00", "A", 3, "7"),
    ]);
    assert_eq!(reasons(&match_returns(&import, |_| true).refused), [(4, "no_matching_order")]);
}

#[test]
fn what_another_customer_bought_or_was_never_sold_has_no_matching_order() {
    let import = imported(&[
        sale("1", "08:00", "A", 5, "1", "7"),
        back("C2", "09:00", "A", 1, "8"),
        back("C3", "09:00", "B", 1, "7"),
        back("C4", "07:59", "A", 1, "7"),
        back("C5", "09:00", "A", 100_001, "7"),
    ]);
    let plan = match_returns(&import, |_| true);
    let mut lines: Vec<_> = reasons(&plan.refused);
    lines.sort_unstable();
    assert_eq!(lines, (3..=6).map(|line| (line, "no_matching_order")).collect::<Vec<_>>());
}

#[test]
fn guests_have_nothing_in_common() {
    let import = imported(&[sale("1", "08:00", "A", 5, "1", ""), back("C2", "09:00", "A", 1, "")]);
    assert_eq!(reasons(&match_returns(&import, |_| true).refused), [(3, "no_matching_order")]);
}

#[test]
fn a_sale_that_was_not_confirmed_takes_nothing_back() {
    let import = imported(&[
        sale("1", "08:00", "A", 5, "1", "7"),
        sale("2", "09:00", "A", 5, "2", "7"),
        back("C3", "10:00", "A", 1, "7"),
    ]);
    let plan = match_returns(&import, |sale| &*sale.invoice_no != "2");
    assert_eq!(refunds(&import, &plan), [(4, "1".into(), 2, "1.00".into())]);
    assert_eq!(reasons(&match_returns(&import, |_| false).refused), [(4, "no_matching_order")]);
}

#[test]
fn each_sale_is_asked_about_once() {
    let import = imported(&[
        sale("1", "08:00", "A", 5, "1", "7"),
        sale("1", "08:00", "B", 5, "1", "7"),
        back("C2", "10:00", "A", 1, "7"),
        back("C2", "10:00", "B", 1, "7"),
    ]);
    let asked = std::cell::Cell::new(0);
    match_returns(&import, |_| {
        asked.set(asked.get() + 1);
        true
    });
    assert_eq!(asked.get(), 1);
}
