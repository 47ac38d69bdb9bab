//! Withdrawals that a provider pays out: once, whatever goes wrong, and with books that agree.

use domain::{
    currency::Currency,
    id::{IdempotencyKey, WalletId},
    job::{ChangeWallet, CreateTransfer, CreateTransferReply},
    ledger::Transfer,
    money::Money,
    payment::{PaymentRequest, PaymentStatus},
    wallet::{WalletStep, WalletSubject, Withdrawal, WithdrawalStatus},
};
use futures::future::join_all;
use serde_json::{Value, json};
use store::{Record, TransferRecord, Verdict};

use crate::support::{World, key, now, world};

/// The call that sends money to an account.
pub const SENDING: &str = "POST /v1/transfers";

impl World {
    /// A wallet in euros with this much in it.
    pub async fn filled(&self, user: &str, amount_minor: i64) -> WalletId {
        let id = self.wallet(user).await;
        let wallet = self.store.wallet(id).await.unwrap().unwrap();
        let transfer = Transfer::wallet_adjusted(&wallet, amount_minor, format!("gift to {user}"));
        let record = Record {
            wallets: vec![wallet.after(&transfer, None, now()).unwrap()],
            transfers: vec![TransferRecord { transfer, at: now() }],
            ..Record::default()
        };
        assert_eq!(self.recorder.write(record).await.unwrap(), Verdict::Written);
        id
    }

    /// The job that pays out a withdrawal of this much, which was asked for just now.
    pub async fn withdrawn(&self, wallet_id: WalletId, name: &str, amount_minor: i64) -> CreateTransfer {
        let idempotency_key: IdempotencyKey = key(name);
        let wish = ChangeWallet {
            merchant_id: self.merchant_id,
            idempotency_key,
            wallet_id,
            request: WalletStep::Withdraw {
                amount_minor,
                note: None,
            },
            operator: None,
        };
        let WalletSubject::Withdrawal(withdrawal_id) = wish.subject() else {
            unreachable!("it is about a withdrawal")
        };
        self.answer_to(&wish).await.unwrap();
        CreateTransfer {
            merchant_id: self.merchant_id,
            wallet_id,
            withdrawal_id,
        }
    }

    pub async fn withdrawal_until(&self, job: &CreateTransfer, status: WithdrawalStatus) -> Withdrawal {
        let ask = async || self.store.withdrawal(job.withdrawal_id).await.unwrap().unwrap();
        self.wait_until(status, async || ask().await.status).await;
        ask().await
    }

    /// The merchant has money at the provider, and the user an account that can be sent some; the provider's id of it.
    pub async fn funded(&self, user: &str) -> String {
        let money = Money {
            amount_minor: 100_000,
            currency: Currency::EUR,
        };
        let request = PaymentRequest {
            payment_method: Some("pm_card_visa".into()),
            ..PaymentRequest::of(money)
        };
        let job = self.job("funds", request);
        self.publish(&job).await;
        self.wait_for(job.payment_id(), PaymentStatus::Succeeded).await;
        self.activated(user).await
    }

    /// What the provider really has sent for the merchant.
    pub async fn transfers_at_provider(&self) -> Vec<Value> {
        let path = format!("/sandbox/stripe/transfers?account={}", self.account);
        self.get(&path).await.as_array().unwrap().clone()
    }
}

