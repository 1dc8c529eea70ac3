//! Figures for Prometheus.

use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::TelemetryError;

/// Limits of the buckets of what is measured in seconds: from a commit to a stall.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];
/// So often what was measured is put into its buckets, should no one ask for it.
const UPKEEP: Duration = Duration::from_secs(5);

static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();

/// The figures of this process in the text format of Prometheus; nothing before telemetry is installed.
pub fn render() -> String {
    INSTALLED.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Keeps what is measured and not asked for from piling up.
pub(super) struct Upkeep {
    handle: PrometheusHandle,
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

pub(super) fn install() -> Result<Upkeep, TelemetryError> {
    let taken = TelemetryError::Installed { what: "figures" };
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .map_err(|_| taken.clone())?;
    let handle = builder.install_recorder().map_err(|_| taken.clone())?;
    describe();
    let _ = INSTALLED.set(handle.clone());
    let (stop, stopped) = sync_channel::<()>(1);
    let upkeep = handle.clone();
    let thread = std::thread::Builder::new().name("figures".to_owned()).spawn(move || {
        while stopped.recv_timeout(UPKEEP) == Err(RecvTimeoutError::Timeout) {
            upkeep.run_upkeep();
        }
    });
    // Without the thread they are put in order when they are asked for.
    Ok(Upkeep { handle, stop: Some(stop), thread: thread.ok() })
}

impl Upkeep {
    pub(super) fn render(&self) -> String {
        self.handle.render()
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the libraries measure. Programs describe their own.
fn describe() {
    describe_counter!("http_requests_total", "Requests answered, by method, route and status.");
    describe_histogram!(
        "http_request_duration_seconds",
        Unit::Seconds,
        "How long requests took to be answered, by method, route and status."
    );
    describe_counter!(
        "messages_handled_total",
        "Messages seen to, by consumer group, type and outcome: handled, repeated, queued, waits, failed, dead."
    );
    describe_histogram!(
        "message_age_seconds",
        Unit::Seconds,
        "How long after it was written a message had its effect, by consumer group."
    );
    describe_counter!(
        "saga_steps_total",
        "Attempts at saga steps that ended, by saga, step, phase (action, undo) and outcome: done, failed, transient, unknown, aborted."
    );
    describe_gauge!("circuit_state", "1 for the state that a circuit is in, by circuit and state.");
    describe_counter!("sagas_ended_total", "Sagas that ended or got stuck, by saga and status.");
    describe_counter!("sagas_aborted_total", "Sagas that someone had turn back, by saga.");
}
