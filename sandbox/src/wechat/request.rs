//! One call as it came in, and the proof of who makes it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::Value;

use super::Wechat;
use super::answers::SCHEME;
use super::errors::{ApiError, Code};
use super::settings::Settings;
use super::shop::Shop;
use crate::clock;

/// How far a request's timestamp may be from now, either way.
const TOLERANCE_S: u64 = 300;
/// Where the double can be served beside the root, for clients that take a base address with a path.
const PREFIX: &str = "/wechat";

/// One call as it came in.
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The path, from `/v3` on.
    pub path: String,
    /// The query's parameters.
    pub query: HashMap<String, String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// What the client may have signed as the URL.
    targets: Vec<String>,
}

/// A merchant who has proved to be one.
pub struct Caller {
    /// The merchant.
    pub shop: Arc<Shop>,
    /// The settings that held when the call came.
    pub settings: Arc<Settings>,
}

impl Request {
    /// Takes a call apart.
    pub fn read(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Self {
        let whole = uri.path_and_query().map_or(uri.path(), |target| target.as_str());
        // Whether a base address with a path is part of what is signed is the client's to decide: behind a proxy that
        // adds a path, a client signs the one it knows.
        let targets = std::iter::once(whole)
            .chain(whole.strip_prefix(PREFIX))
            .map(str::to_owned)
            .collect();
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self {
            method,
            path: uri.path().strip_prefix(PREFIX).unwrap_or(uri.path()).to_owned(),
            query: query.into_owned().collect(),
            headers,
            body,
            targets,
        }
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The merchant who signed this.
    pub fn authenticate(&self, wechat: &Wechat) -> Result<Caller, ApiError> {
        let proof = Proof::read(self.header("authorization"))?;
        if self.header("accept").is_none() || self.header("user-agent").is_none() {
            return Err(ApiError::of(Code::ParamError, "Http头缺少Accept或User-Agent"));
        }
        let sent_s: i64 = proof
            .timestamp
            .parse()
            .map_err(|_| ApiError::sign("timestamp is not a number", "Http头Authorization值格式错误"))?;
        if clock::now_s().abs_diff(sent_s) > TOLERANCE_S {
            return Err(ApiError::sign(
                "timestamp is too far from now",
                "Http头Authorization中的timestamp已过期",
            ));
        }
        let shop = wechat
            .shops
            .get(proof.mchid)
            .ok_or_else(|| ApiError::sign("mchid is not known", "商户号不存在"))?;
        let settings = shop.settings();
        if !settings.serial_no.eq_ignore_ascii_case(proof.serial_no) {
            return Err(ApiError::sign(
                "serial_no is not the merchant's",
                "商户证书序列号有误",
            ));
        }
        let signed = self
            .targets
            .iter()
            .any(|target| settings.is_signed(&self.signed_text(target, &proof), proof.signature));
        if signed {
            Ok(Caller { shop, settings })
        } else {
            Err(ApiError::sign("sign not match", "错误的签名，验签失败"))
        }
    }

    fn signed_text(&self, target: &str, proof: &Proof<'_>) -> Vec<u8> {
        let (method, timestamp, nonce) = (&self.method, proof.timestamp, proof.nonce_str);
        let mut text = format!("{method}\n{target}\n{timestamp}\n{nonce}\n").into_bytes();
        text.extend_from_slice(&self.body);
        text.push(b'\n');
        text
    }

    /// Refuses a body that does not say it is JSON.
    pub fn check_media_type(&self) -> Result<(), ApiError> {
        let kind = self.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        if self.method != Method::POST || kind.starts_with("application/json") {
            return Ok(());
        }
        let value = Value::String(kind.to_owned());
        let error = ApiError::param("header", "Content-Type", value, "must be application/json");
        Err(error.under(StatusCode::UNSUPPORTED_MEDIA_TYPE))
    }
}

/// What the `Authorization` header says.
#[derive(Debug, PartialEq, Eq)]
struct Proof<'h> {
    mchid: &'h str,
    nonce_str: &'h str,
    timestamp: &'h str,
    serial_no: &'h str,
    signature: &'h str,
}

impl<'h> Proof<'h> {
    /// Reads the header. Its parts come in any order, each once.
    fn read(header: Option<&'h str>) -> Result<Self, ApiError> {
        let wrong = |issue: &str| ApiError::sign(issue, "Http头Authorization值格式错误，请参考文档");
        let header = header.ok_or_else(|| wrong("Authorization is missing"))?;
        let (scheme, parts) = header
            .split_once(' ')
            .ok_or_else(|| wrong("there is no scheme"))?;
        if scheme != SCHEME {
            return Err(wrong("the scheme is not WECHATPAY2-SHA256-RSA2048"));
        }
        let mut said = HashMap::new();
        for part in parts.split(',') {
            let (name, value) = part
                .trim()
                .split_once('=')
                .ok_or_else(|| wrong("a part has no value"))?;
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = value.ok_or_else(|| wrong("a value is not quoted"))?;
            if said.insert(name, value).is_some() {
                return Err(wrong("a part is said twice"));
            }
        }
        let mut part = |name: &str| {
            let value = said.remove(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| wrong(&format!("{name} is missing")))
        };
        Ok(Self {
            mchid: part("mchid")?,
            nonce_str: part("nonce_str")?,
            timestamp: part("timestamp")?,
            serial_no: part("serial_no")?,
            signature: part("signature")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::{HeaderMap, Method};
    use serde_json::{Value, json};

    use super::super::settings::{Registration, Settings};
    use super::{Proof, Request};

    #[test]
    fn requests_signed_by_the_sdks_verify_at_the_root_and_under_the_prefix() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/fixtures/wechat.json")).unwrap();
        let registration: Registration = serde_json::from_value(json!({
            "appid": vectors["appid"], "certificate": vectors["merchant"]["cert"],
            "apiv3_key": vectors["apiv3_key"], "key_mode": "public_key",
        }))
        .unwrap();
        let settings = Settings::try_from(registration).unwrap();
        let cases = vectors["request_signing"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        for case in cases {
            let text = |name: &str| case[name].as_str().unwrap();
            let proof = Proof::read(Some(text("authorization"))).unwrap();
            assert_eq!(proof.serial_no, settings.serial_no);
            for prefix in ["", "/wechat"] {
                let uri = format!("{prefix}{}", text("path")).parse().unwrap();
                let method: Method = text("method").parse().unwrap();
                let body = Bytes::from(text("body").to_owned());
                let request = Request::read(method, &uri, HeaderMap::new(), body);
                let signed = request
                    .targets
                    .iter()
                    .map(|target| request.signed_text(target, &proof));
                let verified = signed.filter(|signed| settings.is_signed(signed, proof.signature));
                let expected = vec![text("string_to_sign").as_bytes().to_vec()];
                assert_eq!(verified.collect::<Vec<_>>(), expected);
            }
        }
    }

    #[test]
    fn a_header_that_is_not_whole_is_refused() {
        let whole =
            r#"WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="2",timestamp="3",serial_no="4",signature="5=""#;
        assert_eq!(Proof::read(Some(whole)).unwrap().signature, "5=");
        for broken in [
            whole.replace("nonce_str", "nonce"),
            whole.replace("\"4\"", "\"\""),
            whole.replace("SHA256-RSA2048", "SM2-WITH-SM3"),
            whole.replace("\"3\"", "3"),
            format!("{whole},mchid=\"6\""),
        ] {
            assert!(Proof::read(Some(&broken)).is_err(), "{broken}");
        }
        assert!(Proof::read(None).is_err());
    }
}
