//! The products of a file.

use std::collections::{HashMap, HashSet};

use commerce_core::value::Sku;

use super::table::Row;
use super::{ImportedProduct, Sale};

/// Characters that the name of a product can have.
const MAX_NAME: usize = 200;

/// What the sales sell, in the order of the file.
pub(super) fn products(rows: &[Row], sales: &[Sale]) -> Vec<ImportedProduct> {
    let mut names = names(rows);
    let mut lines: Vec<_> = sales.iter().flat_map(|sale| &sale.lines).collect();
    lines.sort_by_key(|line| line.line);
    let mut seen = HashSet::new();
    lines
        .into_iter()
        .filter(|line| seen.insert(&line.sku))
        .map(|line| ImportedProduct {
            name: names.remove(&line.sku).unwrap_or_else(|| line.sku.as_str().to_owned()),
            sku: line.sku.clone(),
        })
        .collect()
}

/// The first name that any row gives to a SKU; a row that is refused names it as well as another.
fn names(rows: &[Row]) -> HashMap<Sku, String> {
    let mut names = HashMap::new();
    for row in rows {
        let name = name(&row.description);
        if let (Ok(sku), false) = (Sku::parse(&row.stock_code), name.is_empty()) {
            names.entry(sku).or_insert(name);
        }
    }
    names
}

/// A description as a name: one line, no white space around it, and no longer than a name can be.
fn name(description: &str) -> String {
    let line: String = description.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let cut: String = line.trim().chars().take(MAX_NAME).collect();
    cut.trim_end().to_owned()
}
