use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::id::Tenant;
use commerce_core::identity::SECRET_ISSUED;
use commerce_core::store::Store;
use commerce_outbox::{
    DeadLetterError, DeadLetterFilter, DeadLetters as Letters, DiscardedMessage, HeldMessage, HeldState,
    SystemHost,
};
use reference_server::shop::{Shop, Stores, is_follower};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::signal::unless_stopped;
use super::{open, print, shop_options};
use crate::cli::{DeadLetters, Decision, MessageDecision, MessageId, Store as StoreArgs};
use crate::exit::{BREACH, Exit, INPUT};

/// Stands in place of a secret.
const HIDDEN: &str = "[hidden]";
/// How long the services run for a message that is to be handled again.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(command: DeadLetters, stop: &CancellationToken) -> Result<u8, Exit> {
    match command {
        DeadLetters::List { service, limit, store } => {
            unless_stopped(stop, list(&store, service.as_deref(), limit as usize)).await
        }
        DeadLetters::Show(message) => unless_stopped(stop, show(&message)).await,
        DeadLetters::Replay(asked) => replay(asked, stop).await,
        DeadLetters::Discard(asked) => unless_stopped(stop, discard(asked)).await,
        DeadLetters::Discarded { service, limit, json, store } => {
            unless_stopped(stop, discarded(&store, service.as_deref(), limit as usize, json)).await
        }
    }
}

fn letters(store: &Arc<dyn Store>) -> Letters {
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    Letters::new(store.clone(), host)
}

async fn list(store: &StoreArgs, service: Option<&str>, limit: usize) -> Result<u8, Exit> {
    let stores = open(store).await?;
    let mut found = 0;
    for (name, store) in those_of(&stores, service)? {
        let letters =
            letters(store).list(&DeadLetterFilter::default(), limit - found).await.map_err(Exit::data)?;
        found += letters.len();
        for letter in letters {
            let error = letter.attempts.last().map_or("", |attempt| &attempt.error);
            let (id, message_type) = (letter.id(), &letter.envelope.message_type);
            print(format!("{name}  {id}  {message_type}  {} attempts  {error}", letter.attempts.len()))?;
        }
    }
    if found == 0 {
        print("no dead letters")?;
    }
    Ok(0)
}

async fn discarded(store: &StoreArgs, service: Option<&str>, limit: usize, json: bool) -> Result<u8, Exit> {
    let stores = open(store).await?;
    let mut found = 0;
    for (name, store) in those_of(&stores, service)? {
        let letters = letters(store);
        let discarded =
            letters.discarded(&DeadLetterFilter::default(), limit - found).await.map_err(Exit::data)?;
        found += discarded.len();
        for DiscardedMessage { message, actor, reason, at } in discarded {
            if json {
                let message = shown(&message).map_err(Exit::data)?;
                print(
                    json!({ "service": name, "at": at, "actor": actor, "reason": reason, "message": message }),
                )?;
            } else {
                let (id, message_type) = (message.id(), &message.envelope.message_type);
                print(format!("{name}  {id}  {message_type}  {at}  {actor}: {reason}"))?;
            }
        }
    }
    if found == 0 && !json {
        print("nothing was discarded")?;
    }
    Ok(0)
}

/// All services' stores, or that of one.
fn those_of<'a>(
    stores: &'a Stores,
    service: Option<&'a str>,
) -> Result<impl Iterator<Item = (&'static str, &'a Arc<dyn Store>)>, Exit> {
    if let Some(service) = service {
        store_of(stores, service)?;
    }
    Ok(stores.all().into_iter().filter(move |(name, _)| service.is_none_or(|service| service == *name)))
}

async fn show(message: &MessageId) -> Result<u8, Exit> {
    let stores = open(&message.store).await?;
    let letter = find(&letters(store_of(&stores, &message.service)?), &message.id).await?;
    print(serde_json::to_string_pretty(&shown(&letter).map_err(Exit::data)?).map_err(Exit::data)?)?;
    Ok(0)
}

