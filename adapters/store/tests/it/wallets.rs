//! Wallets in and out of their tables, and what guards them.

use domain::{currency::Currency, ledger::Transfer, wallet::Wallet};
use futures::future::join_all;
use store::{Record, TransferRecord, Verdict};

use crate::{
    constraints::refuses,
    support::{World, at, world},
};

impl World {
    pub async fn wallet(&self, user: &str) -> Wallet {
        let wallet = Wallet::new(self.merchant_id, user.parse().unwrap(), Currency::EUR, at(1));
        let record = Record {
            new_wallet: Some(wallet.clone()),
            ..Record::default()
        };
        assert_eq!(self.write(record).await, Verdict::Written);
        wallet
    }

    async fn read(&self, wallet: &Wallet) -> Wallet {
        self.store.wallet(wallet.id).await.unwrap().unwrap()
    }

    pub async fn agrees(&self) {
        let report = self.store.ledger_check().await.unwrap();
        assert!(report.agrees(), "{report:?}");
    }
}

/// What a transfer does to these wallets.
fn moving(transfer: Transfer, wallets: &[&Wallet]) -> Record {
    let changes = wallets.iter().map(|wallet| wallet.after(&transfer, None, at(2)));
    Record {
        wallets: changes.collect::<Result<_, _>>().unwrap(),
        transfers: vec![TransferRecord { transfer, at: at(2) }],
        ..Record::default()
    }
}

fn adjusting(wallet: &Wallet, amount_minor: i64, subject: &str) -> Record {
    moving(
        Transfer::wallet_adjusted(wallet, amount_minor, subject.into()),
        &[wallet],
    )
}

#[tokio::test]
async fn a_wallet_comes_back_as_it_was_stored() {
    let world = world().await;
    let new = world.wallet("alice").await;
    assert_eq!(world.read(&new).await, new);
    let again = Record {
        new_wallet: Some(new.clone()),
        ..Record::default()
    };
    assert_eq!(world.write(again).await, Verdict::Duplicate);

    assert_eq!(world.write(adjusting(&new, 700, "a")).await, Verdict::Written);
    let filled = Wallet {
        balance_minor: 700,
        version: 1,
        updated_at: at(2),
        ..new
    };
    assert_eq!(world.read(&filled).await, filled);
    world.agrees().await;
}

#[tokio::test]
async fn of_two_movements_of_one_version_one_is_stale() {
    let world = world().await;
    let alice = world.wallet("alice").await;
    assert_eq!(world.write(adjusting(&alice, 700, "a")).await, Verdict::Written);
    let alice = world.read(&alice).await;
    let takes = ["b", "c", "d"].map(|subject| world.write(adjusting(&alice, -400, subject)));
    let mut verdicts = join_all(takes).await;
    verdicts.sort_by_key(|verdict| *verdict != Verdict::Written);
    assert_eq!(verdicts, [Verdict::Written, Verdict::Stale, Verdict::Stale]);
    assert_eq!(world.read(&alice).await.balance_minor, 300);
    world.agrees().await;
}

/// Both directions at once, again and again until all is done: nobody waits for the other for ever, and the sum stays.
#[tokio::test]
async fn two_wallets_move_together_or_not_at_all() {
    let world = world().await;
    let (alice, bob) = (world.wallet("alice").await, world.wallet("bob").await);
    for (wallet, subject) in [(&alice, "a"), (&bob, "b")] {
        assert_eq!(
            world.write(adjusting(wallet, 1000, subject)).await,
            Verdict::Written
        );
    }
    let world = &world;
    let move_once = |from, to, number: usize| async move {
        loop {
            let (from, to) = (world.read(from).await, world.read(to).await);
            let transfer = Transfer::wallet_transferred(&from, &to, 7, format!("move {number}"));
            if world.write(moving(transfer, &[&from, &to])).await == Verdict::Written {
                return;
            }
        }
    };
    let moves = (0..40).map(|number| match number % 4 {
        0 => move_once(&bob, &alice, number),
        _ => move_once(&alice, &bob, number),
    });
    join_all(moves).await;
    let balances = [
        world.read(&alice).await.balance_minor,
        world.read(&bob).await.balance_minor,
    ];
    assert_eq!(balances, [1000 - 7 * 20, 1000 + 7 * 20]);
    world.agrees().await;
}

#[tokio::test]
async fn the_tables_refuse_what_no_program_should_do() {
    let world = world().await;
    let alice = world.wallet("alice").await;
    assert_eq!(world.write(adjusting(&alice, 700, "a")).await, Verdict::Written);
    let refused = [
        (
            "update wallets set held_minor = 701, version = version + 1",
            "wallets_never_overdrawn",
        ),
        (
            "update wallets set balance_minor = -1, version = version + 1",
            "check constraint",
        ),
        ("update wallets set balance_minor = 1", "one version at a time"),
        (
            "update wallets set user_id = 'mallory', version = version + 1",
            "cannot change",
        ),
        ("delete from wallet_transactions", "is refused"),
        ("update wallet_transactions set amount_minor = 1", "is refused"),
    ];
    let refused = refused.map(|(sql, reason)| (sql.to_owned(), reason));
    refuses(&mut world.owner().await, &refused).await;
    world.agrees().await;
}

#[tokio::test]
async fn a_wallet_that_was_tampered_with_is_found() {
    let world = world().await;
    let alice = world.wallet("alice").await;
    assert_eq!(world.write(adjusting(&alice, 700, "a")).await, Verdict::Written);
    sqlx::query("update wallets set balance_minor = 900, held_minor = 5, version = version + 1")
        .execute(&mut world.owner().await)
        .await
        .unwrap();
    let report = world.store.ledger_check().await.unwrap();
    let rules: Vec<_> = report
        .disagreements
        .iter()
        .map(|found| found.rule.as_str())
        .collect();
    let expected = [
        "wallet_balance_differs",
        "wallet_holds_differ",
        "wallet_statement_differs",
        "wallet_statement_differs",
    ];
    assert_eq!(rules, expected, "{report:?}");
}
