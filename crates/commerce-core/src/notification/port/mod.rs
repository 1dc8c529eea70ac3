//! What the outside world does for notifications.

mod channel;
mod channels;
mod renderer;

pub use channel::{Channel, Delivery, DeliveryError, Receipt};
pub use channels::Channels;
pub use renderer::{RenderError, Renderer};
