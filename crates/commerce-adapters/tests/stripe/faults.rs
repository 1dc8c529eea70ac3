//! Whatever goes wrong, money is taken at most once for a payment, and the books say in the end what Stripe says.

use commerce_adapters::stripe::Stripe;
use commerce_core::Aggregate;
use commerce_core::id::OrderId;
use commerce_core::payment::{
    ChargeState, NextStep, Payment, PaymentCommand, PaymentMethod, PaymentProvider, PaymentStatus,
    PaymentToken, ProviderError,
};
use commerce_core::testing::test_context;
use commerce_core::value::{Currency, Money};
use proptest::prelude::*;

use super::server::{Fault, Server};
use super::{options, payment_id, stripe};

/// Short, since many answers are waited for in vain.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(25);

fn record(payment: &mut Payment, command: PaymentCommand) {
    for event in payment.decide(command, &test_context()).unwrap() {
        payment.apply(&event);
    }
}

fn processing(token: &str) -> Payment {
    let mut payment = Payment::default();
    let order_id: OrderId = "01890a5d-ac96-774b-bcce-b302099a8058".parse().unwrap();
    let (amount, method) = (Money::from_minor(1234, Currency::GBP), PaymentMethod::CreditCard);
    record(
        &mut payment,
        PaymentCommand::Create { payment_id: payment_id(), order_id, customer_id: None, amount, method },
    );
    let token = PaymentToken::parse(token).unwrap();
    record(&mut payment, PaymentCommand::StartProcessing { attempt: 1, token });
    payment
}

/// One delivery of the message that has the payment captured; the process may die before the answer is recorded.
async fn capture(stripe: &Stripe, payment: &mut Payment, is_fresh: bool, dies: bool) {
    let Some(request) = payment.capture_request() else { return };
    if !is_fresh {
        match NextStep::after_find(&request, &stripe.find(&request).await) {
            NextStep::CaptureAgain => {}
            NextStep::Record(command) => return record(payment, command),
            _ => return,
        }
    }
    let answer = stripe.capture(&request).await;
    if let NextStep::Record(command) = NextStep::after_capture(&request, &answer)
        && !dies
    {
        record(payment, command);
    }
}

async fn cancel(stripe: &Stripe, payment: &mut Payment) {
    let Some(request) = payment.capture_request() else { return };
    if let NextStep::Record(command) =
        NextStep::after_cancel(&request, "given up", &stripe.cancel(&request).await)
    {
        record(payment, command);
    }
}

#[derive(Clone, Debug)]
struct Scene {
    token: &'static str,
    faults: Vec<Fault>,
    /// Of each delivery: whether the process dies before it records.
    deliveries: Vec<bool>,
    is_given_up: bool,
}

fn scenes() -> impl Strategy<Value = Scene> {
    let fault = prop_oneof![
        5 => Just(Fault::None),
        1 => Just(Fault::Limited),
        1 => Just(Fault::InUse),
        2 => Just(Fault::FailedBefore),
        2 => Just(Fault::CutAfter),
        1 => Just(Fault::CutBefore),
        1 => Just(Fault::SlowAfter),
        5 => Just(Fault::Late),
    ];
    let token = prop_oneof![3 => Just("pm_card_visa"), 1 => Just("pm_card_declined")];
    let (faults, deliveries) =
        (proptest::collection::vec(fault, 0..16), proptest::collection::vec(any::<bool>(), 1..5));
    (token, faults, deliveries, any::<bool>()).prop_map(|(token, faults, deliveries, is_given_up)| Scene {
        token,
        faults: bearable(faults),
        deliveries,
        is_given_up,
    })
}

/// Stripe keeps each of these under a key for a day, and only so many keys are tried: one more, and the end is not known
/// before then.
fn bearable(faults: Vec<Fault>) -> Vec<Fault> {
    let mut kept = 0;
    let bear = |fault| {
        kept += usize::from(fault == Fault::FailedBefore);
        if fault == Fault::FailedBefore && kept > 2 { Fault::None } else { fault }
    };
    faults.into_iter().map(bear).collect()
}

async fn play(scene: Scene) {
    let server = Server::start(PATIENCE).await;
    let stripe = stripe(&options(&server));
    server.will(scene.faults);
    let mut payment = processing(scene.token);
    for (delivery, dies) in scene.deliveries.into_iter().enumerate() {
        capture(&stripe, &mut payment, delivery == 0, dies).await;
    }
    if scene.is_given_up {
        cancel(&stripe, &mut payment).await;
    }
    // Stripe is well again, and the payment is recovered.
    server.will([]);
    for _ in 0..6 {
        if scene.is_given_up {
            cancel(&stripe, &mut payment).await;
        } else {
            capture(&stripe, &mut payment, false, false).await;
        }
    }
    // What was on its way arrives.
    tokio::time::sleep(PATIENCE * 8).await;
    let books = server.books();
    let captures: u32 = (1..=payment.attempt())
        .map(|attempt| books.captures(&format!("capture:{}:{attempt}", payment_id())))
        .sum();
    let is_captured = payment.status().is_some_and(PaymentStatus::is_captured);
    assert!(payment.status() != Some(PaymentStatus::Processing), "it never ended");
    assert_eq!(captures, u32::from(is_captured), "the books say {:?}", payment.status());
    if let Some(id) = payment.external_payment_id() {
        assert_eq!(books.intents[id.as_str()]["status"], "succeeded");
    }
    assert!(scene.token == "pm_card_visa" || captures == 0);
}

#[test]
fn money_is_taken_at_most_once_and_the_books_say_what_stripe_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(scene in scenes())| runtime.block_on(play(scene)));
}

#[tokio::test]
async fn a_confirmation_that_arrives_after_the_payment_was_called_off_takes_nothing() {
    let scene = Scene {
        token: "pm_card_visa",
        faults: vec![Fault::None, Fault::Late],
        deliveries: vec![false],
        is_given_up: true,
    };
    play(scene).await;
}

#[tokio::test]
async fn webhooks_out_of_order_and_twice_lead_to_what_stripe_says() {
    let server = Server::start(PATIENCE).await;
    let stripe = stripe(&options(&server));
    let mut payment = processing("pm_card_3ds");
    let request = payment.capture_request().unwrap();
    let Err(ProviderError::RequiresAction { external_payment_id: id }) = stripe.capture(&request).await
    else {
        panic!("no action required")
    };
    server.books().customer_acts(id.as_str(), true);
    let event = |kind: &str| {
        let body = serde_json::json!({"id": format!("evt_{kind}"), "type": format!("payment_intent.{kind}"),
            "created": 1, "data": {"object": server.books().intents[id.as_str()]}});
        commerce_adapters::stripe::webhook::parse(body.to_string().as_bytes()).unwrap()
    };
    for kind in [
        "processing",
        "payment_failed",
        "succeeded",
        "processing",
        "succeeded",
        "requires_action",
        "canceled",
    ] {
        let told = event(kind);
        assert_eq!(told.key.as_deref(), Some(request.key.as_str()));
        let state: ChargeState = told.charge_state().unwrap();
        match NextStep::after_webhook(&payment, &state) {
            Some(NextStep::Record(command)) => record(&mut payment, command),
            Some(NextStep::Find) => {
                if let NextStep::Record(command) =
                    NextStep::after_find(&request, &stripe.find(&request).await)
                {
                    record(&mut payment, command);
                }
            }
            _ => {}
        }
    }
    assert_eq!(payment.status(), Some(PaymentStatus::Succeeded));
    assert_eq!(server.books().captures(request.key.as_str()), 1);
}
