use std::fmt;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Projection, ProjectionError, Views};
use crate::aggregate::Aggregate;
use crate::event::Event;
use crate::stream::RecordedEvent;
use crate::upcast::Upcasters;

type KeyOf<E> = Box<dyn Fn(&E, &RecordedEvent) -> Option<String> + Send + Sync>;
type Add<E, D> = Box<dyn Fn(&mut D, &E) + Send + Sync>;

/// The plainest projection: documents of one collection, each the sum of some events of one kind of aggregate. It begins
/// as `Default`. The collection has the projection's name.
///
/// ```
/// # use commerce_core::{Aggregate, Context, Event};
/// # use serde::{Deserialize, Serialize};
/// use commerce_core::projection::Fold;
///
/// # #[derive(Default, Clone)]
/// # struct Show;
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum ShowEvent { Booked { guest: String } }
/// # impl Event for ShowEvent {}
/// # impl Aggregate for Show {
/// #     const KIND: &'static str = "show";
/// #     type Id = String;
/// #     type Command = ();
/// #     type Event = ShowEvent;
/// #     type Rejection = std::convert::Infallible;
/// #     fn decide(&self, (): (), _: &Context) -> Result<Vec<ShowEvent>, Self::Rejection> { Ok(Vec::new()) }
/// #     fn apply(&mut self, _: &ShowEvent) {}
/// # }
/// /// How many seats each guest has booked.
/// fn seats() -> Fold<Show, u32> {
///     let guest = |ShowEvent::Booked { guest }: &ShowEvent, _: &_| Some(guest.clone());
///     Fold::new("seats", 1, guest, |seats, _| *seats += 1)
/// }
/// # seats();
/// ```
pub struct Fold<A: Aggregate, D> {
    collection: [&'static str; 1],
    version: u32,
    key: KeyOf<A::Event>,
    add: Add<A::Event, D>,
    /// Instead of those of the event's type.
    upcasters: Option<Upcasters>,
}

impl<A: Aggregate, D> Fold<A, D> {
    /// `key` says to which document an event belongs, if to any; `add` takes it in. Raise the version when what these
    /// do changes: see [`Projection::version`].
    pub fn new(
        name: &'static str,
        version: u32,
        key: impl Fn(&A::Event, &RecordedEvent) -> Option<String> + Send + Sync + 'static,
        add: impl Fn(&mut D, &A::Event) + Send + Sync + 'static,
    ) -> Self {
        let (key, add) = (Box::new(key), Box::new(add));
        Self { collection: [name], version, key, add, upcasters: None }
    }

    /// Reads older events through these, and not through the [upcasters](Event::upcasters) of their type.
    pub fn with_upcasters(mut self, upcasters: Upcasters) -> Self {
        self.upcasters = Some(upcasters);
        self
    }
}

impl<A: Aggregate, D> fmt::Debug for Fold<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fold")
            .field("name", &self.collection[0])
            .field("kind", &A::KIND)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<A, D> Projection for Fold<A, D>
where
    A: Aggregate,
    D: Default + Serialize + DeserializeOwned + Send + 'static,
{
    fn name(&self) -> &str {
        self.collection[0]
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn collections(&self) -> &[&'static str] {
        &self.collection
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        if event.stream.kind() != A::KIND {
            return Ok(());
        }
        let upcasters = self.upcasters.as_ref().unwrap_or_else(|| A::Event::upcasters());
        let happened: A::Event = upcasters.decode(event)?;
        let Some(key) = (self.key)(&happened, event) else { return Ok(()) };
        let mut document: D = views.get(self.collection[0], &key).await?.unwrap_or_default();
        (self.add)(&mut document, &happened);
        views.put(self.collection[0], &key, &document)
    }
}
