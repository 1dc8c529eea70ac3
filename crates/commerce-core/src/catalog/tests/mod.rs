//! The rules of the catalog.

mod category;
mod codec;
mod draft;
mod image;
mod label;
mod lifecycle;
mod placement;
mod pricing;
mod product;
mod sample;
mod search;
mod search_laws;
mod seo;
mod slug;
mod view;
