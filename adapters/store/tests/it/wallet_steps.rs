//! Steps of wallets in and out of their tables: kept once, guarded by versions, and refused where no program should go.

use domain::{
    id::IdempotencyKey,
    payment::ActionOutcome,
    scope::Scope,
    wallet::{
        HoldStatus, TakenStep, Wallet, WalletAction, WalletResult, WalletStep, WalletStepKind, WalletSubject,
        WithdrawalStatus,
    },
};
use store::{AuditRecord, Record, TransferRecord, Verdict};

use crate::{
    constraints::refuses,
    support::{World, at, world},
};

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::try_from(name.to_owned()).unwrap()
}

fn adjust(amount_minor: i64) -> WalletStep {
    WalletStep::Adjust {
        amount_minor,
        reason: "a gift".into(),
        administrator: "root".into(),
    }
}

fn hold(amount_minor: i64) -> WalletStep {
    let reason = "a deposit".into();
    WalletStep::Hold { amount_minor, reason }
}

fn withdraw(amount_minor: i64) -> WalletStep {
    let note = Some("to my bank".into());
    WalletStep::Withdraw { amount_minor, note }
}

fn action(wallet: &Wallet, kind: WalletStepKind, key: IdempotencyKey) -> WalletAction {
    WalletAction {
        merchant_id: wallet.merchant_id,
        wallet_id: wallet.id,
        kind,
        idempotency_key: key,
        fingerprint: [7; 32],
        outcome: ActionOutcome::Done,
        operator: Some("anna".into()),
        at: at(3),
    }
}

impl World {
    async fn taken(&self, wallet: &Wallet, name: &str, step: &WalletStep) -> TakenStep {
        let standing = self.store.wallet_standing(self.merchant_id, wallet.id, step);
        let standing = standing.await.unwrap().unwrap();
        standing.take(step, &key(name), at(3)).unwrap()
    }

    async fn wallet_step(&self, wallet: &Wallet, name: &str, step: WalletStep) -> Verdict {
        let taken = self.taken(wallet, name, &step).await;
        self.write(record(wallet, name, step.kind(), taken)).await
    }
}

fn record(wallet: &Wallet, name: &str, kind: WalletStepKind, taken: TakenStep) -> Record {
    Record {
        wallets: taken.changes,
        hold: taken.hold.map(Box::new),
        withdrawal: taken.withdrawal.map(Box::new),
        transfers: vec![TransferRecord {
            transfer: taken.transfer,
            at: at(3),
        }],
        wallet_action: Some(Box::new(action(wallet, kind, key(name)))),
        ..Record::default()
    }
}

/// A wallet with 100 in it.
async fn filled(world: &World, user: &str) -> Wallet {
    let wallet = world.wallet(user).await;
    let name = format!("fill {user}").replace(' ', "-");
    assert_eq!(
        world.wallet_step(&wallet, &name, adjust(100)).await,
        Verdict::Written
    );
    wallet
}

