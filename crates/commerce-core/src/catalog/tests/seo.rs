//! What search engines are told.

use super::sample::*;
use crate::catalog::*;
use crate::testing::given;

fn overrides(title: Option<&str>, description: Option<&str>, slug: Option<&str>) -> SeoOverrides {
    SeoOverrides {
        title: title.map(str::to_owned),
        description: description.map(str::to_owned),
        slug: slug.map(str::to_owned),
    }
}

fn all_set() -> SeoOverrides {
    overrides(Some("Buy a lamp"), Some("The best"), Some("best-lamp"))
}

fn set_seo(seo: SeoOverrides) -> ProductCommand {
    ProductCommand::SetSeo { seo }
}

fn renamed() -> ProductCommand {
    ProductCommand::Update { details: ProductDetails { name: "Floor Lamp".into(), ..details() } }
}

#[test]
fn everything_follows_from_the_name_by_default() {
    let seo = listing(&given::<Product>([created()]).state()).seo();
    let expected =
        Seo { title: "Desk Lamp".into(), description: "Desk Lamp".into(), slug: slug("desk-lamp") };
    assert_eq!(seo, expected);
}

#[test]
fn what_is_set_goes_before_the_name() {
    given::<Product>([created()])
        .when(set_seo(all_set()))
        .then(changes(ProductChange::Seo { seo: all_set() }))
        .then_state(|product| {
            let expected =
                Seo { title: "Buy a lamp".into(), description: "The best".into(), slug: slug("best-lamp") };
            assert_eq!(listing(product).seo(), expected);
        });
}

#[test]
fn what_isnt_set_follows_the_name_when_it_changes() {
    let title_only = changed(ProductChange::Seo { seo: overrides(Some("Buy a lamp"), None, None) });
    given::<Product>([created(), title_only]).when(renamed()).then_state(|product| {
        let expected =
            Seo { title: "Buy a lamp".into(), description: "Floor Lamp".into(), slug: slug("floor-lamp") };
        assert_eq!(listing(product).seo(), expected);
    });
}

#[test]
fn what_is_set_no_more_follows_the_name_again() {
    let history = [created(), changed(ProductChange::Seo { seo: all_set() })];
    given::<Product>(history).when(set_seo(overrides(None, Some(" "), Some("")))).then_state(|product| {
        assert_eq!(listing(product).seo_overrides(), &SeoOverrides::default());
        assert_eq!(listing(product).seo().slug, slug("desk-lamp"));
    });
}

#[test]
fn setting_what_is_set_changes_nothing() {
    let history = [created(), changed(ProductChange::Seo { seo: all_set() })];
    given::<Product>(history)
        .when(set_seo(overrides(Some(" Buy a lamp "), Some("The best"), Some("Best-Lamp"))))
        .then_nothing();
    given::<Product>([created()]).when(set_seo(SeoOverrides::default())).then_nothing();
}

#[test]
fn every_fault_is_told() {
    let wrong = overrides(Some(&"x".repeat(201)), Some(&"x".repeat(501)), Some("not a slug"));
    assert_eq!(
        faults_of([created()], set_seo(wrong)),
        [
            ("/title".to_owned(), "too_long"),
            ("/description".to_owned(), "too_long"),
            ("/slug".to_owned(), "invalid_slug")
        ]
    );
}

#[test]
fn a_name_without_letters_or_digits_gives_way_to_the_sku() {
    let nameless = ProductDetails { name: "★★★".into(), ..details() };
    given::<Product>([created()])
        .when(ProductCommand::Update { details: nameless })
        .then_state(|product| assert_eq!(listing(product).seo().slug, slug("lamp-1")));
}
