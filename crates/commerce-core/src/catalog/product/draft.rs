//! Products as they are asked for, all of it looked at before any of it is refused.

use super::{Pricing, ProductCommand, ProductDetails, SeoOverrides};
use crate::id::CategoryId;
use crate::value::{Money, Sku, Violation};

/// A product as somebody wants it to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductDraft {
    /// Its stock keeping unit, in any case.
    pub sku: String,
    /// What it costs.
    pub price: Money,
    /// What it cost before, or costs elsewhere.
    pub compare_at_price: Option<Money>,
    /// What else it is.
    pub revision: ProductRevision,
}

/// A product as somebody wants it to be described from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductRevision {
    /// What it is.
    pub details: ProductDetails,
    /// What search engines are told other than what follows from the name.
    pub seo: SeoOverrides,
}

impl ProductDraft {
    /// The commands that make the product, and the SKU that is to be claimed for it. Whether its category exists is what
    /// the caller has found out.
    ///
    /// # Errors
    /// Everything that is wrong, with pointers such as `/sku` and `/seo/slug`.
    pub fn checked(self, category_exists: bool) -> Result<(Sku, Vec<ProductCommand>), Vec<Violation>> {
        let Self { sku, price, compare_at_price, revision } = self;
        let sku = Sku::parse(&sku).map_err(|invalid| invalid.at("/sku"));
        let pricing = Pricing::new(price, compare_at_price);
        match (sku, revision.faults(category_exists), pricing) {
            (Ok(sku), None, Ok(_)) => {
                let ProductRevision { details, seo } = revision;
                let create = ProductCommand::Create { sku: sku.clone(), details, price, compare_at_price };
                Ok((sku, vec![create, ProductCommand::SetSeo { seo }]))
            }
            (sku, faults, pricing) => {
                let faults = sku.err().into_iter().chain(faults.into_iter().flatten());
                Err(faults.chain(pricing.err().into_iter().flatten()).collect())
            }
        }
    }
}

impl ProductRevision {
    /// The category it names.
    pub fn category_id(&self) -> CategoryId {
        self.details.category_id
    }

    /// The commands that describe the product so. Whether its category exists is what the caller has found out.
    ///
    /// # Errors
    /// Everything that is wrong, with pointers such as `/name` and `/seo/slug`.
    pub fn checked(self, category_exists: bool) -> Result<Vec<ProductCommand>, Vec<Violation>> {
        if let Some(faults) = self.faults(category_exists) {
            return Err(faults);
        }
        let Self { details, seo } = self;
        Ok(vec![ProductCommand::Update { details }, ProductCommand::SetSeo { seo }])
    }

    fn faults(&self, category_exists: bool) -> Option<Vec<Violation>> {
        let mut faults = self.details.clone().checked().err().unwrap_or_default();
        if !category_exists {
            let detail = format!("there is no category {}", self.details.category_id);
            faults.push(Violation::new("/category_id", "category_not_found", detail));
        }
        let seo = self.seo.clone().checked().err().unwrap_or_default();
        faults.extend(seo.into_iter().map(|fault| fault.under("/seo")));
        (!faults.is_empty()).then_some(faults)
    }
}
