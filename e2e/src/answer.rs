//! An HTTP answer with a JSON body.

use anyhow::Context;
use reqwest::{
    Response,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::Value;

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null when there is none, or when it is not JSON.
    pub body: Value,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> anyhow::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.context("the answer was cut off")?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// A text in the body, by its JSON pointer; empty when there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The `type` of a problem document; empty when the answer is none.
    pub fn problem(&self) -> &str {
        let is_problem = self.header(CONTENT_TYPE.as_str()) == "application/problem+json";
        if is_problem { self.text("/type") } else { "" }
    }

    /// The body, unless the answer is an error.
    ///
    /// # Errors
    /// Shows the status and the body.
    pub fn success(self) -> anyhow::Result<Self> {
        anyhow::ensure!(
            (200..300).contains(&self.status),
            "answered {}: {}",
            self.status,
            self.body
        );
        Ok(self)
    }
}
