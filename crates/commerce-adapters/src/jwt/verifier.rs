//! Verifying.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use commerce_core::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};

use super::{Claims, KeysError, TokenError};

/// How far a signer's clock may be ahead, in seconds.
const AHEAD: i64 = 5;

/// Verifies access tokens of one issuer for one audience. Knows no key until it is given some.
pub struct Verifier {
    validation: Validation,
    keys: RwLock<HashMap<String, DecodingKey>>,
}

impl Verifier {
    /// For tokens of this issuer and this audience.
    pub fn new(issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Both are looked at here, by the caller's clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { validation, keys: RwLock::default() }
    }

    /// Takes the Ed25519 keys of a JWKS that have a `kid`, instead of those it knew, and answers how many these are.
    /// Other keys are passed over: no token can name them.
    ///
    /// # Errors
    /// [`KeysError::Jwks`] when it is none. The keys are as they were then.
    pub fn set_keys(&self, jwks: &serde_json::Value) -> Result<usize, KeysError> {
        use serde::Deserialize as _;
        let set = JwkSet::deserialize(jwks).map_err(KeysError::Jwks)?;
        let keys: HashMap<_, _> = set.keys.iter().filter_map(ed25519).collect();
        let count = keys.len();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(count)
    }

    /// What a token says, if it is good at this moment.
    ///
    /// # Errors
    /// [`TokenError::Expired`] when it is good in every other respect; otherwise [`TokenError::UnknownKey`] or
    /// [`TokenError::Invalid`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        if header.alg != Algorithm::EdDSA {
            return Err(TokenError::Invalid);
        }
        let kid = header.kid.ok_or(TokenError::Invalid)?;
        let key = {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.get(&kid).cloned().ok_or(TokenError::UnknownKey)?
        };
        let decoded = jsonwebtoken::decode::<Claims>(token, &key, &self.validation);
        let claims = decoded.map_err(|_| TokenError::Invalid)?.claims;
        let now = now.as_micros().div_euclid(1_000_000);
        let from = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
        if from > now.saturating_add(AHEAD) {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= now { Err(TokenError::Expired) } else { Ok(claims) }
    }
}

fn ed25519(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    let AlgorithmParameters::OctetKeyPair(pair) = &jwk.algorithm else { return None };
    if pair.curve != EllipticCurve::Ed25519 {
        return None;
    }
    Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?))
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}
