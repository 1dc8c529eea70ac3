//! Which requests are cut off, and how.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

/// When, in the life of a request, its connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutMode {
    /// Before a byte of it has reached the server: it is not executed.
    BeforeServer,
    /// Once the server has executed it, and before a byte of the answer has reached the client.
    AfterServer,
    /// While it is on its way: it may be executed, or not.
    InFlight,
}

/// What is to be cut, and was.
#[derive(Default)]
pub(super) struct Plan {
    rules: Mutex<Vec<Rule>>,
    cuts: AtomicUsize,
}

struct Rule {
    needle: Vec<u8>,
    mode: CutMode,
    when: When,
}

enum When {
    /// This many matches from now, once.
    After(usize),
    /// Each match with a probability.
    Randomly { probability: f64, state: u64 },
}

impl Plan {
    pub(super) fn cut_nth(&self, needle: &str, mode: CutMode, nth: usize) {
        assert!(nth > 0, "the first request is number 1");
        self.add(needle, mode, When::After(nth));
    }

    pub(super) fn cut_randomly(&self, needle: &str, mode: CutMode, probability: f64, seed: u64) {
        self.add(needle, mode, When::Randomly { probability, state: seed });
    }

    pub(super) fn disarm(&self) {
        self.rules().clear();
    }

    /// What becomes of a request that executes these statements. Counts it for all rules it matches.
    pub(super) fn decide(&self, executes: &[impl AsRef<[u8]>]) -> Option<CutMode> {
        let mut cut = None;
        self.rules().retain_mut(|rule| {
            if !executes.iter().any(|statement| contains(statement.as_ref(), &rule.needle)) {
                return true;
            }
            let (now, stays) = rule.when.next();
            if now {
                cut = cut.or(Some(rule.mode));
            }
            stays
        });
        cut
    }

    pub(super) fn count_cut(&self) {
        self.cuts.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    fn add(&self, needle: &str, mode: CutMode, when: When) {
        self.rules().push(Rule { needle: needle.into(), mode, when });
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().expect("nobody panics with it")
    }
}

impl When {
    /// Whether it is now, and whether there is a next time.
    fn next(&mut self) -> (bool, bool) {
        match self {
            Self::After(left) => {
                *left -= 1;
                (*left == 0, *left > 0)
            }
            Self::Randomly { probability, state } => (fraction(state) < *probability, true),
        }
    }
}

/// The next number from 0 to 1 of a sequence (SplitMix64).
fn fraction(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || text.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_match_is_cut_once() {
        let plan = Plan::default();
        plan.cut_nth("commit", CutMode::InFlight, 2);
        let decisions = ["commit", "other", "a commit", "commit"].map(|statement| plan.decide(&[statement]));
        assert_eq!(decisions, [None, None, Some(CutMode::InFlight), None]);
        assert_eq!(plan.decide(&[] as &[&str]), None);
    }

    #[test]
    fn a_seed_repeats_its_sequence_and_a_probability_is_kept() {
        let cuts = |seed| {
            let plan = Plan::default();
            plan.cut_randomly("", CutMode::InFlight, 0.25, seed);
            (0..4000).map(|_| plan.decide(&["any"]).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(cuts(1), cuts(1));
        assert_ne!(cuts(1), cuts(2));
        let share = cuts(1).into_iter().filter(|cut| *cut).count();
        assert!((900..1100).contains(&share), "{share}");
    }
}
