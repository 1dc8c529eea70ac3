//! Collecting everything that is wrong with an input.

use crate::value::Violation;

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults(Vec<Violation>);

impl Faults {
    /// The value; `Default` and one more fault if there is none.
    pub(super) fn keep<T: Default>(&mut self, checked: Result<T, Violation>) -> T {
        checked.map_err(|violation| self.0.push(violation)).unwrap_or_default()
    }

    /// These as well.
    pub(super) fn extend(&mut self, violations: impl IntoIterator<Item = Violation>) {
        self.0.extend(violations);
    }

    /// What the values made, unless there was a fault.
    pub(super) fn finish<T>(self, made: T) -> Result<T, Vec<Violation>> {
        if self.0.is_empty() { Ok(made) } else { Err(self.0) }
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
