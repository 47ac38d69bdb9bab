//! Sending spans by OTLP over HTTP, with the HTTP client that everything else here uses.

use std::{
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures::future::BoxFuture;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::Handle;

use crate::{
    install_crypto,
    settings::{Settings, SettingsError},
};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const EXAMPLE: &str = "http://localhost:4318";
/// The most that is read of a collector's answer, in bytes. It is about spans that it did not take.
const MOST_BYTES: usize = 64 << 10;
/// The longest a collector may take for a batch; `OTEL_EXPORTER_OTLP_TIMEOUT` may say less.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What makes and sends spans; none unless a collector is set. It reads the other names of OpenTelemetry itself.
pub(super) fn provider(
    service: &'static str,
    mut settings: Settings,
) -> Result<Option<SdkTracerProvider>, SettingsError> {
    let endpoint = settings.optional::<reqwest::Url>(ENDPOINT, EXAMPLE);
    let name = settings.with_default("OTEL_SERVICE_NAME", service.to_owned(), "ingress");
    let encoding = settings.with_default(PROTOCOL, Encoding(Protocol::HttpBinary), "http/protobuf");
    let exporter = endpoint.and_then(|endpoint| {
        let made = exporter(&endpoint, encoding);
        made.map_err(|error| settings.note(ENDPOINT, format!("cannot be used: {error}"), EXAMPLE))
            .ok()
    });
    let provider = exporter.map(|exporter| {
        SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name(name).build())
            .with_batch_exporter(exporter)
            .build()
    });
    settings.finish(Some(provider))
}

fn exporter(endpoint: &reqwest::Url, Encoding(protocol): Encoding) -> Result<SpanExporter, HttpError> {
    let base = endpoint.as_str().trim_end_matches('/');
    Ok(SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new()?)
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

/// Sends for a thread that knows nothing of Tokio.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
    is_failing: AtomicBool,
}

impl Client {
    fn new() -> Result<Self, HttpError> {
        // The HTTP client panics when it finds no TLS provider.
        install_crypto();
        let http = reqwest::Client::builder().timeout(TIMEOUT);
        Ok(Self {
            http: http.redirect(reqwest::redirect::Policy::none()).build()?,
            runtime: Handle::try_current()?,
            is_failing: AtomicBool::new(false),
        })
    }

    /// Says once that the collector has gone, and once that it is back.
    fn report(&self, error: Option<&str>) {
        let was_failing = self.is_failing.swap(error.is_some(), Ordering::Relaxed);
        match error {
            Some(error) if !was_failing => tracing::warn!(error, "spans cannot be sent; those are lost"),
            None if was_failing => tracing::info!("spans are sent again"),
            Some(_) | None => {}
        }
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
        Box::pin(async move {
            let answered = sending.await.map_err(HttpError::from).and_then(|sent| sent);
            match &answered {
                Ok(answer) if answer.status().is_success() => self.report(None),
                Ok(answer) => self.report(Some(answer.status().as_str())),
                Err(error) => self.report(Some(&error.to_string())),
            }
            answered
        })
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
            return Err("the collector's answer is too long".into());
        }
    }
    let mut response = Response::new(body.into());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}
