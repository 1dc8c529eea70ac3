//! Creating, describing and hiding categories.

use super::sample::{category_id, earlier, now, slug};
use crate::Aggregate;
use crate::catalog::*;
use crate::error::Kind;
use crate::testing::{given, test_context};

fn details() -> CategoryDetails {
    CategoryDetails {
        name: "Lamps & Lights".into(),
        description: "All that shines.".into(),
        display_order: 3,
        image_url: None,
    }
}

fn below_one() -> Placement {
    Placement::below(category_id(2), category_id(1), 1, |_| Position::Root).unwrap()
}

fn created() -> CategoryEvent {
    CategoryEvent::CategoryCreated {
        details: details(),
        slug: slug("lamps-lights"),
        parent_id: None,
        created_at: earlier(),
    }
}

fn changed(change: CategoryChange) -> CategoryEvent {
    CategoryEvent::CategoryUpdated { change, updated_at: earlier() }
}

fn changes(change: CategoryChange) -> [CategoryEvent; 1] {
    [CategoryEvent::CategoryUpdated { change, updated_at: now() }]
}

fn entry(category: &Category) -> &CategoryEntry {
    category.entry().expect("it was created")
}

fn create(details: CategoryDetails) -> CategoryCommand {
    CategoryCommand::Create { details, placement: Placement::root() }
}

fn update(details: CategoryDetails) -> CategoryCommand {
    CategoryCommand::Update { details, placement: Placement::root() }
}

fn faults(details: CategoryDetails) -> Vec<(String, &'static str)> {
    let rejection = Category::default().decide(create(details), &test_context()).unwrap_err();
    rejection.violations().iter().map(|v| (v.pointer.clone(), v.code)).collect()
}

#[test]
fn a_category_is_created_active_with_the_slug_of_its_name() {
    given::<Category>([])
        .when(create(details()))
        .then([CategoryEvent::CategoryCreated {
            details: details(),
            slug: slug("lamps-lights"),
            parent_id: None,
            created_at: now(),
        }])
        .then_state(|category| {
            let entry = entry(category);
            assert!(entry.is_active());
            assert_eq!((entry.details(), entry.slug().as_str()), (&details(), "lamps-lights"));
            assert_eq!((entry.created_at(), entry.updated_at()), (now(), now()));
            assert_eq!(entry.parent_id(), None);
        });
}

#[test]
fn a_category_is_created_in_its_parent() {
    given::<Category>([])
        .when(CategoryCommand::Create { details: details(), placement: below_one() })
        .then_state(|category| assert_eq!(entry(category).parent_id(), Some(category_id(1))));
}

#[test]
fn before_its_creation_a_category_takes_no_other_command() {
    assert_eq!(Category::default().entry(), None);
    for command in [update(details()), CategoryCommand::Activate, CategoryCommand::Deactivate] {
        given::<Category>([]).when(command).then_rejected(CategoryRejection::NotFound);
    }
}

#[test]
fn a_category_is_created_once() {
    given::<Category>([created()]).when(create(details())).then_rejected(CategoryRejection::AlreadyExists);
}

#[test]
fn a_category_is_described_anew_and_gets_the_slug_of_its_new_name() {
    let new = CategoryDetails { name: "Lanterns".into(), ..details() };
    given::<Category>([created()])
        .when(update(new.clone()))
        .then(changes(CategoryChange::Details {
            details: new.clone(),
            slug: slug("lanterns"),
            parent_id: None,
        }))
        .then_state(|category| {
            assert_eq!((entry(category).details(), entry(category).slug()), (&new, &slug("lanterns")));
            assert_eq!(entry(category).updated_at(), now());
        });
}

#[test]
fn a_category_is_moved_into_another_and_back_to_the_root() {
    let moved = CategoryChange::Details {
        details: details(),
        slug: slug("lamps-lights"),
        parent_id: Some(category_id(1)),
    };
    given::<Category>([created()])
        .when(CategoryCommand::Update { details: details(), placement: below_one() })
        .then(changes(moved.clone()));
    given::<Category>([created(), changed(moved)])
        .when(update(details()))
        .then_state(|category| assert_eq!(entry(category).parent_id(), None));
}

#[test]
fn describing_a_category_as_it_is_changes_nothing() {
    let padded =
        CategoryDetails { name: " Lamps & Lights ".into(), image_url: Some(" ".into()), ..details() };
    given::<Category>([created()]).when(update(padded)).then_nothing();
}

#[test]
fn a_category_is_deactivated_and_activated_again() {
    given::<Category>([created()])
        .when(CategoryCommand::Deactivate)
        .then(changes(CategoryChange::Deactivated))
        .then_state(|category| assert!(!entry(category).is_active()));
    given::<Category>([created(), changed(CategoryChange::Deactivated)])
        .when(CategoryCommand::Activate)
        .then(changes(CategoryChange::Activated))
        .then_state(|category| assert!(entry(category).is_active()));
}

#[test]
fn asking_for_the_state_a_category_is_in_changes_nothing() {
    given::<Category>([created()]).when(CategoryCommand::Activate).then_nothing();
    given::<Category>([created(), changed(CategoryChange::Deactivated)])
        .when(CategoryCommand::Deactivate)
        .then_nothing();
}

#[test]
fn a_category_that_isnt_active_can_be_described_and_stays_so() {
    given::<Category>([created(), changed(CategoryChange::Deactivated)])
        .when(update(CategoryDetails { name: "Lanterns".into(), ..details() }))
        .then_state(|category| {
            assert_eq!(entry(category).details().name, "Lanterns");
            assert!(!entry(category).is_active());
        });
}

#[test]
fn every_fault_of_a_category_is_told() {
    let wrong = CategoryDetails {
        name: " ".into(),
        description: "x".repeat(1_001),
        display_order: 0,
        image_url: Some("javascript:alert(1)".into()),
    };
    assert_eq!(
        faults(wrong),
        [
            ("/name".to_owned(), "required"),
            ("/description".to_owned(), "too_long"),
            ("/image_url".to_owned(), "invalid_url")
        ]
    );
}

#[test]
fn the_details_of_a_category_have_limits() {
    let longest = CategoryDetails {
        name: "ä".repeat(100),
        description: "ä".repeat(1_000),
        image_url: Some("https://example.com/a.jpg".into()),
        ..details()
    };
    assert_eq!(longest.clone().checked(), Ok(longest.clone()));
    assert_eq!(
        faults(CategoryDetails { name: "ä".repeat(101), ..longest }),
        [("/name".to_owned(), "too_long")]
    );
    let bare = CategoryDetails { description: String::new(), ..details() };
    assert_eq!(bare.clone().checked(), Ok(bare));
}

#[test]
fn each_rejection_has_its_code_and_kind() {
    let (category, parent) = (category_id(1), category_id(2));
    for (rejection, code, kind) in [
        (CategoryRejection::NotFound, "category_not_found", Kind::NotFound),
        (CategoryRejection::AlreadyExists, "already_exists", Kind::Conflict),
        (CategoryRejection::Invalid(Vec::new()), "invalid", Kind::Invalid),
        (CategoryRejection::ParentNotFound { parent }, "parent_not_found", Kind::Invalid),
        (CategoryRejection::Cycle { category, parent }, "category_cycle", Kind::Conflict),
        (CategoryRejection::TooDeep { parent }, "category_too_deep", Kind::Conflict),
    ] {
        assert_eq!((rejection.code(), rejection.kind()), (code, kind));
    }
}
