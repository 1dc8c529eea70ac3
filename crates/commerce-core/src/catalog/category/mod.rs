//! Categories.

mod aggregate;
mod command;
mod details;
mod entry;
mod event;
mod placement;
mod rejection;

pub use aggregate::Category;
pub use command::CategoryCommand;
pub use details::CategoryDetails;
pub use entry::CategoryEntry;
pub use event::{CategoryChange, CategoryEvent};
pub use placement::{MAX_DEPTH, Placement, Position};
pub use rejection::CategoryRejection;
