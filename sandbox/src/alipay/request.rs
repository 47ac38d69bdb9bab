//! A request on the gateway: its common parameters, checked in Alipay's order, and its signature.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::beijing;
use super::book::App;
use super::errors::ApiError;
use super::fields::Fields;
use super::keys;
use super::method::Method;
use crate::faults::Stage;
use crate::locking::lock;
use crate::world::World;

/// The parameters as they came, still in the request's own encoding.
#[derive(Debug, Default)]
pub struct Params(BTreeMap<String, Vec<u8>>);

/// A request whose signature is good.
#[derive(Debug)]
pub struct Request {
    /// The app that asks.
    pub app: Arc<App>,
    /// What it asks for.
    pub method: Method,
    /// The business content.
    pub fields: Fields,
    /// Where notifications go.
    pub notify_url: Option<String>,
    /// Where the payer's browser goes.
    pub return_url: Option<String>,
}

impl Params {
    /// Reads what came in the query and in the body: SDKs divide the parameters between the two.
    pub fn read(encoded: &[&[u8]]) -> Self {
        let pairs = encoded.iter().flat_map(|part| part.split(|byte| *byte == b'&'));
        let params = pairs.filter(|pair| !pair.is_empty()).map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let value = pair.get(equals + 1..).unwrap_or_default();
            let name = String::from_utf8_lossy(&decoded(&pair[..equals])).into_owned();
            (name, decoded(value))
        });
        // What is empty is as good as absent, to the signature too.
        Self(params.filter(|(_, value)| !value.is_empty()).collect())
    }

    fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.0.get(name)?).ok()
    }

    fn required(&self, name: &str, what: &str) -> Result<&str, ApiError> {
        self.text(name)
            .ok_or_else(|| ApiError::of(format!("isv.missing-{what}"), format!("缺少参数：{name}")))
    }

    fn signed(&self) -> Vec<u8> {
        let params = self.0.iter().filter(|(name, _)| *name != "sign");
        keys::joined(params.map(|(name, value)| (name.as_str(), value.as_slice())))
    }
}

impl Request {
    /// Checks everything that is the gateway's to check.
    pub fn check(world: &World, params: &Params) -> Result<Self, ApiError> {
        let invalid = |what: &str| ApiError::of(format!("isv.invalid-{what}"), format!("无效参数：{what}"));
        let method = Method::named(params.required("method", "method")?).ok_or_else(|| invalid("method"))?;
        let app_id = params.required("app_id", "app-id")?;
        let app = world.alipay.get(app_id).ok_or_else(|| invalid("app-id"))?;
        let signature = params.required("sign", "signature")?;
        if params.required("sign_type", "signature-type")? != "RSA2" {
            return Err(invalid("signature-type"));
        }
        let charset = params.required("charset", "charset")?.to_ascii_lowercase();
        if !matches!(charset.as_str(), "utf-8" | "utf8" | "gbk" | "gb2312") {
            return Err(invalid("charset"));
        }
        if params.required("version", "version")? != "1.0" {
            return Err(invalid("version"));
        }
        if beijing::parse(params.required("timestamp", "timestamp")?).is_none() {
            return Err(invalid("timestamp"));
        }
        if params
            .text("format")
            .is_some_and(|format| !format.eq_ignore_ascii_case("json"))
        {
            return Err(invalid("format"));
        }
        let registration = lock(&app.book).registration.clone();
        let is_good = registration
            .is_some_and(|registration| registration.public_key.verifies(&params.signed(), signature));
        if !is_good {
            return Err(ApiError::of(
                "isv.invalid-signature",
                "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配",
            ));
        }
        // Only content that reads alike in both encodings is understood: the double knows no GBK.
        let fields = match params.0.get("biz_content") {
            None => Fields::default(),
            Some(content) => Fields::parse(std::str::from_utf8(content).map_err(|_| invalid("encoding"))?)?,
        };
        Ok(Self {
            method,
            fields,
            notify_url: params.text("notify_url").map(str::to_owned),
            return_url: params.text("return_url").map(str::to_owned),
            app,
        })
    }

    /// The answer as Alipay sends it: the object, and the signature over exactly its text.
    pub fn respond(&self, outcome: &Result<Value, ApiError>) -> Response<Body> {
        let content = match outcome {
            Ok(content) => content.to_string(),
            Err(error) => error.content().to_string(),
        };
        // Alipay escapes the slash, which few others do: whoever writes the object anew verifies another text.
        let content = content.replace('/', "\\/");
        let name = self.method.name().replace('.', "_");
        let signature = keys::sign(content.as_bytes());
        answer(format!(r#"{{"{name}_response":{content},"sign":"{signature}"}}"#))
    }
}

/// An error of the gateway itself. It carries no signature: without a known app there is no key to sign with.
pub fn refuse(error: &ApiError) -> Response<Body> {
    answer(json!({ "error_response": error.content() }).to_string())
}

fn answer(body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    let kind = HeaderValue::from_static("text/html;charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

impl Stage for Request {
    /// With a code it is a business error, as Alipay tells it; without one, the gateway itself is broken.
    fn error(&self, status: u16, code: Option<&str>) -> Response<Body> {
        if let Some(code) = code {
            return self.respond(&Err(ApiError::of(code, "系统繁忙")));
        }
        let mut response = Response::new(Body::from("<html><h1>Bad Gateway</h1></html>"));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response
    }

    fn rate_limited(&self) -> Response<Body> {
        self.respond(&Err(ApiError::of("isv.app-call-limited", "应用调用次数超限")))
    }
}

fn decoded(encoded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|_| byte == b'%')
            .and_then(|digits| hex::decode(digits).ok());
        match (byte, escaped) {
            (_, Some(escaped)) => {
                bytes.extend(escaped);
                rest = &after[2..];
                continue;
            }
            (b'+', None) => bytes.push(b' '),
            (byte, None) => bytes.push(byte),
        }
        rest = after;
    }
    bytes
}
