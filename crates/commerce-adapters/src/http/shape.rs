//! All that is wrong with the shape of a body: serde stops at the first fault, the body's own description knows the rest.

use std::collections::HashMap;

use commerce_core::Timestamp;
use commerce_core::value::Violation;
use regex_lite::Regex;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::text::{LONGEST_POINTER, brief, escaped};

/// The code of a text that is not of the form that is described.
pub(super) const FORM: &str = "invalid_value";
/// More faults than this are not listed.
pub(super) const MOST: usize = 100;
/// A description that leads deeper is in a circle.
const DEEPEST: usize = 32;

/// Where a body differs from the description (JSON Schema) of its type. Patterns that look ahead are left to the type itself,
/// and so are formats other than `uuid` and `date-time`.
pub(super) fn faults<T: ToSchema>(body: &Value) -> Vec<Violation> {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    let parts = parts.into_iter().map(|(name, part)| (name, json(&part))).collect();
    let mut shapes = Shapes { parts, patterns: HashMap::new(), found: Vec::new() };
    shapes.look(&json(&T::schema()), body, "", 0);
    shapes.found
}

fn json(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

struct Shapes {
    parts: HashMap<String, Value>,
    /// Each is made once, however many entries of a list are to be like it. None for one that looks ahead.
    patterns: HashMap<String, Option<Regex>>,
    found: Vec<Violation>,
}

impl Shapes {
    /// Said only as far as it is listed: a body has room for very many faults.
    fn fault(&mut self, pointer: &str, code: &'static str, detail: String) {
        if !self.is_enough() {
            self.found.push(Violation::new(brief(pointer, LONGEST_POINTER), code, detail));
        }
    }

    fn is_enough(&self) -> bool {
        self.found.len() >= MOST
    }

    fn look(&mut self, schema: &Value, value: &Value, at: &str, depth: usize) {
        if depth > DEEPEST || self.is_enough() {
            return;
        }
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            if let Some(part) = self.parts.get(name).cloned() {
                self.look(&part, value, at, depth + 1);
            }
            return;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.look(part, value, at, depth + 1);
        }
        let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
        if let Some(choices) = choices {
            return self.choose(choices, value, at, depth);
        }
        if !self.has_type(&schema["type"], value, at) {
            return;
        }
        match value {
            Value::Object(members) => self.members(schema, members, at, depth),
            Value::Array(items) => self.items(schema, items, at, depth),
            Value::String(text) => self.text(schema, text, at),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or(f64::NAN), at),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Nothing is wrong where one fits. Where only one could be meant, what is wrong with it is said.
    fn choose(&mut self, choices: &[Value], value: &Value, at: &str, depth: usize) {
        if value.is_null() && choices.iter().any(|choice| choice["type"] == "null") {
            return;
        }
        let meant: Vec<&Value> = choices.iter().filter(|choice| choice["type"] != "null").collect();
        if let [only] = meant[..] {
            self.look(only, value, at, depth + 1);
        } else if let Some(tag) = tag(&meant).filter(|_| value.is_object()) {
            self.choose_by(tag, &meant, value, at, depth);
        }
    }

    /// The tag says which one is meant.
    fn choose_by(&mut self, tag: &str, choices: &[&Value], value: &Value, at: &str, depth: usize) {
        let at_tag = below(at, tag);
        let Some(named) = value.get(tag) else {
            return self.fault(&at_tag, "missing_field", format!("{tag} is missing"));
        };
        let Some(name) = named.as_str() else {
            return self.fault(&at_tag, "wrong_type", "must be a text".to_owned());
        };
        match choices.iter().find(|choice| tagged(choice, tag) == Some(name)) {
            Some(meant) => self.look(&closed(meant), value, at, depth + 1),
            None => {
                let known: Vec<_> = choices.iter().filter_map(|choice| tagged(choice, tag)).collect();
                self.fault(&at_tag, "unknown_value", format!("must be one of {}", known.join(", ")));
            }
        }
    }

    fn has_type(&mut self, types: &Value, value: &Value, at: &str) -> bool {
        let allowed: Vec<&str> = match types {
            Value::String(one) => vec![one],
            Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        let fits = allowed.iter().any(|allowed| is_a(value, allowed));
        if !fits {
            let allowed: Vec<_> = allowed.iter().map(|allowed| in_words(allowed)).collect();
            self.fault(at, "wrong_type", format!("must be {}", allowed.join(" or ")));
        }
        fits
    }

    fn members(&mut self, schema: &Value, members: &Map<String, Value>, at: &str, depth: usize) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                self.fault(&below(at, name), "missing_field", format!("{name} is missing"));
            }
        }
        for (name, value) in members {
            if self.is_enough() {
                return;
            }
            match schema["properties"].get(name) {
                Some(property) => self.look(property, value, &below(at, name), depth + 1),
                None if schema["additionalProperties"] == false => {
                    self.fault(&below(at, name), "unknown_field", "there is no such field".to_owned());
                }
                None => {}
            }
        }
    }

    fn items(&mut self, schema: &Value, items: &[Value], at: &str, depth: usize) {
        let (least, most) = (schema["minItems"].as_u64(), schema["maxItems"].as_u64());
        self.length(items.len(), least, most, at, "entries");
        for (index, item) in items.iter().enumerate() {
            if self.is_enough() {
                return;
            }
            self.look(&schema["items"], item, &format!("{at}/{index}"), depth + 1);
        }
    }

    fn text(&mut self, schema: &Value, text: &str, at: &str) {
        let known = schema["enum"].as_array();
        if let Some(known) = known.filter(|known| !known.iter().any(|one| one == text)) {
            let known: Vec<_> = known.iter().filter_map(Value::as_str).collect();
            return self.fault(at, "unknown_value", format!("must be one of {}", known.join(", ")));
        }
        let (least, most) = (schema["minLength"].as_u64(), schema["maxLength"].as_u64());
        if self.length(text.chars().count(), least, most, at, "characters") && !self.is_of_form(schema, text)
        {
            let example = schema["examples"].get(0).unwrap_or(&schema["example"]).as_str();
            let such_as = example.map(|example| format!(", such as {example}")).unwrap_or_default();
            let form = match schema["format"].as_str() {
                Some("uuid") => "a UUID",
                Some("date-time") => "a moment such as 2026-01-31T12:00:00Z",
                _ => "of the form that is described",
            };
            self.fault(at, FORM, format!("must be {form}{such_as}"));
        }
    }

    fn is_of_form(&mut self, schema: &Value, text: &str) -> bool {
        let has_format = match schema["format"].as_str() {
            Some("uuid") => Uuid::parse_str(text).is_ok(),
            Some("date-time") => Timestamp::parse(text).is_ok(),
            _ => true,
        };
        let Some(pattern) = schema["pattern"].as_str() else { return has_format };
        if !self.patterns.contains_key(pattern) {
            self.patterns.insert(pattern.to_owned(), Regex::new(pattern).ok());
        }
        let pattern = self.patterns.get(pattern).and_then(Option::as_ref);
        has_format && pattern.is_none_or(|pattern| pattern.is_match(text))
    }

    /// Whether it is as long as it is to be.
    fn length(&mut self, length: usize, least: Option<u64>, most: Option<u64>, at: &str, of: &str) -> bool {
        let (length, before) = (length as u64, self.found.len());
        if let Some(least) = least.filter(|least| length < *least) {
            let code = if length == 0 { "required" } else { "too_short" };
            self.fault(at, code, format!("must have at least {least} {of}"));
        }
        if let Some(most) = most.filter(|most| length > *most) {
            self.fault(at, "too_long", format!("must have at most {most} {of}"));
        }
        self.found.len() == before
    }

    fn number(&mut self, schema: &Value, number: f64, at: &str) {
        if let Some(least) = schema["minimum"].as_f64().filter(|least| number < *least) {
            let code = if least > 0.0 && number <= 0.0 { "must_be_positive" } else { "too_small" };
            self.fault(at, code, format!("must be at least {least}, is {number}"));
        }
        if let Some(most) = schema["maximum"].as_f64().filter(|most| number > *most) {
            self.fault(at, "too_large", format!("must be at most {most}, is {number}"));
        }
    }
}

