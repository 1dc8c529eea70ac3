//! The gateway in front of services that other processes serve.

use std::sync::Arc;

use commerce_core::Host;
use commerce_outbox::SystemHost;
use reference_server::gateway::{self, PublishedKeys, UpstreamOptions, Upstreams};
use reference_server::http::Common;
use reference_server::serve::{Door, Settings, Sources};
use tokio_util::sync::CancellationToken;

use super::ending::Ending;
use super::print;
use super::signal::cancel_at_signal;
use crate::cli::Gateway;
use crate::exit::Exit;
use crate::telemetry;

pub(super) async fn run(args: Gateway) -> Result<u8, Exit> {
    let settings = settings(&args)?;
    let options = settings.gateway().map_err(Exit::input)?;
    let upstreams = upstreams(&args)?;
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let keys = PublishedKeys::of(&upstreams, host.clone(), &settings.identity).ok_or_else(|| {
        Exit::input("--upstream identity=URL is missing: its keys say whose tokens are whose")
    })?;
    let stop = CancellationToken::new();
    let ending = Ending::begin(telemetry::of_server(&settings)?, &stop);
    tokio::spawn(cancel_at_signal(stop.clone()));
    let taken = |error| Exit::data(format!("{} can't be listened on: {error}", settings.listen));
    let door = Door::at(settings.listen).await.map_err(taken)?;
    let door = door.at_most(settings.connections, settings.rate_limit.proxies.clone());

    let keys = Arc::new(keys);
    let (asking, until) = (keys.clone(), stop.clone());
    tokio::spawn(async move { asking.run(until).await });
    let router = gateway::in_front(&upstreams, &Common { host, tokens: keys }, &options);
    print(format!("API reference  http://{}/docs", door.address()))?;
    door.serve(router, stop).await;
    ending.flush().await;
    Ok(0)
}

fn settings(args: &Gateway) -> Result<Settings, Exit> {
    Sources::of_program(args.config.as_ref())
        .map_err(Exit::input)?
        .option("--listen", "listen", args.listen.as_deref())
        .read_of_gateway()
        .map_err(Exit::input)
}

fn upstreams(args: &Gateway) -> Result<Upstreams, Exit> {
    let named = args.upstream.iter().map(|upstream| {
        upstream.split_once('=').ok_or_else(|| Exit::input("--upstream is SERVICE=http://HOST:PORT"))
    });
    let named = named.collect::<Result<Vec<_>, _>>()?;
    Upstreams::new(named, UpstreamOptions::default()).map_err(Exit::input)
}
