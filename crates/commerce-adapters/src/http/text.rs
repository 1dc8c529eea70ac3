//! Text that stores and mails can carry.

use commerce_core::value::Violation;
use serde_json::Value;

/// A pointer is no longer than this, however long the names are that a client wrote.
pub(super) const LONGEST_POINTER: usize = 300;

/// The texts with NUL, so many at most: no database column takes it, and no one means it.
pub(super) fn with_nul(value: &Value, most: usize) -> Vec<Violation> {
    let mut search = Search { pointer: String::new(), found: Vec::new(), most };
    search.walk(value);
    search.found
}

/// Ends when enough is found: each place has a pointer of its own, and a body has room for very many places.
struct Search {
    pointer: String,
    found: Vec<Violation>,
    most: usize,
}

impl Search {
    fn walk(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.check(text),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.below(&index.to_string(), |search| search.walk(item));
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    self.below(&escaped(name), |search| {
                        search.check(name);
                        search.walk(field);
                    });
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, name: &str, look: impl FnOnce(&mut Self)) {
        if self.found.len() >= self.most {
            return;
        }
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(name);
        look(self);
        self.pointer.truncate(length);
    }

    fn check(&mut self, text: &str) {
        if self.found.len() < self.most && text.contains('\0') {
            let pointer = brief(&self.pointer, LONGEST_POINTER);
            self.found.push(Violation::new(pointer, "contains_nul", "must not contain the character U+0000"));
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_more_is_kept_of_texts_with_nul_than_is_shown() {
        let name = "k".repeat(10_000);
        let found = with_nul(&json!({ name: vec!["\0"; 10_000] }), 100);
        assert!(found.len() == 100 && found.capacity() < 200, "{} of {}", found.len(), found.capacity());
        assert!(found.iter().all(|fault| fault.pointer.chars().count() <= LONGEST_POINTER + 1));
    }

    #[test]
    fn texts_with_nul_are_pointed_at() {
        let found = with_nul(&json!({"a": ["", "\0"], "b/\0": "x", "c": {"d": "\0"}}), 100);
        let pointers: Vec<_> = found.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/a/1", "/b~1\0", "/c/d"]);
    }
}
