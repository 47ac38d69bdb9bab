//! Pages of holds and withdrawals.

use domain::{
    id::{HoldId, WithdrawalId},
    wallet::WalletStep,
};

use serde_json::json;

use super::{WALLETS, changing, fill, hold, reserved_of, step, wallet_id_of, wallet_of, withdraw};
use crate::{
    listing::all_pages,
    tokens::{admin, claims, token, world_of_secret},
    world::{World, open_shop, world},
};

const WITHDRAWALS: &str = "/api/v1/withdrawals";

/// A withdrawal from the wallet of this user, asked for under its name; the withdrawal's id.
async fn withdrawal_of(world: &World, user: &str, age_s: i64) -> String {
    let wallet = wallet_of(world, user, age_s).await;
    fill(world, &wallet, 100, "a gift").await;
    let out = changing(&wallet, user, withdraw(6));
    step(world, &out).await;
    WithdrawalId::derive(world.shop.id, &out.idempotency_key).to_string()
}

#[tokio::test]
async fn withdrawals_of_all_wallets_are_listed_once_and_can_be_narrowed() {
    let world = world_of_secret().await;
    let mut all = Vec::new();
    for user in ["anna", "bob", "carl"] {
        all.push(withdrawal_of(&world, user, 1).await);
    }
    let of_bob = all[1].clone();
    let bob = world
        .store
        .wallet(wallet_id_of(&world, "bob").parse().unwrap())
        .await;
    let completed = WalletStep::CompleteWithdrawal {
        withdrawal_id: of_bob.parse().unwrap(),
        reference: None,
    };
    step(&world, &changing(&bob.unwrap().unwrap(), "done", completed)).await;
    all.sort();
    all.reverse();
    for limit in [1, 2, 3, 4] {
        let pages = all_pages(&world, WITHDRAWALS, &format!("limit={limit}")).await;
        assert_eq!(pages.concat(), all, "{limit}");
    }
    let open: Vec<_> = all.iter().filter(|id| **id != of_bob).cloned().collect();
    for (query, expected) in [
        ("status=requested", &open[..]),
        ("status=completed", std::slice::from_ref(&of_bob)),
        ("user_id=bob", std::slice::from_ref(&of_bob)),
        ("user_id=bob&status=requested", &[]),
        ("user_id=nobody", &[]),
    ] {
        assert_eq!(
            all_pages(&world, WITHDRAWALS, query).await.concat(),
            expected,
            "{query}"
        );
    }
    let other = open_shop(&world.store).await;
    for (shows, expected) in [
        (other.key, json!([])),
        (token(&claims("bob", world.shop.id)), json!([of_bob])),
        (token(&claims("bob", other.id)), json!([])),
        (token(&admin()), json!(all)),
    ] {
        let asked = world
            .request(reqwest::Method::GET, WITHDRAWALS)
            .bearer_auth(shows);
        let answer = world.send(asked).await;
        let listed = answer.body["data"].as_array().unwrap();
        let ids: Vec<_> = listed.iter().map(|one| one["id"].clone()).collect();
        assert_eq!(json!(ids), expected);
    }
    let answer = world.send(world.get(&format!("{WITHDRAWALS}?status=lost"))).await;
    answer
        .is_problem(400, "/problems/invalid-query")
        .names("status", "requested");
    world.close().await;
}

/// What is one wallet's is not found at the address of another, though both are the shop's.
#[tokio::test]
async fn a_hold_or_withdrawal_is_found_at_its_own_wallet_only() {
    let world = world().await;
    let [wallet, held, out] = reserved_of(&world, "user-42").await;
    let anna = wallet_id_of(&world, "anna");
    for part in [format!("holds/{held}"), format!("withdrawals/{out}")] {
        let found = world.send(world.get(&format!("{WALLETS}/{wallet}/{part}"))).await;
        assert_eq!(
            (found.status.as_u16(), &found.body["wallet_id"]),
            (200, &json!(wallet))
        );
        let elsewhere = world.send(world.get(&format!("{WALLETS}/{anna}/{part}"))).await;
        elsewhere.is_problem(404, "/problems/not-found");
    }
    world.close().await;
}

#[tokio::test]
async fn pages_have_every_hold_and_withdrawal_once_and_can_be_narrowed() {
    let world = world().await;
    let wallet = wallet_of(&world, "user-42", 1).await;
    fill(&world, &wallet, 100, "a gift").await;
    let (mut holds, mut withdrawals) = (Vec::new(), Vec::new());
    for name in ["a", "b", "c"] {
        let (held, out) = (
            changing(&wallet, name, hold(5)),
            changing(&wallet, name, withdraw(6)),
        );
        step(&world, &held).await;
        step(&world, &out).await;
        holds.push(HoldId::derive(world.shop.id, &held.idempotency_key));
        withdrawals.push(WithdrawalId::derive(world.shop.id, &out.idempotency_key));
    }
    let released = WalletStep::Release { hold_id: holds[0] };
    step(&world, &changing(&wallet, "d", released)).await;
    let completed = WalletStep::CompleteWithdrawal {
        withdrawal_id: withdrawals[0],
        reference: Some("payout-1".into()),
    };
    step(&world, &changing(&wallet, "d", completed)).await;

    let (held, out) = (holds[0].to_string(), withdrawals[0].to_string());
    let ids = |mut ids: Vec<uuid::Uuid>, prefix: &str| -> Vec<String> {
        ids.sort();
        let named = ids.iter().rev().map(|id| format!("{prefix}_{}", id.simple()));
        named.collect()
    };
    let holds = ids(holds.iter().map(HoldId::as_uuid).collect(), "hld");
    let withdrawals = ids(withdrawals.iter().map(WithdrawalId::as_uuid).collect(), "wdr");
    for (list, all, status, one) in [
        ("holds", holds, "released", held),
        ("withdrawals", withdrawals, "completed", out),
    ] {
        let path = format!("{WALLETS}/{}/{list}", wallet.id);
        for limit in [1, 2, 3, 4] {
            let pages = all_pages(&world, &path, &format!("limit={limit}")).await;
            assert_eq!(pages.concat(), all, "{list} {limit}");
        }
        let found = all_pages(&world, &path, &format!("status={status}")).await;
        assert_eq!(found.concat(), std::slice::from_ref(&one));
        let alone = world.send(world.get(&format!("{path}/{one}"))).await;
        assert_eq!(
            (&alone.body["id"], &alone.body["status"]),
            (&json!(one), &json!(status))
        );
        let answer = world.send(world.get(&format!("{path}?status=lost"))).await;
        answer
            .is_problem(400, "/problems/invalid-query")
            .names("status", status);
    }
    world.close().await;
}
