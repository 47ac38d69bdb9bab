//! ChromeDriver and one browser that it drives, by WebDriver (<https://www.w3.org/TR/webdriver2/>): JSON over HTTP, of which a
//! dozen commands are enough here. A client library would bring another HTTP stack for them.

use std::{path::Path, process::Stdio};

use anyhow::Context;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// How WebDriver names an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What `scripts/browser` found.
pub struct Programs {
    driver: String,
    browser: String,
    arguments: Vec<String>,
}

impl Programs {
    /// The script fetches what is missing; without a browser it says why there is none.
    pub async fn find() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/browser");
        let output = Command::new(script)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "scripts/browser failed");
        let printed = String::from_utf8(output.stdout).unwrap();
        let mut lines = printed.lines().map(ToOwned::to_owned);
        Some(Self {
            driver: lines.next()?,
            browser: lines.next()?,
            arguments: lines.collect(),
        })
    }
}

/// A browser, with the driver that is its own. Both have to be ended by [`Self::quit`]: a browser outlives a driver that is
/// killed.
pub struct Driver {
    process: Child,
    http: Client,
    base: String,
    session: String,
}

/// An element of the page, as the driver names it.
pub struct Element(String);

impl Driver {
    /// Starts both.
    pub async fn start(programs: &Programs, http: Client) -> anyhow::Result<Self> {
        let (process, port) = start(&programs.driver).await?;
        let base = format!("http://127.0.0.1:{port}");
        let mut arguments = vec![
            "--headless",
            "--hide-scrollbars",
            "--disable-dev-shm-usage",
            "--accept-lang=en",
        ];
        arguments.extend(programs.arguments.iter().map(String::as_str));
        let options = json!({ "binary": programs.browser, "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } });
        let begun = send(&http, Method::POST, &format!("{base}/session"), Some(wanted)).await?;
        let id = begun["sessionId"].as_str().context("a session without an id")?;
        let session = format!("{base}/session/{id}");
        Ok(Self {
            process,
            http,
            base,
            session,
        })
    }

    /// Ends both, and has them take away what they kept.
    pub async fn quit(mut self) -> anyhow::Result<()> {
        send(&self.http, Method::GET, &format!("{}/shutdown", self.base), None).await?;
        self.process.wait().await?;
        Ok(())
    }

    /// Opens an address, and waits until the page is there.
    pub async fn open(&self, url: &str) -> anyhow::Result<()> {
        self.post("url", json!({ "url": url })).await.map(drop)
    }

    /// What a script returns in the page.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        self.post("execute/sync", json!({ "script": script, "args": [] }))
            .await
    }

    /// The first element that a CSS selector finds.
    pub async fn find(&self, css: &str) -> anyhow::Result<Element> {
        let found = self
            .post("element", json!({ "using": "css selector", "value": css }))
            .await?;
        let id = found[ELEMENT].as_str().context("an element without an id")?;
        Ok(Element(id.to_owned()))
    }

    /// Clicks where the element is, which has to be seen.
    pub async fn click(&self, Element(id): &Element) -> anyhow::Result<()> {
        self.post(&format!("element/{id}/click"), json!({}))
            .await
            .map(drop)
    }

    /// Empties a field.
    pub async fn clear(&self, Element(id): &Element) -> anyhow::Result<()> {
        self.post(&format!("element/{id}/clear"), json!({}))
            .await
            .map(drop)
    }

    /// Types into an element.
    pub async fn write(&self, Element(id): &Element, text: &str) -> anyhow::Result<()> {
        let body = json!({ "text": text });
        self.post(&format!("element/{id}/value"), body).await.map(drop)
    }

    /// Presses keys one after another, wherever the focus is.
    pub async fn press(&self, keys: &str) -> anyhow::Result<()> {
        let strokes = keys.chars().flat_map(|key| {
            let key = key.to_string();
            ["keyDown", "keyUp"].map(|stroke| json!({ "type": stroke, "value": key }))
        });
        let strokes: Vec<Value> = strokes.collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("actions", json!({ "actions": [keyboard] }))
            .await
            .map(drop)
    }

    /// A command of Chromium's own protocol, for what WebDriver has no word for.
    pub async fn chromium(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        self.post(
            "goog/cdp/execute",
            json!({ "cmd": command, "params": parameters }),
        )
        .await
    }

    async fn post(&self, command: &str, body: Value) -> anyhow::Result<Value> {
        send(
            &self.http,
            Method::POST,
            &format!("{}/{command}", self.session),
            Some(body),
        )
        .await
    }
}

/// Starts the driver on a free port. It ends when the one that it chose is taken in that moment, and then chooses another.
async fn start(driver: &str) -> anyhow::Result<(Child, u16)> {
    for _ in 0..5 {
        let mut process = Command::new(driver)
            .args(["--port=0", "--log-level=SEVERE"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("ChromeDriver cannot be started")?;
        if let Some(port) = port_of(&mut process).await? {
            return Ok((process, port));
        }
    }
    anyhow::bail!("ChromeDriver ended five times before it listened")
}

/// The port that a driver says it listens on; nothing when it ends instead.
async fn port_of(process: &mut Child) -> anyhow::Result<Option<u16>> {
    let said = process.stdout.take().context("a driver without output")?;
    let mut lines = BufReader::new(said).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return Ok(Some(port.trim_end_matches('.').parse()?));
        }
    }
    Ok(None)
}

async fn send(http: &Client, method: Method, url: &str, body: Option<Value>) -> anyhow::Result<Value> {
    let mut request = http.request(method, url);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let mut answer: Value = request.send().await?.json().await?;
    let value = answer["value"].take();
    anyhow::ensure!(
        value["error"].is_null(),
        "{}: {}",
        value["error"],
        value["message"]
    );
    Ok(value)
}
