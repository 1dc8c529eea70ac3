//! A document's indexed fields as texts whose order by bytes is that of their values.
//!
//! An entry is the field's name, a separator, a letter for the type, and the value. Byte 1 within a name is doubled to 1 2,
//! so that the separator, 1 3, ends every name.

use std::fmt::Write;

use commerce_core::commit::FieldValue;

/// One field of a document.
pub(super) fn entry(name: &str, value: &FieldValue) -> String {
    let mut entry = prefix(name, value);
    match value {
        // As an unsigned number, moved so that the lowest comes first.
        FieldValue::Integer(number) => {
            let _ = write!(entry, "{:016x}", number.cast_unsigned() ^ (1 << 63));
        }
        FieldValue::Text(text) => entry.push_str(text),
    }
    entry
}

/// With what all entries of this field begin.
pub(super) fn of_field(name: &str) -> String {
    let mut entry = String::with_capacity(name.len() + 24);
    for letter in name.chars() {
        entry.push(letter);
        if letter == '\u{1}' {
            entry.push('\u{2}');
        }
    }
    entry.push_str("\u{1}\u{3}");
    entry
}

/// With what all entries of this field begin whose values are of this value's type.
pub(super) fn prefix(name: &str, value: &FieldValue) -> String {
    let mut entry = of_field(name);
    entry.push(match value {
        FieldValue::Integer(_) => 'i',
        FieldValue::Text(_) => 't',
    });
    entry
}

/// The first text behind all that begin with `prefix`, which ends in a letter or in byte 3.
pub(super) fn behind(prefix: &str) -> String {
    let mut text = prefix.to_owned();
    if let Some(last) = text.pop() {
        text.push(char::from_u32(last as u32 + 1).unwrap_or(last));
    }
    text
}

/// A document's entries, each once, as PostgreSQL writes an array of texts.
pub(super) fn array(fields: &[(std::borrow::Cow<'static, str>, FieldValue)]) -> Option<String> {
    if fields.is_empty() {
        return None;
    }
    let mut entries: Vec<String> = fields.iter().map(|(name, value)| entry(name, value)).collect();
    entries.sort_unstable();
    entries.dedup();
    let mut array = String::from("{");
    for (index, entry) in entries.iter().enumerate() {
        array.push_str(if index == 0 { "\"" } else { ",\"" });
        for letter in entry.chars() {
            if matches!(letter, '"' | '\\') {
                array.push('\\');
            }
            array.push(letter);
        }
        array.push('"');
    }
    array.push('}');
    Some(array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_in_the_order_of_their_values() {
        let numbers = [i64::MIN, -10, -1, 0, 1, 9, 10, i64::MAX];
        assert!(numbers.map(|n| entry("due", &FieldValue::Integer(n))).is_sorted());
        let texts = ["", "10", "9", "Z", "a", "ab", "\u{e9}"];
        assert!(texts.map(|text| entry("due", &text.into())).is_sorted());
    }

    #[test]
    fn no_field_is_taken_for_another() {
        let names = ["", "a", "a\u{1}", "a\u{1}\u{3}", "a\u{1}\u{2}", "ab", "\u{1}"];
        for one in names {
            for other in names.iter().filter(|other| **other != one) {
                let other = entry(other, &FieldValue::Text("a\u{1}\u{3}tb".to_owned()));
                assert!(!other.starts_with(&of_field(one)), "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn an_entry_lies_between_its_prefix_and_what_is_behind_it() {
        for value in [FieldValue::Integer(i64::MAX), FieldValue::Text("\u{10ffff}".to_owned())] {
            let (first, last) = (prefix("f", &value), behind(&prefix("f", &value)));
            assert!(first <= entry("f", &value) && entry("f", &value) < last);
        }
    }
}
