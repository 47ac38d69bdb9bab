//! What a provider is asked to make, exactly once: the intent of a payment, a refund.
//!
//! The discipline around the call is the same for all of them and stands in [`opening`](super::opening) and
//! [`inquiry`](super::inquiry): store it, write down that a call begins, call, record what is seen; and ask before
//! anything is concluded. Here is what differs: where it is kept, how the provider is called, and what its news do.

mod account;
mod payment;
mod payout;
mod refund;

pub use payment::{payer, seen};
pub use payout::PayoutOfWithdrawal;
pub use refund::{RefundOfPayment, is_settled};

use std::time::Duration;

use channels::{Called, Credentials, Period};
use chrono::{DateTime, Utc};
use domain::{
    channel::{Channel, Exchange, Operation},
    id::MerchantId,
    payment::Failure,
};
use failpoints::Point;
use store::{Record, Store, StoreError};

use crate::{context::Context, execute::Run};

/// The failpoints on the way of one kind of subject.
#[derive(Debug, Clone, Copy)]
pub struct Points {
    /// A repeated call is written down as begun.
    pub call_noted: Point,
    /// The provider has answered the call.
    pub answered: Point,
    /// The provider surely has no such object; none where nobody asks but the job itself.
    pub absent: Option<Point>,
}

/// Something that a provider is asked to make once, as it was read, or last written, by one run of a job.
pub trait Subject: Clone + Send + Sync {
    /// What can be heard about it.
    type News: Clone + Send + Sync;

    /// What the provider makes, in messages for people.
    const OBJECT: &'static str;
    /// The call that makes it.
    const CALL: Operation;
    /// Where a process can be made to die.
    const POINTS: Points;

    /// Its id, for people.
    fn id(&self) -> String;

    /// Whose it is.
    fn merchant_id(&self) -> MerchantId;

    /// The provider.
    fn channel(&self) -> Channel;

    /// When it was stored, which counts as the beginning of its first call.
    fn created_at(&self) -> DateTime<Utc>;

    /// Whether there is nothing left to make: the provider has it, or it was given up and its merchant told so.
    fn is_settled(&self) -> bool;

    /// Whether nobody would ask for it again, so that it must not end for want of a provider that answers.
    fn is_owed(&self) -> bool;

    /// Whether its provider was asked in vain before.
    fn is_in_review(&self) -> bool;

    /// The same as it is stored by now.
    fn again(&self, store: &Store) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    /// When the last call was begun, if there is one whose end is not known.
    fn open_call(
        &self,
        store: &Store,
    ) -> impl Future<Output = Result<Option<DateTime<Utc>>, StoreError>> + Send;

    /// Whether this try of the job has begun a call, since the provider last had nothing.
    fn has_called(&self, store: &Store, run: &Run) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// How long its provider wants to be left alone before the call, because of others like it.
    fn must_wait(
        &self,
        context: &Context,
    ) -> impl Future<Output = Result<Option<Duration>, StoreError>> + Send;

    /// For how long the provider recognises a repeated call.
    fn idempotency_retention(&self) -> Duration;

    /// Whether a request is sent to the provider to make it.
    fn is_made_by_request(&self) -> bool;

    /// Calls the provider to make it.
    fn make(
        &self,
        context: &Context,
        credentials: &Credentials,
    ) -> impl Future<Output = Called<Self::News>> + Send;

    /// Asks the provider whether it has made it, within `period`.
    fn find(
        &self,
        context: &Context,
        credentials: &Credentials,
        period: Period,
    ) -> impl Future<Output = Called<Option<Self::News>>> + Send;

    /// What has to be written when it hears `news`; the error says why they cannot be about it.
    fn hear(
        self,
        context: &Context,
        run: &Run,
        news: Self::News,
    ) -> impl Future<Output = Result<Result<Record, String>, StoreError>> + Send;

    /// The record that changes nothing but its version.
    fn touch(&self) -> Record;

    /// The record of [`Self::touch`] was written.
    fn was_touched(&mut self);

    /// The same at the next provider that could make it, if there is one. It is the caller's to know that its present one has
    /// done nothing.
    fn on_next_channel(&self, why: &str, now: DateTime<Utc>) -> Option<Self>;

    /// Adds an exchange about it to `record`.
    fn add_exchange(&self, record: &mut Record, run: &Run, exchange: Exchange, at: DateTime<Utc>);

    /// The news that we have stopped trying, and the provider surely has nothing.
    fn gave_up(failure: Failure) -> Self::News;

    /// The news that we have stopped trying, and cannot tell what the provider did.
    fn lost_sight() -> Self::News;

    /// Why it is given up when its provider refused, in these words.
    fn refused(words: &str) -> Failure {
        Failure::refused("refused_by_provider", words)
    }

    /// Why it is given up when its provider could not be reached.
    fn unavailable() -> Failure;

    /// Why it is given up when its merchant has no credentials.
    fn not_configured() -> Failure;
}
