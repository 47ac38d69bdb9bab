//! Which points lie on the way of which work.

use failpoints::Point;

use super::{Case, Way, Work};

impl Work {
    /// The deaths that it has to survive.
    pub const fn cases(self) -> &'static [Case] {
        match self {
            Self::Request => REQUEST,
            Self::Callback => CALLBACK,
            Self::CreateIntent => CREATE_INTENT,
            Self::ProcessCallback => PROCESS_CALLBACK,
            Self::NotifyMerchant => NOTIFY_MERCHANT,
            Self::QueryPayment => QUERY_PAYMENT,
            Self::CreateRefund => CREATE_REFUND,
            Self::CreateAccount | Self::CreateTransfer => CONNECT,
            Self::QueryRefund => QUERY_REFUND,
            Self::CancelPayment => CANCEL_PAYMENT,
            Self::ConfirmPayment => CONFIRM_PAYMENT,
            Self::CapturePayment => CAPTURE_PAYMENT,
            Self::MovePayment => MOVE_PAYMENT,
            Self::ExpirePayment => EXPIRE_PAYMENT,
            Self::Reconcile => RECONCILE,
            Self::CreateWallet => CREATE_WALLET,
            Self::ChangeWallet => CHANGE_WALLET,
            Self::PayFromWallet => PAY_FROM_WALLET,
            Self::TopUp => TOP_UP,
            Self::RefundIntoWallet => REFUND_INTO_WALLET,
            Self::RefundOfTopUp => REFUND_OF_TOP_UP,
            Self::CaptureHold | Self::GiveToWallet => WALLET_MOVEMENT,
        }
    }
}

const REQUEST: &[Case] = &[
    Case::at(Point::IngressRequestRead),
    Case::at(Point::PublishBeforeSend),
    Case::at(Point::PublishSent),
    Case::at(Point::PublishConfirmed),
    Case::at(Point::IngressConfirmed),
    Case::at(Point::IngressRequestRead).on(Way::Waited),
    Case::at(Point::PublishBeforeSend).on(Way::Waited),
    Case::at(Point::PublishSent).on(Way::Waited),
    Case::at(Point::PublishConfirmed).on(Way::Waited),
];

const CALLBACK: &[Case] = &[
    Case::at(Point::IngressCallbackVerified),
    Case::at(Point::PublishBeforeSend),
    Case::at(Point::PublishSent),
    Case::at(Point::PublishConfirmed),
    Case::at(Point::IngressCallbackConfirmed),
];

/// A payment is recorded twice: when it is stored, and when its intent is known. The relay looks into the outbox once
/// when it starts; the commit of the second record wakes it again.
const CREATE_INTENT: &[Case] = &[
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::CreateIntentStored),
    Case::at(Point::ProviderBeforeCreate),
    Case::at(Point::ProviderCreated),
    Case::at(Point::CreateIntentAnswered),
    Case::at(Point::RecordBegin).after(1),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordBeforeCommit).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::OutboxBeforeClaim).after(1),
    Case::at(Point::OutboxClaimed),
    Case::at(Point::PublishBeforeSend),
    Case::at(Point::PublishSent),
    Case::at(Point::PublishConfirmed),
    Case::at(Point::OutboxPublished),
    Case::at(Point::OutboxBeforeCommit),
    Case::at(Point::OutboxCommitted),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
    Case::at(Point::ReplyBeforeSend).on(Way::Waited),
    Case::at(Point::ReplySent).on(Way::Waited),
    Case::at(Point::JobHandled).on(Way::Retried),
    Case::at(Point::JobWrittenDown).on(Way::Retried),
    Case::at(Point::SettleBeforeRetry).on(Way::Retried),
    Case::at(Point::PublishBeforeSend).on(Way::Retried),
    Case::at(Point::PublishSent).on(Way::Retried),
    Case::at(Point::PublishConfirmed).on(Way::Retried),
    Case::at(Point::SettleRetried).on(Way::Retried),
    Case::at(Point::CreateIntentCallNoted).on(Way::Retried),
    Case::at(Point::ProviderBeforeFind).on(Way::Asked),
    Case::at(Point::ProviderFound).on(Way::Asked),
    Case::at(Point::JobWrittenDown).on(Way::Parked),
    Case::at(Point::SettleBeforePark).on(Way::Parked),
    Case::at(Point::SettleParked).on(Way::Parked),
];

const PROCESS_CALLBACK: &[Case] = &[
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::ProcessCallbackOpened),
    Case::at(Point::ProcessCallbackApplied),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::OutboxBeforeClaim).after(1),
    Case::at(Point::OutboxClaimed),
    Case::at(Point::PublishBeforeSend),
    Case::at(Point::PublishSent),
    Case::at(Point::PublishConfirmed),
    Case::at(Point::OutboxPublished),
    Case::at(Point::OutboxBeforeCommit),
    Case::at(Point::OutboxCommitted),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
    Case::at(Point::SettleBeforeRetry).on(Way::Retried),
    Case::at(Point::SettleRetried).on(Way::Retried),
    Case::at(Point::JobWrittenDown).on(Way::Parked),
    Case::at(Point::SettleBeforePark).on(Way::Parked),
    Case::at(Point::PublishBeforeSend).on(Way::Parked),
    Case::at(Point::PublishSent).on(Way::Parked),
    Case::at(Point::PublishConfirmed).on(Way::Parked),
    Case::at(Point::SettleParked).on(Way::Parked),
];

