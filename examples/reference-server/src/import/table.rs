//! The file as rows: its text, its header, its fields.

use std::sync::Arc;

use commerce_core::Timestamp;
use commerce_core::value::Country;
use csv::StringRecord;

use super::error::Unfit;
use super::field::{self, Price};
use super::lines::{Records, line_ends};
use super::{Fault, country};

/// A row of which every field could be read. Whether it makes a line is for the rules.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) invoice_no: Arc<str>,
    pub(super) stock_code: String,
    pub(super) description: String,
    pub(super) quantity: i32,
    pub(super) at: Timestamp,
    pub(super) price: Price,
    /// Without what a spreadsheet adds to it; empty when there is none.
    pub(super) customer_id: String,
    pub(super) country: Country,
}

const INVOICE_NO: &str = "InvoiceNo";
const STOCK_CODE: &str = "StockCode";
const DESCRIPTION: &str = "Description";
const QUANTITY: &str = "Quantity";
const INVOICE_DATE: &str = "InvoiceDate";
pub(super) const UNIT_PRICE: &str = "UnitPrice";
const CUSTOMER_ID: &str = "CustomerID";
const COUNTRY: &str = "Country";

/// The columns that are needed, in the order of [`Columns`].
const NEEDED: [&str; 8] =
    [INVOICE_NO, STOCK_CODE, DESCRIPTION, QUANTITY, INVOICE_DATE, UNIT_PRICE, CUSTOMER_ID, COUNTRY];

/// Reads all rows of a file's bytes. There is at least one.
pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Row>, Unfit> {
    let mut records = Records::new(text(bytes)?);
    let columns = match records.next()? {
        Some((line, header)) => Columns::find(line, header)?,
        None => return Err(Unfit::Empty),
    };
    let mut rows = Vec::new();
    while let Some((line, record)) = records.next()? {
        rows.push(columns.row(line, record)?);
    }
    if rows.is_empty() { Err(Unfit::NoRows) } else { Ok(rows) }
}

/// The bytes as text, without the mark that some editors put before it.
fn text(bytes: &[u8]) -> Result<&str, Unfit> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let readable = bytes.get(..error.valid_up_to()).unwrap_or_default();
        Fault::NotUtf8.on_line(1 + line_ends(readable))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Where the columns are.
struct Columns {
    positions: [usize; NEEDED.len()],
    width: usize,
}

impl Columns {
    fn find(line: u64, header: &StringRecord) -> Result<Self, Unfit> {
        let mut positions = [0; NEEDED.len()];
        for (name, position) in NEEDED.into_iter().zip(&mut positions) {
            let mut found =
                (0..).zip(header).filter(|(_, field)| field.trim() == name).map(|(position, _)| position);
            *position = found.next().ok_or_else(|| missing(line, header, name))?;
            if found.next().is_some() {
                return Err(Fault::RepeatedColumn.in_column(line, name));
            }
        }
        Ok(Self { positions, width: header.len() })
    }

    fn row(&self, line: u64, record: &StringRecord) -> Result<Row, Unfit> {
        if record.len() != self.width {
            return Err(Fault::Width { found: record.len(), expected: self.width }.on_line(line));
        }
        let [invoice_no, stock_code, description, quantity, at, price, customer_id, country] =
            self.positions.map(|position| record.get(position).unwrap_or_default());
        let invoice_no = invoice_no.trim();
        if invoice_no.is_empty() {
            return Err(Fault::Empty.in_column(line, INVOICE_NO));
        }
        Ok(Row {
            line,
            invoice_no: invoice_no.into(),
            stock_code: stock_code.to_owned(),
            description: description.to_owned(),
            quantity: field::quantity(quantity).map_err(|fault| fault.in_column(line, QUANTITY))?,
            at: field::moment(at).map_err(|fault| fault.in_column(line, INVOICE_DATE))?,
            price: field::price(price).map_err(|fault| fault.in_column(line, UNIT_PRICE))?,
            customer_id: field::customer_id(customer_id).to_owned(),
            country: country::country(country),
        })
    }
}

/// A column that isn't there; or that can't be, since the whole header is in another dialect.
fn missing(line: u64, header: &StringRecord, name: &'static str) -> Unfit {
    for (separator, by) in [(';', "semicolons"), ('\t', "tabs")] {
        let mut names =
            header.iter().flat_map(|field| field.split(separator)).map(|name| name.trim_matches(['"', ' ']));
        if header.iter().any(|field| field.contains(separator)) && names.any(|found| found == name) {
            return Fault::Separator { by }.on_line(line);
        }
    }
    Fault::MissingColumn.in_column(line, name)
}
