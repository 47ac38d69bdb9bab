//! Wallets over HTTP: how they are opened, who sees what of them, and what is refused at the door.

mod opening;
mod reading;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{currency::Currency, job::CreateWallet, ledger::Transfer, wallet::Wallet};
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
    let subject = format!("adjustment {}", wallet.version);
    let transfer = Transfer::wallet_adjusted(wallet, amount_minor, subject);
    let record = Record {
        wallets: vec![wallet.after(&transfer, Some(note.into()), at(60)).unwrap()],
        transfers: vec![TransferRecord { transfer, at: at(60) }],
        ..Record::default()
    };
    world.write(record).await;
    world.store.wallet(wallet.id).await.unwrap().unwrap()
}

fn at(age_s: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(age_s)
}
