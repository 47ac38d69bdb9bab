//! Many payments from one wallet at once: it is never overdrawn, and as many succeed as there is money for.

use e2e::{Scene, scene::key, wait};
use futures::future::join_all;
use serde_json::json;

use crate::harness::Sluice;

const PAYMENTS: usize = 24;
const PRICE: i64 = 300;
const FILLED: i64 = 3_100;
/// How many of them there is money for.
const PAID: usize = 10;

async fn status(scene: &Scene<'_>, payment: &str) -> (String, String) {
    let is_over = |seen: &(String, String)| ["succeeded", "failed"].contains(&seen.0.as_str());
    let look = async || {
        let answer = scene.merchant.api.payment(payment).await?;
        anyhow::Ok((
            answer.text("/status").to_owned(),
            answer.text("/failure/code").to_owned(),
        ))
    };
    wait::until(scene.world.patience, look, is_over).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_at_once_never_overdraw_a_wallet() {
    let sluice = Sluice::start().await;
    let scene = sluice.scene("wallet").await;
    let new = json!({ "user_id": "customer-7", "currency": "USD" });
    let wallet = scene.wallet(&new).await.unwrap();
    let top_up = json!({
        "amount": FILLED, "currency": "USD", "wallet_id": wallet, "payment_method": "pm_card_visa",
    });
    scene.create(&top_up).await.unwrap();
    assert_eq!(scene.balance_until(&wallet, FILLED).await.unwrap(), FILLED);

    let body = json!({
        "amount": PRICE, "currency": "USD", "method": "wallet", "user_id": "customer-7",
    });
    let asked = (0..PAYMENTS).map(async |_| {
        let accepted = scene.merchant.api.create(&key(), &body).await.unwrap();
        accepted.success().unwrap().text("/id").to_owned()
    });
    let payments = join_all(asked).await;
    let ended = join_all(payments.iter().map(|payment| status(&scene, payment))).await;
    let of = |wanted: (&str, &str)| {
        let is_it = |(status, code): &&(String, String)| (status.as_str(), code.as_str()) == wanted;
        ended.iter().filter(is_it).count()
    };
    assert_eq!(of(("succeeded", "")), PAID, "{ended:?}");
    assert_eq!(
        of(("failed", "insufficient_balance")),
        PAYMENTS - PAID,
        "{ended:?}"
    );
    let left = FILLED - PRICE * i64::try_from(PAID).unwrap();
    assert_eq!(scene.balance(&wallet).await.unwrap(), Some(left));
    let checked = sluice.world.console.run(&["ledger", "check"], "").await.unwrap();
    assert_eq!(checked["agrees"], true, "{checked}");
    sluice.stop().await;
}
