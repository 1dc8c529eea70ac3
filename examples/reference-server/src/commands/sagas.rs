use std::time::Duration;

use commerce_core::id::Tenant;
use commerce_saga::{Instance, Orchestrator, SagaError, SagaStatus};
use reference_server::sagas::NAMES;
use reference_server::shop::{Shop, ShopOptions, StoreUrl, Stores, orchestrator};
use tokio_util::sync::CancellationToken;

use super::signal::unless_stopped;
use super::{open, print, shop_options};
use crate::cli::{Decision, SagaDecision, SagaId, Sagas, Store};
use crate::exit::{BREACH, Exit, INPUT};

/// How long the services run for a saga that an operator has set going.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(command: Sagas, stop: &CancellationToken) -> Result<u8, Exit> {
    match command {
        Sagas::List { status, limit, store } => {
            unless_stopped(stop, list(&store, status.as_deref(), limit as usize)).await
        }
        Sagas::Show(saga) => unless_stopped(stop, show(&saga)).await,
        Sagas::Retry(asked) => operate(asked, Act::Retry, stop).await,
        Sagas::Skip(asked) => operate(asked, Act::Skip, stop).await,
        Sagas::Abort(asked) => operate(asked, Act::Abort, stop).await,
        Sagas::Abandon(asked) => operate(asked, Act::Abandon, stop).await,
        Sagas::Graph { saga } => graph(&saga).await,
    }
}

fn options() -> ShopOptions {
    ShopOptions::default()
}

async fn list(store: &Store, status: Option<&str>, limit: usize) -> Result<u8, Exit> {
    let stores = open(store).await?;
    let status = status.map(parse_status).transpose()?;
    let orchestrator = orchestrator(&stores, &options()).map_err(Exit::data)?;
    let instances = orchestrator.instances(status, limit).await.map_err(Exit::data)?;
    for instance in &instances {
        let failure = instance.failure.as_ref().map_or(String::new(), |failure| {
            format!("  {} at {}: {}", failure.code, failure.step, failure.detail)
        });
        let (saga, id) = (&instance.saga, &instance.id);
        print(format!("{saga}/{id}  {:<12}  {}{failure}", instance.status.as_str(), instance.started_at))?;
    }
    if instances.is_empty() {
        print("no sagas")?;
    }
    Ok(0)
}

fn parse_status(text: &str) -> Result<SagaStatus, Exit> {
    let all = [
        SagaStatus::Running,
        SagaStatus::Compensating,
        SagaStatus::Completed,
        SagaStatus::Failed,
        SagaStatus::Stuck,
        SagaStatus::Abandoned,
    ];
    all.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
        let known = all.map(SagaStatus::as_str).join(", ");
        Exit::input(format!("{text:?} is no status of a saga; they are: {known}"))
    })
}

async fn show(saga: &SagaId) -> Result<u8, Exit> {
    let (name, id) = split(&saga.id)?;
    let stores = open(&saga.store).await?;
    let orchestrator = orchestrator(&stores, &options()).map_err(Exit::data)?;
    print(find(&orchestrator, name, id).await?.timeline())?;
    Ok(0)
}

async fn graph(saga: &str) -> Result<u8, Exit> {
    let memory = Stores::open(&StoreUrl::Memory, &options().host).await.map_err(Exit::data)?;
    let orchestrator = orchestrator(&memory, &options()).map_err(Exit::data)?;
    print(orchestrator.mermaid(saga).map_err(|_| is_none(saga))?)?;
    Ok(0)
}

fn is_none(saga: &str) -> Exit {
    Exit::input(format!("{saga:?} is no saga of this program; they are: {}", NAMES.join(", ")))
}

enum Act {
    Retry,
    Skip,
    Abort,
    Abandon,
}

/// Does what the operator wishes, then lets the services see the saga through.
async fn operate(
    SagaDecision { saga, decision }: SagaDecision,
    act: Act,
    stop: &CancellationToken,
) -> Result<u8, Exit> {
    let (name, id) = split(&saga.id)?;
    let options = shop_options()?;
    let stores = unless_stopped(stop, open(&saga.store)).await?;
    let shop = Shop::new(stores, &options).map_err(Exit::data)?;
    let orchestrator = shop.orders.orchestrator();
    let (tenant, Decision { actor, reason }) = (Tenant::default(), decision);
    let done = match act {
        Act::Retry => orchestrator.retry(&tenant, name, id, &actor, &reason).await,
        Act::Skip => orchestrator.skip(&tenant, name, id, &actor, &reason).await,
        Act::Abort => orchestrator.abort(&tenant, name, id, &actor, &reason).await,
        Act::Abandon => orchestrator.abandon(&tenant, name, id, &actor, &reason).await,
    };
    done.map_err(|error| saga_error(&error))?;
    let shutdown = CancellationToken::new();
    let watch = async {
        let settled = unless_stopped(stop, async {
            let settled = settle(orchestrator, name, id).await;
            // What follows from its end, such as the payment of a refund. What takes too long goes on at the next run.
            let _ = tokio::time::timeout(PATIENCE, shop.rest()).await;
            settled
        });
        let settled = settled.await;
        shutdown.cancel();
        settled
    };
    let (services, instance) = tokio::join!(shop.run(shutdown.clone()), watch);
    services.map_err(Exit::data)?;
    let instance = instance?;
    print(instance.timeline())?;
    match instance.status {
        status if status.is_final() => Ok(0),
        SagaStatus::Stuck => Err(Exit::new(
            BREACH,
            "it is stuck again: mend the cause first; `dead-letters list` shows what its participants could not handle",
        )),
        status => {
            let sentence =
                format!("after a minute it is still {}: it goes on while `serve` runs", status.as_str());
            Err(Exit::new(BREACH, sentence))
        }
    }
}

/// Until the saga has ended, or is stuck again.
async fn settle(orchestrator: &Orchestrator, name: &str, id: &str) -> Result<Instance, Exit> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let instance = find(orchestrator, name, id).await?;
        let settled = instance.status.is_final() || instance.status == SagaStatus::Stuck;
        if settled || tokio::time::Instant::now() > deadline {
            return Ok(instance);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn find(orchestrator: &Orchestrator, name: &str, id: &str) -> Result<Instance, Exit> {
    orchestrator.instance(&Tenant::default(), name, id).await.map_err(|error| saga_error(&error))
}

fn saga_error(error: &SagaError) -> Exit {
    match error {
        SagaError::NotFound { .. } => Exit::new(INPUT, error),
        SagaError::WrongStatus { .. } | SagaError::NoWayBack { .. } => Exit::new(BREACH, error),
        _ => Exit::data(error),
    }
}

fn split(id: &str) -> Result<(&str, &str), Exit> {
    let (saga, run) = id.split_once('/').ok_or_else(|| {
        Exit::input(format!("{id:?} is no saga: name it as `sagas list` does, as place-order/ID"))
    })?;
    if NAMES.contains(&saga) { Ok((saga, run)) } else { Err(is_none(saga)) }
}
