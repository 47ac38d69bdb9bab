//! What can be meant to happen to an order for goods.

use super::story::{DECLINED, REFUND_FAILS, VISA};

/// What is meant to happen to an order for goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SaleStory {
    /// It is asked for twice at the same moment, and paid.
    SentTwiceAtOnce,
    /// It is paid, sent, and arrives.
    Delivered,
    /// The first card is declined, the second one pays.
    SecondCard,
    /// Two payments of it are begun at the same moment, each with a good card: it takes one.
    PaidTwiceAtOnce,
    /// One payment is begun three times under one key: twice at the same moment, and again later.
    PaySentAgain,
    /// Its payer comes and pays.
    PaidByPayer,
    /// Two payments of it are open, and both are paid at the same moment: it takes one.
    PaidByTwoPayers,
    /// Nobody pays it.
    NeverPaid,
    /// It is called off before its payer comes.
    Canceled,
    /// It is called off while a card is charged.
    CancelMeetsCard,
    /// It is called off while its payer pays.
    CancelMeetsPayer,
    /// One cup is given back, then all that is left.
    RefundedByItem,
    /// All of it is asked back twice at the same moment, under two keys: only one can have it.
    RefundedTwiceAtOnce,
    /// One refund is asked for three times under one key: twice at the same moment, and again later.
    RefundSentAgain,
    /// One cup is given back, and the rest is sent and arrives.
    RefundedAndDelivered,
    /// One cup is asked back at the moment when all of it is sent.
    RefundMeetsShipping,
    /// The refund fails after it had succeeded.
    RefundFails,
    /// Its customer pays it from a wallet, which gets one cup's price back, then all that is left.
    FromWallet,
}

/// What its merchant and its payers do with an order, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// A payment is begun with this card.
    Pay(&'static str),
    /// It is paid from its customer's wallet.
    PayFromWallet,
    /// Two payments are begun at the same moment, each under a key of its own.
    PayTwiceAtOnce,
    /// A payment is begun twice at the same moment and again later, under one key.
    PayAgain,
    /// So many payments are opened; then all are paid by their payers at the same moment.
    PayersPay(usize),
    /// A payment is opened that nobody pays.
    Open,
    /// The order is called off.
    Cancel,
    /// It is called off while a payment is begun with a card.
    CancelMeetsCard,
    /// It is called off while the payer of an open payment pays.
    CancelMeetsPayer,
    /// This much is given back.
    Refund(Part),
    /// All that is left is asked back twice at the same moment, each under a key of its own.
    RefundTwiceAtOnce,
    /// All that is left is asked back twice at the same moment and again later, under one key.
    RefundAgain,
    /// One cup is asked back at the moment when the order is sent.
    RefundMeetsShipping,
    /// It is sent, and arrives.
    Deliver,
}

/// A part of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// One of the cups.
    Cup,
    /// All that is left, without saying what.
    Rest,
}

impl SaleStory {
    /// All that need nothing but the order.
    pub const ALL: [Self; 17] = [
        Self::SentTwiceAtOnce,
        Self::Delivered,
        Self::SecondCard,
        Self::PaidTwiceAtOnce,
        Self::PaySentAgain,
        Self::PaidByPayer,
        Self::PaidByTwoPayers,
        Self::NeverPaid,
        Self::Canceled,
        Self::CancelMeetsCard,
        Self::CancelMeetsPayer,
        Self::RefundedByItem,
        Self::RefundedTwiceAtOnce,
        Self::RefundSentAgain,
        Self::RefundedAndDelivered,
        Self::RefundMeetsShipping,
        Self::RefundFails,
    ];

    pub(super) const fn acts(self) -> &'static [Act] {
        match self {
            Self::SentTwiceAtOnce => &[Act::Pay(VISA)],
            Self::Delivered => &[Act::Pay(VISA), Act::Deliver],
            Self::SecondCard => &[Act::Pay(DECLINED), Act::Pay(VISA)],
            Self::PaidTwiceAtOnce => &[Act::PayTwiceAtOnce],
            Self::PaySentAgain => &[Act::PayAgain],
            Self::PaidByPayer => &[Act::PayersPay(1)],
            Self::PaidByTwoPayers => &[Act::PayersPay(2), Act::Deliver],
            Self::NeverPaid => &[Act::Open],
            Self::Canceled => &[Act::Open, Act::Cancel],
            Self::CancelMeetsCard => &[Act::CancelMeetsCard],
            Self::CancelMeetsPayer => &[Act::CancelMeetsPayer],
            Self::RefundedByItem => &[Act::Pay(VISA), Act::Refund(Part::Cup), Act::Refund(Part::Rest)],
            Self::RefundedTwiceAtOnce => &[Act::Pay(VISA), Act::RefundTwiceAtOnce],
            Self::RefundSentAgain => &[Act::Pay(VISA), Act::RefundAgain],
            Self::RefundedAndDelivered => &[Act::Pay(VISA), Act::Refund(Part::Cup), Act::Deliver],
            Self::RefundMeetsShipping => &[Act::Pay(VISA), Act::RefundMeetsShipping],
            Self::RefundFails => &[Act::Pay(REFUND_FAILS), Act::Refund(Part::Rest)],
            Self::FromWallet => &[
                Act::PayFromWallet,
                Act::Refund(Part::Cup),
                Act::Refund(Part::Rest),
            ],
        }
    }
}
