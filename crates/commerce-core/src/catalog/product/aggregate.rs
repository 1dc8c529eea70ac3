//! The aggregate.

use serde::{Deserialize, Serialize};

use super::{Listing, ProductCommand, ProductEvent, ProductRejection, decide};
use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::id::ProductId;

/// A product, from before it was created.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Product {
    listing: Option<Listing>,
}

impl Product {
    /// What is known of it. `None` until it was created.
    pub fn listing(&self) -> Option<&Listing> {
        self.listing.as_ref()
    }
}

impl Aggregate for Product {
    const KIND: &'static str = "product";
    type Id = ProductId;
    type Command = ProductCommand;
    type Event = ProductEvent;
    type Rejection = ProductRejection;

    fn decide(
        &self,
        command: ProductCommand,
        context: &Context,
    ) -> Result<Vec<ProductEvent>, ProductRejection> {
        match (&self.listing, command) {
            (None, ProductCommand::Create { sku, details, price, compare_at_price }) => {
                decide::create(sku, details, price, compare_at_price, context.now())
            }
            (None, _) => Err(ProductRejection::NotFound),
            (Some(_), ProductCommand::Create { .. }) => Err(ProductRejection::AlreadyExists),
            (Some(listing), command) => decide::change(listing, command, context.now()),
        }
    }

    fn apply(&mut self, event: &ProductEvent) {
        match &mut self.listing {
            Some(listing) => listing.apply(event),
            None => self.listing = Listing::created(event),
        }
    }
}
