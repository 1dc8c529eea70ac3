//! Each file that can't be imported is answered with one sentence.

use std::error::Error;
use std::fs;

use commerce_core::error::Kind;

use super::*;

const GOOD: &str = "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom";

fn sentence(text: &str) -> String {
    parsed(text).unwrap_err().to_string()
}

/// The sentence for a file in which a good row and one blank line come before this one.
fn sentence_for(row: &str) -> String {
    sentence(&format!("{HEADER}\n{GOOD}\n\n{row}\n{GOOD}\n"))
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.csv");
    let error = read(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("{} does not exist", path.display()));
    assert_eq!(error.kind(), Kind::NotFound);
}

#[test]
fn a_folder_is_not_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path()).unwrap_err();
    assert_eq!(error.to_string(), format!("{} is a folder, not a file", folder.path().display()));
    assert_eq!(error.kind(), Kind::Invalid);
}

#[test]
fn a_file_that_the_system_refuses_keeps_what_the_system_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.csv");
    fs::write(&file, HEADER).unwrap();
    let below_a_file = file.join("shop.csv");
    let error = read(&below_a_file).unwrap_err();
    let start = format!("{} can't be read: ", below_a_file.display());
    assert!(error.to_string().starts_with(&start), "{error}");
    assert!(error.source().is_some());
}

#[test]
fn a_file_is_read_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.csv");
    fs::write(&path, csv(&[GOOD])).unwrap();
    assert_eq!(read(&path).unwrap(), import(&[GOOD]));
}

#[test]
fn an_empty_file_is_empty_even_with_blank_lines_or_a_byte_order_mark() {
    for text in ["", "\n", "\r\n\r\n", "\u{feff}"] {
        assert_eq!(sentence(text), "shop.csv is empty", "{text:?}");
    }
}

#[test]
fn a_header_alone_has_no_rows() {
    assert_eq!(sentence(HEADER), "shop.csv has no rows below its header");
    assert_eq!(sentence(&format!("{HEADER}\r\n\r\n")), "shop.csv has no rows below its header");
}

#[test]
fn a_byte_that_is_not_utf8_is_found_in_its_line() {
    let mut bytes = csv(&[GOOD, "536366,22633,CAF"]).into_bytes();
    bytes.extend_from_slice(b"\xC9,6,2010-12-01 08:28:00,1.85,17850.0,United Kingdom\n");
    let error = parse(Path::new("shop.csv"), &bytes).unwrap_err();
    assert_eq!(error.to_string(), "shop.csv, line 3: the text is not UTF-8");
}

