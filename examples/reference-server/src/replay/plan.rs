//! What a round of the file comes to: orders, and the stock they need.

use std::collections::HashMap;

use commerce_core::id::{CustomerId, OrderId};
use commerce_core::order::{OrderLine, PlacedOrder};
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::value::{Address, Currency, Money, Sku};
use commerce_outbox::HandleError;
use uuid::Uuid;

use super::ReplayOptions;
use crate::import::ids::{customer_id, order_id, product_id, return_id};
use crate::import::{Import, ImportCustomer, Sale};
use crate::services::bug;
use crate::services::catalog::NewProduct;
use crate::services::inventory::OpeningStock;
use crate::services::order::ImportedOrder;

/// One run through the file.
pub(super) struct Round<'a> {
    pub(super) import: &'a Import,
    /// From 1.
    pub(super) number: usize,
    names: HashMap<&'a Sku, &'a str>,
}

impl<'a> Round<'a> {
    pub(super) fn new(import: &'a Import, number: usize) -> Self {
        let names = import.products.iter().map(|product| (&product.sku, product.name.as_str())).collect();
        Self { import, number, names }
    }

    /// An invoice's number in this round. A number with a tab in it makes no order: none clashes with
    /// another's repetition.
    pub(super) fn numbered(&self, invoice_no: &str) -> String {
        if self.number == 1 { invoice_no.to_owned() } else { format!("{invoice_no}\t{}", self.number) }
    }

    /// The return of each row of the file, by its line.
    pub(super) fn return_ids(&self) -> HashMap<u64, Uuid> {
        let mut seen: HashMap<(&str, &Sku, u32), usize> = HashMap::new();
        let returns = self.import.returns.iter().map(|row| {
            let occurrence = seen.entry((&row.invoice_no, &row.sku, row.quantity)).or_default();
            *occurrence += 1;
            let number = self.numbered(&row.invoice_no);
            (row.line, return_id(&number, &row.sku, row.quantity, *occurrence, row.at))
        });
        returns.collect()
    }

    pub(super) fn order_id(&self, sale: &Sale) -> OrderId {
        order_id(&self.numbered(&sale.invoice_no), sale.placed_at)
    }

    /// A guest of each round is another.
    fn customer_id(&self, sale: &Sale) -> CustomerId {
        match &sale.customer {
            ImportCustomer::Guest(invoice_no) => {
                customer_id(&ImportCustomer::Guest(self.numbered(invoice_no).into()))
            }
            registered => customer_id(registered),
        }
    }

    /// Whether the order that is stored under the sale's number is this sale's.
    pub(super) fn is_stored_as(&self, sale: &Sale, stored: &PlacedOrder) -> bool {
        stored.lines().len() == sale.lines.len()
            && stored.lines().iter().zip(&sale.lines).all(|(stored, line)| {
                stored.sku == line.sku
                    && stored.quantity == line.quantity
                    && stored.unit_price == line.unit_price
            })
    }

    /// A sale as an order. `index` is its place among the sales of the file.
    pub(super) fn order(
        &self,
        index: usize,
        sale: &Sale,
        options: &ReplayOptions,
    ) -> Result<ImportedOrder, HandleError> {
        let counted = (self.number - 1) * self.import.sales.len() + index + 1;
        let declined = options.decline_every.is_some_and(|every| every > 0 && counted.is_multiple_of(every));
        let token = if declined { "tok_declined" } else { "tok_visa" };
        Ok(ImportedOrder {
            order_id: self.order_id(sale),
            customer_id: self.customer_id(sale),
            lines: sale.lines.iter().map(|line| self.line(line)).collect(),
            shipping_address: address(sale),
            currency: Currency::GBP,
            method: PaymentMethod::CreditCard,
            token: PaymentToken::parse(token).map_err(bug)?,
        })
    }

    fn line(&self, line: &crate::import::SaleLine) -> OrderLine {
        let name =
            self.names.get(&line.sku).map_or_else(|| line.sku.as_str().to_owned(), |name| (*name).to_owned());
        OrderLine {
            product_id: product_id(&line.sku),
            sku: line.sku.clone(),
            name,
            unit_price: line.unit_price,
            quantity: line.quantity,
        }
    }
}

/// Invoices name a country and nothing more of an address.
fn address(sale: &Sale) -> Address {
    let recipient = match &sale.customer {
        ImportCustomer::Registered(number) => format!("Customer {number}"),
        ImportCustomer::Guest(invoice_no) => format!("Guest of invoice {invoice_no}"),
    };
    let unknown = || "not on the invoice".to_owned();
    Address {
        recipient,
        line1: unknown(),
        line2: None,
        city: unknown(),
        state: None,
        postal_code: "unknown".to_owned(),
        country: sale.country,
    }
}

/// The products of a file, each at the price of its first sale.
pub(super) fn products(import: &Import) -> Vec<NewProduct> {
    let mut prices: HashMap<&Sku, Money> = HashMap::new();
    for line in import.sales.iter().flat_map(|sale| &sale.lines) {
        prices.entry(&line.sku).or_insert(line.unit_price);
    }
    let products = import.products.iter().map(|product| NewProduct {
        product_id: product_id(&product.sku),
        sku: product.sku.clone(),
        name: product.name.clone(),
        price: prices.get(&product.sku).copied().unwrap_or(Money::zero(Currency::GBP)),
    });
    products.collect()
}

/// The stock that a round begins with: what was asked for, in the first round; or just enough, in each.
pub(super) fn opening_stock(round: &Round<'_>, options: &ReplayOptions) -> Vec<OpeningStock> {
    if options.stock.is_some() && round.number > 1 {
        return Vec::new();
    }
    let mut needed: HashMap<&Sku, u32> = HashMap::new();
    for line in round.import.sales.iter().flat_map(|sale| &sale.lines) {
        let units = needed.entry(&line.sku).or_default();
        *units = units.saturating_add(line.quantity.get());
    }
    let stock = round.import.products.iter().map(|product| OpeningStock {
        product_id: product_id(&product.sku),
        sku: product.sku.clone(),
        name: product.name.clone(),
        quantity: options.stock.unwrap_or_else(|| needed.get(&product.sku).copied().unwrap_or(0)),
    });
    stock.collect()
}
