//! Looking at wallets and their statements: what the ledger says, nothing twice, nothing left out, nobody else's.

use domain::wallet::{WalletTransactionView, WalletView};
use serde_json::{Value, json};

use super::{WALLETS, fill, wallet_of};
use crate::{
    listing::all_pages,
    world::{open_shop, world},
};

#[tokio::test]
async fn a_wallet_shows_what_its_postings_come_to() {
    let world = world().await;
    let wallet = wallet_of(&world, "user-42", 1).await;
    let filled = fill(&world, &wallet, 700, "a gift").await;
    let path = format!("{WALLETS}/{}", wallet.id);
    let answer = world.send(world.get(&path)).await;
    assert_eq!(
        answer.body,
        serde_json::to_value(WalletView::from(&filled)).unwrap()
    );
    assert_eq!(
        [
            &answer.body["balance_minor"],
            &answer.body["held_minor"],
            &answer.body["available_minor"]
        ],
        [700, 0, 700]
    );
    let other = open_shop(&world.store).await;
    for path in [path.clone(), format!("{path}/transactions")] {
        let stranger = world.request(reqwest::Method::GET, &path).bearer_auth(&other.key);
        world.send(stranger).await.is_problem(404, "/problems/not-found");
    }
    world.close().await;
}

#[tokio::test]
async fn pages_have_every_wallet_once_and_can_be_narrowed() {
    let world = world().await;
    let mut ids = Vec::new();
    for (number, user) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        let wallet = wallet_of(&world, user, number as i64).await;
        ids.push(wallet.id.to_string());
    }
    ids.reverse();
    for limit in [1, 2, 5, 6] {
        let pages = all_pages(&world, WALLETS, &format!("limit={limit}")).await;
        assert_eq!(pages.concat(), ids, "{limit}");
    }
    for (query, expected) in [
        ("currency=EUR&limit=2", &ids[..]),
        ("currency=USD", &[]),
        ("user_id=b", &ids[3..4]),
        ("user_id=f", &[]),
    ] {
        assert_eq!(
            all_pages(&world, WALLETS, query).await.concat(),
            expected,
            "{query}"
        );
    }
    for (query, field, words) in [
        ("currency=XXX", "currency", "ISO 4217"),
        ("user_id=", "user_id", "visible ASCII"),
        ("limit=0", "limit", "1 to 100"),
        ("cursor=x", "cursor", "next_cursor"),
    ] {
        let answer = world.send(world.get(&format!("{WALLETS}?{query}"))).await;
        answer
            .is_problem(400, "/problems/invalid-query")
            .names(field, words);
    }
    world.close().await;
}

#[tokio::test]
async fn a_statement_has_every_line_once_newest_first() {
    let world = world().await;
    let mut wallet = wallet_of(&world, "user-42", 1).await;
    for amount in [100, -30, 5, -1, 7] {
        wallet = fill(&world, &wallet, amount, "a gift").await;
    }
    let path = format!("{WALLETS}/{}/transactions", wallet.id);
    for limit in [1, 2, 4, 5, 6] {
        let (mut numbers, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = world
                .send(world.get(&format!("{path}?limit={limit}{cursor}")))
                .await;
            let data = answer.body["data"].as_array().unwrap();
            numbers.extend(data.iter().map(|line| line["number"].as_i64().unwrap()));
            match answer.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(numbers, [5, 4, 3, 2, 1], "{limit}");
    }
    let lines = world
        .store
        .wallet_transactions(wallet.id, None, 10)
        .await
        .unwrap();
    let answer = world.send(world.get(&path)).await;
    let views: Vec<_> = lines.iter().map(WalletTransactionView::from).collect();
    assert_eq!(answer.body["data"], serde_json::to_value(views).unwrap());
    let newest = &answer.body["data"][0];
    let told = ["kind", "phase", "amount_minor", "balance_minor", "note"].map(|field| newest[field].clone());
    assert_eq!(
        Value::from(told.to_vec()),
        json!(["adjustment", "posted", 7, 81, "a gift"])
    );
    for bad in ["0", "-1", "x"] {
        let answer = world.send(world.get(&format!("{path}?cursor={bad}"))).await;
        answer
            .is_problem(400, "/problems/invalid-query")
            .names("cursor", "next_cursor");
    }
    world.close().await;
}
