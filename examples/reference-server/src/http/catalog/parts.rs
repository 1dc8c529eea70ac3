//! Images, attributes and tags of products.

use std::str::FromStr;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use commerce_adapters::http::{Body, Id, NoBody, Only, Problem};
use commerce_core::catalog::{ImageId, ProductCommand};
use commerce_core::id::ProductId;
use http::request::Parts;

use super::CatalogApi;
use super::bodies::{AttributeBody, ImageBody, TagsBody};
use super::shown::ProductShown;
use crate::http::Write;
use crate::http::roles::Admins;

/// A product, and the part of it that the path names.
pub(super) struct Part<T>(ProductId, T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Part<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<(String, String)>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        let Path((id, part)) = path.map_err(|error| Problem::invalid("invalid_path", error.body_text()))?;
        Ok(Self(Id::<ProductId>::read(&id)?, Id::<T>::read(&part)?))
    }
}

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
    Part(id, image_id): Part<ImageId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.change(&write, id, &[ProductCommand::RemoveImage { image_id }]).await
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
    Part(id, key): Part<String>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.change(&write, id, &[ProductCommand::RemoveAttribute { key }]).await
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
    params(("id" = Uuid, Path), ("tag" = String, Path, min_length = 1, max_length = 50, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")),
    responses((status = 200, description = "the product without it", body = ProductShown)),
)]
pub(super) async fn remove_tag(
    State(api): State<CatalogApi>,
    _: Only<Admins>,
    Part(id, tag): Part<String>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.change(&write, id, &[ProductCommand::RemoveTag { tag }]).await
}
