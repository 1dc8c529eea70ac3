//! A saga by hand: each step's effect and its line in a journal in one commit.

use std::sync::Arc;

use commerce_core::Host;
use commerce_outbox::SystemHost;
use sqlx::PgConnection;

use super::schema;
use crate::basket::Item;
use crate::bench::Bench;
use crate::harness::{Caller, Measure, rate};

const ABOUT: &str = "**Hand-written saga** on sqlx, each caller with a connection of its own: four steps, each one \
    statement and one commit that writes the step's effect and a line in a journal.";

const STEP: &str = "WITH noted AS (INSERT INTO journal (saga, step, state) VALUES ($1, $2, 'done'))
    INSERT INTO effects (id, body) VALUES ($3, $4)";

pub(super) fn measures() -> Vec<Measure> {
    let measure = |callers| {
        Measure::rate(format!("hand/journal/{callers}"), "sagas", move |bench| sagas(bench, callers))
            .about(ABOUT)
    };
    [1, 8, 32].map(measure).into()
}

async fn sagas(bench: Arc<Bench>, callers: usize) -> f64 {
    let database = schema::tables(&bench).await;
    let connections = schema::connections(&database, callers).await;
    let rate = rate(connections.into_iter().map(Saga), bench.seconds).await;
    database.drop().await;
    rate
}

struct Saga(PgConnection);

impl Caller for Saga {
    async fn call(&mut self) {
        let saga = SystemHost.new_id().to_string();
        for step in 1..=4_i32 {
            sqlx::query(STEP)
                .bind(&saga)
                .bind(step)
                .bind(format!("{step}/{saga}"))
                .bind(Item::number(7).json())
                .execute(&mut self.0)
                .await
                .unwrap();
        }
    }
}
