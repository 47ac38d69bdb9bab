//! Wallets over HTTP: how they are opened, who sees what of them, and what is refused at the door.

mod listing;
mod opening;
mod paying;
mod reading;
mod steps;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    currency::Currency,
    id::{HoldId, IdempotencyKey, WithdrawalId},
    job::{ChangeWallet, CreateWallet},
    ledger::Transfer,
    wallet::{TakenStep, Wallet, WalletStep},
};
use serde_json::{Value, json};
use store::{Record, TransferRecord};

use crate::world::World;

pub const WALLETS: &str = "/api/v1/wallets";

/// A body that is taken.
pub fn body() -> Value {
    json!({"user_id": "user-42", "currency": "EUR"})
}

/// What ingress makes of [`body`].
pub fn opening(world: &World) -> CreateWallet {
    CreateWallet {
        merchant_id: world.shop.id,
        user_id: "user-42".parse().unwrap(),
        currency: Currency::EUR,
        account: None,
    }
}

/// The wallet in euros of this user of the shop, as a worker stores it `age_s` after the epoch.
pub async fn wallet_of(world: &World, user: &str, age_s: i64) -> Wallet {
    let wallet = Wallet::new(world.shop.id, user.parse().unwrap(), Currency::EUR, at(age_s));
    let record = Record {
        new_wallet: Some(wallet.clone()),
        ..Record::default()
    };
    world.write(record).await;
    wallet
}

/// Has this much put into a wallet, as an administrator does, and gives it as it is read then.
pub async fn fill(world: &World, wallet: &Wallet, amount_minor: i64, note: &str) -> Wallet {
    let subject = format!("adjustment {} of {}", wallet.version, wallet.id);
    let transfer = Transfer::wallet_adjusted(wallet, amount_minor, subject);
    let record = Record {
        wallets: vec![wallet.after(&transfer, Some(note.into()), at(60)).unwrap()],
        transfers: vec![TransferRecord { transfer, at: at(60) }],
        ..Record::default()
    };
    world.write(record).await;
    world.store.wallet(wallet.id).await.unwrap().unwrap()
}

/// The id of the wallet in euros of this user of the shop.
pub fn wallet_id_of(world: &World, user: &str) -> String {
    let wallet = Wallet::new(world.shop.id, user.parse().unwrap(), Currency::EUR, at(1));
    wallet.id.to_string()
}

/// A wallet of this user with some money, of which some is held and some on its way out, beside one of anna's: the ids of
/// the wallet, the hold and the withdrawal.
pub async fn reserved_of(world: &World, user: &str) -> [String; 3] {
    wallet_of(world, "anna", 1).await;
    let wallet = wallet_of(world, user, 1).await;
    fill(world, &wallet, 100, "a gift").await;
    let held = changing(&wallet, "hold", hold(10));
    let withdrawn = changing(&wallet, "withdrawal", withdraw(20));
    for job in [&held, &withdrawn] {
        step(world, job).await;
    }
    let shop = world.shop.id;
    [
        wallet.id.to_string(),
        HoldId::derive(shop, &held.idempotency_key).to_string(),
        WithdrawalId::derive(shop, &withdrawn.idempotency_key).to_string(),
    ]
}

pub fn hold(amount_minor: i64) -> WalletStep {
    let reason = "a deposit".into();
    WalletStep::Hold { amount_minor, reason }
}

pub fn withdraw(amount_minor: i64) -> WalletStep {
    let note = Some("to my bank".into());
    WalletStep::Withdraw { amount_minor, note }
}

/// What ingress makes of a step of this wallet.
pub fn changing(wallet: &Wallet, name: &str, request: WalletStep) -> ChangeWallet {
    ChangeWallet {
        merchant_id: wallet.merchant_id,
        idempotency_key: IdempotencyKey::try_from(name.to_owned()).unwrap(),
        wallet_id: wallet.id,
        request,
        operator: None,
    }
}

/// Takes a step, as a worker does, and gives what it came to.
pub async fn step(world: &World, job: &ChangeWallet) -> TakenStep {
    let standing = world
        .store
        .wallet_standing(job.merchant_id, job.wallet_id, &job.request);
    let standing = standing.await.unwrap().unwrap();
    let taken = standing.take(&job.request, &job.idempotency_key, at(70)).unwrap();
    world
        .write(Record {
            wallets: taken.changes.clone(),
            hold: taken.hold.clone().map(Box::new),
            withdrawal: taken.withdrawal.clone().map(Box::new),
            transfers: vec![TransferRecord {
                transfer: taken.transfer.clone(),
                at: at(70),
            }],
            ..Record::default()
        })
        .await;
    taken
}

fn at(age_s: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(age_s)
}
