//! Asking about accounts of users, and about what is paid out to them.

use domain::{
    channel::{ChannelAccount, Exchange, Operation, Requirements},
    connect::{Abilities, AccountEvent, AccountStatus, ConnectedAccount},
    id::{ConnectedAccountId, WithdrawalId},
    job::{QueryAccount, QueryTransfer},
    wallet::{WalletStanding, Withdrawal, WithdrawalStatus},
};
use store::{ConnectExchangeRecord, TransferRecord};
use uuid::Uuid;

use super::*;
use crate::wallets::withdraw;

const ASKING_FOR_ACCOUNTS: &str = "GET /v1/accounts";
const ASKING_FOR_TRANSFERS: &str = "GET /v1/transfers";

/// The account of a user of this name, stored long ago by a run that died.
pub async fn pending(world: &World, name: &str) -> ConnectedAccount {
    let (merchant_id, key) = (world.merchant_id, key(&format!("account-{name}")));
    let account = ConnectedAccount {
        id: ConnectedAccountId::derive(merchant_id, &key),
        merchant_id,
        user_id: name.parse().unwrap(),
        channel: Channel::Stripe,
        idempotency_key: key,
        fingerprint: [0; 32],
        country: "US".into(),
        status: AccountStatus::Pending,
        channel_account_id: None,
        abilities: Abilities::default(),
        requirements: Requirements::default(),
        failure: None,
        version: 0,
        created_at: now() - LONG_AGO,
        updated_at: now() - LONG_AGO,
    };
    let record = Record {
        new_account: Some(Box::new(account.clone())),
        ..Record::default()
    };
    world.recorder.write(record).await.unwrap();
    account
}

async fn account_after(twice: &Twice, name: &str, event: AccountEvent) -> ConnectedAccount {
    let account = pending(&twice.world, name).await.apply(event).unwrap().account;
    let record = Record {
        account: Some(Box::new(account.clone())),
        ..Record::default()
    };
    twice.world.recorder.write(record).await.unwrap();
    account
}

/// A run that died has begun this call just now.
async fn begun(twice: &Twice, subject: Uuid, operation: Operation) {
    let exchange = Exchange {
        operation,
        outcome: "started",
        intent_id: None,
        error: None,
        duration_ms: 0,
    };
    let begun = ConnectExchangeRecord {
        subject,
        job_id: "job_that_died".into(),
        attempt: 1,
        exchange,
        at: now(),
    };
    let record = Record {
        connect_exchanges: vec![begun],
        ..Record::default()
    };
    twice.world.recorder.write(record).await.unwrap();
}

/// Makes something at the provider, and gives its id.
async fn make(twice: &Twice, path: &str, form: String) -> String {
    let world = &twice.world;
    let url = format!("{}/v1/{path}", world.sandbox.base_url());
    let request = world.http.post(url).bearer_auth(&world.account);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let made = request.body(form).send().await.unwrap();
    let made: Value = made.error_for_status().unwrap().json().await.unwrap();
    made["id"].as_str().unwrap().to_owned()
}

/// An account at the provider that can be sent money, marked so.
async fn opened(twice: &Twice, mark: &str) -> String {
    let wanted = "capabilities[card_payments][requested]=true&capabilities[transfers][requested]=true";
    let form = format!("type=express&country=US&{wanted}&metadata[sluice_account_id]={mark}");
    let id = make(twice, "accounts", form).await;
    let path = format!("/sandbox/stripe/accounts/{id}/complete");
    twice.world.post(&path, json!({})).await;
    id
}

