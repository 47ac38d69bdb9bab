//! The points, with what is true when a process stands there.

macro_rules! points {
    ($($point:ident $name:literal $meaning:literal)*) => {
        /// A place in the code where a crash has to be harmless. Named `<part>.<moment>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Point {
            $(#[doc = $meaning] $point,)*
        }

        impl Point {
            /// Every point, in the order in which a payment passes them.
            pub const ALL: &'static [Self] = &[$(Self::$point),*];

            /// The name in `SLUICE_FAILPOINTS`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)*
                }
            }

            /// What has been done, and what not, when a process stands there.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$point => $meaning,)*
                }
            }
        }
    };
}

points! {
    IngressRequestRead "ingress.request_read" "A request was read and checked; nothing is published."
    IngressConfirmed "ingress.confirmed" "The job is confirmed; the client has no answer."
    IngressCallbackVerified "ingress.callback_verified" "A callback's signature is right; nothing is published."
    IngressCallbackConfirmed "ingress.callback_confirmed" "The callback is confirmed; the provider has no answer."
    PublishBeforeSend "publish.before_send" "A window of messages is about to be written to the broker."
    PublishSent "publish.sent" "A message is on its way; the broker has not confirmed it."
    PublishConfirmed "publish.confirmed" "The broker has confirmed; whoever published does not know yet."
    DeliveryReceived "delivery.received" "A delivery has come in; its handler has not begun."
    JobDecoded "job.decoded" "The job was read and may be done; its handler has not begun."
    CreateIntentStored "create_intent.stored" "The payment is stored; the provider was not called."
    CreateIntentCallNoted "create_intent.call_noted" "A repeated call is written down as begun; it was not made."
    ProviderBeforeCreate "provider.before_create" "The call that opens an intent is about to be made."
    ProviderCreated "provider.created" "The provider has answered it; nothing is known of that here."
    CreateIntentAnswered "create_intent.answered" "The handler knows the provider's answer; it is not recorded."
    FailoverMoved "failover.moved" "A payment stands at its next channel and its call there is written down as begun; it was not made."
    ProviderBeforeFind "provider.before_find" "The provider is about to be asked whether it has an intent."
    ProviderFound "provider.found" "The provider has answered; nothing is known of that here."
    CreateRefundStored "create_refund.stored" "The refund is stored and its amount set aside; the provider was not called."
    CreateRefundCallNoted "create_refund.call_noted" "A repeated call is written down as begun; it was not made."
    ProviderBeforeRefund "provider.before_refund" "The call that makes a refund is about to be made."
    ProviderRefunded "provider.refunded" "The provider has answered it; nothing is known of that here."
    CreateRefundAnswered "create_refund.answered" "The handler knows the provider's answer; it is not recorded."
    ConnectStored "connect.stored" "An account of a user, or that a withdrawal is being paid to it, is stored; the provider was not called."
    ConnectCallNoted "connect.call_noted" "A repeated call is written down as begun; it was not made."
    ProviderBeforeConnect "provider.before_connect" "The call that opens an account, or pays to one, is about to be made."
    ProviderConnected "provider.connected" "The provider has answered it; nothing is known of that here."
    ConnectAnswered "connect.answered" "The handler knows the provider's answer; it is not recorded."
    ClosingNoted "closing.noted" "Why a payment is being closed is written down; its provider was not asked to."
    ClosingAnswered "closing.answered" "The provider has answered whether it closed the intent; that is not recorded."
    ConfirmPaymentCallNoted "confirm_payment.call_noted" "An attempt to pay is written down as begun; it was not made."
    ConfirmPaymentAnswered "confirm_payment.answered" "The handler knows what came of the attempt; it is not recorded."
    CapturePaymentCallNoted "capture_payment.call_noted" "A capture is written down as begun; it was not made."
    CapturePaymentAnswered "capture_payment.answered" "The handler knows what came of the capture; it is not recorded."
    SweepBeforeClaim "sweep.before_claim" "The sweeper is about to look for what a query is due for, or what has expired."
    SweepClaimed "sweep.claimed" "What is due is counted and the next time scheduled; the transaction is open."
    SweepBeforeCommit "sweep.before_commit" "The jobs that ask or close stand in the outbox; the transaction is open."
    SweepCommitted "sweep.committed" "The jobs that ask or close are committed; the relay does not know."
    QueryPaymentAbsent "query_payment.absent" "The provider surely has no intent; that is not recorded."
    QueryRefundAbsent "query_refund.absent" "The provider surely has no refund; that is not recorded."
    ReconciliationBeforeBegin "reconciliation.before_begin" "Comparisons and their jobs are written; the transaction is open."
    ReconciliationBegun "reconciliation.begun" "Comparisons and their jobs are committed; the relay does not know."
    ReconcileCompared "reconcile.compared" "Both sides are compared; nothing is recorded."
    ReconciliationBeforeFinish "reconciliation.before_finish" "What a comparison found is written; the transaction is open."
    ReconciliationFinished "reconciliation.finished" "What a comparison found is committed; the job does not know."
    ProcessCallbackOpened "process_callback.opened" "The callback's body was opened and read."
    ProcessCallbackApplied "process_callback.applied" "What the callback changes is decided; it is not recorded."
    NotifyBeforeSend "notify.before_send" "A notification is about to be sent."
    NotifySent "notify.sent" "The merchant has answered; it is not recorded."
    RecordBegin "record.begin" "A batch of records is about to be written."
    RecordGuarded "record.guarded" "The guarded rows are written, the rest is not; the transaction is open."
    RecordBeforeCommit "record.before_commit" "All rows are written; the transaction is open."
    RecordCommitted "record.committed" "The transaction is committed; no job knows it."
    JobHandled "job.handled" "The handler has answered; a failed try is not written down."
    JobWrittenDown "job.written_down" "A failed try is written down; the message is not settled."
    ReplyBeforeSend "reply.before_send" "Whoever waits for the job is about to be answered."
    ReplySent "reply.sent" "The answer is sent; the message is not settled."
    SettleDecided "settle.decided" "It is decided what becomes of the message; nothing is published."
    SettleBeforeRetry "settle.before_retry" "The next try is about to be published."
    SettleRetried "settle.retried" "The next try is confirmed; the old message is not acknowledged."
    SettleBeforePark "settle.before_park" "The message is about to be parked."
    SettleParked "settle.parked" "The parked copy is confirmed; the old message is not acknowledged."
    SettleBeforeAck "settle.before_ack" "All that follows is durable; the acknowledgement is not sent."
    SettleAcked "settle.acked" "The acknowledgement is written."
    OutboxBeforeClaim "outbox.before_claim" "The relay is about to claim what waits in the outbox."
    OutboxClaimed "outbox.claimed" "Messages are claimed; none is published."
    OutboxPublished "outbox.published" "The messages are confirmed; they still stand in the outbox."
    OutboxBeforeCommit "outbox.before_commit" "The published messages are deleted; the transaction is open."
    OutboxCommitted "outbox.committed" "The published messages are gone from the outbox."
}

impl Point {
    /// The point of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|point| point.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs, path::Path};

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: HashSet<_> = Point::ALL.iter().map(|point| point.name()).collect();
        assert_eq!(names.len(), Point::ALL.len());
    }

    #[test]
    fn the_table_in_the_docs_lists_every_point_and_no_other() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let page = fs::read_to_string(root.join("docs/reliability.md")).unwrap();
        let expected: Vec<String> = Point::ALL
            .iter()
            .map(|point| format!("| `{}` | {} |", point.name(), point.meaning()))
            .collect();
        let rows = page
            .lines()
            .skip_while(|line| !line.starts_with("| Failpoint |"))
            .skip(2);
        let found: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_point_stands_in_the_code() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut code = String::new();
        for part in [
            "adapters/broker",
            "adapters/store",
            "adapters/channels",
            "ingress",
            "workers",
        ] {
            read_into(&mut code, &root.join(part).join("src"));
        }
        for point in Point::ALL {
            let used =
                code.contains(&format!("Point::{point:?})")) || code.contains(&format!("Point::{point:?},"));
            assert!(used, "nobody reaches {point:?}");
        }
    }

    fn read_into(code: &mut String, directory: &Path) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_into(code, &path);
            } else {
                code.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
}
