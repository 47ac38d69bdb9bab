//! What became of the payments, refunds, orders, wallets, accounts, callbacks and notifications that jobs are about.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    facts::{Action, Facts, Failure, Notification, Refund, grouped},
    refund_jobs::RefundJobs,
};

/// The job itself is at fault, and each of its tries ends the same: no other end may come in place of the parking.
const FOR_EVER: [&str; 4] = ["unreadable", "invalid", "forbidden", "conflict"];

/// What is known of the subjects of jobs.
pub struct Subjects<'a> {
    /// The statuses of payments.
    payments: HashMap<&'a str, &'a str>,
    /// Payments that the provider has an intent for.
    opened: HashSet<&'a str>,
    /// What was given back of payments.
    refunds: BTreeMap<&'a str, Vec<&'a Refund>>,
    refund_jobs: RefundJobs<'a>,
    /// What came of the wishes about payments.
    actions: BTreeMap<&'a str, Vec<&'a Action>>,
    /// The orders for goods that are stored.
    ordered: HashSet<&'a str>,
    /// Those of which something was wanted that has its end.
    stepped: HashSet<&'a str>,
    /// The wallets that are stored.
    kept: HashSet<&'a str>,
    /// Those of which something was wanted that has its end.
    changed: HashSet<&'a str>,
    /// The statuses of users' accounts.
    accounts: HashMap<&'a str, &'a str>,
    /// Those of withdrawals.
    withdrawals: HashMap<&'a str, &'a str>,
    taken_in: HashSet<&'a str>,
    reconciled: HashSet<&'a str>,
    /// The notifications about payments, orders, wallets and accounts, and about what is theirs.
    notifications: BTreeMap<&'a str, Vec<&'a Notification>>,
}

impl<'a> Subjects<'a> {
    /// Their subjects as they are now.
    pub fn of(facts: &'a Facts) -> Self {
        let payments = facts.payments.iter();
        let taken_in = facts.inbox.iter();
        Self {
            payments: payments
                .map(|payment| (payment.id.as_str(), payment.status.as_str()))
                .collect(),
            opened: facts.intents_by_payment().into_keys().collect(),
            refunds: facts.refunds_by_payment(),
            refund_jobs: RefundJobs::of(facts),
            actions: grouped(&facts.actions, |action| &action.payment),
            ordered: facts.orders.iter().map(|order| order.id.as_str()).collect(),
            stepped: facts
                .order_actions
                .iter()
                .map(|action| action.order_id.as_str())
                .collect(),
            kept: facts.wallets.iter().map(|wallet| wallet.id.as_str()).collect(),
            changed: facts
                .wallet_actions
                .iter()
                .map(|action| action.wallet.as_str())
                .collect(),
            accounts: facts
                .accounts
                .iter()
                .map(|account| (account.id.as_str(), account.status.as_str()))
                .collect(),
            withdrawals: facts
                .withdrawals
                .iter()
                .map(|withdrawal| (withdrawal.id.as_str(), withdrawal.status.as_str()))
                .collect(),
            taken_in: taken_in.map(|taken_in| taken_in.event_id.as_str()).collect(),
            reconciled: facts.reconciled.iter().map(String::as_str).collect(),
            notifications: grouped(&facts.notifications, |notification| &notification.about),
        }
    }

