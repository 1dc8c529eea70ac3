//! Imports of files that are written here as text.

mod bad_input;
mod laws;
mod matching;
mod rules;
mod sample;

use std::path::Path;

use super::*;

pub(super) const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

/// A file of these rows below the header.
pub(super) fn csv(rows: &[&str]) -> String {
    let mut text = HEADER.to_owned();
    for row in rows {
        text.push('\n');
        text.push_str(row);
    }
    text
}

pub(super) fn parsed(text: &str) -> Result<Import, ImportError> {
    parse(Path::new("shop.csv"), text.as_bytes())
}

pub(super) fn import(rows: &[&str]) -> Import {
    parsed(&csv(rows)).unwrap()
}

/// The refused rows: line and reason.
pub(super) fn reasons(refused: &[RefusedRow]) -> Vec<(u64, &'static str)> {
    refused.iter().map(|row| (row.line, row.reason.as_str())).collect()
}
