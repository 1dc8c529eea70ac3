use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use commerce_core::id::Tenant;

/// Names a key within a consumer group.
pub(super) type KeyName = (Tenant, Arc<str>);

/// The keys that may have held messages, as far as this member knows. One too many costs a look at its queue; one too few lets
/// a message overtake those that are held.
#[derive(Default)]
pub(super) struct HeldKeys(Mutex<Known>);

#[derive(Default)]
struct Known {
    keys: HashMap<KeyName, Noted>,
    notes: u64,
}

/// When a key was noted. Whoever found it without messages before that can't know of those that it has since.
#[derive(Clone, Copy, PartialEq)]
enum Noted {
    /// It is being held: whether its queue shows that already is open.
    Unanswered,
    /// So many notes were made then.
    At(u64),
}

/// What was known when someone went to look at the store.
#[derive(Clone, Copy)]
pub(super) struct Look(u64);

impl HeldKeys {
    pub(super) fn contains(&self, key: &KeyName) -> bool {
        self.known().keys.contains_key(key)
    }

    /// A message of this key is about to be held. Until that is [noted](Self::note), nothing makes it forgotten that was read
    /// meanwhile.
    pub(super) fn begin(&self, key: KeyName) {
        self.known().keys.insert(key, Noted::Unanswered);
    }

    /// The store holds messages of this key.
    pub(super) fn note(&self, key: KeyName) {
        self.known().note(key);
    }

    /// By whoever holds none of its messages meanwhile.
    pub(super) fn forget(&self, key: &KeyName) {
        self.known().keys.remove(key);
    }

    /// To be had before the store is asked what is to be forgotten.
    pub(super) fn look(&self) -> Look {
        Look(self.known().notes)
    }

    /// The store had no messages of this key.
    pub(super) fn forget_emptied(&self, key: &KeyName, look: Look) {
        let mut known = self.known();
        if known.keys.get(key).is_some_and(|noted| noted.was_known(look)) {
            known.keys.remove(key);
        }
    }

    /// The store had messages of these keys, and of no others.
    pub(super) fn replace(&self, found: HashSet<KeyName>, look: Look) {
        let mut known = self.known();
        known.keys.retain(|key, noted| found.contains(key) || !noted.was_known(look));
        for key in found {
            if known.keys.get(&key) != Some(&Noted::Unanswered) {
                known.note(key);
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn note(&mut self, key: KeyName) {
        self.notes += 1;
        self.keys.insert(key, Noted::At(self.notes));
    }
}

impl Noted {
    fn was_known(self, look: Look) -> bool {
        matches!(self, Self::At(notes) if notes <= look.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> KeyName {
        (Tenant::default(), name.into())
    }

    fn with(names: &[&str]) -> HeldKeys {
        let keys = HeldKeys::default();
        names.iter().for_each(|name| keys.note(key(name)));
        keys
    }

    #[test]
    fn what_was_found_takes_the_place_of_what_was_known() {
        let keys = with(&["a", "b"]);
        keys.replace([key("b"), key("c")].into(), keys.look());
        assert_eq!(["a", "b", "c"].map(|name| keys.contains(&key(name))), [false, true, true]);
    }

    #[test]
    fn what_is_held_after_the_store_was_looked_at_is_not_forgotten() {
        let keys = with(&["a", "b"]);
        keys.begin(key("under way"));
        let look = keys.look();
        keys.begin(key("a"));
        keys.note(key("a"));
        keys.begin(key("b"));
        for name in ["a", "b", "under way"] {
            keys.forget_emptied(&key(name), look);
            assert!(keys.contains(&key(name)), "{name}");
        }
        keys.replace(HashSet::new(), look);
        assert!(["a", "b", "under way"].iter().all(|name| keys.contains(&key(name))));
    }

    #[test]
    fn what_a_later_look_has_found_is_not_forgotten_for_an_earlier_one() {
        let keys = with(&["a"]);
        let earlier = keys.look();
        keys.replace([key("a"), key("b")].into(), keys.look());
        keys.replace(HashSet::new(), earlier);
        assert!(keys.contains(&key("a")) && keys.contains(&key("b")));
    }

    #[test]
    fn a_queue_that_was_found_empty_is_forgotten() {
        let keys = with(&["a"]);
        keys.forget_emptied(&key("a"), keys.look());
        assert!(!keys.contains(&key("a")));
    }
}
