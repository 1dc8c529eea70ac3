//! The file that ships with the server. Its figures were counted by a program of another language.

use std::collections::BTreeMap;
use std::path::PathBuf;

use commerce_core::value::{Currency, Money};

use super::*;

fn sample() -> Import {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/online-retail-sample.csv");
    read(&path).unwrap()
}

#[test]
fn its_sums_are_those_of_the_file() {
    let import = sample();
    let lines: Vec<_> = import.sales.iter().flat_map(|sale| &sale.lines).collect();
    assert_eq!((import.rows, import.invoices, import.sales.len(), lines.len()), (159, 21, 11, 140));
    assert_eq!((import.invoices_without_a_valid_line, import.products.len()), (3, 127));
    assert_eq!(lines.iter().map(|line| line.quantity.get()).sum::<u32>(), 2_069);
    let totals = lines.iter().map(|line| line.unit_price.checked_mul(line.quantity.get()).unwrap());
    assert_eq!(Money::sum(totals, Currency::GBP).unwrap().amount(), "4510.99");
    assert_eq!(import.digest, "83fc6ef44fa74e09351d12a46a93612275997beed60b4645d2bad03f81b86182");
}

#[test]
fn its_returns_go_back_to_their_orders() {
    let import = sample();
    let plan = match_returns(&import, |_| true);
    let refunds: Vec<_> = plan
        .refunds
        .iter()
        .map(|refund| {
            let sale = &import.sales[refund.sale].invoice_no;
            (refund.line, &**sale, refund.sku.as_str(), refund.quantity.get(), refund.amount.amount())
        })
        .collect();
    assert_eq!(
        refunds,
        [
            (125, "536537", "22798", 2, "5.90".into()),
            (126, "536395", "21314", 1, "2.10".into()),
            (128, "536397", "35004B", 2, "9.30".into()),
            (129, "536397", "35004B", 3, "13.95".into()),
            (141, "536617", "20893", 36, "75.60".into()),
            (159, "536591", "37449", 1, "9.95".into()),
        ]
    );
}

#[test]
fn its_refused_rows_have_their_reasons() {
    let import = sample();
    let plan = match_returns(&import, |_| true);
    let mut counts = BTreeMap::new();
    for row in import.refused.iter().chain(&plan.refused) {
        *counts.entry(row.reason.as_str()).or_insert(0) += 1;
    }
    let expected = [
        ("no_matching_order", 9),
        ("price_not_positive", 2),
        ("quantity_not_positive", 1),
        ("sku_invalid", 1),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

#[test]
fn it_shows_guests_and_other_countries() {
    let import = sample();
    let guests = import.sales.iter().filter(|sale| matches!(sale.customer, ImportCustomer::Guest(_)));
    assert_eq!(guests.count(), 2);
    let mut countries: Vec<_> = import.sales.iter().map(|sale| sale.country.as_str()).collect();
    countries.sort_unstable();
    countries.dedup();
    assert_eq!(countries, ["DE", "FR", "GB", "IE", "NL"]);
    assert_eq!(import.products[0].name, "WHITE HANGING HEART T-LIGHT HOLDER");
}
