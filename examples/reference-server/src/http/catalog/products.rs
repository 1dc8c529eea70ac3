//! Products.

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use commerce_adapters::http::{Anyone, Asked, Body, Caller, Id, NoBody, NoParams, Only, Problem, created};
use commerce_core::Context;
use commerce_core::catalog::{Category, Product, ProductCommand, ProductRejection, ProductStatus};
use commerce_core::commit::{Claim, Commit};
use commerce_core::id::{CategoryId, CustomerId, ProductId};
use commerce_core::store::Query;
use commerce_core::value::Sku;

use super::CatalogApi;
use super::bodies::{FeaturedBody, NewProductBody, PriceBody, ProductBody};
use super::shown::{self, ProductShown};
use crate::http::Write;
use crate::http::roles::{ADMIN, Admins};
use crate::services::Session;
use crate::services::catalog::note_view;
use crate::views::Row;
use crate::views::catalog::PRODUCTS;

/// Makes a product, as a draft.
#[utoipa::path(
    post, path = "/catalog/products", tag = "catalog", security(("bearer" = [])),
    request_body = NewProductBody,
    responses((status = 201, description = "made", body = ProductShown)),
)]
pub(super) async fn create_product(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    write: Write,
    Body(body): Body<NewProductBody>,
) -> Result<Response, Problem> {
    let id = ProductId(write.context.new_id(1));
    let draft = body.draft();
    let known = api.has_category(&write.context, draft.revision.category_id()).await?;
    let (sku, commands) = draft.checked(known).map_err(Problem::violations)?;
    let make = |product: &mut Session<Product>| {
        for command in commands {
            product.decide(command, &write.context)?;
        }
        Ok(Commit::new().claim(Claim::new("sku", sku.as_str())))
    };
    let show = |product: &Session<Product>| {
        let location = format!("/api/v1/catalog/products/{id}");
        created(&location, product.version(), &ProductShown::of(id, product.state()))
    };
    write.create::<Product>(&api.store, id, make, show).await
}

/// A product. Those that are not for sale are shown to admins alone.
#[utoipa::path(
    get, path = "/catalog/products/{id}", tag = "catalog",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the product", body = ProductShown)),
)]
pub(super) async fn show_product(
    State(api): State<CatalogApi>,
    Anyone(caller): Anyone,
    Asked(context): Asked,
    method: Method,
    Id(id): Id<ProductId>,
    _: NoParams,
) -> Result<Response, Problem> {
    show_to(&api, caller, &context, &method, id).await
}

async fn show_to(
    api: &CatalogApi,
    caller: Option<Caller>,
    context: &Context,
    method: &Method,
    id: ProductId,
) -> Result<Response, Problem> {
    let product = api.product(context, id, caller.as_ref()).await?;
    let viewer = caller.map(|caller| CustomerId(caller.id));
    // HEAD is answered too, by a machine that looks at nothing.
    if method == Method::GET {
        note_view(&api.store, context, id, product.state(), viewer);
    }
    Ok(shown::product(&product))
}

/// The product that has a SKU, in any case.
#[utoipa::path(
    get, path = "/catalog/products/sku/{sku}", tag = "catalog",
    params(("sku" = String, Path, pattern = "^[A-Za-z0-9_-]{1,50}$")),
    responses((status = 200, description = "the product", body = ProductShown)),
)]
pub(super) async fn show_product_by_sku(
    State(api): State<CatalogApi>,
    Anyone(caller): Anyone,
    Asked(context): Asked,
    method: Method,
    Id(sku): Id<Sku>,
    _: NoParams,
) -> Result<Response, Problem> {
    let query = Query::of(context.tenant(), PRODUCTS).equals("sku", sku.as_str()).limit(1);
    let rows = api.view.fresh().await?.query(&query).await?;
    let row = rows.first().map(|row| row.json::<Row<Product>>()).transpose()?;
    let id = row.and_then(|row| row.id.parse().ok()).ok_or(ProductRejection::NotFound)?;
    show_to(&api, caller, &context, &method, id).await
}

/// Describes a product anew.
#[utoipa::path(
    put, path = "/catalog/products/{id}", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = ProductBody,
    responses((status = 200, description = "changed", body = ProductShown)),
)]
pub(super) async fn update_product(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(body): Body<ProductBody>,
) -> Result<Response, Problem> {
    let revision = body.revision();
    let known = api.has_category(&write.context, revision.category_id()).await?;
    let commands = revision.checked(known).map_err(Problem::violations)?;
    api.change(&write, id, &commands).await
}

/// Changes what a product costs.
#[utoipa::path(
    put, path = "/catalog/products/{id}/price", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = PriceBody,
    responses((status = 200, description = "changed", body = ProductShown)),
)]
pub(super) async fn change_price(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(PriceBody { price, compare_at_price }): Body<PriceBody>,
) -> Result<Response, Problem> {
    api.change(&write, id, &[ProductCommand::ChangePrice { price, compare_at_price }]).await
}

/// Takes a product off sale for good.
#[utoipa::path(
    delete, path = "/catalog/products/{id}", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "archived", body = ProductShown)),
)]
pub(super) async fn archive_product(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<ProductId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.change(&write, id, &[ProductCommand::Archive]).await
}

/// Offers a product for sale.
#[utoipa::path(
    post, path = "/catalog/products/{id}/publish", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "changed", body = ProductShown)),
)]
pub(super) async fn publish_product(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<ProductId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.change(&write, id, &[ProductCommand::Publish]).await
}

/// Takes a product off sale. It can come back.
#[utoipa::path(
    post, path = "/catalog/products/{id}/unpublish", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "changed", body = ProductShown)),
)]
pub(super) async fn unpublish_product(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<ProductId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.change(&write, id, &[ProductCommand::Unpublish]).await
}

/// Features a product, or no more.
#[utoipa::path(
    post, path = "/catalog/products/{id}/featured", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = FeaturedBody,
    responses((status = 200, description = "changed", body = ProductShown)),
)]
pub(super) async fn feature_product(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(FeaturedBody { featured }): Body<FeaturedBody>,
) -> Result<Response, Problem> {
    api.change(&write, id, &[ProductCommand::SetFeatured { featured }]).await
}

/// Whether a caller sees what is not for sale.
pub(super) fn sees_all(caller: Option<&Caller>) -> bool {
    caller.is_some_and(|caller| caller.is_one_of(&[ADMIN]))
}

impl CatalogApi {
    /// Gives a product these commands, one after the other.
    pub(super) async fn change(
        &self,
        write: &Write,
        id: ProductId,
        commands: &[ProductCommand],
    ) -> Result<Response, Problem> {
        let decide = |product: &mut Session<Product>| {
            for command in commands {
                product.decide(command.clone(), &write.context)?;
            }
            Ok(Commit::new())
        };
        write.change(&self.store, id, decide, shown::product).await
    }

    /// A product that the caller may see.
    async fn product(
        &self,
        context: &Context,
        id: ProductId,
        caller: Option<&Caller>,
    ) -> Result<Session<Product>, Problem> {
        let product = Session::<Product>::load(&self.store, context, id).await?;
        let listing = product.state().listing().ok_or(ProductRejection::NotFound)?;
        if listing.status() != ProductStatus::Published && !sees_all(caller) {
            return Err(ProductRejection::NotFound.into());
        }
        Ok(product)
    }

    async fn has_category(&self, context: &Context, id: CategoryId) -> Result<bool, Problem> {
        Ok(Session::<Category>::load(&self.store, context, id).await?.exists())
    }
}
