//! Wallets and payouts: one test for each way in which the evidence can be spoilt.

use serde_json::json;

use super::{
    Broken, all, broken,
    calm::{
        MERCHANT, asked, refusal,
        wallets::{self, ACCOUNT, BACK, CORRECTION, FIRST, GIFT, HOLD, SECOND, SPENT, TOP_UP, WITHDRAWAL},
    },
    counts, doubled,
    invariants::*,
    lost, payment, stuck, unbalanced,
};
use crate::verifier::facts::{Facts, Failure, Line, Wallet};

/// What is found when the evidence of a calm day on which wallets were kept is spoilt.
fn after(spoil: impl FnOnce(&mut Facts)) -> Broken {
    let mut facts = wallets::day();
    spoil(&mut facts);
    broken(&facts)
}

fn wallet<'a>(facts: &'a mut Facts, id: &str) -> &'a mut Wallet {
    facts.wallets.iter_mut().find(|wallet| wallet.id == id).unwrap()
}

fn line<'a>(facts: &'a mut Facts, subject: &str) -> &'a mut Line {
    facts
        .lines
        .iter_mut()
        .find(|line| line.subject == subject)
        .unwrap()
}

/// The postings of the transfers about this are gone, and these with them.
fn never_posted(facts: &mut Facts, subject: &str) {
    let gone = facts
        .transfers
        .extract_if(.., |transfer| transfer.subject == subject);
    let gone: Vec<String> = gone.map(|transfer| transfer.id).collect();
    facts.postings.retain(|posting| !gone.contains(&posting.transfer));
}

fn given_up(facts: &mut Facts, kind: &str, about: &str) {
    facts.failures.push(Failure {
        job_id: "job_given_up".into(),
        kind: kind.into(),
        disposition: "dead_letter".into(),
        error_class: "outcome_unknown".into(),
        correlation_id: about.into(),
    });
    let letter = e2e::rabbit::Letter {
        payload: json!({ "merchant_id": MERCHANT, "idempotency_key": "parked" }).to_string(),
        properties: json!({
            "message_id": "job_given_up", "correlation_id": about,
            "headers": { "error_class": "outcome_unknown" },
        }),
    };
    facts.parked.insert(format!("dead.{kind}"), vec![letter]);
}

#[test]
fn a_wallet_that_is_not_stored() {
    let found = after(|facts| facts.wallets.retain(|wallet| wallet.id != SECOND));
    assert_eq!(found[WALLETS_KEPT], counts(1, 0, 0));
}

#[test]
fn a_wallet_that_nobody_asked_for() {
    let found = after(|facts| {
        let mut other = wallet(facts, SECOND).clone();
        (other.id, other.user_id) = ("wal_9".into(), "somebody".into());
        (other.balance_minor, other.version) = (0, 0);
        facts.wallets.push(other);
    });
    assert_eq!(found, doubled(WALLETS_KEPT));
}

#[test]
fn a_wallet_that_is_called_otherwise() {
    let found = after(|facts| {
        let told = facts.journal.purses[0].steps[0].asked[1].told.as_mut();
        told.unwrap().id = "wal_9".into();
    });
    assert_eq!(found, doubled(WALLETS_KEPT));
}

#[test]
fn a_step_that_nobody_knows_the_end_of() {
    let found = after(|facts| facts.wallet_actions.retain(|action| action.action != "capture"));
    assert_eq!(found, lost(WALLET_STEPS_TAKEN));
    let found = after(|facts| {
        facts.wallet_actions.retain(|action| action.action != "capture");
        given_up(facts, "change_wallet", FIRST);
        let step = facts.journal.purses[0].steps.iter_mut();
        let mut step = step.filter(|step| step.deed.name() == "capture");
        step.next().unwrap().key = "parked".into();
    });
    assert_eq!(found, all([]), "it is parked");
}

#[test]
fn a_step_that_nobody_asked_for() {
    let found = after(|facts| {
        let mut other = facts.wallet_actions[0].clone();
        other.idempotency_key = "made-up".into();
        facts.wallet_actions.push(other);
    });
    assert_eq!(found, doubled(WALLET_STEPS_TAKEN));
}

#[test]
fn a_step_that_was_told_otherwise() {
    let found = after(|facts| facts.wallet_actions.last_mut().unwrap().outcome = "refused".into());
    assert_eq!(found[WALLET_STEPS_TAKEN], counts(0, 1, 0));
    let found = after(|facts| {
        let refused = facts.wallet_actions.iter_mut().find(|action| !action.is_done());
        refused.unwrap().outcome = "done".into();
    });
    assert_eq!(found[WALLET_STEPS_TAKEN], counts(0, 1, 0));
}

