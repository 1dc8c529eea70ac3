use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::order::{OrderStatus, PlacedOrder};
use commerce_core::value::{Currency, Money};
use commerce_saga::SagaStatus;
use serde::Serialize;

use super::Replayed;
use crate::audit::AuditReport;
use crate::import::{Import, Refund, RefusedRow, Sale};

/// What came of a file: the figures of the stored orders, payments and returns of its invoices.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Rows of the file. Always `lines` + all of `rows_refused` + `refunds`.
    pub rows: usize,
    /// Invoices and credit notes.
    pub invoices: usize,
    /// Orders that were placed.
    pub orders_placed: usize,
    /// Those that are paid for, and on their way.
    pub orders_confirmed: usize,
    /// Those that came to nothing, by code.
    pub orders_failed: BTreeMap<String, usize>,
    /// Order lines, of all orders that were placed.
    pub lines: usize,
    /// Invoices of which no row was valid.
    pub invoices_without_a_valid_line: usize,
    /// Different products in those lines.
    pub products: usize,
    /// Pieces in confirmed orders.
    pub units_sold: u64,
    /// What confirmed orders come to, GBP.
    pub revenue_gross: String,
    /// Rows that gave money back.
    pub refunds: usize,
    /// How much, GBP.
    pub revenue_refunded: String,
    /// What is left, GBP.
    pub revenue_net: String,
    /// Pieces that came back into stock.
    pub units_restocked: u64,
    /// Rows that made neither an order line nor a refund, by reason.
    pub rows_refused: BTreeMap<String, usize>,
    /// `"ok"`, or what is wrong with the stored data; `"not done"` if other processes were at work on it.
    pub audit: AuditResult,
    /// How long this run took.
    pub seconds: f64,
    /// Checkouts of this run, for each second in which there were any under way.
    pub orders_per_second: f64,
    /// The median of how long this run's checkouts took; none if it had none.
    pub checkout_p50_ms: Option<f64>,
    /// What one in a hundred of them took longer than.
    pub checkout_p99_ms: Option<f64>,
}

