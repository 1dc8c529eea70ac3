//! Who may ask what.

use commerce_adapters::http::Allowed;

/// Runs the shop.
pub const ADMIN: &str = "admin";
/// Packs and ships.
pub const WAREHOUSE: &str = "warehouse";
/// Keeps the stock.
pub const INVENTORY_MANAGER: &str = "inventory_manager";
/// Reads the figures.
pub const ANALYST: &str = "analyst";
/// Buys.
pub const CUSTOMER: &str = "customer";

macro_rules! allowed {
    ($($(#[$meta:meta])* $name:ident: $($role:ident),+;)*) => {
        $($(#[$meta])*
        pub struct $name;
        impl Allowed for $name {
            const ROLES: &'static [&'static str] = &[$($role),+];
        })*
    };
}

allowed! {
    /// Admins alone.
    Admins: ADMIN;
    /// Whoever ships.
    Shippers: WAREHOUSE, ADMIN;
    /// Whoever keeps the stock.
    Stockkeepers: INVENTORY_MANAGER, ADMIN;
    /// Whoever reads the figures.
    Analysts: ANALYST, ADMIN;
    /// Whoever pays, and whoever does it for them.
    Payers: CUSTOMER, ADMIN;
    /// Whoever buys.
    Customers: CUSTOMER;
}
