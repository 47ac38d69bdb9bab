//! What has to hold, whatever broke: one sentence for each.

/// Without it, all others may hold for want of evidence.
pub const ALL_READ: &str = "The evidence is complete: no log was too short and no queue too long to be read.";
/// Nothing accepted is lost, nothing is made up.
pub const KEPT: &str =
    "Every accepted request is stored as exactly one payment, as asked for; nothing else is stored.";
/// A repeat is the same payment.
pub const ONE_ID: &str = "Every answer under an idempotency key names the same payment, and no other key's.";
/// The provider opens one intent for a payment.
pub const ONE_INTENT: &str =
    "Every payment has at most one intent, and every intent belongs to a payment of its merchant.";
/// The provider can recognise a repeated call.
pub const ONE_KEY: &str =
    "The provider is asked for a payment's intent, and for a refund, under one idempotency key only.";
/// Money and payments agree.
pub const CHARGED_IS_PAID: &str =
    "Every charge is a succeeded payment, once and in full, and every succeeded payment a charge.";
/// A failure has a reason at the provider.
pub const FAILED_IS_DECLINED: &str = "Every failed payment was declined, or has no intent at the provider.";
/// A card is not forgotten on the way, and no payment pays itself.
pub const CARDS_DECIDE: &str = "A good card in a request has paid, unless no intent was opened or the payment is in review; none pays unasked.";
/// What is closed stays unpaid.
pub const CLOSED: &str = "Every canceled or expired payment is closed at the provider, or was never opened there, and nothing was charged.";
/// Merchants know what came of what they wanted.
pub const HONORED: &str = "Every accepted wish to cancel or confirm has one end or is parked, and the payment ended as it was told.";
/// No refund is lost, none is made up.
pub const REFUNDS_KEPT: &str = "Every accepted refund is stored as exactly one refund, as asked for, or parked with its reason; nothing else is stored.";
/// No refund hangs.
pub const REFUNDS_ENDED: &str = "Every refund has come to an end, or is visibly in review.";
/// Money goes back once.
pub const GIVEN_BACK_ONCE: &str =
    "Every refund that was made is one refund at the provider, as asked for, and the provider has no other.";
/// Never more goes back than came.
pub const NEVER_TOO_MUCH: &str =
    "No more of a payment is refunded, or set aside for that, than was received.";
/// The books add up.
pub const BALANCED: &str =
    "Every transfer is balanced, per currency and layer, and no reservation outlives what it is for.";
/// The books are true.
pub const BOOKS_AGREE: &str =
    "The ledger has of every payment what the provider has: what was received, given back and disputed.";
/// What payments say of their refunds is true.
pub const FIGURES_AGREE: &str =
    "What a payment counts as refunded, reserved and disputed is the sum of its refunds and disputes.";
/// Nothing hangs.
pub const ENDED: &str =
    "Every payment has come to an end, waits in time for its payer, or is visibly in review.";
/// Statuses only climb.
pub const FORWARD: &str =
    "No payment and no refund moved backwards, neither seen by its client nor told to its merchant.";
/// No callback is lost or counted twice.
pub const TAKEN_IN_ONCE: &str =
    "Every callback was accepted in the end and taken in once, for its merchant, and nothing else was.";
/// Merchants hear of everything.
pub const TOLD_ONCE: &str =
    "Every status that merchants are told about has one notification, and it was delivered.";
/// Merchants hear nothing else.
pub const TOLD_THE_TRUTH: &str = "Every notification is signed, is the same each time, and is true.";
/// What is given up can be understood.
pub const EXPLAINED: &str = "Every parked message is explained by its job's story, and every job given up is parked, or done after all.";
/// The work is done.
pub const NONE_WAITS: &str = "Nothing is left in the outbox, in a job queue or in a retry queue.";
/// Whoever is refused knows where they stand.
pub const HONEST_REFUSALS: &str = "Every refusal was honest: 503 with Retry-After, or a 404, 408 or 409 where one was due; to callbacks, 503 or 408.";
/// No order is lost, none is made up.
pub const ORDERS_KEPT: &str =
    "Every accepted order is stored exactly once, as asked for, under one name; nothing else is stored.";
/// Merchants know what came of what they wanted done with an order.
pub const STEPS_TAKEN: &str = "Every accepted step of an order has one end or is parked, as its merchant was told, and what it began is there.";
/// An order is paid once.
pub const ORDERS_PAID_ONCE: &str = "Every paid order was paid by one succeeded payment of its own; every other that succeeded is given back in full.";
/// What orders say of their refunds is true.
pub const ITEMS_AGREE: &str =
    "What an order counts as refunding and refunded is the sum of its refunds, item by item and in money.";
/// An order's log tells how it came to stand as it does.
pub const LOGS_AGREE: &str =
    "Every order stands as its log says, which has every step once, and it never moved backwards.";
/// No order hangs.
pub const ORDERS_ENDED: &str =
    "No order stays half-way: none is refunding, and none is canceled while a payment of it can be paid.";
/// Whoever is refused about an order knows where it stands.
pub const HONEST_ABOUT_ORDERS: &str =
    "Every refusal about an order was honest: 503 with Retry-After, or a 404, 408 or 409 where one was due.";
/// Merchants hear of what becomes of their orders.
pub const ORDERS_TOLD: &str = "Every step of an order that merchants are told about has one notification, which says how the order stood then.";
/// No wallet is lost, none is made up.
pub const WALLETS_KEPT: &str =
    "Every accepted wallet is stored exactly once, for its user, and under one name; nothing else is stored.";
/// Merchants know what came of what they wanted done with a wallet.
pub const WALLET_STEPS_TAKEN: &str =
    "Every accepted step of a wallet has one end or is parked, as its merchant was told.";
/// What happened to a wallet happened once.
pub const STATEMENTS_AGREE: &str = "Every payment, refund, hold, withdrawal, gift and correction stands once in the statement of each wallet that it moved, and nothing else does.";
/// A wallet's figures are true.
pub const WALLETS_ADD_UP: &str = "What a wallet says is in it and held is what its postings and its lines come to, which are numbered without gaps; and it never lacked anything.";
/// No money comes from nowhere.
pub const MONEY_IS_COVERED: &str = "What is in a merchant's wallets is what came into them less what went out, and what left the provider's hands for its users is what the provider has sent them.";
/// A user has one account.
pub const ACCOUNTS_ONCE: &str = "Every account of a user that was opened is one at the provider and known here, or visibly in review; and the provider has no other.";
/// Money is sent once.
pub const PAID_OUT_ONCE: &str = "Every withdrawal that was paid out through the provider is one transfer there, of its amount, to its owner; the provider has made no other, and none is under way unseen.";
/// Merchants hear of what becomes of withdrawals and accounts.
pub const WITHDRAWALS_TOLD: &str =
    "Every step of a withdrawal, and how an account stands, is told once, as it was.";
/// Whoever is refused about a wallet knows where it stands.
pub const HONEST_ABOUT_WALLETS: &str =
    "Every refusal about a wallet was honest: 503 with Retry-After, or a 404, 408 or 409 where one was due.";
