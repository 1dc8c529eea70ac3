use std::borrow::Cow;

use crate::time::Timestamp;

/// Names a claim within a tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimKey {
    /// What kind of thing is claimed: `inbox/shipping`, `sku`, `idempotency/orders`.
    pub scope: Cow<'static, str>,
    /// Which of them.
    pub key: String,
}

/// Something only one can have: a message id that is handled once, a unique e-mail address, an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What is claimed.
    pub key: ClaimKey,
    /// When it is free again, by the store's clock. Never, if there is no such moment.
    pub expires_at: Option<Timestamp>,
    /// What to answer whoever claims it next: the result of an idempotent operation.
    pub answer: Option<Vec<u8>>,
}

impl Claim {
    /// A claim for good.
    pub fn new(scope: impl Into<Cow<'static, str>>, key: impl Into<String>) -> Self {
        Self { key: ClaimKey::new(scope, key), expires_at: None, answer: None }
    }

    /// Free again at this moment.
    pub fn until(mut self, moment: Timestamp) -> Self {
        self.expires_at = Some(moment);
        self
    }

    /// With an answer for whoever claims it next.
    pub fn with_answer(mut self, answer: Vec<u8>) -> Self {
        self.answer = Some(answer);
        self
    }
}

impl ClaimKey {
    /// A claim's name.
    pub fn new(scope: impl Into<Cow<'static, str>>, key: impl Into<String>) -> Self {
        Self { scope: scope.into(), key: key.into() }
    }
}