#[test]
fn a_movement_that_is_missing_in_the_statement() {
    for subject in [TOP_UP, SPENT, BACK, HOLD, GIFT, WITHDRAWAL, CORRECTION] {
        let found = after(|facts| facts.lines.retain(|line| line.subject != subject));
        assert!(found[STATEMENTS_AGREE].lost > 0, "{subject}");
        assert!(found[WALLETS_ADD_UP].unbalanced > 0, "{subject}");
    }
}

/// Each was credited or debited once more, with the wallet, the ledger and the line all agreeing.
#[test]
fn a_movement_that_happened_twice() {
    for subject in [TOP_UP, SPENT, BACK, GIFT, CORRECTION] {
        let found = after(|facts| {
            let mut again = line(facts, subject).clone();
            let stored = wallet(facts, &again.wallet);
            stored.version += 1;
            stored.balance_minor += again.amount_minor;
            (again.number, again.balance_minor, again.held_minor) =
                (stored.version, stored.balance_minor, stored.held_minor);
            let mut transfer = facts.transfers.iter();
            let mut transfer = transfer
                .rfind(|transfer| transfer.subject == subject)
                .unwrap()
                .clone();
            let posted = facts
                .postings
                .iter()
                .filter(|posting| posting.transfer == transfer.id && posting.account == "customer_wallet");
            let mut posted: Vec<_> = posted.take(1).cloned().collect();
            transfer.id = "once more".into();
            posted[0].transfer = "once more".into();
            let mut other = posted[0].clone();
            other.account = "merchant_balance".into();
            other.amount_minor = -other.amount_minor;
            facts.postings.extend([posted.remove(0), other]);
            facts.transfers.push(transfer);
            facts.lines.push(again);
        });
        assert_eq!(found[STATEMENTS_AGREE], counts(0, 1, 0), "{subject}");
        assert_eq!(found[MONEY_IS_COVERED].unbalanced, 1, "{subject}");
        assert!(!found.contains_key(WALLETS_ADD_UP), "{subject}: {found:?}");
    }
}

#[test]
fn a_movement_that_never_happened() {
    let found = after(|facts| line(facts, GIFT).subject = "wmv_9".into());
    assert_eq!(found, all([Broken::from([(STATEMENTS_AGREE, counts(1, 1, 0))])]));
    let found = after(|facts| payment(facts, TOP_UP).paid_into = None);
    assert_eq!(
        found[STATEMENTS_AGREE],
        counts(0, 1, 0),
        "the payment never got there"
    );
}

#[test]
fn a_wallet_whose_figures_are_no_sums() {
    let found = after(|facts| wallet(facts, SECOND).balance_minor += 1);
    assert_eq!(found[WALLETS_ADD_UP].unbalanced, 2, "postings and lines");
    let found = after(|facts| wallet(facts, FIRST).held_minor = 1);
    assert_eq!(found[WALLETS_ADD_UP].unbalanced, 2);
    let found = after(|facts| never_posted(facts, CORRECTION));
    assert_eq!(found, unbalanced(WALLETS_ADD_UP));
    let found = after(|facts| {
        for posting in &mut facts.postings {
            if posting.detail == "purse-second" {
                posting.detail = "nobody".into();
            }
        }
    });
    assert_eq!(
        found[WALLETS_ADD_UP].unbalanced, 2,
        "one has nothing, and nobody has something"
    );
}

#[test]
fn a_statement_with_a_gap() {
    let found = after(|facts| {
        for line in facts.lines.iter_mut().filter(|line| line.wallet == SECOND) {
            line.number += 1;
        }
        wallet(facts, SECOND).version += 1;
    });
    assert_eq!(found, unbalanced(WALLETS_ADD_UP));
    let found = after(|facts| line(facts, HOLD).held_minor += 1);
    assert_eq!(found, unbalanced(WALLETS_ADD_UP));
    let found = after(|facts| wallet(facts, FIRST).version += 1);
    assert_eq!(found, unbalanced(WALLETS_ADD_UP));
}

/// It all adds up in the end, and on the way more was spent than there was.
#[test]
fn a_wallet_that_lacked_something() {
    let found = after(|facts| {
        let at = |facts: &Facts, subject| {
            facts
                .lines
                .iter()
                .position(|line| line.subject == subject)
                .unwrap()
        };
        let (fill, spend) = (at(facts, TOP_UP), at(facts, SPENT));
        facts.lines.swap(fill, spend);
        (facts.lines[fill].number, facts.lines[fill].balance_minor) = (1, -1_000);
        (facts.lines[spend].number, facts.lines[spend].balance_minor) = (2, 3_000);
    });
    assert_eq!(found, unbalanced(WALLETS_ADD_UP));
}

