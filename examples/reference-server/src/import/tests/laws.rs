//! What holds for every file.

use std::collections::HashMap;

use commerce_core::value::{Currency, Money};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A row from so few values that invoices, customers and SKUs meet.
fn row() -> impl Strategy<Value = String> {
    let invoice = prop_oneof![3 => "[1-6]", 2 => "C[1-6]"];
    let sku = prop_oneof![8 => "[AaBC]", 1 => Just(String::new()), 1 => Just("A B".to_owned())];
    let quantity = prop_oneof![6 => 1..6_i32, 6 => -5..0_i32, 1 => Just(0), 1 => Just(100_001)];
    let price =
        prop_oneof![8 => "[1-9]\\.[0-9]{1,2}", 1 => Just("0".to_owned()), 1 => Just("1.005".to_owned())];
    let customer = prop_oneof![4 => "[78]", 1 => Just(String::new())];
    (invoice, sku, quantity, 0..60_u8, price, customer).prop_map(
        |(invoice, sku, quantity, minute, price, customer)| {
            format!("{invoice},{sku},,{quantity},2010-12-01 08:{minute:02}:00,{price},{customer},France")
        },
    )
}

fn file() -> impl Strategy<Value = String> {
    vec(row(), 1..60).prop_map(|rows| csv(&rows.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Every line of the file that became something, whatever it became.
fn accounted(import: &Import, plan: &ReturnsPlan) -> Vec<u64> {
    let lines = import.sales.iter().flat_map(|sale| &sale.lines).map(|line| line.line);
    let refused = import.refused.iter().chain(&plan.refused).map(|row| row.line);
    let mut accounted: Vec<_> =
        lines.chain(refused).chain(plan.refunds.iter().map(|refund| refund.line)).collect();
    accounted.sort_unstable();
    accounted
}

proptest! {
    #[test]
    fn each_row_is_a_line_or_refused_or_refunded(text in file(), confirmed in any::<u8>()) {
        let import = parsed(&text).unwrap();
        let is_confirmed = |sale: &Sale| {
            sale.invoice_no.parse::<u32>().is_ok_and(|no| confirmed & (1 << no) != 0)
        };
        let all: Vec<_> = (2..).take(import.rows).collect();
        prop_assert_eq!(accounted(&import, &match_returns(&import, |_| true)), &all[..]);
        prop_assert_eq!(accounted(&import, &match_returns(&import, is_confirmed)), &all[..]);
    }

    #[test]
    fn a_refund_is_of_a_confirmed_earlier_sale_to_the_same_customer(text in file(), confirmed in any::<u8>()) {
        let import = parsed(&text).unwrap();
        let is_confirmed = |sale: &Sale| {
            sale.invoice_no.parse::<u32>().is_ok_and(|no| confirmed & (1 << no) != 0)
        };
        let mut returned: HashMap<_, u32> = HashMap::new();
        for refund in match_returns(&import, is_confirmed).refunds {
            let sale = &import.sales[refund.sale];
            let row = import.returns.iter().find(|row| row.line == refund.line).unwrap();
            prop_assert!(is_confirmed(sale) && sale.placed_at <= row.at && sale.customer == row.customer);
            let line = &sale.lines[refund.sale_line];
            prop_assert_eq!(&line.sku, &row.sku);
            prop_assert_eq!(refund.amount, line.unit_price.checked_mul(row.quantity).unwrap());
            let returned = returned.entry((refund.sale, refund.sale_line)).or_default();
            *returned += refund.quantity.get();
            prop_assert!(*returned <= line.quantity.get());
        }
    }

    #[test]
    fn a_return_is_refused_only_when_no_line_has_enough_left(text in file()) {
        let import = parsed(&text).unwrap();
        let plan = match_returns(&import, |_| true);
        for refused in &plan.refused {
            let row = import.returns.iter().find(|row| row.line == refused.line).unwrap();
            let earlier = import.returns.iter().take_while(|earlier| earlier.line != row.line).map(|row| row.line);
            let earlier: Vec<_> = earlier.collect();
            for (index, sale) in import.sales.iter().enumerate() {
                let fits = sale.customer == row.customer && sale.placed_at <= row.at;
                for (position, line) in sale.lines.iter().enumerate().filter(|(_, line)| fits && line.sku == row.sku) {
                    let of_it = |refund: &&Refund| {
                        (refund.sale, refund.sale_line) == (index, position) && earlier.contains(&refund.line)
                    };
                    let returned: u32 = plan.refunds.iter().filter(of_it).map(|refund| refund.quantity.get()).sum();
                    prop_assert!(line.quantity.get() - returned < row.quantity);
                }
            }
        }
    }

    #[test]
    fn the_same_file_gives_the_same_import_and_plan(text in file()) {
        let (one, other) = (parsed(&text).unwrap(), parsed(&text).unwrap());
        prop_assert_eq!(match_returns(&one, |_| true), match_returns(&other, |_| true));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn any_text_is_read_or_answered_with_one_sentence(text in "[0-9A,;\"\r\n \\-.é]{0,80}", headed in any::<bool>()) {
        let text = if headed { format!("{HEADER}\n{text}") } else { text };
        if let Err(error) = parsed(&text) {
            let sentence = error.to_string();
            prop_assert!(sentence.starts_with("shop.csv") && !sentence.contains('\n'), "{}", sentence);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let _ = parse(Path::new("shop.csv"), &bytes);
    }

    #[test]
    fn a_price_is_read_as_money_reads_it(minor in any::<i64>()) {
        let money = Money::from_minor(minor, Currency::GBP);
        let price = field::price(&money.amount()).unwrap();
        prop_assert_eq!((price.in_pence, price.is_positive), (Some(money), money.is_positive()));
    }
}