    /// Why the subject of a parked job of this kind is not taken care of without the job. A wish or a comparison that was
    /// given up is over: somebody may ask again.
    pub fn hanging(&self, (kind, job): (&str, &str), subject: &str) -> Option<&'static str> {
        let status = self.payments.get(subject).copied();
        let mut refunds = self.refunds(subject, job);
        match kind {
            "create_intent" => match status {
                None => Some("its payment is not stored"),
                Some("pending") => Some("its payment is pending"),
                Some(_) => None,
            },
            "process_callback" => {
                (!self.taken_in.contains(subject)).then_some("its callback is not taken in")
            }
            "notify_merchant" => self
                .notifications(subject)
                .any(|notification| notification.status == "pending")
                .then_some("its merchant is not told"),
            "query_payment" => match status {
                None => Some("its payment is not stored"),
                Some("needs_review") => Some("its payment is still in review"),
                Some(_) => None,
            },
            "create_refund" => refunds
                .any(|refund| refund.status == "pending")
                .then_some("its refund is pending"),
            "query_refund" => refunds.any(is_asked_about).then_some("its refund has no end yet"),
            "expire_payment" => {
                (status == Some("requires_action")).then_some("its payment can still be paid")
            }
            "create_order" => (!self.ordered.contains(subject)).then_some("its order is not stored"),
            "create_wallet" => (!self.kept.contains(subject)).then_some("its wallet is not stored"),
            "create_account" => {
                (self.accounts.get(subject) == Some(&"pending")).then_some("its account is pending")
            }
            // A payout that nobody knows the end of stays as it is, and its job is parked for people to send again.
            "cancel_payment"
            | "confirm_payment"
            | "change_order"
            | "change_wallet"
            | "create_transfer"
            | "create_account_link"
            | "reconcile" => None,
            _ => Some("is of no kind that anybody knows"),
        }
    }

    /// Whether a job that was given up may have ended otherwise than parked. A process may die between writing down that
    /// it gives up and parking. The message comes again then, and is parked, unless that try finds its work done or does
    /// it. So what it was to reach must be there:
    ///
    /// - `create_intent`: the payment was given up in review, and later the provider showed its intent, to this try or
    ///   to a callback or query before it. A payment that failed without an intent shows nothing that could have ended
    ///   the job, and a client that asks again does not: its message is another one, and is only answered.
    /// - `create_refund`: the same with a refund, which the provider has.
    /// - `process_callback`: the event was taken in, by this try or from another copy that the provider sent.
    /// - `notify_merchant`: the merchant took it after all.
    /// - `query_payment`: the payment has left its review, so there is nothing to ask.
    /// - `query_refund`: no refund of the payment is left to be asked about.
    /// - `cancel_payment`, `confirm_payment`: what came of the wish is kept.
    /// - `create_order`: the order is stored.
    /// - `change_order`: what came of a wish about the order is kept.
    /// - `create_wallet`: the wallet is stored.
    /// - `change_wallet`: what came of a wish about the wallet is kept.
    /// - `create_account`: the provider has the account.
    /// - `create_transfer`: the withdrawal has its end.
    /// - `create_account_link`: whoever waited was told; nothing is left of it.
    /// - `expire_payment`: the payment is closed, or was paid.
    /// - `reconcile`: the comparison is done.
    pub fn is_done_after_all(&self, failure: &Failure) -> bool {
        let subject = failure.correlation_id.as_str();
        let status = self.payments.get(subject).copied();
        let mut refunds = self.refunds(subject, &failure.job_id);
        if FOR_EVER.contains(&failure.error_class.as_str()) {
            return false;
        }
        match failure.kind.as_str() {
            "create_intent" => {
                self.opened.contains(subject)
                    && status.is_some_and(|status| !matches!(status, "pending" | "needs_review"))
            }
            "create_refund" => refunds.any(|refund| refund.channel_refund_id.is_some()),
            "process_callback" => self.taken_in.contains(subject),
            "notify_merchant" => {
                let mut notifications = self.notifications(subject).peekable();
                notifications.peek().is_some()
                    && notifications.all(|notification| notification.status == "delivered")
            }
            "query_payment" => status.is_some_and(|status| status != "needs_review"),
            "query_refund" => status.is_some() && !refunds.any(is_asked_about),
            "cancel_payment" => self.is_kept(subject, "cancel"),
            "confirm_payment" => self.is_kept(subject, "confirm"),
            "create_order" => self.ordered.contains(subject),
            "change_order" => self.stepped.contains(subject),
            "create_wallet" => self.kept.contains(subject),
            "change_wallet" => self.changed.contains(subject),
            "create_account" => self
                .accounts
                .get(subject)
                .is_some_and(|status| matches!(*status, "onboarding" | "restricted" | "active")),
            "create_transfer" => self
                .withdrawals
                .get(subject)
                .is_some_and(|status| matches!(*status, "completed" | "failed" | "rejected")),
            "create_account_link" => true,
            "expire_payment" => matches!(status, Some("canceled" | "expired" | "succeeded")),
            "reconcile" => self.reconciled.contains(subject),
            _ => false,
        }
    }

    /// The refunds of a payment that a job may have been about.
    fn refunds(&self, payment: &str, job: &str) -> impl Iterator<Item = &&'a Refund> {
        let refunds = self.refunds.get(payment).into_iter().flatten();
        refunds.filter(move |refund| self.refund_jobs.may_be_about(job, refund))
    }

    fn notifications(&self, about: &str) -> impl Iterator<Item = &&'a Notification> {
        self.notifications.get(about).into_iter().flatten()
    }

    fn is_kept(&self, payment: &str, wish: &str) -> bool {
        let mut actions = self.actions.get(payment).into_iter().flatten();
        actions.any(|action| action.action == wish)
    }
}

/// Whether the provider is still asked about it.
fn is_asked_about(refund: &&Refund) -> bool {
    matches!(refund.status.as_str(), "needs_review" | "processing")
}
