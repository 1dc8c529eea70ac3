//! What a template is filled with.

use serde_json::{Map, Value};

use crate::value::Violation;

/// What a template is filled with, by name.
pub type Variables = Map<String, Value>;

/// The most variables there can be.
pub const MAX_VARIABLES: usize = 100;
/// The longest name of a variable, in characters.
const NAME_LENGTH: usize = 100;
/// So many lists and objects can lie within each other: in an event they lie within some more, and JSON is read to a depth of
/// 127.
const MAX_DEPTH: usize = 32;

/// What is wrong with them.
pub(super) fn faults(pointer: &str, variables: &Variables) -> Vec<Violation> {
    if variables.len() > MAX_VARIABLES {
        let detail = format!("there can be {MAX_VARIABLES} variables, these are {}", variables.len());
        return vec![Violation::new(pointer, "too_many", detail)];
    }
    let too_deep = |(name, value): &(&String, &Value)| {
        (!lies_within(value, MAX_DEPTH)).then(|| pointer_to(pointer, name))
    };
    if let Some(pointer) = variables.iter().find_map(|variable| too_deep(&variable)) {
        let detail = format!("lists and objects can lie {MAX_DEPTH} deep within each other");
        return vec![Violation::new(&pointer, "too_deep", detail)];
    }
    let misnamed = |name: &&String| !is_identifier(name);
    let fault = |name: &String| {
        let pointer = pointer_to(pointer, name);
        let detail = "a name has at most 100 letters, digits and underscores, the first no digit";
        Violation::new(pointer, "invalid_name", detail)
    };
    variables.keys().filter(misnamed).map(fault).collect()
}

fn pointer_to(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn lies_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(values) => depth > 0 && values.iter().all(|value| lies_within(value, depth - 1)),
        Value::Object(fields) => depth > 0 && fields.values().all(|value| lies_within(value, depth - 1)),
        _ => true,
    }
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
