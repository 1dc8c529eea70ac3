//! Messages between services.

mod host;

pub use host::SystemHost;
