//! Many movements of a few wallets at once, over the whole pipeline: at the end each wallet has what the answers said, what
//! its postings come to, and what its statement says.

use std::collections::BTreeMap;

use domain::id::WalletId;
use e2e::{Answer, Scene, client::Client};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Sluice;

const WALLETS: usize = 3;
const FILLED: i64 = 1_000;
const PEOPLE: usize = 12;
const WISHES: usize = 8;
/// How long a client waits for the end of a wish before it asks again.
const WAIT_S: u32 = 20;

/// A merchant, an administrator, and the wallets.
struct Bank<'a> {
    scene: &'a Scene<'a>,
    administrator: Client,
    wallets: Vec<String>,
}

/// What somebody's wishes have moved, by wallet.
type Moved = BTreeMap<String, i64>;

impl Bank<'_> {
    /// Asks under one key until the end is known.
    async fn ask(&self, who: &Client, wallet: &str, step: &str, key: &str, body: &Value) -> Answer {
        loop {
            let answer = who
                .of_wallets(&format!("wallets/{wallet}/{step}"), key, body, Some(WAIT_S))
                .await
                .unwrap();
            match answer.status {
                200 | 201 | 409 => return answer,
                202 | 503 => {}
                other => panic!("{step}: {other} {}", answer.body),
            }
        }
    }

    async fn adjust(&self, wallet: &str, key: &str, amount_minor: i64) -> Answer {
        let body = json!({ "amount_minor": amount_minor, "reason": "a gift" });
        self.ask(&self.administrator, wallet, "adjustments", key, &body)
            .await
    }

    /// One wish, and for what is set aside also its end.
    async fn wish(&self, key: &str, dice: u64, moved: &mut Moved) {
        let merchant = &self.scene.merchant.api;
        let from = &self.wallets[(dice % WALLETS as u64) as usize];
        let to = &self.wallets[((dice + 1) % WALLETS as u64) as usize];
        let amount = 1 + (dice >> 8) as i64 % 400;
        let mut note = |wallet: &str, amount| *moved.entry(wallet.to_owned()).or_default() += amount;
        let is_taken = |answer: &Answer| answer.status != 409;
        match (dice >> 4) % 5 {
            0 => {
                let body = json!({ "amount_minor": amount, "to_wallet_id": to });
                if is_taken(&self.ask(merchant, from, "transfers", key, &body).await) {
                    note(from, -amount);
                    note(to, amount);
                }
            }
            1 => {
                let signed = if dice.is_multiple_of(2) { amount } else { -amount };
                if is_taken(&self.adjust(from, key, signed).await) {
                    note(from, signed);
                }
            }
            2 | 3 => {
                let body = json!({ "amount_minor": amount, "reason": "a deposit" });
                let held = self.ask(merchant, from, "holds", key, &body).await;
                if !is_taken(&held) {
                    return;
                }
                let hold = held.text("/id");
                let part = amount / 2;
                let (step, body) = match part {
                    0 => ("release", json!({})),
                    part => ("capture", json!({ "amount_minor": part })),
                };
                let step = format!("holds/{hold}/{step}");
                let ended = self.ask(merchant, from, &step, key, &body).await;
                assert!(is_taken(&ended), "{}", ended.body);
                note(from, -part);
            }
            _ => {
                let body = json!({ "amount_minor": amount });
                let out = self.ask(merchant, from, "withdrawals", key, &body).await;
                if is_taken(&out) {
                    let step = format!("withdrawals/{}/complete", out.text("/id"));
                    let ended = self.ask(merchant, from, &step, key, &json!({})).await;
                    assert!(is_taken(&ended), "{}", ended.body);
                    note(from, -amount);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_movements_at_once_leave_what_the_postings_say() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("bank").await;
    let seed = Uuid::new_v4();
    println!("seed: {seed}");
    let mut wallets = Vec::new();
    for number in 0..WALLETS {
        let body = json!({ "user_id": format!("user-{number}"), "currency": "EUR" });
        let api = &scene.merchant.api;
        let answer = api
            .of_wallets("wallets", "open", &body, Some(WAIT_S))
            .await
            .unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        wallets.push(answer.text("/id").to_owned());
    }
    let base = &scene.world.ingress;
    let bank = Bank {
        administrator: Client::of_administrator(scene.world.http.clone(), base, &scene.merchant.id),
        scene: &scene,
        wallets,
    };
    for (number, wallet) in bank.wallets.iter().enumerate() {
        let filled = bank.adjust(wallet, &format!("fill-{number}"), FILLED).await;
        assert_eq!(filled.body["balance_minor"], FILLED, "{}", filled.body);
    }
    let play = async |person: usize| {
        let mut moved = Moved::new();
        let mut dice = seed.as_u64_pair().0 ^ (person as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for number in 0..WISHES {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = format!("wish-{person}-{number}");
            bank.wish(&key, dice >> 16, &mut moved).await;
        }
        moved
    };
    let moved = join_all((0..PEOPLE).map(play)).await;
    let store = sluice.database.store(true);
    for wallet in &bank.wallets {
        let told: i64 = moved.iter().filter_map(|moved| moved.get(wallet)).sum();
        let shown = scene.merchant.api.wallet(wallet).await.unwrap();
        assert_eq!(shown.body["balance_minor"], FILLED + told, "{wallet}");
        assert_eq!(shown.body["held_minor"], 0, "{wallet}");
        let id: WalletId = wallet.parse().unwrap();
        assert_eq!(
            store.wallet(id).await.unwrap(),
            store.posted_wallet(id).await.unwrap()
        );
    }
    let report = store.ledger_check().await.unwrap();
    assert!(report.agrees(), "{:?}", report.disagreements);
    sluice.stop().await;
}