/// All of it but what lets whoever reads it act for someone else.
fn shown(letter: &HeldMessage) -> Result<Value, serde_json::Error> {
    let mut shown = serde_json::to_value(letter)?;
    if &*letter.envelope.message_type == SECRET_ISSUED
        && let Some(body) = shown.pointer_mut("/envelope/data")
    {
        match body.get_mut("token") {
            Some(token) => *token = Value::from(HIDDEN),
            // It can't be read, so who knows where in it the token is.
            None => *body = Value::from(HIDDEN),
        }
    }
    Ok(shown)
}

/// Has it handled again, and lets the services see it and what waits behind it through.
async fn replay(
    MessageDecision { message, decision }: MessageDecision,
    stop: &CancellationToken,
) -> Result<u8, Exit> {
    let options = shop_options()?;
    let stores = unless_stopped(stop, open(&message.store)).await?;
    let letters = letters(store_of(&stores, &message.service)?);
    let Decision { actor, reason } = decision;
    letters.replay(&Tenant::default(), &message.id, &actor, &reason).await.map_err(|error| exit(&error))?;
    if is_follower(&message.service) {
        // It tells people as its settings say, which only `serve` has.
        print("it is tried again once `serve` runs on this store")?;
        return Ok(0);
    }
    let shop = Shop::new(stores, &options).map_err(Exit::data)?;
    let shutdown = CancellationToken::new();
    let watch = async {
        let settled = unless_stopped(stop, async {
            let settled = settle(&letters, &message.id).await;
            // And what waits behind it. What takes too long goes on at the next run.
            let _ = tokio::time::timeout(PATIENCE, shop.rest()).await;
            settled
        });
        let settled = settled.await;
        shutdown.cancel();
        settled
    };
    let (services, left) = tokio::join!(shop.run(shutdown.clone()), watch);
    services.map_err(Exit::data)?;
    match left? {
        None => {
            print("handled")?;
            Ok(0)
        }
        Some(letter) => {
            let error = letter.attempts.last().map_or("it was not tried in time", |attempt| &attempt.error);
            Err(Exit::new(BREACH, format!("it failed again: {error}")))
        }
    }
}

/// Until it is handled, or dead again.
async fn settle(letters: &Letters, id: &str) -> Result<Option<HeldMessage>, Exit> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let letter = match letters.show(&Tenant::default(), id).await {
            Ok(letter) => letter,
            Err(DeadLetterError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(Exit::data(error)),
        };
        if letter.state == HeldState::Dead || tokio::time::Instant::now() > deadline {
            return Ok(Some(letter));
        }
    }
}

async fn discard(MessageDecision { message, decision }: MessageDecision) -> Result<u8, Exit> {
    let stores = open(&message.store).await?;
    let letters = letters(store_of(&stores, &message.service)?);
    let Decision { actor, reason } = decision;
    letters.discard(&Tenant::default(), &message.id, &actor, &reason).await.map_err(|error| exit(&error))?;
    print("discarded")?;
    Ok(0)
}

async fn find(letters: &Letters, id: &str) -> Result<HeldMessage, Exit> {
    letters.show(&Tenant::default(), id).await.map_err(|error| exit(&error))
}

fn exit(error: &DeadLetterError) -> Exit {
    match error {
        DeadLetterError::NotFound { .. } => Exit::new(INPUT, error),
        DeadLetterError::NotDead { .. } | DeadLetterError::Raced { .. } => Exit::new(BREACH, error),
        _ => Exit::data(error),
    }
}

fn store_of<'a>(stores: &'a Stores, service: &str) -> Result<&'a Arc<dyn Store>, Exit> {
    let known = stores.all();
    let found = known.iter().find(|(name, _)| *name == service).map(|(_, store)| *store);
    found.ok_or_else(|| {
        let names = known.map(|(name, _)| name).join(", ");
        Exit::input(format!("{service:?} is no service; they are: {names}"))
    })
}
