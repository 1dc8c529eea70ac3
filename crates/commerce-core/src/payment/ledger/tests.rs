//! What the books promise.

use uuid::Uuid;

use super::*;
use crate::error::Kind;
use crate::payment::tests::*;
use crate::payment::{Payment, PaymentEvent};
use crate::testing::given;
use crate::value::{Currency, Money};

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn entry(postings: Vec<Posting>) -> Result<JournalEntry, LedgerError> {
    JournalEntry::new(Uuid::from_u128(1), payment_id(), order_id(), EntryKind::Capture, postings, NOON)
}

fn sale(amount: Money) -> JournalEntry {
    let postings = vec![Posting::debit(Account::Customer, amount), Posting::credit(Account::Revenue, amount)];
    entry(postings).unwrap()
}

fn only_entry(events: impl IntoIterator<Item = PaymentEvent>, event: &PaymentEvent) -> JournalEntry {
    let mut entries = entries_for(&given::<Payment>(events).state(), event).unwrap();
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

fn capture() -> JournalEntry {
    only_entry([created(), started(1)], &succeeded())
}

fn refund_of(number: u128, minor: i64) -> JournalEntry {
    only_entry([created(), started(1), succeeded()], &refunded(number, minor))
}

#[test]
fn a_balanced_entry_can_be_made() {
    assert_eq!(sale(gbp(5)).postings().len(), 2);
}

#[test]
fn an_unbalanced_entry_cant_be_made() {
    let postings = vec![Posting::debit(Account::Customer, gbp(5)), Posting::credit(Account::Revenue, gbp(4))];
    assert_eq!(entry(postings), Err(LedgerError::Unbalanced { debits: 5, credits: 4 }));
}

#[test]
fn an_entry_of_one_side_cant_be_made() {
    let postings = vec![Posting::debit(Account::Customer, gbp(5))];
    assert_eq!(entry(postings), Err(LedgerError::Unbalanced { debits: 5, credits: 0 }));
}

#[test]
fn an_entry_without_postings_cant_be_made() {
    assert_eq!(entry(vec![]), Err(LedgerError::NoPostings));
}

#[test]
fn a_posting_of_nothing_or_less_cant_be_made() {
    for amount in [gbp(0), gbp(-5)] {
        let postings =
            vec![Posting::debit(Account::Customer, amount), Posting::credit(Account::Revenue, amount)];
        assert_eq!(entry(postings), Err(LedgerError::NotPositive { amount }));
    }
}

#[test]
fn an_entry_of_two_currencies_cant_be_made() {
    let postings = vec![Posting::debit(Account::Customer, gbp(5)), Posting::credit(Account::Revenue, usd(5))];
    let (left, right) = (Currency::GBP, Currency::USD);
    assert_eq!(entry(postings), Err(LedgerError::MixedCurrencies { left, right }));
}

#[test]
fn amounts_that_pass_all_bounds_together_still_balance() {
    let greatest = gbp(i64::MAX);
    let postings = vec![
        Posting::debit(Account::Customer, greatest),
        Posting::debit(Account::Customer, greatest),
        Posting::credit(Account::Revenue, greatest),
    ];
    assert!(matches!(entry(postings), Err(LedgerError::Unbalanced { .. })));
}

#[test]
fn a_stored_entry_is_read_back() {
    let stored = serde_json::to_string(&capture()).unwrap();
    assert_eq!(serde_json::from_str::<JournalEntry>(&stored).unwrap(), capture());
}

#[test]
fn a_stored_entry_that_was_tampered_with_is_refused() {
    let stored = serde_json::to_string(&sale(gbp(5))).unwrap();
    let tampered = stored.replacen("0.05", "0.06", 1);
    assert_ne!(tampered, stored);
    let error = serde_json::from_str::<JournalEntry>(&tampered).unwrap_err();
    assert!(error.to_string().contains("balance"), "{error}");
}

#[test]
fn a_capture_charges_the_customer_who_pays_by_the_provider() {
    let amount = gbp(10_000);
    assert_eq!(capture().kind(), EntryKind::Capture);
    assert_eq!(
        capture().postings(),
        [
            Posting::debit(Account::Customer, amount),
            Posting::credit(Account::Revenue, amount),
            Posting::debit(Account::ProviderClearing, amount),
            Posting::credit(Account::Customer, amount),
        ]
    );
}

#[test]
fn a_refund_is_owed_to_the_customer_and_paid_out_by_the_provider() {
    let amount = gbp(3_000);
    assert_eq!(refund_of(1, 3_000).kind(), EntryKind::Refund);
    assert_eq!(
        refund_of(1, 3_000).postings(),
        [
            Posting::debit(Account::Refunds, amount),
            Posting::credit(Account::Customer, amount),
            Posting::debit(Account::Customer, amount),
            Posting::credit(Account::ProviderClearing, amount),
        ]
    );
}

#[test]
fn an_entry_names_its_payment_its_order_and_its_time() {
    let entry = capture();
    assert_eq!((entry.payment_id(), entry.order_id(), entry.at()), (payment_id(), order_id(), NOON));
}

#[test]
fn events_that_move_no_money_make_no_entry() {
    let payment = given::<Payment>([created()]).state();
    for event in [created(), started(1), failed(), cancelled()] {
        assert_eq!(entries_for(&payment, &event), Ok(vec![]));
    }
}

#[test]
fn the_entry_is_the_same_from_the_state_before_and_after_the_event() {
    let after = only_entry([created(), started(1), succeeded()], &succeeded());
    assert_eq!(after, capture());
}

#[test]
fn an_event_has_one_entry_id_always_and_each_event_its_own() {
    let ids = [capture().id(), refund_of(1, 1).id(), refund_of(2, 1).id()];
    assert_eq!(ids, [capture().id(), refund_of(1, 1).id(), refund_of(2, 1).id()]);
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
}

#[test]
fn money_cant_move_without_a_payment() {
    for event in [succeeded(), refunded(1, 1)] {
        assert_eq!(entries_for(&Payment::default(), &event), Err(LedgerError::NoPayment));
    }
}

#[test]
fn a_damaged_refund_makes_no_entry() {
    let payment = given::<Payment>([created(), started(1), succeeded()]).state();
    let entries = entries_for(&payment, &refunded(1, -5));
    assert_eq!(entries, Err(LedgerError::NotPositive { amount: gbp(-5) }));
}

#[test]
fn empty_books_balance() {
    let books = Balances::default();
    assert!(books.is_balanced());
    assert_eq!(books.balance(Account::Revenue, Currency::GBP), gbp(0));
    assert_eq!(books.lines().count(), 0);
}

#[test]
fn after_a_capture_the_provider_owes_us_what_was_earned() {
    let books = Balances::of([&capture()]).unwrap();
    assert_eq!(books.balance(Account::ProviderClearing, Currency::GBP), gbp(10_000));
    assert_eq!(books.balance(Account::Revenue, Currency::GBP), gbp(10_000));
    assert_eq!(books.balance(Account::Customer, Currency::GBP), gbp(0));
    assert_eq!(books.balance(Account::Refunds, Currency::GBP), gbp(0));
}

#[test]
fn after_a_refund_the_provider_owes_us_that_much_less() {
    let books = Balances::of([&capture(), &refund_of(1, 3_000)]).unwrap();
    assert_eq!(books.balance(Account::ProviderClearing, Currency::GBP), gbp(7_000));
    assert_eq!(books.balance(Account::Revenue, Currency::GBP), gbp(10_000));
    assert_eq!(books.balance(Account::Refunds, Currency::GBP), gbp(3_000));
    assert_eq!(books.balance(Account::Customer, Currency::GBP), gbp(0));
}

#[test]
fn currencies_are_kept_apart() {
    let books = Balances::of([&sale(gbp(5)), &sale(usd(7))]).unwrap();
    assert_eq!(books.balance(Account::Revenue, Currency::GBP), gbp(5));
    assert_eq!(books.balance(Account::Revenue, Currency::USD), usd(7));
    assert_eq!(books.currencies().collect::<Vec<_>>(), [Currency::GBP, Currency::USD]);
    assert!(books.is_balanced());
}

#[test]
fn both_sides_of_an_account_are_kept() {
    let books = Balances::of([&capture(), &refund_of(1, 3_000)]).unwrap();
    let totals = books.totals(Account::ProviderClearing, Currency::GBP);
    assert_eq!((totals.debits, totals.credits), (gbp(10_000), gbp(3_000)));
}

#[test]
fn an_account_that_overflows_takes_nothing_of_the_entry() {
    let mut books = Balances::of([&sale(gbp(i64::MAX))]).unwrap();
    let before = books.clone();
    let error = books.record(&sale(gbp(1))).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("account_overflow", Kind::Terminal));
    assert_eq!(books, before);
}

