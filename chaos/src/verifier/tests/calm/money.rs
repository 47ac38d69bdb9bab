//! The part of the calm day in which money goes back: one payment was refunded in part and asked back once more in vain,
//! one was called off, and one was disputed and lost. And what the ledger has of all of it.

use super::{MERCHANT, accepted, asked, intent, payment, refusal, tell};
use crate::{
    journal::{Asked, Deed, Told, Wish},
    verifier::facts::{
        Action, Dispute, Facts, Opening, Posting, ProviderDispute, ProviderRefund, Refund, Transfer,
    },
};

pub const REFUNDED: &str = "pay_5";
pub const CANCELED: &str = "pay_6";
/// Given back.
pub const MADE: &str = "rfd_1";
/// Asked back when nothing like it was left.
pub const REFUSED: &str = "rfd_2";
const DISPUTE: &str = "dsp_1";

/// 2,000 of 5,000 are given back; then 4,000 are asked back, which there are not.
pub fn refund(facts: &mut Facts) {
    payment(facts, REFUNDED, 5_000, "succeeded");
    intent(facts, REFUNDED, 5_000, "succeeded", (1, 0));
    tell(facts, REFUNDED, REFUNDED, "payment.succeeded", 5_000, "");
    post(
        facts,
        REFUNDED,
        REFUNDED,
        "payment",
        [("provider_clearing", -5_000), ("merchant_balance", 5_000)],
    );
    paid_by_payer(facts, REFUNDED);

    wish(
        facts,
        Deed::Refund {
            amount_minor: Some(2_000),
        },
        accepted(MADE, "pending"),
    );
    stored(facts, MADE, 2_000, "succeeded");
    give_back(facts, REFUNDED, MADE, 2_000);

    let refused = refusal(409, "/problems/refund-too-large", "");
    wish(
        facts,
        Deed::Refund {
            amount_minor: Some(4_000),
        },
        accepted(REFUSED, "pending"),
    );
    last_wish(facts).asked.push(asked(refused));
    stored(facts, REFUSED, 4_000, "failed");
    super::super::refund(facts, REFUSED).failure_code = "refund_too_large".into();
    tell(
        facts,
        REFUNDED,
        REFUSED,
        "refund.failed",
        4_000,
        "refund_too_large",
    );
    let payment = super::super::payment(facts, REFUNDED);
    payment.intent_id = Some(format!("pi_of_{REFUNDED}"));
    payment.refunded_minor = 2_000;
}

/// The provider makes a refund, and it is in the books and told.
pub fn give_back(facts: &mut Facts, payment: &str, refund: &str, amount: i64) {
    let metadata = [("sluice_refund_id".to_owned(), refund.to_owned())];
    facts.provider_refunds.push(ProviderRefund {
        account: "sk_1".into(),
        id: format!("re_of_{refund}"),
        payment_intent: format!("pi_of_{payment}"),
        amount,
        currency: "usd".into(),
        status: "succeeded".into(),
        metadata: metadata.clone().into(),
    });
    facts.refundings.push(Opening {
        idempotency_key: Some(format!("{refund}/create_refund")),
        metadata: metadata.into(),
    });
    reserve_and_post(facts, payment, refund, amount);
    tell(facts, payment, refund, "refund.succeeded", amount, "");
}

/// A payment is called off before anybody pays it.
pub fn cancel(facts: &mut Facts) {
    payment(facts, CANCELED, 6_000, "canceled");
    intent(facts, CANCELED, 6_000, "canceled", (0, 0));
    tell(facts, CANCELED, CANCELED, "payment.canceled", 6_000, "");
    wish(facts, Deed::Cancel, accepted(CANCELED, "requires_action"));
    last_wish(facts).asked.push(asked(Told {
        status: 200,
        ..accepted(CANCELED, "canceled")
    }));
    let key = last_wish(facts).key.clone();
    facts.actions.push(Action {
        merchant: MERCHANT.into(),
        idempotency_key: key,
        payment: CANCELED.into(),
        action: "cancel".into(),
        outcome: "done".into(),
        code: String::new(),
    });
}

