//! The calls about orders.

use domain::{
    channel::{CallError, Intent, IntentRef, IntentStatus, NewIntent},
    clock::{Clock, SystemClock},
    money::Money,
};

use super::connection::{Connection, nonce};
use crate::{
    redact::redact,
    wechat::{
        error::NO_SUCH_OBJECT,
        numbers,
        prepaid::{Signing, WirePrepaid},
        request::{self, Trade},
        trade::{Untranslatable, WireTrade},
    },
};

/// The codes that tell that there is an order of this number already, in which state or with whatever parameters
/// (<https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter3_4_1.shtml>). The last is also that of a request that is simply
/// wrong.
const THERE_ALREADY: [&str; 4] = [
    "ORDER_PAID",
    "ORDER_CLOSED",
    "OUT_TRADE_NO_USED",
    "INVALID_REQUEST",
];

impl Connection<'_> {
    /// Opens an order. One that is there already and does not take the request for a repeat is answered as it stands.
    pub(super) async fn created_intent(&self, new: &NewIntent) -> Result<Intent, CallError> {
        let trade = Trade::of(new)?;
        let request = request::create(self.credentials, new, trade)?;
        let out_trade_no = numbers::of_payment(new.payment_id);
        let prepaid: WirePrepaid = match self.ask(&request).await.map_err(CallError::from) {
            Ok(prepaid) => prepaid,
            Err(CallError::Refused { code, message }) if THERE_ALREADY.contains(&code.as_str()) => {
                let found = self.found_intent(&out_trade_no, new.money).await;
                // It was refused, so this request opened nothing; what an earlier one did is not known without an answer.
                return match found? {
                    Some(intent) => Ok(intent),
                    None => Err(CallError::Refused { code, message }),
                };
            }
            Err(error) => return Err(error),
        };
        let unknown = |message: &str| CallError::Unknown {
            message: message.into(),
        };
        let nonce =
            nonce().ok_or_else(|| unknown("the order is open, and its parameters cannot be signed"))?;
        let signing = Signing {
            credentials: self.credentials,
            nonce: &nonce,
            now: SystemClock.now(),
        };
        let next_action = prepaid
            .next_action(new, trade, signing)
            .ok_or_else(|| unknown("the order is open, and the answer does not say how to pay it"))?;
        Ok(Intent {
            id: out_trade_no,
            payment_id: Some(new.payment_id),
            money: new.money,
            received_minor: 0,
            status: IntentStatus::RequiresAction,
            next_action: Some(next_action),
            destination: None,
        })
    }

    /// Where an order stands. `asked` is what it is for, as far as that is known here.
    pub(super) async fn retrieved_intent(
        &self,
        out_trade_no: &str,
        asked: Option<Money>,
    ) -> Result<Intent, CallError> {
        let request = request::show(self.credentials, out_trade_no)?;
        let trade: WireTrade = self.ask(&request).await?;
        let other = trade
            .other_account(self.credentials)
            .or_else(|| (trade.out_trade_no != out_trade_no).then_some("order"));
        let translated = match other {
            Some(what) => Err(Untranslatable::Other(what)),
            None => trade.translate(asked),
        };
        translated.map_err(|error| unreadable(&error))
    }

    pub(super) async fn found_intent(
        &self,
        out_trade_no: &str,
        asked: Money,
    ) -> Result<Option<Intent>, CallError> {
        match self.retrieved_intent(out_trade_no, Some(asked)).await {
            Ok(intent) => Ok(Some(intent)),
            Err(CallError::Refused { code, .. }) if code == NO_SUCH_OBJECT => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Closes an order. One that cannot be closed any more is answered as it stands; one that WeChat Pay surely does not have is
    /// as good as closed.
    pub(super) async fn closed_intent(&self, intent: &IntentRef) -> Result<Intent, CallError> {
        let answer = self
            .answer(&request::close(self.credentials, &intent.id)?)
            .await?;
        if answer.is_success() && answer.signed.is_ok() {
            return match intent.money {
                Some(money) => Ok(closed(&intent.id, money)),
                None => self.retrieved_intent(&intent.id, None).await,
            };
        }
        let error = answer.judge();
        let refused = match &error {
            CallError::Refused { code, .. } => Some(code.as_str()),
            _ => None,
        };
        match (refused, intent.money) {
            (Some(NO_SUCH_OBJECT), Some(money)) if answer.signed.is_ok() => {
                return Ok(closed(&intent.id, money));
            }
            (Some(NO_SUCH_OBJECT), _) => return Err(error),
            // A 202 says that the payer is about to pay: like a refusal, it has to be asked about.
            (None, _) if answer.status != 202 => return Err(error),
            (_, _) => {}
        }
        let stands = self.retrieved_intent(&intent.id, intent.money).await?;
        match stands.status {
            IntentStatus::Processing | IntentStatus::Succeeded | IntentStatus::Canceled => Ok(stands),
            IntentStatus::RequiresAction | IntentStatus::Declined(_) | IntentStatus::Approved => Err(error),
        }
    }
}

fn closed(out_trade_no: &str, money: Money) -> Intent {
    Intent {
        id: out_trade_no.to_owned(),
        payment_id: numbers::payment(out_trade_no),
        money,
        received_minor: 0,
        status: IntentStatus::Canceled,
        next_action: None,
        destination: None,
    }
}

/// There is an object, but it says something we have no word for.
pub(super) fn unreadable(error: &Untranslatable) -> CallError {
    CallError::Unknown {
        message: redact(&format!("the answer cannot be used: {error}")),
    }
}
