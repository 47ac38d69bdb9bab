//! Calling people to what Sluice cannot settle by itself: a line in the log that says what it is about, and a count that can
//! raise an alarm.

use domain::{channel::Channel, id::PaymentId, job::ProcessCallback};

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
    count(callback.channel, "account");
}

fn count(channel: Channel, about: &'static str) {
    metrics::counter!("sluice_people_called_total", "channel" => channel.name(), "about" => about)
        .increment(1);
}
