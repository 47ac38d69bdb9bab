//! Payments into wallets and from them.
//!
//! A payment from a wallet is an ordinary payment whose provider is our own ledger: its intent is the transfer that pays it,
//! and the provider's refund is the transfer that gives it back. So whatever holds for payments holds for it.

use chrono::{DateTime, Utc};

use super::{Wallet, WalletChange};
use crate::{
    channel::{Channel, ChannelRefund, ChannelRefundStatus, Intent, IntentStatus},
    id::{MerchantId, WalletId},
    ledger::Transfer,
    payment::{Failure, Payment, PaymentEvent, PaymentRequest},
    refund::{Refund, RefundEvent},
    texts::InvalidText,
};

/// What comes of a payment from a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidFromWallet {
    /// What the payment hears: that it is paid, or why it is not.
    pub event: PaymentEvent,
    /// What becomes of the wallet, when it paid.
    pub change: Option<WalletChange>,
}

impl Wallet {
    /// Checks that it can be paid into by a payment that `merchant_id` asks for like this.
    ///
    /// # Errors
    /// Names the field that does not fit, and says why. Another merchant's wallet is as good as none.
    pub fn check_top_up(&self, merchant_id: MerchantId, request: &PaymentRequest) -> Result<(), InvalidText> {
        let refused = |field, problem| Err(InvalidText { field, problem });
        if self.merchant_id != merchant_id {
            return refused("wallet_id", "there is no such wallet".into());
        }
        if request.money.currency != self.currency {
            return refused("currency", format!("the wallet is in {}", self.currency));
        }
        match &request.user_id {
            Some(user) if *user != self.user_id => refused("user_id", "the wallet is another user's".into()),
            Some(_) | None => Ok(()),
        }
    }
}

impl Payment {
    /// The wallet that pays it, if it is paid from one.
    pub fn payers_wallet(&self) -> Option<WalletId> {
        let user = self.request.user_id.as_ref();
        let user = user.filter(|_| self.channel == Channel::Wallet)?;
        Some(WalletId::derive(
            self.merchant_id,
            user,
            self.money.currency.code(),
        ))
    }

    /// What comes of paying it from its payer's wallet, which may not be there.
    pub fn pay_from(&self, wallet: Option<&Wallet>, now: DateTime<Utc>) -> PaidFromWallet {
        let declined = |code: &str, problem: &str| PaidFromWallet {
            event: PaymentEvent::GaveUp(Failure::wallet_declined(code, problem)),
            change: None,
        };
        let Some(wallet) = wallet else {
            let problem = format!("the payer has no wallet in {}", self.money.currency);
            return declined("no_such_wallet", &problem);
        };
        let transfer = Transfer::payment_received(self);
        match wallet.after(&transfer, None, now) {
            Ok(change) => PaidFromWallet {
                event: self.moved_by(&transfer),
                change: Some(change),
            },
            Err(refused) => declined(refused.code(), &refused.to_string()),
        }
    }

    fn moved_by(&self, transfer: &Transfer) -> PaymentEvent {
        let status = IntentStatus::Succeeded;
        PaymentEvent::IntentSeen {
            change: status.clone(),
            intent: Intent {
                id: transfer.id.to_string(),
                payment_id: Some(self.id),
                money: self.money,
                received_minor: self.money.amount_minor,
                status,
                next_action: None,
                destination: None,
            },
        }
    }
}

impl Refund {
    /// The news that our own ledger gives it back into the wallet that paid `payment`.
    pub fn given_back(&self, payment: &Payment) -> RefundEvent {
        RefundEvent::Seen(ChannelRefund {
            id: Transfer::refund_posted(self, payment).id.to_string(),
            refund_id: Some(self.id),
            intent_id: payment.intent_id.clone(),
            money: self.money,
            status: ChannelRefundStatus::Succeeded,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        currency::Currency,
        examples::{payment_of, usd},
        payment::PaymentStatus,
        wallet::WalletTransaction,
    };

    const THEN: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn payment() -> Payment {
        let mut payment = payment_of(usd(300));
        payment.channel = Channel::Wallet;
        payment.request.user_id = Some("user-42".parse().unwrap());
        payment
    }

    fn wallet_with(balance_minor: i64) -> (Payment, Wallet) {
        let payment = payment();
        let user = payment.request.user_id.clone().unwrap();
        let wallet = Wallet {
            balance_minor,
            ..Wallet::new(payment.merchant_id, user, Currency::USD, THEN)
        };
        (payment, wallet)
    }

    fn code(payment: Payment, event: PaymentEvent) -> String {
        let failed = payment.apply(event).unwrap().payment;
        assert_eq!(failed.status, PaymentStatus::Failed);
        failed.failure.unwrap().code
    }

    #[test]
    fn a_wallet_pays_what_is_in_it_and_nothing_else() {
        let (payment, wallet) = wallet_with(300);
        assert_eq!(payment.payers_wallet(), Some(wallet.id));
        let PaidFromWallet { event, change } = payment.pay_from(Some(&wallet), THEN);
        let paid = payment.apply(event).unwrap().payment;
        assert_eq!(paid.status, PaymentStatus::Succeeded);
        assert!(paid.intent_id.is_some_and(|id| id.starts_with("trf_")));
        let WalletChange { wallet, transaction } = change.unwrap();
        let WalletTransaction { amount_minor, .. } = transaction;
        assert_eq!((wallet.balance_minor, amount_minor), (0, -300));

        let (payment, wallet) = wallet_with(299);
        let PaidFromWallet { event, change } = payment.pay_from(Some(&wallet), THEN);
        assert_eq!(change, None);
        assert_eq!(code(payment, event), "insufficient_balance");
        let payment = self::payment();
        let event = payment.pay_from(None, THEN).event;
        assert_eq!(code(payment, event), "no_such_wallet");
    }

    #[test]
    fn a_wallet_is_paid_into_in_its_currency_and_for_its_owner() {
        let (payment, wallet) = wallet_with(0);
        let check = |merchant, change: fn(&mut PaymentRequest)| {
            let mut request = PaymentRequest::of(usd(300));
            change(&mut request);
            wallet
                .check_top_up(merchant, &request)
                .map_err(|error| error.field)
        };
        let merchant = payment.merchant_id;
        assert_eq!(check(merchant, |_| {}), Ok(()));
        assert_eq!(
            check(merchant, |r| r.user_id = Some("user-42".parse().unwrap())),
            Ok(())
        );
        assert_eq!(check(MerchantId::random(), |_| {}), Err("wallet_id"));
        assert_eq!(
            check(merchant, |r| r.money.currency = Currency::EUR),
            Err("currency")
        );
        assert_eq!(
            check(merchant, |r| r.user_id = Some("user-43".parse().unwrap())),
            Err("user_id")
        );
    }
}
