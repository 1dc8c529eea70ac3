//! Lists of products.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{Anyone, Asked, Caller, Id, Listing, Page, Problem};
use commerce_core::Context;
use commerce_core::catalog::Product;
use commerce_core::id::CategoryId;
use commerce_core::store::Query;

use super::CatalogApi;
use super::products::sees_all;
use super::shown::ProductShown;
use crate::views::Row;
use crate::views::catalog::PRODUCTS;

/// The products that are featured; those that are not for sale are shown to admins alone.
#[utoipa::path(
    get, path = "/catalog/products/featured", tag = "catalog",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<ProductShown>)),
)]
pub(super) async fn featured_products(
    State(api): State<CatalogApi>,
    Anyone(caller): Anyone,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    list(&api, &context, caller.as_ref(), &page, |query| query.equals("featured", 1)).await
}

/// The products in a category; those that are not for sale are shown to admins alone.
#[utoipa::path(
    get, path = "/catalog/products/category/{category_id}", tag = "catalog",
    params(
        ("category_id" = Uuid, Path),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "a page of them", body = Listing<ProductShown>)),
)]
pub(super) async fn products_in_category(
    State(api): State<CatalogApi>,
    Anyone(caller): Anyone,
    Asked(context): Asked,
    Id(id): Id<CategoryId>,
    page: Page,
) -> Result<Response, Problem> {
    in_category(&api, &context, caller.as_ref(), id, &page).await
}

/// The products of a category; those that are not for sale are shown to admins alone.
#[utoipa::path(
    get, path = "/catalog/categories/{id}/products", tag = "catalog",
    params(
        ("id" = Uuid, Path),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, description = "a page of them", body = Listing<ProductShown>)),
)]
pub(super) async fn products_of_category(
    State(api): State<CatalogApi>,
    Anyone(caller): Anyone,
    Asked(context): Asked,
    Id(id): Id<CategoryId>,
    page: Page,
) -> Result<Response, Problem> {
    in_category(&api, &context, caller.as_ref(), id, &page).await
}

async fn in_category(
    api: &CatalogApi,
    context: &Context,
    caller: Option<&Caller>,
    id: CategoryId,
    page: &Page,
) -> Result<Response, Problem> {
    api.category(context, id).await?;
    list(api, context, caller, page, |query| query.equals("category", id.to_string())).await
}

async fn list(
    api: &CatalogApi,
    context: &Context,
    caller: Option<&Caller>,
    page: &Page,
    narrow: impl Fn(Query) -> Query,
) -> Result<Response, Problem> {
    let mut query = narrow(Query::of(context.tenant(), PRODUCTS));
    if !sees_all(caller) {
        query = query.equals("published", 1);
    }
    let show = |row: &Row<Product>| ProductShown::of(row.id.parse().ok()?, &row.state);
    Ok(api.view.page(page, query, show).await?.into_response())
}
