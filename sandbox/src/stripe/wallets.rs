//! Wallets: the payer is sent to a page, or shown a code, and pays or does not.

use serde_json::{Value, json};

use crate::clock;

/// A wallet, which charges only once its payer agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wallet {
    /// By a page.
    Alipay,
    /// By a code.
    WechatPay,
}

/// Currencies that Alipay is offered for (<https://docs.stripe.com/payments/alipay>).
const ALIPAY: [&str; 11] = [
    "aud", "cad", "cny", "eur", "gbp", "hkd", "jpy", "myr", "nzd", "sgd", "usd",
];
/// Currencies that WeChat Pay is offered for (<https://docs.stripe.com/payments/wechat-pay>).
const WECHAT_PAY: [&str; 13] = [
    "aud", "cad", "chf", "cny", "dkk", "eur", "gbp", "hkd", "jpy", "nok", "sek", "sgd", "usd",
];

impl Wallet {
    /// The wallet of this `type`.
    pub fn of_kind(kind: &str) -> Option<Self> {
        [Self::Alipay, Self::WechatPay]
            .into_iter()
            .find(|wallet| wallet.kind() == kind)
    }

    /// Its `type`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::WechatPay => "wechat_pay",
        }
    }

    /// Whether it pays in this currency.
    pub fn takes(self, currency: &str) -> bool {
        match self {
            Self::Alipay => ALIPAY.contains(&currency),
            Self::WechatPay => WECHAT_PAY.contains(&currency),
        }
    }

    /// The `next_action` that leads the payer to it. Its page ends like a code that was scanned.
    pub fn next_action(self, intent: &str, return_url: Option<&str>, base_url: &str) -> Value {
        let page = format!("{base_url}/sandbox/stripe/wallets/{intent}");
        match self {
            Self::Alipay => json!({ "type": "alipay_handle_redirect", "alipay_handle_redirect": {
                "native_data": null, "native_url": null, "return_url": return_url, "url": page,
            } }),
            Self::WechatPay => {
                let code = clock::object_id("");
                json!({ "type": "wechat_pay_display_qr_code", "wechat_pay_display_qr_code": {
                    "data": format!("weixin://wxpay/bizpayurl?pr={code}"), "hosted_instructions_url": page,
                    "image_data_url": "data:image/png;base64,", "image_url_png": format!("{page}.png"),
                    "image_url_svg": format!("{page}.svg"),
                } })
            }
        }
    }

    /// What a payment method of it shows.
    pub fn details(self) -> Value {
        match self {
            Self::Alipay | Self::WechatPay => json!({}),
        }
    }

    /// What a charge made with it shows.
    pub fn charge_details(self) -> Value {
        match self {
            Self::Alipay => json!({ "type": "alipay", "alipay": {
                "buyer_id": "2088000000000000", "fingerprint": "fpalipay", "transaction_id": clock::object_id("") } }),
            Self::WechatPay => json!({ "type": "wechat_pay", "wechat_pay": {
                "fingerprint": "fpwechat", "location": null, "reader": null, "transaction_id": clock::object_id("") } }),
        }
    }
}
