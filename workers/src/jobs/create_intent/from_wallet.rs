//! A payment that its payer's wallet pays.
//!
//! The provider is our own ledger, so nobody is called and no answer can be lost: the payment, its transfer and the wallet are
//! one record, over the versions that both were read at. What is stored and not paid yet is paid by the next run.

use domain::{
    channel::{Exchange, Operation},
    outcome::Outcome,
    payment::{Payment, PaymentEvent},
    wallet::PaidFromWallet,
};
use failpoints::{Point, reach};
use store::{Record, StoreError, Verdict};

use crate::{
    context::Context,
    execute::{MAX_LOOKS, Run},
    jobs::{create_intent::unopened::why_not, subject::Subject},
};

/// Pays it, or says why it is not paid. One that nobody wants any more is closed.
pub async fn pay(context: &Context, run: &Run, mut payment: Payment) -> Result<Outcome, StoreError> {
    let id = payment.id;
    for _ in 0..MAX_LOOKS {
        let now = context.clock.now();
        let PaidFromWallet { event, change } = if let Some(why) = why_not(context, &payment).await? {
            let event = PaymentEvent::Closed(why);
            PaidFromWallet { event, change: None }
        } else {
            let wallet = match payment.payers_wallet() {
                Some(wallet_id) => context.store.wallet(wallet_id).await?,
                None => None,
            };
            payment.pay_from(wallet.as_ref(), now)
        };
        reach(Point::CreateIntentAnswered);
        let exchange = said(&event);
        // The event cannot be refused: it is about the payment alone.
        let heard = payment.clone().hear(context, run, event).await?;
        let mut record = Record {
            wallets: change.into_iter().collect(),
            ..heard.unwrap_or_default()
        };
        payment.add_exchange(&mut record, run, exchange, now);
        match context.recorder.write(record).await? {
            Verdict::Written => return Ok(Outcome::Done),
            // The wallet has paid for something else meanwhile, or somebody was faster.
            Verdict::Stale | Verdict::Duplicate => {}
        }
        match context.store.payment(id).await? {
            Some(now) if !now.is_settled() => payment = now,
            Some(_) | None => return Ok(Outcome::Done),
        }
    }
    Err(StoreError::Contended(id.to_string()))
}

/// What our own ledger is noted to have said.
fn said(event: &PaymentEvent) -> Exchange {
    let (outcome, intent_id, error) = match event {
        PaymentEvent::IntentSeen { intent, .. } => ("ok", Some(intent.id.clone()), None),
        PaymentEvent::GaveUp(failure) => ("declined", None, Some(failure.code.clone())),
        PaymentEvent::Closed(_)
        | PaymentEvent::LostSight
        | PaymentEvent::ClosingBegun(_)
        | PaymentEvent::ClosingRefused(_) => ("not_done", None, None),
    };
    Exchange {
        operation: Operation::CreateIntent,
        outcome,
        intent_id,
        error,
        duration_ms: 0,
    }
}
