//! Templates: limits, unique names, and their life.

use super::support::*;
use crate::error::Kind;
use crate::fixture::block_on;
use crate::host::Host;
use crate::id::Tenant;
use crate::notification::{Error, TemplateDetails, TemplateView, default_templates};

fn create(world: &World, details: TemplateDetails) -> Result<TemplateView, Error> {
    block_on(world.notifications.create_template(&world.host.context(), details))
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let world = World::new();
    let wrong = TemplateDetails {
        name: " ".to_owned(),
        subject_template: format!("{{{{{}", "a".repeat(500)),
        body_template: String::new(),
        default_variables: variables(&[("1st", "")]),
        ..template("x")
    };
    let error = create(&world, wrong).unwrap_err();
    let found: Vec<_> = error.violations().iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    assert_eq!(
        found,
        [
            ("/subject_template", "invalid_template"),
            ("/name", "required"),
            ("/subject_template", "too_long"),
            ("/body_template", "required"),
            ("/default_variables/1st", "invalid_name")
        ]
    );
}

/// What is accepted can be read again.
#[test]
fn variables_lie_no_deeper_than_an_event_can_be_read() {
    let world = World::new();
    let nested = |depth: usize| (0..depth).fold(serde_json::json!(1), |value, _| serde_json::json!([value]));
    let of = |name: &str, depth| {
        let default_variables = [("x".to_owned(), nested(depth))].into_iter().collect();
        TemplateDetails { default_variables, ..template(name) }
    };
    let error = create(&world, of("deep", 33)).unwrap_err();
    let found: Vec<_> = error.violations().iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    assert_eq!(found, [("/default_variables/x", "too_deep")]);
    let made = create(&world, of("deep", 32)).unwrap();
    block_on(world.notifications.template(&Tenant::default(), made.id)).unwrap();
}

#[test]
fn names_are_unique_in_any_case_until_they_are_given_up() {
    let world = World::new();
    let first = create(&world, template("Greeting")).unwrap();
    let error = create(&world, template(" greeting ")).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("template_name_taken", Kind::Conflict));

    let rename = |details| {
        block_on(world.notifications.update_template(&world.host.context(), first.id, details)).unwrap()
    };
    assert_eq!(rename(template("GREETING")).version, 2, "its own name in another case is not taken");
    rename(template("farewell"));
    create(&world, template("greeting")).unwrap();
    let taken =
        block_on(world.notifications.update_template(&world.host.context(), first.id, template("greeting")));
    assert_eq!(taken.unwrap_err().code(), "template_name_taken");
    let kept = block_on(world.notifications.template(&tenant(), first.id)).unwrap();
    assert_eq!(kept.details.name, "farewell");
}

#[test]
fn the_same_again_changes_nothing() {
    let world = World::new();
    let made = create(&world, template("greeting")).unwrap();
    let context = world.host.context();
    let same =
        block_on(world.notifications.update_template(&context, made.id, template("greeting"))).unwrap();
    assert_eq!(same.version, 1);
    let off = block_on(world.notifications.deactivate_template(&context, made.id)).unwrap();
    let still_off = block_on(world.notifications.deactivate_template(&context, made.id)).unwrap();
    assert_eq!((off.active, off.version, still_off.version), (false, 2, 2));
    assert!(block_on(world.notifications.activate_template(&context, made.id)).unwrap().active);
}

#[test]
fn templates_are_listed_page_by_page() {
    let world = World::new();
    let names = ["a", "b", "c", "d", "e"];
    let made: Vec<_> = names.map(|name| create(&world, template(name)).unwrap().id).into();
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = block_on(world.notifications.templates(&tenant(), 2, cursor.as_deref())).unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|view| view.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
    let error = block_on(world.notifications.templates(&tenant(), 2, Some("x"))).unwrap_err();
    assert_eq!(error.violations()[0].code, "invalid_cursor");
}

#[test]
fn the_defaults_are_in_order_and_installed_once_around_an_operators_own() {
    let world = World::new();
    for details in default_templates() {
        assert_eq!(details.clone().checked(), Ok(details));
    }
    create(&world, template("order_failed")).unwrap();
    let install = || block_on(world.notifications.install_default_templates(&world.host.context())).unwrap();
    assert_eq!((install(), install()), (default_templates().len() - 1, 0));
}

#[test]
fn a_template_that_is_not_there_is_not_found() {
    let world = World::new();
    let nowhere = crate::id::TemplateId(world.host.new_id());
    let error = block_on(world.notifications.template(&tenant(), nowhere)).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("template_not_found", Kind::NotFound));
    let context = world.host.context();
    let error = block_on(world.notifications.update_template(&context, nowhere, template("a"))).unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}
