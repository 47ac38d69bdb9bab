//! Requests to place a trade: what they must say, for each way to pay.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::errors::{ApiError, Code};
use super::fields::{Fields, object};
use super::settings::Settings;
use super::shop::Terms;
use crate::clock;

/// How the payer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Scans a code.
    Native,
    /// Inside WeChat: a page or a mini program.
    Jsapi,
    /// In a phone's browser.
    H5,
    /// In an app of the merchant's.
    App,
}

impl Way {
    /// The `trade_type` of the trade.
    pub fn trade_type(self) -> &'static str {
        match self {
            Self::Native => "NATIVE",
            Self::Jsapi => "JSAPI",
            Self::H5 => "MWEB",
            Self::App => "APP",
        }
    }
}

/// A checked request to place a trade. Two that are equal ask for the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// How it is paid.
    pub way: Way,
    /// The app.
    pub appid: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// What is to be paid, in fen.
    pub total: i64,
    /// Given back with the trade.
    pub attach: Option<String>,
    /// Where the payment is told.
    pub notify_url: String,
    /// The payer, if the trade is for one.
    pub openid: Option<String>,
    /// Until when it can be paid.
    pub time_expire: Option<DateTime<Utc>>,
    /// The whole request, which must be the same when it comes again.
    request: Map<String, Value>,
}

const COMMON: [&str; 12] = [
    "appid",
    "mchid",
    "description",
    "out_trade_no",
    "time_expire",
    "attach",
    "notify_url",
    "goods_tag",
    "support_fapiao",
    "amount",
    "detail",
    "settle_info",
];

impl Order {
    /// Reads the body of `POST /v3/pay/transactions/…`.
    pub fn parse(way: Way, body: &[u8], mchid: &str, settings: &Settings) -> Result<Self, ApiError> {
        let request = object(body)?;
        let fields = Fields::of(&request);
        let mut known = COMMON.to_vec();
        known.push("scene_info");
        known.extend((way == Way::Jsapi).then_some("payer"));
        fields.only(&known)?;
        let appid = fields.required_text("appid", 32)?;
        let owner = fields.required_text("mchid", 32)?;
        fields.required_text("description", 127)?;
        let out_trade_no = fields
            .number("out_trade_no", 6, 32)?
            .ok_or_else(|| fields.wrong("out_trade_no", "is required"))?;
        let notify_url = fields.url("notify_url")?;
        let order = Self {
            way,
            appid: appid.to_owned(),
            out_trade_no: out_trade_no.to_owned(),
            total: total(&fields)?,
            attach: fields.text("attach", 128)?.map(str::to_owned),
            notify_url: notify_url
                .ok_or_else(|| fields.wrong("notify_url", "is required"))?
                .to_owned(),
            openid: payer(way, &fields)?,
            time_expire: expiry(&fields)?,
            request: request.clone(),
        };
        fields.text("goods_tag", 32)?;
        fields.object("detail")?;
        fields.object("settle_info")?;
        scene(way, &fields)?;
        if owner != mchid {
            return Err(ApiError::of(Code::NoAuth, "商户号与签名的商户号不一致"));
        }
        if !settings.appids.iter().any(|known| known == appid) {
            return Err(ApiError::of(Code::AppidMchidNotMatch, "appid和mch_id不匹配"));
        }
        Ok(order)
    }

    /// Refuses a trade that would end within a minute. Only said of new trades: one that comes again was fine once.
    pub fn check_expiry(&self, terms: &Terms) -> Result<(), ApiError> {
        let earliest = clock::now() + terms.minute;
        match self.time_expire {
            Some(end) if end < earliest => {
                let value = self.request.get("time_expire").cloned().unwrap_or_default();
                let issue = "must be at least a minute from now";
                Err(ApiError::param("body", "/time_expire", value, issue))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn total(fields: &Fields<'_>) -> Result<i64, ApiError> {
    let amount = fields.required_object("amount")?;
    amount.only(&["total", "currency"])?;
    currency(&amount, false)?;
    amount.fen("total")
}

/// Refuses every currency but CNY.
pub fn currency(amount: &Fields<'_>, required: bool) -> Result<(), ApiError> {
    match amount.text("currency", 16)? {
        None if required => Err(amount.wrong("currency", "is required")),
        None | Some("CNY") => Ok(()),
        Some(_) => Err(amount.wrong("currency", "must be CNY")),
    }
}

fn payer(way: Way, fields: &Fields<'_>) -> Result<Option<String>, ApiError> {
    if way != Way::Jsapi {
        return Ok(None);
    }
    let payer = fields.required_object("payer")?;
    payer.only(&["openid"])?;
    Ok(Some(payer.required_text("openid", 128)?.to_owned()))
}

fn expiry(fields: &Fields<'_>) -> Result<Option<DateTime<Utc>>, ApiError> {
    let Some(text) = fields.text("time_expire", 64)? else {
        return Ok(None);
    };
    DateTime::parse_from_rfc3339(text)
        .map(|end| Some(end.to_utc()))
        .map_err(|_| fields.wrong("time_expire", "must be a time in RFC 3339"))
}

/// A browser on a phone must say where the payer is and what kind of page asks.
fn scene(way: Way, fields: &Fields<'_>) -> Result<(), ApiError> {
    let mut known = vec!["payer_client_ip", "device_id", "store_info"];
    known.extend((way == Way::H5).then_some("h5_info"));
    let Some(scene) = fields.object("scene_info")? else {
        return match way {
            Way::H5 => Err(fields.wrong("scene_info", "is required")),
            Way::Native | Way::Jsapi | Way::App => Ok(()),
        };
    };
    scene.only(&known)?;
    let address = scene.required_text("payer_client_ip", 45)?;
    if address.parse::<std::net::IpAddr>().is_err() {
        return Err(scene.wrong("payer_client_ip", "must be an IP address"));
    }
    if way == Way::H5 {
        let page = scene.required_object("h5_info")?;
        page.only(&["type", "app_name", "app_url", "bundle_id", "package_name"])?;
        page.required_text("type", 32)?;
    }
    Ok(())
}
