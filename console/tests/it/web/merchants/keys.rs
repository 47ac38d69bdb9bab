//! API keys.

use domain::{api_key::ApiKeyText, operator::Role};

use super::{WHY, assert_nowhere, sent, shown};
use crate::web::site::{hidden_in, site};

#[tokio::test]
async fn a_key_is_made_once_however_often_its_form_is_sent_and_is_revoked() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (merchant, created) = site.desk.merchant(&[]);
    let (other, _) = site.desk.merchant(&[]);
    let path = format!("/merchants/{merchant}/keys");
    let id = hidden_in(&admin.page(&format!("/merchants/{merchant}")).await, "key_id");
    let fields = [("key_id", id.as_str()), WHY];
    let (one, two) = tokio::join!(sent(&admin, &path, &fields), sent(&admin, &path, &fields));
    let (made, again) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!((made.status, again.status), (200, 409), "{}", again.page);
    assert_eq!(made.cache, "no-store");
    let [key] = shown(&made.page).try_into().unwrap();
    let text = ApiKeyText::parse(&key).unwrap();
    assert_eq!(text.id(), id);
    assert!(text.proves(&site.desk.store.key(&id).await.unwrap().unwrap().secret_hash));
    assert!(
        again.page.contains(&format!("has made the key {id} already")),
        "{}",
        again.page
    );
    assert_ne!(hidden_in(&again.page, "key_id"), id);
    assert_eq!(sent(&admin, &path, &[("key_id", "k"), WHY]).await.status, 400);
    assert_eq!(site.desk.store.keys_of(merchant).await.unwrap().len(), 2);
    assert_nowhere(&site, &admin, &merchant.to_string(), &[&key[20..]]).await;

    let first = created["api_key_id"].as_str().unwrap();
    let revoke = format!("{path}/{first}/revoke");
    let operator = site.signed_in("olga", Role::Operator).await;
    assert_eq!(sent(&operator, &revoke, &[WHY]).await.status, 403);
    assert_eq!(sent(&operator, &path, &fields).await.status, 403);
    let elsewhere = format!("/merchants/{other}/keys/{first}/revoke");
    assert_eq!(sent(&admin, &elsewhere, &[WHY]).await.status, 404);
    assert_eq!(sent(&admin, &revoke, &[("reason", "")]).await.status, 400);
    assert_eq!(sent(&admin, &revoke, &[WHY]).await.status, 303);
    assert!(site.desk.store.key(first).await.unwrap().unwrap().revoked);
    let twice = sent(&admin, &revoke, &[WHY]).await;
    assert_eq!(twice.status, 409);
    assert!(
        twice.page.contains("no such key that is still good"),
        "{}",
        twice.page
    );
    let actions: Vec<_> = site.audit().await;
    let of_keys: Vec<_> = actions
        .iter()
        .filter(|(_, action, ..)| action.starts_with("key."))
        .collect();
    let expected = [("key.create", id.as_str()), ("key.revoke", first)].map(|(what, whom)| {
        (
            "anna".to_owned(),
            what.to_owned(),
            whom.to_owned(),
            Some("as agreed".to_owned()),
        )
    });
    assert_eq!(of_keys, expected.iter().collect::<Vec<_>>());
    site.close().await;
}
