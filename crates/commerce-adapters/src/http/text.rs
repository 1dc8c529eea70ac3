//! Text that stores and mails can carry.

use commerce_core::value::Violation;
use serde_json::Value;

/// Texts with NUL: no database column takes it, and no one means it.
pub(super) fn without_nul(value: &Value) -> Result<(), Violation> {
    walk(value, &mut String::new())
}

fn walk(value: &Value, pointer: &mut String) -> Result<(), Violation> {
    let length = pointer.len();
    match value {
        Value::String(text) => check(text, pointer),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
            pointer.push_str(&format!("/{index}"));
            let walked = walk(item, pointer);
            pointer.truncate(length);
            walked
        }),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            pointer.push('/');
            pointer.push_str(&escaped(name));
            let walked = check(name, pointer).and_then(|()| walk(field, pointer));
            pointer.truncate(length);
            walked
        }),
        _ => Ok(()),
    }
}

fn check(text: &str, pointer: &str) -> Result<(), Violation> {
    if text.contains('\0') {
        return Err(Violation::new(pointer, "contains_nul", "must not contain the character U+0000"));
    }
    Ok(())
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
