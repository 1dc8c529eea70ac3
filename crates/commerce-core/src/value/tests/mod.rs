//! What the values promise.

mod money;