#[test]
fn money_that_was_set_aside_and_never_freed() {
    let found = after(|facts| facts.holds[0].status = "held".into());
    assert!(
        found[BALANCED].unbalanced > 0,
        "resolved before its end: {found:?}"
    );
    let found = after(|facts| {
        let resolved = facts
            .transfers
            .iter()
            .filter(|transfer| transfer.resolves.is_some());
        let ended: Vec<String> = resolved
            .filter(|transfer| transfer.subject == HOLD)
            .map(|transfer| transfer.id.clone())
            .collect();
        facts.transfers.retain(|transfer| !ended.contains(&transfer.id));
        facts
            .postings
            .retain(|posting| !ended.contains(&posting.transfer));
    });
    assert_eq!(found[BALANCED].unbalanced, 2, "the reservation, and its sum");
}

#[test]
fn money_that_left_for_nobody() {
    let found = after(|facts| never_posted(facts, WITHDRAWAL));
    assert_eq!(found[MONEY_IS_COVERED].unbalanced, 1, "{found:?}");
}

#[test]
fn an_account_that_was_opened_twice_or_is_another() {
    let found = after(|facts| {
        let mut again = facts.provider_accounts[0].clone();
        again.id = "acct_9".into();
        facts.provider_accounts.push(again);
    });
    assert_eq!(found, doubled(ACCOUNTS_ONCE));
    let found = after(|facts| facts.provider_accounts[0].metadata.clear());
    assert_eq!(
        found[ACCOUNTS_ONCE],
        counts(0, 2, 0),
        "one is missing, one is nobody's"
    );
    let found = after(|facts| facts.provider_accounts[0].account = "sk_9".into());
    assert_eq!(found, doubled(ACCOUNTS_ONCE));
    let found = after(|facts| {
        let mut again = facts.accounts[0].clone();
        (again.id, again.status, again.channel_account_id) = ("cac_9".into(), "needs_review".into(), None);
        facts.accounts.push(again);
        given_up(facts, "create_account", "cac_9");
    });
    assert_eq!(found, doubled(ACCOUNTS_ONCE), "a user has one");
    let found = after(|facts| facts.accounts[0].channel_account_id = Some("acct_9".into()));
    assert_eq!(found[ACCOUNTS_ONCE], counts(0, 1, 0));
}

#[test]
fn an_account_that_stands_otherwise_or_hangs() {
    let found = after(|facts| facts.provider_accounts[0].charges_enabled = false);
    assert_eq!(found, lost(ACCOUNTS_ONCE));
    for status in ["pending", "needs_review"] {
        let found = after(|facts| facts.accounts[0].status = status.into());
        assert_eq!(found, stuck(ACCOUNTS_ONCE), "{status}");
    }
    let found = after(|facts| facts.accounts[0].status = "failed".into());
    assert_eq!(found, doubled(ACCOUNTS_ONCE));
}

#[test]
fn a_withdrawal_that_was_sent_twice_or_otherwise() {
    let found = after(|facts| {
        let mut again = facts.provider_transfers[0].clone();
        again.id = "tr_9".into();
        facts.provider_transfers.push(again);
    });
    assert_eq!(found[PAID_OUT_ONCE], counts(0, 1, 0));
    assert_eq!(found[MONEY_IS_COVERED].unbalanced, 1);
    let found = after(|facts| facts.provider_transfers[0].amount = 601);
    assert_eq!(found[PAID_OUT_ONCE], counts(0, 1, 0));
    let found = after(|facts| facts.provider_transfers[0].destination = "acct_9".into());
    assert_eq!(found, doubled(PAID_OUT_ONCE));
    let found = after(|facts| facts.provider_transfers[0].transfer_group = Some("wdr_9".into()));
    assert_eq!(
        found[PAID_OUT_ONCE],
        counts(0, 2, 0),
        "one is missing, one is nobody's"
    );
}

#[test]
fn a_withdrawal_that_was_never_sent_or_hangs() {
    let found = after(|facts| facts.provider_transfers.clear());
    assert_eq!(found[PAID_OUT_ONCE], counts(0, 1, 0));
    let found = after(|facts| facts.withdrawals[0].status = "failed".into());
    assert_eq!(found[PAID_OUT_ONCE], counts(0, 1, 0), "it was sent");
    let found = after(|facts| facts.withdrawals[0].status = "processing".into());
    assert_eq!(found[PAID_OUT_ONCE], counts(0, 0, 1));
    let found = after(|facts| {
        facts.withdrawals[0].status = "processing".into();
        given_up(facts, "create_transfer", WITHDRAWAL);
    });
    assert!(!found.contains_key(PAID_OUT_ONCE), "people look at it: {found:?}");
}

