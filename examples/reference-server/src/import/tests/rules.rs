//! What a readable file says.

use super::*;

#[test]
fn a_row_is_a_line_with_its_price_quantity_and_place_in_the_file() {
    let import = import(&["536365, 85123a ,HEART,6,2010-12-01 08:26:00,2.550,17850.0,United Kingdom"]);
    let [sale] = &import.sales[..] else { panic!("one sale") };
    assert_eq!(&*sale.invoice_no, "536365");
    assert_eq!(sale.placed_at.to_string(), "2010-12-01T08:26:00Z");
    assert_eq!(sale.customer, ImportCustomer::Registered("17850".into()));
    assert_eq!(sale.country.as_str(), "GB");
    let [line] = &sale.lines[..] else { panic!("one line") };
    assert_eq!((line.line, line.sku.as_str(), line.quantity.get()), (2, "85123A", 6));
    assert_eq!(line.unit_price.to_string(), "2.55 GBP");
}

#[test]
fn rows_with_the_same_number_are_one_invoice_wherever_they_are() {
    let import = import(&[
        "1,A,,1,2010-12-01 08:00:00,1,,France",
        "2,B,,1,2010-12-01 08:00:00,1,,France",
        " 1 ,C,,1,2010-12-01 08:00:00,1,,France",
    ]);
    assert_eq!((import.rows, import.invoices), (3, 2));
    let lines: Vec<_> = import.sales[0].lines.iter().map(|line| line.line).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn sales_are_in_order_of_their_earliest_moment_and_then_of_their_number() {
    let import = import(&[
        "30,A,,1,2010-12-01 09:00:00,1,,France",
        "20,A,,1,2010-12-01 09:00:00,1,,France",
        "40,A,,1,2010-12-01 10:00:00,1,,France",
        "40,A,,1,2010-12-01 08:00:00,1,,France",
    ]);
    let order: Vec<_> = import.sales.iter().map(|sale| &*sale.invoice_no).collect();
    assert_eq!(order, ["40", "20", "30"]);
    assert_eq!(import.sales[0].placed_at.to_string(), "2010-12-01T08:00:00Z");
}

#[test]
fn a_refused_row_counts_for_the_moment_of_its_invoice() {
    let import =
        import(&["1,A,,1,2010-12-01 09:00:00,1,,France", "1,BANK CHARGES,,1,2010-12-01 08:59:00,1,,France"]);
    assert_eq!(import.sales[0].placed_at.to_string(), "2010-12-01T08:59:00Z");
}

#[test]
fn returns_are_in_order_of_their_invoices_and_their_rows_in_that_of_the_file() {
    let import = import(&[
        "C3,A,,-1,2010-12-01 09:00:00,1,,France",
        "C2,B,,-1,2010-12-01 08:30:00,1,,France",
        "C3,C,,-1,2010-12-01 08:00:00,1,,France",
    ]);
    let order: Vec<_> = import.returns.iter().map(|row| (row.line, row.at.to_string())).collect();
    let at = |time: &str| format!("2010-12-01T{time}Z");
    assert_eq!(order, [(2, at("08:00:00")), (4, at("08:00:00")), (3, at("08:30:00"))]);
}

#[test]
fn rows_that_disagree_on_the_customer_take_the_first_there_is_and_the_first_country() {
    let import = import(&[
        "1,A,,1,2010-12-01 08:00:00,1,,EIRE",
        "1,A,,1,2010-12-01 08:00:00,1,17850.0,France",
        "1,A,,1,2010-12-01 08:00:00,1,12583.0,France",
    ]);
    assert_eq!(import.sales[0].customer, ImportCustomer::Registered("17850".into()));
    assert_eq!(import.sales[0].country.as_str(), "IE");
}

#[test]
fn an_invoice_without_a_customer_has_a_guest_of_its_own() {
    let import =
        import(&["1,A,,1,2010-12-01 08:00:00,1,,France", "2,A,,1,2010-12-01 08:00:00,1, ,Unspecified"]);
    assert_eq!(import.sales[0].customer, ImportCustomer::Guest("1".into()));
    assert_eq!(import.sales[1].customer, ImportCustomer::Guest("2".into()));
    assert_eq!(import.sales[1].country, commerce_core::value::Country::UNKNOWN);
}

#[test]
fn a_row_is_refused_for_the_first_reason_that_holds() {
    let import = import(&[
        "1,,,0,2010-12-01 08:00:00,0,,France",
        "1,  ,,1,2010-12-01 08:00:00,1,,France",
        "1,BANK CHARGES,,0,2010-12-01 08:00:00,0,,France",
        "1,A,,0,2010-12-01 08:00:00,0,,France",
        "1,A,,-1,2010-12-01 08:00:00,1,,France",
        "1,A,,200000,2010-12-01 08:00:00,-0.001,,France",
        "1,A,,200000,2010-12-01 08:00:00,0.001,,France",
        "1,A,,1,2010-12-01 08:00:00,0.001,,France",
        "C1,,,1,2010-12-01 08:00:00,0,,France",
        "C1,A B,,1,2010-12-01 08:00:00,0,,France",
        "C1,A,,1,2010-12-01 08:00:00,0,,France",
        "C1,A,,0,2010-12-01 08:00:00,0,,France",
    ]);
    let expected = [
        "sku_missing",
        "sku_missing",
        "sku_invalid",
        "quantity_not_positive",
        "quantity_not_positive",
        "price_not_positive",
        "quantity_too_large",
        "price_not_in_pence",
        "sku_missing",
        "sku_invalid",
        "quantity_not_negative",
        "quantity_not_negative",
    ];
    let expected: Vec<_> = (2..).zip(expected).collect();
    assert_eq!(reasons(&import.refused), expected);
    assert_eq!((import.sales.len(), import.returns.len()), (0, 0));
}

#[test]
fn the_reasons_are_listed_in_the_order_in_which_they_are_checked() {
    assert!(RefusalReason::ALL.is_sorted());
    let codes: std::collections::HashSet<_> = RefusalReason::ALL.map(RefusalReason::as_str).into();
    assert_eq!(codes.len(), RefusalReason::ALL.len());
}

#[test]
fn a_sku_has_at_most_fifty_characters_of_its_alphabet() {
    let longest = "A".repeat(50);
    let row = |sku: &str| format!("1,{sku},,1,2010-12-01 08:00:00,1,,France");
    let import = import(&[&row(&longest), &row(&format!("{longest}A")), &row("a_b-9"), &row("É1")]);
    assert_eq!(reasons(&import.refused), [(3, "sku_invalid"), (5, "sku_invalid")]);
    assert_eq!(import.sales[0].lines[1].sku.as_str(), "A_B-9");
}

#[test]
fn the_price_of_a_return_does_not_matter() {
    let import =
        import(&["C1,A,,-1,2010-12-01 08:00:00,0,,France", "C1,A,,-1,2010-12-01 08:00:00,1.005,,France"]);
    assert_eq!(import.returns.len(), 2);
}

#[test]
fn an_order_ends_at_its_thousandth_line() {
    let row = "1,A,,1,2010-12-01 08:00:00,1,,France";
    let mut rows = vec![row; 1_002];
    rows[3] = "1,A,,0,2010-12-01 08:00:00,1,,France";
    let import = import(&rows);
    assert_eq!(import.sales[0].lines.len(), 1_000);
    assert_eq!(reasons(&import.refused), [(5, "quantity_not_positive"), (1_003, "order_too_long")]);
}

#[test]
fn a_line_is_of_a_hundred_thousand_at_most() {
    let import =
        import(&["1,A,,100000,2010-12-01 08:00:00,1,,France", "1,A,,100001,2010-12-01 08:00:00,1,,France"]);
    assert_eq!(import.sales[0].lines[0].quantity.get(), 100_000);
    assert_eq!(reasons(&import.refused), [(3, "quantity_too_large")]);
}

#[test]
fn an_invoice_of_refused_rows_is_no_sale_and_a_return_is_never_counted_as_one() {
    let import = import(&[
        "1,A,,0,2010-12-01 08:00:00,1,,France",
        "1,A,,0,2010-12-01 08:00:00,1,,France",
        "2,A,,1,2010-12-01 08:00:00,1,,France",
        "C3,,,1,2010-12-01 08:00:00,1,,France",
    ]);
    assert_eq!((import.invoices, import.sales.len(), import.invoices_without_a_valid_line), (3, 1, 1));
}

#[test]
fn refused_rows_are_listed_by_line() {
    let import = import(&[
        "C1,,,1,2010-12-01 08:00:00,1,,France",
        "2,,,1,2010-12-01 09:00:00,1,,France",
        "1,,,1,2010-12-01 08:00:00,1,,France",
    ]);
    assert_eq!(reasons(&import.refused), [(2, "sku_missing"), (3, "sku_missing"), (4, "sku_missing")]);
}

#[test]
fn products_are_those_that_are_sold_in_the_order_of_the_file() {
    let import = import(&[
        "2,b,SECOND,1,2010-12-01 09:00:00,1,,France",
        "1,A,FIRST,1,2010-12-01 08:00:00,1,,France",
        "1,GIFT,FREE,1,2010-12-01 08:00:00,0,,France",
        "1,B,OTHER,1,2010-12-01 08:00:00,1,,France",
    ]);
    let products: Vec<_> = import.products.iter().map(|p| (p.sku.as_str(), p.name.as_str())).collect();
    assert_eq!(products, [("B", "SECOND"), ("A", "FIRST")]);
}

#[test]
fn a_product_has_the_first_name_that_any_row_gives_it() {
    let import = import(&[
        "C9,a,  ,-1,2010-12-01 08:00:00,1,,France",
        "C9,a, LAMP ,-1,2010-12-01 08:00:00,1,,France",
        "1,A,LANTERN,1,2010-12-01 08:00:00,1,,France",
        "1,B,,1,2010-12-01 08:00:00,1,,France",
    ]);
    let names: Vec<_> = import.products.iter().map(|product| product.name.as_str()).collect();
    assert_eq!(names, ["LAMP", "B"]);
}

#[test]
fn a_name_is_one_line_of_two_hundred_characters_at_most() {
    let long = "é".repeat(199) + " LAMP";
    let import = import(&[
        &format!("1,A,{long},1,2010-12-01 08:00:00,1,,France"),
        "1,B,\"RED\nLAMP\u{7}\",1,2010-12-01 08:00:00,1,,France",
    ]);
    assert_eq!(import.products[0].name, "é".repeat(199));
    assert_eq!(import.products[1].name, "RED LAMP");
}

#[test]
fn columns_can_be_in_another_order_and_among_others() {
    let text = "Country,Note,CustomerID,UnitPrice, InvoiceDate ,Quantity,Description,StockCode,InvoiceNo\n\
                France,x,,1,2010-12-01 08:00:00,2,LAMP,A,1\n";
    let moved = parsed(text).unwrap();
    let usual = import(&["1,A,LAMP,2,2010-12-01 08:00:00,1,,France"]);
    assert_eq!((moved.sales, moved.products), (usual.sales, usual.products));
}

#[test]
fn a_byte_order_mark_crlf_and_quotes_change_nothing() {
    let plain = csv(&[
        "1,A,\"RED, LAMP\",2,2010-12-01 08:00:00,1,,France",
        "1,B,\"A \"\"B\"\"\",1,2010-12-01 08:00:00,1,,",
    ]);
    let marked = format!("\u{feff}{}\r\n", plain.replace('\n', "\r\n"));
    let (plain, marked) = (parsed(&plain).unwrap(), parsed(&marked).unwrap());
    assert_eq!(plain.products[1].name, "A \"B\"");
    assert_ne!(plain.digest, marked.digest);
    assert_eq!(Import { digest: plain.digest.clone(), ..marked }, plain);
}

#[test]
fn the_digest_is_the_sha_256_of_the_bytes() {
    let import = import(&["1,A,LAMP,2,2010-12-01 08:00:00,1,,France"]);
    assert_eq!(import.digest, "99e3bede8a45fae23b68b21233f48365d4dabbbd0671cb1101b98c3725db9ae3");
}
