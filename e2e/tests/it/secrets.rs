//! Secrets stay where they belong: not in logs, metrics or queues, and in the database only sealed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

use e2e::{
    rabbit::Letter,
    story::{self, CASES},
};
use futures::StreamExt;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::harness::Sluice;

/// All that our own code has to say, and the libraries' as far as they speak by default.
const FILTER: &str = "info,ingress=trace,workers=trace,broker=trace,store=trace,channels=trace,runtime=trace,\
                      console=trace,domain=trace,sandbox=off";
const QUEUES: [&str; 5] = [
    "dead.create_intent",
    "dead.process_callback",
    "dead.notify_merchant",
    "dead.query_payment",
    "dead.unroutable",
];

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Records the secrets of every merchant that the story makes.
struct Recording(Box<dyn e2e::console::Console>, Arc<Mutex<Vec<String>>>);

impl e2e::console::Console for Recording {
    fn run<'a>(
        &'a self,
        arguments: &'a [&'a str],
        input: &'a str,
    ) -> futures::future::LocalBoxFuture<'a, anyhow::Result<serde_json::Value>> {
        Box::pin(async move {
            let answer = self.0.run(arguments, input).await?;
            let input: serde_json::Value = serde_json::from_str(input).unwrap_or_default();
            let (given, told) = (
                ["/secret_key", "/webhook_secrets/0"],
                ["/api_key", "/endpoint_secret"],
            );
            let given = given.iter().filter_map(|pointer| input.pointer(pointer));
            let told = told.iter().filter_map(|pointer| answer.pointer(pointer));
            let secrets = given
                .chain(told)
                .filter_map(|secret| secret.as_str().map(str::to_owned));
            self.1
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(secrets);
            Ok(answer)
        })
    }
}

/// Every label of every metric is in the table of the docs, and no other is: none can tell whose payment it was.
fn labels_are_as_told(metrics: &str) {
    let table = include_str!("../../../docs/metrics.md");
    let told: BTreeMap<&str, BTreeSet<&str>> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|row| {
            let (name, rest) = row.split_once('`')?;
            let labels = rest.split('|').nth(2)?;
            Some((
                name,
                labels
                    .split('`')
                    .map(str::trim)
                    .filter(|label| !label.is_empty())
                    .collect(),
            ))
        })
        .collect();
    let mut seen = 0;
    for (line, labels) in metrics.lines().filter_map(|line| line.split_once('{')) {
        let parts = ["_bucket", "_count", "_sum"];
        let name = parts
            .iter()
            .find_map(|part| line.strip_suffix(part))
            .unwrap_or(line);
        let labels = labels.rsplit_once('}').unwrap().0;
        let names = labels.split("\",").map(|label| label.split_once('=').unwrap().0);
        let names: BTreeSet<&str> = names.filter(|name| !["le", "quantile"].contains(name)).collect();
        assert_eq!(
            told.get(name),
            Some(&names),
            "{line}: docs/metrics.md says otherwise"
        );
        seen += 1;
    }
    assert!(seen > 100, "only {seen} series have labels");
}

async fn letters(sluice: &Sluice) -> Vec<Letter> {
    let mut letters = Vec::new();
    for queue in QUEUES {
        letters.extend(sluice.world.rabbit.peek(queue).await.unwrap());
    }
    letters
}

/// Plays the whole story with every log level open and looks for every secret that took part in it.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_measured_queued_or_stored_readably() {
    let log = Log::default();
    let logger = tracing_subscriber::fmt()
        .json()
        .with_env_filter(EnvFilter::new(FILTER))
        .with_writer(log.clone());
    logger.init();
    runtime::telemetry::install_recorder().unwrap();
    let mut sluice = Sluice::start().await;
    let secrets = Arc::new(Mutex::new(Vec::new()));
    sluice.world.console = Box::new(Recording(sluice.world.console, Arc::clone(&secrets)));

    let mut payments = Vec::new();
    let all: Vec<_> = story::play_all(&sluice.world).collect().await;
    for (_, played) in all {
        assert!(
            played.report.is_as_expected(),
            "{}: {:?}",
            played.name,
            played.report.facts
        );
    }
    let scene = sluice.scene("secrets").await;
    for _ in 0..2 {
        let answer = scene.create(&e2e::scene::body()).await.unwrap();
        payments.push(answer.text("/id").to_owned());
        let client_secret = answer.text("/next_action/client_secret").to_owned();
        assert!(client_secret.contains("_secret_"), "{}", answer.body);
        secrets.lock().unwrap().push(client_secret);
    }
    let (metrics, letters, rows) = (
        sluice.metrics().await,
        letters(&sluice).await,
        sluice.dump().await,
    );
    sluice.stop().await;

    let log = log.text();
    let queued: String = letters
        .iter()
        .map(|letter| format!("{} {}\n", letter.payload, letter.properties))
        .collect();
    assert!(
        payments.iter().all(|payment| log.contains(payment)),
        "the log does not tell of the payments"
    );
    assert!(
        metrics.contains("sluice_jobs_handled_total"),
        "the metrics do not tell of jobs:\n{metrics}"
    );
    assert!(letters.len() >= 2, "too little is parked to look into");
    labels_are_as_told(&metrics);
    let secrets = std::mem::take(&mut *secrets.lock().unwrap());
    assert!(
        secrets.len() > 4 * CASES.len(),
        "too few secrets are known to look for"
    );
    assert!(
        payments
            .iter()
            .all(|payment| rows.contains(&payment["pay_".len()..][..8])),
        "the payments are not stored"
    );
    for (place, text) in [
        ("log", &log),
        ("metrics", &metrics),
        ("queues", &queued),
        ("database", &rows),
    ] {
        for secret in secrets
            .iter()
            .map(String::as_str)
            .chain(["_secret_", "whsec_", "sk_test_"])
        {
            // PostgreSQL shows bytes in hexadecimal.
            let as_bytes: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            let at = text.find(secret).or_else(|| text.find(&as_bytes));
            let before = at.map(|at| &text[text.floor_char_boundary(at.saturating_sub(300))..at]);
            assert!(
                at.is_none(),
                "a secret is in the {place}, after: {}",
                before.unwrap_or_default()
            );
        }
    }
}
