//! Every movement of money that Sluice knows, as a transfer.

use crate::{
    channel::Channel,
    dispute::Dispute,
    id::{MerchantId, PaymentId},
    ledger::{
        Account, Transfer, TransferKind,
        transfer::{About, Movement},
    },
    money::Money,
    payment::Payment,
    refund::Refund,
    wallet::{Hold, Wallet, Withdrawal},
};

impl Transfer {
    /// The payer paid: the provider now holds the money for the merchant, or it has left the payer's wallet.
    pub fn payment_received(payment: &Payment) -> Self {
        let balance = Account::merchant_balance(payment.merchant_id, payment.money.currency);
        Self::post(
            about_payment(TransferKind::Payment, payment),
            &movement(paid_from(payment), balance, payment.money),
        )
    }

    /// What was paid belongs to the owner of the wallet that it was paid into.
    pub fn topped_up(payment: &Payment, wallet: &Wallet) -> Self {
        let balance = Account::merchant_balance(payment.merchant_id, payment.money.currency);
        Self::post(
            about_payment(TransferKind::WalletTopUp, payment),
            &movement(balance, wallet.account(), payment.money),
        )
    }

    /// The provider kept `fee` of a payment for its services.
    pub fn fee_kept(merchant_id: MerchantId, channel: Channel, payment_id: PaymentId, fee: Money) -> Self {
        let about = About {
            kind: TransferKind::Fee,
            payment_id: Some(payment_id),
            subject: payment_id.to_string(),
        };
        let balance = Account::merchant_balance(merchant_id, fee.currency);
        let fees = Account::fees(merchant_id, channel, fee.currency);
        Self::post(about, &movement(balance, fees, fee))
    }

    /// The provider sent what is not the merchant's of a payment on to another account, if it goes anywhere.
    pub fn destination_charged(payment: &Payment) -> Option<Self> {
        let destination = payment.request.destination.as_ref()?;
        let whole_minor = payment.money.amount_minor;
        let passed_on = passed_on(payment, destination.sent_on(whole_minor, whole_minor))?;
        Some(Self::post(
            about_payment(TransferKind::DestinationCharge, payment),
            &passed_on,
        ))
    }

    /// The provider took a refund's part back from there, and gave the merchant's share of it back.
    pub fn destination_reversed(refund: &Refund, payment: &Payment) -> Option<Self> {
        let about = about_refund(TransferKind::DestinationReversal, refund);
        passed_on(payment, refund.reversed_minor).map(|movement| Self::post(about, &movement.back()))
    }

    /// The refund came back: its part is the other account's again.
    pub fn destination_restored(refund: &Refund, payment: &Payment) -> Option<Self> {
        let about = about_refund(TransferKind::DestinationRestored, refund);
        passed_on(payment, refund.reversed_minor).map(|movement| Self::post(about, &movement))
    }

    /// The refund's amount is set aside before the provider is asked to give it back.
    pub fn refund_reserved(refund: &Refund, payment: &Payment) -> Self {
        Self::reserve(
            about_refund(TransferKind::Refund, refund),
            &reservation(refund, payment),
        )
    }

    /// The reserved amount was given back.
    pub fn refund_posted(refund: &Refund, payment: &Payment) -> Self {
        let given_back = movement(holder(payment), paid_from(payment), refund.money);
        Self::post_reserved(
            about_refund(TransferKind::Refund, refund),
            &reservation(refund, payment),
            &given_back,
        )
    }

    /// The refund was not made: what was set aside is free again.
    pub fn refund_voided(refund: &Refund, payment: &Payment) -> Self {
        Self::void(
            about_refund(TransferKind::Refund, refund),
            &reservation(refund, payment),
        )
    }

    /// The refund had succeeded and then failed: the money is back.
    pub fn refund_returned(refund: &Refund, payment: &Payment) -> Self {
        Self::post(
            about_refund(TransferKind::RefundReturned, refund),
            &movement(paid_from(payment), holder(payment), refund.money),
        )
    }

    /// A bank withheld the disputed amount.
    pub fn dispute_opened(dispute: &Dispute) -> Self {
        let (balance, disputed) = dispute_accounts(dispute);
        Self::post(
            about_dispute(TransferKind::Dispute, dispute),
            &movement(balance, disputed, dispute.money),
        )
    }

    /// The disputed amount is the merchant's again.
    pub fn dispute_won(dispute: &Dispute) -> Self {
        let (balance, disputed) = dispute_accounts(dispute);
        Self::post(
            about_dispute(TransferKind::DisputeWon, dispute),
            &movement(disputed, balance, dispute.money),
        )
    }

    /// The disputed amount has gone back to the payer.
    pub fn dispute_lost(dispute: &Dispute) -> Self {
        let (_, disputed) = dispute_accounts(dispute);
        let clearing =
            Account::provider_clearing(dispute.merchant_id, dispute.channel, dispute.money.currency);
        Self::post(
            about_dispute(TransferKind::DisputeLost, dispute),
            &movement(disputed, clearing, dispute.money),
        )
    }
}

impl Transfer {
    /// A person corrected a wallet by this much, in its minor units; negative to take. `subject` is the wish's id.
    pub fn wallet_adjusted(wallet: &Wallet, amount_minor: i64, subject: String) -> Self {
        let adjustments = Account::adjustments(wallet.merchant_id, wallet.currency);
        let corrected = Movement {
            from: adjustments,
            to: wallet.account(),
            amount_minor,
        };
        Self::post(about_wallets(TransferKind::WalletAdjustment, subject), &corrected)
    }

    /// Money went from one wallet to another of the same merchant and currency. `subject` is the wish's id.
    pub fn wallet_transferred(from: &Wallet, to: &Wallet, amount_minor: i64, subject: String) -> Self {
        let moved = Movement {
            from: from.account(),
            to: to.account(),
            amount_minor,
        };
        Self::post(about_wallets(TransferKind::WalletTransfer, subject), &moved)
    }

