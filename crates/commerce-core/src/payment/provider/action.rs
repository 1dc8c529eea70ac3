//! What a customer has to do.

use crate::identity::Secret;

/// What a customer has to do at the provider before their charge goes on, such as to prove who they are (3-D Secure).
///
/// Whoever has it can act in the customer's place. So it is for them alone: it is [asked
/// for](super::PaymentProvider::action) when they ask, over and over, and belongs into no event, document, log or
/// address. `Debug` hides it, and serde can't write it.
///
/// ```
/// use commerce_core::identity::Secret;
/// use commerce_core::payment::CustomerAction;
///
/// let action = CustomerAction { client_secret: Secret::new("pi_1_secret_2"), redirect_url: None };
/// assert!(!format!("{action:?}").contains("secret_2"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerAction {
    /// By which the provider's own software, in the customer's browser or app, goes on with the charge.
    pub client_secret: Secret,
    /// The provider's page that the customer is to be sent to, if that is how it goes on. It sends them back.
    pub redirect_url: Option<Secret>,
}
