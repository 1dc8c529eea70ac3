use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use super::{LogFormat, Telemetry, TelemetryError, TelemetryOptions};

fn refused(options: TelemetryOptions) -> TelemetryError {
    match Telemetry::install(options) {
        Err(error) => error,
        Ok(_) => panic!("it was installed"),
    }
}

#[test]
fn a_filter_that_cannot_be_read_is_named() {
    let error = refused(TelemetryOptions::new("shop").filter("commerce_core=loudly"));
    assert_eq!(error.code(), "invalid_log_filter");
    assert!(error.to_string().contains("commerce_core=loudly"), "{error}");
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_used_is_told_without_repeating_it() {
    for endpoint in ["collector:4317", "ftp://me:hush@collector", "http://", "http://:4317", "http://a b"] {
        let error = refused(TelemetryOptions::new("shop").otlp(endpoint));
        assert_eq!(error.code(), "invalid_otlp_endpoint", "{endpoint}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}

#[test]
fn options_are_shown_without_the_endpoint() {
    let shown = format!("{:?}", TelemetryOptions::new("shop").otlp("https://me:hush@collector:4317"));
    assert!(shown.contains("shop") && !shown.contains("hush"), "{shown}");
}

#[test]
fn traces_need_a_runtime() {
    assert_eq!(
        refused(TelemetryOptions::new("shop").otlp("http://collector:4317")),
        TelemetryError::NoRuntime
    );
}

#[test]
fn a_format_is_json_or_pretty() {
    assert_eq!("json".parse(), Ok(LogFormat::Json));
    assert_eq!("pretty".parse(), Ok(LogFormat::Pretty));
    assert_eq!("xml".parse::<LogFormat>().unwrap_err().code(), "invalid_log_format");
}

/// A file, as it were.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_that_goes_elsewhere_has_no_colours() {
    let lines = Lines::default();
    // As where standard error is a terminal.
    let options = TelemetryOptions { colours: true, ..TelemetryOptions::new("shop") };
    let writer = lines.clone();
    let options = options.log_to(move || writer.clone());
    let filter = super::logs::filter(None).unwrap();
    let logs = super::logs::layer::<Registry>(options.format, options.colours, options.writer, filter);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(logs), || {
        tracing::error!("the disk is full");
    });
    let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("the disk is full") && !written.contains('\u{1b}'), "{written:?}");
}

#[test]
fn options_do_not_show_the_endpoint() {
    let options = TelemetryOptions::new("shop").otlp("https://me:hush@collector:4317");
    assert!(!format!("{options:?}").contains("hush"));
}
