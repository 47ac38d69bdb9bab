//! Steps of wallets: each taken once under its key, refused with state and step, and told where a merchant should hear.

use domain::{
    id::{HoldId, WalletId, WithdrawalId},
    job::{ChangeWallet, ChangeWalletReply},
    wallet::{WalletStep, WalletTransactionView},
};
use futures::future::join_all;
use serde_json::{Value, json};

use super::{adjust, hold, transfer, withdraw};
use crate::support::{World, key, world};

/// What a wish has left, as JSON.
#[track_caller]
fn taken(reply: Option<ChangeWalletReply>) -> Value {
    match reply {
        Some(ChangeWalletReply::Hold(view)) => serde_json::to_value(view).unwrap(),
        Some(ChangeWalletReply::Withdrawal(view)) => serde_json::to_value(view).unwrap(),
        Some(ChangeWalletReply::Transaction(view)) => serde_json::to_value(view).unwrap(),
        other => panic!("not taken but {other:?}"),
    }
}

/// The code and the sentence that a wish was refused with.
#[track_caller]
fn refused(reply: Option<ChangeWalletReply>) -> (String, String) {
    match reply {
        Some(ChangeWalletReply::Refused { code, message }) => (code, message),
        other => panic!("not refused but {other:?}"),
    }
}

impl World {
    async fn wallet_step(&self, name: &str, wallet: WalletId, request: WalletStep) -> Value {
        taken(self.ask_wallet(&self.wallet_wish(name, wallet, request)).await)
    }

    fn hold_id(&self, name: &str) -> HoldId {
        HoldId::derive(self.merchant_id, &key(name))
    }

    fn withdrawal_id(&self, name: &str) -> WithdrawalId {
        WithdrawalId::derive(self.merchant_id, &key(name))
    }

    /// What is in a wallet, and what of it is held.
    async fn in_wallet(&self, wallet: WalletId) -> (i64, i64) {
        let row = self.store.wallet(wallet).await.unwrap().unwrap();
        let posted = self.store.posted_wallet(wallet).await.unwrap().unwrap();
        assert_eq!(row, posted);
        (row.balance_minor, row.held_minor)
    }

