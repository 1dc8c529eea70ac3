//! What is asked for.

use commerce_core::catalog::{
    CategoryDetails, ImageId, NewImage, ProductDetails, ProductDraft, ProductRevision, SeoOverrides,
};
use commerce_core::id::CategoryId;
use commerce_core::value::Money;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::schema;

/// A category, as it is asked for.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryBody {
    /// Its name.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// Its description.
    #[serde(default)]
    #[schema(max_length = 1000, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    description: String,
    /// The category it lies in; none for a root.
    pub(super) parent_id: Option<Uuid>,
    /// Lower ones are shown first.
    #[serde(default)]
    display_order: u32,
    /// Where its image is: an http or https URL.
    #[schema(
        max_length = 2048,
        pattern = r#"^\s*$|^[Hh][Tt][Tt][Pp][Ss]?://[^\s"<>\\`/?#\x00-\x1f\x7f-\x9f][^\s"<>\\`\x00-\x1f\x7f-\x9f]*$"#
    )]
    image_url: Option<String>,
}

impl CategoryBody {
    pub(super) fn details(&self) -> CategoryDetails {
        let Self { name, description, display_order, image_url, .. } = self.clone();
        CategoryDetails { name, description, display_order, image_url }
    }
}

/// A product, as it is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProductBody {
    /// Its stock keeping unit, for good. Lower case becomes upper case.
    #[schema(min_length = 1, max_length = 50, pattern = "^[A-Za-z0-9_-]{1,50}$", example = "LAMP-01")]
    sku: String,
    /// Its name.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// Its description.
    #[schema(
        min_length = 1,
        max_length = 5000,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    description: String,
    /// Its brand.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    brand: String,
    /// The category it is found in.
    category_id: Uuid,
    /// What it costs: above zero.
    #[schema(value_type = schema::MoneyAboveZero)]
    price: Money,
    /// What it cost before, or costs elsewhere: above the price.
    #[schema(value_type = Option<schema::MoneyAboveZero>)]
    compare_at_price: Option<Money>,
    /// What search engines are told.
    seo: Option<SeoBody>,
}

impl NewProductBody {
    pub(super) fn draft(self) -> ProductDraft {
        let Self { sku, name, description, brand, category_id, price, compare_at_price, seo } = self;
        let details = ProductDetails { name, description, brand, category_id: CategoryId(category_id) };
        let revision = ProductRevision { details, seo: seo.unwrap_or_default().overrides() };
        ProductDraft { sku, price, compare_at_price, revision }
    }
}

/// A product, as it is to be described from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductBody {
    /// Its name.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// Its description.
    #[schema(
        min_length = 1,
        max_length = 5000,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    description: String,
    /// Its brand.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    brand: String,
    /// The category it is found in.
    category_id: Uuid,
    /// What search engines are told; what follows from the name, for what is missing.
    seo: Option<SeoBody>,
}

impl ProductBody {
    pub(super) fn revision(self) -> ProductRevision {
        let Self { name, description, brand, category_id, seo } = self;
        let details = ProductDetails { name, description, brand, category_id: CategoryId(category_id) };
        ProductRevision { details, seo: seo.unwrap_or_default().overrides() }
    }
}

/// What search engines are told. What is missing follows from the name.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeoBody {
    /// The title of its page.
    #[schema(max_length = 200, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    title: Option<String>,
    /// The description of its page.
    #[schema(max_length = 500, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    description: Option<String>,
    /// The end of its page's address: words joined by single hyphens.
    #[schema(max_length = 100, pattern = "^$|^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$")]
    slug: Option<String>,
}

impl SeoBody {
    fn overrides(self) -> SeoOverrides {
        let Self { title, description, slug } = self;
        SeoOverrides { title, description, slug }
    }
}

/// What a product is to cost.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceBody {
    /// What it costs: above zero.
    #[schema(value_type = schema::MoneyAboveZero)]
    pub(super) price: Money,
    /// What it cost before, or costs elsewhere: above the price. None takes an earlier one away.
    #[schema(value_type = Option<schema::MoneyAboveZero>)]
    pub(super) compare_at_price: Option<Money>,
}

/// An image to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageBody {
    /// Where it is: an http or https URL.
    #[schema(
        min_length = 1,
        max_length = 2048,
        pattern = r#"^[Hh][Tt][Tt][Pp][Ss]?://[^\s"<>\\`/?#\x00-\x1f\x7f-\x9f][^\s"<>\\`\x00-\x1f\x7f-\x9f]*$"#
    )]
    url: String,
    /// What is to be seen on it; none for a mere ornament.
    #[serde(default)]
    #[schema(max_length = 250, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    alt_text: String,
    /// Lower ones are shown first; after all others, without one.
    display_order: Option<u32>,
    /// Whether it becomes the primary image. The first one does anyway.
    #[serde(default)]
    primary: bool,
}

impl ImageBody {
    pub(super) fn image(self, id: ImageId) -> NewImage {
        let Self { url, alt_text, display_order, primary } = self;
        NewImage { id, url, alt_text, display_order, primary }
    }
}

/// An attribute to be added, or changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeBody {
    /// Names it for programs.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    pub(super) key: String,
    /// Its value.
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    pub(super) value: String,
    /// Names it for people. Without one, the key does.
    #[schema(max_length = 100, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    pub(super) display_name: Option<String>,
}

/// Tags to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TagsBody {
    /// In any case. Those the product has already stay.
    #[schema(min_items = 1)]
    pub(super) tags: Vec<TagText>,
}

/// A word or two by which products are found together.
#[derive(Deserialize, ToSchema)]
#[schema(
    min_length = 1,
    max_length = 50,
    pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
)]
pub(super) struct TagText(pub(super) String);

/// Whether a product is to be featured.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeaturedBody {
    /// Whether.
    pub(super) featured: bool,
}
