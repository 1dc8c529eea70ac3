//! Products.

mod aggregate;
mod attribute;
mod command;
mod decide;
mod details;
mod event;
mod image;
mod listing;
mod pricing;
mod rejection;
mod seo;
mod status;
mod tag;

pub use aggregate::Product;
pub use attribute::{Attribute, MAX_ATTRIBUTES};
pub use command::ProductCommand;
pub use details::ProductDetails;
pub use event::{ProductChange, ProductEvent};
pub use image::{Gallery, Image, ImageId, MAX_IMAGES, NewImage};
pub use listing::Listing;
pub use pricing::Pricing;
pub use rejection::ProductRejection;
pub use seo::{Seo, SeoOverrides};
pub use status::ProductStatus;
pub use tag::{MAX_TAGS, Tag};
