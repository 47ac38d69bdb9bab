//! Reconciliation: what a provider says moved on a merchant's account there, held against what we believe moved.
//!
//! [`compare`] is pure. It takes a statement and our own books and names every difference; it mends none, because a
//! difference means that one of the two is wrong and only a person can tell which. All that may follow by itself is the
//! posting of fees, which nobody but the provider knows, and only where everything else agrees.
//!
//! What must not be told as a difference, though it looks like one:
//!
//! - A merchant's account is used by other programs too. A line without our mark, about no intent of ours, is foreign,
//!   and so is one of another merchant here that shares the account. What is done to an intent of ours in the
//!   provider's own dashboard is no foreign line: nobody here knows of it.
//! - Two clocks and a delay lie between a movement there and its record here. Lines are matched by what they are about,
//!   never by their day, with a [margin](Window::MARGIN) on both sides; what of ours stays unmatched is only
//!   [`Unconfirmed`] until the provider was asked about that very thing.
//! - What moved a moment ago may be on its way to us: a day that is not over is compared up to a while ago ([`Window`]).
//! - A refund stands in the statement when it is made, and is processing here until it has arrived; one that fails later
//!   has two lines; a dispute that is lost has no second one.

mod books;
mod compare;
mod difference;
mod fee;
mod ours;
mod slot;
mod unconfirmed;
mod window;

pub use compare::{Comparison, compare};
pub use difference::{Difference, DifferenceClass};
pub use fee::{AgreedFee, KeptFee};
pub use ours::{OurDispute, OurPayment, OurRefund, Ours, Posted};
pub use unconfirmed::{Answer, Question, Unconfirmed};
pub use window::Window;

#[cfg(test)]
mod tests;