    /// The held amount is set aside in the wallet.
    pub fn hold_reserved(hold: &Hold) -> Self {
        Self::reserve(about_hold(hold), &kept(hold))
    }

    /// The merchant took what it captured; the rest is free again.
    pub fn hold_captured(hold: &Hold) -> Self {
        let taken = Movement {
            to: Account::merchant_balance(hold.merchant_id, hold.currency),
            amount_minor: hold.captured_minor,
            ..kept(hold)
        };
        Self::post_reserved(about_hold(hold), &kept(hold), &taken)
    }

    /// All of the hold is free again.
    pub fn hold_released(hold: &Hold) -> Self {
        Self::void(about_hold(hold), &kept(hold))
    }

    /// The withdrawal's amount is set aside in the wallet.
    pub fn withdrawal_reserved(withdrawal: &Withdrawal) -> Self {
        Self::reserve(about_withdrawal(withdrawal), &set_aside(withdrawal))
    }

    /// The merchant paid it out of its own: what was set aside is the merchant's.
    pub fn withdrawal_completed(withdrawal: &Withdrawal) -> Self {
        let paid = Movement {
            to: Account::merchant_balance(withdrawal.merchant_id, withdrawal.currency),
            ..set_aside(withdrawal)
        };
        Self::post_reserved(about_withdrawal(withdrawal), &set_aside(withdrawal), &paid)
    }

    /// A provider paid it out of what it holds for the merchant.
    pub fn withdrawal_sent(withdrawal: &Withdrawal, channel: Channel) -> Self {
        let paid = Movement {
            to: Account::provider_clearing(withdrawal.merchant_id, channel, withdrawal.currency),
            ..set_aside(withdrawal)
        };
        Self::post_reserved(about_withdrawal(withdrawal), &set_aside(withdrawal), &paid)
    }

    /// It is not paid out: what was set aside is free again.
    pub fn withdrawal_given_up(withdrawal: &Withdrawal) -> Self {
        Self::void(about_withdrawal(withdrawal), &set_aside(withdrawal))
    }
}

fn kept(hold: &Hold) -> Movement {
    Movement {
        from: Account::customer_wallet(hold.merchant_id, &hold.user_id, hold.currency),
        to: Account::wallet_holds(hold.merchant_id, hold.currency),
        amount_minor: hold.amount_minor,
    }
}

fn set_aside(withdrawal: &Withdrawal) -> Movement {
    let (merchant_id, currency) = (withdrawal.merchant_id, withdrawal.currency);
    Movement {
        from: Account::customer_wallet(merchant_id, &withdrawal.user_id, currency),
        to: Account::wallet_holds(merchant_id, currency),
        amount_minor: withdrawal.amount_minor,
    }
}

fn about_hold(hold: &Hold) -> About {
    about_wallets(TransferKind::WalletHold, hold.id.to_string())
}

fn about_withdrawal(withdrawal: &Withdrawal) -> About {
    about_wallets(TransferKind::WalletWithdrawal, withdrawal.id.to_string())
}

/// So much of a payment goes on to its destination; none when that is nothing.
fn passed_on(payment: &Payment, amount_minor: i64) -> Option<Movement> {
    (amount_minor > 0).then(|| Movement {
        from: holder(payment),
        to: paid_from(payment),
        amount_minor,
    })
}

const fn about_wallets(kind: TransferKind, subject: String) -> About {
    About {
        kind,
        payment_id: None,
        subject,
    }
}

fn dispute_accounts(dispute: &Dispute) -> (Account, Account) {
    let (merchant_id, currency) = (dispute.merchant_id, dispute.money.currency);
    (
        Account::merchant_balance(merchant_id, currency),
        Account::disputes(merchant_id, currency),
    )
}

/// Where the money of a payment comes from, and where its refunds go: what the provider holds, or the payer's wallet. No
/// payment goes through a wallet without saying whose.
fn paid_from(payment: &Payment) -> Account {
    let (merchant_id, currency) = (payment.merchant_id, payment.money.currency);
    match (payment.channel, &payment.request.user_id) {
        (Channel::Wallet, Some(user)) => Account::customer_wallet(merchant_id, user, currency),
        (channel, _) => Account::provider_clearing(merchant_id, channel, currency),
    }
}

/// Whose the money of a payment is, and who gives it back: the merchant, or the wallet that it was paid into.
fn holder(payment: &Payment) -> Account {
    let (merchant_id, currency) = (payment.merchant_id, payment.money.currency);
    match &payment.paid_into {
        Some(user) => Account::customer_wallet(merchant_id, user, currency),
        None => Account::merchant_balance(merchant_id, currency),
    }
}

fn reservation(refund: &Refund, payment: &Payment) -> Movement {
    movement(
        holder(payment),
        Account::refunds_pending(refund.merchant_id, refund.money.currency),
        refund.money,
    )
}

fn movement(from: Account, to: Account, money: Money) -> Movement {
    Movement {
        from,
        to,
        amount_minor: money.amount_minor,
    }
}

fn about_payment(kind: TransferKind, payment: &Payment) -> About {
    About {
        kind,
        payment_id: Some(payment.id),
        subject: payment.id.to_string(),
    }
}

fn about_refund(kind: TransferKind, refund: &Refund) -> About {
    About {
        kind,
        payment_id: Some(refund.payment_id),
        subject: refund.id.to_string(),
    }
}

fn about_dispute(kind: TransferKind, dispute: &Dispute) -> About {
    About {
        kind,
        payment_id: Some(dispute.payment_id),
        subject: dispute.id.to_string(),
    }
}
