//! Access tokens: good ones everywhere, forged ones nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce_adapters::jwt::{AccessTokens, SigningKeys};
use commerce_core::identity::Role;
use commerce_core::{Host, Timestamp};
use commerce_outbox::SystemHost;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::on_every_backend;
use crate::support::App;

on_every_backend!(
    signing_in: a_token_opens_other_services,
    forged_tokens_open_nothing,
    keys_rotate_while_tokens_go_on,
    what_has_expired_is_forgotten,
);

async fn a_token_opens_other_services(app: App) {
    app.ensure("root@example.org", Role::Admin).await;
    app.register("ada@example.org").await;
    let (admin, ada) = (app.sign_in("root@example.org").await, app.sign_in("ada@example.org").await);
    let lamps = || app.post("/catalog/categories", json!({"name": "Lamps"}));
    lamps().bearer(&admin.access).expect(201).await;
    lamps().bearer(&ada.access).refused(403, "forbidden").await;
    app.close().await;
}

/// A token of our own making, with these claims.
fn claims(now: i64) -> Value {
    let id = "0190a0a0-0000-7000-8000-000000000000";
    json!({
        "iss": "commerce", "aud": "commerce", "sub": id, "jti": id, "roles": ["admin"],
        "iat": now, "exp": now + 900,
    })
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

async fn forged_tokens_open_nothing(app: App) {
    let host = SystemHost;
    let now = host.now();
    let seconds = now.as_micros() / 1_000_000;
    let jwks = app.get("//.well-known/jwks.json").expect(200).await;
    assert!(jwks.header("cache-control").contains("max-age"));
    let keys = jwks.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 1);
    assert!(keys[0].get("d").is_none(), "{keys:?}");
    let (kid, x) = (keys[0]["kid"].as_str().unwrap(), keys[0]["x"].as_str().unwrap());
    let header = |algorithm| Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    let unsigned = format!("{}.{}.", part(&json!({"alg": "none", "kid": kid})), part(&claims(seconds)));
    let public = URL_SAFE_NO_PAD.decode(x).unwrap();
    let shared = |secret: &[u8]| {
        let key = EncodingKey::from_secret(secret);
        jsonwebtoken::encode(&header(Algorithm::HS256), &claims(seconds), &key).unwrap()
    };
    let other = SigningKeys::generate(host.new_id(), now).unwrap();
    let private = serde_json::to_value(&other).unwrap()["newest"]["private"].as_str().unwrap().to_owned();
    let private = EncodingKey::from_ed_der(&URL_SAFE_NO_PAD.decode(private).unwrap());
    let under_our_name = jsonwebtoken::encode(&header(Algorithm::EdDSA), &claims(seconds), &private).unwrap();
    let store = &app.platform.shop.stores().identity;
    let ours = SigningKeys::load_or_create(&**store, &host).await.unwrap();
    let id = app.ensure("root@example.org", Role::Admin).await;
    let issue = |issuer: &str, audience: &str, keys: &SigningKeys, now: Timestamp| {
        let tokens = AccessTokens::new(issuer, audience, keys.clone()).unwrap();
        tokens.issue(id, &Role::Admin.into(), None, now).unwrap().token.expose().to_owned()
    };
    let hour_ago = now.minus(std::time::Duration::from_secs(3_600));
    let good = issue("commerce", "commerce", &ours, now);
    app.get("/users/me").bearer(&good).expect(200).await;
    let (signed, _) = good.rsplit_once('.').unwrap();
    let expired = issue("commerce", "commerce", &ours, hour_ago);
    for (what, token) in [
        ("alg none", unsigned),
        ("HS256 with the key's text", shared(x.as_bytes())),
        ("HS256 with the key", shared(&public)),
        ("another key under our name", under_our_name),
        ("another key", issue("commerce", "commerce", &other, now)),
        ("another audience", issue("commerce", "another", &ours, now)),
        ("another issuer", issue("another", "commerce", &ours, now)),
        ("no signature", format!("{signed}.")),
        ("nonsense", "x".to_owned()),
    ] {
        println!("{what}");
        app.get("/users/me").bearer(&token).refused(401, "invalid_token").await;
        let lamps = app.post("/catalog/categories", json!({"name": "Lamps"}));
        lamps.bearer(&token).refused(401, "invalid_token").await;
    }
    app.get("/users/me").bearer(&expired).refused(401, "token_expired").await;
    app.get("/users/me").header("authorization", "Basic x").refused(401, "invalid_token").await;
    app.close().await;
}

async fn keys_rotate_while_tokens_go_on(app: App) {
    app.register("ada@example.org").await;
    let before = app.sign_in("ada@example.org").await;
    let id = app.ensure("root@example.org", Role::Admin).await;
    let store = &app.platform.shop.stores().identity;
    let rotated = SigningKeys::rotate_stored(&**store, &SystemHost).await.unwrap();
    // Another process signs with the new key already: this one reads the keys when it sees that.
    let tokens = AccessTokens::new("commerce", "commerce", rotated.clone()).unwrap();
    let theirs = tokens.issue(id, &Role::Admin.into(), None, SystemHost.now()).unwrap();
    app.get("/users/me").bearer(theirs.token.expose()).expect(200).await;
    app.get("/users/me").bearer(&before.access).expect(200).await;
    let jwks = app.get("//.well-known/jwks.json").expect(200).await.json();
    assert_eq!(jwks, rotated.jwks());
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
    let after = app.sign_in("ada@example.org").await;
    let header = jsonwebtoken::decode_header(&after.access).unwrap();
    assert_eq!(header.kid.as_deref(), Some(rotated.kid()));
    app.close().await;
}

async fn what_has_expired_is_forgotten(app: App) {
    // For an address that no one has, a token is kept that has expired from the beginning.
    app.post("/auth/password/forgot", json!({"email": "nobody@example.org"})).expect(202).await;
    assert_eq!(app.platform.identity().forget_expired().await.unwrap(), 1);
    assert_eq!(app.platform.identity().forget_expired().await.unwrap(), 0);
    app.close().await;
}
