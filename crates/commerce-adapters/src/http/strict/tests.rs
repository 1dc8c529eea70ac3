use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Strict;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Plain,
    Sized(u8),
    Named { name: String },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thing {
    name: String,
    #[serde(default)]
    kind: Option<Kind>,
    #[serde(default)]
    parts: Vec<(u8, String)>,
    #[serde(default)]
    more: std::collections::BTreeMap<String, Value>,
}

fn strictly<T: DeserializeOwned>(json: &Value) -> Result<T, serde_json::Error> {
    let text = json.to_string();
    T::deserialize(Strict::json(&mut serde_json::Deserializer::from_str(&text)))
}

#[test]
fn what_is_right_is_read_as_without_it() {
    for right in [
        json!({"name": "a"}),
        json!({"name": "a", "kind": null, "parts": [[1, "x"]], "more": {"k": [1, {"a": null}]}}),
        json!({"name": "é", "kind": "plain"}),
        json!({"name": "a", "kind": {"sized": 7}}),
        json!({"name": "a", "kind": {"named": {"name": "b"}}}),
    ] {
        let plain: Thing = serde_json::from_value(right.clone()).unwrap();
        assert_eq!(strictly::<Thing>(&right).unwrap(), plain, "{right}");
    }
}

#[test]
fn an_array_is_no_object_however_deep() {
    let taken = json!(["a", null, [], {}]);
    assert!(serde_json::from_value::<Thing>(taken.clone()).is_ok(), "serde alone takes it");
    assert!(strictly::<Thing>(&taken).is_err());
    assert!(strictly::<Vec<Thing>>(&json!([taken])).is_err());
}

#[test]
fn a_field_of_a_form_that_is_there_has_a_value() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Search {
        q: Option<String>,
        limit: Option<u8>,
        #[serde(default)]
        tag: Vec<String>,
    }
    let read = |text: &str| {
        Search::deserialize(Strict::form(serde_html_form::Deserializer::from_bytes(text.as_bytes())))
    };
    let some = Search { q: Some(String::new()), limit: Some(3), tag: vec!["a".into(), "b".into()] };
    assert_eq!(read("q=&limit=3&tag=a&tag=b").unwrap(), some);
    assert_eq!(read("").unwrap(), Search { q: None, limit: None, tag: vec![] });
    assert!(read("limit=").is_err());
}

#[test]
fn an_integer_may_be_written_with_a_point() {
    assert_eq!(strictly::<u8>(&json!(3.0)).unwrap(), 3);
    assert_eq!(strictly::<i64>(&json!(-3.0)).unwrap(), -3);
    assert_eq!(strictly::<u64>(&json!(-0.0)).unwrap(), 0);
    assert_eq!(strictly::<f64>(&json!(3.0)).unwrap(), 3.0);
    assert_eq!(strictly::<Value>(&json!(3.0)).unwrap(), json!(3.0));
    for wrong in [json!(3.5), json!(1e300), json!("3.0")] {
        strictly::<u64>(&wrong).unwrap_err();
    }
    strictly::<u64>(&json!(-3.0)).unwrap_err();
    strictly::<u8>(&json!(256.0)).unwrap_err();
}
