//! What a template is filled with.

use serde_json::{Map, Value};

use crate::value::Violation;

/// What a template is filled with, by name.
pub type Variables = Map<String, Value>;

/// The most variables there can be.
pub const MAX_VARIABLES: usize = 100;
/// The longest name of a variable, in characters.
const NAME_LENGTH: usize = 100;

/// What is wrong with them.
pub(super) fn faults(pointer: &str, variables: &Variables) -> Vec<Violation> {
    if variables.len() > MAX_VARIABLES {
        let detail = format!("there can be {MAX_VARIABLES} variables, these are {}", variables.len());
        return vec![Violation::new(pointer, "too_many", detail)];
    }
    let misnamed = |name: &&String| !is_identifier(name);
    let fault = |name: &String| {
        let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        let detail = "a name has at most 100 letters, digits and underscores, the first no digit";
        Violation::new(pointer, "invalid_name", detail)
    };
    variables.keys().filter(misnamed).map(fault).collect()
}

fn is_identifier(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().count() <= NAME_LENGTH
        && name.starts_with(|c: char| inner(c) && !c.is_ascii_digit())
        && name.chars().all(inner)
}

/// These, and those of `others` that are missing in them.
pub(super) fn over(variables: &Variables, others: &Variables) -> Variables {
    let mut merged = others.clone();
    merged.extend(variables.clone());
    merged
}
