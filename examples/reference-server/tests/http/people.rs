//! People who sign in as anyone would.

use commerce_core::identity::{
    NewUser, Password, Purpose, Register, Role, Roles, SECRETS_TOPIC, SecretIssued,
};
use commerce_core::store::ReadMessages;
use commerce_core::{Host, id::UserId};
use commerce_outbox::SystemHost;
use serde_json::{Value, json};

use crate::support::App;

pub(crate) const PASSWORD: &str = "Lovelace-1815";

pub(crate) fn registration(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace"})
}

/// The tokens of someone who has signed in.
pub(crate) struct SignedIn {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl SignedIn {
    pub(crate) fn of(body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

impl App {
    /// Makes a customer; answers the id.
    pub(crate) async fn register(&self, email: &str) -> String {
        let made = self.post("/auth/register", registration(email)).expect(201).await.json();
        made["user_id"].as_str().unwrap().to_owned()
    }

    /// Makes a user in a role, as the installation does.
    pub(crate) async fn ensure(&self, email: &str, role: Role) -> UserId {
        let account = Register {
            email: email.to_owned(),
            password: Password::new(PASSWORD),
            first_name: "Grace".to_owned(),
            last_name: "Hopper".to_owned(),
        };
        let request = NewUser { account, roles: Roles::only(role) };
        let accounts = &self.platform.identity().accounts;
        accounts.ensure(&SystemHost.context(), request).await.unwrap().user_id()
    }

    pub(crate) async fn sign_in(&self, email: &str) -> SignedIn {
        let body = json!({"email": email, "password": PASSWORD});
        SignedIn::of(&self.post("/auth/login", body).expect(200).await.json())
    }

    /// The token that was mailed last for this purpose.
    pub(crate) async fn mailed(&self, purpose: Purpose) -> String {
        let store = &self.platform.shop.stores().identity;
        store.caught_up().await.unwrap();
        let mut found = Vec::new();
        for partition in 0..store.partitions() {
            let request = ReadMessages { partition, after: 0, topics: &[SECRETS_TOPIC], limit: 1_000 };
            for message in store.read_messages(request).await.unwrap().messages {
                let issued: SecretIssued = serde_json::from_slice(&message.payload).unwrap();
                found.push((message.recorded_at, issued));
            }
        }
        found.retain(|(_, issued)| issued.purpose == purpose);
        found.sort_by_key(|(at, _)| *at);
        found.pop().unwrap().1.token.expose().to_owned()
    }
}
