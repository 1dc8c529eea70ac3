//! What a template can do, and what it can't.
#![cfg(feature = "templates")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail as loudly as tests

use std::time::{Duration, Instant};

use commerce_adapters::templates::MiniJinja;
use commerce_core::notification::{RenderError, Renderer, Variables, default_templates};
use serde_json::json;

fn variables() -> Variables {
    let all = json!({"name": "Ada <b>", "count": 3, "user": {"first": "Ada"}, "items": ["a", "b"], "secret": "s3cret"});
    all.as_object().unwrap().clone()
}

fn render(template: &str) -> Result<String, RenderError> {
    MiniJinja::new().render(template, &variables())
}

fn missing(template: &str) -> String {
    match render(template) {
        Err(RenderError::MissingVariable { name }) => name,
        other => panic!("{template}: {other:?}"),
    }
}

#[test]
fn variables_are_filled_in_and_nothing_is_escaped() {
    assert_eq!(render("Hello {{ name }}, {{ count }} {{ user.first }}").unwrap(), "Hello Ada <b>, 3 Ada");
    assert_eq!(render("{% for item in items %}{{ loop.index }}{{ item }} {% endfor %}").unwrap(), "1a 2b ");
    assert_eq!(render("{% if count > 2 %}many{% else %}few{% endif %}").unwrap(), "many");
    assert_eq!(render("größer\n").unwrap(), "größer");
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(missing("Hello {{ nmae }}!"), "nmae");
    assert_eq!(missing("größer {{ nmae|upper }}"), "nmae");
    assert_eq!(missing("{{ user.last }}"), "user.last");
    assert_eq!(missing("{{ nobody.first }}"), "nobody.first");
    assert_eq!(missing("{% if nmae %}a{% endif %}"), "nmae");
    assert_eq!(missing("{% for one in nothing %}{{ one }}{% endfor %}"), "nothing");
    assert_eq!(missing("{{ count + more }}"), "more");
    assert_eq!(missing("{{ count }}{% if a is defined %}{{ a }}{% endif %}{{ b|upper }}"), "b");
}

#[test]
fn what_may_be_missing_has_a_default() {
    assert_eq!(render("{{ nmae|default('you') }}").unwrap(), "you");
    assert_eq!(render("{% if nmae is defined %}a{% else %}b{% endif %}").unwrap(), "b");
}

#[test]
fn a_template_that_cant_be_read_is_found_before_it_is_used() {
    let renderer = MiniJinja::new();
    for broken in ["{{ name", "{% if name %}", "{{ name|nofilter( }}", "{% nothing %}"] {
        let checked = renderer.check(broken).unwrap_err();
        assert!(matches!(checked, RenderError::Syntax { line: 1, .. }), "{broken}: {checked:?}");
        assert_eq!(renderer.render(broken, &variables()), Err(checked));
    }
    assert!(matches!(renderer.check("a\nb {{"), Err(RenderError::Syntax { line: 2, .. })));
    assert_eq!(renderer.check("{{ not_given }}"), Ok(()));
}

#[test]
fn a_template_runs_neither_for_ever_nor_grows_for_ever() {
    let begun = Instant::now();
    let nested = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}\
                  {% endfor %}{% endfor %}{% endfor %}";
    assert_eq!(render(nested), Err(RenderError::TooExpensive));
    let long = "{% for a in range(9999) %}{{ 'x' * 1000 }}{% endfor %}";
    assert_eq!(render(long), Err(RenderError::TooExpensive));
    assert!(render("{{ 'x' * 100000000000 }}").is_err());
    assert!(render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").is_err());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn no_other_template_is_reached_and_no_error_tells_a_value() {
    assert!(render("{% include '/etc/passwd' %}").is_err());
    let error = render("{{ secret|nofilter }}").unwrap_err();
    assert!(!format!("{error:?} {error}").contains("s3cret"));
    let error = render("{{ secret + 1 }}").unwrap_err();
    assert!(!format!("{error:?} {error}").contains("s3cret"), "{error}");
}

#[test]
fn every_default_template_is_filled_by_what_its_reaction_gives_and_by_no_less() {
    let all = json!({
        "first_name": "Ada", "token": "t", "expires_at": "2026-01-01 13:00 UTC", "order_id": "o", "reason": "r",
        "amount": "5.00 GBP", "tracking_number": "T", "carrier": "DHL", "estimated_delivery": "2026-01-06",
        "recipient_name": "Ada", "sku": "S", "available": 1, "reorder_level": 2, "reorder_quantity": 3
    });
    let all = all.as_object().unwrap();
    let renderer = MiniJinja::new();
    for template in default_templates() {
        for text in [&template.subject_template, &template.body_template] {
            let filled = renderer.render(text, all).unwrap();
            assert!(!filled.contains("{{") && !filled.is_empty(), "{filled}");
        }
        assert!(renderer.render(&template.body_template, &Variables::new()).is_err(), "{}", template.name);
    }
}
