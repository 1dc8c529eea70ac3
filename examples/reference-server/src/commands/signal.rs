//! SIGINT, SIGTERM and SIGHUP, which comes when the terminal is closed.

use std::pin::Pin;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::exit::{Exit, STOPPED};

/// The first signal stops the work in good order; one that comes when that was asked for already ends the program.
pub(super) async fn cancel_at_signal(stop: CancellationToken) {
    loop {
        next_signal().await;
        if stop.is_cancelled() {
            std::process::exit(STOPPED.into());
        }
        stop.cancel();
    }
}

/// Stops at the first signal.
pub(super) fn stop_at_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    tokio::spawn(cancel_at_signal(stop.clone()));
    stop
}

/// Does the work, unless it is stopped before it is done.
pub(super) async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, Exit>>,
) -> Result<T, Exit> {
    tokio::select! {
        done = work => done,
        () = stop.cancelled() => {
            Err(Exit::new(STOPPED, "stopped; what is done is kept, and the same command carries on"))
        }
    }
}

async fn next_signal() {
    let mut first = vec![of(SignalKind::interrupt()), of(SignalKind::terminate())];
    if !outlives_its_terminal() {
        first.push(of(SignalKind::hangup()));
    }
    futures_util::future::select_all(first).await;
}

/// Whether whoever started it has it ignore SIGHUP, as `nohup` does: to listen would undo that.
fn outlives_its_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The first bit is that of the first signal, which it is.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// Never, if it can't be listened to.
fn of(kind: SignalKind) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let signals = signal(kind);
    Box::pin(async move {
        match signals {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    })
}
