//! What the payer does with a trade, and how the merchant is told: truly, unless a test asks for an untruth.

use serde::Deserialize;

use super::numbers;
use super::shop::Book;
use super::trades::{Receipt, Stand};
use crate::clock;

/// What the payer does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Pays.
    #[default]
    Paid,
    /// Is refused by the bank, and may try again.
    Declined,
    /// Is asked for the password.
    Paying,
    /// Turns away.
    Abandoned,
    /// Has it taken back.
    Revoked,
}

/// What the notification says other than the truth.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Untruth {
    amount: Option<i64>,
    currency: Option<String>,
    appid: Option<String>,
    mchid: Option<String>,
    out_trade_no: Option<String>,
}

/// One attempt of the payer's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Payment {
    /// What happens.
    pub outcome: Outcome,
    /// Who pays; somebody unless given.
    pub openid: Option<String>,
    /// Whether the money arrives although the trade is closed.
    pub even_if_closed: bool,
    /// Untruths of the notification.
    pub notify: Untruth,
}

impl Book {
    /// Lets the payer act. Answers why that cannot be, if it cannot.
    pub fn pay(&mut self, out_trade_no: &str, payment: &Payment) -> Result<(), &'static str> {
        let trade = self
            .trades
            .get_mut(out_trade_no)
            .ok_or("there is no such trade")?;
        if matches!(trade.stand, Stand::Paid(_)) {
            return Err("the trade is paid already");
        }
        if trade.is_over() && !payment.even_if_closed {
            return Err("the trade is closed");
        }
        trade.stand = match payment.outcome {
            Outcome::Paid => {
                let payer = payment.openid.clone().or_else(|| trade.order.openid.clone());
                let transaction_id = numbers::serial("42000000", 28);
                self.transactions
                    .insert(transaction_id.clone(), out_trade_no.to_owned());
                Stand::Paid(Receipt {
                    transaction_id,
                    paid_at: clock::now(),
                    openid: payer.unwrap_or_else(|| format!("oSandbox{}", numbers::letters(20))),
                })
            }
            Outcome::Declined => Stand::PayError,
            Outcome::Paying => Stand::UserPaying,
            Outcome::Abandoned => Stand::NotPay,
            Outcome::Revoked => Stand::Revoked,
        };
        self.touch();
        if payment.outcome == Outcome::Paid {
            self.tell_paid(out_trade_no, &payment.notify);
        }
        Ok(())
    }

    /// Tells of a payment. A paid trade is told of as it was at that moment: without refunds.
    fn tell_paid(&mut self, out_trade_no: &str, untruth: &Untruth) {
        let Some(trade) = self.trades.get(out_trade_no) else {
            return;
        };
        let mut resource = self.show(trade);
        let url = trade.order.notify_url.clone();
        for (pointer, value) in [
            ("/appid", untruth.appid.as_deref()),
            ("/mchid", untruth.mchid.as_deref()),
            ("/out_trade_no", untruth.out_trade_no.as_deref()),
            ("/amount/currency", untruth.currency.as_deref()),
        ] {
            if let (Some(place), Some(value)) = (resource.pointer_mut(pointer), value) {
                *place = value.into();
            }
        }
        if let (Some(place), Some(amount)) = (resource.pointer_mut("/amount/total"), untruth.amount) {
            *place = amount.into();
        }
        self.emit("TRANSACTION.SUCCESS", &url, &resource);
    }
}
