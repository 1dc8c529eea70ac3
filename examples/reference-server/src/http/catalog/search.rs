//! The search.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{Anyone, Asked, Limit, Listing, Page, Params, Problem};
use commerce_core::catalog::search::{Facets, Place, SearchFilter, SearchQuery, Sort};
use commerce_core::id::CategoryId;
use commerce_core::value::{Currency, Violation};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::openapi::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::CatalogApi;
use super::shown::ProductShown;

/// The longest text that is searched.
const LONGEST_TEXT: usize = 200;
/// The longest tag there is.
const LONGEST_TAG: usize = 50;

/// What is searched. An empty text is the same as none; one without a letter or a digit finds nothing.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchParams {
    /// Words that must all be there, in any case and with any accents; of the last one the beginning is enough.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only products in this category itself.
    category_id: Option<Uuid>,
    /// Only products that cost so much at least.
    #[param(pattern = r"^$|^[0-9]{1,15}(\.[0-9]{1,4})?$")]
    min_price: Option<String>,
    /// Only products that cost so much at most.
    #[param(pattern = r"^$|^[0-9]{1,15}(\.[0-9]{1,4})?$")]
    max_price: Option<String>,
    /// Only products that are sold in this currency; without one, prices are compared whatever their currency.
    #[param(schema_with = currencies)]
    currency: Option<String>,
    /// Only products that have this tag.
    #[param(max_length = 50)]
    tag: Option<String>,
    /// In what order: the best fit first, unless it is said.
    #[param(inline)]
    sort: Option<SortAsked>,
    /// So many at most: 20, unless it is said.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    /// Where the page begins.
    cursor: Option<String>,
}

/// The currencies there are, or none.
fn currencies() -> Object {
    let codes = Currency::all().map(Currency::code).chain([""]);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes)).build()
}

/// The orders there are.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SortAsked {
    Relevance,
    PriceAsc,
    PriceDesc,
    Newest,
    Name,
}

/// A page of what was found.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchShown {
    /// What is on the page.
    items: Vec<ProductShown>,
    /// What to pass as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// How many there are on all pages.
    total: usize,
    /// How those on all pages spread.
    facets: FacetsShown,
}

/// How many hits there are, the most first: of a thousand categories and brands at most.
#[derive(Serialize, ToSchema)]
struct FacetsShown {
    categories: Vec<CategoryCount>,
    brands: Vec<BrandCount>,
}

/// How many hits are in a category.
#[derive(Serialize, ToSchema)]
struct CategoryCount {
    category_id: Uuid,
    count: usize,
}

/// How many hits are of a brand.
#[derive(Serialize, ToSchema)]
struct BrandCount {
    brand: String,
    count: usize,
}

/// Products that are for sale, by their words.
#[utoipa::path(
    get, path = "/catalog/products/search", tag = "catalog",
    params(SearchParams),
    responses((status = 200, description = "a page of them", body = SearchShown)),
)]
pub(super) async fn search_products(
    State(api): State<CatalogApi>,
    Anyone(_): Anyone,
    Asked(context): Asked,
    Params(params): Params<SearchParams>,
) -> Result<Response, Problem> {
    let page = Page::new("products/search", params.limit, params.cursor.clone());
    let mut query = params.query(page.look_ahead())?;
    let sort = query.sort;
    query.after = page.after::<(Sort, Place)>()?.map(|cursor| of_this_order(sort, cursor)).transpose()?;
    let found = api.search.search(context.tenant(), &query, ProductShown::of).await?;
    let Listing { items, next_cursor } = page.listing(found.hits, |(place, _)| (sort, place.clone()))?;
    let items = items.into_iter().map(|(_, shown)| shown).collect();
    let shown = SearchShown { items, next_cursor, total: found.total, facets: found.facets.into() };
    Ok(Json(shown).into_response())
}

fn of_this_order(sort: Sort, (of, place): (Sort, Place)) -> Result<Place, Problem> {
    if sort == of {
        return Ok(place);
    }
    Err(Problem::invalid("invalid_cursor", "the cursor is of another order: begin without one"))
}

impl SearchParams {
    fn query(&self, limit: usize) -> Result<SearchQuery, Problem> {
        let mut faults = Vec::new();
        let filter = SearchFilter {
            category_id: self.category_id.map(CategoryId),
            min_price: given(&self.min_price).and_then(|text| price("/min_price", text, &mut faults)),
            max_price: given(&self.max_price).and_then(|text| price("/max_price", text, &mut faults)),
            currency: given(&self.currency).and_then(|code| {
                keep(Currency::parse(code).map_err(|unknown| unknown.at("/currency")), &mut faults)
            }),
            tag: given(&self.tag).map(|tag| tag.trim().to_lowercase()),
        };
        for (pointer, text, most) in [("/q", &self.q, LONGEST_TEXT), ("/tag", &self.tag, LONGEST_TAG)] {
            if text.as_ref().is_some_and(|text| text.chars().count() > most) {
                let detail = format!("must have at most {most} characters");
                faults.push(Violation::new(pointer, "too_long", detail));
            }
        }
        if let Some(first) = faults.first() {
            let detail = format!("the query can't be right: {first}");
            return Err(Problem::invalid("invalid_query", detail).with("errors", json!(faults)));
        }
        let sort = self.sort.map_or_else(Sort::default, Sort::from);
        Ok(SearchQuery { text: self.q.clone().unwrap_or_default(), filter, sort, after: None, limit })
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn keep<T>(checked: Result<T, Violation>, faults: &mut Vec<Violation>) -> Option<T> {
    checked.map_err(|fault| faults.push(fault)).ok()
}

/// A bound has no currency of its own, and so as many decimals as any has.
fn price(pointer: &str, text: &str, faults: &mut Vec<Violation>) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits =
        |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let plain = digits(whole, 15) && digits(fraction, 4);
    let amount = Decimal::from_str(text).ok().filter(|_| plain);
    let fault = || Violation::new(pointer, "not_a_number", "must be an amount such as 12.34");
    keep(amount.ok_or_else(fault), faults)
}

impl From<SortAsked> for Sort {
    fn from(sort: SortAsked) -> Self {
        match sort {
            SortAsked::Relevance => Self::Relevance,
            SortAsked::PriceAsc => Self::PriceAsc,
            SortAsked::PriceDesc => Self::PriceDesc,
            SortAsked::Newest => Self::Newest,
            SortAsked::Name => Self::Name,
        }
    }
}

impl From<Facets> for FacetsShown {
    fn from(facets: Facets) -> Self {
        let categories = facets.categories.into_iter();
        let brands = facets.brands.into_iter();
        Self {
            categories: categories
                .map(|(category_id, count)| CategoryCount { category_id: category_id.0, count })
                .collect(),
            brands: brands.map(|(brand, count)| BrandCount { brand, count }).collect(),
        }
    }
}
