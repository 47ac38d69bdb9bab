//! Sending spans by OTLP over HTTP, with the HTTP client that everything else here uses.

mod backlog;

use std::{
    num::NonZeroUsize,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use opentelemetry::Context;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, Span, SpanData, SpanProcessor},
};
use tokio::runtime::Handle;

use self::backlog::Backlog;
use crate::{
    install_crypto,
    settings::{Settings, SettingsError},
};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
/// How long a collector may take, in ms, by OpenTelemetry's names; the first that is set counts.
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const EXAMPLE: &str = "http://localhost:4318";
/// How many spans may wait, and its default.
const QUEUE: (&str, NonZeroUsize) = ("OTEL_BSP_MAX_QUEUE_SIZE", NonZeroUsize::new(2048).unwrap());
/// The most that is read of a collector's answer, in bytes. It is about spans that it did not take.
const MOST_BYTES: usize = 64 << 10;
/// The longest a collector may take for a batch; `OTEL_EXPORTER_OTLP_TIMEOUT` may say less.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What makes and sends spans; none unless a collector is set. It reads the other names of OpenTelemetry itself.
pub(super) fn provider(
    service: &'static str,
    mut settings: Settings,
) -> Result<Option<SdkTracerProvider>, SettingsError> {
    let endpoint = endpoint(&mut settings);
    let is_off = settings.with_default("OTEL_SDK_DISABLED", false, "true")
        || settings.with_default("OTEL_TRACES_EXPORTER", Exporter::Otlp, "none") == Exporter::None;
    let limits = TIMEOUTS.map(|name| settings.optional(name, "10000").map(Duration::from_millis));
    let timeout = limits
        .into_iter()
        .flatten()
        .next()
        .unwrap_or(TIMEOUT)
        .min(TIMEOUT);
    let name = settings.with_default("OTEL_SERVICE_NAME", service.to_owned(), "ingress");
    let encoding = settings.with_default(PROTOCOL, Encoding(Protocol::HttpBinary), "http/protobuf");
    let most = settings.with_default(QUEUE.0, QUEUE.1, "2048").get();
    let exporter = endpoint.filter(|_| !is_off).and_then(|endpoint| {
        let made = exporter(&endpoint, encoding, timeout);
        made.map_err(|error| settings.note(ENDPOINT, format!("cannot be used: {error}"), EXAMPLE))
            .ok()
    });
    let provider = exporter.map(|exporter| {
        SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name(name).build())
            .with_span_processor(Bounded::before(exporter, most))
            .build()
    });
    settings.finish(Some(provider))
}

/// The collector's address. What is said of a bad one does not show it: it may hold a key.
fn endpoint(settings: &mut Settings) -> Option<reqwest::Url> {
    let text = settings.optional_secret(ENDPOINT, EXAMPLE)?;
    let problem = match text.expose().parse::<reqwest::Url>() {
        Ok(url) if url.query().is_none() && url.fragment().is_none() => return Some(url),
        Ok(_) => "has a query or a fragment, which the path of traces cannot follow".to_owned(),
        Err(error) => format!("is not an address: {error}"),
    };
    settings.note(ENDPOINT, problem, EXAMPLE);
    None
}

fn exporter(
    endpoint: &reqwest::Url,
    Encoding(protocol): Encoding,
    timeout: Duration,
) -> Result<SpanExporter, HttpError> {
    let base = endpoint.as_str().trim_end_matches('/');
    Ok(SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new(timeout)?)
        .with_endpoint(format!("{base}/v1/traces"))
        .with_protocol(protocol)
        .build()?)
}

/// How spans are written.
struct Encoding(Protocol);

impl FromStr for Encoding {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "http/protobuf" => Ok(Self(Protocol::HttpBinary)),
            "http/json" => Ok(Self(Protocol::HttpJson)),
            _ => Err("neither http/protobuf nor http/json"),
        }
    }
}

/// Where spans are sent.
#[derive(PartialEq, Eq)]
enum Exporter {
    Otlp,
    None,
}

impl FromStr for Exporter {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "otlp" => Ok(Self::Otlp),
            "none" => Ok(Self::None),
            _ => Err("neither otlp nor none"),
        }
    }
}

/// Counts the spans that have ended, and drops those that do not fit: the queue behind it would do so, too, but not say it.
#[derive(Debug)]
struct Bounded {
    queue: BatchSpanProcessor,
    backlog: Arc<Backlog>,
}

impl Bounded {
    fn before(exporter: SpanExporter, most: usize) -> Self {
        let backlog = Arc::new(Backlog::of(most));
        let telling = Telling {
            exporter,
            backlog: Arc::clone(&backlog),
            is_losing: AtomicBool::new(false),
        };
        let limits = BatchConfigBuilder::default().with_max_queue_size(most).build();
        let queue = BatchSpanProcessor::builder(telling).with_batch_config(limits);
        Self {
            queue: queue.build(),
            backlog,
        }
    }
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.queue.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        metrics::counter!("sluice_spans_ended_total").increment(1);
        if self.backlog.admit() {
            self.queue.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.queue.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.queue.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.queue.set_resource(resource);
    }
}

/// Tells what became of each batch, once the exporter does not try it again.
#[derive(Debug)]
struct Telling {
    exporter: SpanExporter,
    backlog: Arc<Backlog>,
    is_losing: AtomicBool,
}

impl Telling {
    /// Says once that spans are lost, and once that they are not any more. `dropped` spans did not fit since the batch
    /// before. A queue that is still half full may be full again in a moment, which is not said each time.
    fn report(&self, sent: &OTelSdkResult, dropped: usize) {
        let was_losing = self.is_losing.load(Ordering::Relaxed);
        let is_losing = sent.is_err() || dropped > 0 || (was_losing && self.backlog.is_half_full());
        self.is_losing.store(is_losing, Ordering::Relaxed);
        match sent {
            _ if was_losing == is_losing => {}
            Err(error) => tracing::warn!(%error, "spans cannot be sent; those are lost"),
            Ok(()) if is_losing => tracing::warn!(dropped, "more spans end than can be sent; some are lost"),
            Ok(()) => tracing::info!("spans are sent again"),
        }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Telling {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.exporter.export(batch).await;
        self.report(&sent, self.backlog.release(spans));
        let outcome = if sent.is_ok() { "sent" } else { "lost" };
        metrics::counter!("sluice_spans_exported_total", "outcome" => outcome).increment(spans as u64);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Sends for a thread that knows nothing of Tokio.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

impl Client {
    fn new(timeout: Duration) -> Result<Self, HttpError> {
        // The HTTP client panics when it finds no TLS provider.
        install_crypto();
        let http = reqwest::Client::builder().timeout(timeout);
        Ok(Self {
            http: http.redirect(reqwest::redirect::Policy::none()).build()?,
            runtime: Handle::try_current()?,
        })
    }
}

impl HttpClient for Client {
    fn send_bytes<'client, 'sending>(
        &'client self,
        request: Request<Bytes>,
    ) -> BoxFuture<'sending, Result<Response<Bytes>, HttpError>>
    where
        'client: 'sending,
        Self: 'sending,
    {
        let sending = self.runtime.spawn(send(self.http.clone(), request));
        Box::pin(async move { sending.await.map_err(HttpError::from).and_then(|sent| sent) })
    }
}

async fn send(http: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    // The address may hold a key, and errors are logged.
    let sent = http.execute(request.try_into()?).await;
    let mut answer = sent.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_BYTES {
            // Its status says what counts. As an error, the batch would be sent again.
            body.clear();
            break;
        }
    }
    let mut response = Response::new(body.into());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}
