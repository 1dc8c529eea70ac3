//! What clients are shown. No hash and no token but the one that a client asked for.

use commerce_adapters::http::Problem;
use commerce_adapters::jwt::AccessToken;
use commerce_core::identity::{Role, Session, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a user may be.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(super) enum RoleName {
    /// Buys.
    Customer,
    /// Runs the shop.
    Admin,
    /// Packs and ships.
    Warehouse,
    /// Keeps the stock.
    InventoryManager,
    /// Reads the figures.
    Analyst,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Customer => Self::Customer,
            Role::Admin => Self::Admin,
            Role::Warehouse => Self::Warehouse,
            Role::InventoryManager => Self::InventoryManager,
            Role::Analyst => Self::Analyst,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Customer => Self::Customer,
            RoleName::Admin => Self::Admin,
            RoleName::Warehouse => Self::Warehouse,
            RoleName::InventoryManager => Self::InventoryManager,
            RoleName::Analyst => Self::Analyst,
        }
    }
}

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserShown {
    id: Uuid,
    #[schema(format = Email)]
    email: String,
    first_name: String,
    last_name: String,
    roles: Vec<RoleName>,
    active: bool,
    email_confirmed: bool,
    #[schema(format = DateTime)]
    last_login_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl UserShown {
    /// None for one who was never registered.
    pub(super) fn of(user: &User) -> Option<Self> {
        Some(Self {
            id: user.user_id()?.0,
            email: user.email()?.to_string(),
            first_name: user.first_name()?.to_string(),
            last_name: user.last_name()?.to_string(),
            roles: user.roles()?.iter().map(RoleName::from).collect(),
            active: user.is_active(),
            email_confirmed: user.is_email_confirmed(),
            last_login_at: user.last_login_at().map(|at| at.to_string()),
            created_at: user.created_at()?.to_string(),
        })
    }
}

/// A user who has just registered.
#[derive(Serialize, ToSchema)]
pub(super) struct Registered {
    pub(super) user_id: Uuid,
}

/// Whether a token is good for whoever bears it.
#[derive(Serialize, ToSchema)]
enum TokenType {
    /// It is (RFC 6750).
    Bearer,
}

/// The tokens of someone who has signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(super) struct TokensShown {
    /// To be sent with each request: `Authorization: Bearer TOKEN`.
    access_token: String,
    token_type: TokenType,
    /// For so many seconds the access token is good.
    expires_in: u64,
    /// Gives the next tokens, once, within thirty days. Coming with one a second time ends the session.
    refresh_token: String,
}

impl TokensShown {
    pub(super) fn of(session: &Session, access: &AccessToken) -> Self {
        Self {
            access_token: access.token.expose().to_owned(),
            token_type: TokenType::Bearer,
            expires_in: access.expires_in,
            refresh_token: session.refresh_token.expose().to_owned(),
        }
    }
}

/// A public key (RFC 8037).
#[derive(ToSchema)]
#[schema(as = Jwk)]
#[allow(dead_code)]
struct JwkShown {
    /// `OKP`.
    kty: String,
    /// `Ed25519`.
    crv: String,
    /// `EdDSA`.
    alg: String,
    /// `sig`.
    r#use: String,
    /// The `kid` of the tokens it verifies.
    kid: String,
    /// The key itself, base64url.
    x: String,
}

/// A set of public keys.
#[derive(ToSchema)]
#[schema(as = Jwks)]
#[allow(dead_code)]
pub(super) struct JwksShown {
    keys: Vec<JwkShown>,
}

/// A user who exists is shown; that one does is known by now.
pub(super) fn shown(user: &User) -> Result<UserShown, Problem> {
    UserShown::of(user).ok_or_else(|| Problem::not_found("user"))
}
