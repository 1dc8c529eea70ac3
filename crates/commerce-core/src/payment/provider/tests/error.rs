//! What errors of a provider mean.

use super::*;

#[test]
fn only_a_refusal_is_terminal() {
    let declined = ProviderError::Declined { code: "c".into(), reason: "r".into() };
    assert_eq!((declined.code(), declined.kind()), ("payment_declined", Kind::Terminal));
    let transient = ProviderError::Transient { reason: "r".into() };
    assert_eq!((transient.code(), transient.kind()), ("provider_unavailable", Kind::Retryable));
    assert_eq!((unknown().code(), unknown().kind()), ("provider_unknown", Kind::Retryable));
    let action = ProviderError::RequiresAction { external_payment_id: charge("pi_1") };
    assert_eq!((action.code(), action.kind()), ("requires_action", Kind::Retryable));
}

#[test]
fn an_unknown_answer_is_not_certain() {
    assert!(ProviderError::Declined { code: "c".into(), reason: "r".into() }.is_certain());
    assert!(ProviderError::Transient { reason: "r".into() }.is_certain());
    assert!(!unknown().is_certain());
    assert!(!ProviderError::RequiresAction { external_payment_id: charge("pi_1") }.is_certain());
}