/// What goes wrong with the sending; and how the withdrawal ends.
fn troubles() -> Vec<(&'static str, Value, WithdrawalStatus)> {
    use WithdrawalStatus::{Completed, Failed};
    vec![
        ("hang_before", json!({ "times": 1 }), Completed),
        ("hang_after", json!({ "times": 1 }), Completed),
        ("error", json!({ "times": 3, "status": 503 }), Completed),
        // Only asking tells what the provider did.
        ("hang_after", json!({}), Completed),
        ("error_after", json!({ "status": 500 }), Completed),
        ("hang_before", json!({}), Failed),
        (
            "error",
            json!({ "status": 400, "code": "balance_insufficient" }),
            Failed,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_in_trouble_ends_as_its_provider_has_it() {
    let world = world().await;
    world.funded("anna").await;
    let wallet = world.filled("anna", 10_000).await;
    let troubles = troubles();
    let mut jobs = Vec::new();
    for (number, (fault, more, _)) in (0..).zip(&troubles) {
        let amount_minor = 100 + number;
        let job = world.withdrawn(wallet, &format!("w{number}"), amount_minor).await;
        let mut dial = more.clone();
        dial["match"] = json!({ "amount": amount_minor });
        world.fault(SENDING, fault, dial).await;
        jobs.push(job);
    }
    join_all(jobs.iter().map(|job| world.publish(job))).await;
    let mut paid = 0;
    for (job, (_, _, end)) in jobs.iter().zip(&troubles) {
        let withdrawal = world.withdrawal_until(job, *end).await;
        assert_eq!(withdrawal.reason.is_some(), *end == WithdrawalStatus::Failed);
        // What the provider says about the merchant's account is not for its users.
        let told = withdrawal.reason.unwrap_or_default();
        let fixed = [
            "",
            "The payment provider could not be reached. Nothing was paid out.",
            "The payment provider refused to pay it out.",
        ];
        assert!(fixed.contains(&told.as_str()), "{told}");
        paid += if *end == WithdrawalStatus::Completed {
            withdrawal.amount_minor
        } else {
            0
        };
    }
    let sent = world.transfers_at_provider().await;
    let total: i64 = sent
        .iter()
        .map(|transfer| transfer["amount"].as_i64().unwrap())
        .sum();
    assert_eq!((sent.len(), total), (5, paid));
    let wallet = world.store.wallet(wallet).await.unwrap().unwrap();
    assert_eq!((wallet.balance_minor, wallet.held_minor), (10_000 - paid, 0));
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_is_paid_out_once_however_often_it_is_asked_for() {
    let world = world().await;
    world.funded("anna").await;
    let wallet = world.filled("anna", 1_000).await;
    let job = world.withdrawn(wallet, "w", 700).await;
    join_all((0..10).map(|_| world.publish(&job))).await;
    let paid = world.withdrawal_until(&job, WithdrawalStatus::Completed).await;
    let reply = world.answer_to(&job).await.unwrap();
    let CreateTransferReply::Withdrawal(view) = serde_json::from_slice(&reply).unwrap() else {
        panic!("{reply:?}")
    };
    assert_eq!(
        (view.reference.clone(), view.status),
        (paid.reference.clone(), paid.status)
    );
    assert_eq!(
        world.store.withdrawal(job.withdrawal_id).await.unwrap(),
        Some(paid)
    );
    assert_eq!(world.transfers_at_provider().await.len(), 1);
    // The provider holds that much less for the merchant, and nothing of it was ever the merchant's.
    let cleared = "select posted_minor::bigint from ledger_balances where kind = 'provider_clearing' and currency = 'EUR'";
    assert_eq!(world.count(cleared).await, -100_000 + 700);
    world.books_agree().await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_an_account_that_cannot_take_it() {
    let world = world().await;
    let wallet = world.filled("anna", 1_000).await;
    let job = world.withdrawn(wallet, "w", 700).await;
    let ask = async || -> (String, WithdrawalStatus) {
        let reply = world.answer_to(&job).await.unwrap();
        let reply: CreateTransferReply = serde_json::from_slice(&reply).unwrap();
        let CreateTransferReply::Refused { code, .. } = reply else {
            panic!("{reply:?}")
        };
        let withdrawal = world.store.withdrawal(job.withdrawal_id).await.unwrap().unwrap();
        (code, withdrawal.status)
    };
    assert_eq!(
        ask().await,
        ("account_not_open".into(), WithdrawalStatus::Requested)
    );
    world.account("anna").await;
    assert_eq!(
        ask().await,
        ("account_not_active".into(), WithdrawalStatus::Requested)
    );
    assert!(!world.calls().await.contains(&SENDING.to_owned()));
    let parked = "select count(*) from job_failures";
    assert_eq!(
        world.count(parked).await,
        0,
        "nobody can pay it weeks later by mistake"
    );
    world.books_agree().await;
    world.close().await;
}
