//! Text that stores and mails can carry.

use commerce_core::value::Violation;
use serde_json::Value;

/// The texts with NUL: no database column takes it, and no one means it.
pub(super) fn with_nul(value: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    walk(value, &mut String::new(), &mut found);
    found
}

fn walk(value: &Value, pointer: &mut String, found: &mut Vec<Violation>) {
    let length = pointer.len();
    match value {
        Value::String(text) => check(text, pointer, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                walk(item, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                pointer.push('/');
                pointer.push_str(&escaped(name));
                check(name, pointer, found);
                walk(field, pointer, found);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

fn check(text: &str, pointer: &str, found: &mut Vec<Violation>) {
    if text.contains('\0') {
        found.push(Violation::new(pointer, "contains_nul", "must not contain the character U+0000"));
    }
}

/// A member's name within a JSON pointer (RFC 6901).
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// At most so many characters of a text that a client wrote: an answer is not as long as what it answers.
pub(super) fn brief(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