#[test]
fn a_withdrawal_that_is_told_otherwise() {
    let of = |event: &'static str| {
        move |facts: &mut Facts| {
            let told = facts
                .notifications
                .iter()
                .position(|told| told.event_type == event)
                .unwrap();
            let told = facts.notifications.remove(told);
            for mail in facts.mail.values_mut() {
                mail.retain(|received| received.id.as_ref() != Some(&told.id));
            }
            told
        }
    };
    let silent = after(|facts| drop(of("wallet.withdrawal_completed")(facts)));
    assert_eq!(silent, lost(WITHDRAWALS_TOLD));
    let twice = after(|facts| {
        let mut told = of("wallet.withdrawal_completed")(facts);
        told.status = "delivered".into();
        for id in ["ntf_a", "ntf_b"] {
            told.id = id.into();
            let mail = facts.mail.get_mut(MERCHANT).unwrap();
            let mut received = mail[0].clone();
            (received.id, received.body, received.answered) =
                (Some(id.into()), told.payload.clone(), Some(200));
            mail.push(received);
            facts.notifications.push(told.clone());
        }
    });
    assert_eq!(twice, doubled(WITHDRAWALS_TOLD));
    let otherwise = after(|facts| facts.withdrawals[0].status = "rejected".into());
    assert_eq!(otherwise[WITHDRAWALS_TOLD], counts(1, 1, 0));
    let wrong = after(|facts| {
        let told = facts.notifications.iter_mut();
        let mut told = told.filter(|told| told.event_type == "wallet.withdrawal_requested");
        let told = told.next().unwrap();
        told.payload = told.payload.replace("600", "6000");
        let (id, payload) = (told.id.clone(), told.payload.clone());
        for received in facts.mail.get_mut(MERCHANT).unwrap() {
            if received.id.as_ref() == Some(&id) {
                received.body.clone_from(&payload);
            }
        }
    });
    assert_eq!(wrong, doubled(WITHDRAWALS_TOLD));
}

#[test]
fn an_account_that_is_told_otherwise() {
    let found = after(|facts| {
        facts.accounts[0].status = "restricted".into();
        facts.provider_accounts[0].charges_enabled = false;
    });
    assert_eq!(found, lost(WITHDRAWALS_TOLD));
    let found = after(|facts| facts.accounts[0].merchant = "mer_9".into());
    assert!(found[WITHDRAWALS_TOLD].doubled > 0);
}

#[test]
fn a_dishonest_refusal() {
    for (status, problem, retry_after) in [
        (503, "/problems/broker-unavailable", ""),
        (404, "/problems/not-found", ""),
        (422, "/problems/invalid-request", ""),
        (500, "/problems/internal", ""),
        (409, "/problems/action-refused", ""),
    ] {
        let found = after(|facts| {
            let told = asked(refusal(status, problem, retry_after));
            facts.journal.purses[0].steps[0].asked.push(told);
        });
        assert_eq!(found, doubled(HONEST_ABOUT_WALLETS), "{status}");
    }
    let found = after(|facts| {
        let look = asked(refusal(404, "/problems/not-found", ""));
        facts.journal.purses[0].looks.push(look);
    });
    assert_eq!(found, doubled(HONEST_ABOUT_WALLETS));
}

#[test]
fn a_job_that_was_given_up() {
    for (kind, unknown, known) in [
        ("create_wallet", "wal_9", FIRST),
        ("change_wallet", "wal_9", FIRST),
        ("create_account", "cac_9", ACCOUNT),
        ("create_transfer", "wdr_9", WITHDRAWAL),
    ] {
        let swallowed = |about| {
            after(|facts| {
                given_up(facts, kind, about);
                facts.parked.remove(&format!("dead.{kind}"));
            })
        };
        assert_eq!(swallowed(unknown), lost(EXPLAINED), "{kind}");
        assert_eq!(swallowed(known), all([]), "{kind}");
    }
    let parked = after(|facts| given_up(facts, "create_wallet", "wal_9"));
    assert_eq!(parked, stuck(EXPLAINED));
}

/// What a wallet pays is as true as what a provider is paid.
#[test]
fn a_payment_from_a_wallet_that_is_otherwise() {
    let found = after(|facts| payment(facts, SPENT).status = "failed".into());
    assert!(found[CHARGED_IS_PAID].lost > 0);
    let found = after(|facts| facts.intents.retain(|intent| intent.payment() != Some(SPENT)));
    assert!(found[CHARGED_IS_PAID].doubled > 0, "nothing has paid it");
    let found = after(|facts| {
        let again = facts
            .intents
            .iter()
            .find(|intent| intent.payment() == Some(SPENT));
        let mut again = again.unwrap().clone();
        again.id = "trf_9".into();
        facts.intents.push(again);
    });
    assert!(found[ONE_INTENT].doubled > 0, "it was paid twice");
    let found = after(|facts| facts.provider_refunds.retain(|made| made.refund() != Some(BACK)));
    assert!(found[GIVEN_BACK_ONCE].lost > 0);
}