#[tokio::test]
async fn holds_and_withdrawals_come_back_as_they_were_stored() {
    let world = world().await;
    let alice = filled(&world, "alice").await;
    let held = world.taken(&alice, "h", &hold(10)).await;
    assert_eq!(world.wallet_step(&alice, "h", hold(10)).await, Verdict::Written);
    let mut hold = held.hold.unwrap();
    hold.version = 1;
    assert_eq!(world.store.hold(hold.id).await.unwrap(), Some(hold.clone()));
    let out = world.taken(&alice, "w", &withdraw(20)).await;
    assert_eq!(
        world.wallet_step(&alice, "w", withdraw(20)).await,
        Verdict::Written
    );
    let mut out = out.withdrawal.unwrap();
    out.version = 1;
    assert_eq!(world.store.withdrawal(out.id).await.unwrap(), Some(out.clone()));
    world.agrees().await;

    let capture = WalletStep::Capture {
        hold_id: hold.id,
        amount_minor: Some(4),
    };
    assert_eq!(world.wallet_step(&alice, "c", capture).await, Verdict::Written);
    let complete = WalletStep::CompleteWithdrawal {
        withdrawal_id: out.id,
        reference: Some("payout-1".into()),
    };
    assert_eq!(world.wallet_step(&alice, "d", complete).await, Verdict::Written);
    let captured = world.store.hold(hold.id).await.unwrap().unwrap();
    assert_eq!(
        (captured.status, captured.captured_minor, captured.version),
        (HoldStatus::Captured, 4, 2)
    );
    let completed = world.store.withdrawal(out.id).await.unwrap().unwrap();
    assert_eq!(completed.status, WithdrawalStatus::Completed);
    assert_eq!(completed.reference.as_deref(), Some("payout-1"));
    let wallet = world.store.posted_wallet(alice.id).await.unwrap().unwrap();
    assert_eq!((wallet.balance_minor, wallet.held_minor), (76, 0));
    assert_eq!(world.store.wallet(alice.id).await.unwrap(), Some(wallet));
    let subject = WalletSubject::Hold(hold.id);
    let result = world.store.wallet_result(alice.id, subject).await.unwrap();
    assert_eq!(result, Some(WalletResult::Hold(captured)));
    world.agrees().await;
}

#[tokio::test]
async fn a_wish_is_kept_once_and_what_saw_another_version_is_stale() {
    let world = world().await;
    let alice = filled(&world, "alice").await;
    let first = world.taken(&alice, "h", &hold(10)).await;
    let second = world.taken(&alice, "other", &hold(10)).await;
    let kind = WalletStepKind::Hold;
    let verdict = world.write(record(&alice, "h", kind, first.clone())).await;
    assert_eq!(verdict, Verdict::Written);
    let verdict = world.write(record(&alice, "h", kind, first)).await;
    assert_eq!(verdict, Verdict::Duplicate);
    let verdict = world.write(record(&alice, "other", kind, second)).await;
    assert_eq!(verdict, Verdict::Stale);
    for (name, expected) in [("h", Some(action(&alice, kind, key("h")))), ("other", None)] {
        let name = key(name);
        let kept = world.store.wallet_action(world.merchant_id, kind, &name);
        assert_eq!(kept.await.unwrap(), expected);
    }
    world.agrees().await;
}

#[tokio::test]
async fn who_did_it_is_written_with_it_or_not_at_all() {
    let world = world().await;
    let alice = world.wallet("alice").await;
    let taken = world.taken(&alice, "a", &adjust(5)).await;
    let audited = || Record {
        audits: vec![AuditRecord {
            actor: "root".into(),
            action: "wallet.adjusted",
            subject: alice.id.to_string(),
            at: at(3),
        }],
        ..record(&alice, "a", WalletStepKind::Adjust, taken.clone())
    };
    assert_eq!(world.write(audited()).await, Verdict::Written);
    assert_eq!(world.write(audited()).await, Verdict::Duplicate);
    let select =
        "select actor || ' ' || action || ' ' || subject from audit_log where action like 'wallet.%'";
    let logged: Vec<String> = sqlx::query_scalar(select)
        .fetch_all(&mut world.owner().await)
        .await
        .unwrap();
    assert_eq!(logged, [format!("root wallet.adjusted {}", alice.id)]);
}

