//! Pages of holds and withdrawals.

use domain::{
    id::{HoldId, WithdrawalId},
    wallet::WalletStep,
};

use super::{WALLETS, changing, fill, hold, step, wallet_of, withdraw};
use crate::{listing::all_pages, world::world};

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
        assert_eq!(found.concat(), [one]);
        let answer = world.send(world.get(&format!("{path}?status=lost"))).await;
        answer
            .is_problem(400, "/problems/invalid-query")
            .names("status", status);
    }
    world.close().await;
}
