//! Work across services that ends all done or all undone.
