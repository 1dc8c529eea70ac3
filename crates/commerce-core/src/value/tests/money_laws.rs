//! What holds for all money.

use proptest::prelude::*;

use super::super::*;

fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(Currency::all().collect::<Vec<_>>())
}

fn money() -> impl Strategy<Value = Money> {
    (any::<i64>(), currency()).prop_map(|(minor, currency)| Money::from_minor(minor, currency))
}

fn weights() -> impl Strategy<Value = Vec<u64>> {
    let weight = prop_oneof![0..5_u64, 0..1_000_000_u64, any::<u64>()];
    prop::collection::vec(weight, 1..20).prop_filter("a weight", |weights| weights.iter().any(|w| *w > 0))
}

proptest! {
    #[test]
    fn allocation_sums_exactly(money in money(), weights in weights()) {
        let shares = money.allocate(&weights)?;
        prop_assert_eq!(shares.len(), weights.len());
        prop_assert_eq!(Money::sum(shares, money.currency())?, money);
    }

    #[test]
    fn no_share_differs_from_its_exact_size_by_more_than_one_minor_unit(
        minor in -1_000_000_000_000_i64..1_000_000_000_000,
        weights in prop::collection::vec(0..1_000_000_u64, 1..20),
    ) {
        let total: i128 = weights.iter().copied().map(i128::from).sum();
        prop_assume!(total > 0);
        let shares = Money::from_minor(minor, Currency::GBP).allocate(&weights)?;
        for (share, weight) in shares.iter().zip(&weights) {
            let exact_times_total = i128::from(minor) * i128::from(*weight);
            let share_times_total = i128::from(share.minor()) * total;
            prop_assert!((share_times_total - exact_times_total).abs() < total);
        }
    }

    #[test]
    fn no_share_has_the_other_sign(money in money(), weights in weights()) {
        for share in money.allocate(&weights)? {
            prop_assert!(share.is_zero() || share.is_negative() == money.is_negative());
        }
    }

    #[test]
    fn a_greater_weight_never_gets_less(minor in 0..i64::MAX, weights in weights()) {
        let shares = Money::from_minor(minor, Currency::GBP).allocate(&weights)?;
        let mut by_weight: Vec<_> = weights.iter().zip(shares.iter().map(|share| share.minor())).collect();
        by_weight.sort_unstable();
        for pair in by_weight.windows(2) {
            prop_assert!(pair[0].0 == pair[1].0 || pair[0].1 <= pair[1].1);
        }
    }

    #[test]
    fn an_amount_is_read_back_in_every_currency(minor in any::<i64>()) {
        for currency in Currency::all() {
            let money = Money::from_minor(minor, currency);
            prop_assert_eq!(Money::parse(&money.amount(), currency), Ok(money));
        }
    }

    #[test]
    fn an_amount_has_exactly_the_decimals_of_its_currency(money in money()) {
        let amount = money.amount();
        let decimals = amount.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        prop_assert_eq!(decimals, money.currency().exponent() as usize);
    }

    #[test]
    fn reading_an_amount_never_panics(text in "\\PC*", currency in currency()) {
        let _ = Money::parse(&text, currency);
    }

    #[test]
    fn an_amount_reads_as_the_decimal_it_is(whole in 0..1_000_000_000_i64, fraction in "[0-9]{0,2}") {
        let text = if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") };
        let exact: Decimal = text.parse()?;
        let money = Money::parse(&text, Currency::GBP)?;
        prop_assert_eq!(Decimal::new(money.minor(), 2), exact);
    }

    #[test]
    fn subtraction_undoes_addition(left in any::<i64>(), right in any::<i64>(), currency in currency()) {
        let (left, right) = (Money::from_minor(left, currency), Money::from_minor(right, currency));
        match left.checked_add(right) {
            Ok(sum) => prop_assert_eq!(sum.checked_sub(right), Ok(left)),
            Err(error) => {
                prop_assert_eq!(error, MoneyError::Overflow);
                prop_assert!(left.minor().checked_add(right.minor()).is_none());
            }
        }
    }

    #[test]
    fn taking_the_other_sign_twice_changes_nothing(minor in (i64::MIN + 1).., currency in currency()) {
        let money = Money::from_minor(minor, currency);
        prop_assert_eq!(money.checked_neg()?.checked_neg()?, money);
        prop_assert!(money.checked_add(money.checked_neg()?)?.is_zero());
    }

    #[test]
    fn multiplication_is_repeated_addition_or_overflow(minor in any::<i64>(), times in any::<u32>()) {
        let exact = i128::from(minor) * i128::from(times);
        let expected = i64::try_from(exact).map(|minor| Money::from_minor(minor, Currency::GBP));
        let product = Money::from_minor(minor, Currency::GBP).checked_mul(times);
        prop_assert_eq!(product, expected.map_err(|_| MoneyError::Overflow));
    }

    #[test]
    fn money_survives_json(money in money()) {
        let json = serde_json::to_string(&money)?;
        prop_assert_eq!(serde_json::from_str::<Money>(&json)?, money);
        let from_reader: Money = serde_json::from_reader(json.as_bytes())?;
        prop_assert_eq!(from_reader, money);
    }
}
