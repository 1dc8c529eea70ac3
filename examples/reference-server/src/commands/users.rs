use std::io::Write;
use std::sync::Arc;

use commerce_core::Host;
use commerce_core::commit::Expected;
use commerce_core::identity::{
    Accounts, EmailAddress, Ensured, IdentityError, NewUser, Password, Register, Role, Roles,
};
use commerce_outbox::SystemHost;
use reference_server::services::identity::{Identity, IdentityOptions, fresh_password};

use super::{open, print};
use crate::cli::{Store, UserRoles, Users};
use crate::exit::{BREACH, Exit};

const ACTOR: &str = "operator";

pub(super) async fn run(command: Users) -> Result<u8, Exit> {
    match command {
        Users::Add { user, first_name, last_name } => add(user, first_name, last_name).await,
        Users::SetRoles(user) => set_roles(user).await,
    }
}

async fn add(user: UserRoles, first_name: String, last_name: String) -> Result<u8, Exit> {
    let UserRoles { email, roles, store } = user;
    let roles = set_of(roles)?;
    let password = fresh_password().map_err(Exit::data)?;
    let account = Register { email, password: Password::new(password.expose()), first_name, last_name };
    let email = account.email.clone();
    let context = SystemHost.context().with_actor(ACTOR);
    match accounts(&store).await?.ensure(&context, NewUser { account, roles }).await.map_err(refused)? {
        Ensured::Created(id) => {
            let made = format!("made user {id}: {email} with the password {}", password.expose());
            // A pipe that was closed has not shown it either.
            writeln!(std::io::stdout(), "{made}").map(|()| 0).map_err(|error| {
                Exit::data(format!(
                    "user {id} was made, but the password could not be shown ({error}): ask for another by POST \
                     /api/v1/auth/password/forgot, which is mailed, or shown by `mailbox --user {email}`"
                ))
            })
        }
        Ensured::Present(id) => {
            let sentence =
                format!("user {id} has {email} already, and was left alone: see `users set-roles`");
            Err(Exit::new(BREACH, sentence))
        }
    }
}

async fn set_roles(user: UserRoles) -> Result<u8, Exit> {
    let UserRoles { email, roles, store } = user;
    let roles = set_of(roles)?;
    let address = EmailAddress::parse("/email", &email).map_err(|fault| Exit::input(fault.detail))?;
    let accounts = accounts(&store).await?;
    let context = SystemHost.context().with_actor(ACTOR);
    let found = accounts.user_of(&context, &address).await.map_err(refused)?;
    let id = found.ok_or_else(|| Exit::input(format!("no one has the address {email}")))?;
    let names: Vec<&str> = roles.iter().map(Role::as_str).collect();
    accounts.set_roles(&context, id, roles, Expected::Any).await.map_err(refused)?;
    print(format!("user {id} is {} from the next sign-in or refresh on", names.join(", ")))?;
    Ok(0)
}

fn set_of(roles: Vec<Role>) -> Result<Roles, Exit> {
    Roles::new("/roles", roles).map_err(|fault| Exit::input(fault.detail))
}

async fn accounts(store: &Store) -> Result<Arc<Accounts>, Exit> {
    let stores = open(store).await?;
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let identity =
        Identity::open(stores.identity, host, &IdentityOptions::default()).await.map_err(Exit::data)?;
    Ok(identity.accounts)
}

/// What was asked for can't be right, or the store can't be used.
fn refused(error: IdentityError) -> Exit {
    match error {
        IdentityError::Invalid(faults) => {
            let sentences: Vec<String> = faults.iter().map(ToString::to_string).collect();
            Exit::input(sentences.join("; "))
        }
        error => Exit::data(error),
    }
}
