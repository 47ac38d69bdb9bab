//! A worker dies while it pays a payment from a wallet, or has one made that is paid into a wallet. Each case has a wallet of its
//! own; the provider's callbacks are held back, so that nothing but this job is in the worker's hands.

use anyhow::ensure;
use e2e::{Scene, scene::key};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Play;
use crate::{
    ending::{Ending, ends_as, rest, see},
    stage::Stage,
    table::Case,
};

/// What is paid, of [`FILLED`] in the wallet.
const PRICE: i64 = 700;
/// What a wallet is filled with by a card.
pub const FILLED: i64 = 1_000;

/// A wallet that a card has filled.
pub struct Filled {
    pub user: String,
    pub wallet: String,
    /// The payment that has filled it.
    pub top_up: String,
}

const MOVED: &str = "
select coalesce(array_agg(amount_minor order by number), '{}') from wallet_transactions
where subject = $1 and wallet_id = $2";

/// What is left of a payment and its wallet when all is done.
#[derive(Debug, PartialEq, Eq)]
struct WalletEnding {
    payment: Ending,
    /// What the wallet gained or gave for the payment, movement by movement.
    moved: Vec<i64>,
    /// What is in the wallet.
    balance: Option<i64>,
}

pub async fn play_payment(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let Filled { user, wallet, .. } = filled(play).await?;
    rest(play.stage, &mut play.workers).await?;
    let body = of_dollars(json!({ "amount": PRICE, "method": "wallet", "user_id": user }));
    let expected = WalletEnding {
        payment: Ending {
            intents: 0,
            charges: 0,
            taken_in: 0,
            ..Ending::paid()
        },
        moved: vec![-PRICE],
        balance: Some(FILLED - PRICE),
    };
    die_with(play, case, &wallet, &body, &expected).await
}

pub async fn play_top_up(play: &mut Play<'_>, case: &Case) -> anyhow::Result<()> {
    let (_, wallet) = opened(play).await?;
    rest(play.stage, &mut play.workers).await?;
    play.scene.set_callbacks(json!({ "paused": true })).await?;
    let body = json!({ "amount": PRICE, "wallet_id": wallet, "payment_method": "pm_card_visa" });
    let expected = WalletEnding {
        payment: Ending::paid(),
        moved: vec![PRICE],
        balance: Some(PRICE),
    };
    die_with(play, case, &wallet, &of_dollars(body), &expected).await
}

/// A wallet of a user of its own that a card has filled.
pub async fn filled(play: &mut Play<'_>) -> anyhow::Result<Filled> {
    let (user, wallet) = opened(play).await?;
    let more = json!({ "amount": FILLED, "wallet_id": wallet, "payment_method": "pm_card_visa" });
    let top_up = play.scene.create(&of_dollars(more)).await?.success()?;
    let balance = play.scene.balance_until(&wallet, FILLED).await?;
    ensure!(balance == FILLED, "{balance} came into the wallet");
    Ok(Filled {
        user,
        wallet,
        top_up: top_up.text("/id").to_owned(),
    })
}

/// A wallet of a user of its own.
async fn opened(play: &mut Play<'_>) -> anyhow::Result<(String, String)> {
    play.workers.start_and_wait().await?;
    let user = Uuid::new_v4().to_string();
    let wallet = json!({ "user_id": user, "currency": "USD" });
    let wallet = play.scene.wallet(&wallet).await?;
    Ok((user, wallet))
}

pub fn of_dollars(mut body: Value) -> Value {
    body["currency"] = "USD".into();
    body
}

async fn die_with(
    play: &mut Play<'_>,
    case: &Case,
    wallet: &str,
    body: &Value,
    expected: &WalletEnding,
) -> anyhow::Result<()> {
    let accepted = play.scene.merchant.api.create(&key(), body).await?.success()?;
    let payment = accepted.text("/id").to_owned();
    play.die(case).await?;
    let Play {
        stage,
        scene,
        workers,
        ..
    } = play;
    let look = async || look(stage, scene, &payment, wallet).await;
    ends_as(stage, workers, &payment, expected, look).await?;
    stage.ensure_books_agree().await
}

async fn look(stage: &Stage, scene: &Scene<'_>, payment: &str, wallet: &str) -> anyhow::Result<WalletEnding> {
    let wallet_id: Uuid = wallet.trim_start_matches("wal_").parse()?;
    let moved = sqlx::query_scalar(MOVED).bind(payment).bind(wallet_id);
    Ok(WalletEnding {
        payment: see(stage, scene, payment).await?,
        moved: moved.fetch_one(&stage.database).await?,
        balance: scene.balance(wallet).await?,
    })
}
