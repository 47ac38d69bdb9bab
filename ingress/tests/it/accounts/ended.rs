//! Accounts that are over, and payouts whose end is not known: what is refused at the door, and why.

use chrono::DateTime;
use domain::{
    connect::{AccountStatus, ConnectedAccount},
    wallet::{Withdrawal, WithdrawalStatus},
};
use reqwest::StatusCode;
use serde_json::json;
use store::Record;

use super::{
    account_at, payable_for,
    paying::{Payout, write},
};
use crate::{
    wallets::WALLETS,
    world::{World, good_body, world},
};

/// The account of a payout's owner, which is over.
async fn over(world: &World, payout: &Payout) -> ConnectedAccount {
    let account = ConnectedAccount {
        status: AccountStatus::Deauthorized,
        version: 2,
        ..payable_for(world, &payout.wallet).await
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
