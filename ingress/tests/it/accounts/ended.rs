//! Accounts that are over, and payouts whose end is not known: what is refused at the door, and why.

use chrono::{DateTime, TimeDelta};
use domain::{
    channel::Channel,
    connect::{AccountStatus, ConnectedAccount},
    id::{ConnectedAccountId, IdempotencyKey},
    job::{ChangeWallet, CreateIntent},
    merchant::Terms,
    payment::{Payment, PaymentStatus},
    wallet::{WalletStep, Withdrawal, WithdrawalEnd, WithdrawalStatus},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::Record;

use super::{
    account_at, payable_for,
    paying::{Payout, write},
};
use crate::{
    tokens::{admin, token, world_of_secret},
    wallets::{WALLETS, wallet_of},
    worker::only_job,
    world::{World, good_body, world},
};

/// The account of a payout's owner, which is over.
async fn over(world: &World, payout: &Payout) -> ConnectedAccount {
    let account = payable_for(world, &payout.wallet).await;
    end(world, account).await
}

async fn end(world: &World, account: ConnectedAccount) -> ConnectedAccount {
    let account = ConnectedAccount {
        status: AccountStatus::Deauthorized,
        version: 2,
        ..account
    };
    let record = Record {
        account: Some(Box::new(account.clone())),
        ..Record::default()
    };
    world.write(record).await;
    account
}

#[tokio::test]
async fn an_account_that_is_over_is_sent_nothing_and_leaves_room_for_another() {
    let world = world().await;
    world.ready().await;
    let payout = Payout::of(&world, "carla").await;
    over(&world, &payout).await;
    let shown = world.send(world.get(&account_at(&payout.wallet))).await;
    assert_eq!(shown.body["status"], "deauthorized");
    let answer = payout.known(&world, "k").await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(answer.body["code"], "account_over");
    for (destination, field) in [
        (json!({"account": "acct_1"}), "destination.account"),
        (json!({"wallet_id": payout.wallet.id}), "destination.wallet_id"),
    ] {
        let mut body = good_body();
        body["destination"] = destination;
        let answer = world.send(world.pay("to", &body)).await;
        answer.is_problem(422, "/problems/invalid-request");
        let error = &answer.body["errors"][0];
        assert_eq!(error["field"], field);
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains("is deauthorized"), "{detail}");
    }
    let wanted = json!({"country": "DE"});
    let another = world
        .send(world.post(&account_at(&payout.wallet), "another", &wanted))
        .await;
    assert_eq!(another.status, StatusCode::ACCEPTED, "{another:?}");
    world.close().await;
}

/// Stores the payment that a request has published, as a worker does, once its provider has opened the intent.
async fn opened(world: &World, job: CreateIntent) -> Payment {
    let payment = Payment::new(
        job.merchant_id,
        job.idempotency_key,
        job.request,
        Channel::Stripe,
        &Terms::default(),
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1),
    );
    let payment = Payment {
        status: PaymentStatus::RequiresAction,
        intent_id: Some(format!("pi_{}", payment.id)),
        ..payment
    };
    world.store(&payment).await;
    payment
}

