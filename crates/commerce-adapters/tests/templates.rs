//! What a template can do, and what it can't.
#![cfg(feature = "templates")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail as loudly as tests

use std::time::{Duration, Instant};

use commerce_adapters::templates::MiniJinja;
use commerce_core::notification::{RenderError, Renderer, Variables, default_templates};
use proptest::prelude::*;
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

/// Where and why a template can't be saved, and for the same reason not be used.
fn refused(template: &str) -> (usize, String) {
    let renderer = MiniJinja::new();
    match (renderer.check(template), renderer.render(template, &variables())) {
        (Err(RenderError::Syntax { line, detail }), Err(rendered)) => {
            assert_eq!(rendered, RenderError::Syntax { line, detail: detail.clone() });
            (line, detail)
        }
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
    let long = format!("{{% for a in range(9999) %}}{}{{% endfor %}}", "x".repeat(1_000));
    assert_eq!(render(&long), Err(RenderError::TooExpensive));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// The whole program would end: it can't be caught.
#[test]
fn no_template_is_too_deep_for_the_stack() {
    let times = |text: &str| text.repeat(8_000);
    for (deep, detail) in [
        (format!("{{{{ {}1 }}}}", times("-")), "a tag has at most 256"),
        (format!("{{{{ {}1 }}}}", times("not ")), "a tag has at most 256"),
        (format!("{{{{ name{} }}}}", times(".a")), "a tag has at most 256"),
        (format!("{{{{ name{} }}}}", times("[0]")), "a tag has at most 256"),
        (format!("{{{{ 1{} }}}}", times(" and 1")), "a tag has at most 256"),
        (format!("{{{{ 1{} }}}}", times(" - 1")), "a tag has at most 256"),
        (format!("{{{{ 1{} }}}}", times(" if 1 else 1")), "a tag has at most 256"),
        (format!("{{{{ name{} }}}}", times("|upper")), "a tag has at most 256"),
        (format!("{{{{ name{} }}}}", times(" is defined")), "a tag has at most 256"),
        (format!("{{% if 1 %}}a{}{{% endif %}}", times("{% elif 1 %}b")), "a template has at most 64 elif"),
        (format!("{{% raw %}}{{#{{% endraw %}}{{{{ {}1 }}}}", times("-")), "the statement raw"),
        (format!("{{%- raw %}}{{{{ \"{{% endraw %}}{{{{ {}1 }}}}", times("-")), "the statement raw"),
    ] {
        let (line, why) = refused(&deep);
        assert!(line == 1 && why.starts_with(detail), "{why}");
    }
}

/// As deep as it may be in all ways at once, on a stack that is half of what a thread of tokio's has.
#[test]
fn what_is_as_deep_as_it_may_be_fits_the_stack() {
    let deepest = |blocks: usize, brackets: usize, (link, tokens): (&str, usize)| {
        let chain = link.repeat((250 - 2 * brackets) / tokens);
        let tag = format!("{}{chain}1{}", "(".repeat(brackets), ")".repeat(brackets));
        let elifs = "{% elif 1 %}b".repeat(63);
        let body = format!("{{% if {tag} %}}{elifs}{{% elif {tag} %}}{{{{ {tag} }}}}{{% endif %}}");
        format!("{}{body}{}", "{% if 1 %}".repeat(blocks), "{% endif %}".repeat(blocks))
    };
    let looks = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
        for chain in [("-", 1), ("not ", 1), ("1 and ", 2), ("1 - ", 2), ("1 == ", 3), ("1 if 1 else ", 4)] {
            // Where minijinja's own bound of blocks and brackets lies is its own matter.
            let fits = [(0, 0), (60, 60), (100, 20), (0, 99), (140, 0)].map(|(blocks, brackets)| {
                let answer = MiniJinja::new().render(&deepest(blocks, brackets, chain), &Variables::new());
                answer.is_ok()
            });
            assert!(fits.contains(&true), "{chain:?}");
        }
    });
    looks.unwrap().join().unwrap();
}