/// What an audit of the stored data found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AuditResult {
    /// Nothing is wrong.
    Ok(&'static str),
    /// What is wrong.
    Breaches(Vec<String>),
    /// There was none.
    NotDone(&'static str),
}

impl AuditResult {
    /// What a report says. None was made if others were at work.
    pub fn of(report: Option<&AuditReport>) -> Self {
        match report {
            None => Self::NotDone("not done"),
            Some(report) if report.breaches.is_empty() => Self::Ok("ok"),
            Some(report) => Self::Breaches(report.breaches.iter().map(ToString::to_string).collect()),
        }
    }
}

/// Rows that made neither an order line nor a refund, all for the same reason.
struct Refused {
    invoice_no: Arc<str>,
    /// One in each round in which it was refused.
    times: usize,
}

/// The figures as they are counted.
pub(super) struct Tally {
    rows: usize,
    invoices: usize,
    invoices_without_a_valid_line: usize,
    products: usize,
    orders_placed: usize,
    orders_confirmed: usize,
    orders_failed: BTreeMap<String, usize>,
    lines: usize,
    units_sold: u64,
    gross: i128,
    refunds: usize,
    refunded: i128,
    units_restocked: u64,
    /// By line and reason.
    refused: BTreeMap<(u64, Cow<'static, str>), Refused>,
}

impl Tally {
    pub(super) fn of(import: &Import, rounds: usize) -> Self {
        let mut tally = Self {
            rows: import.rows * rounds,
            invoices: import.invoices * rounds,
            invoices_without_a_valid_line: import.invoices_without_a_valid_line * rounds,
            products: import.products.len(),
            orders_placed: 0,
            orders_confirmed: 0,
            orders_failed: BTreeMap::new(),
            lines: 0,
            units_sold: 0,
            gross: 0,
            refunds: 0,
            refunded: 0,
            units_restocked: 0,
            refused: BTreeMap::new(),
        };
        for _ in 0..rounds {
            tally.count_refused(&import.refused);
        }
        tally
    }

    pub(super) fn count_refused(&mut self, rows: &[RefusedRow]) {
        for row in rows {
            self.refuse(row.line, &row.invoice_no, row.reason.as_str());
        }
    }

    fn refuse(&mut self, line: u64, invoice_no: &Arc<str>, reason: impl Into<Cow<'static, str>>) {
        let first = || Refused { invoice_no: invoice_no.clone(), times: 0 };
        self.refused.entry((line, reason.into())).or_insert_with(first).times += 1;
    }

    fn rows_refused(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for ((_, reason), refused) in &self.refused {
            *counts.entry(reason.to_string()).or_default() += refused.times;
        }
        counts
    }

    /// Counts a sale by what is stored of it; if nothing is, its rows are refused for that reason.
    pub(super) fn count_sale(&mut self, sale: &Sale, order: Option<&PlacedOrder>, refusal: &'static str) {
        let Some(order) = order else {
            sale.lines.iter().for_each(|line| self.refuse(line.line, &sale.invoice_no, refusal));
            return;
        };
        self.orders_placed += 1;
        self.lines += order.lines().len();
        match order.status() {
            OrderStatus::Confirmed | OrderStatus::Shipped | OrderStatus::Delivered => {
                self.orders_confirmed += 1;
                self.units_sold +=
                    order.lines().iter().map(|line| u64::from(line.quantity.get())).sum::<u64>();
                self.gross += i128::from(order.total().minor());
            }
            status => {
                let code = order
                    .failure()
                    .map_or_else(|| status.as_str().to_owned(), |failure| failure.code.clone());
                *self.orders_failed.entry(code).or_default() += 1;
            }
        }
    }

    /// Counts a return by how it ended.
    pub(super) fn count_refund(&mut self, refund: &Refund, status: SagaStatus) {
        if status == SagaStatus::Completed {
            self.refunds += 1;
            self.refunded += i128::from(refund.amount.minor());
            self.units_restocked += u64::from(refund.quantity.get());
        } else {
            self.refuse(refund.line, &refund.invoice_no, format!("return_{}", status.as_str()));
        }
    }
}

impl Replayed {
    /// The rows that [`Summary::rows_refused`] counts, in the order of the file: line, invoice and reason. One that was
    /// refused in more than one round comes as often.
    pub fn refused(&self) -> impl Iterator<Item = (u64, &str, &str)> {
        self.tally.refused.iter().flat_map(|((line, reason), refused)| {
            std::iter::repeat_n((*line, &*refused.invoice_no, &**reason), refused.times)
        })
    }

    /// The figures, with what an audit found.
    pub fn summary(self, audit: AuditResult) -> Summary {
        let Self { tally, seconds, mut checkouts, checking_out } = self;
        checkouts.sort_unstable();
        let rows_refused = tally.rows_refused();
        let per_second = checkouts.len() as f64 / checking_out.as_secs_f64().max(0.001);
        Summary {
            rows: tally.rows,
            invoices: tally.invoices,
            orders_placed: tally.orders_placed,
            orders_confirmed: tally.orders_confirmed,
            orders_failed: tally.orders_failed,
            lines: tally.lines,
            invoices_without_a_valid_line: tally.invoices_without_a_valid_line,
            products: tally.products,
            units_sold: tally.units_sold,
            revenue_gross: pounds(tally.gross),
            refunds: tally.refunds,
            revenue_refunded: pounds(tally.refunded),
            revenue_net: pounds(tally.gross - tally.refunded),
            units_restocked: tally.units_restocked,
            rows_refused,
            audit,
            seconds: rounded(seconds.as_secs_f64()),
            orders_per_second: rounded(per_second),
            checkout_p50_ms: percentile(&checkouts, 50),
            checkout_p99_ms: percentile(&checkouts, 99),
        }
    }
}

fn pounds(pence: i128) -> String {
    let pence = i64::try_from(pence).unwrap_or(i64::MAX);
    Money::from_minor(pence, Currency::GBP).amount()
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The nearest rank: the smallest value that `percent` of all don't exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).map(|value| rounded(value.as_secs_f64() * 1_000.0))
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |counts: &BTreeMap<String, usize>| {
            let list: Vec<String> = counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
            if list.is_empty() { "none".to_owned() } else { list.join(", ") }
        };
        let failed: usize = self.orders_failed.values().sum();
        let refused: usize = self.rows_refused.values().sum();
        writeln!(
            f,
            "rows             {:>12}   = lines {} + refused {refused} + refunds {}",
            self.rows, self.lines, self.refunds
        )?;
        writeln!(
            f,
            "invoices         {:>12}   {} without a valid line",
            self.invoices, self.invoices_without_a_valid_line
        )?;
        writeln!(
            f,
            "orders placed    {:>12}   confirmed {}, failed {failed} ({})",
            self.orders_placed,
            self.orders_confirmed,
            by(&self.orders_failed)
        )?;
        writeln!(
            f,
            "products         {:>12}   units sold {}, restocked {}",
            self.products, self.units_sold, self.units_restocked
        )?;
        writeln!(f, "revenue, gross   {:>12}   GBP", self.revenue_gross)?;
        writeln!(f, "        refunded {:>12}", self.revenue_refunded)?;
        writeln!(f, "        net      {:>12}", self.revenue_net)?;
        writeln!(f, "rows refused     {refused:>12}   {}", by(&self.rows_refused))?;
        let time = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1} ms"));
        writeln!(
            f,
            "time             {:>11.1}s   {:.0} orders/s, checkout p50 {}, p99 {}",
            self.seconds,
            self.orders_per_second,
            time(self.checkout_p50_ms),
            time(self.checkout_p99_ms)
        )?;
        match &self.audit {
            AuditResult::Ok(_) => write!(f, "audit                      ok"),
            AuditResult::NotDone(_) => write!(f, "audit                not done"),
            AuditResult::Breaches(breaches) => {
                write!(f, "audit            {:>12}   breaches", breaches.len())?;
                breaches.iter().take(20).try_for_each(|breach| write!(f, "\n  {breach}"))
            }
        }
    }
}
