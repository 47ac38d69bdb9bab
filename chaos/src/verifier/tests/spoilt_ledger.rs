//! The ledger: one test for each way in which the evidence can be spoilt.

use super::{
    after, all,
    calm::{MADE, PAID, REFUNDED, REFUSED, SECOND_CARD},
    invariants::*,
    payment, refund, unbalanced,
};
use crate::verifier::facts::Posting;

#[test]
fn a_posting_that_is_off() {
    let found = after(|facts| facts.postings[0].amount_minor -= 1);
    assert_eq!(found[BALANCED].unbalanced, 2, "the transfer, and the whole");
    assert_eq!(found[BOOKS_AGREE].unbalanced, 1);
}

#[test]
fn a_transfer_in_two_currencies() {
    let found = after(|facts| facts.postings[0].currency = "EUR".into());
    assert_eq!(
        found[BALANCED].unbalanced, 5,
        "the transfer and the whole, in both, and it is not the payment's"
    );
}

#[test]
fn a_transfer_between_merchants() {
    let found = after(|facts| facts.postings[0].merchant = "mer_2".into());
    assert_eq!(found[BALANCED].unbalanced, 3);
}

#[test]
fn a_payment_on_the_accounts_of_others() {
    let spoilt: [fn(&mut Posting); 2] = [
        |posting| posting.merchant = "mer_2".into(),
        |posting| posting.currency = "EUR".into(),
    ];
    for spoil in spoilt {
        let found = after(|facts| {
            let id = facts.transfers[0].id.clone();
            let postings = facts.postings.iter_mut();
            postings.filter(|posting| posting.transfer == id).for_each(spoil);
        });
        assert_eq!(found[BALANCED].unbalanced, 2, "each of its postings");
    }
}

#[test]
fn a_reservation_of_another_amount() {
    // Balanced in itself, and what resolves it leaves the rest where nobody misses it.
    let found = after(|facts| {
        let pending = facts
            .transfers
            .iter()
            .find(|transfer| transfer.phase == "pending");
        let id = pending.unwrap().id.clone();
        let postings = facts.postings.iter_mut();
        postings
            .filter(|posting| posting.transfer == id)
            .for_each(|posting| posting.amount_minor *= 2);
    });
    assert_eq!(found, unbalanced(BALANCED));
}

#[test]
fn a_refund_on_its_way_for_which_nothing_is_set_aside() {
    let found = after(|facts| {
        let refund = refund(facts, REFUSED);
        (refund.status, refund.failure_code) = ("processing".into(), String::new());
    });
    assert_eq!(found[BALANCED].unbalanced, 1);
}

#[test]
fn a_transfer_that_moves_nothing() {
    let found = after(|facts| {
        let id = facts.transfers[0].id.clone();
        facts.postings.retain(|posting| posting.transfer != id);
    });
    assert_eq!(found, all([unbalanced(BALANCED), unbalanced(BOOKS_AGREE)]));
}

#[test]
fn a_reservation_that_outlives_its_refund() {
    let found = after(|facts| {
        facts
            .transfers
            .iter_mut()
            .for_each(|transfer| transfer.resolves = None)
    });
    assert_eq!(found, unbalanced(BALANCED));
}

#[test]
fn a_reservation_that_ends_before_its_refund() {
    let found = after(|facts| refund(facts, MADE).status = "processing".into());
    assert_eq!(found[BALANCED].unbalanced, 2, "and its amount is not there");
}

#[test]
fn a_reservation_that_is_resolved_twice() {
    let found = after(|facts| {
        let again = facts
            .transfers
            .iter()
            .find(|transfer| transfer.resolves.is_some());
        let mut again = again.unwrap().clone();
        let postings: Vec<Posting> = facts
            .postings
            .iter()
            .filter(|posting| posting.transfer == again.id)
            .cloned()
            .collect();
        again.id = "transfer 99".into();
        let transfer = again.id.clone();
        facts.postings.extend(postings.into_iter().map(|posting| Posting {
            transfer: transfer.clone(),
            ..posting
        }));
        facts.transfers.push(again);
    });
    assert_eq!(
        found[BALANCED].unbalanced, 2,
        "and less than nothing is set aside"
    );
    assert_eq!(found[BOOKS_AGREE].unbalanced, 1);
}

#[test]
fn money_that_the_ledger_does_not_know() {
    for subject in [PAID, REFUNDED, SECOND_CARD] {
        let found = after(|facts| {
            let gone: Vec<String> = facts
                .transfers
                .iter()
                .filter(|transfer| transfer.subject == subject)
                .map(|transfer| transfer.id.clone())
                .collect();
            facts.transfers.retain(|transfer| !gone.contains(&transfer.id));
            facts.postings.retain(|posting| !gone.contains(&posting.transfer));
        });
        assert_eq!(found, unbalanced(BOOKS_AGREE), "{subject}");
    }
}

#[test]
fn a_dispute_that_only_the_provider_knows() {
    for status in ["won", "under_review"] {
        let found = after(|facts| facts.provider_disputes[0].status = status.into());
        assert_eq!(found[BOOKS_AGREE].unbalanced, 2, "the ledger and the dispute");
        assert_eq!(found[TOLD_THE_TRUTH].doubled, 1, "it was told to be lost");
    }
}

/// It has come and gone, and no money is missing.
#[test]
fn a_dispute_that_was_won_and_never_heard_of() {
    let found = after(|facts| {
        let mut won = facts.provider_disputes[0].clone();
        (won.id, won.status) = ("du_9".into(), "won".into());
        facts.provider_disputes.push(won);
    });
    assert_eq!(found, unbalanced(BOOKS_AGREE));
    let warned = after(|facts| {
        let mut warning = facts.provider_disputes[0].clone();
        (warning.id, warning.status) = ("du_9".into(), "warning_closed".into());
        facts.provider_disputes.push(warning);
    });
    assert_eq!(warned, all([]));
}

#[test]
fn a_dispute_that_only_the_books_know() {
    let found = after(|facts| facts.disputes[0].channel_dispute_id = "du_9".into());
    assert_eq!(found[BOOKS_AGREE].unbalanced, 2, "one too many, and one too few");
    assert_eq!(found[TOLD_THE_TRUTH].doubled, 2, "opened and lost");
}

#[test]
fn a_figure_that_is_no_sum() {
    assert_eq!(
        after(|facts| payment(facts, REFUNDED).refunded_minor = 2_001),
        unbalanced(FIGURES_AGREE)
    );
    assert_eq!(
        after(|facts| payment(facts, REFUNDED).refund_reserved_minor = 1),
        unbalanced(FIGURES_AGREE)
    );
    assert_eq!(
        after(|facts| payment(facts, SECOND_CARD).disputed_minor = 0),
        unbalanced(FIGURES_AGREE)
    );
}