#[test]
fn a_file_in_utf_16_is_not_utf8_from_its_first_line() {
    let bytes: Vec<u8> =
        std::iter::once(0xFEFF).chain(HEADER.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let error = parse(Path::new("shop.csv"), &bytes).unwrap_err();
    assert_eq!(error.to_string(), "shop.csv, line 1: the text is not UTF-8");
}

#[test]
fn semicolons_and_tabs_between_columns_are_called_by_their_names() {
    let semicolons = csv(&[GOOD]).replace(',', ";");
    assert_eq!(
        sentence(&semicolons),
        "shop.csv, line 1: the columns are separated by semicolons, not by commas"
    );
    let quoted = HEADER.split(',').map(|name| format!("{name:?}")).collect::<Vec<_>>().join(";");
    assert_eq!(sentence(&quoted), "shop.csv, line 1: the columns are separated by semicolons, not by commas");
    let tabs = csv(&[GOOD]).replace(',', "\t");
    assert_eq!(sentence(&tabs), "shop.csv, line 1: the columns are separated by tabs, not by commas");
}

#[test]
fn each_column_that_is_needed_is_missed_by_its_name() {
    for name in HEADER.split(',') {
        let text = csv(&[GOOD]).replace(name, "Other");
        let expected =
            format!("shop.csv, line 1, column {name}: there is no column of this name in the header");
        assert_eq!(sentence(&text), expected);
    }
}

#[test]
fn a_file_without_a_header_misses_the_first_column() {
    let expected = "shop.csv, line 1, column InvoiceNo: there is no column of this name in the header";
    assert_eq!(sentence(GOOD), expected);
}

#[test]
fn a_column_that_is_needed_can_be_there_only_once() {
    let text = format!("{HEADER},Quantity\n{GOOD},7\n");
    let expected =
        "shop.csv, line 1, column Quantity: there is more than one column of this name in the header";
    assert_eq!(sentence(&text), expected);
}

#[test]
fn a_row_has_as_many_fields_as_the_header() {
    assert_eq!(sentence_for("536366,22633"), "shop.csv, line 4: the row has 2 fields, the header has 8");
    assert_eq!(sentence_for("x"), "shop.csv, line 4: the row has 1 field, the header has 8");
    assert_eq!(sentence_for(&format!("{GOOD},")), "shop.csv, line 4: the row has 9 fields, the header has 8");
}

#[test]
fn a_quote_that_stays_open_does_not_swallow_the_rows_after_it() {
    let row = GOOD.replace("United Kingdom", "\"United Kingdom");
    let expected = "shop.csv, line 4: a quoted field is not closed before the end of the file";
    assert_eq!(sentence_for(&row), expected);
}

#[test]
fn a_quantity_that_is_no_whole_number_is_named() {
    for text in ["1e3", "NaN", "inf", "", " 5", "2.0"] {
        let row = format!("536366,22633,HAND WARMER,{text},2010-12-01 08:28:00,1.85,,United Kingdom");
        let expected =
            format!("shop.csv, line 4, column Quantity: {text:?} is not a whole number such as 12 or -3");
        assert_eq!(sentence_for(&row), expected);
    }
}

#[test]
fn a_price_that_is_no_decimal_number_is_named() {
    for text in ["1e3", "NaN", "inf", "", " 5", "£5"] {
        let row = format!("536366,22633,HAND WARMER,6,2010-12-01 08:28:00,{text},,United Kingdom");
        let expected = format!("shop.csv, line 4, column UnitPrice: {text:?} is not an amount such as 2.55");
        assert_eq!(sentence_for(&row), expected);
    }
}

#[test]
fn a_number_beyond_counting_is_too_large() {
    let quantity = "536366,22633,HAND WARMER,99999999999,2010-12-01 08:28:00,1.85,,United Kingdom";
    assert_eq!(
        sentence_for(quantity),
        "shop.csv, line 4, column Quantity: \"99999999999\" is too large a number"
    );
    let price = "536366,22633,HAND WARMER,6,2010-12-01 08:28:00,99999999999999999999,,United Kingdom";
    assert_eq!(
        sentence_for(price),
        "shop.csv, line 4, column UnitPrice: \"99999999999999999999\" is too large a number"
    );
}

#[test]
fn a_line_or_a_sum_beyond_money_is_found_in_the_row_that_exceeds_it() {
    let expected = "shop.csv, line 4, column UnitPrice: with this row the sales add up to more than an amount of money can be";
    let line = "536366,22633,HAND WARMER,2,2010-12-01 08:28:00,92233720368547758.07,,United Kingdom";
    assert_eq!(sentence_for(line), expected);
    let sum = "536366,22633,HAND WARMER,1,2010-12-01 08:28:00,92233720368547758.00,,United Kingdom";
    assert_eq!(sentence_for(sum), expected);
}

#[test]
fn a_date_that_is_none_is_named() {
    for text in ["", "2010-12-01", "01/12/2010 08:26", "2010-02-30 08:26:00", "yesterday"] {
        let row = format!("536366,22633,HAND WARMER,6,{text},1.85,,United Kingdom");
        let expected = format!(
            "shop.csv, line 4, column InvoiceDate: {text:?} is not a date and time such as 2010-12-01 08:26:00"
        );
        assert_eq!(sentence_for(&row), expected);
    }
}

#[test]
fn a_row_without_an_invoice_number_is_named() {
    for text in ["", "  "] {
        let row = format!("{text},22633,HAND WARMER,6,2010-12-01 08:28:00,1.85,,United Kingdom");
        assert_eq!(sentence_for(&row), "shop.csv, line 4, column InvoiceNo: it is empty");
    }
}

#[test]
fn a_row_that_would_be_refused_has_to_be_readable_too() {
    let row = "536366,BANK CHARGES,,many,2010-12-01 08:28:00,1.85,,United Kingdom";
    assert_eq!(
        sentence_for(row),
        "shop.csv, line 4, column Quantity: \"many\" is not a whole number such as 12 or -3"
    );
}

#[test]
fn a_sentence_repeats_only_the_beginning_of_a_long_field_and_stays_in_one_line() {
    let row =
        format!("536366,22633,,\"9\n{}\",2010-12-01 08:28:00,1.85,,United Kingdom", "x".repeat(100_000));
    let sentence = sentence_for(&row);
    assert!(sentence.len() < 200 && !sentence.contains('\n'), "{sentence}");
}

#[test]
fn a_line_is_counted_as_an_editor_counts_it() {
    let bad = "536366,22633,,many,2010-12-01 08:28:00,1.85,,United Kingdom";
    let over_lines = GOOD.replace("HEART", "\"HEART\r\nOF\r\nGLASS\"");
    let text = format!("\u{feff}{HEADER}\r\n{over_lines}\r\n{bad}\r\n");
    assert_eq!(
        sentence(&text),
        "shop.csv, line 5, column Quantity: \"many\" is not a whole number such as 12 or -3"
    );
}