#[tokio::test]
async fn what_is_anothers_is_not_seen() {
    let world = world().await;
    let alice = filled(&world, "alice").await;
    let user = |name: &str| Scope::User(world.merchant_id, name.parse().unwrap());
    for (scope, is_seen) in [
        (Scope::All, true),
        (Scope::Merchant(world.merchant_id), true),
        (user("alice"), true),
        (user("bob"), false),
        (Scope::Merchant(domain::id::MerchantId::random()), false),
    ] {
        let seen = world.store.within(&scope);
        let standing = seen.wallet_standing(world.merchant_id, alice.id, &hold(1)).await;
        assert_eq!(standing.unwrap().is_some(), is_seen, "{scope:?}");
        assert_eq!(seen.wallet(alice.id).await.unwrap().is_some(), is_seen);
        let lines = seen.wallet_transactions(alice.id, None, 5).await.unwrap();
        assert_eq!(lines.is_some(), is_seen);
        let page = store::ReservationPage {
            status: None,
            after: None,
            limit: 5,
        };
        assert_eq!(seen.holds(alice.id, &page).await.unwrap().is_some(), is_seen);
        let page = store::ReservationPage {
            status: None,
            after: None,
            limit: 5,
        };
        assert_eq!(
            seen.withdrawals(alice.id, &page).await.unwrap().is_some(),
            is_seen
        );
    }
    // Somebody who may give to another sees no more of it for that.
    let bobs = filled(&world, "bob").await;
    let step = WalletStep::Transfer {
        to_wallet_id: alice.id,
        amount_minor: 1,
        note: None,
    };
    let scope = user("bob");
    let seen = world.store.within(&scope);
    let standing = seen.wallet_standing(world.merchant_id, bobs.id, &step);
    assert!(standing.await.unwrap().unwrap().recipient.is_some());
}

#[tokio::test]
async fn the_tables_refuse_what_no_program_should_do() {
    let world = world().await;
    let alice = filled(&world, "alice").await;
    world.wallet_step(&alice, "h", hold(10)).await;
    world.wallet_step(&alice, "w", withdraw(10)).await;
    let refused = [
        (
            "update wallet_holds set amount_minor = 1, version = version + 1",
            "cannot change",
        ),
        (
            "update wallet_holds set status = 'released'",
            "one version at a time",
        ),
        (
            "update wallet_holds set status = 'captured', captured_minor = 11, version = version + 1",
            "check constraint",
        ),
        (
            "update wallet_withdrawals set status = 'rejected', version = version + 1",
            "check constraint",
        ),
        (
            "update wallet_withdrawals set user_id = 'eve', version = version + 1",
            "cannot change",
        ),
        ("delete from wallet_holds", "permission denied"),
        ("delete from wallet_withdrawals", "permission denied"),
        ("update wallet_actions set outcome = '{}'", "permission denied"),
    ]
    .map(|(sql, reason)| (sql.to_owned(), reason));
    refuses(&mut world.writer().await, &refused).await;
    let end =
        "update wallet_withdrawals set status = 'processing', paying_since = now(), version = version + 1";
    sqlx::query(end).execute(&mut world.owner().await).await.unwrap();
    let back = [
        (
            "update wallet_withdrawals set status = 'requested', version = version + 1",
            "cannot become",
        ),
        (
            "update wallet_withdrawals set status = 'rejected', reason = 'x', version = version + 1",
            "cannot become",
        ),
        (
            "update wallet_withdrawals set paying_since = now() + interval '1 hour'",
            "is paid to account",
        ),
        (
            "update wallet_withdrawals set paying_since = null",
            "is paid to account",
        ),
    ]
    .map(|(sql, reason)| (sql.to_owned(), reason));
    refuses(&mut world.writer().await, &back).await;
    world.agrees().await;
}

#[tokio::test]
async fn a_hold_or_withdrawal_that_was_tampered_with_is_found() {
    let world = world().await;
    let alice = filled(&world, "alice").await;
    world.wallet_step(&alice, "h", hold(10)).await;
    world.wallet_step(&alice, "w", withdraw(20)).await;
    for tamper in [
        "update wallet_holds set status = 'released', version = version + 1",
        "update wallet_withdrawals set status = 'completed', version = version + 1",
    ] {
        sqlx::query(tamper)
            .execute(&mut world.owner().await)
            .await
            .unwrap();
    }
    let report = world.store.ledger_check().await.unwrap();
    let rules: Vec<_> = report
        .disagreements
        .iter()
        .map(|found| (found.rule.as_str(), &found.subject[..4]))
        .collect();
    // What was reserved is still there, and what is said to be posted is not.
    let expected = [
        vec![("postings_differ", "hld_"); 2],
        vec![("postings_differ", "wdr_"); 4],
    ]
    .concat();
    assert_eq!(rules, expected, "{report:?}");
}
