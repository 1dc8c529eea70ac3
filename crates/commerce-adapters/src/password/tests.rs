//! The hasher with little memory, once with all of it.

use std::sync::Arc;

use commerce_core::Host;
use commerce_core::identity::{
    Accounts, Login, Password, PasswordHash, PasswordHasher, Register, SecretSource,
};
use commerce_core::memory::MemoryStore;
use commerce_core::testing::TestHost;

use super::{Argon2Hasher, OsSecrets};

fn light() -> Argon2Hasher {
    Argon2Hasher::with_parameters(64, 1, 1).unwrap()
}

#[tokio::test]
async fn a_hash_is_verified_by_its_own_password_only() {
    let password = Password::new("Correct-horse-1");
    let hash = light().hash(&password).await.unwrap();
    assert!(light().verify(&password, &hash).await.unwrap());
    for other in ["correct-horse-1", "Correct-horse-1 ", "", "Correct-horse-"] {
        assert!(!light().verify(&Password::new(other), &hash).await.unwrap(), "{other:?}");
    }
}

#[tokio::test]
async fn each_hash_has_a_salt_of_its_own() {
    let password = Password::new("Correct-horse-1");
    let (one, other) = (light().hash(&password).await.unwrap(), light().hash(&password).await.unwrap());
    assert!(one != other);
}

#[tokio::test]
async fn the_parameters_are_those_of_owasp() {
    let password = Password::new("Correct-horse-1");
    let hash = Argon2Hasher::new().unwrap().hash(&password).await.unwrap();
    assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
    assert!(light().verify(&password, &hash).await.unwrap(), "a hash carries its own parameters");
}

#[tokio::test]
async fn a_damaged_hash_is_an_error_and_no_wrong_password() {
    for text in ["", "hunter2", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA"] {
        let verified = light().verify(&Password::new("x"), &PasswordHash::new(text)).await;
        assert!(verified.is_err(), "{text:?}");
    }
    assert!(Argon2Hasher::with_parameters(0, 0, 0).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_all_get_their_answer() {
    let hasher = light().at_once(1);
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let hasher = hasher.clone();
            tokio::spawn(async move {
                let password = Password::new(format!("Password-{n}"));
                let hash = hasher.hash(&password).await.unwrap();
                hasher.verify(&password, &hash).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
}

#[test]
fn secrets_are_long_url_safe_and_never_the_same() {
    let secrets: std::collections::HashSet<String> =
        (0..1_000).map(|_| OsSecrets.fresh().unwrap().expose().to_owned()).collect();
    assert_eq!(secrets.len(), 1_000);
    let url_safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(secrets.iter().all(|secret| secret.len() == 43 && secret.chars().all(url_safe)));
}

#[test]
fn a_digest_is_sha_256() {
    // SHA-256 of "abc" (FIPS 180-4), in URL-safe base64.
    assert_eq!(OsSecrets.digest("abc").as_str(), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

#[tokio::test]
async fn accounts_work_on_them() {
    let host = Arc::new(TestHost::new());
    let store = Arc::new(MemoryStore::new(host.clone()));
    let accounts = Accounts::new(store, Arc::new(light()), Arc::new(OsSecrets)).await.unwrap();
    let password = || Password::new("Correct-horse-1");
    let (email, first_name, last_name) =
        ("ada@example.org".to_owned(), "Ada".to_owned(), "Lovelace".to_owned());
    let request = Register { email: email.clone(), password: password(), first_name, last_name };
    let ada = accounts.register(&host.context(), request).await.unwrap();

    let login = |password| Login { email: email.clone(), password };
    let session = accounts.login(&host.context(), login(password())).await.unwrap();
    let token = session.refresh_token.expose();
    assert_eq!(accounts.refresh(&host.context(), token).await.unwrap().user_id, ada);
    let reused = accounts.refresh(&host.context(), token).await.unwrap_err();
    assert_eq!(reused.code(), "invalid_token");
    let wrong = accounts.login(&host.context(), login(Password::new("Wrong-horse-1"))).await.unwrap_err();
    assert_eq!(wrong.code(), "invalid_credentials");
}