#[test]
fn a_statement_other_than_if_and_for_is_refused_by_name() {
    for (statement, template) in [
        ("set", "a\n{% set a = 1 %}"),
        ("set", "{{ '%}' }}\n{%- set a %}{% endset %}"),
        ("with", "{# {% with #}\n{%+ with a = 1 %}{% endwith %}"),
        ("filter", "\n{%\tfilter upper %}{% endfilter %}"),
        ("autoescape", "{% if name %}\n{% autoescape true %}{% endautoescape %}{% endif %}"),
        ("do", "\n{% do range(1) %}"),
    ] {
        let detail = format!("the statement {statement} can't be used: there are if and for");
        assert_eq!(refused(template), (2, detail));
    }
    for unknown in ["macro a()", "call a()", "include 'a'", "import 'a' as a", "block a", "extends 'a'"] {
        refused(&format!("{{% {unknown} %}}"));
    }
    let recursive = "{% for a in items recursive %}{{ loop(items) }}{% endfor %}";
    assert_eq!(refused(recursive), (1, "a loop can't be recursive".to_owned()));
}

#[test]
fn nothing_fills_up_multiplies_or_grows_by_itself() {
    for template in [
        "{{ '%09999999999d'|format(1) }}",
        "{{ 'x' * 100000000 }}",
        "{{ items * 100000000 }}",
        "{{ 10 ** 30 }}",
        "{{ name|indent(1000000000) }}",
        "{{ name|center(1000000000) }}",
        "{{ items|batch(1000000000, 'x') }}",
        "{{ items|slice(1000000000) }}",
        "{{ items|pprint }}",
        "{{ ''[::-1] }}",
        "{{ dict(a=1) }}{{ namespace() }}{{ debug() }}",
    ] {
        refused(template);
    }
}

/// Of nested loops, each of which names what the one around it built.
#[test]
fn no_value_is_built_on_a_built_one() {
    for built in [
        "a ~ a",
        "a + a",
        "[a ~ a]",
        "[a, a]",
        "a, a",
        "(a, a)",
        "[a|replace('x', 'xx')]",
        "[a, a]|join",
        "[[a, a]]",
        "{'a': a, 'b': a}",
        "items|map('default', a)",
        "[a]|default([a ~ a])",
        "{'if': [a ~ a]}['if']",
        "a.if ~ a",
    ] {
        let template =
            format!("{{% for a in ['xxxxxxxxxx'] %}}{}", format!("{{% for a in {built} %}}").repeat(24));
        let template = format!("{template}{{{{ a|length }}}}{}", "{% endfor %}".repeat(25));
        refused(&template);
    }
    let sum = vec!["name"; 33].join(" ~ ");
    assert!(render(&format!("{{{{ {sum} }}}}")).is_ok());
    assert_eq!(
        refused(&format!("{{{{ ({sum})|length + 1 }}}}")).1,
        "a tag puts together at most 32 values by ~, + and commas, this one 33"
    );
}

#[test]
fn filters_handle_so_much_in_all() {
    let doubled = format!("{{{{ name{} }}}}", "|replace('', 'xxxxxxxxxx')".repeat(24));
    assert_eq!(render(&doubled), Err(RenderError::TooExpensive));
    let quoted = format!("{{{{ name{}|length }}}}", "|list|string".repeat(40));
    assert_eq!(render(&quoted), Err(RenderError::TooExpensive));
    let again = "{% for a in range(9999) %}{% if big|upper|length %}{% endif %}{% endfor %}";
    let big = json!({"big": "x".repeat(40_000)});
    assert_eq!(MiniJinja::new().render(again, big.as_object().unwrap()), Err(RenderError::TooExpensive));
    for longer in [
        "range(10001)",
        "range(-9223372036854775807, 9223372036854775807)",
        "range(1, 0, 0)",
        "range(9, 1, 0)",
    ] {
        let template = format!("{{{{ {longer}|length }}}}");
        assert!(matches!(render(&template).as_deref(), Err(RenderError::TooExpensive) | Ok("0")), "{longer}");
    }
    assert_eq!(render("{{ range(10, 0, -3)|join(' ') }} {{ range(2)|list }}").unwrap(), "10 7 4 1 [0, 1]");
}

