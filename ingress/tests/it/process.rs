//! The program itself: its settings, its logs, its end.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use broker::testing::TestVhost;
use channels::{Credentials, StripeCredentials};
use domain::{channel::Channel, secret::Secret};
use serde_json::{Value, json};
use store::testing::{TEST_KEY, TestDatabase};

use crate::{
    issuer::{AUDIENCE, ISSUER, SECRET, shared},
    tokens::claims,
    world::{eventually, good_body, open_shop},
};

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingress"));
    command.env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn bad_settings_are_all_named_before_a_port_is_bound() {
    let output = command()
        .env("AMQP_URL", "http://user:hunter2@host")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    for name in ["DATABASE_URL", "AMQP_URL", "SLUICE_SECRETS_KEY"] {
        assert!(told.contains(name), "{told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_database_url_that_cannot_be_read_is_named() {
    let output = command()
        .env("DATABASE_URL", "postgres://user:hunter2@host:port/sluice")
        .env("AMQP_URL", "amqp://localhost/sluice")
        .env("SLUICE_SECRETS_KEY", TEST_KEY)
        .output()
        .unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("DATABASE_URL cannot be used"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

/// Ends the process when a test fails.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
    }
}

#[tokio::test]
async fn logs_tell_what_happened_and_no_secrets() {
    let (database, vhost) = (TestDatabase::create().await, TestVhost::create().await);
    let store = database.store(false);
    let shop = open_shop(&store).await;
    let credentials =
        StripeCredentials::new(Secret::new("sk_test_hidden"), vec![Secret::new("whsec_hidden")]);
    let json = Credentials::Stripe(credentials.unwrap()).to_json().unwrap();
    store
        .set_credentials(
            shop.id,
            Channel::Stripe,
            &json,
            store::Doing::by("test", chrono::DateTime::UNIX_EPOCH),
        )
        .await
        .unwrap();
    let (database_url, amqp_url) = (database.url(), vhost.url());
    let child = command()
        .env("DATABASE_URL", &database_url)
        .env("AMQP_URL", amqp_url.expose())
        .env("SLUICE_SECRETS_KEY", TEST_KEY)
        .env("INGRESS_LISTEN", "127.0.0.1:0")
        .env("INGRESS_INTERNAL_LISTEN", "127.0.0.1:0")
        .env("INGRESS_DRAIN_MS", "0")
        .env("JWT_ALGORITHM", "HS256")
        .env("JWT_SECRET", SECRET)
        .env("JWT_ISSUER", ISSUER)
        .env("JWT_AUDIENCE", AUDIENCE)
        .env("RUST_LOG", "debug")
        .spawn()
        .unwrap();
    let mut process = Ended(child);
    let mut log = BufReader::new(process.0.stdout.take().unwrap());
    let mut lines: Vec<Value> = Vec::new();
    let address = loop {
        let mut line = String::new();
        assert_ne!(
            log.read_line(&mut line).unwrap(),
            0,
            "the process ended: {lines:?}"
        );
        lines.push(serde_json::from_str(&line).unwrap());
        let last = lines.last().unwrap();
        if last["message"] == "listening" {
            break last["address"].as_str().unwrap().to_owned();
        }
    };
    // Read on a thread, so that a full pipe never stops the process.
    let rest = std::thread::spawn(move || {
        let mut rest = String::new();
        log.read_to_string(&mut rest).unwrap();
        rest
    });
    let client = reqwest::Client::new();
    let mut body = good_body();
    body["description"] = "for ada@payer.example".into();
    let pay = || {
        let request = client
            .post(format!("http://{address}/api/v1/payments"))
            .bearer_auth(&shop.key);
        request.header("idempotency-key", "k").json(&body).send()
    };
    eventually("it accepts", async || pay().await.unwrap().status() == 202).await;
    let callback = client.post(format!("http://{address}/api/v1/webhooks/stripe/{}", shop.id));
    let callback = callback
        .header("stripe-signature", "t=1,v1=00")
        .body("{\"email\": \"ada@payer.example\"}");
    assert_eq!(callback.send().await.unwrap().status(), 400);

    let tokens = [SECRET, "a guess that is just as long as it has to be"].map(|secret| {
        let mut claims = claims("ada-of-the-shop", shop.id);
        claims["exp"] = 9_999_999_999_i64.into();
        shared(secret.as_bytes(), &json!({"alg": "HS256"}), &claims)
    });
    for (token, status) in tokens.iter().zip([200, 401]) {
        let path = "/api/v1/payments?user_id=ada-of-the-shop";
        let request = client.get(format!("http://{address}{path}")).bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status(), status);
    }

    let terminated = Command::new("kill")
        .arg("-TERM")
        .arg(process.0.id().to_string())
        .status()
        .unwrap();
    assert!(terminated.success());
    let rest = rest.join().unwrap();
    assert!(process.0.wait().unwrap().success());
    lines.extend(
        rest.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()),
    );

    let answered = lines
        .iter()
        .find(|line| line["message"] == "answered" && line["status"] == 202)
        .unwrap();
    assert_eq!(answered["route"], "/api/v1/payments");
    assert_eq!(answered["merchant_id"], shop.id.to_string());
    assert!(
        answered["payment_id"].as_str().unwrap().starts_with("pay_"),
        "{answered}"
    );
    assert_eq!(answered["trace_id"].as_str().unwrap().len(), 32);
    assert!(answered["duration_ms"].is_u64(), "{answered}");
    assert!(
        lines
            .iter()
            .any(|line| line["problem"] == "/problems/bad-signature"),
        "{lines:?}"
    );
    let (_, key_secret) = shop.key.rsplit_once('_').unwrap();
    let login = |url: &str| {
        url.split_once("://")
            .unwrap()
            .1
            .rsplit_once('@')
            .unwrap()
            .0
            .split_once(':')
            .unwrap()
            .1
            .to_owned()
    };
    let database_password = login(&database_url);
    let amqp_password = login(amqp_url.expose());
    let parts: Vec<_> = tokens.iter().flat_map(|token| token.split('.').skip(1)).collect();
    let all: String = lines.iter().map(|line| format!("{line}\n")).collect();
    for secret in [
        key_secret,
        "ada@payer",
        "hidden",
        TEST_KEY,
        &database_password,
        &amqp_password,
        SECRET,
        "ada-of-the-shop",
    ]
    .iter()
    .chain(&parts)
    {
        assert!(!all.contains(secret), "a log line holds {secret}");
    }
    store.close().await;
}
