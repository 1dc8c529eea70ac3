//! Products.

mod aggregate;
mod attribute;
mod command;
mod decide;
mod details;
mod draft;
mod event;
mod image;
mod listing;
mod pricing;
mod rejection;
mod seo;
mod status;
mod tag;
mod view;

pub use aggregate::Product;
pub use attribute::{Attribute, MAX_ATTRIBUTES};
pub use command::ProductCommand;
pub use details::ProductDetails;
pub use draft::{ProductDraft, ProductRevision};
pub use event::{ProductChange, ProductEvent};
pub use image::{Gallery, Image, ImageId, MAX_IMAGES, NewImage};
pub use listing::Listing;
pub use pricing::Pricing;
pub use rejection::ProductRejection;
pub use seo::{Seo, SeoOverrides};
pub use status::ProductStatus;
pub use tag::{MAX_TAGS, Tag};
pub use view::{PRODUCT_VIEW_KIND, viewed, views_of};
