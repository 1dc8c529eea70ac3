//! SIGINT and SIGTERM.

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
}
