use std::time::Duration;

use reference_server::platform::Platform;
use reference_server::serve::{DEMO_USERS, Door, Made, OPEN_FOR, Seeding, Settings, Sources, seed};
use reference_server::shop::{StoreUrl, Stores};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::ending::{ENDS_WITHIN, Ending};
use super::print;
use super::signal::cancel_at_signal;
use crate::cli::Serve;
use crate::exit::Exit;
use crate::telemetry;

/// After the door is shut, what the services do by themselves has so long to end.
const REST_WITHIN: Duration = Duration::from_millis(2_500);
/// Half a second is left for the last spans, whatever else takes all its time.
const _: () = assert!(OPEN_FOR.as_millis() + REST_WITHIN.as_millis() + 500 <= ENDS_WITHIN.as_millis());

pub(super) async fn run(args: Serve) -> Result<u8, Exit> {
    let settings = settings(&args)?;
    let stop = CancellationToken::new();
    let ending = Ending::begin(telemetry::of_server(&settings)?, &stop);
    tokio::spawn(cancel_at_signal(stop.clone()));
    let taken = |error| Exit::data(format!("{} can't be listened on: {error}", settings.listen));
    let door = Door::at(settings.listen).await.map_err(taken)?;
    let door = door.at_most(settings.connections, settings.rate_limit.proxies.clone());
    let platform = open(&settings).await?;
    let seeding = if settings.seed {
        seed(&platform, settings.demo_password.as_ref()).await.map_err(Exit::data)?
    } else {
        Seeding::None
    };
    greet(&door, &settings)?;
    if let Seeding::Now(made) = seeding {
        introduce(made, &door).await?;
    } else if matches!(seeding, Seeding::Before) {
        print("The demo's users are there as at the first start, which has shown their password.\n")?;
    } else if !platform.has_users().await.map_err(Exit::data)? {
        print(how_to_begin(&settings.store))?;
    }
    let ended = serve(door, platform, stop).await;
    ending.flush().await;
    ended
}

/// What the operator has decided. What is wrong is said before anything is done.
fn settings(args: &Serve) -> Result<Settings, Exit> {
    let sources = Sources::of_program(args.config.as_ref())
        .map_err(Exit::input)?
        .option("--listen", "listen", args.listen.as_deref())
        .option("--store", "store.url", args.store.as_deref())
        .option("--no-seed", "seed", args.no_seed.then_some("off"));
    sources.read().map_err(Exit::input)
}

async fn open(settings: &Settings) -> Result<Platform, Exit> {
    let options = settings.platform().map_err(Exit::input)?;
    let stores = Stores::open(&settings.store, &options.shop.host).await.map_err(Exit::data)?;
    Platform::new(stores, &options).await.map_err(Exit::data)
}

/// What a newcomer needs to know.
fn greet(door: &Door, settings: &Settings) -> Result<(), Exit> {
    let base = format!("http://{}", door.address());
    print(format!(
        "API reference  {base}/docs\n\
         description    {base}/openapi.json\n\
         health         {base}/readyz\n\
         data           {}\n",
        settings.store
    ))
}

/// Tells who can sign in to the demo that was made just now.
async fn introduce(made: Made, door: &Door) -> Result<(), Exit> {
    let password = match made.password() {
        Some(password) => format!("{password}   (shown this once)"),
        None => "as set by demo.password".to_owned(),
    };
    let mut text = "A demo was made. Its users:\n".to_owned();
    for user in &DEMO_USERS {
        text += &format!("  {:<23} {}\n", user.email, user.role);
    }
    let sign_in = format!(
        "curl -s http://{}/api/v1/auth/login -H 'Content-Type: application/json' \\\n    \
         -d '{{\"email\":\"admin@example.com\",\"password\":\"PASSWORD\"}}'",
        door.address()
    );
    print(format!("{text}Their password  {password}\n\nTo sign in:\n  {sign_in}\n"))?;
    made.told().await.map_err(Exit::data)
}

/// Without a demo there is no one who could give others their roles.
fn how_to_begin(store: &StoreUrl) -> String {
    let how = match store {
        StoreUrl::Memory => {
            return "Customers can register; in memory no command can make an admin.\n".to_owned();
        }
        StoreUrl::Sqlite(_) => "once this server has ended, this makes an admin",
        StoreUrl::Postgres(_) => "this makes an admin",
    };
    format!(
        "No one can sign in yet; {how}:\n  reference-server users add ADDRESS --role admin --store {store}\n"
    )
}

/// Serves until the first signal, then ends in good order: requests first, then what the services do by themselves.
async fn serve(door: Door, platform: Platform, stop: CancellationToken) -> Result<u8, Exit> {
    let shutdown = CancellationToken::new();
    let router = platform.router();
    let (token, failed) = (shutdown.clone(), stop.clone());
    let services = tokio::spawn(async move {
        let ended = platform.run(token).await;
        let was_asked_to = failed.is_cancelled();
        // Without its services the door has nothing to offer.
        failed.cancel();
        (ended, was_asked_to)
    });
    door.serve(router, stop).await;
    shutdown.cancel();
    match tokio::time::timeout(REST_WITHIN, services).await {
        Ok(Ok((Ok(()), _))) => {}
        // Whoever ends it gets what they asked for: a supervisor would take it for a crash.
        Ok(Ok((Err(error), true))) => {
            warn!(%error, "the end was not in good order; the next start carries on")
        }
        Ok(Ok((Err(error), false))) => return Err(Exit::data(error)),
        Ok(Err(error)) => return Err(Exit::data(error)),
        Err(_) => warn!("the services take too long to end; the next start carries on what is under way"),
    }
    Ok(0)
}
