//! The aggregate of one template, and those that come with this crate.

mod aggregate;
mod defaults;
mod details;
mod event;
mod rejection;

pub use aggregate::{Template, TemplateCommand, TemplateView};
pub use defaults::default_templates;
pub use details::TemplateDetails;
pub(super) use details::name_key;
pub use event::TemplateEvent;
pub use rejection::TemplateRejection;
