//! One request to Alipay's gateway and its answer, with the keys of one merchant.
//!
//! Nothing is repeated here: whether to repeat is the job's decision. A request that could not connect was surely not
//! done; one that was sent and not answered, or not answered under Alipay's signature, is unknown.

use std::fmt;

use chrono::{DateTime, Utc};
use domain::channel::CallError;
use reqwest::{Method, StatusCode, header};
use serde::de::DeserializeOwned;

use super::Alipay;
use crate::alipay::{
    AlipayCredentials,
    answer::{self, Failed, PAUSE},
    request::{Request, Signed},
};

/// The client together with the keys of one merchant.
pub(super) struct Gateway<'a> {
    alipay: &'a Alipay,
    credentials: &'a AlipayCredentials,
}

impl fmt::Debug for Gateway<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

impl<'a> Gateway<'a> {
    pub(super) const fn new(alipay: &'a Alipay, credentials: &'a AlipayCredentials) -> Self {
        Self { alipay, credentials }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.alipay.clock.now()
    }

    pub(super) fn signed(&self, request: &Request) -> Result<Signed, CallError> {
        request.sign(self.credentials, self.now())
    }

    /// The address at which a payer's browser makes this request.
    pub(super) fn address(&self, request: &Request) -> Result<String, CallError> {
        let signed = self.signed(request)?;
        Ok(format!("{}?{}", self.alipay.gateway, signed.encoded()))
    }

    /// Makes a request and reads the answer that Alipay signed.
    pub(super) async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failed> {
        let signed = self.signed(request).map_err(Failed::Other)?;
        let line = &self.alipay.line;
        let url = format!("{}?{}", self.alipay.gateway, signed.query());
        let http = line
            .request(Method::POST, url)
            .header(
                header::CONTENT_TYPE,
                "application/x-www-form-urlencoded;charset=utf-8",
            )
            .body(signed.body());
        let sent = line.send(request.method.purpose(), self.credentials.account(), http);
        let answer = sent.await.map_err(Failed::Other)?;
        let status = answer.status;
        tracing::debug!(
            status = status.as_u16(),
            method = request.method.name(),
            "Alipay answered"
        );
        // Whoever limits the rate, Alipay or a proxy before it, has not let the request through.
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Failed::Other(CallError::Limited {
                message: "too many requests (HTTP 429)".into(),
                retry_after: answer.retry_after().unwrap_or(PAUSE),
                is_own: false,
            }));
        }
        let answered = answer::read(&answer.body, request.method, self.credentials.keys());
        answered.map_err(|failed| with_status(failed, status))
    }
}

/// The same, with the status of an answer that is not even one of HTTP's successes.
fn with_status(failed: Failed, status: StatusCode) -> Failed {
    match failed {
        Failed::Other(CallError::Unknown { message }) if !status.is_success() => {
            Failed::Other(CallError::Unknown {
                message: format!("{message} (HTTP {})", status.as_u16()),
            })
        }
        Failed::Refused { .. } | Failed::Unsigned { .. } | Failed::Other(_) => failed,
    }
}
