//! What a verified notification says (<https://opendocs.alipay.com/open/203/105286>).
//!
//! Before anything else it is checked for whom it is: a notification for another application or another account of the
//! same keys must not move a payment. Trades whose number is none of ours belong to other programs.
//!
//! A refund tells itself in the fields `gmt_refund`, `refund_fee` and `out_biz_no`, next to a status that says paid as
//! long as something is left and closed when nothing is. Its `refund_fee` is the sum of all refunds, so the refund itself
//! has to be asked for. A closed trade with a refund was paid, and must never read as one that was not.

use domain::{callback::CallbackEvent, channel::IntentStatus};

use super::{
    AlipayCredentials,
    form::Form,
    trade::{intent, money},
    words::{payment_of, refund_of},
};
use crate::{
    callback::{CallbackProblem, UnreadableCallback},
    redact::redact,
};

/// The kind of notification that is about a trade.
const TRADE_NEWS: &str = "trade_status_sync";

/// What a verified notification says. Kinds that are not about trades are [`CallbackEvent::Other`].
///
/// # Errors
/// It is for another account, or lacks what news of a trade has.
pub fn translate_callback(
    credentials: &AlipayCredentials,
    body: &[u8],
) -> Result<CallbackEvent, CallbackProblem> {
    let form = Form::decode(body).map_err(|error| unreadable("unknown", &error.to_string()))?;
    let kind = form.get("notify_type").unwrap_or("unknown");
    if kind != TRADE_NEWS {
        return Ok(CallbackEvent::Other);
    }
    let status = form.get("trade_status").unwrap_or_default();
    let event_type = format!("{kind}.{status}");
    let field = |name: &str| {
        form.filled(name)
            .ok_or_else(|| unreadable(&event_type, &format!("it has no {name}")))
    };
    let keys = credentials.keys();
    for (name, own) in [("app_id", keys.app_id()), ("seller_id", keys.seller_id())] {
        if field(name)? != own {
            return Err(CallbackProblem::OtherAccount(format!("its {name} is another")));
        }
    }
    let out_trade_no = field("out_trade_no")?;
    if payment_of(out_trade_no).is_none() {
        return Ok(CallbackEvent::Other);
    }
    let news = News::of(&form, status).map_err(|problem| unreadable(&event_type, &problem))?;
    let change = match news {
        News::Refund(number) => {
            return refund_of(number).map(CallbackEvent::RefundTold).ok_or_else(|| {
                unreadable(
                    &event_type,
                    "all of the trade was given back under a number that is not ours",
                )
            });
        }
        News::Intent(change) => change,
    };
    let money = money(field("total_amount")?, form.filled("trans_currency"))
        .map_err(|problem| unreadable(&event_type, &problem.to_string()))?;
    Ok(CallbackEvent::Intent {
        intent: intent(out_trade_no, money, change.clone()),
        change,
    })
}

/// What the notification of a trade is about.
enum News<'f> {
    Intent(IntentStatus),
    /// The refund of this number, which may be anybody's.
    Refund(&'f str),
}

impl<'f> News<'f> {
    fn of(form: &'f Form, status: &str) -> Result<Self, String> {
        let tells_refund = form.filled("gmt_refund").is_some() || form.filled("refund_fee").is_some();
        let number = form.filled("out_biz_no").unwrap_or_default();
        Ok(match (status, tells_refund) {
            ("WAIT_BUYER_PAY", _) => Self::Intent(IntentStatus::RequiresAction),
            ("TRADE_SUCCESS" | "TRADE_FINISHED", true) if refund_of(number).is_some() => Self::Refund(number),
            // A part that somebody gave back by hand leaves the trade as it is: paid.
            ("TRADE_SUCCESS" | "TRADE_FINISHED", _) => Self::Intent(IntentStatus::Succeeded),
            ("TRADE_CLOSED", true) => Self::Refund(number),
            ("TRADE_CLOSED", false) if form.filled("gmt_payment").is_some() => {
                return Err("the trade was paid and is closed, and no refund is told".into());
            }
            ("TRADE_CLOSED", false) => Self::Intent(IntentStatus::Canceled),
            (_, _) => return Err("the status is not known".into()),
        })
    }
}

fn unreadable(event_type: &str, problem: &str) -> CallbackProblem {
    CallbackProblem::Unreadable(UnreadableCallback {
        event_type: redact(event_type),
        problem: redact(problem),
    })
}

#[cfg(test)]
mod tests;
