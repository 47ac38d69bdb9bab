//! What operations people do in the web console, against everything that runs.

use std::sync::Arc;

use console::{Web, WebConfig};
use domain::clock::SystemClock;
use e2e::scene::body_with;
use reqwest::{Client, Response, header, redirect::Policy};
use runtime::Settings;
use sqlx::{Connection, PgConnection};
use store::testing::TEST_KEY;

use crate::harness::{Sluice, until};

/// An operator's browser.
struct Browser {
    http: Client,
    base: String,
    cookie: String,
    csrf: String,
}

impl Browser {
    /// Signs in as a new operator.
    async fn of(sluice: &Sluice, web: &console::Running) -> Self {
        let add = ["operators", "add", "--name", "anna", "--role", "operator"];
        let added = sluice.world.console.run(&add, "").await.unwrap();
        let http = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .build()
            .unwrap();
        let (base, nothing) = (format!("http://{}", web.addr()), String::new);
        let mut browser = Self {
            http,
            base,
            cookie: nothing(),
            csrf: nothing(),
        };
        let password = added["password"].as_str().unwrap();
        let answer = browser
            .post("/sign-in", &[("name", "anna"), ("password", password)])
            .await;
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser.csrf = hidden(&browser.page("/").await, "csrf");
        browser
    }

    async fn page(&self, path: &str) -> String {
        let asking = self
            .http
            .get(format!("{}{path}", self.base))
            .header(header::COOKIE, &self.cookie);
        let answer = asking.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let fields = fields.iter().copied().chain([("csrf", self.csrf.as_str())]);
        let form = reqwest::Url::parse_with_params("http://form", fields).unwrap();
        let asking = self
            .http
            .post(format!("{}{path}", self.base))
            .header(header::COOKIE, &self.cookie);
        let asking = asking.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let asking = asking
            .header(header::ORIGIN, &self.base)
            .body(form.query().unwrap().to_owned());
        let answer = asking.send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        answer
    }
}

/// The value of a field that nobody sees.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn served(sluice: &Sluice) -> console::Running {
    let settings = [
        ("DATABASE_URL", sluice.database.url()),
        ("SLUICE_SECRETS_KEY", TEST_KEY.to_owned()),
        ("AMQP_URL", sluice.vhost.url().expose().to_owned()),
        (
            "RABBITMQ_MANAGEMENT_URL",
            std::env::var("RABBITMQ_MANAGEMENT_URL").unwrap(),
        ),
        ("CONSOLE_LISTEN", "127.0.0.1:0".to_owned()),
    ];
    let config = WebConfig::read(Settings::from_pairs(settings)).unwrap();
    Web::start(config, Arc::new(SystemClock)).await.unwrap()
}

async fn execute(sluice: &Sluice, sql: &'static str) {
    let mut owner = PgConnection::connect(&sluice.database.url()).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut owner).await.unwrap();
}

/// What the provider has done cannot be written down, so the payment's job, the provider's callback and the question to the
/// provider are all given up. Whichever of them is first when they are sent again, the payment is paid once, and its merchant
/// told once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_replayed_from_its_page_is_done_once() {
    let sluice = Sluice::start().await;
    let web = served(&sluice).await;
    let anna = Browser::of(&sluice, &web).await;
    let scene = sluice.scene("pages").await;
    execute(
        &sluice,
        "alter table payments add constraint no_end check (status <> 'succeeded') not valid",
    )
    .await;
    let accepted = scene.create(&body_with("pm_card_visa")).await.unwrap();
    let payment = accepted.text("/id").to_owned();
    let search = format!("/dead-letters?state=parked&payment={payment}");
    let parked = async || anna.page(&search).await.matches("data-state=\"parked\"").count();
    assert_eq!(
        until(3, parked).await,
        3,
        "the job, the callback and the question"
    );
    let page = anna.page(&search).await;
    assert!(page.contains("no_end"), "{page}");
    execute(&sluice, "alter table payments drop constraint no_end").await;

    let tried = anna.page(&format!("/dead-letters/all?payment={payment}")).await;
    let [once, matching, shown_at] = ["once", "matching", "shown_at"].map(|name| hidden(&tried, name));
    let asked = [
        ("once", &*once),
        ("matching", &*matching),
        ("shown_at", &*shown_at),
        ("payment", &*payment),
        ("reason", "the constraint is gone"),
    ];
    let answer = anna.post("/dead-letters/replay", &asked).await;
    let action = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let finished = async || {
        let page = anna.page(&action).await;
        page.contains("data-finished=\"true\"") && page.contains(&format!("data-count=\"done\">{matching}<"))
    };
    assert!(until(true, finished).await, "{}", anna.page(&action).await);
    scene.payment_until(&payment, "succeeded").await.unwrap();
    let told = scene.told_in_the_end(&payment, 2).await.unwrap();

    assert_eq!(scene.intents_of(&payment).await.unwrap().len(), 1, "paid once");
    let told: Vec<&str> = told.iter().map(|told| told.kind.as_str()).collect();
    assert_eq!(told, ["payment.needs_review", "payment.succeeded"], "told once");
    let whole = async || {
        let page = anna.page(&format!("/timeline/{payment}")).await;
        ["request", "exchange", "job", "callback", "notification", "ledger"]
            .iter()
            .all(|source| page.contains(&format!("data-source=\"{source}\"")))
    };
    assert!(
        until(true, whole).await,
        "{}",
        anna.page(&format!("/timeline/{payment}")).await
    );
    let ended = anna.page(&format!("/dead-letters?payment={payment}")).await;
    assert_eq!(ended.matches("data-state=\"replayed\"").count(), 3, "{ended}");
    assert!(!ended.contains("data-state=\"parked\""), "{ended}");
    web.stop().await;
    sluice.stop().await;
}
