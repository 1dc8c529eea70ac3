//! Rows with the same number are one invoice.

use std::collections::HashMap;
use std::sync::Arc;

use commerce_core::Timestamp;
use commerce_core::value::Country;

use super::ImportCustomer;
use super::table::Row;

/// The rows of one InvoiceNo.
#[derive(Debug)]
pub(super) struct Invoice<'a> {
    pub(super) no: Arc<str>,
    pub(super) at: Timestamp,
    pub(super) customer: ImportCustomer,
    pub(super) country: Country,
    /// At least one, in the order of the file.
    pub(super) rows: Vec<&'a Row>,
}

impl<'a> Invoice<'a> {
    fn of(first: &'a Row) -> Self {
        Self {
            no: first.invoice_no.clone(),
            at: first.at,
            customer: ImportCustomer::Guest(first.invoice_no.clone()),
            country: first.country,
            rows: Vec::new(),
        }
    }

    fn add(&mut self, row: &'a Row) {
        self.at = self.at.min(row.at);
        if matches!(self.customer, ImportCustomer::Guest(_)) && !row.customer_id.is_empty() {
            self.customer = ImportCustomer::Registered(row.customer_id.as_str().into());
        }
        self.rows.push(row);
    }

    pub(super) fn is_return(&self) -> bool {
        self.no.starts_with('C')
    }
}

/// The invoices, by their earliest moment, then by number.
pub(super) fn invoices(rows: &[Row]) -> Vec<Invoice<'_>> {
    let mut by_no: HashMap<&str, Invoice<'_>> = HashMap::new();
    for row in rows {
        by_no.entry(&row.invoice_no).or_insert_with(|| Invoice::of(row)).add(row);
    }
    let mut invoices: Vec<_> = by_no.into_values().collect();
    // Numbers are distinct, so the order doesn't depend on the map's.
    invoices.sort_unstable_by(|one, other| (one.at, &one.no).cmp(&(other.at, &other.no)));
    invoices
}