/// The larger what is given, the fewer steps there are: each can look through all of it.
#[test]
fn large_variables_leave_less_work() {
    let template = "{% for a in range(5000) %}{{ 1 if big == other }}{% endfor %}";
    let of = |length: usize| {
        let variables = json!({"big": "x".repeat(length), "other": "y".repeat(length)});
        MiniJinja::new().render(template, variables.as_object().unwrap())
    };
    assert_eq!(of(1_000), Ok(String::new()));
    assert_eq!(of(100_000), Err(RenderError::TooExpensive));
}

#[test]
fn what_is_null_is_missing() {
    let null = json!({"name": null, "user": {"first": null}, "items": ["a", null]});
    let render = |template: &str| MiniJinja::new().render(template, null.as_object().unwrap());
    for (template, name) in [
        ("Hi {{ name }}", "name"),
        ("Hi {{ name|upper }}", "name"),
        ("Hi {{ 'a' ~ name }}", "name"),
        ("Hi {{ [name]|join }}", "name"),
        ("Hi {{ name|string }}", "name"),
        ("Hi {{ user.first }}", "user.first"),
        ("{% for a in items %}{{ a }}{% endfor %}", "a"),
        ("{% if name %}{% endif %}", "name"),
        ("{{ none }}", "none"),
        ("{{ items }}", "items"),
        ("{{ items|join }}", "items|join"),
        ("{{ user }}", "user"),
    ] {
        assert!(
            matches!(render(template), Err(RenderError::MissingVariable { .. })),
            "{template}: {:?}",
            render(template)
        );
        if let Err(RenderError::MissingVariable { name: missing }) = render(template) {
            assert!(missing == name || name.contains(&missing), "{template}: {missing}");
        }
    }
    assert_eq!(
        render("{{ name|default('you') }}{{ 1 if name is none }}{{ 2 if name is defined }}").unwrap(),
        "you1"
    );
}

#[test]
fn a_number_that_is_none_is_an_error() {
    for template in [
        "a\n{{ 1/0 }}",
        "a\n{{ -1/0 }}",
        "a\n{{ 0/0 }}",
        "\n{{ (1/0)|string }}",
        "\n{{ [1, 1/0] }}",
        "\n{{ [1/0]|join }}",
    ] {
        let detail = "line 2: a number is infinite, or none at all".to_owned();
        assert_eq!(render(template), Err(RenderError::Failed { detail }), "{template}");
    }
    assert_eq!(render("{{ 1/4 }} {{ 7 // 2 }} {{ count + 1 }}").unwrap(), "0.25 3 4");
}

#[test]
fn what_does_not_exist_is_found_before_it_is_used() {
    for (template, detail) in [
        ("{{ name|nosuch }}", "there is no filter nosuch"),
        ("{% if nmae %}{{ name | upper|nosuch(1) }}{% endif %}", "there is no filter nosuch"),
        ("{{ items|map('nosuch') }}", "there is no filter nosuch"),
        ("{{ items|select('nosuch') }}", "there is no test nosuch"),
        ("{{ 1 if name is nosuch }}", "there is no test nosuch"),
        ("{{ 1 if name is not nosuch(2) }}", "there is no test nosuch"),
        ("{{ nosuch(1) }}", "there is no function nosuch"),
        ("{{ name.upper() }}", "there is no method upper"),
        ("{{ items[0](1) }}", "only a function can be called"),
    ] {
        assert_eq!(refused(template), (1, detail.to_owned()), "{template}");
    }
}

