//! Why a file can't be imported.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use commerce_core::error::Kind;

/// Characters of a refused field that an error repeats. A field may be a megabyte long; an error is one sentence.
const SHOWN: usize = 40;

/// Why a file can't be imported. Nothing was done with any of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// There is no such file. Check the path.
    #[error("{} does not exist", file.display())]
    Missing {
        /// The path that was given.
        file: PathBuf,
    },
    /// The path is a folder's. Name a file in it.
    #[error("{} is a folder, not a file", file.display())]
    Folder {
        /// The path that was given.
        file: PathBuf,
    },
    /// The file is there, and the system doesn't let it be read. The source says why.
    #[error("{} can't be read: {source}", file.display())]
    Unreadable {
        /// The path that was given.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds nothing, or blank lines only. Most likely its export failed.
    #[error("{} is empty", file.display())]
    Empty {
        /// The path that was given.
        file: PathBuf,
    },
    /// The file has a header and nothing below it.
    #[error("{} has no rows below its header", file.display())]
    NoRows {
        /// The path that was given.
        file: PathBuf,
    },
    /// Something in the file is wrong. Correct it there.
    #[error("{}, line {line}{}: {fault}", file.display(), InColumn(*column))]
    Content {
        /// The path that was given.
        file: PathBuf,
        /// The physical line in which the row starts; the header's is usually 1.
        line: u64,
        /// The column, where the fault is in one.
        column: Option<&'static str>,
        /// What is wrong.
        fault: Fault,
    },
}

impl ImportError {
    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Missing { .. } => Kind::NotFound,
            Self::Unreadable { .. } => Kind::Retryable,
            Self::Folder { .. } | Self::Empty { .. } | Self::NoRows { .. } | Self::Content { .. } => {
                Kind::Invalid
            }
        }
    }
}

/// What is wrong with a place in a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes are no text: another encoding, or no text file at all.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// The header is in another dialect.
    #[error("the columns are separated by {by}, not by commas")]
    Separator {
        /// What separates them: `semicolons`.
        by: &'static str,
    },
    /// The header lacks a column that is needed.
    #[error("there is no column of this name in the header")]
    MissingColumn,
    /// The header has a column that is needed more than once.
    #[error("there is more than one column of this name in the header")]
    RepeatedColumn,
    /// The row has more or fewer fields than the header.
    #[error("the row has {found} {}, the header has {expected}", fields(*found))]
    Width {
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A quote opens a field that then reaches to the end of the file.
    #[error("a quoted field is not closed before the end of the file")]
    OpenQuote,
    /// The field has to hold something.
    #[error("it is empty")]
    Empty,
    /// The field holds no whole number.
    #[error("{text:?} is not a whole number such as 12 or -3")]
    NotAQuantity {
        /// The beginning of the field.
        text: String,
    },
    /// The field holds no decimal number.
    #[error("{text:?} is not an amount such as 2.55")]
    NotAnAmount {
        /// The beginning of the field.
        text: String,
    },
    /// The field holds no moment.
    #[error("{text:?} is not a date and time such as 2010-12-01 08:26:00")]
    NotADate {
        /// The beginning of the field.
        text: String,
    },
    /// The number is beyond what is counted with.
    #[error("{text:?} is too large a number")]
    TooLarge {
        /// The beginning of the field.
        text: String,
    },
    /// With this row, all sales together are beyond what an amount of money can be.
    #[error("with this row the sales add up to more than an amount of money can be")]
    SumTooLarge,
}

impl Fault {
    pub(super) fn not_a_quantity(text: &str) -> Self {
        Self::NotAQuantity { text: beginning(text) }
    }

    pub(super) fn not_an_amount(text: &str) -> Self {
        Self::NotAnAmount { text: beginning(text) }
    }

    pub(super) fn not_a_date(text: &str) -> Self {
        Self::NotADate { text: beginning(text) }
    }

    pub(super) fn too_large(text: &str) -> Self {
        Self::TooLarge { text: beginning(text) }
    }

    pub(super) fn on_line(self, line: u64) -> Unfit {
        Unfit::Content { line, column: None, fault: self }
    }

    pub(super) fn in_column(self, line: u64, column: &'static str) -> Unfit {
        Unfit::Content { line, column: Some(column), fault: self }
    }
}

/// An [`ImportError`] of which the file is not yet known.
#[derive(Debug)]
pub(super) enum Unfit {
    Empty,
    NoRows,
    Content { line: u64, column: Option<&'static str>, fault: Fault },
}

impl Unfit {
    pub(super) fn in_file(self, file: &Path) -> ImportError {
        let file = file.to_owned();
        match self {
            Self::Empty => ImportError::Empty { file },
            Self::NoRows => ImportError::NoRows { file },
            Self::Content { line, column, fault } => ImportError::Content { file, line, column, fault },
        }
    }
}

struct InColumn(Option<&'static str>);

impl fmt::Display for InColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |column| write!(f, ", column {column}"))
    }
}

fn fields(count: usize) -> &'static str {
    if count == 1 { "field" } else { "fields" }
}

fn beginning(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
