//! A shop's invoices as orders and returns: a file in the columns of the *Online Retail* data set, read and checked as a
//! whole before anything else happens.
//!
//! ```text
//! file ── text, columns, fields ──▶ rows ── rules ──▶ Import ── match_returns ──▶ ReturnsPlan
//!              ImportError               refused rows              refused rows, refunds
//! ```
//!
//! Only [`read`] touches the disk. The rest is a pure function of the file's bytes and of which sales were confirmed, so
//! the same file gives the same plan each time, and [`ids`] gives what is made of it the same ids.
//!
//! # Guarantees
//! 1. A file that can't be read in full is one [`ImportError`], and there is no part of an import beside it.
//! 2. Each row is a line of a sale, a refused row or a refund, and only one of these
//!    (`tests::laws::each_row_is_a_line_or_refused_or_refunded`).
//! 3. Quantities and prices are exact: no float lies between the file and [`Money`](commerce_core::value::Money).
//! 4. Whatever an [`Import`] holds is within the limits of the domains that take it: quantities, whole pence, lines of an
//!    order, characters of a product's name. The sum of all sales is an amount of money, so no part of it overflows.

mod assemble;
mod country;
mod error;
mod field;
pub mod ids;
mod invoice;
mod lines;
mod model;
mod products;
mod refusal;
mod returns;
mod table;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

pub use country::country;
pub use error::{Fault, ImportError};
pub use model::{Import, ImportCustomer, ImportedProduct, ReturnRow, Sale, SaleLine};
pub use refusal::{RefusalReason, RefusedRow};
pub use returns::{Refund, ReturnsPlan, match_returns};

/// Reads the file and checks all of it.
///
/// # Errors
/// [`ImportError`]: the file can't be read, or something in it is not what its column is for. Its text is one sentence
/// that names the file and, where there is one, the line and the column.
pub fn read(path: &Path) -> Result<Import, ImportError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ImportError::Missing { file: path.to_owned() },
        io::ErrorKind::IsADirectory => ImportError::Folder { file: path.to_owned() },
        _ => ImportError::Unreadable { file: path.to_owned(), source },
    };
    // Not every system says that a folder is one when it is read.
    if fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Err(ImportError::Folder { file: path.to_owned() });
    }
    parse(path, &fs::read(path).map_err(unreadable)?)
}

/// What [`read`] does once it has the bytes; `file` is only named in errors.
fn parse(file: &Path, bytes: &[u8]) -> Result<Import, ImportError> {
    let rows = table::rows(bytes).map_err(|unfit| unfit.in_file(file))?;
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assemble::assemble(&rows, digest).map_err(|unfit| unfit.in_file(file))
}
