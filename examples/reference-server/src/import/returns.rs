//! What a return brings back, and what is refunded for it.

use std::collections::HashMap;
use std::sync::Arc;

use commerce_core::value::{Money, Quantity, Sku};

use super::{Import, ImportCustomer, RefusalReason, RefusedRow, ReturnRow, Sale};

/// What becomes of each row of [`Import::returns`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReturnsPlan {
    /// The rows that match a sale, in the order of the returns.
    pub refunds: Vec<Refund>,
    /// The rows that don't, in the same order.
    pub refused: Vec<RefusedRow>,
}

/// A return of a line, or of a part of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Refund {
    /// The line of the file in which the return's row starts.
    pub line: u64,
    /// The number of the return's invoice.
    pub invoice_no: Arc<str>,
    /// Which of [`Import::sales`] it goes back to.
    pub sale: usize,
    /// Which of that [`Sale::lines`].
    pub sale_line: usize,
    /// What comes back.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// What is paid back: the price of that line, so many times.
    pub amount: Money,
}

/// Finds what each return row returns: a line of the latest sale to the same customer, at the same time or earlier, that
/// has a line of the SKU of which so many have not been returned yet; in that sale, the first such line. A row is not
/// divided among lines. Rows are taken in the order of [`Import::returns`], each leaving less for the next.
///
/// Of the sales, only those count for which `is_confirmed` holds; it is asked once for each. The plan depends on nothing
/// else, so a process that starts again after a crash makes the same one.
pub fn match_returns(import: &Import, is_confirmed: impl Fn(&Sale) -> bool) -> ReturnsPlan {
    let mut sold = Sold::of(&import.sales, is_confirmed);
    let mut plan = ReturnsPlan::default();
    for row in &import.returns {
        match sold.take_back(row) {
            Some(refund) => plan.refunds.push(refund),
            None => plan.refused.push(RefusedRow {
                line: row.line,
                invoice_no: row.invoice_no.clone(),
                reason: RefusalReason::NoMatchingOrder,
            }),
        }
    }
    plan
}

/// What can come back: by customer and SKU, the latest sale first, and in a sale its first line first.
struct Sold<'a> {
    lines: HashMap<(&'a ImportCustomer, &'a Sku), Vec<SoldLine<'a>>>,
}

struct SoldLine<'a> {
    sale: &'a Sale,
    sale_index: usize,
    line_index: usize,
    unit_price: Money,
    /// How many have not been returned yet.
    left: u32,
}

impl<'a> Sold<'a> {
    fn of(sales: &'a [Sale], is_confirmed: impl Fn(&Sale) -> bool) -> Self {
        let mut lines: HashMap<_, Vec<_>> = HashMap::new();
        let confirmed = sales.iter().enumerate().rev().filter(|(_, sale)| is_confirmed(sale));
        for (sale_index, sale) in confirmed {
            for (line_index, line) in sale.lines.iter().enumerate() {
                lines.entry((&sale.customer, &line.sku)).or_default().push(SoldLine {
                    sale,
                    sale_index,
                    line_index,
                    unit_price: line.unit_price,
                    left: line.quantity.get(),
                });
            }
        }
        Self { lines }
    }

    fn take_back(&mut self, row: &'a ReturnRow) -> Option<Refund> {
        // More than a line can be of is more than any line has left.
        let quantity = Quantity::new(row.quantity).ok()?;
        let lines = self.lines.get_mut(&(&row.customer, &row.sku))?;
        let line =
            lines.iter_mut().find(|line| line.sale.placed_at <= row.at && line.left >= quantity.get())?;
        // Never too large: reading the file checked that all sales together are an amount.
        let amount = line.unit_price.checked_mul(quantity.get()).ok()?;
        line.left -= quantity.get();
        Some(Refund {
            line: row.line,
            invoice_no: row.invoice_no.clone(),
            sale: line.sale_index,
            sale_line: line.line_index,
            sku: row.sku.clone(),
            quantity,
            amount,
        })
    }
}
