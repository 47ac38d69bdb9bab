//! Calling people to what Sluice cannot settle by itself: a line in the log that says what it is about, and a count that can
//! raise an alarm.

use domain::{
    channel::{Channel, ChannelRefund, ChannelRefundStatus, ChannelTransfer},
    id::{PaymentId, WithdrawalId},
    job::ProcessCallback,
    outcome::Reason,
};
use metrics::Counter;

const ACCOUNT: &str = "account";
const REFUND: &str = "refund";
const PAYOUT: &str = "payout";

/// The provider withholds or has taken back money, as this callback tells: somebody has to look at the merchant's account.
pub fn call_to_account(callback: &ProcessCallback, payment_id: Option<PaymentId>) {
    tracing::warn!(
        channel = %callback.channel,
        merchant_id = %callback.merchant_id,
        payment_id = payment_id.map(tracing::field::display),
        event_id = callback.event_id,
        event_type = callback.event_type,
        "the provider withholds or has taken back money; people have to look at the merchant's account there"
    );
    counter(callback.channel, ACCOUNT).increment(1);
}

/// The provider cannot carry a refund out by itself: somebody has to send the money another way there. Until then the refund
/// counts as under way, and whoever asks about it is told again.
pub fn call_to_refund(channel: Channel, seen: &ChannelRefund) {
    if seen.status == ChannelRefundStatus::Stuck {
        tracing::warn!(
            %channel,
            refund_id = seen.refund_id.map(tracing::field::display),
            channel_refund_id = seen.id,
            "the money of a refund has not arrived; people have to send it another way at the provider"
        );
        counter(channel, REFUND).increment(1);
    }
}

/// What the provider has sent, or taken back, for a withdrawal is not what was asked for: somebody has to look at it there.
pub fn call_to_payout(channel: Channel, withdrawal_id: WithdrawalId, reason: &Reason) {
    tracing::error!(
        %channel,
        %withdrawal_id,
        %reason,
        "what the provider shows of a payout is not what was asked for; people have to look at it there"
    );
    counter(channel, PAYOUT).increment(1);
}

/// Somebody has taken back at the provider what was paid out: somebody has to say whose the money is now.
pub fn call_to_reversal(channel: Channel, seen: &ChannelTransfer) {
    tracing::error!(
        %channel,
        withdrawal_id = seen.withdrawal_id.map(tracing::field::display),
        transfer = seen.id,
        reversed_minor = seen.reversed_minor,
        "a payout was taken back at the provider; people have to say whose the money is, and correct the wallet"
    );
    counter(channel, PAYOUT).increment(1);
}

/// Shows what has not happened yet: nobody sees a series increase that begins with its first call.
pub fn begin_at_zero() {
    for channel in Channel::ALL {
        counter(*channel, ACCOUNT).increment(0);
        counter(*channel, REFUND).increment(0);
        counter(*channel, PAYOUT).increment(0);
    }
}

fn counter(channel: Channel, about: &'static str) -> Counter {
    metrics::counter!("sluice_people_called_total", "channel" => channel.name(), "about" => about)
}
