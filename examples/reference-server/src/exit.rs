//! How the program ends: a sentence on standard error and an exit code.

use std::io::Write;
use std::process::ExitCode;

/// The stored data breaks a rule, or an operator's wish could not be met.
pub(crate) const BREACH: u8 = 1;
/// The input or the command line is wrong. Nothing was written.
pub(crate) const INPUT: u8 = 2;
/// The store can't be used, or failed midway. What is done is kept.
pub(crate) const DATA: u8 = 3;
/// Someone stopped it (128 + SIGINT, by the shells' convention).
pub(crate) const STOPPED: u8 = 130;

/// An end that is not a success.
pub(crate) struct Exit {
    code: u8,
    sentence: String,
}

impl Exit {
    pub(crate) fn new(code: u8, sentence: impl ToString) -> Self {
        Self { code, sentence: sentence.to_string() }
    }

    pub(crate) fn input(sentence: impl ToString) -> Self {
        Self::new(INPUT, sentence)
    }

    pub(crate) fn data(sentence: impl ToString) -> Self {
        Self::new(DATA, sentence)
    }

    pub(crate) fn report(self) -> ExitCode {
        // Standard error may be closed; the code says it all the same.
        let _ = writeln!(std::io::stderr(), "error: {}", self.sentence);
        ExitCode::from(self.code)
    }
}
