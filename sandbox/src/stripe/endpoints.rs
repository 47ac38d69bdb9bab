//! Webhook endpoints: where an account's events are sent, and the secret they are signed with.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::book::{Book, created};
use super::errors::{Answered, ApiError};
use super::params::{MetadataChange, Params, missing};
use crate::clock;

/// A registered receiver of events.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `we_…`
    pub id: String,
    /// Where to post.
    pub url: String,
    /// `whsec_…`
    pub secret: String,
    /// When it was registered.
    pub created: i64,
    enabled_events: Vec<String>,
    description: Option<String>,
    metadata: BTreeMap<String, String>,
}

impl Endpoint {
    /// A receiver with a secret of the caller's choice, or a random one.
    pub fn build(url: &str, enabled_events: Vec<String>, secret: Option<String>) -> Self {
        Self {
            id: clock::object_id("we_1"),
            url: url.to_owned(),
            secret: secret.unwrap_or_else(|| clock::object_id("whsec_")),
            created: created(),
            enabled_events,
            description: None,
            metadata: BTreeMap::new(),
        }
    }

    /// Whether events of this type are sent here.
    pub fn wants(&self, kind: &str) -> bool {
        self.enabled_events
            .iter()
            .any(|enabled| enabled == "*" || enabled == kind)
    }

    /// The `webhook_endpoint` object, without its secret.
    pub fn render(&self) -> Value {
        json!({
            "id": self.id, "object": "webhook_endpoint", "api_version": null, "application": null, "created": self.created,
            "description": self.description, "enabled_events": self.enabled_events, "livemode": false,
            "metadata": self.metadata, "status": "enabled", "url": self.url,
        })
    }

    /// The same with the secret: told once, at creation.
    pub fn render_with_secret(&self) -> Value {
        let mut object = self.render();
        object["secret"] = self.secret.as_str().into();
        object
    }
}

/// A checked request to register a receiver.
pub struct Create {
    endpoint: Endpoint,
    metadata: MetadataChange,
}

impl Create {
    /// Checks the parameters.
    pub fn parse(params: Params<'_>) -> Result<Self, ApiError> {
        let params = params.only(&[
            "url",
            "enabled_events",
            "description",
            "metadata",
            "api_version",
            "connect",
        ])?;
        let url = params.required_text("url")?;
        if reqwest::Url::parse(url).is_err() {
            return Err(ApiError::invalid(
                "Invalid URL: An explicit scheme (such as https) must be provided.",
            )
            .code("url_invalid")
            .param("url"));
        }
        let events: Vec<_> = params
            .list("enabled_events")?
            .iter()
            .map(|event| (*event).to_owned())
            .collect();
        if events.is_empty() {
            return Err(missing("enabled_events"));
        }
        let mut endpoint = Endpoint::build(url, events, None);
        endpoint.description = params.text("description")?.map(str::to_owned);
        Ok(Self {
            endpoint,
            metadata: params.metadata()?,
        })
    }

    /// Registers the receiver.
    pub fn run(mut self, book: &mut Book) -> Answered {
        self.metadata.apply(&mut self.endpoint.metadata);
        let object = self.endpoint.render_with_secret();
        book.register(self.endpoint);
        Ok(object)
    }
}

impl Book {
    /// Adds a receiver.
    pub fn register(&mut self, endpoint: Endpoint) {
        self.endpoints.push(endpoint);
        self.touch();
    }

    /// The receiver as an answer.
    pub fn show_endpoint(&self, id: &str) -> Answered {
        let found = self.endpoints.iter().find(|endpoint| endpoint.id == id);
        found
            .map(Endpoint::render)
            .ok_or_else(|| ApiError::no_such("webhook endpoint", id, "id"))
    }

    /// Removes a receiver.
    pub fn delete_endpoint(&mut self, id: &str) -> Answered {
        self.show_endpoint(id)?;
        self.endpoints.retain(|endpoint| endpoint.id != id);
        self.touch();
        Ok(json!({ "id": id, "object": "webhook_endpoint", "deleted": true }))
    }
}
