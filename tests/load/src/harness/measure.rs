use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::bench::Bench;

/// Something that is measured once in each round. It gives one figure or several.
pub(crate) struct Measure {
    /// Words divided by slashes, most general first: `postgres/store/one-event/32`. `--only` takes any of them.
    pub(crate) name: String,
    /// What it does and what its figures say, for the document. Measures that say the same share a table there.
    pub(crate) about: &'static str,
    pub(crate) figures: Vec<Figure>,
    run: Run,
}

type Run = Box<dyn Fn(Arc<Bench>) -> Pin<Box<dyn Future<Output = Vec<f64>>>>>;

/// One number, and what is wanted of it.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    /// For the number itself.
    pub(crate) goal: Option<Goal>,
    pub(crate) comparisons: Vec<Comparison>,
}

/// The ratio to another figure of the same round.
pub(crate) struct Comparison {
    pub(crate) beside: String,
    pub(crate) goal: Option<Goal>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit {
    /// So many of these in a second.
    PerSecond(&'static str),
    Milliseconds,
    Megabytes,
}

/// Of two that are equally fast one is always measured to be a little slower.
pub(crate) const NO_SLOWER: Goal = Goal::AtLeast(0.95);

pub(crate) fn at_least(value: f64) -> Goal {
    Goal::AtLeast(value)
}

pub(crate) fn at_most(value: f64) -> Goal {
    Goal::AtMost(value)
}

impl Goal {
    pub(crate) fn is_reached_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl Measure {
    /// A rate, under the measure's own name.
    pub(crate) fn rate<F, Fut>(name: impl Into<String>, what: &'static str, run: F) -> Self
    where
        F: Fn(Arc<Bench>) -> Fut + 'static,
        Fut: Future<Output = f64> + 'static,
    {
        let name = name.into();
        let figure = Figure::new(name.clone(), Unit::PerSecond(what));
        let run: Run = Box::new(move |bench| {
            let measured = run(bench);
            Box::pin(async move { vec![measured.await] })
        });
        Self { name, about: "", figures: vec![figure], run }
    }

    /// Several figures, in the order in which `run` answers them. Each is named below the measure.
    pub(crate) fn several<F, Fut>(name: impl Into<String>, figures: Vec<Figure>, run: F) -> Self
    where
        F: Fn(Arc<Bench>) -> Fut + 'static,
        Fut: Future<Output = Vec<f64>> + 'static,
    {
        let name = name.into();
        let below = |figure: Figure| Figure { name: format!("{name}/{}", figure.name), ..figure };
        let figures = figures.into_iter().map(below).collect();
        Self { name, about: "", figures, run: Box::new(move |bench| Box::pin(run(bench))) }
    }

    pub(crate) fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// What is wanted of a measure's last figure.
    pub(crate) fn goal(mut self, goal: impl Into<Option<Goal>>) -> Self {
        if let Some(figure) = self.figures.last_mut() {
            figure.goal = goal.into();
        }
        self
    }

    /// What is wanted of the last figure's ratio to another.
    pub(crate) fn beside(mut self, other: impl Into<String>, goal: impl Into<Option<Goal>>) -> Self {
        self.figures = match self.figures.pop() {
            Some(last) => self.figures.into_iter().chain([last.beside(other, goal)]).collect(),
            None => Vec::new(),
        };
        self
    }

    pub(crate) fn needs_postgres(&self) -> bool {
        ["pgbench/", "hand/", "postgres/"].iter().any(|on| self.name.starts_with(on))
    }

    pub(crate) async fn run(&self, bench: &Arc<Bench>) -> Vec<f64> {
        (self.run)(bench.clone()).await
    }
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), unit, goal: None, comparisons: Vec::new() }
    }

    pub(crate) fn goal(mut self, goal: impl Into<Option<Goal>>) -> Self {
        self.goal = goal.into();
        self
    }

    pub(crate) fn beside(mut self, other: impl Into<String>, goal: impl Into<Option<Goal>>) -> Self {
        self.comparisons.push(Comparison { beside: other.into(), goal: goal.into() });
        self
    }
}