fn query_account(account: &ConnectedAccount) -> Envelope {
    envelope(&QueryAccount {
        account_id: account.id,
        merchant_id: account.merchant_id,
        query: 1,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn query_account_twice() {
    let cases: &[(&str, Setup)] = &[
        ("opened at the provider", |t, n| {
            async move {
                let account = account_after(t, n, AccountEvent::LostSight).await;
                begun(t, account.id.as_uuid(), Operation::CreateAccount).await;
                opened(t, &account.id.to_string()).await;
                query_account(&account)
            }
            .boxed_local()
        }),
        ("never opened", |t, n| {
            async move { query_account(&account_after(t, n, AccountEvent::LostSight).await) }.boxed_local()
        }),
        ("forgotten, never opened", |t, n| {
            async move { query_account(&pending(&t.world, n).await) }.boxed_local()
        }),
        ("forgotten, silent", |t, n| {
            async move {
                let silence = json!({ "status": 503 });
                t.world.fault(ASKING_FOR_ACCOUNTS, "error", silence).await;
                query_account(&pending(&t.world, n).await)
            }
            .boxed_local()
        }),
        ("silent", |t, n| {
            async move {
                let silence = json!({ "status": 503 });
                t.world.fault(ASKING_FOR_ACCOUNTS, "error", silence).await;
                query_account(&account_after(t, n, AccountEvent::LostSight).await)
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}

/// A withdrawal of 700 that is in review since long ago, paid to an account that can be sent money.
async fn payout(twice: &Twice, name: &str) -> (Withdrawal, String) {
    paying(twice, name, true).await
}

/// The same that is not in review, as its job is lost.
async fn forgotten(twice: &Twice, name: &str) -> (Withdrawal, String) {
    paying(twice, name, false).await
}

async fn paying(twice: &Twice, name: &str, is_in_review: bool) -> (Withdrawal, String) {
    let world = &twice.world;
    let id = opened(twice, "nothing").await;
    let seen = ChannelAccount {
        id: id.clone(),
        account_id: None,
        abilities: Abilities {
            transfers_enabled: true,
            ..Abilities::default()
        },
        requirements: Requirements::default(),
        is_rejected: false,
    };
    let account = account_after(twice, name, AccountEvent::Seen(seen)).await;
    let wallet = world.filled_wallet(name, 1_000).await;
    let standing = WalletStanding {
        wallet: world.store.wallet(wallet).await.unwrap().unwrap(),
        hold: None,
        withdrawal: None,
        recipient: None,
    };
    let (key, at) = (key(name), now() - LONG_AGO);
    let taken = standing.take(&withdraw(700), &key, at).unwrap();
    let record = Record {
        wallets: taken.changes,
        withdrawal: taken.withdrawal.map(Box::new),
        transfers: vec![TransferRecord {
            transfer: taken.transfer,
            at,
        }],
        ..Record::default()
    };
    world.recorder.write(record).await.unwrap();
    let withdrawal_id = WithdrawalId::derive(world.merchant_id, &key);
    let requested = world.store.withdrawal(withdrawal_id).await.unwrap().unwrap();
    let paying = Withdrawal {
        status: WithdrawalStatus::Processing,
        channel: Some(account.channel),
        account_id: Some(account.id),
        paying_since: Some(at),
        in_review_since: is_in_review.then_some(at),
        ..requested
    };
    let record = Record {
        withdrawal: Some(Box::new(paying.clone())),
        ..Record::default()
    };
    world.recorder.write(record).await.unwrap();
    (paying, id)
}

/// So much was sent for a withdrawal by a run that died.
async fn sent(twice: &Twice, withdrawal: &Withdrawal, account: &str, amount_minor: i64) {
    let card = "payment_method=pm_card_visa&confirm=true";
    make(
        twice,
        "payment_intents",
        format!("amount=5000&currency=usd&{card}"),
    )
    .await;
    begun(twice, withdrawal.id.as_uuid(), Operation::CreateTransfer).await;
    let id = withdrawal.id;
    let mark = format!("transfer_group={id}&metadata[sluice_withdrawal_id]={id}");
    let form = format!("amount={amount_minor}&currency=usd&destination={account}&{mark}");
    make(twice, "transfers", form).await;
}

fn query_transfer(withdrawal: &Withdrawal) -> Envelope {
    envelope(&QueryTransfer {
        withdrawal_id: withdrawal.id,
        merchant_id: withdrawal.merchant_id,
        query: 1,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn query_transfer_twice() {
    let cases: &[(&str, Setup)] = &[
        ("sent", |t, n| {
            async move {
                let (withdrawal, account) = payout(t, n).await;
                sent(t, &withdrawal, &account, 700).await;
                query_transfer(&withdrawal)
            }
            .boxed_local()
        }),
        ("never sent", |t, n| {
            async move { query_transfer(&payout(t, n).await.0) }.boxed_local()
        }),
        ("sent otherwise", |t, n| {
            async move {
                let (withdrawal, account) = payout(t, n).await;
                sent(t, &withdrawal, &account, 701).await;
                query_transfer(&withdrawal)
            }
            .boxed_local()
        }),
        ("silent", |t, n| {
            async move {
                let silence = json!({ "status": 503 });
                t.world.fault(ASKING_FOR_TRANSFERS, "error", silence).await;
                query_transfer(&payout(t, n).await.0)
            }
            .boxed_local()
        }),
        ("forgotten, sent otherwise", |t, n| {
            async move {
                let (withdrawal, account) = forgotten(t, n).await;
                sent(t, &withdrawal, &account, 701).await;
                query_transfer(&withdrawal)
            }
            .boxed_local()
        }),
        ("forgotten, silent", |t, n| {
            async move {
                let silence = json!({ "status": 503 });
                t.world.fault(ASKING_FOR_TRANSFERS, "error", silence).await;
                query_transfer(&forgotten(t, n).await.0)
            }
            .boxed_local()
        }),
    ];
    Twice::start().await.play(cases).await;
}