fn below(at: &str, name: &str) -> String {
    format!("{at}/{}", escaped(name))
}

/// The member by which they differ, if each of them has a value of its own for it.
fn tag<'a>(choices: &[&'a Value]) -> Option<&'a str> {
    let mut names = choices.first()?["properties"].as_object()?.keys();
    names.find(|name| choices.iter().all(|choice| tagged(choice, name).is_some())).map(String::as_str)
}

/// The one value that a member must have.
fn tagged<'a>(choice: &'a Value, tag: &str) -> Option<&'a str> {
    match &choice["properties"][tag]["enum"].as_array()?[..] {
        [only] => only.as_str(),
        _ => None,
    }
}

/// Of a choice's other members its own description says nothing; what a client sends has none (`openapi::taken`).
fn closed(choice: &Value) -> Value {
    let mut closed = choice.clone();
    if let Some(schema) = closed.as_object_mut() {
        schema.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    closed
}

fn is_a(value: &Value, of: &str) -> bool {
    match of {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

fn in_words(of: &str) -> &str {
    match of {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(ToSchema)]
    #[allow(dead_code)]
    struct Line {
        #[schema(minimum = 1, maximum = 10)]
        quantity: u32,
        kind: Option<Kind>,
    }

    #[derive(ToSchema)]
    #[allow(dead_code)]
    #[schema(rename_all = "snake_case")]
    enum Kind {
        Big,
        Small,
    }

    #[derive(ToSchema)]
    #[allow(dead_code)]
    struct Basket {
        #[schema(min_items = 1)]
        lines: Vec<Line>,
        #[schema(min_length = 1, max_length = 3)]
        note: String,
        gift: Option<bool>,
    }

    fn of(body: &Value) -> Vec<(String, &'static str)> {
        faults::<Basket>(body).into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    fn at(pointer: &str, code: &'static str) -> (String, &'static str) {
        (pointer.to_owned(), code)
    }

    #[test]
    fn what_is_as_described_has_no_faults() {
        assert_eq!(of(&json!({"lines": [{"quantity": 1, "kind": "big"}], "note": "äöü"})), []);
        assert_eq!(of(&json!({"lines": [{"quantity": 10, "kind": null}], "note": "a", "gift": null})), []);
    }

    #[test]
    fn every_fault_is_found() {
        let lines = json!([{"quantity": 0}, {"quantity": 11, "kind": "huge"}, {"quantity": -1.5}, {}, 7]);
        assert_eq!(
            of(&json!({"lines": lines, "note": "", "gift": "yes"})),
            [
                at("/gift", "wrong_type"),
                at("/lines/0/quantity", "must_be_positive"),
                at("/lines/1/kind", "unknown_value"),
                at("/lines/1/quantity", "too_large"),
                at("/lines/2/quantity", "wrong_type"),
                at("/lines/3/quantity", "missing_field"),
                at("/lines/4", "wrong_type"),
                at("/note", "required"),
            ]
        );
        assert_eq!(of(&json!({})), [at("/lines", "missing_field"), at("/note", "missing_field")]);
        assert_eq!(of(&json!([])), [at("", "wrong_type")]);
    }

    #[derive(serde::Deserialize, ToSchema)]
    #[allow(dead_code)]
    #[serde(tag = "way", rename_all = "snake_case", deny_unknown_fields)]
    enum Way {
        Fetched {},
        Sent {
            #[schema(value_type = String, format = DateTime)]
            at: Timestamp,
            to: String,
        },
    }

    #[test]
    fn a_choice_is_looked_at_as_the_one_that_its_tag_names() {
        let of = |body: Value| -> Vec<(String, &str)> {
            faults::<Way>(&body).into_iter().map(|fault| (fault.pointer, fault.code)).collect()
        };
        assert_eq!(of(json!({"way": "fetched"})), []);
        assert_eq!(of(json!({"way": "sent", "at": "2026-01-31T12:00:00Z", "to": "Leeds"})), []);
        assert_eq!(of(json!({"way": "fetched", "to": "Leeds"})), [at("/to", "unknown_field")]);
        assert_eq!(
            of(json!({"way": "sent", "at": "soon", "by": 1})),
            [at("/to", "missing_field"), at("/at", FORM), at("/by", "unknown_field")]
        );
        assert_eq!(of(json!({"way": "thrown"})), [at("/way", "unknown_value")]);
        assert_eq!(of(json!({"way": 1})), [at("/way", "wrong_type")]);
        assert_eq!(of(json!({"to": "Leeds"})), [at("/way", "missing_field")]);
    }

    #[test]
    fn so_many_faults_are_enough() {
        let lines: Vec<Value> = (0..1_000).map(|_| json!({"quantity": 0})).collect();
        assert_eq!(of(&json!({"lines": lines, "note": ""})).len(), MOST);
    }

    #[derive(serde::Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    #[test]
    fn no_more_is_kept_of_unknown_fields_than_is_shown() {
        let fields = (0..10_000).map(|number| (format!("{number:0>400}"), Value::Null)).collect();
        let found = faults::<Nothing>(&Value::Object(fields));
        assert!(
            found.len() == MOST && found.capacity() < 2 * MOST,
            "{} of {}",
            found.len(),
            found.capacity()
        );
        assert!(found.iter().all(|fault| fault.pointer.chars().count() <= LONGEST_POINTER + 1));
    }
}
