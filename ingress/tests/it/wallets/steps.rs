//! Steps over HTTP: what is taken, what is known already, what is refused, and what whoever waits gets to hear.

use std::time::Duration;

use domain::{
    job::{ChangeWallet, ChangeWalletReply, Job},
    payment::ActionOutcome,
    wallet::{HoldView, WalletAction, WalletStep},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::Record;

use super::{WALLETS, changing, fill, hold, reserved_of, step, wallet_id_of, wallet_of, withdraw};
use crate::{
    worker::{ask, only_job},
    world::{World, world},
};

const KIND: &str = ChangeWallet::CONTRACT.kind.name();

async fn post(world: &World, path: &str, key: &str, body: Value) -> crate::world::Answer {
    world
        .send(world.post(&format!("{WALLETS}/{path}"), key, &body))
        .await
}

/// Asks until PostgreSQL was quick enough: what it does not say in time is found out by the worker.
async fn post_known(world: &World, path: &str, key: &str, body: Value) -> crate::world::Answer {
    loop {
        let answer = post(world, path, key, body.clone()).await;
        if answer.status != StatusCode::ACCEPTED {
            return answer;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn told_id(answer: &crate::world::Answer) -> &str {
    answer.body["id"].as_str().unwrap()
}

/// Keeps what came of a wish, as a worker does.
async fn keep(world: &World, job: &ChangeWallet, outcome: ActionOutcome) {
    let action = WalletAction {
        merchant_id: job.merchant_id,
        wallet_id: job.wallet_id,
        kind: job.request.kind(),
        idempotency_key: job.idempotency_key.clone(),
        fingerprint: job.fingerprint(),
        outcome,
        operator: job.operator.clone(),
        at: chrono::DateTime::UNIX_EPOCH,
    };
    let record = Record {
        wallet_action: Some(Box::new(action)),
        ..Record::default()
    };
    world.write(record).await;
}

#[tokio::test]
async fn every_step_is_accepted_and_published_as_it_was_asked() {
    let world = world().await;
    world.ready().await;
    let [wallet, held, out] = reserved_of(&world, "user-42").await;
    let anna = wallet_id_of(&world, "anna");
    let (hold_id, withdrawal_id) = (held.parse().unwrap(), out.parse().unwrap());
    for (path, body, request) in [
        (
            "holds",
            json!({"amount_minor": 3, "reason": "a deposit"}),
            hold(3),
        ),
        (
            &format!("holds/{held}/capture"),
            json!({"amount_minor": 4}),
            WalletStep::Capture {
                hold_id,
                amount_minor: Some(4),
            },
        ),
        (
            &format!("holds/{held}/release"),
            json!({}),
            WalletStep::Release { hold_id },
        ),
        (
            "withdrawals",
            json!({"amount_minor": 5, "note": "to my bank"}),
            withdraw(5),
        ),
        (
            &format!("withdrawals/{out}/complete"),
            json!({"reference": "payout-1"}),
            WalletStep::CompleteWithdrawal {
                withdrawal_id,
                reference: Some("payout-1".into()),
            },
        ),
        (
            &format!("withdrawals/{out}/reject"),
            json!({"reason": "not now"}),
            WalletStep::RejectWithdrawal {
                withdrawal_id,
                reason: "not now".into(),
            },
        ),
        (
            "transfers",
            json!({"amount_minor": 6, "to_wallet_id": anna, "note": "thanks"}),
            WalletStep::Transfer {
                to_wallet_id: anna.parse().unwrap(),
                amount_minor: 6,
                note: Some("thanks".into()),
            },
        ),
    ] {
        let mut body = body;
        body["operator"] = "anna".into();
        let answer = post(&world, &format!("{wallet}/{path}"), "k", body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        let (job, properties) = only_job::<ChangeWallet>(&world).await;
        assert_eq!(job.request, request);
        assert_eq!(job.operator.as_deref(), Some("anna"));
        assert_eq!(properties["correlation_id"], wallet);
        assert_eq!(answer.body["wallet_id"], wallet);
        assert_eq!(answer.body["action"], request.kind().name());
        let place = match request.kind().name() {
            "transfer" => "transactions".to_owned(),
            "withdraw" | "complete_withdrawal" | "reject_withdrawal" => {
                format!("withdrawals/{}", told_id(&answer))
            }
            _ => format!("holds/{}", told_id(&answer)),
        };
        let expected = format!("{WALLETS}/{wallet}/{place}");
        assert_eq!(answer.header("location"), Some(expected.as_str()));
    }
    world.close().await;
}

#[tokio::test]
async fn what_the_wallet_does_not_allow_is_refused_at_the_door_with_state_and_step() {
    let world = world().await;
    world.ready().await;
    let [wallet, held, out] = reserved_of(&world, "user-42").await;
    let dollars = {
        let job = domain::job::CreateWallet {
            currency: domain::currency::Currency::USD,
            ..super::opening(&world)
        };
        let now = chrono::DateTime::UNIX_EPOCH;
        let new = domain::wallet::Wallet::new(job.merchant_id, job.user_id, job.currency, now);
        let record = Record {
            new_wallet: Some(new.clone()),
            ..Record::default()
        };
        world.write(record).await;
        new.id.to_string()
    };
    let anna = wallet_id_of(&world, "anna");
    let open = super::Wallet::new(
        world.shop.id,
        "user-42".parse().unwrap(),
        super::Currency::EUR,
        chrono::DateTime::UNIX_EPOCH,
    );
    for (path, body, code, words) in [
        (
            "holds",
            json!({"amount_minor": 71, "reason": "x"}),
            "insufficient_balance",
            "hold is refused: the wallet has 70 minor units available, and 71 are needed",
        ),
        (
            "withdrawals",
            json!({"amount_minor": 71}),
            "insufficient_balance",
            "withdraw is refused: the wallet has 70",
        ),
        (
            "transfers",
            json!({"amount_minor": 71, "to_wallet_id": anna}),
            "insufficient_balance",
            "transfer is refused: the wallet has 70",
        ),
        (
            "transfers",
            json!({"amount_minor": 1, "to_wallet_id": dollars}),
            "recipient_currency_differs",
            "EUR and USD, and transfer is refused",
        ),
        (
            &format!("holds/{held}/capture"),
            json!({"amount_minor": 11}),
            "capture_too_large",
            "held over 10 minor units, and capture of 11 is refused",
        ),
    ] {
        let answer = post(&world, &format!("{wallet}/{path}"), "k", body).await;
        answer.is_problem(409, "/problems/action-refused");
        assert_eq!(answer.body["code"], code);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
    }
    let release = WalletStep::Release {
        hold_id: held.parse().unwrap(),
    };
    step(&world, &changing(&open, "r", release)).await;
    let reject = WalletStep::RejectWithdrawal {
        withdrawal_id: out.parse().unwrap(),
        reason: "not now".into(),
    };
    step(&world, &changing(&open, "r", reject)).await;
    for (path, body, code, words) in [
        (
            "holds/{}/capture",
            json!({}),
            "hold_over",
            "released, and capture is refused",
        ),
        (
            "holds/{}/release",
            json!({}),
            "hold_over",
            "released, and release is refused",
        ),
        (
            "withdrawals/{}/complete",
            json!({}),
            "withdrawal_over",
            "rejected, and complete_withdrawal is refused",
        ),
        (
            "withdrawals/{}/reject",
            json!({"reason": "x"}),
            "withdrawal_over",
            "rejected, and reject_withdrawal is refused",
        ),
    ] {
        let id = if path.starts_with("holds") { &held } else { &out };
        let answer = post(&world, &format!("{wallet}/{}", path.replace("{}", id)), "k", body).await;
        answer.is_problem(409, "/problems/action-refused");
        assert_eq!(answer.body["code"], code);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
    }
    assert_eq!(world.take_jobs(KIND, 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = world().await;
    world.ready().await;
    let [wallet, held, _] = reserved_of(&world, "user-42").await;
    let anna = wallet_id_of(&world, "anna");
    let none = |prefix: &str| format!("{prefix}_{}", "0".repeat(32));
    for path in [
        format!("{}/holds/{held}/release", none("wal")),
        // A hold is found with its own wallet alone.
        format!("{anna}/holds/{held}/release"),
        format!("{wallet}/holds/{}/release", none("hld")),
        format!("{wallet}/holds/{}/capture", none("hld")),
        format!("{wallet}/withdrawals/{}/complete", none("wdr")),
        format!("{wallet}/holds/hld_1/release"),
    ] {
        let answer = post(&world, &path, "k", json!({})).await;
        answer.is_problem(404, "/problems/not-found");
    }
    let body = json!({"amount_minor": 1, "to_wallet_id": none("wal")});
    let answer = post(&world, &format!("{wallet}/transfers"), "k", body).await;
    answer.is_problem(404, "/problems/not-found");
    assert_eq!(world.take_jobs(KIND, 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_used_is_explained() {
    let world = world().await;
    world.ready().await;
    let [wallet, ..] = reserved_of(&world, "user-42").await;
    for (path, body, field, words) in [
        (
            "holds",
            json!({"amount_minor": 0, "reason": "x"}),
            "amount_minor",
            "greater than zero",
        ),
        (
            "holds",
            json!({"amount_minor": -5, "reason": "x"}),
            "amount_minor",
            "greater than zero",
        ),
        (
            "holds",
            json!({"amount_minor": 1.5, "reason": "x"}),
            "amount_minor",
            "without a fraction",
        ),
        (
            "holds",
            json!({"amount_minor": 1, "reason": ""}),
            "reason",
            "1 to 500",
        ),
        (
            "withdrawals",
            json!({"amount_minor": "1"}),
            "amount_minor",
            "JSON number",
        ),
        (
            "transfers",
            json!({"amount_minor": 1, "to_wallet_id": wallet}),
            "to_wallet_id",
            "another wallet",
        ),
        (
            "transfers",
            json!({"amount_minor": 1, "to_wallet_id": "x"}),
            "to_wallet_id",
            "wal_",
        ),
    ] {
        let answer = post(&world, &format!("{wallet}/{path}"), "k", body).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names(field, words);
    }
    for (path, body) in [
        ("holds", json!({"amount_minor": 1})),
        ("adjustments", json!({"amount_minor": 1})),
    ] {
        let answer = post(&world, &format!("{wallet}/{path}"), "k", body).await;
        answer.is_problem(400, "/problems/malformed-json");
    }
    // The merchant itself corrects nothing.
    let body = json!({"amount_minor": 1, "reason": "a gift"});
    let answer = post(&world, &format!("{wallet}/adjustments"), "k", body).await;
    answer.is_problem(403, "/problems/forbidden");
    assert_eq!(world.take_jobs(KIND, 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn whoever_waits_gets_the_hold_or_the_refusal() {
    let world = world().await;
    world.ready().await;
    let wallet = wallet_of(&world, "user-42", 1).await;
    let wallet = fill(&world, &wallet, 100, "a gift").await;
    let job = changing(&wallet, "k", hold(10));
    let path = format!("{WALLETS}/{}/holds", wallet.id);
    let body = json!({"amount_minor": 10, "reason": "a deposit"});
    let request = || world.post(&path, "k", &body);
    let taken = {
        let standing = world
            .store
            .wallet_standing(job.merchant_id, job.wallet_id, &job.request);
        let standing = standing.await.unwrap().unwrap();
        let now = chrono::DateTime::UNIX_EPOCH;
        standing.take(&job.request, &job.idempotency_key, now).unwrap()
    };
    let view = HoldView::from(&taken.hold.unwrap());
    let reply = ChangeWalletReply::Hold(Box::new(view.clone()));
    let answer = ask(&world, request(), &job, &reply).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.body, serde_json::to_value(&view).unwrap());
    let reply = ChangeWalletReply::Refused {
        code: "insufficient_balance".into(),
        message: "hold is refused: the wallet has 5 minor units available, and 10 are needed.".into(),
    };
    let answer = ask(&world, request(), &job, &reply).await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(answer.body["code"], "insufficient_balance");
    let reply = ChangeWalletReply::NotThere { what: "hold".into() };
    let answer = ask(&world, request(), &job, &reply).await;
    answer.is_problem(404, "/problems/not-found");
    let answer = ask(&world, request(), &job, &ChangeWalletReply::Conflict).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    world.close().await;
}

#[tokio::test]
async fn what_came_of_a_step_is_the_answer_to_its_repeat() {
    let world = world().await;
    world.ready().await;
    let wallet = wallet_of(&world, "user-42", 1).await;
    let wallet = fill(&world, &wallet, 100, "a gift").await;
    let done = changing(&wallet, "done", hold(10));
    step(&world, &done).await;
    keep(&world, &done, ActionOutcome::Done).await;
    let refusal = ActionOutcome::Refused {
        code: "insufficient_balance".into(),
        message: "hold is refused.".into(),
    };
    keep(&world, &changing(&wallet, "refused", hold(10)), refusal).await;
    let path = format!("{}/holds", wallet.id);
    let body = || json!({"amount_minor": 10, "reason": "a deposit"});
    let answer = post_known(&world, &path, "done", body()).await;
    assert_eq!(
        (answer.status, answer.header("idempotent-replayed")),
        (StatusCode::OK, Some("true"))
    );
    assert_eq!(answer.body["status"], "held");
    let answer = post_known(&world, &path, "refused", body()).await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    let mut other = body();
    other["amount_minor"] = 9.into();
    let answer = post_known(&world, &path, "done", other).await;
    answer.is_problem(409, "/problems/idempotency-conflict");
    world.close().await;
}
