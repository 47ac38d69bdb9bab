//! Which work there is, and what can happen to it before its process dies.

mod deaths;

use std::fmt;

use failpoints::Point;

/// Work whose process dies in the middle of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A client asks ingress for a payment.
    Request,
    /// The provider calls ingress back.
    Callback,
    /// A worker opens an intent.
    CreateIntent,
    /// A worker takes in a callback.
    ProcessCallback,
    /// A worker notifies a merchant.
    NotifyMerchant,
    /// A worker asks about a payment in review.
    QueryPayment,
    /// A worker has a refund made.
    CreateRefund,
    /// A worker has an account of a user opened.
    CreateAccount,
    /// A worker has a withdrawal paid out to its owner's account.
    CreateTransfer,
    /// A worker asks about a refund in review.
    QueryRefund,
    /// A worker cancels a payment.
    CancelPayment,
    /// A worker tries to pay a payment.
    ConfirmPayment,
    /// A worker has a payment captured that its payer has agreed to.
    CapturePayment,
    /// A worker moves a payment to its next channel.
    MovePayment,
    /// A worker closes a payment that was not paid in time.
    ExpirePayment,
    /// A worker has a day compared with the provider's statement, and compares it.
    Reconcile,
    /// A worker opens a wallet.
    CreateWallet,
    /// A worker sets money of a wallet aside.
    ChangeWallet,
    /// A worker pays a payment from a wallet.
    PayFromWallet,
    /// A worker has a payment made that is paid into a wallet.
    TopUp,
    /// A worker gives back what a wallet has paid.
    RefundIntoWallet,
    /// A worker has given back what was paid into a wallet.
    RefundOfTopUp,
    /// A worker takes what was held of a wallet.
    CaptureHold,
    /// A worker moves money from one wallet to another.
    GiveToWallet,
}

/// What happens to the work before its process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nothing.
    Plain,
    /// A client waits for its end.
    Waited,
    /// It cannot be done at once and is put off.
    Retried,
    /// All tries but the last end without an answer, and the provider is asked what it has.
    Asked,
    /// The provider surely has no intent, or no refund.
    Absent,
    /// It is given up and parked.
    Parked,
}

/// One death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where.
    pub point: Point,
    /// On which way.
    pub way: Way,
    /// How often the point is passed unharmed before.
    passed: u32,
}

impl Case {
    /// The process dies at its first visit.
    pub const fn at(point: Point) -> Self {
        Self {
            point,
            way: Way::Plain,
            passed: 0,
        }
    }

    const fn on(self, way: Way) -> Self {
        Self { way, ..self }
    }

    /// The process dies at a later visit.
    const fn after(self, passed: u32) -> Self {
        Self { passed, ..self }
    }

    /// The same as `SLUICE_FAILPOINTS` has it.
    pub fn arming(&self) -> String {
        match self.passed {
            0 => format!("{}=kill", self.point.name()),
            passed => format!("{}={passed}*off->kill", self.point.name()),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.arming(), self.way)
    }
}

impl Work {
    /// All of it.
    pub const ALL: [Self; 24] = [
        Self::Request,
        Self::Callback,
        Self::CreateIntent,
        Self::ProcessCallback,
        Self::NotifyMerchant,
        Self::QueryPayment,
        Self::CreateRefund,
        Self::CreateAccount,
        Self::CreateTransfer,
        Self::QueryRefund,
        Self::CancelPayment,
        Self::ConfirmPayment,
        Self::CapturePayment,
        Self::MovePayment,
        Self::ExpirePayment,
        Self::Reconcile,
        Self::CreateWallet,
        Self::ChangeWallet,
        Self::PayFromWallet,
        Self::TopUp,
        Self::RefundIntoWallet,
        Self::RefundOfTopUp,
        Self::CaptureHold,
        Self::GiveToWallet,
    ];
}

#[test]
fn every_point_lies_on_the_way_of_some_work() {
    for point in Point::ALL {
        let reached = Work::ALL
            .iter()
            .any(|work| work.cases().iter().any(|case| case.point == *point));
        assert!(reached, "{} is not in the table", point.name());
    }
}
