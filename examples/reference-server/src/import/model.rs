//! What a file says, once it is read.

use std::sync::Arc;

use commerce_core::Timestamp;
use commerce_core::value::{Country, Money, Quantity, Sku};

use super::RefusedRow;

/// A whole file. Each of its rows is a line of a sale, a row of a return, or refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Rows below the header.
    pub rows: usize,
    /// Invoices, by their numbers.
    pub invoices: usize,
    /// The invoices that sell something, by their earliest InvoiceDate, then by their number as text.
    pub sales: Vec<Sale>,
    /// What comes back: invoices by their earliest InvoiceDate, then by their number; the rows of each in their order.
    pub returns: Vec<ReturnRow>,
    /// The rows that are refused whatever becomes of the sales, by line.
    pub refused: Vec<RefusedRow>,
    /// What the sales sell, in the order in which the file first sells it.
    pub products: Vec<ImportedProduct>,
    /// Invoices of sales all rows of which are refused.
    pub invoices_without_a_valid_line: usize,
    /// SHA-256 of the file's bytes, in lower-case hex.
    pub digest: String,
}

/// An invoice that becomes an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sale {
    /// Its number.
    pub invoice_no: Arc<str>,
    /// The earliest InvoiceDate of its rows: the shop's local time, read as UTC.
    pub placed_at: Timestamp,
    /// Who buys.
    pub customer: ImportCustomer,
    /// Where to, by the invoice's first row.
    pub country: Country,
    /// Its valid lines, 1 to [`MAX_LINES`](commerce_core::order::MAX_LINES), in the order of the file.
    pub lines: Vec<SaleLine>,
}

/// A line of a sale.
#[derive(Clone, Debug, PartialEq)]
pub struct SaleLine {
    /// The line of the file in which its row starts.
    pub line: u64,
    /// What is sold.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// At what price each, in GBP; above zero.
    pub unit_price: Money,
}

/// A row of a return that is right in itself. [`match_returns`](super::match_returns) finds what it returns.
#[derive(Clone, Debug, PartialEq)]
pub struct ReturnRow {
    /// The line of the file in which it starts.
    pub line: u64,
    /// The number of the return's invoice: `C536379`.
    pub invoice_no: Arc<str>,
    /// The earliest InvoiceDate of that invoice, the same for all its rows; read as UTC.
    pub at: Timestamp,
    /// Who returns it.
    pub customer: ImportCustomer,
    /// What comes back.
    pub sku: Sku,
    /// How many; above zero.
    pub quantity: u32,
}

/// Who an invoice is for: the first CustomerID among its rows, or a guest of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImportCustomer {
    /// The customer with this id: `17850`.
    Registered(Arc<str>),
    /// Nobody known: the guest of the invoice with this number.
    Guest(Arc<str>),
}

/// A product that the sales sell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedProduct {
    /// Its SKU.
    pub sku: Sku,
    /// The first description that any row of the SKU has, cut to 200 characters; the SKU when none has one.
    pub name: String,
}
