//! Categories.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{
    Anyone, Asked, Body, Id, Listing, NoBody, NoParams, Only, Page, Problem, created,
};
use commerce_core::Context;
use commerce_core::catalog::Category;
use commerce_core::catalog::{CategoryCommand, CategoryRejection, Placement};
use commerce_core::commit::Commit;
use commerce_core::id::CategoryId;
use commerce_core::store::Query;
use commerce_core::value::Violation;

use super::CatalogApi;
use super::bodies::CategoryBody;
use super::shown::{self, CategoryShown};
use crate::http::Write;
use crate::http::roles::Admins;
use crate::services::Session;
use crate::services::catalog::Tree;
use crate::views::Row;
use crate::views::catalog::{CATEGORIES, category_place};

/// Makes a category.
#[utoipa::path(
    post, path = "/catalog/categories", tag = "catalog", security(("bearer" = [])),
    request_body = CategoryBody,
    responses((status = 201, description = "made", body = CategoryShown)),
)]
pub(super) async fn create_category(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    write: Write,
    Body(body): Body<CategoryBody>,
) -> Result<Response, Problem> {
    let id = CategoryId(write.context.new_id(1));
    let tree = Tree::above(&api.store, &write.context, body.parent_id.map(CategoryId)).await?;
    let placement = place(&tree, id, &body)?;
    let make = |category: &mut Session<Category>| {
        category.decide(CategoryCommand::Create { details: body.details(), placement }, &write.context)?;
        Ok(Commit::new())
    };
    let show = |category: &Session<Category>| {
        let location = format!("/api/v1/catalog/categories/{id}");
        created(&location, category.version(), &CategoryShown::of(id, category.state()))
    };
    write.create::<Category>(&api.store, id, make, show).await
}

/// Describes a category anew, and moves it.
#[utoipa::path(
    put, path = "/catalog/categories/{id}", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = CategoryBody,
    responses((status = 200, description = "changed", body = CategoryShown)),
)]
pub(super) async fn update_category(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<CategoryId>,
    write: Write,
    Body(body): Body<CategoryBody>,
) -> Result<Response, Problem> {
    let parent_id = body.parent_id.map(CategoryId);
    let look = || Tree::around(&api.view, &api.store, &write.context, (id, parent_id));
    let decide = |category: &mut Session<Category>, tree: &Tree| {
        let before = category.state().entry().map(Placement::of);
        let stays = before.filter(|before| before.parent_id() == parent_id);
        let placement = stays.map_or_else(|| place(tree, id, &body), Ok)?;
        category.decide(CategoryCommand::Update { details: body.details(), placement }, &write.context)?;
        Ok(if stays.is_some() { Commit::new() } else { Commit::new().document(tree.moved()) })
    };
    write.change_after(&api.store, id, look, decide, shown::category).await
}

/// Shows a category again.
#[utoipa::path(
    post, path = "/catalog/categories/{id}/activate", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "changed", body = CategoryShown)),
)]
pub(super) async fn activate_category(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<CategoryId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    command(&api, &write, id, &CategoryCommand::Activate).await
}

/// Shows a category no more.
#[utoipa::path(
    post, path = "/catalog/categories/{id}/deactivate", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "changed", body = CategoryShown)),
)]
pub(super) async fn deactivate_category(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<CategoryId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    command(&api, &write, id, &CategoryCommand::Deactivate).await
}

/// A category.
#[utoipa::path(
    get, path = "/catalog/categories/{id}", tag = "catalog",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the category", body = CategoryShown)),
)]
pub(super) async fn show_category(
    State(api): State<CatalogApi>,
    _: Anyone,
    Asked(context): Asked,
    Id(id): Id<CategoryId>,
    _: NoParams,
) -> Result<Response, Problem> {
    Ok(shown::category(&api.category(&context, id).await?))
}

/// All categories, in the order in which they are shown.
#[utoipa::path(
    get, path = "/catalog/categories", tag = "catalog",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<CategoryShown>)),
)]
pub(super) async fn list_categories(
    State(api): State<CatalogApi>,
    _: Anyone,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    list(&api, &context, &page, |query| query).await
}

/// The categories that are active, in the order in which they are shown.
#[utoipa::path(
    get, path = "/catalog/categories/active", tag = "catalog",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<CategoryShown>)),
)]
pub(super) async fn active_categories(
    State(api): State<CatalogApi>,
    _: Anyone,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    list(&api, &context, &page, |query| query.equals("active", 1)).await
}

/// The categories that lie in no other, in the order in which they are shown.
#[utoipa::path(
    get, path = "/catalog/categories/root", tag = "catalog",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<CategoryShown>)),
)]
pub(super) async fn root_categories(
    State(api): State<CatalogApi>,
    _: Anyone,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    list(&api, &context, &page, |query| query.equals("parent", "")).await
}

async fn list(
    api: &CatalogApi,
    context: &Context,
    page: &Page,
    narrow: impl Fn(Query) -> Query,
) -> Result<Response, Problem> {
    let after = page.after::<(u32, CategoryId)>()?;
    let after = after.map(|(order, id)| category_place(order, &id.to_string()));
    // The place itself is read again, as a query has no "more than".
    let query = Query::of(context.tenant(), CATEGORIES).ascending("place").limit(page.look_ahead() + 1);
    let query = match &after {
        Some(place) => query.at_least("place", place.as_str()),
        None => query,
    };
    let rows = api.view.fresh().await?.query(&narrow(query)).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for row in &rows {
        let row: Row<Category> = row.json()?;
        let (Ok(id), Some(entry)) = (row.id.parse::<CategoryId>(), row.state.entry()) else { continue };
        let order = entry.details().display_order;
        if after.as_ref() != Some(&category_place(order, &row.id)) {
            shown.extend(CategoryShown::of(id, &row.state).map(|shown| ((order, id), shown)));
        }
    }
    shown.truncate(page.look_ahead());
    let Listing { items, next_cursor } = page.listing(shown, |(place, _)| *place)?;
    Ok(Listing { items: items.into_iter().map(|(_, shown)| shown).collect(), next_cursor }.into_response())
}

async fn command(
    api: &CatalogApi,
    write: &Write,
    id: CategoryId,
    command: &CategoryCommand,
) -> Result<Response, Problem> {
    let decide = |category: &mut Session<Category>| {
        category.decide(command.clone(), &write.context)?;
        Ok(Commit::new())
    };
    write.change(&api.store, id, decide, shown::category).await
}

/// A parent that doesn't exist is a fault of the body, and told with all others.
fn place(tree: &Tree, id: CategoryId, body: &CategoryBody) -> Result<Placement, Problem> {
    tree.place(id).map_err(|rejection| match rejection {
        CategoryRejection::ParentNotFound { .. } => {
            let mut faults = body.details().checked().err().unwrap_or_default();
            faults.push(Violation::new("/parent_id", rejection.code(), rejection.to_string()));
            Problem::violations(faults)
        }
        rejection => rejection.into(),
    })
}
