//! One signed request to WeChat Pay and its answer, with the credentials of one merchant.

use domain::{
    channel::{CallError, Channel},
    clock::{Clock, SystemClock},
};
use reqwest::{Method, Url, header};
use ring::rand::{SecureRandom, SystemRandom};
use serde::de::DeserializeOwned;

use super::Wechat;
use crate::{
    callback::SignatureRefused,
    containment::Purpose,
    wechat::{
        credentials::WechatCredentials,
        error::Answer,
        request::Request,
        signature::{SERIAL_HEADER, authorization, verify},
    },
};

/// The client together with the credentials of one merchant.
pub(super) struct Connection<'a> {
    wechat: &'a Wechat,
    pub(super) credentials: &'a WechatCredentials,
}

impl<'a> Connection<'a> {
    pub(super) const fn new(wechat: &'a Wechat, credentials: &'a WechatCredentials) -> Self {
        Self { wechat, credentials }
    }

    /// What a request is answered, read from an answer of success that WeChat Pay signed. Any other answer is given back.
    pub(super) async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failed> {
        let answer = self.answer(request).await?;
        if !answer.is_success() || answer.signed.is_err() {
            return Err(Failed::Answered(answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| Failed::Answered(answer))
    }

    /// Whatever a request is answered.
    pub(super) async fn answer(&self, request: &Request) -> Result<Answer, CallError> {
        let not_done = |message: &str| CallError::NotDone {
            message: message.into(),
            retry_after: None,
        };
        let url: Url = format!("{}{}", self.wechat.base, request.target)
            .parse()
            .map_err(|_| not_done("the address cannot be built"))?;
        // What is signed is the target as the server sees it, so it is taken from what is sent.
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}{query}", url.path());
        let (method, body) = (request.method(), request.body.as_deref().unwrap_or_default());
        let now_s = SystemClock.now().timestamp();
        let authorization = nonce()
            .and_then(|nonce| authorization(self.credentials, method, &target, now_s, &nonce, body))
            .ok_or_else(|| not_done("the request cannot be signed"))?;
        let line = &self.wechat.line;
        let (purpose, mut http) = match &request.body {
            None => (Purpose::Question, line.request(Method::GET, url)),
            Some(body) => {
                let http = line.request(Method::POST, url).body(body.clone());
                let http = http.header(header::CONTENT_TYPE, "application/json");
                (Purpose::Change, http)
            }
        };
        http = http
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, authorization);
        if let Some(newest) = self.credentials.verifiers().first() {
            http = http.header(SERIAL_HEADER, &newest.id);
        }
        let answer = line.send(purpose, self.credentials.account(), http).await?;
        let (status, request_id) = (answer.status.as_u16(), answer.text("request-id"));
        tracing::debug!(status, request_id, "WeChat Pay answered");
        let signed = verify(
            &answer.headers,
            &answer.body,
            self.credentials.verifiers(),
            SystemClock.now(),
        );
        if signed == Err(SignatureRefused::UnknownKey) {
            tell_of_unknown_key(self.credentials.mchid());
        }
        Ok(Answer {
            status,
            request_id,
            retry_after: answer.retry_after(),
            signed,
            body: answer.body,
        })
    }
}

/// A request that gave nothing that could be used.
pub(super) enum Failed {
    /// There is no answer.
    Unanswered(CallError),
    /// There is one, and it does not say success, or not in a way that could be believed and read.
    Answered(Answer),
}

impl Failed {
    /// Whether WeChat Pay itself says this.
    pub(super) const fn is_signed(&self) -> bool {
        match self {
            Self::Unanswered(_) => false,
            Self::Answered(answer) => answer.signed.is_ok(),
        }
    }
}

impl From<CallError> for Failed {
    fn from(error: CallError) -> Self {
        Self::Unanswered(error)
    }
}

impl From<Failed> for CallError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Unanswered(error) => error,
            Failed::Answered(answer) => answer.judge(),
        }
    }
}

/// A text that nobody can guess, of the 32 characters that WeChat Pay takes at most.
pub(super) fn nonce() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(hex::encode_upper(bytes))
}

/// An answer that is signed by a key that nobody here knows proves nothing, nor does any other until the credentials hold it:
/// WeChat Pay has probably replaced its own.
fn tell_of_unknown_key(mchid: &str) {
    tracing::warn!(
        mchid,
        "WeChat Pay signs with a key that is not among the merchant's credentials"
    );
    metrics::counter!("sluice_channel_unknown_keys_total", "channel" => Channel::Wechat.name()).increment(1);
}
