//! The demo's goods, as `data/demo-catalog.json` has them.

use commerce_core::Context;
use commerce_core::catalog::{
    Category, CategoryCommand, CategoryDetails, ImageId, NewImage, Placement, Position, Product,
    ProductCommand, ProductDetails,
};
use commerce_core::commit::{Claim, Commit, CommitError, Conflict};
use commerce_core::id::{self, CategoryId, ProductId};
use commerce_core::value::{Money, Sku};
use commerce_outbox::HandleError;
use serde::Deserialize;
use uuid::Uuid;

use super::SeedError;
use crate::platform::Platform;
use crate::services::GoodsError;
use crate::services::inventory::OpeningStock;
use crate::services::{Session, bug};

const DATA: &str = include_str!("../../../data/demo-catalog.json");
/// Random, and the same in every installation: the namespace of the demo's ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2c_9a51_4a0e_4b6f_9d2e_71c3_58aa_0d14);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Goods {
    categories: Vec<DemoCategory>,
    products: Vec<DemoProduct>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoCategory {
    key: String,
    parent: Option<String>,
    name: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoProduct {
    sku: Sku,
    category: String,
    name: String,
    brand: String,
    description: String,
    price: Money,
    compare_at_price: Option<Money>,
    images: Vec<DemoImage>,
    tags: Vec<String>,
    attributes: Vec<DemoAttribute>,
    featured: bool,
    stock: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoImage {
    url: String,
    alt_text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoAttribute {
    key: String,
    value: String,
    display_name: String,
}

/// Makes the categories, products and stock items that are missing.
pub(super) async fn stock_up(platform: &Platform) -> Result<(), SeedError> {
    let goods: Goods = serde_json::from_str(DATA)?;
    let (host, catalog) = (&platform.common().host, &platform.shop.stores().catalog);
    let context = || host.context().with_actor("demo");
    for (order, category) in goods.categories.iter().enumerate() {
        let commit = category.commit(&context(), u32::try_from(order).unwrap_or(0))?;
        ignore_known(catalog.commit(commit).await)?;
    }
    for product in &goods.products {
        ignore_known(catalog.commit(product.commit(&context())?).await)?;
        match platform.shop.inventory.open_stock("demo", &product.opening_stock()).await {
            // As with products: what others have made under this SKU stays as it is.
            Ok(()) | Err(GoodsError::SkuTaken { .. }) => {}
            Err(GoodsError::Handle(error)) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The id that a name of the demo has.
fn id_of(kind: &str, name: &str) -> Uuid {
    id::named(&NAMESPACE, format!("{kind}/{name}").as_bytes())
}

fn category_id(key: &str) -> CategoryId {
    CategoryId(id_of("category", key))
}

impl DemoCategory {
    fn commit(&self, context: &Context, display_order: u32) -> Result<Commit, HandleError> {
        let id = category_id(&self.key);
        let placement = match &self.parent {
            None => Placement::root(),
            // Parents stand before their children, one level above them.
            Some(parent) => Placement::below(id, category_id(parent), 1, |_| Position::Root).map_err(bug)?,
        };
        let details = CategoryDetails {
            name: self.name.clone(),
            description: self.description.clone(),
            display_order,
            image_url: None,
        };
        let mut category = Session::<Category>::absent(id);
        category.decide(CategoryCommand::Create { details, placement }, context).map_err(bug)?;
        category.write_to(Commit::within(context)).map_err(bug)
    }
}

impl DemoProduct {
    fn id(&self) -> ProductId {
        ProductId(id_of("product", self.sku.as_str()))
    }

    /// All of it at once: a product is there as a whole, or not at all.
    fn commit(&self, context: &Context) -> Result<Commit, HandleError> {
        let mut product = Session::<Product>::absent(self.id());
        for command in self.commands() {
            product.decide(command, context).map_err(bug)?;
        }
        let commit = product.write_to(Commit::within(context)).map_err(bug)?;
        Ok(commit.claim(Claim::new("sku", self.sku.as_str())))
    }

    fn commands(&self) -> Vec<ProductCommand> {
        let details = ProductDetails {
            name: self.name.clone(),
            description: self.description.clone(),
            brand: self.brand.clone(),
            category_id: category_id(&self.category),
        };
        let (sku, price, compare_at_price) = (self.sku.clone(), self.price, self.compare_at_price);
        let mut commands = vec![ProductCommand::Create { sku, details, price, compare_at_price }];
        commands.extend(self.images.iter().map(|image| {
            ProductCommand::AddImage(NewImage {
                id: ImageId(id_of("image", &image.url)),
                url: image.url.clone(),
                alt_text: image.alt_text.clone(),
                display_order: None,
                primary: false,
            })
        }));
        commands.extend(self.attributes.iter().map(|attribute| ProductCommand::SetAttribute {
            key: attribute.key.clone(),
            value: attribute.value.clone(),
            display_name: Some(attribute.display_name.clone()),
        }));
        commands.push(ProductCommand::AddTags { tags: self.tags.clone() });
        commands.push(ProductCommand::Publish);
        if self.featured {
            commands.push(ProductCommand::SetFeatured { featured: true });
        }
        commands
    }

    fn opening_stock(&self) -> OpeningStock {
        OpeningStock {
            product_id: self.id(),
            sku: self.sku.clone(),
            name: self.name.clone(),
            quantity: self.stock,
        }
    }
}

/// What an earlier start made is there already.
fn ignore_known<T>(result: Result<T, CommitError>) -> Result<(), HandleError> {
    match result {
        Err(CommitError::Conflict(Conflict::Stream { .. } | Conflict::Claim { .. })) | Ok(_) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use commerce_core::Host;
    use commerce_core::testing::TestHost;

    use super::*;

    #[test]
    fn everything_in_the_demo_can_be() {
        let goods: Goods = serde_json::from_str(DATA).unwrap();
        let host = TestHost::new();
        let mut known = BTreeSet::new();
        for category in &goods.categories {
            category.commit(&host.context(), 0).unwrap();
            assert!(category.parent.iter().all(|parent| known.contains(parent)), "{}", category.key);
            known.insert(category.key.clone());
        }
        for product in &goods.products {
            product.commit(&host.context()).unwrap();
            assert!(known.contains(&product.category), "{}", product.category);
        }
        let skus: BTreeSet<_> = goods.products.iter().map(|product| product.sku.as_str()).collect();
        assert_eq!((skus.len(), goods.products.len()), (12, 12));
    }
}
