//! Rules without I/O.

use std::fmt::Display;
use std::hash::Hash;

use crate::context::Context;
use crate::event::Event;

/// A consistency boundary whose state is the sum of its events.
///
/// Both methods are pure and synchronous: time, ids and the actor come from the [`Context`]. The state before the
/// first event is `Default`.
///
/// ```
/// use commerce_core::{Aggregate, Context, Event};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Clone)]
/// struct Counter { value: u32 }
///
/// #[derive(Clone)]
/// enum Command { Add(u32) }
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// enum Counted { Added { amount: u32 } }
/// impl Event for Counted {}
///
/// #[derive(Debug, PartialEq, thiserror::Error)]
/// #[error("a counter can't pass ten")]
/// struct TooMuch;
///
/// impl Aggregate for Counter {
///     const KIND: &'static str = "counter";
///     type Id = String;
///     type Command = Command;
///     type Event = Counted;
///     type Rejection = TooMuch;
///
///     fn decide(&self, Command::Add(amount): Command, _: &Context) -> Result<Vec<Counted>, TooMuch> {
///         if self.value + amount > 10 { Err(TooMuch) } else { Ok(vec![Counted::Added { amount }]) }
///     }
///
///     fn apply(&mut self, Counted::Added { amount }: &Counted) {
///         self.value += amount;
///     }
/// }
/// ```
pub trait Aggregate: Default + Clone + Send + Sync + 'static {
    /// The first part of the stream's name. Lower-case kebab-case; never change it once events are stored.
    const KIND: &'static str;

    /// Identifies one aggregate of this kind.
    type Id: Display + Clone + Eq + Hash + Send + Sync + 'static;
    /// What can be asked of it. A conflict makes it be asked again, hence `Clone`.
    type Command: Clone + Send + 'static;
    /// What has happened to it.
    type Event: Event;
    /// Why a command was refused.
    type Rejection: std::error::Error + Send + Sync + 'static;

    /// Decides what a command changes. No events means that nothing changes, which is a success.
    ///
    /// # Errors
    /// The domain's reason for refusing the command. Nothing has changed then.
    fn decide(&self, command: Self::Command, context: &Context) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// Takes an event into the state. It has happened: it can't be refused here.
    fn apply(&mut self, event: &Self::Event);
}
