//! Who asks, and whether they may.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, header};
use uuid::Uuid;

use super::problem::Problem;

/// Somebody whose token was verified. It comes from a token alone, never from a header that a client could write.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The user.
    pub id: Uuid,
    /// What they may be.
    pub roles: Vec<String>,
    /// The session in which they signed in, where their token tells.
    pub session: Option<Uuid>,
}

impl Caller {
    /// Whether they have one of these roles.
    pub fn is_one_of(&self, roles: &[&str]) -> bool {
        self.roles.iter().any(|role| roles.contains(&role.as_str()))
    }

    /// Passes if it is theirs, or if they have one of these roles. To everyone else it isn't there.
    ///
    /// # Errors
    /// 404 `not_found`: that it exists is not revealed.
    pub fn owns_or(&self, owner: Uuid, roles: &[&str], what: &str) -> Result<(), Problem> {
        if self.id == owner || self.is_one_of(roles) { Ok(()) } else { Err(Problem::not_found(what)) }
    }
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// Its time is up.
    Expired,
    /// It is none of ours, or not for us.
    Invalid,
    /// It names a key that is not known: it is none of ours, or the keys have been rotated since they were read.
    UnknownKey,
    /// `Authorization` is not of the form `Bearer TOKEN`.
    Malformed,
}

/// Verifies bearer tokens.
#[async_trait]
pub trait Tokens: Send + Sync + 'static {
    /// Whose token it is.
    ///
    /// # Errors
    /// Why it is not taken.
    fn verify(&self, token: &str) -> Result<Caller, TokenFault>;

    /// Reads the keys anew, because a token names one that is not known. Answers whether that token is worth another
    /// look. Anyone can make up names of keys, so this must cost little however often it is asked.
    async fn reload(&self) -> bool {
        false
    }
}

async fn whose(tokens: &dyn Tokens, token: &str) -> Result<Caller, TokenFault> {
    match tokens.verify(token) {
        Err(TokenFault::UnknownKey) if tokens.reload().await => tokens.verify(token),
        verified => verified,
    }
}

/// Finds out who asks. A request without a token is let through, as is one with a wrong token: the endpoint says
/// whether it wants to know ([`Anyone`], [`SignedIn`], [`Only`]). A request that comes from a gateway in the same process is
/// known already.
pub async fn authenticate(
    State(tokens): State<Arc<dyn Tokens>>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.extensions().get::<Caller>().is_none() {
        let verified = match bearer(request.headers()) {
            None => None,
            Some(Ok(token)) => Some(whose(&*tokens, token).await),
            Some(Err(fault)) => Some(Err(fault)),
        };
        match verified {
            None => {}
            Some(Ok(caller)) => {
                request.extensions_mut().insert(caller);
            }
            Some(Err(fault)) => {
                request.extensions_mut().insert(fault);
            }
        }
    }
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<Result<&str, TokenFault>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?;
    // Of two, a proxy in front may have looked at the other.
    if values.next().is_some() {
        return Some(Err(TokenFault::Malformed));
    }
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    let token =
        token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    Some(token.filter(|token| !token.is_empty()).ok_or(TokenFault::Malformed))
}

fn known(parts: &Parts) -> Result<Option<Caller>, Problem> {
    if let Some(fault) = parts.extensions.get::<TokenFault>() {
        return Err(match fault {
            TokenFault::Expired => {
                Problem::unauthorized("token_expired", "the token has expired: refresh it")
            }
            TokenFault::Invalid | TokenFault::UnknownKey => {
                Problem::unauthorized("invalid_token", "the token is not valid here")
            }
            TokenFault::Malformed => {
                Problem::unauthorized("invalid_token", "send the token once, as Authorization: Bearer TOKEN")
            }
        });
    }
    Ok(parts.extensions.get::<Caller>().cloned())
}

fn signed_in(parts: &Parts) -> Result<Caller, Problem> {
    known(parts)?.ok_or_else(|| {
        Problem::unauthorized("unauthenticated", "sign in, and send the token as Authorization: Bearer TOKEN")
    })
}

/// Anyone may ask; who it is, if they are signed in. A token that is not taken is refused all the same.
#[derive(Debug)]
pub struct Anyone(pub Option<Caller>);

impl<S: Sync> FromRequestParts<S> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        known(parts).map(Self)
    }
}

/// Whoever is signed in may ask.
#[derive(Debug)]
pub struct SignedIn(pub Caller);

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        signed_in(parts).map(Self)
    }
}

/// Names the roles that may ask.
pub trait Allowed: Send + Sync + 'static {
    /// One of them is enough.
    const ROLES: &'static [&'static str];
}

/// Only those with one of the roles of `A` may ask.
///
/// ```
/// use commerce_adapters::http::{Allowed, Only};
///
/// struct Admins;
/// impl Allowed for Admins {
///     const ROLES: &'static [&'static str] = &["admin"];
/// }
///
/// async fn archive(Only(admin, _): Only<Admins>) -> String {
///     format!("archived by {}", admin.id)
/// }
/// # let _ = axum::Router::<()>::new().route("/archive", axum::routing::post(archive));
/// ```
pub struct Only<A>(pub Caller, pub PhantomData<A>);

impl<A> fmt::Debug for Only<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Only").field(&self.0).field(&self.1).finish()
    }
}

impl<S: Sync, A: Allowed> FromRequestParts<S> for Only<A> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = signed_in(parts)?;
        if caller.is_one_of(A::ROLES) { Ok(Self(caller, PhantomData)) } else { Err(Problem::forbidden()) }
    }
}
