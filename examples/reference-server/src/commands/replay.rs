use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_outbox::SystemHost;
use reference_server::audit::audit;
use reference_server::import::{self, Import, RefusedRow, match_returns};
use reference_server::replay::{
    AuditResult, Lines, Progress, ReplayError, ReplayOptions, Replayed, TerminalBar, replay,
};
use reference_server::shop::{Shop, ShopOptions, Stores};
use tokio_util::sync::CancellationToken;

use super::print;
use crate::cli::Replay;
use crate::exit::{BREACH, DATA, Exit, INPUT, STOPPED};

pub(super) async fn run(args: Replay) -> Result<u8, Exit> {
    let import = import::read(&args.file).map_err(Exit::input)?;
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let stores = Stores::open(&args.store.store, &host).map_err(Exit::data)?;
    let shop_options = ShopOptions {
        step_timeout: Duration::from_secs(args.step_timeout.into()),
        host,
        ..ShopOptions::default()
    };
    let shop = Shop::new(stores, &shop_options).map_err(Exit::data)?;
    let options = ReplayOptions {
        concurrency: args.concurrency.into(),
        stock: args.stock,
        decline_every: args.decline_every.map(|every| every as usize),
        repeat: args.repeat.into(),
    };
    let replayed = replay_until_signal(&shop, &import, &options).await.map_err(|error| exit(&error))?;
    let report = audit(shop.stores()).await.map_err(Exit::data)?;
    let summary = replayed.summary(report.breaches.iter().map(ToString::to_string).collect());
    if let Some(path) = &args.refused {
        write_refused(path, &import)?;
    }
    if args.json {
        print(serde_json::to_string_pretty(&summary).map_err(Exit::data)?);
    } else {
        print(&summary);
    }
    Ok(if summary.audit == AuditResult::Ok("ok") { 0 } else { BREACH })
}

/// Runs the services and the replay on them. SIGINT and SIGTERM stop both, in that order and in good order.
async fn replay_until_signal(
    shop: &Shop,
    import: &Import,
    options: &ReplayOptions,
) -> Result<Replayed, ReplayError> {
    let (stop, shutdown) = (CancellationToken::new(), CancellationToken::new());
    let signal = tokio::spawn(cancel_at_signal(stop.clone()));
    let services = shop.run(shutdown.clone());
    let work = async {
        let replayed = replay(shop, import, options, &*progress(), &stop).await;
        shutdown.cancel();
        replayed
    };
    let work_unless_services_fail = async {
        let (services, replayed) = tokio::join!(
            async {
                let ended = services.await;
                stop.cancel();
                ended
            },
            work
        );
        services?;
        replayed
    };
    let result = work_unless_services_fail.await;
    signal.abort();
    result
}

async fn cancel_at_signal(stop: CancellationToken) {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
    stop.cancel();
}

fn progress() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() { Box::new(TerminalBar::new()) } else { Box::new(Lines::default()) }
}

fn exit(error: &ReplayError) -> Exit {
    let code = match error {
        ReplayError::OtherOptions { .. } => INPUT,
        ReplayError::Stopped => STOPPED,
        _ => DATA,
    };
    Exit::new(code, error)
}

/// The rows that the file's own rules refuse, those of returns as if every order had come to be.
fn write_refused(path: &Path, import: &Import) -> Result<(), Exit> {
    let returns = match_returns(import, |_| true);
    let mut rows: Vec<&RefusedRow> = import.refused.iter().chain(&returns.refused).collect();
    rows.sort_by_key(|row| row.line);
    let failed = |error: csv::Error| Exit::data(format!("{} can't be written: {error}", path.display()));
    let mut file = csv::Writer::from_path(path).map_err(failed)?;
    file.write_record(["line", "invoice_no", "reason"]).map_err(failed)?;
    for row in rows {
        file.write_record([&*row.line.to_string(), &*row.invoice_no, row.reason.as_str()]).map_err(failed)?;
    }
    file.flush().map_err(|error| failed(error.into()))
}
