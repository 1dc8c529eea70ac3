//! Payments, as they are shown.

use commerce_core::payment::{Account, Balances, CustomerAction, ExternalPaymentId, Payment, Refund};
use commerce_core::value::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A payment.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
pub(super) struct PaymentShown {
    id: Uuid,
    order_id: Uuid,
    /// Whose it is; null if it was made by an admin.
    customer_id: Option<Uuid>,
    #[schema(value_type = crate::http::schema::Money)]
    amount: Money,
    #[schema(value_type = String, example = "credit_card")]
    method: &'static str,
    /// `pending`, `processing`, `succeeded`, `failed`, `cancelled`, `partially_refunded` or `refunded`.
    #[schema(value_type = String, example = "succeeded")]
    status: &'static str,
    /// The provider's id of the charge, once it is known.
    external_payment_id: Option<String>,
    /// What its customer has to do while it is `processing`. Null for everyone else, if there is nothing to do, and as long
    /// as the provider can't say what.
    next_action: Option<NextActionShown>,
    /// The provider's code, if it refused.
    failure_code: Option<String>,
    /// The provider's sentence, if it refused.
    failure_reason: Option<String>,
    /// Why it was given up, if it was.
    cancel_reason: Option<String>,
    #[schema(value_type = crate::http::schema::Money)]
    refunded_amount: Money,
    refunds: Vec<RefundShown>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// What the customer has to do at the provider before the payment goes on. With it anyone could act in their place: keep
/// it out of logs and addresses.
#[derive(Serialize, ToSchema)]
#[schema(as = NextAction)]
struct NextActionShown {
    /// `redirect`: send the customer to `redirect_url`. `use_sdk`: give `client_secret` to the provider's own software, such
    /// as `stripe.handleNextAction`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "use_sdk")]
    kind: &'static str,
    /// What the provider's own software goes on with.
    client_secret: String,
    /// The provider's page.
    redirect_url: Option<String>,
}

impl From<CustomerAction> for NextActionShown {
    fn from(action: CustomerAction) -> Self {
        Self {
            kind: if action.redirect_url.is_some() { "redirect" } else { "use_sdk" },
            client_secret: action.client_secret.expose().to_owned(),
            redirect_url: action.redirect_url.map(|url| url.expose().to_owned()),
        }
    }
}

/// A part of a payment that is given back.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
struct RefundShown {
    id: Uuid,
    #[schema(value_type = crate::http::schema::Money)]
    amount: Money,
    /// Why.
    reason: String,
    /// Since when.
    #[schema(format = DateTime)]
    at: String,
}

impl RefundShown {
    fn of(id: Uuid, refund: &Refund) -> Self {
        Self { id, amount: refund.amount, reason: refund.reason.clone(), at: refund.at.to_string() }
    }
}

impl PaymentShown {
    /// None, if it was never created.
    pub(super) fn of(payment: &Payment) -> Option<Self> {
        let failure = payment.failure();
        Some(Self {
            id: payment.payment_id()?.0,
            order_id: payment.order_id()?.0,
            customer_id: payment.customer_id().map(|customer| customer.0),
            amount: payment.amount()?,
            method: payment.method()?.as_str(),
            status: payment.status()?.as_str(),
            external_payment_id: payment.external_payment_id().map(ToString::to_string),
            next_action: None,
            failure_code: failure.map(|failure| failure.code.clone()),
            failure_reason: failure.map(|failure| failure.reason.clone()),
            cancel_reason: payment.cancel_reason().map(str::to_owned),
            refunded_amount: payment.refunded_amount()?,
            refunds: payment.refunds().map(|(id, refund)| RefundShown::of(id, refund)).collect(),
            created_at: payment.created_at()?.to_string(),
            updated_at: payment.updated_at()?.to_string(),
        })
    }

    /// While the customer has to act, the charge is known before the money is taken.
    pub(super) fn known_as(self, charge: Option<ExternalPaymentId>) -> Self {
        let charge = charge.map(|charge| charge.to_string());
        Self { external_payment_id: self.external_payment_id.or(charge), ..self }
    }

    /// To the customer, who has to do this.
    pub(super) fn asking_for(self, action: Option<CustomerAction>) -> Self {
        Self { next_action: action.map(NextActionShown::from), ..self }
    }
}

/// The books' totals.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerBalances)]
pub(super) struct BalancesShown {
    /// Whether debits equal credits in every currency.
    balanced: bool,
    currencies: Vec<CurrencyShown>,
}

/// The books' totals in one currency.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerCurrency)]
struct CurrencyShown {
    /// An ISO 4217 code.
    #[schema(example = "USD")]
    currency: String,
    /// Whether debits equal credits.
    balanced: bool,
    accounts: Vec<AccountShown>,
}

/// An account in one currency.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerAccount)]
struct AccountShown {
    /// `customer`, `provider_clearing`, `revenue` or `refunds`.
    #[schema(value_type = String, example = "revenue")]
    account: &'static str,
    #[schema(value_type = crate::http::schema::Money)]
    debits: Money,
    #[schema(value_type = crate::http::schema::Money)]
    credits: Money,
    /// What the account's normal side has over the other one.
    #[schema(value_type = crate::http::schema::Money)]
    balance: Money,
}

impl BalancesShown {
    pub(super) fn of(balances: &Balances) -> Self {
        let currencies = balances.currencies().map(|currency| CurrencyShown::of(balances, currency));
        Self { balanced: balances.is_balanced(), currencies: currencies.collect() }
    }
}

impl CurrencyShown {
    fn of(balances: &Balances, currency: Currency) -> Self {
        let account = |account: Account| {
            let totals = balances.totals(account, currency);
            AccountShown {
                account: account.as_str(),
                debits: totals.debits,
                credits: totals.credits,
                balance: balances.balance(account, currency),
            }
        };
        Self {
            currency: currency.code().to_owned(),
            balanced: balances.trial_balance(currency) == 0,
            accounts: Account::ALL.map(account).into(),
        }
    }
}
