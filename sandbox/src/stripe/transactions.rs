//! Balance transactions: one line for each movement of money on the account, from which statements are made.
//!
//! A line is entered where the money moves and nowhere else, and nothing but an injected difference changes it.

use serde_json::{Value, json};

use super::book::{Book, created};
use super::errors::{Answered, ApiError};
use crate::clock;

/// How long the provider keeps money before it is available.
const HELD_S: i64 = 2 * 86_400;

/// What a dispute costs, in minor units of whatever currency.
pub const DISPUTE_FEE: i64 = 1_500;

/// Why money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// A card was charged.
    Charge,
    /// A payer paid by other means than a card.
    Payment,
    /// A charge was given back.
    Refund,
    /// A payment by other means than a card was given back.
    PaymentRefund,
    /// A refund came back.
    RefundFailure,
    /// A dispute withheld money.
    Dispute,
    /// A dispute that was won gave it back.
    DisputeReversal,
    /// Money went to a connected account.
    Transfer,
    /// It was taken back from there.
    TransferReversal,
    /// The platform kept its fee of a charge.
    ApplicationFee,
    /// It gave it back.
    ApplicationFeeRefund,
}

impl Movement {
    /// `type`
    pub fn kind(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::PaymentRefund => "payment_refund",
            Self::RefundFailure => "refund_failure",
            Self::Dispute | Self::DisputeReversal => "adjustment",
            Self::Transfer => "transfer",
            Self::TransferReversal => "transfer_refund",
            Self::ApplicationFee => "application_fee",
            Self::ApplicationFeeRefund => "application_fee_refund",
        }
    }

    /// `reporting_category`, which Stripe advises accountants to go by.
    fn category(self) -> &'static str {
        match self {
            Self::Charge | Self::Payment => "charge",
            Self::Refund | Self::PaymentRefund => "refund",
            Self::RefundFailure => "refund_failure",
            Self::Dispute => "dispute",
            Self::DisputeReversal => "dispute_reversal",
            Self::Transfer => "transfer",
            Self::TransferReversal => "transfer_reversal",
            Self::ApplicationFee => "platform_earning",
            Self::ApplicationFeeRefund => "platform_earning_refund",
        }
    }

    fn description(self) -> Option<&'static str> {
        match self {
            Self::Charge
            | Self::Payment
            | Self::Transfer
            | Self::TransferReversal
            | Self::ApplicationFee
            | Self::ApplicationFeeRefund => None,
            Self::Refund | Self::PaymentRefund => Some("REFUND FOR CHARGE"),
            Self::RefundFailure => Some("REFUND FAILURE"),
            Self::Dispute => Some("Chargeback withdrawal"),
            Self::DisputeReversal => Some("Chargeback reversal"),
        }
    }
}

/// What the provider keeps of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeRate {
    /// Of the amount, in hundredths of a per cent.
    pub bps: i64,
    /// Besides, in minor units of whatever currency.
    pub fixed_minor: i64,
}

impl Default for FeeRate {
    /// 2.9 % and 30.
    fn default() -> Self {
        Self {
            bps: 290,
            fixed_minor: 30,
        }
    }
}

impl FeeRate {
    /// The fee of this amount in a currency whose amounts are multiples of `multiple`: the nearest one, the higher of two.
    pub fn of(self, amount: i64, multiple: i64) -> i64 {
        let ten_thousandths = amount * self.bps + self.fixed_minor * 10_000;
        (ten_thousandths + 5_000 * multiple).div_euclid(10_000 * multiple) * multiple
    }
}

/// A movement of money.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// `txn_…`
    pub id: String,
    /// When it was entered.
    pub created: i64,
    /// Why the money moved.
    pub movement: Movement,
    /// The charge, refund or dispute that moved it.
    pub source: String,
    /// How much moved, in minor units; negative when it left the account.
    pub amount: i64,
    /// What the provider kept.
    pub fee: i64,
    /// Lower-case currency.
    pub currency: String,
}

impl Transaction {
    /// The `balance_transaction` object.
    pub fn render(&self) -> Value {
        let available_on = self.created + HELD_S;
        let fees = (self.fee != 0).then(|| {
            json!({
                "amount": self.fee, "application": null, "currency": self.currency,
                "description": "Stripe processing fees", "type": "stripe_fee",
            })
        });
        json!({
            "id": self.id, "object": "balance_transaction", "amount": self.amount, "available_on": available_on,
            "balance_type": "payments", "created": self.created, "currency": self.currency,
            "description": self.movement.description(), "exchange_rate": null, "fee": self.fee,
            "fee_details": fees.into_iter().collect::<Vec<_>>(), "net": self.amount - self.fee,
            "reporting_category": self.movement.category(), "source": self.source,
            "status": if available_on <= created() { "available" } else { "pending" }, "type": self.movement.kind(),
        })
    }
}

/// A movement that is to be entered.
pub struct Entry<'a> {
    /// Why the money moves.
    pub movement: Movement,
    /// The object that moves it.
    pub source: &'a str,
    /// How much moves; negative when it leaves the account.
    pub amount: i64,
    /// What the provider keeps.
    pub fee: i64,
    /// Lower-case currency.
    pub currency: &'a str,
}

impl Book {
    /// Enters a movement of money and answers its id.
    pub fn enter(&mut self, entry: &Entry<'_>) -> String {
        let id = clock::object_id("txn_3");
        let transaction = Transaction {
            id: id.clone(),
            created: created(),
            movement: entry.movement,
            source: entry.source.to_owned(),
            amount: entry.amount,
            fee: entry.fee,
            currency: entry.currency.to_owned(),
        };
        self.transactions.insert(&id, transaction);
        id
    }

    /// The movement as an answer.
    pub fn show_transaction(&self, id: &str) -> Answered {
        self.transactions
            .get(id)
            .map(Transaction::render)
            .ok_or_else(|| ApiError::no_such("balance transaction", id, "id"))
    }
}

#[cfg(test)]
mod tests {
    use super::FeeRate;

    #[test]
    fn fees_round_to_what_the_currency_can_pay_and_a_half_up() {
        let rate = FeeRate::default();
        let of = |amount| rate.of(amount, 1);
        assert_eq!((of(2000), of(1999), of(50)), (88, 88, 31));
        // 435.30 kronur are 435.
        assert_eq!(rate.of(1_500_000, 100), 43_500);
        let half = FeeRate {
            bps: 100,
            fixed_minor: 0,
        };
        assert_eq!((half.of(149, 1), half.of(150, 1), half.of(151, 1)), (1, 2, 2));
        assert_eq!((half.of(4_999, 100), half.of(5_000, 100)), (0, 100));
    }
}