#[test]
fn an_overflow_at_the_second_posting_takes_back_the_first() {
    let mut books = Balances::of([&sale(gbp(i64::MAX))]).unwrap();
    let before = books.clone();
    let postings = vec![Posting::debit(Account::Refunds, gbp(1)), Posting::credit(Account::Revenue, gbp(1))];
    assert!(books.record(&entry(postings).unwrap()).is_err());
    assert_eq!(books, before);
}

#[test]
fn damaged_books_dont_balance() {
    let books = Balances::of([&sale(gbp(5))]).unwrap();
    let stored = serde_json::to_string(&books).unwrap();
    assert_eq!(serde_json::from_str::<Balances>(&stored).unwrap(), books);
    let damaged: Balances = serde_json::from_str(&stored.replacen("0.05", "0.06", 1)).unwrap();
    assert!(!damaged.is_balanced());
    assert_eq!(damaged.trial_balance(Currency::GBP), 1);
}

#[test]
fn the_lines_of_the_books_show_each_account_once_per_currency() {
    let books = Balances::of([&capture(), &refund_of(1, 3_000), &sale(usd(7))]).unwrap();
    let lines: Vec<_> = books.lines().map(|line| (line.account, line.balance)).collect();
    assert_eq!(
        lines,
        [
            (Account::Customer, gbp(0)),
            (Account::ProviderClearing, gbp(7_000)),
            (Account::Revenue, gbp(10_000)),
            (Account::Refunds, gbp(3_000)),
            (Account::Customer, usd(7)),
            (Account::Revenue, usd(7)),
        ]
    );
}

#[test]
fn an_account_is_shown_as_it_is_written() {
    for account in Account::ALL {
        assert_eq!(serde_json::to_string(&account).unwrap(), format!("\"{account}\""));
    }
}

#[test]
fn an_unbalanced_entry_is_a_fault_of_the_program() {
    let error = entry(vec![]).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("entry_without_postings", Kind::Bug));
}
