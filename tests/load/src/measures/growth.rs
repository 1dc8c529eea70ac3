//! Whether a command costs the same when much has happened before it.

use std::sync::Arc;

use commerce_core::Host;
use commerce_core::id::Tenant;
use commerce_core::repository::Repository;
use commerce_outbox::SystemHost;

use super::if_durable;
use crate::basket::{Add, Basket, basket_id};
use crate::bench::Bench;
use crate::fill::{self, EVENTS};
use crate::harness::{Caller, Figure, Measure, Unit, at_least, rate};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**Cost as data grows**: on one store with 10⁴ events and then with 10⁶, 32 callers. `command`: one event on \
    a new basket by `Repository::execute`. `load`: a basket of ten events, any of those that are there, is read. The goal \
    leaves ten per cent for a deeper index and the machine's moods.";

const CALLERS: usize = 32;
/// So many events are there, in baskets of ten.
const SIZES: [u64; 2] = [10_000, 1_000_000];

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let name = format!("{}/growth", kind.name());
    let figure = |what: &str, unit| Figure::new(what, Unit::PerSecond(unit));
    let flat = |what: &str, unit| {
        figure(&format!("{what}/1e6"), unit)
            .beside(format!("{name}/{what}/1e4"), if_durable(kind, at_least(0.9)))
    };
    let figures = vec![
        figure("load/1e4", "loads"),
        figure("command/1e4", "commands"),
        flat("load", "loads"),
        flat("command", "commands"),
    ];
    vec![Measure::several(name, figures, move |bench| growth(bench, kind)).about(ABOUT)]
}

async fn growth(bench: Arc<Bench>, kind: Kind) -> Vec<f64> {
    let stand = Stand::open(&bench, kind).await;
    let baskets = Repository::<Basket>::new(stand.store.clone());
    let (mut there, mut rates) = (0, Vec::new());
    for size in SIZES {
        let filled = size / EVENTS;
        fill::baskets(&stand.store, there..filled).await;
        there = filled;
        stand.settle().await;
        let load = || Load { baskets: baskets.clone(), there };
        rates.push(rate((0..CALLERS).map(|_| load()), bench.seconds).await);
        let command = || Command(baskets.clone());
        rates.push(rate((0..CALLERS).map(|_| command()), bench.seconds).await);
    }
    drop(baskets);
    stand.close().await;
    rates
}

struct Load {
    baskets: Repository<Basket>,
    there: u64,
}

impl Caller for Load {
    async fn call(&mut self) {
        let id = basket_id(fastrand::u64(..self.there));
        let loaded = self.baskets.load(&Tenant::default(), &id).await.unwrap();
        assert_eq!(loaded.version, EVENTS);
    }
}

struct Command(Repository<Basket>);

impl Caller for Command {
    async fn call(&mut self) {
        self.0.execute(&SystemHost.new_id(), Add(1), &SystemHost.context()).await.unwrap();
    }
}
