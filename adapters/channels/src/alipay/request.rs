//! The signed request: what every request to Alipay carries, signed as a whole.
//!
//! The signature covers every parameter but itself (<https://opendocs.alipay.com/common/02khjm>). The same parameters at the
//! same moment give the same request, byte for byte.

mod pay;
mod trade;

use chrono::{DateTime, Utc};
use domain::channel::CallError;

use super::{AlipayCredentials, form, words::shanghai};
use crate::containment::Purpose;

pub(super) use pay::{Prepared, prepare};
pub(super) use trade::{close, query, query_refund, refund};

/// The methods of Alipay's gateway that are used here (<https://opendocs.alipay.com/open/028r8t> and its neighbours).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ApiMethod {
    PagePay,
    WapPay,
    AppPay,
    Precreate,
    Query,
    Close,
    Refund,
    RefundQuery,
}

impl ApiMethod {
    /// The name on the wire.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PagePay => "alipay.trade.page.pay",
            Self::WapPay => "alipay.trade.wap.pay",
            Self::AppPay => "alipay.trade.app.pay",
            Self::Precreate => "alipay.trade.precreate",
            Self::Query => "alipay.trade.query",
            Self::Close => "alipay.trade.close",
            Self::Refund => "alipay.trade.refund",
            Self::RefundQuery => "alipay.trade.fastpay.refund.query",
        }
    }

    /// What it does there.
    pub(super) const fn purpose(self) -> Purpose {
        match self {
            Self::PagePay | Self::WapPay | Self::AppPay | Self::Precreate | Self::Close | Self::Refund => {
                Purpose::Change
            }
            Self::Query | Self::RefundQuery => Purpose::Question,
        }
    }

    /// The name of its answer within the body that is answered.
    pub(super) fn answer_name(self) -> String {
        format!("{}_response", self.name().replace('.', "_"))
    }
}

/// What is asked, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: ApiMethod,
    /// A JSON object.
    pub(super) biz_content: String,
    pub(super) notify_url: Option<String>,
    pub(super) return_url: Option<String>,
}

/// A request with all its parameters, the signature last.
pub(super) struct Signed(Vec<(&'static str, String)>);

impl Request {
    const fn of(method: ApiMethod, biz_content: String) -> Self {
        Self {
            method,
            biz_content,
            notify_url: None,
            return_url: None,
        }
    }

    /// The request signed for the merchant's application at this moment.
    ///
    /// # Errors
    /// The machine has no randomness; nothing was done.
    pub(super) fn sign(
        &self,
        credentials: &AlipayCredentials,
        now: DateTime<Utc>,
    ) -> Result<Signed, CallError> {
        let mut parameters = vec![
            ("app_id", credentials.keys().app_id().to_owned()),
            ("biz_content", self.biz_content.clone()),
            ("charset", "utf-8".to_owned()),
            ("method", self.method.name().to_owned()),
            ("sign_type", "RSA2".to_owned()),
            ("timestamp", shanghai(now)),
            ("version", "1.0".to_owned()),
        ];
        let urls = [("notify_url", &self.notify_url), ("return_url", &self.return_url)];
        parameters.extend(
            urls.into_iter()
                .filter_map(|(name, url)| Some((name, url.clone()?))),
        );
        parameters.sort();
        let sign = credentials
            .private_key()
            .sign(&text_to_sign(&parameters))
            .ok_or_else(|| CallError::NotDone {
                message: "the request could not be signed".into(),
                retry_after: None,
            })?;
        parameters.push(("sign", sign));
        Ok(Signed(parameters))
    }
}

impl Signed {
    /// All of it as one form: for the address that a payer opens, and for the wallet's SDK.
    pub(super) fn encoded(&self) -> String {
        form::encode(self.pairs())
    }

    /// What goes into the address of a call: everything but the content. Alipay reads the charset from there.
    pub(super) fn query(&self) -> String {
        form::encode(self.pairs().filter(|(name, _)| *name != "biz_content"))
    }

    /// What goes into the body of a call. It tells of payers and orders, which addresses in proxies' logs should not.
    pub(super) fn body(&self) -> String {
        form::encode(self.pairs().filter(|(name, _)| *name == "biz_content"))
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

fn text_to_sign(sorted: &[(&str, String)]) -> String {
    let pairs: Vec<_> = sorted
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests;
