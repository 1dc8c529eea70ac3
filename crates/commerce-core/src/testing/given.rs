//! Given events, when a command, then events or a rejection.
#![allow(clippy::panic)] // an assertion that fails must panic

use std::fmt::{self, Debug};

use crate::aggregate::Aggregate;
use crate::context::Context;
use crate::event::{self, Event};
use crate::id;
use crate::time::Timestamp;

/// An aggregate to which these events have happened.
///
/// A rule reads as
/// `given::<Subscription>([started(), cancelled()]).when(Command::Cancel).then_rejected(Rejection::NotActive)`.
///
/// # Panics
/// When the aggregate's kind holds a slash, which separates it from the id where both are stored.
#[track_caller]
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    assert!(!A::KIND.contains('/'), "an aggregate's kind holds no slash: {:?}", A::KIND);
    let mut state = A::default();
    for event in events {
        state.apply(&event);
    }
    Given { state, context: test_context() }
}

/// The context of [`given`]: 2026-01-01T12:00:00Z, always the same operation id.
pub fn test_context() -> Context {
    let noon = Timestamp::from_micros(1_767_268_800_000_000);
    Context::new(noon, id::v7(noon, &[1; 10]))
}

/// A state, waiting for a command.
pub struct Given<A: Aggregate> {
    state: A,
    context: Context,
}

impl<A: Aggregate> Given<A> {
    /// At this moment instead of the default.
    pub fn at(mut self, now: Timestamp) -> Self {
        self.context = Context::new(now, self.context.operation());
        self
    }

    /// In this context instead of the default.
    pub fn within(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Decides the command.
    ///
    /// # Panics
    /// When an event that it leads to can't be stored, or is not read back as it was: its aggregate could never be loaded
    /// again.
    #[track_caller]
    pub fn when(self, command: A::Command) -> Outcome<A> {
        let result = self.state.decide(command, &self.context);
        result.iter().flatten().for_each(assert_it_lasts);
        Outcome { state: self.state, result }
    }

    /// Looks at the state that the events gave.
    pub fn state(self) -> A {
        self.state
    }
}

#[track_caller]
fn assert_it_lasts<E: Event>(event: &E) {
    let stored = match event::encode(event) {
        Ok(stored) => stored,
        Err(error) => panic!("{event:?} can't be stored: {error}"),
    };
    match E::upcasters().read::<E>(stored.event_type, stored.schema, &stored.payload) {
        Ok(read) => assert_eq!(&read, event, "an event is read back as another one"),
        Err(error) => panic!("{event:?} can't be read back: {error}"),
    }
}

impl<A: Aggregate> fmt::Debug for Given<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given")
            .field("kind", &A::KIND)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// What a command led to.
pub struct Outcome<A: Aggregate> {
    state: A,
    result: Result<Vec<A::Event>, A::Rejection>,
}

impl<A: Aggregate> Outcome<A> {
    /// Exactly these events, in order.
    ///
    /// # Panics
    /// When it was anything else.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = A::Event>) -> Self {
        let expected: Vec<_> = expected.into_iter().collect();
        match &self.result {
            Ok(events) => assert_eq!(events, &expected, "the command led to other events"),
            Err(rejection) => panic!("expected {expected:?}, but the command was refused: {rejection}"),
        }
        self
    }

    /// Success without any event.
    ///
    /// # Panics
    /// When there were events, or a rejection.
    #[track_caller]
    pub fn then_nothing(self) -> Self {
        self.then([])
    }

    /// Looks at the state after the command's events.
    ///
    /// # Panics
    /// When the command was refused, or the check panics.
    #[track_caller]
    pub fn then_state(mut self, check: impl FnOnce(&A)) -> Self {
        match &self.result {
            Ok(events) => events.iter().for_each(|event| self.state.apply(event)),
            Err(rejection) => panic!("the command was refused: {rejection}"),
        }
        check(&self.state);
        self
    }

    /// Exactly this rejection.
    ///
    /// # Panics
    /// When the command was accepted, or refused for another reason.
    #[track_caller]
    pub fn then_rejected(self, expected: A::Rejection) -> Self
    where
        A::Rejection: PartialEq + Debug,
    {
        match &self.result {
            Ok(events) => panic!("expected the rejection {expected:?}, but it was accepted: {events:?}"),
            Err(rejection) => assert_eq!(rejection, &expected, "the command was refused for another reason"),
        }
        self
    }

    /// The events of the command.
    ///
    /// # Panics
    /// When the command was refused.
    #[track_caller]
    pub fn events(self) -> Vec<A::Event> {
        match self.result {
            Ok(events) => events,
            Err(rejection) => panic!("the command was refused: {rejection}"),
        }
    }
}

impl<A: Aggregate> fmt::Debug for Outcome<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("kind", &A::KIND)
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::upcast::{Upcasted, Upcasters};

    /// An upcaster whose author has forgotten to raise the schema version.
    static FORGOTTEN: LazyLock<Upcasters> =
        LazyLock::new(|| Upcasters::new().from("Weighed", 1, |payload| Ok(Upcasted::payload(payload))));

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Measured {
        Weighed { grams: f64 },
        Counted { pieces: f64 },
    }

    impl Event for Measured {
        fn upcasters() -> &'static Upcasters {
            &FORGOTTEN
        }
    }

    #[test]
    fn what_is_stored_and_read_back_as_it_was_lasts() {
        assert_it_lasts(&Measured::Counted { pieces: 1.5 });
    }

    #[test]
    #[should_panic(expected = "can't be read back")]
    fn what_json_has_no_word_for_does_not_last() {
        assert_it_lasts(&Measured::Counted { pieces: f64::NAN });
    }

    #[test]
    #[should_panic(expected = "raise it with each upcaster")]
    fn an_upcaster_without_a_new_schema_version_is_noticed() {
        assert_it_lasts(&Measured::Weighed { grams: 1.0 });
    }
}
