//! What each command does.

mod audit;
mod dead_letters;
mod ending;
mod gateway;
mod keys;
mod mailbox;
mod migrate;
mod projections;
mod refused;
mod replay;
mod sagas;
mod serve;
mod signal;
mod users;

use std::io::{ErrorKind, Write};
use std::sync::Arc;

use commerce_core::Host;
use commerce_outbox::SystemHost;
use reference_server::serve::Sources;
use reference_server::shop::{ShopOptions, StoreUrl, Stores};

use signal::{stop_at_signal, unless_stopped};

use crate::cli::{Command, DEFAULT_STORE, Store};
use crate::exit::Exit;
use crate::telemetry;

/// Runs a command; answers the exit code.
pub(crate) async fn run(command: Command) -> Result<u8, Exit> {
    // Serving is told by its settings what to log, and where traces go.
    let _telemetry = match &command {
        Command::Serve(_) | Command::Gateway(_) => None,
        _ => Some(telemetry::of_command()?),
    };
    match command {
        // These end their services in good order by themselves.
        Command::Serve(args) => serve::run(args).await,
        Command::Gateway(args) => gateway::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Sagas(command) => sagas::run(command, &stop_at_signal()).await,
        Command::DeadLetters(command) => dead_letters::run(command, &stop_at_signal()).await,
        Command::Keys(command) => stoppable(Box::pin(keys::run(command))).await,
        Command::Users(command) => stoppable(Box::pin(users::run(command))).await,
        Command::Audit(args) => stoppable(Box::pin(audit::run(args))).await,
        Command::Projections(command) => stoppable(Box::pin(projections::run(command))).await,
        Command::Mailbox(args) => stoppable(Box::pin(mailbox::run(args))).await,
        Command::Migrate(args) => stoppable(Box::pin(migrate::run(args))).await,
    }
}

/// A command that has no services run: it may be left anywhere.
async fn stoppable(command: impl Future<Output = Result<u8, Exit>>) -> Result<u8, Exit> {
    unless_stopped(&stop_at_signal(), command).await
}

/// Where the data is.
fn url(store: &Store) -> Result<StoreUrl, Exit> {
    // What the environment leaves empty says nothing.
    let url = if store.store.is_empty() { DEFAULT_STORE } else { &store.store };
    url.parse().map_err(|error: String| Exit::input(error))
}

/// How the services work that a command sets going: as the environment says, so that money is moved by the provider that
/// the server moves it by.
fn shop_options() -> Result<ShopOptions, Exit> {
    let settings = Sources::of_program(None).and_then(Sources::read).map_err(Exit::input)?;
    Ok(settings.platform().map_err(Exit::input)?.shop)
}

/// Stores that hold something already.
async fn open(store: &Store) -> Result<Stores, Exit> {
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    Stores::open_existing(&url(store)?, &host).await.map_err(Exit::data)
}

/// Prints a line. Whoever closes the pipe has seen enough; any other failure must not look like a success.
fn print(text: impl std::fmt::Display) -> Result<(), Exit> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Exit::data(format!("the output can't be written: {error}")))
        }
        _ => Ok(()),
    }
}
