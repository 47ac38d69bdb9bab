//! What the payer needs, from the answer to opening an order.
//!
//! Code and prepay id are good for two hours (<https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_4_1.shtml>), the page
//! for phones for five minutes (<https://pay.weixin.qq.com/docs/merchant/products/h5-payment/apilist.html>). An order
//! is opened once, so whoever needs another makes a new payment.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::channel::{NewIntent, NextAction, PayerStep};
use reqwest::Url;
use serde::Deserialize;

use super::{credentials::WechatCredentials, request::Trade, signature::lines};

const CODE_LIVES: TimeDelta = TimeDelta::hours(2);
const PAGE_LIVES: TimeDelta = TimeDelta::minutes(5);

/// The answer to opening an order: one of these, depending on the way to pay. No `Debug`: whoever holds it can pay.
#[derive(Deserialize)]
pub(super) struct WirePrepaid {
    code_url: Option<String>,
    prepay_id: Option<String>,
    h5_url: Option<String>,
}

/// What the parameters that a wallet takes are signed with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signing<'a> {
    pub(super) credentials: &'a WechatCredentials,
    /// A text that nobody can guess, at most 32 characters.
    pub(super) nonce: &'a str,
    pub(super) now: DateTime<Utc>,
}

impl WirePrepaid {
    /// What the payer does with it; `None` when the answer lacks what this way to pay needs.
    pub(super) fn next_action(
        self,
        new: &NewIntent,
        trade: Trade,
        signing: Signing<'_>,
    ) -> Option<NextAction> {
        let (step, lives) = match trade {
            Trade::Native => {
                let content = self.code_url.filter(|url| !url.is_empty())?;
                (PayerStep::QrCode { content, svg: None }, CODE_LIVES)
            }
            Trade::H5 => {
                let url = page(&self.h5_url?, new.return_url.as_deref())?;
                (PayerStep::Redirect { url }, PAGE_LIVES)
            }
            Trade::Jsapi => {
                let parameters = signing.in_app(&self.prepay_id?)?;
                (PayerStep::InApp { parameters }, CODE_LIVES)
            }
            Trade::App => {
                let parameters = signing.app(&self.prepay_id?)?;
                (PayerStep::App { parameters }, CODE_LIVES)
            }
        };
        Some(NextAction {
            step,
            expires_at: Some(new.expires_at.min(signing.now + lives)),
        })
    }
}

/// The page for phones, and where it sends the payer back to
/// (<https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_3_4.shtml>).
fn page(h5_url: &str, return_url: Option<&str>) -> Option<String> {
    let mut url: Url = h5_url.parse().ok()?;
    // The payer's browser goes there: nothing but a page may come out of it.
    if !matches!(url.scheme(), "https" | "http") {
        return None;
    }
    if let Some(return_url) = return_url {
        url.query_pairs_mut().append_pair("redirect_url", return_url);
    }
    Some(url.into())
}

impl Signing<'_> {
    /// What the bridge of a page inside of WeChat takes
    /// (<https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_1_4.shtml>).
    fn in_app(self, prepay_id: &str) -> Option<BTreeMap<String, String>> {
        let (appid, timestamp) = (self.credentials.appid(), self.now.timestamp().to_string());
        let package = format!("prepay_id={prepay_id}");
        let signature = self.sign(&[appid, &timestamp, self.nonce, &package])?;
        Some(named([
            ("appId", appid),
            ("timeStamp", &timestamp),
            ("nonceStr", self.nonce),
            ("package", &package),
            ("signType", "RSA"),
            ("paySign", &signature),
        ]))
    }

    /// What the SDK in the merchant's app takes (<https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_2_4.shtml>).
    fn app(self, prepay_id: &str) -> Option<BTreeMap<String, String>> {
        let (appid, timestamp) = (self.credentials.appid(), self.now.timestamp().to_string());
        let signature = self.sign(&[appid, &timestamp, self.nonce, prepay_id])?;
        Some(named([
            ("appid", appid),
            ("partnerid", self.credentials.mchid()),
            ("prepayid", prepay_id),
            ("package", "Sign=WXPay"),
            ("noncestr", self.nonce),
            ("timestamp", &timestamp),
            ("sign", &signature),
        ]))
    }

    fn sign(self, texts: &[&str]) -> Option<String> {
        self.credentials.private_key().sign(&lines(texts))
    }
}

fn named<const N: usize>(parameters: [(&str, &str); N]) -> BTreeMap<String, String> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    parameters.into_iter().map(owned).collect()
}

#[cfg(test)]
mod tests;
