//! Collecting everything that is wrong with an input.

use crate::value::Violation;

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults(Vec<Violation>);

impl Faults {
    /// The value, or `None` and one more fault.
    pub(super) fn keep<T>(&mut self, checked: Result<T, Violation>) -> Option<T> {
        checked.map_err(|violation| self.0.push(violation)).ok()
    }

    /// What the values made, unless there was a fault.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, Vec<Violation>> {
        made.filter(|_| self.0.is_empty()).ok_or(self.0)
    }
}

/// The first three faults as a sentence. A request can have thousands, and the sentence ends up in logs.
pub(super) fn sentence(violations: &[Violation]) -> String {
    let shown: Vec<_> = violations.iter().take(3).map(Violation::to_string).collect();
    match violations.len().saturating_sub(shown.len()) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}
