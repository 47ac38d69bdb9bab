//! Withdrawals that are to be paid out to their owners' accounts: accepted, known already, and refused at the door.

use domain::{
    id::WithdrawalId,
    job::{CreateTransfer, CreateTransferReply, Job},
    wallet::{Wallet, WalletStep, Withdrawal, WithdrawalStatus, WithdrawalView},
};
use reqwest::StatusCode;
use serde_json::json;
use store::Record;

use super::{account_of, opened_for, payable_for};
use crate::{
    tokens::{claims, token, world_of_secret},
    wallets::{WALLETS, changing, reserved_of, step},
    worker::{ask, only_job},
    world::{Answer, World, world},
};

/// A withdrawal that is to be paid out.
pub(super) struct Payout {
    pub wallet: Wallet,
    pub id: WithdrawalId,
}

impl Payout {
    pub async fn of(world: &World, user: &str) -> Self {
        let [wallet, _, withdrawal] = reserved_of(world, user).await;
        let wallet = world.store.wallet(wallet.parse().unwrap()).await.unwrap();
        Self {
            wallet: wallet.unwrap(),
            id: withdrawal.parse().unwrap(),
        }
    }

    fn path(&self) -> String {
        format!("{WALLETS}/{}/withdrawals/{}/pay", self.wallet.id, self.id)
    }

    fn job(&self) -> CreateTransfer {
        CreateTransfer {
            merchant_id: self.wallet.merchant_id,
            wallet_id: self.wallet.id,
            withdrawal_id: self.id,
        }
    }

    async fn wallet_now(&self, world: &World) -> Wallet {
        world.store.wallet(self.wallet.id).await.unwrap().unwrap()
    }

    pub async fn stored(&self, world: &World) -> Withdrawal {
        world.store.withdrawal(self.id).await.unwrap().unwrap()
    }

    async fn post(&self, world: &World, key: &str) -> Answer {
        world.send(world.post(&self.path(), key, &json!({}))).await
    }

    /// The same until PostgreSQL was quick enough.
    pub async fn known(&self, world: &World, key: &str) -> Answer {
        loop {
            let answer = self.post(world, key).await;
            if answer.status != StatusCode::ACCEPTED {
                return answer;
            }
            world.take_jobs(KIND, 1).await;
        }
    }
}

const KIND: &str = CreateTransfer::CONTRACT.kind.name();

