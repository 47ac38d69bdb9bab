//! Opening wallets: once for each owner and currency, however often it is asked for.

use domain::{currency::Currency, job::CreateWalletReply, wallet::WalletView};
use futures::future::join_all;

use crate::support::world;

#[tokio::test]
async fn whoever_asks_gets_the_same_wallet() {
    let world = world().await;
    let job = world.wallet_job("anna");
    let replies = join_all((0..5).map(|_| world.answer_to(&job))).await;
    let stored = world.store.posted_wallet(job.wallet_id()).await.unwrap().unwrap();
    for reply in replies {
        let CreateWalletReply::Wallet(view) = serde_json::from_slice(&reply.unwrap()).unwrap();
        assert_eq!(*view, WalletView::from(&stored));
    }
    let mut other = world.wallet_job("anna");
    other.currency = Currency::USD;
    world.answer_to(&other).await.unwrap();
    world.wallet("bob").await;
    assert_eq!(world.count("select count(*) from wallets").await, 3);
    world.books_agree().await;
    world.close().await;
}
