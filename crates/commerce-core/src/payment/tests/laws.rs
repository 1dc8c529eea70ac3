//! What holds for all inputs.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::Aggregate;
use crate::event::{decode, encode};

fn any_currency() -> impl Strategy<Value = Currency> {
    select(Currency::all().collect::<Vec<_>>())
}

/// Mostly amounts that matter beside a payment of a few hundred minor units, sometimes any at all.
fn any_minor() -> impl Strategy<Value = i64> {
    prop_oneof![6 => 1..=120_i64, 1 => -3..=0_i64, 1 => any::<i64>()]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just("broken".to_owned()), 1 => any::<String>(), 1 => Just("x".repeat(501))]
}

/// A command in a currency, now and then in another one.
fn any_command(currency: Currency) -> impl Strategy<Value = PaymentCommand> {
    let money = (any_minor(), any_currency(), 0..20_u8).prop_map(move |(minor, other, dice)| {
        Money::from_minor(minor, if dice == 0 { other } else { currency })
    });
    let money = money.boxed();
    let attempt = prop_oneof![6 => 1..=3_u32, 1 => any::<u32>()];
    let token = select(vec!["tok_visa", "tok_visa", "tok_flaky"]);
    prop_oneof![
        1 => money.clone().prop_map(create),
        4 => (attempt, token).prop_map(|(attempt, token)| PaymentCommand::StartProcessing {
            attempt,
            token: PaymentToken::parse(token).unwrap(),
        }),
        4 => select(vec!["pi_1", "pi_2"])
            .prop_map(|id| PaymentCommand::Succeed { external_payment_id: charge(id) }),
        1 => (any_text(), any_text()).prop_map(|(code, reason)| PaymentCommand::Fail { code, reason }),
        1 => any_text().prop_map(|reason| PaymentCommand::Cancel { reason }),
        9 => (0..6_u128, money, any_text())
            .prop_map(|(number, amount, reason)| refund_because(number, amount, &reason)),
    ]
}

fn any_history() -> impl Strategy<Value = (Money, Vec<PaymentCommand>)> {
    any_currency().prop_flat_map(|currency| {
        let amount = (1..=300_i64).prop_map(move |minor| Money::from_minor(minor, currency));
        (amount, prop::collection::vec(any_command(currency), 0..40))
    })
}

/// What follows when the commands are given one by one: the state, its events and its books.
fn run(amount: Money, commands: Vec<PaymentCommand>) -> (Payment, Vec<PaymentEvent>, Balances) {
    let (mut payment, mut events, mut books) = (Payment::default(), Vec::new(), Balances::default());
    for command in std::iter::once(create(amount)).chain(commands) {
        for event in payment.decide(command, &test_context()).unwrap_or_default() {
            payment.apply(&event);
            for entry in entries_for(&payment, &event).unwrap() {
                books.record(&entry).unwrap();
            }
            events.push(event);
        }
    }
    (payment, events, books)
}

fn refunded_by(events: &[PaymentEvent]) -> i64 {
    let refunded = |event: &PaymentEvent| match event {
        PaymentEvent::PaymentRefunded { amount, .. } => Some(amount.minor()),
        _ => None,
    };
    events.iter().filter_map(refunded).sum()
}