const NOTIFY_MERCHANT: &[Case] = &[
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::NotifyBeforeSend),
    Case::at(Point::NotifySent),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
    Case::at(Point::JobWrittenDown).on(Way::Retried),
    Case::at(Point::SettleBeforeRetry).on(Way::Retried),
    Case::at(Point::PublishBeforeSend).on(Way::Retried),
    Case::at(Point::PublishSent).on(Way::Retried),
    Case::at(Point::PublishConfirmed).on(Way::Retried),
    Case::at(Point::SettleRetried).on(Way::Retried),
    Case::at(Point::JobWrittenDown).on(Way::Parked),
    Case::at(Point::SettleBeforePark).on(Way::Parked),
    Case::at(Point::SettleParked).on(Way::Parked),
];

/// The job that asks comes out of the outbox, and so does the news of what was learnt. When it is learnt that there is no
/// intent, the way differs only from the provider's answer on.
const QUERY_PAYMENT: &[Case] = &[
    Case::at(Point::SweepBeforeClaim),
    Case::at(Point::SweepClaimed),
    Case::at(Point::SweepBeforeCommit),
    Case::at(Point::SweepCommitted),
    Case::at(Point::OutboxBeforeClaim).after(1),
    Case::at(Point::OutboxClaimed),
    Case::at(Point::PublishBeforeSend),
    Case::at(Point::PublishSent),
    Case::at(Point::PublishConfirmed),
    Case::at(Point::OutboxPublished),
    Case::at(Point::OutboxBeforeCommit),
    Case::at(Point::OutboxCommitted),
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::ProviderBeforeFind),
    Case::at(Point::ProviderFound),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
    Case::at(Point::ProviderFound).on(Way::Absent),
    Case::at(Point::QueryPaymentAbsent).on(Way::Absent),
    Case::at(Point::RecordBegin).on(Way::Absent),
    Case::at(Point::RecordGuarded).on(Way::Absent),
    Case::at(Point::RecordBeforeCommit).on(Way::Absent),
    Case::at(Point::RecordCommitted).on(Way::Absent),
    Case::at(Point::OutboxClaimed).after(1).on(Way::Absent),
    Case::at(Point::PublishBeforeSend).after(1).on(Way::Absent),
    Case::at(Point::PublishSent).after(1).on(Way::Absent),
    Case::at(Point::PublishConfirmed).after(1).on(Way::Absent),
    Case::at(Point::OutboxPublished).after(1).on(Way::Absent),
    Case::at(Point::OutboxBeforeCommit).after(1).on(Way::Absent),
    Case::at(Point::OutboxCommitted).after(1).on(Way::Absent),
    Case::at(Point::JobHandled).on(Way::Absent),
    Case::at(Point::SettleBeforeAck).on(Way::Absent),
    Case::at(Point::SettleAcked).on(Way::Absent),
];

/// A refund is recorded twice as well: when its amount is set aside, and when its end is known.
const CREATE_REFUND: &[Case] = &[
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::CreateRefundStored),
    Case::at(Point::ProviderBeforeRefund),
    Case::at(Point::ProviderRefunded),
    Case::at(Point::CreateRefundAnswered),
    Case::at(Point::RecordBegin).after(1),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordBeforeCommit).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::CreateRefundCallNoted).on(Way::Retried),
    Case::at(Point::JobWrittenDown).on(Way::Parked),
    Case::at(Point::SettleParked).on(Way::Parked),
];

/// An account and a payout are recorded twice: when they are stored, and when their provider has answered.
const CONNECT: &[Case] = &[
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordCommitted),
    Case::at(Point::ConnectStored),
    Case::at(Point::ProviderBeforeConnect),
    Case::at(Point::ProviderConnected),
    Case::at(Point::ConnectAnswered),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::ConnectCallNoted).on(Way::Retried),
];

/// What differs from asking about a payment.
const QUERY_REFUND: &[Case] = &[
    Case::at(Point::SweepBeforeCommit).on(Way::Absent),
    Case::at(Point::QueryRefundAbsent).on(Way::Absent),
    Case::at(Point::RecordGuarded).on(Way::Absent),
    Case::at(Point::RecordCommitted).on(Way::Absent),
];

/// What it finds is no record, so none of those points lies on its way.
const RECONCILE: &[Case] = &[
    Case::at(Point::ReconciliationBeforeBegin),
    Case::at(Point::ReconciliationBegun),
    Case::at(Point::OutboxClaimed),
    Case::at(Point::OutboxPublished),
    Case::at(Point::OutboxCommitted),
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::ReconcileCompared),
    Case::at(Point::ReconciliationBeforeFinish),
    Case::at(Point::ReconciliationFinished),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
];

