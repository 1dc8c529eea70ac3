//! Catalog over HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{
    Asked, Body, Check, Id, Listing, Only, Page, Problem, Readiness, Resource, created,
};
use commerce_core::catalog::{
    Category, CategoryCommand, CategoryDetails, CategoryRejection, Placement, Position,
};
use commerce_core::commit::Commit;
use commerce_core::id::CategoryId;
use commerce_core::repository::Repository;
use commerce_core::store::{Query, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::roles::Admins;
use super::{Common, Service, Write};
use crate::services::Session;
use crate::views::catalog::{CATEGORIES, CatalogView};
use crate::views::{Row, View};

/// What the routes work on.
#[derive(Clone)]
pub struct CatalogApi {
    store: Arc<dyn Store>,
    view: View,
}

impl CatalogApi {
    /// On this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let view = View::new(store.clone(), Arc::new(CatalogView));
        Self { store, view }
    }

    /// Its lists, to be kept up to date.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The service.
    pub fn service(self, common: &Common) -> Service {
        let store = self.store.clone();
        let look = store.clone();
        let readiness = Readiness::default().check(Check::new("catalog store", move || {
            let store = look.clone();
            async move { store.now().await.map(|_| ()) }
        }));
        Service::new("catalog", common, &store, routes().with_state(self), readiness)
    }
}

fn routes() -> OpenApiRouter<CatalogApi> {
    OpenApiRouter::new()
        .routes(routes!(list_categories, create_category))
        .routes(routes!(show_category, update_category))
        .routes(routes!(deactivate_category))
}

/// A category, as it is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CategoryBody {
    /// Its name.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Its description.
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: String,
    /// The category it lies in; none for a root.
    parent_id: Option<Uuid>,
    /// Lower ones are shown first.
    #[serde(default)]
    display_order: u32,
    /// Where its image is: an http or https URL.
    #[schema(max_length = 2048)]
    image_url: Option<String>,
}

/// A category.
#[derive(Serialize, ToSchema)]
struct CategoryShown {
    id: Uuid,
    name: String,
    slug: String,
    description: String,
    parent_id: Option<Uuid>,
    display_order: u32,
    image_url: Option<String>,
    active: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl CategoryShown {
    fn of(id: CategoryId, category: &Category) -> Option<Self> {
        let entry = category.entry()?;
        let details = entry.details();
        Some(Self {
            id: id.0,
            name: details.name.clone(),
            slug: entry.slug().to_string(),
            description: details.description.clone(),
            parent_id: entry.parent_id().map(|parent| parent.0),
            display_order: details.display_order,
            image_url: details.image_url.clone(),
            active: entry.is_active(),
            created_at: entry.created_at().to_string(),
            updated_at: entry.updated_at().to_string(),
        })
    }
}

fn show(session: &Session<Category>) -> Response {
    Resource(session.version(), CategoryShown::of(*session.id(), session.state())).into_response()
}

/// Makes a category.
#[utoipa::path(
    post, path = "/catalog/categories", tag = "catalog", security(("bearer" = [])),
    request_body = CategoryBody,
    responses((status = 201, description = "made", body = CategoryShown)),
)]
async fn create_category(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    write: Write,
    Body(body): Body<CategoryBody>,
) -> Result<Response, Problem> {
    let id = CategoryId(write.context.new_id(1));
    let placement = api.placement(&write, id, body.parent_id).await?;
    let details = body.details();
    write
        .create::<Category>(
            &api.store,
            id,
            |category| {
                category.decide(CategoryCommand::Create { details, placement }, &write.context)?;
                Ok(Commit::new())
            },
            |category| {
                let location = format!("/api/v1/catalog/categories/{id}");
                created(&location, category.version(), &CategoryShown::of(id, category.state()))
            },
        )
        .await
}

/// Describes a category anew.
#[utoipa::path(
    put, path = "/catalog/categories/{id}", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = CategoryBody,
    responses((status = 200, description = "changed", body = CategoryShown)),
)]
async fn update_category(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<CategoryId>,
    write: Write,
    Body(body): Body<CategoryBody>,
) -> Result<Response, Problem> {
    let placement = api.placement(&write, id, body.parent_id).await?;
    let command = CategoryCommand::Update { details: body.details(), placement };
    api.command(&write, id, &command).await
}

/// Shows a category no more.
#[utoipa::path(
    post, path = "/catalog/categories/{id}/deactivate", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "changed", body = CategoryShown)),
)]
async fn deactivate_category(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<CategoryId>,
    write: Write,
) -> Result<Response, Problem> {
    api.command(&write, id, &CategoryCommand::Deactivate).await
}

/// A category.
#[utoipa::path(
    get, path = "/catalog/categories/{id}", tag = "catalog",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the category", body = CategoryShown)),
)]
async fn show_category(
    State(api): State<CatalogApi>,
    Asked(context): Asked,
    Id(id): Id<CategoryId>,
) -> Result<Response, Problem> {
    let category = Session::<Category>::load(&api.store, &context, id).await?;
    if !category.exists() {
        return Err(CategoryRejection::NotFound.into());
    }
    Ok(show(&category))
}

/// All categories, by id.
#[utoipa::path(
    get, path = "/catalog/categories", tag = "catalog",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<CategoryShown>)),
)]
async fn list_categories(
    State(api): State<CatalogApi>,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    let mut query = Query::of(context.tenant(), CATEGORIES).limit(page.look_ahead());
    if let Some(after) = page.after::<String>()? {
        query = query.after(after);
    }
    let rows = api.view.fresh().await?.query(&query).await?;
    let rows = rows.iter().map(|row| row.json::<Row<Category>>()).collect::<Result<Vec<_>, _>>()?;
    let listing = page.listing(rows, |row| row.id.clone())?;
    let items = listing.items.iter().filter_map(|row| CategoryShown::of(row.id.parse().ok()?, &row.state));
    Ok(Listing { items: items.collect(), next_cursor: listing.next_cursor }.into_response())
}

impl CategoryBody {
    fn details(self) -> CategoryDetails {
        let Self { name, description, display_order, image_url, .. } = self;
        CategoryDetails { name, description, display_order, image_url }
    }
}

impl CatalogApi {
    async fn command(
        &self,
        write: &Write,
        id: CategoryId,
        command: &CategoryCommand,
    ) -> Result<Response, Problem> {
        let decide = |category: &mut Session<Category>| {
            category.decide(command.clone(), &write.context)?;
            Ok(Commit::new())
        };
        write.change(&self.store, id, decide, show).await
    }

    async fn placement(
        &self,
        write: &Write,
        id: CategoryId,
        parent: Option<Uuid>,
    ) -> Result<Placement, Problem> {
        let Some(parent) = parent.map(CategoryId) else { return Ok(Placement::root()) };
        let categories = Repository::<Category>::new(self.store.clone());
        let loaded = categories.load(write.context.tenant(), &parent).await?;
        let position = match loaded.state.entry() {
            None => Position::Missing,
            Some(_) => Position::Root,
        };
        Ok(Placement::below(id, parent, |_| position)?)
    }
}