proptest! {
    #[test]
    fn no_sequence_of_commands_panics_or_refunds_more_than_was_paid((amount, commands) in any_history()) {
        let (payment, events, _) = run(amount, commands);
        let refunded = refunded_by(&events);
        prop_assert!(refunded <= amount.minor());
        prop_assert_eq!(payment.refunded_amount().unwrap().minor(), refunded);
        let all = refunded == amount.minor();
        prop_assert_eq!(payment.status() == Some(PaymentStatus::Refunded), all);
    }

    #[test]
    fn replayed_events_give_the_same_state((amount, commands) in any_history()) {
        let (payment, events, _) = run(amount, commands);
        let mut replayed = Payment::default();
        for event in &events {
            let stored = encode(event).unwrap();
            replayed.apply(&decode(stored.event_type, &stored.payload).unwrap());
        }
        prop_assert_eq!(&replayed, &payment);
        let snapshot = serde_json::to_vec(&payment).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Payment>(&snapshot).unwrap(), payment);
    }

    #[test]
    fn the_books_balance_after_any_sequence_of_commands((amount, commands) in any_history()) {
        let (payment, events, books) = run(amount, commands);
        let currency = amount.currency();
        let captured = if payment.status().unwrap().is_captured() { amount.minor() } else { 0 };
        let refunded = refunded_by(&events);
        prop_assert!(books.is_balanced());
        prop_assert!(books.currencies().all(|posted| posted == currency));
        prop_assert_eq!(books.balance(Account::Customer, currency).minor(), 0);
        prop_assert_eq!(books.balance(Account::Revenue, currency).minor(), captured);
        prop_assert_eq!(books.balance(Account::Refunds, currency).minor(), refunded);
        prop_assert_eq!(books.balance(Account::ProviderClearing, currency).minor(), captured - refunded);
    }

    #[test]
    fn a_command_given_twice_in_a_row_has_one_effect((amount, commands) in any_history()) {
        let (mut payment, _, _) = run(amount, vec![]);
        for command in commands {
            let events = payment.decide(command.clone(), &test_context()).unwrap_or_default();
            events.iter().for_each(|event| payment.apply(event));
            if !events.is_empty() {
                prop_assert_eq!(payment.decide(command, &test_context()), Ok(vec![]));
            }
        }
    }

    /// Clients read a version, decide on it, and commit if it is still the last one; else they read again. The
    /// schedule says whose turn it is: any interleaving of reads and commits.
    #[test]
    fn refunds_of_any_interleaving_never_pass_the_amount(
        currency in any_currency(),
        amount in 1..=300_i64,
        refunds in prop::collection::vec((0..6_u128, any_minor()), 1..12),
        schedule in prop::collection::vec(any::<Index>(), 0..60),
    ) {
        let mut log = vec![created_with(Money::from_minor(amount, currency)), started(1), succeeded()];
        let mut read: Vec<Option<usize>> = vec![None; refunds.len()];
        for turn in schedule {
            let client = turn.index(refunds.len());
            let Some(version) = read[client].take() else {
                read[client] = Some(log.len());
                continue;
            };
            let (number, minor) = refunds[client];
            let command = refund_because(number, Money::from_minor(minor, currency), "broken");
            let seen = given::<Payment>(log[..version].iter().cloned()).state();
            let decided = seen.decide(command, &test_context()).unwrap_or_default();
            if version == log.len() {
                log.extend(decided);
            }
        }
        let payment = given::<Payment>(log.iter().cloned()).state();
        prop_assert!(refunded_by(&log) <= amount);
        prop_assert_eq!(payment.refunds().count(), log.len() - 3, "one refund id, one refund");
        prop_assert_eq!(payment.refundable_amount().unwrap().minor(), amount - refunded_by(&log));
    }
}

#[test]
fn any_split_of_the_greatest_payment_is_refunded_to_the_last_minor_unit_in_every_currency() {
    for currency in Currency::all() {
        let greatest = Money::from_minor(1_000_000 * 10_i64.pow(currency.exponent()) - 1, currency);
        let parts = greatest.allocate(&[1, 2, 4]).unwrap();
        let refunds = parts.into_iter().zip(0..).map(|(part, number)| refund_because(number, part, "broken"));
        let commands = [start(1), succeed()].into_iter().chain(refunds).collect();
        let (payment, _, books) = run(greatest, commands);
        assert_eq!(payment.status(), Some(PaymentStatus::Refunded), "{currency}");
        assert!(books.is_balanced());
        assert!(books.balance(Account::ProviderClearing, currency).is_zero());
        assert_eq!(books.balance(Account::Refunds, currency), greatest);
    }
}
