//! Notifications: form-encoded, signed anew at each attempt, repeated on Alipay's schedule until the receiver
//! answers `success` and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use form_urlencoded::Serializer;

use super::book::{App, Registration};
use super::trade::{BUYER, Trade};
use super::{beijing, keys, yuan};
use crate::callbacks::{Composed, Letter, Parcel};
use crate::clock;
use crate::locking::lock;
use crate::world::World;

/// 4 minutes, 10, 10, 1 hour, 2, 6, 15.
const DELAYS_S: [u64; 7] = [240, 600, 600, 3_600, 7_200, 21_600, 54_000];

/// One notification; all its repeats carry the same `notify_id`.
#[derive(Debug)]
pub struct Notice {
    /// `notify_id`
    pub id: String,
    /// The trade's status it tells: its type in the log of deliveries.
    pub kind: &'static str,
    /// Where it goes, if anywhere.
    pub url: Option<String>,
    /// All fields but `notify_time`, `sign` and `sign_type`.
    pub fields: BTreeMap<String, String>,
    /// Whether the signature is spoilt.
    pub is_forged: bool,
}

impl Notice {
    /// Tells how a trade stands, and of the refund that changed it, if one did.
    pub fn of(trade: &Trade, registration: &Registration, refund: Option<&str>) -> Self {
        let offer = &trade.offer;
        let id = format!(
            "{}222{:023}",
            &beijing::show(clock::now())[..10].replace('-', ""),
            uuid::Uuid::new_v4().as_u128() % 100_000_000_000_000_000_000_000,
        );
        let total = yuan::show(offer.total);
        let mut fields = BTreeMap::new();
        let mut put = |name: &str, value: &str| fields.insert(name.to_owned(), value.to_owned());
        for (name, value) in [
            ("notify_id", id.as_str()),
            ("notify_type", "trade_status_sync"),
            ("charset", "utf-8"),
            ("version", "1.0"),
            ("seller_id", &registration.seller_id),
            ("buyer_id", BUYER),
            ("out_trade_no", &offer.out_trade_no),
            ("trade_no", &trade.trade_no),
            ("trade_status", trade.status.name()),
            ("total_amount", &total),
            ("subject", &offer.subject),
            ("gmt_create", &beijing::show(trade.created_at)),
        ] {
            put(name, value);
        }
        if let Some(body) = &offer.body {
            put("body", body);
        }
        if let Some(passback) = &offer.passback_params {
            put("passback_params", passback);
        }
        if let Some(paid_at) = trade.paid_at {
            for name in ["receipt_amount", "invoice_amount", "buyer_pay_amount"] {
                put(name, &total);
            }
            put("point_amount", "0.00");
            put("gmt_payment", &beijing::show(paid_at));
            let bill = format!(r#"[{{"amount":"{total}","fundChannel":"ALIPAYACCOUNT"}}]"#);
            put("fund_bill_list", &bill);
        }
        if let Some(last) = trade.refunds.last() {
            put("refund_fee", &yuan::show(trade.refunded()));
            put("gmt_refund", &beijing::show(last.made_at));
        }
        if let Some(closed_at) = trade.closed_at {
            put("gmt_close", &beijing::show(closed_at));
        }
        if let Some(number) = refund {
            put("out_biz_no", number);
        }
        Self {
            id,
            kind: trade.status.name(),
            url: offer
                .notify_url
                .clone()
                .or_else(|| registration.notify_url.clone()),
            fields,
            is_forged: false,
        }
    }
}

/// A notice on its way, from an app.
struct SignedNotice {
    app_id: String,
    notice: Arc<Notice>,
}

impl Letter for SignedNotice {
    fn compose(&self, _attempt: u32) -> Composed {
        let mut fields = self.notice.fields.clone();
        for name in ["app_id", "auth_app_id"] {
            fields
                .entry(name.to_owned())
                .or_insert_with(|| self.app_id.clone());
        }
        fields
            .entry("notify_time".to_owned())
            .or_insert_with(|| beijing::show(clock::now()));
        let signed = keys::joined(
            fields
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes())),
        );
        let signature = if self.notice.is_forged {
            keys::sign(b"something else")
        } else {
            keys::sign(&signed)
        };
        let body = Serializer::new(String::new())
            .extend_pairs(&fields)
            .append_pair("sign", &signature)
            .append_pair("sign_type", "RSA2")
            .finish();
        Composed {
            headers: vec![(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
            )],
            body: body.into(),
        }
    }

    fn user_agent(&self) -> &'static str {
        "Mozilla/4.0"
    }

    fn is_receipt(&self, _status: u16, body: &str) -> bool {
        body == "success"
    }

    fn delays_s(&self) -> Option<&'static [u64]> {
        Some(&DELAYS_S)
    }
}

/// The notice as a parcel; none when nobody wants to know.
pub fn parcel(app: &App, notice: &Arc<Notice>) -> Option<Parcel> {
    Some(Parcel {
        account: app.app_id.clone(),
        event: notice.id.clone(),
        kind: notice.kind,
        endpoint: format!("alipay {}", app.app_id),
        url: notice.url.clone()?,
        letter: Arc::new(SignedNotice {
            app_id: app.app_id.clone(),
            notice: Arc::clone(notice),
        }),
        copy: 1,
    })
}

/// Sends what was not sent yet.
pub async fn send_fresh(world: &Arc<World>, app: &App) {
    let fresh = lock(&app.book).take_fresh();
    let parcels = fresh.iter().filter_map(|notice| parcel(app, notice)).collect();
    world.callbacks.dispatch(world, &app.app_id, parcels).await;
}

/// The parcel of a notice that any app remembers.
pub fn sent_again(world: &World, id: &str) -> Option<Vec<Parcel>> {
    world.alipay.all().into_iter().find_map(|app| {
        let notice = lock(&app.book).notice(id)?;
        Some(parcel(&app, &notice).into_iter().collect())
    })
}