#[tokio::test]
async fn a_payout_is_accepted_published_and_known_once_it_is_over() {
    let world = world().await;
    world.ready().await;
    let payout = Payout::of(&world, "carla").await;
    let account = payable_for(&world, &payout.wallet).await;
    let answer = payout.post(&world, "k").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let expected = json!({
        "id": payout.id, "wallet_id": payout.wallet.id, "merchant_id": world.shop.id, "action": "pay_withdrawal",
    });
    assert_eq!(answer.body, expected);
    let (job, properties) = only_job::<CreateTransfer>(&world).await;
    assert_eq!(job, payout.job());
    assert_eq!(properties["correlation_id"], payout.id.to_string());
    let begun = payout.stored(&world).await;
    let begun = Withdrawal {
        status: WithdrawalStatus::Processing,
        channel: Some(account.channel),
        ..begun
    };
    write(&world, &begun).await;
    // It is under way, and whoever asks helps it on.
    assert_eq!(payout.post(&world, "k").await.status, StatusCode::ACCEPTED);
    assert_eq!(only_job::<CreateTransfer>(&world).await.0, payout.job());
    let paid = Withdrawal {
        status: WithdrawalStatus::Completed,
        reference: Some("tr_1".into()),
        ..payout.stored(&world).await
    };
    write(&world, &paid).await;
    let view = json!(WithdrawalView::from(&payout.stored(&world).await));
    for key in ["k", "another"] {
        let again = payout.known(&world, key).await;
        assert_eq!((again.status, &again.body), (StatusCode::OK, &view));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
    assert_eq!(world.take_jobs(KIND, 10).await.len(), 0);
    world.close().await;
}

pub(super) async fn write(world: &World, withdrawal: &Withdrawal) {
    let record = Record {
        withdrawal: Some(Box::new(withdrawal.clone())),
        ..Record::default()
    };
    world.write(record).await;
}

#[tokio::test]
async fn what_cannot_be_paid_out_is_refused_with_state_and_step() {
    let world = world().await;
    world.ready().await;
    let payout = Payout::of(&world, "bob").await;
    let refused = async |code: &str, words: &str| {
        let answer = payout.known(&world, "refused").await;
        answer.is_problem(409, "/problems/action-refused");
        assert_eq!(answer.body["code"], code);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
    };
    refused("account_not_open", "no account").await;
    // Asked for, and not opened yet.
    account_of(&world, &payout.wallet).await;
    refused("account_not_open", "no account").await;
    let rejection = WalletStep::RejectWithdrawal {
        withdrawal_id: payout.id,
        reason: "not now".into(),
    };
    step(
        &world,
        &changing(&payout.wallet_now(&world).await, "r", rejection),
    )
    .await;
    refused("withdrawal_over", "is rejected, and pay is refused").await;
    let nobodys = payout
        .path()
        .replace(&payout.id.to_string(), &format!("wdr_{}", "0".repeat(32)));
    let absent = world.send(world.post(&nobodys, "k", &json!({}))).await;
    absent.is_problem(404, "/problems/not-found");
    let more = json!({ "amount_minor": 1 });
    let unread = world.send(world.post(&payout.path(), "k", &more)).await;
    unread.is_problem(400, "/problems/malformed-json");
    assert_eq!(world.take_jobs(KIND, 10).await.len(), 0);
    world.close().await;
}

#[tokio::test]
async fn an_account_that_cannot_be_sent_money_is_not_paid_out_to() {
    let world = world().await;
    world.ready().await;
    let payout = Payout::of(&world, "dora").await;
    opened_for(&world, &payout.wallet).await;
    let answer = payout.known(&world, "k").await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(answer.body["code"], "account_not_active");
    world.close().await;
}

#[tokio::test]
async fn whoever_waits_hears_what_became_of_the_payout() {
    let world = world().await;
    world.ready().await;
    let payout = Payout::of(&world, "carla").await;
    payable_for(&world, &payout.wallet).await;
    let view = WithdrawalView::from(&payout.stored(&world).await);
    let request = || world.post(&payout.path(), "k", &json!({}));
    let paid = CreateTransferReply::Withdrawal(Box::new(view.clone()));
    let answer = ask(&world, request(), &payout.job(), &paid).await;
    assert_eq!((answer.status, &answer.body), (StatusCode::OK, &json!(view)));
    let refusal = CreateTransferReply::Refused {
        code: "account_not_active".into(),
        message: "The owner's account is onboarding, and cannot be sent money.".into(),
    };
    let answer = ask(&world, request(), &payout.job(), &refusal).await;
    answer.is_problem(409, "/problems/action-refused");
    assert_eq!(answer.body["code"], "account_not_active");
    let gone = CreateTransferReply::NoSuchWithdrawal;
    let answer = ask(&world, request(), &payout.job(), &gone).await;
    answer.is_problem(404, "/problems/not-found");
    world.close().await;
}

#[tokio::test]
async fn a_user_has_nothing_paid_out_to_itself() {
    let world = world_of_secret().await;
    world.ready().await;
    let payout = Payout::of(&world, "bob").await;
    opened_for(&world, &payout.wallet).await;
    let bob = token(&claims("bob", world.shop.id));
    let answer = world
        .send(world.post_as(&bob, &payout.path(), "k", &json!({})))
        .await;
    answer.is_problem(403, "/problems/forbidden");
    assert_eq!(world.take_jobs(KIND, 10).await.len(), 0);
    world.close().await;
}
