//! Tokens that are good, and every way to forge one.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce_core::id::UserId;
use commerce_core::identity::{Role, Roles, SessionId};
use commerce_core::memory::MemoryStore;
use commerce_core::testing::TestHost;
use commerce_core::{Host, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const ISSUER: &str = "https://shop.example";
const AUDIENCE: &str = "shop";

struct Bench {
    host: TestHost,
    keys: SigningKeys,
    tokens: AccessTokens,
    verifier: Verifier,
}

impl Bench {
    fn new() -> Self {
        let host = TestHost::new();
        let keys = SigningKeys::generate(host.new_id(), host.now()).unwrap();
        let tokens = AccessTokens::new(ISSUER, AUDIENCE, keys.clone()).unwrap();
        let verifier = Verifier::new(ISSUER, AUDIENCE);
        assert_eq!(verifier.set_keys(&tokens.jwks()).unwrap(), 1);
        Self { host, keys, tokens, verifier }
    }

    fn token(&self) -> String {
        let roles = Roles::new("/roles", [Role::Customer, Role::Analyst]).unwrap();
        let session = Some(SessionId(Uuid::from_u128(9)));
        let signed = self.tokens.issue(ada(), &roles, session, self.host.now()).unwrap();
        signed.token.expose().to_owned()
    }

    fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        self.verifier.verify(token, self.host.now())
    }

    fn seconds(&self) -> i64 {
        self.host.now().as_micros() / 1_000_000
    }

    /// Claims that are good, to be spoilt.
    fn claims(&self) -> Value {
        let iat = self.seconds();
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": ada(), "jti": Uuid::from_u128(3), "roles": ["admin"],
            "iat": iat, "exp": iat + 900,
        })
    }

    /// Signed with our own key, whatever it says.
    fn sign(&self, claims: &Value) -> String {
        let header = jsonwebtoken::Header {
            kid: Some(self.keys.kid().to_owned()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, claims, &self.keys.newest().encoding_key().unwrap()).unwrap()
    }
}

fn ada() -> UserId {
    UserId(Uuid::from_u128(7))
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn a_token_says_who_in_which_roles_for_fifteen_minutes() {
    let bench = Bench::new();
    let token = bench.token();
    let claims = bench.verify(&token).unwrap();
    assert_eq!((&*claims.iss, &*claims.aud, claims.sub), (ISSUER, AUDIENCE, ada()));
    assert!(claims.roles.contains(Role::Analyst) && !claims.roles.contains(Role::Admin));
    assert_eq!(claims.sid, Some(SessionId(Uuid::from_u128(9))));
    assert_eq!((claims.iat, claims.exp), (bench.seconds(), bench.seconds() + 900));
    assert_ne!(bench.verify(&bench.token()).unwrap().jti, claims.jti);
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!((header.kid.as_deref(), header.alg), (Some(bench.keys.kid()), jsonwebtoken::Algorithm::EdDSA));
}

#[test]
fn keys_are_shown_by_their_names_alone() {
    let bench = Bench::new();
    let written = serde_json::to_value(&bench.keys).unwrap();
    let private = written["newest"]["private"].as_str().unwrap();
    let shown = format!("{:?} {:?} {:?}", bench.keys, bench.tokens, bench.verifier);
    assert!(shown.contains(bench.keys.kid()) && !shown.contains(private), "{shown}");
}

#[test]
fn a_token_expires_by_the_clock_it_is_given() {
    let bench = Bench::new();
    let token = bench.token();
    bench.host.advance(Duration::from_secs(899));
    assert!(bench.verify(&token).is_ok());
    bench.host.advance(Duration::from_secs(1));
    assert_eq!(bench.verify(&token), Err(TokenError::Expired));
    assert_eq!(TokenError::Expired.code(), "token_expired");
}

#[test]
fn claims_that_are_wrong_or_missing_are_refused_though_the_signature_is_right() {
    let bench = Bench::new();
    assert!(bench.verify(&bench.sign(&bench.claims())).is_ok());
    let later = bench.seconds() + 60;
    let wrong = [
        ("iss", json!("https://evil.example")),
        ("aud", json!("another")),
        ("aud", json!(["another"])),
        ("sub", json!("ada")),
        ("jti", json!("1")),
        ("roles", json!([])),
        ("roles", json!(["root"])),
        ("iat", json!(later)),
        ("nbf", json!(later)),
        ("exp", json!("never")),
    ];
    for (name, value) in wrong {
        let mut claims = bench.claims();
        claims[name] = value;
        assert_eq!(bench.verify(&bench.sign(&claims)), Err(TokenError::Invalid), "{name}");
    }
    for name in ["iss", "aud", "sub", "jti", "roles", "iat", "exp"] {
        let mut claims = bench.claims();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(bench.verify(&bench.sign(&claims)), Err(TokenError::Invalid), "without {name}");
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let bench = Bench::new();
    for alg in ["none", "None", "NONE", "nOnE"] {
        let header = part(&json!({ "alg": alg, "typ": "JWT", "kid": bench.keys.kid() }));
        let unsigned = format!("{header}.{}.", part(&bench.claims()));
        assert_eq!(bench.verify(&unsigned), Err(TokenError::Invalid), "{alg}");
    }
    let (signed, _) = bench.token().rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(bench.verify(&format!("{signed}.")), Err(TokenError::Invalid));
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let bench = Bench::new();
    let x = bench.tokens.jwks()["keys"][0]["x"].as_str().unwrap().to_owned();
    let header = part(&json!({ "alg": "HS256", "typ": "JWT", "kid": bench.keys.kid() }));
    let message = format!("{header}.{}", part(&bench.claims()));
    for secret in [x.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(&x).unwrap()] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
        assert_eq!(bench.verify(&format!("{message}.{tag}")), Err(TokenError::Invalid));
    }
}

#[test]
fn another_key_is_refused_under_our_name_and_under_its_own() {
    let bench = Bench::new();
    let theirs = SigningKeys::generate(Uuid::from_u128(1), bench.host.now()).unwrap();
    let key = theirs.newest().encoding_key().unwrap();
    for (kid, refused) in [
        (Some(bench.keys.kid()), TokenError::Invalid),
        (Some(theirs.kid()), TokenError::UnknownKey),
        (None, TokenError::Invalid),
    ] {
        let header = jsonwebtoken::Header {
            kid: kid.map(ToOwned::to_owned),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA)
        };
        let token = jsonwebtoken::encode(&header, &bench.claims(), &key).unwrap();
        assert_eq!(bench.verify(&token), Err(refused), "{kid:?}");
    }
}

