//! What is for sale, and where it is found.
//!
//! Two aggregates: [`Product`] and [`Category`]. A product's SKU is unique because the application claims it in the
//! commit that creates the product; whether a product's category exists is the application's question too. The
//! aggregates know only themselves.
//!
//! ```text
//!             Publish               Unpublish
//!   draft ─────────────▶ published ◀─────────▶ unpublished
//!     │                      │       Publish        │
//!     │ Archive              │ Archive              │ Archive
//!     │                      ▼ (unpublished first)  ▼
//!     └─────────────────────────▶ archived ◀────────┘      for good: it takes no command any more
//! ```
//!
//! Publish, Unpublish and Archive are level-triggered: asking for the state it is in changes nothing, and succeeds.
//! Looks at products are events of streams of their own ([`views_of`]), so that a look never changes a product's version.
//! What customers search is a [`search`] index over what is published.
//!
//! A category is active from its creation until it is deactivated, and can be activated again.

mod category;
mod faults;
mod fold;
mod product;
pub mod search;
mod slug;
mod url;

#[cfg(test)]
mod tests;

pub use category::{
    Category, CategoryChange, CategoryCommand, CategoryDetails, CategoryEntry, CategoryEvent,
    CategoryRejection, MAX_DEPTH, Placement, Position,
};
pub use product::{
    Attribute, Gallery, Image, ImageId, Listing, MAX_ATTRIBUTES, MAX_IMAGES, MAX_TAGS, NewImage,
    PRODUCT_VIEW_KIND, Pricing, Product, ProductChange, ProductCommand, ProductDetails, ProductDraft,
    ProductEvent, ProductRejection, ProductRevision, ProductStatus, Seo, SeoOverrides, Tag, viewed, views_of,
};
pub use slug::{InvalidSlug, Slug};