    /// What the merchant is told of withdrawals.
    async fn told_of_wallets(&self) -> Vec<String> {
        let told =
            "select coalesce(array_agg(event_type order by created_at, event_type), '{}') from notifications
                    where event_type like 'wallet.%'";
        self.query(told).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_captured_in_part_and_the_rest_is_free() {
    let world = world().await;
    let wallet = world.wallet("anna").await;
    world.wallet_step("fill", wallet, adjust(100)).await;
    let held = world.wallet_step("h", wallet, hold(60)).await;
    assert_eq!(
        (&held["status"], &held["amount_minor"]),
        (&json!("held"), &json!(60))
    );
    assert_eq!(world.in_wallet(wallet).await, (100, 60));
    let capture = WalletStep::Capture {
        hold_id: world.hold_id("h"),
        amount_minor: Some(45),
    };
    let captured = world.wallet_step("c", wallet, capture).await;
    assert_eq!(captured["captured_minor"], 45);
    assert_eq!(world.in_wallet(wallet).await, (55, 0));
    world.wallet_step("h2", wallet, hold(5)).await;
    let release = WalletStep::Release {
        hold_id: world.hold_id("h2"),
    };
    assert_eq!(
        world.wallet_step("r", wallet, release).await["status"],
        "released"
    );
    assert_eq!(world.in_wallet(wallet).await, (55, 0));
    assert_eq!(world.told_of_wallets().await, Vec::<String>::new());
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_set_aside_then_paid_or_given_back_and_told() {
    let world = world().await;
    let wallet = world.wallet("anna").await;
    world.wallet_step("fill", wallet, adjust(100)).await;
    for name in ["paid", "not"] {
        let out = world.wallet_step(name, wallet, withdraw(30)).await;
        assert_eq!(out["status"], "requested");
    }
    assert_eq!(world.in_wallet(wallet).await, (100, 60));
    let complete = WalletStep::CompleteWithdrawal {
        withdrawal_id: world.withdrawal_id("paid"),
        reference: Some("payout-1".into()),
    };
    let completed = world.wallet_step("c", wallet, complete).await;
    assert_eq!(completed["reference"], "payout-1");
    let reject = WalletStep::RejectWithdrawal {
        withdrawal_id: world.withdrawal_id("not"),
        reason: "no account".into(),
    };
    let rejected = world.wallet_step("r", wallet, reject).await;
    assert_eq!(rejected["reason"], "no account");
    assert_eq!(world.in_wallet(wallet).await, (70, 0));
    let mut told = world.told_of_wallets().await;
    told.sort();
    let expected = ["completed", "rejected", "requested", "requested"];
    assert_eq!(told, expected.map(|end| format!("wallet.withdrawal_{end}")));
    let bodies: Vec<Value> = {
        let select = "select coalesce(jsonb_agg(payload::jsonb), '[]') from notifications
                      where event_type = 'wallet.withdrawal_rejected'";
        serde_json::from_value(world.query(select).await).unwrap()
    };
    for field in ["id", "wallet_id", "status", "amount_minor", "reason"] {
        assert_eq!(bodies[0]["data"][field], rejected[field], "{field}");
    }
    let undelivered = async || {
        let pending = "select count(*) from notifications where status = 'pending'";
        world.count(pending).await
    };
    world.wait_until(0, undelivered).await;
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_statements_show_a_transfer() {
    let world = world().await;
    let (anna, bob) = (world.wallet("anna").await, world.wallet("bob").await);
    world.wallet_step("fill", anna, adjust(100)).await;
    let line = world.wallet_step("t", anna, transfer(bob, 30)).await;
    assert_eq!(
        (&line["amount_minor"], &line["note"]),
        (&json!(-30), &json!("thanks"))
    );
    assert_eq!(
        (world.in_wallet(anna).await.0, world.in_wallet(bob).await.0),
        (70, 30)
    );
    let lines = world.store.wallet_transactions(bob, None, 10).await.unwrap();
    let views: Vec<_> = lines.iter().map(WalletTransactionView::from).collect();
    assert_eq!(
        (views.len(), views[0].amount_minor, views[0].kind.as_str()),
        (1, 30, "transfer")
    );
    assert_eq!(json!(views[0].subject), line["subject"]);
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_says_who_made_it_and_why() {
    let world = world().await;
    let wallet = world.wallet("anna").await;
    let line = world.wallet_step("fill", wallet, adjust(100)).await;
    world.wallet_step("back", wallet, adjust(-40)).await;
    assert_eq!(world.in_wallet(wallet).await, (60, 0));
    let select = "select array_agg(actor || ': ' || subject order by id) from audit_log where action = 'wallet.adjusted'";
    let logged: Vec<String> = world.query(select).await;
    let subject = line["subject"].as_str().unwrap();
    assert_eq!(logged.len(), 2);
    assert_eq!(
        logged[0],
        format!("root: {wallet} by 100, {subject}: found in the till")
    );
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_illegal_step_is_refused_with_state_and_step() {
    let world = world().await;
    let (wallet, bob) = (world.wallet("anna").await, world.wallet("bob").await);
    let dollars = {
        let mut job = world.wallet_job("anna");
        job.currency = domain::currency::Currency::USD;
        world.answer_to(&job).await.unwrap();
        job.wallet_id()
    };
    world.wallet_step("fill", wallet, adjust(100)).await;
    for (name, step) in [
        ("held", hold(10)),
        ("taken", hold(10)),
        ("free", hold(10)),
        ("out", withdraw(10)),
        ("back", withdraw(10)),
    ] {
        world.wallet_step(name, wallet, step).await;
    }
    let (held, taken, free) = (
        world.hold_id("held"),
        world.hold_id("taken"),
        world.hold_id("free"),
    );
    let (out, back) = (world.withdrawal_id("out"), world.withdrawal_id("back"));
    let capture = |hold_id, amount_minor| WalletStep::Capture {
        hold_id,
        amount_minor,
    };
    let release = |hold_id| WalletStep::Release { hold_id };
    let complete = |withdrawal_id| WalletStep::CompleteWithdrawal {
        withdrawal_id,
        reference: None,
    };
    let reject = |withdrawal_id| WalletStep::RejectWithdrawal {
        withdrawal_id,
        reason: "not now".into(),
    };
    for (name, step) in [
        ("1", capture(taken, None)),
        ("2", release(free)),
        ("3", complete(out)),
        ("4", reject(back)),
    ] {
        world.wallet_step(name, wallet, step).await;
    }
    let before = (world.in_wallet(wallet).await, world.in_wallet(bob).await);
    // 80 are in it, and 10 of those are held.
    assert_eq!(before.0, (80, 10));
    let poor = "has 70 minor units available, and 71 are needed";
    for (number, (step, code, words)) in [
        (hold(71), "insufficient_balance", poor),
        (withdraw(71), "insufficient_balance", poor),
        (transfer(bob, 71), "insufficient_balance", poor),
        (adjust(-71), "insufficient_balance", poor),
        (
            adjust(domain::wallet::Wallet::MAX_MINOR),
            "balance_too_large",
            "at most",
        ),
        (transfer(dollars, 1), "recipient_currency_differs", "EUR and USD"),
        (capture(held, Some(11)), "capture_too_large", "held over 10"),
        (capture(taken, None), "hold_over", "captured, and capture"),
        (release(taken), "hold_over", "captured, and release"),
        (capture(free, None), "hold_over", "released, and capture"),
        (release(free), "hold_over", "released, and release"),
        (
            complete(out),
            "withdrawal_over",
            "completed, and complete_withdrawal",
        ),
        (reject(out), "withdrawal_over", "completed, and reject_withdrawal"),
        (
            complete(back),
            "withdrawal_over",
            "rejected, and complete_withdrawal",
        ),
        (reject(back), "withdrawal_over", "rejected, and reject_withdrawal"),
    ]
    .into_iter()
    .enumerate()
    {
        let job = world.wallet_wish(&format!("illegal-{number}"), wallet, step);
        let told = refused(world.ask_wallet(&job).await);
        assert_eq!(told.0, code, "{told:?}");
        assert!(told.1.contains(words), "{told:?}");
        assert_eq!(refused(world.ask_wallet(&job).await), told, "kept");
    }
    assert_eq!(
        (world.in_wallet(wallet).await, world.in_wallet(bob).await),
        before
    );
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_names_one_wish_of_its_kind_and_a_wallet_is_its_merchants() {
    let world = world().await;
    let wallet = world.wallet("anna").await;
    world.wallet_step("k", wallet, adjust(100)).await;
    world.wallet_step("k", wallet, hold(10)).await;
    let other = world.wallet_wish("k", wallet, hold(11));
    let reply = world.ask_wallet(&other).await;
    assert_eq!(reply, Some(ChangeWalletReply::Conflict));
    let stranger = ChangeWallet {
        merchant_id: world.another_merchant().await,
        ..world.wallet_wish("s", wallet, hold(1))
    };
    let what = "wallet".into();
    let reply = world.ask_wallet(&stranger).await;
    assert_eq!(reply, Some(ChangeWalletReply::NotThere { what }));
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_comes_before_its_wallet_waits_for_it() {
    let world = world().await;
    let job = world.wallet_job("anna");
    let fill = world.wallet_wish("fill", job.wallet_id(), adjust(5));
    let (reply, ()) = tokio::join!(world.ask_wallet(&fill), async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        world.publish(&job).await;
    });
    assert_eq!(taken(reply)["balance_minor"], 5);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_wanted_is_parked() {
    let world = world().await;
    let wallet = world.wallet("anna").await;
    world
        .publish(&world.wallet_wish("self", wallet, transfer(wallet, 1)))
        .await;
    let parked = world.parked("change_wallet").await;
    let headers = &parked["properties"]["headers"];
    assert_eq!(headers["error_class"], "invalid");
    assert!(headers["reason"].as_str().unwrap().contains("another wallet"));
    world.close().await;
}

/// Far more is wanted at once than is there, of the same money: some of it is taken, and never more than there is.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_wishes_at_once_none_spends_what_another_has_spent() {
    let world = world().await;
    let (anna, bob) = (world.wallet("anna").await, world.wallet("bob").await);
    world.wallet_step("fill", anna, adjust(100)).await;
    let wishes = (0..24).map(|number| {
        let step = match number % 3 {
            0 => hold(10),
            1 => withdraw(10),
            _ => transfer(bob, 10),
        };
        world.wallet_wish(&format!("w{number}"), anna, step)
    });
    let wishes: Vec<_> = wishes.collect();
    // Each is asked for twice.
    join_all(wishes.iter().chain(&wishes).map(|wish| world.publish(wish))).await;
    let ended = "select count(*) from wallet_actions where action <> 'adjust'";
    world.wait_until(24, async || world.count(ended).await).await;
    let taken =
        "select count(*) from wallet_actions where action <> 'adjust' and outcome ->> 'outcome' = 'done'";
    assert_eq!(world.count(taken).await, 10);
    let refused = "select count(*) from wallet_actions where outcome ->> 'code' = 'insufficient_balance'";
    assert_eq!(world.count(refused).await, 14);
    let row = world.store.wallet(anna).await.unwrap().unwrap();
    assert_eq!(row.available_minor(), 0);
    let bobs = world.in_wallet(bob).await.0;
    assert_eq!(row.balance_minor + bobs, 100);
    let page = "select count(*) from wallet_withdrawals where status = 'requested'";
    let out = world.count(page).await;
    let held = world.count("select count(*) from wallet_holds").await;
    assert_eq!(10 * (out + held), row.held_minor);
    world.books_agree().await;
    world.close().await;
}
