//! What can be meant to happen to a payment.

mod script;

use crate::journal::Provider;
use script::{OPEN, PAID, PAID_LATER, in_short_time, paid_at, paid_with, sent, then};
pub(super) use script::{Part, SHORT, Script, Sending, Then};

/// What is meant to happen to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Story {
    /// A card in the request is charged at once.
    PaidAtOnce,
    /// A card in the request is declined.
    DeclinedAtOnce,
    /// The payer pays after the payment was created.
    PaidLater,
    /// The payer's card is declined.
    Declined,
    /// The payer's first card is declined, the second one pays.
    SecondCard,
    /// The payer's card asks for 3-D Secure, which is passed.
    Authenticated,
    /// The payer never comes.
    NeverPaid,
    /// The same request is sent again after it was answered.
    SentTwice,
    /// The same request is sent twice at the same moment.
    SentTwiceAtOnce,
    /// Another request is sent under the same key when the first one was answered.
    OtherBody,
    /// Another request is sent under the same key at the same moment.
    OtherBodyAtOnce,
    /// The client waits for the finished payment.
    Waiting,
    /// All of it is given back.
    Refunded,
    /// It is given back in two parts, one after the other.
    RefundedInParts,
    /// It is given back in two parts at the same moment.
    RefundedInPartsAtOnce,
    /// All of it is asked back twice at the same moment, under two keys: only one can have it.
    RefundedTwiceAtOnce,
    /// One refund is asked for three times under one key: twice at the same moment, and again later.
    RefundSentAgain,
    /// More is asked back than was paid.
    RefundTooLarge,
    /// A payment is asked back that nobody has paid.
    RefundUnpaid,
    /// The provider accepts the refund and makes it later.
    RefundLate,
    /// The refund fails after it had succeeded.
    RefundFails,
    /// The merchant calls it off before anybody pays.
    Canceled,
    /// The merchant calls it off as soon as it is accepted.
    CanceledAtOnce,
    /// The merchant calls it off three times under one key: twice at the same moment, and again later.
    CancelSentAgain,
    /// The merchant calls it off while the payer pays.
    CancelMeetsPayer,
    /// The merchant's server pays it with a card.
    Confirmed,
    /// The merchant's server tries a card that is declined, and then another one.
    ConfirmedBySecondCard,
    /// Nobody pays it in time.
    Expired,
    /// The payer pays at the moment when time is up.
    ExpiryMeetsPayer,
    /// The payer's bank takes it back, and gives it back.
    DisputeWon,
    /// The payer's bank takes it back for good.
    DisputeLost,
    /// The payer scans Alipay's code and pays.
    AlipayPaid,
    /// The same, and all of it is given back.
    AlipayRefunded,
    /// The same, in two parts, between which Alipay wants some time.
    AlipayRefundedInParts,
    /// The merchant calls it off before anybody scans Alipay's code.
    AlipayCanceled,
    /// The merchant calls it off while the payer scans Alipay's code, which nobody can take back.
    AlipayCancelMeetsPayer,
    /// Nobody scans Alipay's code.
    AlipayNeverPaid,
    /// The payer scans WeChat Pay's code and pays.
    WechatPaid,
    /// The same, and all of it is given back.
    WechatRefunded,
    /// The same, in two parts, between which WeChat Pay wants much time.
    WechatRefundedInParts,
    /// The merchant calls it off before anybody scans WeChat Pay's code.
    WechatCanceled,
    /// The merchant calls it off while the payer scans WeChat Pay's code.
    WechatCancelMeetsPayer,
    /// The payer approves the order at PayPal, and its money is captured.
    PaypalPaid,
    /// The same, and all of it is given back.
    PaypalRefunded,
    /// The payer never comes to PayPal.
    PaypalNeverPaid,
    /// A card fills a wallet.
    TopUp,
    /// The same, and half of it is given back, which is held in the wallet until then.
    TopUpTakenBack,
    /// A wallet pays, and half of it goes back into the wallet, then all that is left.
    FromWallet,
    /// A wallet pays, or does not, because something else was faster.
    FromWalletInVain,
}

