//! What a user may do.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::value::Violation;

/// What a user may do. Written in snake case: `inventory_manager`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Orders and pays.
    Customer,
    /// Runs the shop.
    Admin,
    /// Packs and ships.
    Warehouse,
    /// Looks after stock.
    InventoryManager,
    /// Reads the figures.
    Analyst,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Customer, Self::Admin, Self::Warehouse, Self::InventoryManager, Self::Analyst];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Admin => "admin",
            Self::Warehouse => "warehouse",
            Self::InventoryManager => "inventory_manager",
            Self::Analyst => "analyst",
        }
    }

    /// Reads a role as it is written.
    ///
    /// # Errors
    /// A violation at `pointer` with the code `unknown_role`.
    pub fn parse(pointer: &str, text: &str) -> Result<Self, Violation> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Violation::new(pointer, "unknown_role", format!("must be one of {names}"))
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Self::parse("/role", text)
    }
}

/// The roles of a user: a set, at least one.
///
/// ```
/// use commerce_core::identity::{Role, Roles};
///
/// let roles = Roles::new("/roles", [Role::Analyst, Role::Customer])?;
/// assert!(roles.contains(Role::Analyst) && !roles.contains(Role::Admin));
/// # Ok::<(), commerce_core::value::Violation>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "BTreeSet<Role>", try_from = "BTreeSet<Role>")]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// A set of these.
    ///
    /// # Errors
    /// A violation at `pointer` with the code `required` when there is none.
    pub fn new(pointer: &str, roles: impl IntoIterator<Item = Role>) -> Result<Self, Violation> {
        let roles: BTreeSet<_> = roles.into_iter().collect();
        if roles.is_empty() {
            return Err(Violation::new(pointer, "required", "must name at least one role"));
        }
        Ok(Self(roles))
    }

    /// This role alone.
    pub fn only(role: Role) -> Self {
        Self(BTreeSet::from([role]))
    }

    /// Whether this role is among them.
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Role> {
        self.0.iter().copied()
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self::only(role)
    }
}

impl From<Roles> for BTreeSet<Role> {
    fn from(roles: Roles) -> Self {
        roles.0
    }
}

impl TryFrom<BTreeSet<Role>> for Roles {
    type Error = String;

    fn try_from(roles: BTreeSet<Role>) -> Result<Self, String> {
        Self::new("/roles", roles).map_err(|violation| violation.detail)
    }
}