#[test]
fn a_changed_token_and_nonsense_are_refused() {
    let bench = Bench::new();
    let token = bench.token();
    let parts: Vec<_> = token.split('.').collect();
    let other = part(&bench.claims());
    let changed = format!("{}.{other}.{}", parts[0], parts[2]);
    let nonsense = ["", ".", "..", "a.b.c", "Bearer", &changed, &format!("{token}.x"), &token[1..]];
    for token in nonsense {
        assert_eq!(bench.verify(token), Err(TokenError::Invalid), "{token}");
    }
}

#[test]
fn a_rotated_key_verifies_until_it_retires() {
    let mut bench = Bench::new();
    let old = bench.token();
    bench.keys.rotate(bench.host.new_id(), bench.host.now()).unwrap();
    bench.tokens.set_keys(bench.keys.clone()).unwrap();
    let new = bench.token();
    assert_eq!(bench.verify(&new), Err(TokenError::UnknownKey), "until the keys are fetched");
    assert_eq!(bench.verifier.set_keys(&bench.tokens.jwks()).unwrap(), 2);
    assert!(bench.verify(&old).is_ok() && bench.verify(&new).is_ok());
    bench.host.advance(RETIRE_AFTER);
    bench.keys.retire(bench.host.now());
    bench.verifier.set_keys(&bench.keys.jwks()).unwrap();
    assert_eq!(bench.verify(&old), Err(TokenError::UnknownKey));
}

#[test]
fn a_key_outlives_the_tokens_it_has_signed() {
    assert!(RETIRE_AFTER > ACCESS_TOKEN_LIFE);
}

#[test]
fn keys_of_another_kind_are_passed_over() {
    let verifier = Verifier::new(ISSUER, AUDIENCE);
    let jwks = json!({ "keys": [
        { "kty": "oct", "alg": "HS256", "kid": "a", "k": "c2VjcmV0" },
        { "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
    ]});
    assert_eq!(verifier.set_keys(&jwks).unwrap(), 0);
    assert!(matches!(verifier.set_keys(&json!([])), Err(KeysError::Jwks(_))));
}

#[test]
fn neither_jwks_nor_debug_shows_a_private_key() {
    let bench = Bench::new();
    let kept = serde_json::to_value(&bench.keys).unwrap();
    let private = kept["newest"]["private"].as_str().unwrap();
    let shown = format!("{} {:?} {:?}", bench.tokens.jwks(), bench.keys, bench.tokens);
    assert!(!shown.contains(private) && !shown.contains("private") && !shown.contains("\"d\""), "{shown}");
    let read: SigningKeys = serde_json::from_value(kept).unwrap();
    assert_eq!(read.jwks(), bench.keys.jwks());
}

#[tokio::test]
async fn processes_share_the_keys_of_their_store() {
    let host = Arc::new(TestHost::new());
    let store = MemoryStore::new(host.clone());
    let first = SigningKeys::load_or_create(&store, &*host).await.unwrap();
    let again = SigningKeys::load_or_create(&store, &*host).await.unwrap();
    assert_eq!(first.jwks(), again.jwks());
    let rotated = SigningKeys::rotate_stored(&store, &*host).await.unwrap();
    assert_ne!(rotated.kid(), first.kid());
    let loaded = SigningKeys::load_or_create(&store, &*host).await.unwrap();
    assert_eq!((loaded.jwks(), loaded.newest_since()), (rotated.jwks(), host.now()));
    let tokens = AccessTokens::new(ISSUER, AUDIENCE, first).unwrap();
    let verifier = Verifier::new(ISSUER, AUDIENCE);
    verifier.set_keys(&loaded.jwks()).unwrap();
    let now: Timestamp = host.now();
    let old = tokens.issue(ada(), &Role::Customer.into(), None, now).unwrap();
    assert!(verifier.verify(old.token.expose(), now).is_ok());
}
