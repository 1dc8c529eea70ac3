//! The demo's users.

use commerce_core::identity::{NewUser, Password, Register, Role, Roles};

use super::SeedError;
use crate::platform::Platform;

/// A user of the demo.
pub struct DemoUser {
    /// The address to sign in with.
    pub email: &'static str,
    /// What they may do.
    pub role: Role,
    first_name: &'static str,
    last_name: &'static str,
}

/// One in each role.
pub const DEMO_USERS: [DemoUser; 5] = [
    DemoUser {
        email: "customer@example.com",
        role: Role::Customer,
        first_name: "Carla",
        last_name: "Customer",
    },
    DemoUser { email: "admin@example.com", role: Role::Admin, first_name: "Adam", last_name: "Admin" },
    DemoUser {
        email: "warehouse@example.com",
        role: Role::Warehouse,
        first_name: "Wanda",
        last_name: "Warehouse",
    },
    DemoUser {
        email: "stock@example.com",
        role: Role::InventoryManager,
        first_name: "Stan",
        last_name: "Stock",
    },
    DemoUser { email: "analyst@example.com", role: Role::Analyst, first_name: "Ann", last_name: "Analyst" },
];

/// Makes those that are missing.
pub(super) async fn invite(platform: &Platform, password: &Password) -> Result<(), SeedError> {
    for user in &DEMO_USERS {
        let account = Register {
            email: user.email.to_owned(),
            password: password.clone(),
            first_name: user.first_name.to_owned(),
            last_name: user.last_name.to_owned(),
        };
        let request = NewUser { account, roles: Roles::only(user.role) };
        let context = platform.common().host.context().with_actor("demo");
        platform.identity().accounts.ensure(&context, request).await?;
    }
    Ok(())
}
