//! The aggregate of one user.

mod aggregate;
mod command;
mod event;
mod rejection;

pub use aggregate::User;
pub use command::UserCommand;
pub use event::UserEvent;
pub use rejection::UserRejection;
