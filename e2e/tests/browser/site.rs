//! A deployment of Sluice with its web console, and somebody in front of a browser that looks at it.

use std::{panic::AssertUnwindSafe, sync::Arc};

use console::{Running, Web, WebConfig};
use domain::{clock::SystemClock, operator::Role};
use futures::FutureExt;
use runtime::Settings;
use serde_json::Value;
use store::testing::TEST_KEY;

use crate::{
    browser::{Browser, Screen},
    driver::{Driver, Programs},
    harness::{Sluice, until},
};

pub struct Site {
    pub sluice: Sluice,
    web: Running,
}

/// Plays a journey on a deployment and in a browser of its own; where there is no browser, nothing is played. When the journey
/// fails, what was seen last is kept as a picture.
pub async fn play(name: &str, journey: impl AsyncFnOnce(&Site, &Browser)) {
    let Some(programs) = Programs::find().await else {
        return println!("not played: there is no Chromium");
    };
    let site = Site::start().await;
    let driver = Driver::start(&programs, site.sluice.world.http.clone())
        .await
        .unwrap();
    let browser = Browser::new(driver, format!("http://{}", site.web.addr()));
    let played = AssertUnwindSafe(async {
        browser.look_from(Screen::Desk).await;
        journey(&site, &browser).await;
    });
    let played = Box::pin(played.catch_unwind()).await;
    if played.is_err() {
        let picture = format!("{name}-failed");
        let _shown_if_possible = AssertUnwindSafe(browser.shot(&picture)).catch_unwind().await;
    }
    browser.driver.quit().await.unwrap();
    site.stop().await;
    if let Err(why) = played {
        std::panic::resume_unwind(why);
    }
}

impl Site {
    async fn start() -> Self {
        runtime::telemetry::install_recorder().unwrap();
        let sluice = Box::pin(Sluice::start()).await;
        let settings = Settings::from_pairs([
            ("DATABASE_URL", sluice.database.url()),
            ("SLUICE_SECRETS_KEY", TEST_KEY.to_owned()),
            ("AMQP_URL", sluice.vhost.url().expose().to_owned()),
            (
                "RABBITMQ_MANAGEMENT_URL",
                std::env::var("RABBITMQ_MANAGEMENT_URL").unwrap(),
            ),
            ("CONSOLE_LISTEN", "127.0.0.1:0".to_owned()),
        ]);
        let config = WebConfig::read(settings).unwrap();
        let web = Web::start(config, Arc::new(SystemClock)).await.unwrap();
        Self { sluice, web }
    }

    async fn stop(self) {
        self.web.stop().await;
        self.sluice.stop().await;
    }

    /// What the command line says.
    pub async fn console(&self, arguments: &[&str]) -> Value {
        self.sluice.world.console.run(arguments, "").await.unwrap()
    }

    /// Waits until the workers obey the pause of a queue.
    pub async fn until_paused(&self, kind: &str) {
        let is_paused = async || {
            let metrics = self.sluice.metrics().await;
            let mut lines = metrics
                .lines()
                .filter(|line| line.starts_with("sluice_paused_seconds{"));
            lines.any(|line| line.contains(kind) && !line.ends_with(" 0"))
        };
        assert!(until(true, is_paused).await, "{kind} is not paused");
    }

    /// Waits until the only dead letter of a payment is written down, which it is after it was parked.
    pub async fn until_recorded(&self, payment: &str) {
        let list = ["dead-letters", "list", "--payment", payment];
        let listed = async || self.console(&list).await["listed"].as_u64();
        assert_eq!(until(Some(1), listed).await, Some(1), "letters of {payment}");
    }

    /// A new operator; gives its password.
    pub async fn operator(&self, name: &str, role: Role) -> String {
        let add = ["operators", "add", "--name", name, "--role", role.name()];
        self.console(&add).await["password"].as_str().unwrap().to_owned()
    }

    /// The same, and signs in.
    pub async fn signed_in(&self, browser: &Browser, name: &str, role: Role) {
        let password = self.operator(name, role).await;
        browser.sign_in(name, &password).await;
        browser.until_says(".who", name).await;
    }
}
