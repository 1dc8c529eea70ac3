//! SIGINT and SIGTERM.

use tokio_util::sync::CancellationToken;

use crate::exit::STOPPED;

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
