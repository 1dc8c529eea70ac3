//! What any store must do, as checks that it runs to prove itself.
//!
//! ```
//! # async fn example() {
//! use commerce_core::{memory::MemoryStore, testing::conformance::conformance};
//!
//! conformance(|host| async move { MemoryStore::new(host) }).await;
//! # }
//! ```
//!
//! Each check gets a store of its own, empty, whose clock is that of the host it is made with. There is no runtime in
//! here, only futures: run it on the one that the store needs. A check that fails panics with a sentence that names
//! the rule. The rules are the names of the checks, [`checks`].

// A check that fails must panic, and so must one that gets no answer at all.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

mod atomicity;
mod checkpoints;
mod claims;
mod concurrency;
mod content;
mod documents;
mod dump;
mod fences;
mod fixture;
mod leases;
mod log;
mod messages;
mod model;
mod order;
mod outcome;
mod precedence;
mod prune;
mod queries;
mod requires;
mod scheduled;
mod streams;
mod tenants;
mod waking;

use std::future::Future;
use std::sync::Arc;

use crate::host::Host;
use crate::store::Store;
use fixture::Fixture;

/// Lists the checks of each file, and runs them in this order.
macro_rules! checks {
    ($($file:ident: $($check:ident),+;)+) => {
        /// The names of all checks, `file::rule`, in the order in which they run.
        pub fn checks() -> &'static [&'static str] {
            &[$($(concat!(stringify!($file), "::", stringify!($check))),+),+]
        }

        /// Runs every check, each on a fresh store.
        ///
        /// # Panics
        /// When the store breaks a rule; the message names it.
        pub async fn conformance<S, F, Fut>(new_store: F)
        where
            F: Fn(Arc<dyn Host>) -> Fut,
            Fut: Future<Output = S>,
            S: Store,
        {
            for name in checks() {
                check(name, &new_store).await;
            }
        }

        /// Runs one check on a fresh store.
        ///
        /// # Panics
        /// When the store breaks the rule, or there is no check of this name.
        pub async fn check<S, F, Fut>(name: &str, new_store: F)
        where
            F: Fn(Arc<dyn Host>) -> Fut,
            Fut: Future<Output = S>,
            S: Store,
        {
            let fixture = Fixture::new(name, new_store).await;
            // Boxed, as the sum of so many futures would not fit a stack.
            match name {
                $($(concat!(stringify!($file), "::", stringify!($check)) =>
                    Box::pin($file::$check(fixture)).await,)+)+
                _ => panic!("there is no check {name:?}"),
            }
        }
    };
}

checks! {
    streams: an_unknown_stream_is_empty, versions_count_events_from_one, an_event_is_read_as_it_was_written,
        a_stream_is_read_after_a_version_up_to_a_limit, a_state_is_rebuilt_from_the_same_events,
        a_wrong_version_is_a_conflict_that_names_the_actual,
        any_version_appends_at_the_end, no_events_still_check_their_expectation, many_streams_in_one_commit,
        a_thousand_events_have_their_own_ids;
    log: an_empty_log_has_no_events, positions_rise_over_all_streams, the_log_holds_what_the_streams_hold,
        paging_sees_every_event_exactly_once, a_commit_answers_its_last_position;
    content: odd_texts_are_kept_apart_and_whole, large_payloads_are_kept_whole, empty_texts_are_kept;
    documents: an_unknown_document_is_none, versions_count_writes, a_wrong_version_is_a_conflict,
        any_version_is_overwritten, a_deleted_document_starts_again, deleting_what_is_absent_is_no_error,
        collections_are_apart;
    queries: documents_come_in_the_order_of_tenant_and_id, fields_are_compared_as_integers,
        fields_are_compared_as_texts, comparisons_stay_within_a_type, all_conditions_must_hold, a_field_gives_the_order, fields_are_replaced,
        deleted_documents_are_not_found, paging_by_id_sees_every_document_once, paging_needs_ids_of_one_tenant,
        limits_are_kept;
    messages: a_message_is_read_as_it_was_sent, messages_of_one_key_keep_their_order,
        other_topics_are_passed_over, next_stays_when_nothing_is_new, paging_sees_every_message_exactly_once,
        partitions_are_read_together_as_one_by_one, the_last_message_is_where_the_log_ends,
        a_position_ahead_covers_as_many_messages;
    scheduled: a_message_waits_until_it_is_due, what_is_due_already_goes_at_once,
        due_messages_go_to_the_end_in_order_of_time, a_release_keeps_its_limit,
        a_released_message_is_as_it_was_sent;
    claims: a_claim_is_taken_once, a_claim_tells_who_holds_it, an_expired_claim_is_free,
        a_claim_without_end_stays, a_released_claim_is_free, releasing_what_no_one_holds_is_no_error,
        a_commit_may_release_and_take_the_same_claim, scope_and_key_are_apart;
    checkpoints: a_reader_starts_at_zero, a_reader_moves_from_where_it_stands, readers_are_apart;
    leases: one_holder_at_a_time, a_holder_prolongs_under_the_same_token, an_expired_lease_can_be_taken,
        a_lease_given_back_can_be_taken, an_old_token_gives_nothing_back, leases_are_apart, tokens_only_rise;
    fences: a_held_lease_lets_the_commit_pass, a_lease_taken_by_another_fences_the_commit,
        a_lease_given_back_fences_the_commit, an_unknown_lease_fences_the_commit,
        an_expired_lease_that_no_one_took_still_holds;
    requires: an_applied_commit_satisfies, a_commit_never_seen_is_a_conflict_that_names_it,
        a_commit_that_failed_does_not_count, one_handed_over_before_counts_one_after_does_not,
        a_chain_ends_where_one_fails, a_pruned_commit_no_longer_satisfies;
    outcome: an_unknown_commit_was_rolled_back, a_commit_is_found_whatever_it_wrote,
        a_conflict_leaves_the_id_free, a_used_id_is_invalid, a_commit_without_id_gets_its_own,
        what_can_not_be_applied_is_invalid, a_handed_over_commit_is_waited_for;
    atomicity: each_conflict_leaves_the_store_as_it_was, an_invalid_commit_leaves_the_store_as_it_was;
    precedence: the_first_conflict_is_answered;
    concurrency: of_many_rivals_for_a_stream_one_wins, of_many_rivals_for_a_document_one_wins,
        of_many_rivals_for_a_claim_one_wins, each_member_of_a_group_gets_its_own_answer,
        a_counter_loses_no_increment, a_reader_beside_writers_misses_nothing,
        of_many_rivals_for_a_lease_one_wins, a_takeover_ends_what_the_last_holder_writes,
        rivals_release_a_message_once, rivals_that_prune_count_each_row_once,
        a_claim_taken_anew_is_not_pruned;
    order: commits_apply_in_the_order_of_the_calls, a_dropped_future_cancels_nothing,
        the_log_keeps_the_order_of_what_is_related, appends_without_events_assert_in_the_order_of_the_calls,
        checkpoints_that_stay_assert_in_the_order_of_the_calls;
    model: commits_handed_over_together_are_applied_one_by_one;
    tenants: streams_are_apart, documents_are_apart, claims_are_apart, queries_see_one_tenant_or_all,
        readers_and_commits_belong_to_no_tenant;
    prune: messages_go_up_to_a_position, positions_are_never_used_again, scheduled_messages_stay,
        expired_claims_go, commits_go_that_left_nothing;
    waking: the_clock_is_the_hosts, a_commit_wakes_readers, readers_of_a_log_are_woken_by_its_news,
        a_release_wakes_readers;
}
