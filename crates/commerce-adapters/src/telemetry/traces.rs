//! Spans as OpenTelemetry has them.

use std::sync::Arc;
use std::time::Duration;

use commerce_outbox::trace::{self, Tracing};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tonic::transport::ClientTlsConfig;
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::{TelemetryError, TelemetryOptions};

/// A batch that the collector has not taken by then is given up.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn provider(
    endpoint: &str,
    options: &TelemetryOptions,
) -> Result<SdkTracerProvider, TelemetryError> {
    let faulty = |reason: &str| TelemetryError::Endpoint { reason: reason.to_owned() };
    let (scheme, rest) = endpoint.split_once("://").ok_or_else(|| faulty("it has no scheme"))?;
    if !matches!(scheme, "http" | "https") {
        return Err(faulty("its scheme is neither http nor https"));
    }
    if rest.is_empty() || rest.starts_with(['/', ':']) {
        return Err(faulty("it names no host"));
    }
    if tokio::runtime::Handle::try_current().is_err() {
        return Err(TelemetryError::NoRuntime);
    }
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(PATIENCE);
    let exporter = match scheme {
        "https" => exporter.with_tls_config(ClientTlsConfig::new().with_webpki_roots()),
        _ => exporter,
    };
    let exporter = exporter.build().map_err(|_| faulty("it can't be read"))?;
    let resource = Resource::builder().with_service_name(options.service.clone()).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Exports spans from INFO up, and warnings within them.
pub(super) fn layer<S>(provider: &SdkTracerProvider, service: &str) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let exported = filter_fn(|metadata| {
        let least = if metadata.is_span() { Level::INFO } else { Level::WARN };
        *metadata.level() <= least
    });
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(service.to_owned()))
        .with_threads(false)
        .with_location(false)
        .with_filter(exported)
}

/// From now on spans continue the traces that messages and requests come with.
pub(super) fn continue_traces() -> Result<(), TelemetryError> {
    trace::install(OpenTelemetry).map_err(|_| TelemetryError::Installed { what: "traces" })
}

struct OpenTelemetry;

impl Tracing for OpenTelemetry {
    fn set_parent(&self, span: &Span, traceparent: &str) {
        if let Some(parent) = parse(traceparent) {
            // A span that is filtered out has no place in a trace.
            let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
        }
    }

    fn traceparent(&self, span: &Span) -> Option<Arc<str>> {
        let context = span.context();
        let span = context.span();
        let span = span.span_context();
        let flags = span.trace_flags().to_u8();
        span.is_valid().then(|| format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id()).into())
    }
}

fn parse(traceparent: &str) -> Option<SpanContext> {
    let traceparent = trace::read_traceparent(traceparent)?;
    let mut parts = traceparent.split('-').skip(1);
    let trace_id = TraceId::from_hex(parts.next()?).ok()?;
    let span_id = SpanId::from_hex(parts.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?);
    Some(SpanContext::new(trace_id, span_id, flags, true, TraceState::default()))
}
