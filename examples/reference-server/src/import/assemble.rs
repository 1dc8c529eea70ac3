//! The rules by which rows become sales, returns and refusals.

use commerce_core::order::MAX_LINES;
use commerce_core::value::{Currency, Money, Quantity, Sku};

use super::error::Unfit;
use super::invoice::{Invoice, invoices};
use super::table::{Row, UNIT_PRICE};
use super::{Fault, Import, RefusalReason, RefusedRow, ReturnRow, Sale, SaleLine, products};

/// Everything a file says, from its rows.
pub(super) fn assemble(rows: &[Row], digest: String) -> Result<Import, Unfit> {
    let invoices = invoices(rows);
    let mut parts = Parts::default();
    for invoice in &invoices {
        if invoice.is_return() {
            parts.take_return(invoice);
        } else {
            parts.take_sale(invoice);
        }
    }
    parts.refused.sort_by_key(|row| row.line);
    check_sum(&parts.sales)?;
    Ok(Import {
        rows: rows.len(),
        invoices: invoices.len(),
        products: products::products(rows, &parts.sales),
        sales: parts.sales,
        returns: parts.returns,
        refused: parts.refused,
        invoices_without_a_valid_line: parts.invoices_without_a_valid_line,
        digest,
    })
}

#[derive(Default)]
struct Parts {
    sales: Vec<Sale>,
    returns: Vec<ReturnRow>,
    refused: Vec<RefusedRow>,
    invoices_without_a_valid_line: usize,
}

impl Parts {
    fn take_sale(&mut self, invoice: &Invoice<'_>) {
        let mut lines = Vec::new();
        for row in &invoice.rows {
            match sale_line(row, lines.len()) {
                Ok(line) => lines.push(line),
                Err(reason) => self.refuse(row, reason),
            }
        }
        if lines.is_empty() {
            self.invoices_without_a_valid_line += 1;
            return;
        }
        self.sales.push(Sale {
            invoice_no: invoice.no.clone(),
            placed_at: invoice.at,
            customer: invoice.customer.clone(),
            country: invoice.country,
            lines,
        });
    }

    fn take_return(&mut self, invoice: &Invoice<'_>) {
        for row in &invoice.rows {
            match returned(row) {
                Ok((sku, quantity)) => self.returns.push(ReturnRow {
                    line: row.line,
                    invoice_no: invoice.no.clone(),
                    at: invoice.at,
                    customer: invoice.customer.clone(),
                    sku,
                    quantity,
                }),
                Err(reason) => self.refuse(row, reason),
            }
        }
    }

    fn refuse(&mut self, row: &Row, reason: RefusalReason) {
        self.refused.push(RefusedRow { line: row.line, invoice_no: row.invoice_no.clone(), reason });
    }
}

/// The line that a row of a sale makes, after `before` lines of the same order.
fn sale_line(row: &Row, before: usize) -> Result<SaleLine, RefusalReason> {
    check_number(row)?;
    let sku = sku(row)?;
    if row.quantity <= 0 {
        return Err(RefusalReason::QuantityNotPositive);
    }
    if !row.price.is_positive {
        return Err(RefusalReason::PriceNotPositive);
    }
    let quantity = Quantity::new(row.quantity.unsigned_abs()).map_err(|_| RefusalReason::QuantityTooLarge)?;
    let unit_price = row.price.in_pence.ok_or(RefusalReason::PriceNotInPence)?;
    if before >= MAX_LINES {
        return Err(RefusalReason::OrderTooLong);
    }
    Ok(SaleLine { line: row.line, sku, quantity, unit_price })
}

/// What a row of a return brings back, and how many of it.
fn returned(row: &Row) -> Result<(Sku, u32), RefusalReason> {
    check_number(row)?;
    let sku = sku(row)?;
    if row.quantity >= 0 {
        return Err(RefusalReason::QuantityNotNegative);
    }
    Ok((sku, row.quantity.unsigned_abs()))
}

/// An invoice that is replayed once more is named by its number, a tab and a count.
fn check_number(row: &Row) -> Result<(), RefusalReason> {
    match row.invoice_no.contains(char::is_control) {
        true => Err(RefusalReason::InvoiceNoInvalid),
        false => Ok(()),
    }
}

fn sku(row: &Row) -> Result<Sku, RefusalReason> {
    if row.stock_code.trim().is_empty() {
        return Err(RefusalReason::SkuMissing);
    }
    Sku::parse(&row.stock_code).map_err(|_| RefusalReason::SkuInvalid)
}

/// Checks that all sales together are an amount of money: then so is every line, every order and every refund.
fn check_sum(sales: &[Sale]) -> Result<(), Unfit> {
    let mut sum = Money::zero(Currency::GBP);
    for line in sales.iter().flat_map(|sale| &sale.lines) {
        sum = line
            .unit_price
            .checked_mul(line.quantity.get())
            .and_then(|total| sum.checked_add(total))
            .map_err(|_| Fault::SumTooLarge.in_column(line.line, UNIT_PRICE))?;
    }
    Ok(())
}