pub(super) const VISA: &str = "pm_card_visa";
pub(super) const DECLINED: &str = "pm_card_chargeDeclined";
const NEEDS_AUTHENTICATION: &str = "pm_card_authenticationRequired";
const REFUNDED_LATE: &str = "pm_card_pendingRefund";
pub(super) const REFUND_FAILS: &str = "pm_card_refundFail";

/// The payer pays with Alipay, with WeChat Pay, and with PayPal.
const BY_ALIPAY: Script = paid_at(Provider::Alipay, &["a code of Alipay"]);
const BY_WECHAT: Script = paid_at(Provider::Wechat, &["a code of WeChat Pay"]);
const BY_PAYPAL: Script = paid_at(Provider::Paypal, &["an approval at PayPal"]);
/// A wallet pays, which takes no payer.
const FROM_WALLET: Script = paid_at(Provider::Wallet, &[]);

/// Whether this card never pays.
pub fn is_declined(card: &str) -> bool {
    card == DECLINED
}

impl Story {
    /// The stories that need no wallet, those that money moves in more often.
    pub const SHARES: [(Self, u32); 45] = [
        (Self::PaidAtOnce, 3),
        (Self::DeclinedAtOnce, 1),
        (Self::PaidLater, 3),
        (Self::Declined, 1),
        (Self::SecondCard, 2),
        (Self::Authenticated, 1),
        (Self::NeverPaid, 1),
        (Self::SentTwice, 2),
        (Self::SentTwiceAtOnce, 2),
        (Self::OtherBody, 1),
        (Self::OtherBodyAtOnce, 1),
        (Self::Waiting, 2),
        (Self::Refunded, 2),
        (Self::RefundedInParts, 2),
        (Self::RefundedInPartsAtOnce, 2),
        (Self::RefundedTwiceAtOnce, 3),
        (Self::RefundSentAgain, 2),
        (Self::RefundTooLarge, 1),
        (Self::RefundUnpaid, 1),
        (Self::RefundLate, 2),
        (Self::RefundFails, 2),
        (Self::Canceled, 1),
        (Self::CanceledAtOnce, 1),
        (Self::CancelSentAgain, 1),
        (Self::CancelMeetsPayer, 2),
        (Self::Confirmed, 1),
        (Self::ConfirmedBySecondCard, 1),
        (Self::Expired, 1),
        (Self::ExpiryMeetsPayer, 2),
        (Self::DisputeWon, 1),
        (Self::DisputeLost, 1),
        (Self::AlipayPaid, 3),
        (Self::AlipayRefunded, 2),
        (Self::AlipayRefundedInParts, 1),
        (Self::AlipayCanceled, 1),
        (Self::AlipayCancelMeetsPayer, 1),
        (Self::AlipayNeverPaid, 1),
        (Self::WechatPaid, 3),
        (Self::WechatRefunded, 2),
        (Self::WechatRefundedInParts, 1),
        (Self::WechatCanceled, 1),
        (Self::WechatCancelMeetsPayer, 1),
        (Self::PaypalPaid, 3),
        (Self::PaypalRefunded, 2),
        (Self::PaypalNeverPaid, 1),
    ];

