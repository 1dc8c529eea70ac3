//! Collecting everything that is wrong with a request.

use crate::value::Violation;

/// The value; or `None`, and more faults.
pub(super) fn keep<T, F>(faults: &mut Vec<Violation>, checked: Result<T, F>) -> Option<T>
where
    F: IntoIterator<Item = Violation>,
{
    checked.map_err(|found| faults.extend(found)).ok()
}

/// The faults as a sentence.
pub(super) fn sentence(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
