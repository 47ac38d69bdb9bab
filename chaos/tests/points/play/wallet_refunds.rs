//! A worker dies while it gives back what a wallet has paid, or what was paid into one. Each case has a wallet of its own; the
//! provider's callbacks about refunds go nowhere, so nothing but this job is in the worker's hands.

use e2e::scene::key;
use serde_json::json;
use uuid::Uuid;

use super::{
    Play,
    refund_ending::{self, AMOUNT, RefundEnding, ask_for},
    wallet_payments::{FILLED, filled, of_dollars},
};
use crate::{
    ending::{ends_as, rest},
    stage::Stage,
    table::Case,
};

/// What is paid, of [`FILLED`] in the wallet.
const PRICE: i64 = 900;

const MOVED: &str = "
select coalesce(array_agg(amount_minor order by number), '{}'), coalesce(array_agg(hold_minor order by number), '{}')
from wallet_transactions where subject = $1 and wallet_id = $2";

/// What is left of a refund and its wallet when all is done.
#[derive(Debug, PartialEq, Eq)]
struct WalletEnding {
    refund: RefundEnding,
    /// What the wallet gained or gave for the refund, and what was held of it, movement by movement.
    moved: (Vec<i64>, Vec<i64>),
    /// What is in the wallet.
    balance: Option<i64>,
}

pub async fn play_into(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let filled = filled(play).await?;
    let body = of_dollars(json!({ "amount": PRICE, "method": "wallet", "user_id": filled.user }));
    let payment = play.scene.merchant.api.create(&key(), &body).await?.success()?;
    let payment = payment.text("/id").to_owned();
    play.scene.payment_until(&payment, "succeeded").await?;
    let expected = WalletEnding {
        refund: RefundEnding {
            made: vec![],
            ..RefundEnding::made()
        },
        moved: (vec![AMOUNT], vec![0]),
        balance: Some(FILLED - PRICE + AMOUNT),
    };
    die_with(play, case, &filled.wallet, &payment, &expected).await
}

pub async fn play_out_of(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let filled = filled(play).await?;
    let expected = WalletEnding {
        refund: RefundEnding::made(),
        // It is held before the provider is asked, and leaves the wallet after that.
        moved: (vec![0, -AMOUNT], vec![AMOUNT, -AMOUNT]),
        balance: Some(FILLED - AMOUNT),
    };
    die_with(play, case, &filled.wallet, &filled.top_up, &expected).await
}

async fn die_with(
    play: &mut Play<'_>,
    case: &Case,
    wallet: &str,
    payment: &str,
    expected: &WalletEnding,
) -> anyhow::Result<()> {
    rest(play.stage, &mut play.workers).await?;
    let refund = ask_for(play, payment).await?;
    play.die(case).await?;
    let Play {
        stage,
        scene,
        workers,
        ..
    } = play;
    let look = async || look(stage, scene, payment, &refund, wallet).await;
    ends_as(stage, workers, &refund, expected, look).await?;
    stage.ensure_books_agree().await
}

async fn look(
    stage: &Stage,
    scene: &e2e::Scene<'_>,
    payment: &str,
    refund: &str,
    wallet: &str,
) -> anyhow::Result<WalletEnding> {
    let wallet_id: Uuid = wallet.trim_start_matches("wal_").parse()?;
    let moved = sqlx::query_as(MOVED).bind(refund).bind(wallet_id);
    Ok(WalletEnding {
        refund: refund_ending::see(stage, scene, payment, refund).await?,
        moved: moved.fetch_one(&stage.database).await?,
        balance: scene.balance(wallet).await?,
    })
}
