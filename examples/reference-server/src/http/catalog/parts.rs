//! Images, attributes and tags of products.

use axum::extract::{Path, State};
use axum::response::Response;
use commerce_adapters::http::{Body, Id, Only, Problem};
use commerce_core::catalog::{ImageId, ProductCommand};
use commerce_core::id::ProductId;

use super::CatalogApi;
use super::bodies::{AttributeBody, ImageBody, TagsBody};
use super::shown::ProductShown;
use crate::http::Write;
use crate::http::roles::Admins;

/// Adds an image to a product.
#[utoipa::path(
    post, path = "/catalog/products/{id}/images", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = ImageBody,
    responses((status = 200, description = "the product with it", body = ProductShown)),
)]
pub(super) async fn add_image(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(body): Body<ImageBody>,
) -> Result<Response, Problem> {
    let image = body.image(ImageId(write.context.new_id(1)));
    api.change(&write, id, &[ProductCommand::AddImage(image)]).await
}

/// Removes an image from a product.
#[utoipa::path(
    delete, path = "/catalog/products/{id}/images/{image_id}", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("image_id" = Uuid, Path)),
    responses((status = 200, description = "the product without it", body = ProductShown)),
)]
pub(super) async fn remove_image(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Path((id, image_id)): Path<(String, String)>,
    write: Write,
) -> Result<Response, Problem> {
    let image_id = Id::<ImageId>::read(&image_id)?;
    api.change(&write, Id::<ProductId>::read(&id)?, &[ProductCommand::RemoveImage { image_id }]).await
}

/// Adds an attribute to a product, or changes the one that has this key.
#[utoipa::path(
    post, path = "/catalog/products/{id}/attributes", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = AttributeBody,
    responses((status = 200, description = "the product with it", body = ProductShown)),
)]
pub(super) async fn set_attribute(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(AttributeBody { key, value, display_name }): Body<AttributeBody>,
) -> Result<Response, Problem> {
    api.change(&write, id, &[ProductCommand::SetAttribute { key, value, display_name }]).await
}

/// Removes an attribute from a product.
#[utoipa::path(
    delete, path = "/catalog/products/{id}/attributes/{key}", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("key" = String, Path, min_length = 1, max_length = 100)),
    responses((status = 200, description = "the product without it", body = ProductShown)),
)]
pub(super) async fn remove_attribute(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Path((id, key)): Path<(String, String)>,
    write: Write,
) -> Result<Response, Problem> {
    api.change(&write, Id::<ProductId>::read(&id)?, &[ProductCommand::RemoveAttribute { key }]).await
}

/// Adds tags to a product.
#[utoipa::path(
    post, path = "/catalog/products/{id}/tags", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = TagsBody,
    responses((status = 200, description = "the product with them", body = ProductShown)),
)]
pub(super) async fn add_tags(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Id(id): Id<ProductId>,
    write: Write,
    Body(body): Body<TagsBody>,
) -> Result<Response, Problem> {
    let tags = body.tags.into_iter().map(|tag| tag.0).collect();
    api.change(&write, id, &[ProductCommand::AddTags { tags }]).await
}

/// Removes a tag from a product.
#[utoipa::path(
    delete, path = "/catalog/products/{id}/tags/{tag}", tag = "catalog", security(("bearer" = [])),
    params(("id" = Uuid, Path), ("tag" = String, Path, min_length = 1, max_length = 50)),
    responses((status = 200, description = "the product without it", body = ProductShown)),
)]
pub(super) async fn remove_tag(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Path((id, tag)): Path<(String, String)>,
    write: Write,
) -> Result<Response, Problem> {
    api.change(&write, Id::<ProductId>::read(&id)?, &[ProductCommand::RemoveTag { tag }]).await
}
