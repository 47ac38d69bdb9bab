//! Somebody in front of a browser: what they do, and what they see. Whoever looks for something waits until it is there.

use std::{fs, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use e2e::wait;
use serde_json::{Value, json};

use crate::{driver::Driver, harness::PATIENCE};

/// Keys that are no letters, as WebDriver names them.
pub mod keys {
    pub const TAB: &str = "\u{e004}";
    pub const ENTER: &str = "\u{e007}";
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    Desk,
    DeskInTheDark,
    Phone,
    PhoneInTheDark,
}

impl Screen {
    const fn width(self) -> u32 {
        match self {
            Self::Desk | Self::DeskInTheDark => 1280,
            Self::Phone | Self::PhoneInTheDark => 390,
        }
    }

    const fn is_dark(self) -> bool {
        matches!(self, Self::DeskInTheDark | Self::PhoneInTheDark)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::DeskInTheDark => "desk-dark",
            Self::Phone => "phone",
            Self::PhoneInTheDark => "phone-dark",
        }
    }
}

pub struct Browser {
    pub driver: Driver,
    /// The address of the console.
    base: String,
}

impl Browser {
    pub fn new(driver: Driver, base: String) -> Self {
        Self { driver, base }
    }

    pub async fn open(&self, path: &str) {
        let opened = self.driver.open(&format!("{}{path}", self.base)).await;
        opened.unwrap_or_else(|error| panic!("{path} cannot be opened: {error}"));
    }

    /// Signs in at the form.
    pub async fn sign_in(&self, name: &str, password: &str) {
        self.open("/sign-in").await;
        self.write("input[name=name]", name).await;
        self.write("input[name=password]", password).await;
        self.click("main button[type=submit]").await;
    }

    pub async fn click(&self, css: &str) {
        self.until_there(css).await;
        let clicked = async { self.driver.click(&self.driver.find(css).await?).await };
        let clicked = clicked.await;
        clicked.unwrap_or_else(|error| panic!("{css} cannot be clicked: {error}"));
    }

    /// Writes into a field, instead of what it holds.
    pub async fn write(&self, css: &str, text: &str) {
        self.until_there(css).await;
        let written = async {
            let field = self.driver.find(css).await?;
            self.driver.clear(&field).await?;
            self.driver.write(&field, text).await
        };
        let written: anyhow::Result<()> = written.await;
        written.unwrap_or_else(|error| panic!("{css} cannot be written into: {error}"));
    }

    /// Chooses an option by its value.
    pub async fn choose(&self, css: &str, value: &str) {
        self.click(&format!("{css} option[value='{value}']")).await;
    }

    pub async fn press(&self, keys: &str) {
        self.driver.press(keys).await.unwrap();
    }

    /// What an expression is in the page.
    pub async fn ask(&self, expression: &str) -> Value {
        let asked = self.driver.run(&format!("return {expression}")).await;
        asked.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The text of what a selector finds first; empty where there is nothing.
    pub async fn text(&self, css: &str) -> String {
        let text = self
            .ask(&format!(
                "document.querySelector({})?.innerText ?? ''",
                json!(css)
            ))
            .await;
        text.as_str().unwrap().to_owned()
    }

    pub async fn count(&self, css: &str) -> u64 {
        let count = self
            .ask(&format!("document.querySelectorAll({}).length", json!(css)))
            .await;
        count.as_u64().unwrap()
    }

    pub async fn path(&self) -> String {
        self.ask("location.pathname").await.as_str().unwrap().to_owned()
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        // While one page gives way to another there is nothing to ask.
        let ask = async || Ok(self.driver.run(&format!("return !!({expression})")).await.ok());
        let last = wait::until(PATIENCE, ask, |answer| *answer == Some(Value::Bool(true)));
        if last.await.unwrap() != Some(Value::Bool(true)) {
            panic!(
                "in vain waited for {expression} at {}:\n{}",
                self.path().await,
                self.text("body").await
            );
        }
    }

    pub async fn until_there(&self, css: &str) {
        self.until(&format!("document.querySelector({})", json!(css)))
            .await;
    }

    /// Waits until what a selector finds first says these words.
    pub async fn until_says(&self, css: &str, words: &str) {
        let text = format!("document.querySelector({})?.innerText", json!(css));
        self.until(&format!("{text}?.includes({})", json!(words))).await;
    }

    /// Looks from another screen.
    pub async fn look_from(&self, screen: Screen) {
        let metrics = json!({ "width": screen.width(), "height": 844, "deviceScaleFactor": 1, "mobile": screen.width() < 500 });
        let scheme = if screen.is_dark() { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        for (command, parameters) in [
            ("Emulation.setDeviceMetricsOverride", metrics),
            ("Emulation.setEmulatedMedia", media),
        ] {
            self.driver.chromium(command, parameters).await.unwrap();
        }
    }

    /// Keeps the whole page as a picture, in `.run/browser`.
    pub async fn shot(&self, name: &str) {
        let whole = json!({ "captureBeyondViewport": true, "optimizeForSpeed": true });
        let shot = self
            .driver
            .chromium("Page.captureScreenshot", whole)
            .await
            .unwrap();
        let picture = BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        let album = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.run/browser");
        fs::create_dir_all(&album).unwrap();
        fs::write(album.join(format!("{name}.png")), picture).unwrap();
    }
}