#[tokio::test]
async fn a_repeat_finds_its_payment_when_the_account_is_over_and_its_owner_has_another() {
    let world = world().await;
    world.ready().await;
    let payout = Payout::of(&world, "carla").await;
    let account = payable_for(&world, &payout.wallet).await;
    let mut asked = Vec::new();
    for (key, destination) in [
        ("a", json!({"account": "acct_1"})),
        ("w", json!({"wallet_id": payout.wallet.id})),
    ] {
        let mut body = good_body();
        body["destination"] = destination;
        let answer = world.send(world.pay(key, &body)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        let (job, _) = only_job::<CreateIntent>(&world).await;
        let payment = opened(&world, job).await;
        asked.push((key, body, payment));
    }
    let repeats = async || {
        for (key, body, payment) in &asked {
            let answer = loop {
                let answer = world.send(world.pay(key, body)).await;
                // PostgreSQL was not quick enough.
                if answer.status != StatusCode::ACCEPTED {
                    break answer;
                }
                world.take_jobs("create_intent", 1).await;
            };
            assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            assert_eq!(answer.body["id"], payment.id.to_string());
            assert_eq!(answer.header("idempotent-replayed"), Some("true"));
        }
    };
    repeats().await;
    let first = end(&world, account).await;
    repeats().await;
    another_of(&world, &first).await;
    repeats().await;
    // Another wallet under the same key is another request, whosever the stored payment's account is.
    let stranger = wallet_of(&world, "dora", 1).await;
    let mut body = good_body();
    body["destination"] = json!({"wallet_id": stranger.id});
    let answer = world.send(world.pay("w", &body)).await;
    answer.is_problem(422, "/problems/invalid-request");
    world.close().await;
}

/// The account that a user has opened after its first was over.
async fn another_of(world: &World, first: &ConnectedAccount) -> ConnectedAccount {
    let key = IdempotencyKey::try_from("another".to_owned()).unwrap();
    let new = ConnectedAccount {
        id: ConnectedAccountId::derive(first.merchant_id, &key),
        idempotency_key: key,
        country: "DE".into(),
        status: AccountStatus::Pending,
        channel_account_id: None,
        version: 0,
        ..first.clone()
    };
    let record = Record {
        new_account: Some(Box::new(new.clone())),
        ..Record::default()
    };
    world.write(record).await;
    let opened = ConnectedAccount {
        status: AccountStatus::Onboarding,
        channel_account_id: Some("acct_2".into()),
        ..new
    };
    let record = Record {
        account: Some(Box::new(opened.clone())),
        ..Record::default()
    };
    world.write(record).await;
    opened
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_account_of_its_key_as_a_worker_does() {
    let world = world().await;
    world.ready().await;
    let payout = Payout::of(&world, "carla").await;
    let first = over(&world, &payout).await;
    another_of(&world, &first).await;
    let body = json!({"country": first.country});
    let key = first.idempotency_key.as_str();
    let answer = loop {
        let answer = world
            .send(world.post(&account_at(&payout.wallet), key, &body))
            .await;
        // PostgreSQL was not quick enough.
        if answer.status != StatusCode::ACCEPTED {
            break answer;
        }
    };
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.body["id"], first.id.to_string());
    world.close().await;
}

#[tokio::test]
async fn an_administrator_ends_what_is_in_review_and_the_merchant_does_not() {
    let world = world_of_secret().await;
    world.ready().await;
    let payout = Payout::of(&world, "carla").await;
    let account = payable_for(&world, &payout.wallet).await;
    let place = format!("{WALLETS}/{}/withdrawals/{}/end", payout.wallet.id, payout.id);
    let body = json!({"end": "failed", "reason": "taken back at Stripe"});
    let as_admin = |key: &str, body: &Value| {
        let admin = token(&admin());
        world
            .post_as(&admin, &place, key, body)
            .header("sluice-merchant", world.shop.id.to_string())
    };
    let merchants = world.send(world.post(&place, "k", &body)).await;
    merchants.is_problem(403, "/problems/forbidden");
    for (key, body, field) in [
        ("x", json!({"end": "rejected", "reason": "x"}), "end"),
        ("y", json!({"end": "failed", "reason": ""}), "reason"),
    ] {
        let answer = world.send(as_admin(key, &body)).await;
        answer
            .is_problem(422, "/problems/invalid-request")
            .names(field, "");
    }
    let refused = async |status: &str| {
        let answer = loop {
            let answer = world.send(as_admin(status, &body)).await;
            // PostgreSQL was not quick enough.
            if answer.status != StatusCode::ACCEPTED {
                break answer;
            }
            world.take_jobs("change_wallet", 1).await;
        };
        answer.is_problem(409, "/problems/action-refused");
        assert_eq!(answer.body["code"], "withdrawal_not_in_review");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(status), "{detail}");
    };
    refused("requested").await;
    let mut at_work = Withdrawal {
        status: WithdrawalStatus::Processing,
        channel: Some(account.channel),
        account_id: Some(account.id),
        paying_since: Some(DateTime::UNIX_EPOCH),
        ..payout.stored(&world).await
    };
    write(&world, &at_work).await;
    refused("processing").await;
    at_work = Withdrawal {
        in_review_since: Some(DateTime::UNIX_EPOCH),
        ..payout.stored(&world).await
    };
    write(&world, &at_work).await;
    let answer = world.send(as_admin("k", &body)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let (job, _) = only_job::<ChangeWallet>(&world).await;
    let expected = WalletStep::EndWithdrawal {
        withdrawal_id: payout.id,
        end: WithdrawalEnd::Failed,
        reason: "taken back at Stripe".into(),
        administrator: "root".into(),
    };
    assert_eq!(job.request, expected);
    world.close().await;
}

#[tokio::test]
async fn what_may_have_been_paid_out_is_not_ended_by_hand() {
    let world = world().await;
    world.ready().await;
    let payout = Payout::of(&world, "carla").await;
    let account = payable_for(&world, &payout.wallet).await;
    for (in_review_since, code) in [
        (None, "withdrawal_processing"),
        (Some(DateTime::UNIX_EPOCH), "withdrawal_in_review"),
    ] {
        let at_work = Withdrawal {
            status: WithdrawalStatus::Processing,
            channel: Some(account.channel),
            account_id: Some(account.id),
            paying_since: Some(DateTime::UNIX_EPOCH),
            in_review_since,
            ..payout.stored(&world).await
        };
        write(&world, &at_work).await;
        for (step, body) in [("complete", json!({})), ("reject", json!({"reason": "x"}))] {
            let place = format!("{WALLETS}/{}/withdrawals/{}/{step}", payout.wallet.id, payout.id);
            let answer = loop {
                let answer = world.send(world.post(&place, code, &body)).await;
                // PostgreSQL was not quick enough.
                if answer.status != StatusCode::ACCEPTED {
                    break answer;
                }
            };
            answer.is_problem(409, "/problems/action-refused");
            assert_eq!(answer.body["code"], code);
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains("could be paid twice"), "{detail}");
        }
    }
    world.close().await;
}
