//! Catalog: what the shop sells.

mod tree;
mod views;

use std::sync::Arc;

use commerce_core::catalog::{
    Category, CategoryCommand, CategoryDetails, Placement, Product, ProductCommand, ProductDetails,
};
use commerce_core::commit::{Claim, Commit, CommitError, Conflict};
use commerce_core::id::{self, CategoryId, ProductId, Tenant};
use commerce_core::repository::Repository;
use commerce_core::store::Store;
use commerce_core::value::{Money, Sku};
use commerce_core::{Host, Timestamp};
use commerce_outbox::HandleError;

use super::{GoodsError, Session, bug};

pub(crate) use tree::Tree;
pub(crate) use views::note_view;

/// By this claim a SKU is one product's.
const SKU: &str = "sku";

/// The catalog service.
#[derive(Clone)]
pub struct Catalog {
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
}

/// A product that an import brings with it.
#[derive(Clone)]
pub struct NewProduct {
    /// Its id, the same in every service.
    pub product_id: ProductId,
    /// Its stock-keeping unit.
    pub sku: Sku,
    /// What people call it.
    pub name: String,
    /// What it costs in the shop. Invoices keep their own prices.
    pub price: Money,
}

impl Catalog {
    /// On this store.
    pub fn new(store: Arc<dyn Store>, host: Arc<dyn Host>) -> Self {
        Self { store, host }
    }

    /// Makes the category that imported products are found in, unless it is there.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open_import_category(&self) -> Result<(), HandleError> {
        let context = self.host.context().with_actor("import");
        let mut category = Session::<Category>::absent(import_category());
        let details = CategoryDetails {
            name: "Imported".to_owned(),
            description: "Products that came with imported invoices.".to_owned(),
            display_order: 0,
            image_url: None,
        };
        let create = CategoryCommand::Create { details, placement: Placement::root() };
        category.decide(create, &context).map_err(bug)?;
        let commit = category.write_to(Commit::within(&context))?;
        ignore_known(self.store.commit(commit).await.map(|_| ()))
    }

    /// Whether its SKU is that of this product already.
    ///
    /// # Errors
    /// [`GoodsError::SkuTaken`] when it is another product's; otherwise what the store says.
    pub async fn has(&self, product: &NewProduct) -> Result<bool, GoodsError> {
        let (tenant, sku) = (Tenant::default(), &product.sku);
        if self.store.claimed(&tenant, SKU, sku.as_str()).await.map_err(HandleError::from)?.is_none() {
            return Ok(false);
        }
        let products = Repository::<Product>::new(self.store.clone());
        let own = products.load(&tenant, &product.product_id).await.map_err(HandleError::from)?;
        match own.version {
            0 => Err(GoodsError::SkuTaken { sku: sku.clone(), what: "product" }),
            _ => Ok(true),
        }
    }

    /// Makes a product and offers it for sale, unless it is there.
    ///
    /// # Errors
    /// [`GoodsError::SkuTaken`] when its SKU is another product's; otherwise when the store fails, or the product can't
    /// be.
    pub async fn import(&self, product: NewProduct) -> Result<(), GoodsError> {
        if self.has(&product).await? {
            return Ok(());
        }
        match self.store.commit(self.made(product.clone())?).await {
            Err(CommitError::Conflict(Conflict::Claim { .. })) => self.has(&product).await.map(|_| ()),
            answer => Ok(ignore_known(answer.map(|_| ()))?),
        }
    }

    fn made(&self, product: NewProduct) -> Result<Commit, HandleError> {
        let context = self.host.context().with_actor("import");
        let NewProduct { product_id, sku, name, price } = product;
        let claim = Claim::new(SKU, sku.as_str());
        let details = ProductDetails {
            description: name.clone(),
            name,
            brand: "Unbranded".to_owned(),
            category_id: import_category(),
        };
        let mut entry = Session::<Product>::absent(product_id);
        let create = ProductCommand::Create { sku, details, price, compare_at_price: None };
        entry.decide(create, &context).map_err(bug)?;
        entry.decide(ProductCommand::Publish, &context).map_err(bug)?;
        Ok(entry.write_to(Commit::within(&context))?.claim(claim))
    }
}

/// The same in every installation.
fn import_category() -> CategoryId {
    CategoryId(id::v7(Timestamp::default(), b"imported::"))
}

/// What was imported before is there already.
fn ignore_known(result: Result<(), CommitError>) -> Result<(), HandleError> {
    match result {
        Err(CommitError::Conflict(Conflict::Stream { .. } | Conflict::Claim { .. })) => Ok(()),
        result => Ok(result?),
    }
}