    pub(super) const fn script(self) -> Script {
        match self {
            Self::PaidAtOnce => PAID,
            Self::DeclinedAtOnce => Script {
                card: Some(DECLINED),
                ..OPEN
            },
            Self::PaidLater => PAID_LATER,
            Self::Declined => paid_with(&[DECLINED]),
            Self::SecondCard => paid_with(&[DECLINED, VISA]),
            Self::Authenticated => paid_with(&[NEEDS_AUTHENTICATION]),
            Self::NeverPaid => OPEN,
            Self::SentTwice => sent(Sending::Twice, PAID_LATER),
            Self::SentTwiceAtOnce => sent(Sending::TwiceAtOnce, PAID),
            Self::OtherBody => sent(Sending::OtherBody, PAID_LATER),
            Self::OtherBodyAtOnce => sent(Sending::OtherBodyAtOnce, PAID),
            Self::Waiting => sent(Sending::Waiting, PAID),
            Self::Refunded => then(Then::Refund(&[Part::Rest]), PAID_LATER),
            Self::RefundedInParts => then(Then::Refund(&[Part::Half, Part::Rest]), PAID),
            Self::RefundedInPartsAtOnce => then(Then::RefundAtOnce(Part::Half), PAID),
            Self::RefundedTwiceAtOnce => then(Then::RefundAtOnce(Part::Rest), PAID),
            Self::RefundSentAgain => then(Then::RefundAgain, PAID),
            Self::RefundTooLarge => then(Then::Refund(&[Part::TooMuch]), PAID),
            Self::RefundUnpaid => then(Then::Refund(&[Part::Rest]), OPEN),
            Self::RefundLate => then(Then::Refund(&[Part::Half]), paid_with(&[REFUNDED_LATE])),
            Self::RefundFails => then(Then::Refund(&[Part::Rest]), paid_with(&[REFUND_FAILS])),
            Self::Canceled => then(Then::Cancel, OPEN),
            Self::CanceledAtOnce => then(Then::CancelAtOnce, OPEN),
            Self::CancelSentAgain => then(Then::CancelAgain, OPEN),
            Self::CancelMeetsPayer => then(Then::CancelMeetsPayer, OPEN),
            Self::Confirmed => then(Then::Confirm(&[VISA]), OPEN),
            Self::ConfirmedBySecondCard => then(Then::Confirm(&[DECLINED, VISA]), OPEN),
            Self::Expired => in_short_time(Then::Expire),
            Self::ExpiryMeetsPayer => in_short_time(Then::ExpiryMeetsPayer),
            Self::DisputeWon => then(Then::Dispute { won: true }, PAID),
            Self::DisputeLost => then(Then::Dispute { won: false }, PAID),
            Self::AlipayPaid => BY_ALIPAY,
            Self::AlipayRefunded => then(Then::Refund(&[Part::Rest]), BY_ALIPAY),
            Self::AlipayRefundedInParts => then(Then::Refund(&[Part::Half, Part::Rest]), BY_ALIPAY),
            Self::AlipayCanceled => then(Then::Cancel, paid_at(Provider::Alipay, &[])),
            Self::AlipayCancelMeetsPayer => then(Then::CancelMeetsPayer, paid_at(Provider::Alipay, &[])),
            Self::AlipayNeverPaid => paid_at(Provider::Alipay, &[]),
            Self::WechatPaid => BY_WECHAT,
            Self::WechatRefunded => then(Then::Refund(&[Part::Rest]), BY_WECHAT),
            Self::WechatRefundedInParts => then(Then::Refund(&[Part::Half, Part::Rest]), BY_WECHAT),
            Self::WechatCanceled => then(Then::Cancel, paid_at(Provider::Wechat, &[])),
            Self::WechatCancelMeetsPayer => then(Then::CancelMeetsPayer, paid_at(Provider::Wechat, &[])),
            Self::PaypalPaid => BY_PAYPAL,
            Self::PaypalRefunded => then(Then::Refund(&[Part::Rest]), BY_PAYPAL),
            Self::PaypalNeverPaid => paid_at(Provider::Paypal, &[]),
            Self::TopUp => PAID,
            Self::TopUpTakenBack => then(Then::Refund(&[Part::Half]), PAID),
            Self::FromWallet => then(Then::Refund(&[Part::Half, Part::Rest]), FROM_WALLET),
            Self::FromWalletInVain => FROM_WALLET,
        }
    }
}
