//! No password, hash or token where it doesn't belong.

use super::*;
use crate::id::Tenant;
use crate::store::Query;

/// Everything that can happen to an account; the secrets that were handed out.
fn a_life(bench: &Bench, ada: UserId) -> Vec<String> {
    let mut secrets = vec![PASSWORD.to_owned(), OTHER.to_owned()];
    let first = bench.login();
    let second = bench.refresh(&first).unwrap();
    let _ = bench.try_login(EMAIL, OTHER);
    bench.confirm(&bench.last_token()).unwrap();
    bench.change(ada, Some(second.session_id), PASSWORD).unwrap();
    bench.forgot();
    bench.reset(&bench.last_token(), PASSWORD).unwrap();
    bench.forgot();
    bench.deactivate(ada);
    let mailed = bench.mail().into_iter().map(|mail| mail.token.expose().to_owned());
    let refresh = [first, second].map(|session| session.refresh_token.expose().to_owned());
    let parts = refresh.iter().flat_map(|token| token.split('.').skip(1)).map(ToOwned::to_owned);
    secrets.extend(parts.chain(mailed));
    secrets
}

#[test]
fn events_hold_no_secret_and_no_hash() {
    let (bench, ada) = Bench::with_ada();
    let secrets = a_life(&bench, ada);
    for event in block_on(bench.memory.read_log(0, 1_000)).unwrap() {
        let payload = String::from_utf8(event.payload).unwrap();
        assert!(!secrets.iter().any(|secret| payload.contains(secret)), "{payload}");
        let fields: serde_json::Value = serde_json::from_str(&payload).unwrap();
        let known = ["user_id", "email", "first_name", "last_name", "roles", "at"];
        assert!(fields.as_object().unwrap().keys().all(|field| known.contains(&&**field)), "{payload}");
    }
}

#[test]
fn documents_hold_no_secret() {
    let (bench, ada) = Bench::with_ada();
    let secrets = a_life(&bench, ada);
    let collections = ["credentials", "attempts", "sessions", "one-time-tokens", "password-resets"];
    let mut seen = 0;
    for collection in collections.map(|name| format!("identity.{name}")) {
        let query = Query::of(&Tenant::default(), collection);
        for document in block_on(bench.memory.documents(&query)).unwrap() {
            let text = format!("{} {}", document.id, String::from_utf8(document.body).unwrap());
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
            seen += 1;
        }
    }
    assert!(seen >= 3, "credentials, a session and a token are kept");
}

#[test]
fn debug_shows_no_secret() {
    let (bench, ada) = Bench::with_ada();
    let request = ChangePassword {
        user_id: ada,
        session_id: None,
        current: Password::new(PASSWORD),
        new: Password::new(OTHER),
    };
    let session = bench.login();
    let hash = PasswordHash::new("hash-of-it");
    let shown = format!(
        "{:?} {:?} {:?} {:?} {session:?} {hash:?} {:?}",
        register(EMAIL),
        login(EMAIL, PASSWORD),
        request,
        bench.mail(),
        bench.accounts,
    );
    for secret in [PASSWORD, OTHER, "secret-0", "hash-of-it"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn errors_repeat_no_address_and_no_password() {
    let bench = Bench::new();
    let request = Register { email: "eve@@x".to_owned(), ..register(EMAIL) };
    let refused = block_on(bench.accounts.register(&bench.context(), request)).unwrap_err();
    assert!(!refused.to_string().contains("eve"));
    let (bench, _) = Bench::with_ada();
    let taken = block_on(bench.accounts.register(&bench.context(), register(EMAIL))).unwrap_err();
    assert!(!format!("{taken} {taken:?}").contains("ada"));
}
