//! The conformance suite bites: a store with any one fault fails it, by the check that names the rule.
#![cfg(feature = "testing")]
// Broken stores exist for tests alone, which may panic.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

mod broken;
mod fault;
#[path = "../support/mod.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use broken::Broken;
use commerce_core::testing::conformance::{check, conformance};
use fault::{FAULTS, Fault};

/// What a run panicked with, if it did.
fn panic_of(run: impl Future<Output = ()>) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(|| support::block_on(run))).err()?;
    let text = payload.downcast_ref::<String>().cloned();
    Some(text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
}

#[test]
fn the_wrapper_alone_is_no_fault() {
    support::block_on(conformance(|host| async move { Broken::new(host, Fault::None) }));
}

#[test]
fn a_store_with_any_fault_fails() {
    for (fault, _) in FAULTS {
        let run = conformance(|host| async move { Broken::new(host, *fault) });
        assert!(panic_of(run).is_some(), "a store that {fault:?} passes the suite");
    }
}

#[test]
fn the_check_that_names_the_rule_finds_the_fault() {
    for (fault, name) in FAULTS {
        let message = panic_of(check(name, |host| async move { Broken::new(host, *fault) }));
        let message = message.unwrap_or_else(|| panic!("{name} passes a store that {fault:?}"));
        assert!(message.contains(' '), "{name} fails a store that {fault:?} without a sentence: {message:?}");
        assert!(!message.contains("there is no check"), "{message}");
    }
}