#[test]
fn what_a_letter_needs_can_be_used() {
    for (template, text) in [
        ("{{ name|replace('<b>', '!')|trim }}{{ count|replace(3, 4) }}", "Ada !4"),
        ("{{ items|join(', ') }} {{ items|map('upper')|join }}", "a, b AB"),
        ("{% for k, v in user|items %}{{ k }}={{ v }}{% else %}-{% endfor %}", "first=Ada"),
        ("{% for a in items if a not in ['a', 'c'] %}{{ loop.index + 1 }}{{ a }}{% endfor %}", "2b"),
        ("{% for a in items|sort(reverse=true) %}{{ loop.cycle('-', '+') }}{{ a }}{% endfor %}", "-b+a"),
        ("{% for a in nmae|default([]) %}{{ a }}{% else %}none{% endfor %}", "none"),
        ("{{ 'many' if count is divisibleby(3) and (count > 1) else 'few' }}", "many"),
        ("{% if not (count in (1, 2)) %}{{ items[:1]|first ~ ' * ' ~ user.first[0] }}{% endif %}", "a * A"),
        ("{{ 'a' if count == 0 }}{# {% set a = 1 %} #}{{ {'is': {'a': 1}}.is.a }}", "1"),
        ("{{ [3, 1, 2]|sort|unique|reverse|list }}{{ [1, 2]|sum }}{{ 2.456|round(1) }}", "[3, 2, 1]32.5"),
    ] {
        assert_eq!(MiniJinja::new().check(template), Ok(()), "{template}");
        assert_eq!(render(template).as_deref(), Ok(text), "{template}");
    }
}

/// The text that a template gives is no longer than that.
const OUTPUT: usize = 400_000;

const FILTERS: [&str; 26] = [
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "default(a)",
    "length",
    "first",
    "last",
    "list",
    "string",
    "reverse",
    "sort",
    "unique",
    "lines",
    "split",
    "split('x')",
    "join",
    "join(a)",
    "replace('x', a)",
    "replace('', b)",
    "map('replace', 'x', a)",
    "map('upper')",
    "select('string')",
    "round(400)",
    "int",
];

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "a",
            "b",
            "items",
            "'xxxxx'",
            "9223372036854775807",
            "range(500)",
            "1.5e300"
        ])
        .prop_map(str::to_owned)
    ];
    leaf.prop_recursive(6, 40, 2, |inner| {
        let operators =
            prop::sample::select(vec!["~", "+", "-", "/", "//", "%", "==", "<", "in", "and", "or"]);
        prop_oneof![
            (inner.clone(), prop::collection::vec(prop::sample::select(FILTERS.to_vec()), 1..5))
                .prop_map(|(inner, filters)| format!("({inner})|{}", filters.join("|"))),
            (inner.clone(), operators, inner.clone())
                .prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner, any::<i64>(), any::<i64>())
                .prop_map(|(a, from, step)| format!("({a})[{from}:-1:{step}]")),
        ]
    })
}

proptest! {
    #[test]
    fn no_expression_grows_beyond_all_bounds(
        a in "[x\"\\\\ßΐ]{0,60}", b in "[a-zA-Z \n]{0,60}", expression in expression(), looped in expression(),
    ) {
        let variables = json!({"a": &a, "b": b, "items": [&a, 1, {"a": a}, b]});
        let render = |template: &str| MiniJinja::new().render(template, variables.as_object().unwrap());
        if let Ok(text) = render(&format!("{{{{ {expression} }}}}")) {
            prop_assert!(text.len() <= OUTPUT);
        }
        if let Ok(length) = render(&format!("{{{{ ({expression})|string|length }}}}")) {
            prop_assert!(length.parse::<usize>().unwrap() <= 10 * OUTPUT);
        }
        let nested = format!("{{% for a in {looped} %}}").repeat(5) + "{{ a }}" + &"{% endfor %}".repeat(5);
        if let Ok(text) = render(&nested) {
            prop_assert!(text.len() <= OUTPUT);
        }
    }
}

#[test]
fn no_other_template_is_reached_and_no_error_tells_a_value() {
    assert!(render("{% include '/etc/passwd' %}").is_err());
    let error = render("{{ secret|round }}").unwrap_err();
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