/// The payment is recorded twice: when it is noted that it is being closed, and when the provider has closed it.
const CANCEL_PAYMENT: &[Case] = &[
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::ClosingNoted),
    Case::at(Point::ClosingAnswered),
    Case::at(Point::RecordBegin).after(1),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordBeforeCommit).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
];

/// The attempt is recorded twice: when it is begun, and when it is known what came of it.
const CONFIRM_PAYMENT: &[Case] = &[
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::ConfirmPaymentCallNoted),
    Case::at(Point::ConfirmPaymentAnswered),
    Case::at(Point::RecordBegin).after(1),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordBeforeCommit).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
];

/// The job comes out of the outbox, beside the news that the payment is at work; so what else lies on its way is met by
/// others at the same time.
const CAPTURE_PAYMENT: &[Case] = &[
    Case::at(Point::CapturePaymentCallNoted),
    Case::at(Point::CapturePaymentAnswered),
];

/// The payment is recorded when it is stored, its first channel's answer after that, and then the move. Before that answer is
/// recorded nobody may move it: it stays and is asked about, which takes longer than a case here.
const MOVE_PAYMENT: &[Case] = &[
    Case::at(Point::RecordBegin).after(2),
    Case::at(Point::RecordGuarded).after(2),
    Case::at(Point::RecordBeforeCommit).after(2),
    Case::at(Point::RecordCommitted).after(2),
    Case::at(Point::FailoverMoved),
    Case::at(Point::ProviderBeforeCreate).after(1),
    Case::at(Point::ProviderCreated).after(1),
    Case::at(Point::RecordBegin).after(3),
    Case::at(Point::RecordCommitted).after(3),
];

/// The job that closes comes out of the outbox. A sweep looks for queries first, of which none is due, so its second look
/// is for what has expired.
const EXPIRE_PAYMENT: &[Case] = &[
    Case::at(Point::SweepBeforeClaim).after(1),
    Case::at(Point::SweepClaimed),
    Case::at(Point::SweepBeforeCommit),
    Case::at(Point::SweepCommitted),
    Case::at(Point::OutboxClaimed),
    Case::at(Point::PublishConfirmed),
    Case::at(Point::OutboxPublished),
    Case::at(Point::OutboxBeforeCommit),
    Case::at(Point::OutboxCommitted),
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordCommitted),
    Case::at(Point::ClosingNoted),
    Case::at(Point::ClosingAnswered),
    Case::at(Point::RecordBegin).after(1),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordBeforeCommit).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
];

/// It is one record, and nothing follows from it.
const CREATE_WALLET: &[Case] = &[
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
];

/// It is one record, and the news of it comes out of the outbox.
const CHANGE_WALLET: &[Case] = &[
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::OutboxClaimed),
    Case::at(Point::PublishConfirmed),
    Case::at(Point::OutboxPublished),
    Case::at(Point::OutboxBeforeCommit),
    Case::at(Point::OutboxCommitted),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
];

/// The payment is recorded twice: when it is stored, and when its wallet has paid it.
const PAY_FROM_WALLET: &[Case] = &[
    Case::at(Point::DeliveryReceived),
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::CreateIntentStored),
    Case::at(Point::CreateIntentAnswered),
    Case::at(Point::RecordBegin).after(1),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordBeforeCommit).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
];

/// The second record has the wallet in it; what comes before is as for any payment.
const TOP_UP: &[Case] = &[
    Case::at(Point::CreateIntentStored),
    Case::at(Point::ProviderCreated),
    Case::at(Point::CreateIntentAnswered),
    Case::at(Point::RecordBegin).after(1),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordBeforeCommit).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleDecided),
    Case::at(Point::SettleBeforeAck),
    Case::at(Point::SettleAcked),
];

/// The refund is recorded twice: when its amount is set aside, and when its wallet has it. Nobody is asked in between.
const REFUND_INTO_WALLET: &[Case] = &[
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::CreateRefundStored),
    Case::at(Point::CreateRefundAnswered),
    Case::at(Point::RecordBegin).after(1),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordBeforeCommit).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleBeforeAck),
];

/// The wallet is in both records: it holds the amount, and then it gives it.
const REFUND_OF_TOP_UP: &[Case] = &[
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordCommitted),
    Case::at(Point::CreateRefundStored),
    Case::at(Point::ProviderRefunded),
    Case::at(Point::CreateRefundAnswered),
    Case::at(Point::RecordGuarded).after(1),
    Case::at(Point::RecordBeforeCommit).after(1),
    Case::at(Point::RecordCommitted).after(1),
    Case::at(Point::SettleBeforeAck),
];

/// It is one record, and nobody is told of it.
const WALLET_MOVEMENT: &[Case] = &[
    Case::at(Point::JobDecoded),
    Case::at(Point::RecordBegin),
    Case::at(Point::RecordGuarded),
    Case::at(Point::RecordBeforeCommit),
    Case::at(Point::RecordCommitted),
    Case::at(Point::JobHandled),
    Case::at(Point::SettleBeforeAck),
];
