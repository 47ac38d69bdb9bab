//! What wallets have paid and were given back, put into the words of a provider: a wallet is a channel whose provider is the
//! ledger, and its books are the statements of the wallets.

use std::collections::HashMap;

use super::{marked_payment, marked_refund};
use crate::{
    journal::Provider,
    verifier::facts::{Facts, Intent, Line, Payment, ProviderRefund},
};

/// Adds to the providers' books what the statements of wallets say.
pub fn read(facts: &mut Facts) {
    let currencies: HashMap<&str, (&str, &str)> = facts
        .wallets
        .iter()
        .map(|wallet| (&*wallet.id, (&*wallet.merchant, &*wallet.currency)))
        .collect();
    let whose = |line: &Line| currencies.get(line.wallet.as_str()).copied().unwrap_or_default();
    let paid = facts.lines.iter().filter(|line| line.kind == "payment");
    let paid: Vec<Intent> = paid.map(|line| intent(line, whose(line))).collect();
    let payments = facts.payments_by_id();
    let refunds = facts.refunds_by_id();
    let of_wallet = |line: &&Line| {
        let refund = refunds.get(line.subject.as_str());
        let payment = refund.and_then(|refund| payments.get(refund.payment.as_str()));
        line.kind == "refund" && payment.is_some_and(|payment| payment.is_from_wallet())
    };
    let given_back = facts.lines.iter().filter(of_wallet).map(|line| {
        let payment = refunds.get(line.subject.as_str()).map(|refund| &refund.payment);
        let stored: Option<&&Payment> = payment.and_then(|id| payments.get(id.as_str()));
        let intent = stored.and_then(|payment| payment.intent_id.clone());
        refund(line, whose(line), intent.unwrap_or_default())
    });
    let given_back: Vec<ProviderRefund> = given_back.collect();
    facts.intents.extend(paid);
    facts.provider_refunds.extend(given_back);
}

fn intent(line: &Line, (merchant, currency): (&str, &str)) -> Intent {
    Intent {
        provider: Provider::Wallet,
        account: merchant.to_owned(),
        id: line.transfer.clone(),
        status: "succeeded".to_owned(),
        amount: -line.amount_minor,
        amount_received: -line.amount_minor,
        currency: currency.to_owned(),
        metadata: marked_payment(line.subject.trim_start_matches("pay_")),
        charges_succeeded: 1,
        charges_failed: 0,
    }
}

fn refund(line: &Line, (merchant, currency): (&str, &str), payment_intent: String) -> ProviderRefund {
    ProviderRefund {
        account: merchant.to_owned(),
        id: line.transfer.clone(),
        payment_intent,
        amount: line.amount_minor,
        currency: currency.to_owned(),
        status: "succeeded".to_owned(),
        metadata: marked_refund(line.subject.trim_start_matches("rfd_")),
    }
}
