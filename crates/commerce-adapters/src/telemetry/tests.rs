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

#[test]
fn options_do_not_show_the_endpoint() {
    let options = TelemetryOptions::new("shop").otlp("https://me:hush@collector:4317");
    assert!(!format!("{options:?}").contains("hush"));
}
