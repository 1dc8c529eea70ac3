//! Placing an order: every rule of the request, every fault reported.

use crate::id::CustomerId;
use crate::time::Timestamp;
use crate::value::{Address, Currency, Money, Violation};

use super::{MAX_LINES, OrderEvent, OrderLine, OrderRejection, PlacedLine, subtotal};

/// Decides whether an order can be placed so. Pointers are those of the public request: `/items/0/unit_price`.
pub(super) fn place(
    customer_id: CustomerId,
    lines: Vec<OrderLine>,
    shipping_address: Address,
    currency: Currency,
    placed_at: Timestamp,
) -> Result<OrderEvent, OrderRejection> {
    let mut violations = Vec::new();
    let lines = checked_lines(lines, currency).map_err(|found| violations.extend(found));
    let total = lines.as_ref().map_or(Ok(Money::zero(currency)), |lines| subtotal(lines, currency));
    let total = total.map_err(|error| violations.push(error.at("/items")));
    let address = shipping_address.checked().map_err(|found| {
        violations.extend(found.into_iter().map(|violation| violation.under("/shipping_address")));
    });
    let (Ok(lines), Ok(total), Ok(shipping_address)) = (lines, total, address) else {
        return Err(OrderRejection::Invalid(violations));
    };
    let lines = lines.into_iter().map(PlacedLine::from).collect();
    Ok(OrderEvent::OrderPlaced { customer_id, lines, shipping_address, currency, total, placed_at })
}

fn checked_lines(lines: Vec<OrderLine>, currency: Currency) -> Result<Vec<OrderLine>, Vec<Violation>> {
    count_is_allowed(lines.len()).map_err(|violation| vec![violation])?;
    let mut violations = Vec::new();
    let mut checked = Vec::with_capacity(lines.len());
    for (index, line) in lines.into_iter().enumerate() {
        match line.checked(currency) {
            Ok(line) => checked.push(line),
            Err(found) => {
                let prefix = format!("/items/{index}");
                violations.extend(found.into_iter().map(|violation| violation.under(&prefix)));
            }
        }
    }
    if violations.is_empty() { Ok(checked) } else { Err(violations) }
}

pub(super) fn count_is_allowed(count: usize) -> Result<(), Violation> {
    match count {
        0 => Err(Violation::new("/items", "required", "must have at least one line")),
        1..=MAX_LINES => Ok(()),
        _ => {
            let detail = format!("must have at most {MAX_LINES} lines, has {count}");
            Err(Violation::new("/items", "too_many", detail))
        }
    }
}
