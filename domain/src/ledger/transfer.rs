//! Transfers: balanced sets of postings.

use crate::{
    id::{MerchantId, PaymentId, TransferId},
    ledger::Account,
};

/// What a transfer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferKind {
    /// A payer paid.
    Payment,
    /// Money was given back, or is reserved for that.
    Refund,
    /// A refund came back after it had succeeded.
    RefundReturned,
    /// A provider kept its fee.
    Fee,
    /// A bank withheld disputed money.
    Dispute,
    /// A dispute was decided for the merchant.
    DisputeWon,
    /// A dispute was decided for the payer.
    DisputeLost,
    /// Money of a payment went on to another account.
    DestinationCharge,
    /// It was taken back for a refund.
    DestinationReversal,
    /// That refund came back.
    DestinationRestored,
    /// A payment was paid into a wallet.
    WalletTopUp,
    /// Money went from one wallet to another.
    WalletTransfer,
    /// Money of a wallet is held for the merchant, who may take it.
    WalletHold,
    /// Money of a wallet goes to its owner.
    WalletWithdrawal,
    /// A person corrected a wallet.
    WalletAdjustment,
}

impl TransferKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Payment,
        Self::Refund,
        Self::RefundReturned,
        Self::Fee,
        Self::Dispute,
        Self::DisputeWon,
        Self::DisputeLost,
        Self::DestinationCharge,
        Self::DestinationReversal,
        Self::DestinationRestored,
        Self::WalletTopUp,
        Self::WalletTransfer,
        Self::WalletHold,
        Self::WalletWithdrawal,
        Self::WalletAdjustment,
    ];

    /// The name used in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::RefundReturned => "refund_returned",
            Self::Fee => "fee",
            Self::Dispute => "dispute",
            Self::DisputeWon => "dispute_won",
            Self::DisputeLost => "dispute_lost",
            Self::DestinationCharge => "destination_charge",
            Self::DestinationReversal => "destination_reversal",
            Self::DestinationRestored => "destination_restored",
            Self::WalletTopUp => "wallet_top_up",
            Self::WalletTransfer => "wallet_transfer",
            Self::WalletHold => "wallet_hold",
            Self::WalletWithdrawal => "wallet_withdrawal",
            Self::WalletAdjustment => "wallet_adjustment",
        }
    }
}

/// How far a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// It reserves money that another transfer will post, void or let expire.
    Pending,
    /// It moves money; of a reservation, if it resolves one.
    Posted,
    /// It gives a reservation back, because what it was for was not done.
    Voided,
    /// It gives a reservation back, because nobody resolved it in time.
    Expired,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Posted, Self::Voided, Self::Expired];

    /// The name used in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Posted => "posted",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }
}

/// What a posting counts towards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Money that moved.
    Posted,
    /// Money that is reserved.
    Pending,
}

impl Layer {
    /// The name used in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Pending => "pending",
        }
    }
}

/// One account's share of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// What it counts towards.
    pub layer: Layer,
    /// How much the account gains, in minor units of its currency; negative when it gives.
    pub amount_minor: i64,
}

/// A balanced set of postings about one thing. It can only be made balanced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its id, derived from kind, phase and subject: the same movement has the same id, and the ledger takes it once.
    pub id: TransferId,
    /// Whose books it is in.
    pub merchant_id: MerchantId,
    /// What it is for.
    pub kind: TransferKind,
    /// How far it goes.
    pub phase: Phase,
    /// The reservation that it resolves.
    pub resolves: Option<TransferId>,
    /// The id of the payment, refund, dispute or wish about a wallet that it is about.
    pub subject: String,
    /// The payment it belongs to; none where only wallets are concerned.
    pub payment_id: Option<PaymentId>,
    /// Its postings; for each currency and layer they sum to zero.
    pub postings: Vec<Posting>,
}

/// What a transfer is about.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub kind: TransferKind,
    pub payment_id: Option<PaymentId>,
    pub subject: String,
}

/// An amount on its way from one account to another, in their currency's minor unit.
#[derive(Debug, Clone)]
pub(super) struct Movement {
    pub from: Account,
    pub to: Account,
    pub amount_minor: i64,
}

impl Movement {
    fn postings(&self, layer: Layer) -> [Posting; 2] {
        let share = |account: &Account, amount_minor| Posting {
            account: account.clone(),
            layer,
            amount_minor,
        };
        [
            share(&self.from, -self.amount_minor),
            share(&self.to, self.amount_minor),
        ]
    }

    /// The same the other way.
    pub(super) fn back(self) -> Self {
        Self {
            from: self.to,
            to: self.from,
            ..self
        }
    }

    fn taken_back(&self) -> [Posting; 2] {
        let back = Self {
            amount_minor: -self.amount_minor,
            ..self.clone()
        };
        back.postings(Layer::Pending)
    }
}

impl Transfer {
    /// Moves money at once.
    pub(super) fn post(about: About, movement: &Movement) -> Self {
        let postings = movement.postings(Layer::Posted).into();
        Self::new(about, Phase::Posted, None, postings)
    }

    /// Reserves money.
    pub(super) fn reserve(about: About, movement: &Movement) -> Self {
        let postings = movement.postings(Layer::Pending).into();
        Self::new(about, Phase::Pending, None, postings)
    }

    /// Takes the reservation of the same thing back and moves the money.
    pub(super) fn post_reserved(about: About, reserved: &Movement, movement: &Movement) -> Self {
        let back = reserved.taken_back().into_iter();
        let postings = back.chain(movement.postings(Layer::Posted)).collect();
        let resolves = Some(about.reservation());
        Self::new(about, Phase::Posted, resolves, postings)
    }

    /// Takes the reservation of the same thing back.
    pub(super) fn void(about: About, reserved: &Movement) -> Self {
        let resolves = Some(about.reservation());
        Self::new(about, Phase::Voided, resolves, reserved.taken_back().into())
    }

    fn new(about: About, phase: Phase, resolves: Option<TransferId>, postings: Vec<Posting>) -> Self {
        let merchant_id = postings[0].account.merchant_id;
        Self {
            id: about.id(phase),
            merchant_id,
            kind: about.kind,
            phase,
            resolves,
            payment_id: about.payment_id,
            subject: about.subject,
            postings,
        }
    }
}

impl About {
    fn id(&self, phase: Phase) -> TransferId {
        TransferId::derive(self.kind.name(), phase.name(), &self.subject)
    }

    fn reservation(&self) -> TransferId {
        self.id(Phase::Pending)
    }
}