/// The payer's bank takes all of a payment back.
pub fn dispute(facts: &mut Facts, payment: &str, amount_minor: i64) {
    super::super::payment(facts, payment).disputed_minor = amount_minor;
    facts.disputes.push(Dispute {
        id: DISPUTE.into(),
        payment: payment.into(),
        channel_dispute_id: "du_1".into(),
        amount_minor,
        status: "lost".into(),
    });
    facts.provider_disputes.push(ProviderDispute {
        id: "du_1".into(),
        payment_intent: format!("pi_of_{payment}"),
        amount: amount_minor,
        status: "lost".into(),
    });
    let taken = [("merchant_balance", -amount_minor), ("disputes", amount_minor)];
    post(facts, payment, DISPUTE, "dispute", taken);
    let lost = [("disputes", -amount_minor), ("provider_clearing", amount_minor)];
    post(facts, payment, DISPUTE, "dispute_lost", lost);
    tell(facts, payment, DISPUTE, "dispute.opened", amount_minor, "");
    tell(facts, payment, DISPUTE, "dispute.lost", amount_minor, "");
}

/// A posted transfer.
pub fn post(facts: &mut Facts, payment: &str, subject: &str, kind: &str, moved: [(&str, i64); 2]) {
    transfer(
        facts,
        payment,
        subject,
        (kind, "posted"),
        &moved.map(|(account, amount)| (account, "posted", amount)),
    );
}

fn reserve_and_post(facts: &mut Facts, payment: &str, refund: &str, amount: i64) {
    post_reserved(facts, payment, refund, amount, "provider_clearing");
}

/// A refund that was set aside, and then given back to this account.
pub fn post_reserved(facts: &mut Facts, payment: &str, refund: &str, amount: i64, to: &str) {
    let reserved = [
        ("merchant_balance", "pending", -amount),
        ("refunds_pending", "pending", amount),
    ];
    transfer(facts, payment, refund, ("refund", "pending"), &reserved);
    let reservation = facts.transfers.last().map(|transfer| transfer.id.clone());
    let posted = [
        ("merchant_balance", "pending", amount),
        ("refunds_pending", "pending", -amount),
        ("merchant_balance", "posted", -amount),
        (to, "posted", amount),
    ];
    transfer(facts, payment, refund, ("refund", "posted"), &posted);
    facts.transfers.last_mut().unwrap().resolves = reservation;
}

pub fn transfer(
    facts: &mut Facts,
    payment: &str,
    subject: &str,
    (kind, phase): (&str, &str),
    postings: &[(&str, &str, i64)],
) {
    let id = format!("transfer {}", facts.transfers.len() + 1);
    facts
        .postings
        .extend(postings.iter().map(|(account, layer, amount_minor)| {
            // Some have a name behind a stroke.
            let (account, detail) = account.split_once('/').unwrap_or((account, ""));
            Posting {
                transfer: id.clone(),
                account: account.into(),
                merchant: MERCHANT.into(),
                detail: detail.into(),
                currency: "USD".into(),
                layer: (*layer).into(),
                amount_minor: *amount_minor,
            }
        }));
    facts.transfers.push(Transfer {
        id,
        payment: payment.into(),
        subject: subject.into(),
        kind: kind.into(),
        phase: phase.into(),
        resolves: None,
    });
}

fn stored(facts: &mut Facts, id: &str, amount_minor: i64, status: &str) {
    let key = last_wish(facts).key.clone();
    last_wish(facts).looks = vec![looked(id, "pending"), looked(id, status)];
    facts.refunds.push(Refund {
        id: id.into(),
        merchant: MERCHANT.into(),
        payment: REFUNDED.into(),
        idempotency_key: key,
        status: status.into(),
        amount_minor,
        currency: "USD".into(),
        order_id: None,
        channel_refund_id: (status == "succeeded").then(|| format!("re_of_{id}")),
        failure_code: String::new(),
    });
}

pub fn looked(id: &str, status: &str) -> Asked {
    asked(Told {
        status: 200,
        ..accepted(id, status)
    })
}

pub fn wish(facts: &mut Facts, deed: Deed, told: Told) {
    let order = facts.journal.orders.last_mut().unwrap();
    order.wishes.push(Wish {
        key: format!("{}-wish-{}", order.key, order.wishes.len() + 1),
        deed,
        asked: vec![
            asked(refusal(503, "/problems/broker-unavailable", "1")),
            asked(told),
        ],
        looks: Vec::new(),
    });
}

pub fn last_wish(facts: &mut Facts) -> &mut Wish {
    facts
        .journal
        .orders
        .last_mut()
        .unwrap()
        .wishes
        .last_mut()
        .unwrap()
}

fn paid_by_payer(facts: &mut Facts, payment: &str) {
    let act = super::act(payment, "pm_card_visa", "succeeded");
    facts.journal.orders.last_mut().unwrap().payer.push(act);
}
