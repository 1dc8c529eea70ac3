use super::sample::{details, gbp, sku};
use crate::catalog::{ProductCommand, ProductDetails, ProductDraft, ProductRevision, SeoOverrides};
use crate::value::Violation;

fn draft() -> ProductDraft {
    ProductDraft {
        sku: " lamp-1".into(),
        price: gbp(4_999),
        compare_at_price: None,
        revision: ProductRevision { details: details(), seo: SeoOverrides::default() },
    }
}

fn found(faults: &[Violation]) -> Vec<(&str, &'static str)> {
    faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect()
}

#[test]
fn a_draft_becomes_the_commands_that_make_it() {
    let (claimed, commands) = draft().checked(true).unwrap();
    let create =
        ProductCommand::Create { sku: sku(), details: details(), price: gbp(4_999), compare_at_price: None };
    assert_eq!(claimed, sku());
    assert_eq!(commands, [create, ProductCommand::SetSeo { seo: SeoOverrides::default() }]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let mut wrong = draft();
    wrong.sku = "lamp 1".into();
    wrong.price = gbp(0);
    wrong.revision.details = ProductDetails { name: " ".into(), brand: "b".repeat(101), ..details() };
    wrong.revision.seo = SeoOverrides { slug: Some("no slug".into()), ..SeoOverrides::default() };
    let faults = wrong.clone().checked(false).unwrap_err();
    let described = [
        ("/name", "required"),
        ("/brand", "too_long"),
        ("/category_id", "category_not_found"),
        ("/seo/slug", "invalid_slug"),
    ];
    assert_eq!(found(&faults)[0], ("/sku", "invalid_sku"));
    assert_eq!(found(&faults)[1..5], described);
    assert_eq!(found(&faults)[5], ("/price", "must_be_positive"));
    assert_eq!(found(&wrong.revision.checked(false).unwrap_err()), described);
}

#[test]
fn a_revision_needs_a_category_that_exists() {
    let revision = draft().revision;
    assert_eq!(revision.clone().checked(true).unwrap().len(), 2);
    assert_eq!(found(&revision.checked(false).unwrap_err()), [("/category_id", "category_not_found")]);
}
