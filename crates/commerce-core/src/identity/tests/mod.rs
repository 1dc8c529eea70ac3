//! The accounts in a real store in memory, with a hasher that is fast and counts, and secrets that count.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::commit::Expected;
use crate::context::Context;
use crate::fixture::block_on;
use crate::host::Host;
use crate::id::UserId;
use crate::memory::MemoryStore;
use crate::store::{ReadMessages, Store};
use crate::testing::TestHost;

mod concurrency;
mod lockout;
mod login;
mod passwords;
mod pausing;
mod ports;
mod registration;
mod rights;
mod secrecy;
mod sessions;
mod user;
mod values;

use pausing::PausingStore;
use ports::{CountingSecrets, FastHasher};

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "Correct-horse-1";
const OTHER: &str = "Battery-staple-2";

struct Bench {
    host: Arc<TestHost>,
    memory: Arc<MemoryStore>,
    hasher: Arc<FastHasher>,
    accounts: Accounts,
}

impl Bench {
    fn new() -> Self {
        let host = Arc::new(TestHost::new());
        let memory = Arc::new(MemoryStore::new(host.clone()));
        let hasher = Arc::new(FastHasher::default());
        let store = Arc::new(PausingStore(memory.clone()));
        let accounts = Accounts::new(store, hasher.clone(), Arc::new(CountingSecrets::default()));
        let accounts = block_on(accounts).unwrap();
        Self { host, memory, hasher, accounts }
    }

    /// With Ada in it.
    fn with_ada() -> (Self, UserId) {
        let bench = Self::new();
        let ada = block_on(bench.accounts.register(&bench.context(), register(EMAIL))).unwrap();
        (bench, ada)
    }

    fn context(&self) -> Context {
        self.host.context()
    }

    fn pass(&self, minutes: u64) {
        self.host.advance(Duration::from_secs(minutes * 60));
    }

    fn try_login(&self, email: &str, password: &str) -> Result<Session, IdentityError> {
        block_on(self.accounts.login(&self.context(), login(email, password)))
    }

    #[track_caller]
    fn login(&self) -> Session {
        self.try_login(EMAIL, PASSWORD).unwrap()
    }

    fn refresh(&self, session: &Session) -> Result<Session, IdentityError> {
        block_on(self.accounts.refresh(&self.context(), session.refresh_token.expose()))
    }

    fn forgot(&self) {
        block_on(self.accounts.forgot_password(&self.context(), EMAIL)).unwrap();
    }

    fn reset(&self, token: &Secret, password: &str) -> Result<(), IdentityError> {
        block_on(self.accounts.reset_password(&self.context(), token.expose(), &Password::new(password)))
    }

    fn confirm(&self, token: &Secret) -> Result<UserId, IdentityError> {
        block_on(self.accounts.confirm_email(&self.context(), token.expose()))
    }

    fn change(&self, user_id: UserId, keep: Option<SessionId>, current: &str) -> Result<(), IdentityError> {
        let (current, new) = (Password::new(current), Password::new(OTHER));
        let request = ChangePassword { user_id, session_id: keep, current, new };
        block_on(self.accounts.change_password(&self.context(), request))
    }

    fn get(&self, user_id: UserId) -> User {
        block_on(self.accounts.get(&self.context(), user_id)).unwrap().state
    }

    fn deactivate(&self, user_id: UserId) {
        block_on(self.accounts.deactivate(&self.context(), user_id, Expected::Any)).unwrap();
    }

    fn activate(&self, user_id: UserId) {
        block_on(self.accounts.activate(&self.context(), user_id, Expected::Any)).unwrap();
    }

    /// Every token that was to be mailed, in order.
    fn mail(&self) -> Vec<SecretIssued> {
        let request = ReadMessages { partition: 0, after: 0, topics: &[SECRETS_TOPIC], limit: 1_000 };
        let messages = block_on(self.memory.read_messages(request)).unwrap().messages;
        messages
            .iter()
            .map(|message| {
                let body: SecretIssued = serde_json::from_slice(&message.payload).unwrap();
                assert_eq!(
                    (&*message.message_type, &*message.key),
                    (SECRET_ISSUED, &*body.user_id.to_string())
                );
                body
            })
            .collect()
    }

    /// The token that was mailed last.
    fn last_token(&self) -> Secret {
        self.mail().pop().unwrap().token
    }

    /// The types of all events, in order.
    fn events(&self) -> Vec<String> {
        let events = block_on(self.memory.read_log(0, 10_000)).unwrap();
        events.iter().map(|event| event.event_type.to_string()).collect()
    }
}

fn register(email: &str) -> Register {
    Register {
        email: email.to_owned(),
        password: Password::new(PASSWORD),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
    }
}

fn login(email: &str, password: &str) -> Login {
    Login { email: email.to_owned(), password: Password::new(password) }
}

#[track_caller]
fn code<T>(result: Result<T, IdentityError>) -> &'static str {
    result.err().expect("it was to be refused").code()
}
