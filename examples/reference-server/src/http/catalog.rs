//! Catalog over HTTP.

mod bodies;
mod categories;
mod lists;
mod parts;
mod products;
mod search;
mod shown;

use std::sync::Arc;

use commerce_adapters::http::Problem;
use commerce_core::Context;
use commerce_core::catalog::{Category, CategoryRejection};
use commerce_core::id::CategoryId;
use commerce_core::store::Store;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Common, Service};
use crate::services::Session;
use crate::views::catalog::CatalogView;
use crate::views::{ProductSearch, View};

/// What the routes work on.
#[derive(Clone)]
pub struct CatalogApi {
    store: Arc<dyn Store>,
    view: View,
    search: ProductSearch,
}

impl CatalogApi {
    /// On this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let view = View::new(store.clone(), Arc::new(CatalogView));
        let search = ProductSearch::new(store.clone());
        Self { store, view, search }
    }

    /// Its lists, to be kept up to date.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Its search, to be kept up to date.
    pub fn search(&self) -> &ProductSearch {
        &self.search
    }

    /// The service.
    pub fn service(self, common: &Common) -> Service {
        let store = self.store.clone();
        Service::new("catalog", common, &store, routes().with_state(self))
    }

    /// A category that exists.
    async fn category(&self, context: &Context, id: CategoryId) -> Result<Session<Category>, Problem> {
        let category = Session::load(&self.store, context, id).await?;
        if category.exists() { Ok(category) } else { Err(CategoryRejection::NotFound.into()) }
    }
}

fn routes() -> OpenApiRouter<CatalogApi> {
    OpenApiRouter::new()
        .routes(routes!(search::search_products))
        .routes(routes!(lists::featured_products))
        .routes(routes!(lists::products_in_category))
        .routes(routes!(lists::products_of_category))
        .routes(routes!(products::create_product))
        .routes(routes!(products::show_product, products::update_product, products::archive_product))
        .routes(routes!(products::show_product_by_sku))
        .routes(routes!(products::change_price))
        .routes(routes!(products::publish_product))
        .routes(routes!(products::unpublish_product))
        .routes(routes!(products::feature_product))
        .routes(routes!(parts::add_image))
        .routes(routes!(parts::remove_image))
        .routes(routes!(parts::set_attribute))
        .routes(routes!(parts::remove_attribute))
        .routes(routes!(parts::add_tags))
        .routes(routes!(parts::remove_tag))
        .routes(routes!(categories::list_categories, categories::create_category))
        .routes(routes!(categories::active_categories))
        .routes(routes!(categories::root_categories))
        .routes(routes!(categories::show_category, categories::update_category))
        .routes(routes!(categories::activate_category))
        .routes(routes!(categories::deactivate_category))
}
