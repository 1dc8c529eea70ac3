//! What clients send.

use commerce_core::identity::{Login, Password, Register};
use serde::Deserialize;
use utoipa::ToSchema;

use super::shown::RoleName;

/// Someone who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterBody {
    /// Where mail reaches them.
    #[schema(
        min_length = 3, max_length = 255, format = Email,
        pattern = r"^([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}|[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,31}\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,32}|[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}){2}|[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,15}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,15}){3}|[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}){4})@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
        example = "ada@example.org"
    )]
    email: String,
    /// At least one letter from A to Z, one from a to z, one digit from 0 to 9, and one character that is none of these.
    #[schema(
        value_type = String, min_length = 8, max_length = 100, format = Password,
        pattern = r"^(?=[\s\S]*[A-Z])(?=[\s\S]*[a-z])(?=[\s\S]*[0-9])(?=[\s\S]*[^A-Za-z0-9])[^\x00]*$",
        example = "Lovelace-1815"
    )]
    password: Password,
    /// Without control characters.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Ada"
    )]
    first_name: String,
    /// Without control characters.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Lovelace"
    )]
    last_name: String,
}

impl From<RegisterBody> for Register {
    fn from(body: RegisterBody) -> Self {
        let RegisterBody { email, password, first_name, last_name } = body;
        Self { email, password, first_name, last_name }
    }
}

/// Someone who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginBody {
    /// The address of the account.
    #[schema(example = "customer@example.com")]
    email: String,
    /// Its password.
    #[schema(value_type = String, format = Password)]
    password: Password,
}

impl From<LoginBody> for Login {
    fn from(LoginBody { email, password }: LoginBody) -> Self {
        Self { email, password }
    }
}

/// Someone who has a refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshTokenBody {
    /// The refresh token.
    pub(super) refresh_token: String,
}

/// Someone who wants another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePasswordBody {
    /// The password they have.
    #[schema(value_type = String, format = Password)]
    pub(super) current_password: Password,
    /// The password they want: see registration.
    #[schema(
        value_type = String, min_length = 8, max_length = 100, format = Password,
        pattern = r"^(?=[\s\S]*[A-Z])(?=[\s\S]*[a-z])(?=[\s\S]*[0-9])(?=[\s\S]*[^A-Za-z0-9])[^\x00]*$"
    )]
    pub(super) new_password: Password,
}

/// Someone who has forgotten their password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgotPasswordBody {
    /// The address of the account.
    pub(super) email: String,
}

/// Someone who was mailed a token to set another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetPasswordBody {
    /// The token from the mail.
    pub(super) token: String,
    /// The password they want: see registration.
    #[schema(
        value_type = String, min_length = 8, max_length = 100, format = Password,
        pattern = r"^(?=[\s\S]*[A-Z])(?=[\s\S]*[a-z])(?=[\s\S]*[0-9])(?=[\s\S]*[^A-Za-z0-9])[^\x00]*$"
    )]
    pub(super) new_password: Password,
}

/// Someone who was mailed a token that confirms their address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmEmailBody {
    /// The token from the mail.
    pub(super) token: String,
}

/// What a user may be from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RolesBody {
    /// All of it.
    #[schema(min_items = 1)]
    pub(super) roles: Vec<RoleName>,
}
