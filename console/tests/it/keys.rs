//! API keys after the first.

use domain::api_key::ApiKeyText;

use crate::desk::desk;

#[tokio::test]
async fn a_second_key_works_beside_the_first_until_one_is_revoked() {
    let desk = desk().await;
    let (id, created) = desk.merchant(&[]);
    let second = desk
        .run(&["keys", "create", "--merchant", &id.to_string(), "--json"])
        .json();
    let text = ApiKeyText::parse(second["api_key"].as_str().unwrap()).unwrap();
    let stored = desk.store.key(text.id()).await.unwrap().unwrap();
    assert!(text.proves(&stored.secret_hash));
    assert_eq!(stored.merchant_id, id);

    let first = created["api_key_id"].as_str().unwrap();
    assert_eq!(
        desk.run(&["keys", "revoke", "--id", first, "--json"]).json()["revoked"],
        first
    );
    assert!(desk.store.key(first).await.unwrap().unwrap().revoked);
    assert!(!desk.store.key(text.id()).await.unwrap().unwrap().revoked);
    desk.run(&["keys", "revoke", "--id", first])
        .refused("there is no API key");
    let actions: Vec<_> = desk
        .audit()
        .await
        .into_iter()
        .map(|(_, action, subject)| (action, subject))
        .collect();
    assert_eq!(
        actions[1..],
        [
            ("key.create".into(), text.id().to_owned()),
            ("key.revoke".into(), first.to_owned())
        ]
    );
    desk.close().await;
}

#[tokio::test]
async fn a_whole_key_pasted_for_its_id_is_not_repeated() {
    let desk = desk().await;
    let (_, created) = desk.merchant(&[]);
    let key = created["api_key"].as_str().unwrap();
    let run = desk.run(&["keys", "revoke", "--id", key]);
    run.refused("the id is the 16 digits after slk_");
    assert!(!run.err.contains(key), "{}", run.err);
    desk.close().await;
}
