//! A web console with a database of its own, and browsers that look at it.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use broker::testing::TestVhost;
use chrono::{DateTime, TimeDelta, Utc};
use console::{Running, Web, WebConfig};
use domain::{
    clock::{Clock, SystemClock},
    operator::Role,
};
use reqwest::{Client, RequestBuilder, Response, header, redirect::Policy};
use runtime::Settings;
use store::testing::TEST_KEY;

use super::silent::Silent;
use crate::desk::{Desk, desk};

/// The real time, moved on by as much as a test says.
#[derive(Default)]
pub struct MovedClock(Mutex<TimeDelta>);

impl MovedClock {
    pub fn advance(&self, minutes: i64) {
        *self.0.lock().unwrap() += TimeDelta::minutes(minutes);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.lock().unwrap()
    }
}

pub struct Site {
    pub desk: Desk,
    pub vhost: TestVhost,
    pub clock: Arc<MovedClock>,
    pub base: String,
    config: WebConfig,
    web: Option<Running>,
}

/// A console that looks at a vhost of its own.
pub async fn site() -> Site {
    let management = std::env::var("RABBITMQ_MANAGEMENT_URL").unwrap();
    site_with(&[("RABBITMQ_MANAGEMENT_URL", &management)], None).await
}

/// The same with other settings, and with something between it and PostgreSQL.
pub async fn site_with(settings: &[(&str, &str)], silent: Option<&Silent>) -> Site {
    runtime::install_crypto();
    let (desk, vhost) = (desk().await, TestVhost::create().await);
    let clock = Arc::new(MovedClock::default());
    let url = desk.database.url();
    let own = [
        (
            "DATABASE_URL",
            silent.map_or(url.clone(), |silent| silent.on_the_way_to(&url)),
        ),
        ("SLUICE_SECRETS_KEY", TEST_KEY.to_owned()),
        ("AMQP_URL", vhost.url().expose().to_owned()),
        ("CONSOLE_LISTEN", "127.0.0.1:0".to_owned()),
    ];
    let more = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let config = WebConfig::read(Settings::from_pairs(own.into_iter().chain(more))).unwrap();
    let web = Web::start(config.clone(), Arc::clone(&clock) as Arc<dyn Clock>)
        .await
        .unwrap();
    Site {
        base: format!("http://{}", web.addr()),
        config,
        desk,
        vhost,
        clock,
        web: Some(web),
    }
}

impl Site {
    /// A browser in which nobody has signed in.
    pub fn browser(&self) -> Browser {
        self.browser_at([127, 0, 0, 1])
    }

    /// The same at another address.
    pub fn browser_at(&self, address: [u8; 4]) -> Browser {
        Browser::at(&self.base, address)
    }

    /// A new operator; gives its password.
    pub fn operator(&self, name: &str, role: Role) -> String {
        operator(&self.desk, name, role)
    }

    /// The browser of a new operator who has signed in.
    pub async fn signed_in(&self, name: &str, role: Role) -> Browser {
        let password = self.operator(name, role);
        let mut browser = self.browser();
        assert_eq!(browser.sign_in(name, &password).await.status(), 303);
        browser
    }

    /// Who did what to what and why, since everything began.
    pub async fn audit(&self) -> Vec<(String, String, String, Option<String>)> {
        let entries = self.desk.store.audit_log(None, 1_000).await.unwrap();
        let entries = entries.into_iter().rev();
        entries
            .map(|entry| (entry.actor, entry.action, entry.subject, entry.reason))
            .collect()
    }

    /// Stops it and starts it anew at the same address.
    pub async fn restart(&mut self) {
        let old = self.web.take().unwrap();
        self.config.listen = old.addr();
        old.stop().await;
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        self.web = Some(Web::start(self.config.clone(), clock).await.unwrap());
    }

    pub async fn close(self) {
        self.web.unwrap().stop().await;
        self.desk.close().await;
    }
}

/// What a browser keeps.
pub struct Browser {
    http: Client,
    base: String,
    pub cookie: Option<String>,
    /// The token that its pages' forms carry.
    pub csrf: String,
}

impl Browser {
    /// A browser at this address in front of this console.
    pub fn at(base: &str, address: [u8; 4]) -> Self {
        let http = Client::builder()
            .no_proxy()
            .local_address(IpAddr::from(address))
            .redirect(Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Self {
            http,
            base: base.to_owned(),
            cookie: None,
            csrf: String::new(),
        }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        let request = self.http.get(format!("{}{path}", self.base));
        self.with_cookie(request.header(header::ACCEPT, "text/html"))
    }

    /// A page that is there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    /// A form as a page of the console sends it.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.bare_post(path, &[fields, &[("csrf", &self.csrf)]].concat())
            .header(header::ORIGIN, &self.base)
            .header("sec-fetch-site", "same-origin")
    }

    /// A form without a word about where it comes from.
    pub fn bare_post(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self.http.post(format!("{}{path}", self.base)).body(body);
        let form = "application/x-www-form-urlencoded";
        self.with_cookie(
            request
                .header(header::CONTENT_TYPE, form)
                .header(header::ACCEPT, "text/html"),
        )
    }

    /// Signs in, and keeps what a browser would.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> Response {
        let fields = [("name", name), ("password", password), ("next", "/")];
        let answer = self.post("/sign-in", &fields).send().await.unwrap();
        if let Some(set) = answer.headers().get(header::SET_COOKIE) {
            let cookie = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(cookie.to_owned());
            self.csrf = csrf_in(&self.page("/").await);
        }
        answer
    }

    fn with_cookie(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }
}

/// A new operator; gives its password.
pub fn operator(desk: &Desk, name: &str, role: Role) -> String {
    let add = [
        "operators",
        "add",
        "--name",
        name,
        "--role",
        role.name(),
        "--json",
    ];
    desk.run(&add).json()["password"].as_str().unwrap().to_owned()
}

/// The token in a page's forms.
pub fn csrf_in(page: &str) -> String {
    hidden_in(page, "csrf")
}

/// The first hidden field of this name in a page's forms.
pub fn hidden_in(page: &str, name: &str) -> String {
    let before = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&before).unwrap();
    rest.split('"').next().unwrap().to_owned()
}
