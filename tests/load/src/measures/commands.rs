//! Commands to aggregates: read from their events each time, or held in memory.

use std::convert::Infallible;
use std::sync::Arc;

use commerce_core::owned::{Decision, Owned};
use commerce_core::repository::Repository;
use commerce_core::{Aggregate, Host};
use commerce_outbox::SystemHost;
use futures_util::future::join_all;
use uuid::Uuid;

use super::beside_one_row;
use crate::basket::{Add, Basket};
use crate::bench::Bench;
use crate::fill::{self, BASKETS, Turns};
use crate::harness::{Caller, Measure, at_least, rate};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**Commands** that make one event. `cold`: `Repository::execute` on one of 20,000 baskets of ten events, \
    not in the order in which they were made: it loads, decodes and decides, and appends one; beside it the same by hand. \
    `warm`: `Owned::decide` on a basket that is held in memory; beside it commits of one row.";

/// So many baskets each caller has, of those that are held in memory.
const HELD: usize = 16;

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let name = |what: &str, callers: usize| format!("{}/commands/{what}/{callers}", kind.name());
    let cold = [1, 8, 32, 256].map(|callers| {
        let measure =
            Measure::rate(name("cold", callers), "commands", move |bench| cold(bench, kind, callers));
        let measure = measure.about(ABOUT);
        match (kind, callers) {
            (Kind::Postgres, 1) => measure.beside("hand/load-append/1", at_least(1.0)),
            (Kind::Postgres, 32) => {
                measure.beside("hand/group-commit/32", at_least(1.2)).beside("hand/load-append/32", None)
            }
            _ => measure,
        }
    });
    let warm = [(1, Some(0.95)), (8, None), (32, Some(2.2)), (256, Some(6.0))].map(|(callers, goal)| {
        let measure =
            Measure::rate(name("warm", callers), "commands", move |bench| warm(bench, kind, callers));
        let goal = goal.filter(|_| kind == Kind::Postgres).map(at_least);
        beside_one_row(measure.about(ABOUT), kind, callers, goal)
    });
    cold.into_iter().chain(warm).collect()
}

async fn cold(bench: Arc<Bench>, kind: Kind, callers: usize) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    fill::baskets(&stand.store, 0..BASKETS).await;
    stand.settle().await;
    let turns = Turns::default();
    let caller = || Cold { baskets: Repository::new(stand.store.clone()), turns: turns.clone() };
    let rate = rate((0..callers).map(|_| caller()), bench.seconds).await;
    stand.close().await;
    rate
}

struct Cold {
    baskets: Repository<Basket>,
    turns: Turns,
}

impl Caller for Cold {
    async fn call(&mut self) {
        self.baskets.execute(&self.turns.next(), Add(1), &SystemHost.context()).await.unwrap();
    }
}

async fn warm(bench: Arc<Bench>, kind: Kind, callers: usize) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    let repository = Repository::new(stand.store.clone());
    let baskets = Arc::new(Owned::<Basket>::new(repository, Arc::new(SystemHost), 2 * callers * HELD));
    let caller =
        || Warm { baskets: baskets.clone(), own: (0..HELD).map(|_| SystemHost.new_id()).collect(), turn: 0 };
    let callers: Vec<Warm> = (0..callers).map(|_| caller()).collect();
    join_all(callers.iter().flat_map(|caller| caller.own.iter().map(|id| caller.add_to(*id)))).await;
    stand.settle().await;
    let rate = rate(callers, bench.seconds).await;
    drop(baskets);
    stand.close().await;
    rate
}

struct Warm {
    baskets: Arc<Owned<Basket>>,
    own: Vec<Uuid>,
    turn: usize,
}

impl Warm {
    async fn add_to(&self, id: Uuid) {
        let context = SystemHost.context();
        let decide = |basket: &Basket| basket.decide(Add(1), &context);
        let ids = [id];
        let decided = self.baskets.decide(&context, &ids, |held| {
            let events = held.get(&id).map_or_else(|| decide(&Basket::default()), decide)?;
            Ok::<_, Infallible>(Decision::new(()).events(id, events))
        });
        decided.await.unwrap();
    }
}

impl Caller for Warm {
    async fn call(&mut self) {
        self.turn = (self.turn + 1) % HELD;
        self.add_to(self.own[self.turn]).await;
    }
}
