//! Endpoints: where merchants are notified, and the change of their secrets.

use chrono::{DateTime, Utc};

use crate::desk::desk;

const GOOD_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const OTHER_SECRET: &str = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";

#[tokio::test]
async fn a_first_endpoint_gets_a_secret_and_a_moved_one_keeps_it() {
    let desk = desk().await;
    let (id, _) = desk.merchant(&[]);
    let id_text = id.to_string();
    let set = |url| {
        desk.run(&["endpoints", "set", "--merchant", &id_text, "--url", url, "--json"])
            .json()
    };
    let first = set("https://shop.example/a");
    assert!(first["endpoint_secret"].as_str().unwrap().starts_with("whsec_"));
    let second = set("https://shop.example/b");
    assert!(second["endpoint_secret"].is_null());
    let endpoint = desk.store.endpoint(id).await.unwrap().unwrap();
    assert_eq!(endpoint.url, "https://shop.example/b");
    assert_eq!(
        endpoint.secrets[0].secret.expose(),
        first["endpoint_secret"].as_str().unwrap()
    );
    desk.close().await;
}

#[tokio::test]
async fn the_old_secret_signs_until_its_time_is_over() {
    let desk = desk().await;
    let (id, created) = desk.merchant(&["--endpoint", "https://shop.example/hook"]);
    let id_text = id.to_string();
    let rotate = |hours| {
        desk.run(&[
            "endpoints",
            "rotate",
            "--merchant",
            &id_text,
            "--keep-hours",
            hours,
            "--json",
        ])
        .json()
    };
    let rotated = rotate("24");
    let endpoint = desk.store.endpoint(id).await.unwrap().unwrap();
    let [new, old] = endpoint.secrets.as_slice() else {
        panic!("{endpoint:?}")
    };
    assert_eq!(
        (new.secret.expose(), new.until),
        (rotated["endpoint_secret"].as_str().unwrap(), None)
    );
    assert_eq!(old.secret.expose(), created["endpoint_secret"].as_str().unwrap());
    let until: DateTime<Utc> = rotated["old_secret_signs_until"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(old.until.unwrap().timestamp(), until.timestamp());

    // Rotated again at once, the first secret keeps its end and the second gets one that is already over.
    let again = rotate("0");
    let endpoint = desk.store.endpoint(id).await.unwrap().unwrap();
    let kept: Vec<_> = endpoint
        .secrets
        .iter()
        .map(|secret| secret.secret.expose())
        .collect();
    assert_eq!(
        kept,
        [
            again["endpoint_secret"].as_str().unwrap(),
            created["endpoint_secret"].as_str().unwrap()
        ]
    );
    desk.close().await;
}

#[tokio::test]
async fn a_secret_of_ones_own_comes_through_the_environment() {
    let desk = desk().await;
    let args = [
        "merchants",
        "create",
        "--name",
        "Shop",
        "--endpoint",
        "https://shop.example/",
        "--endpoint-secret",
        "env",
        "--json",
    ];
    let created = desk.run_with(&[("ENDPOINT_SECRET", GOOD_SECRET)], &args).json();
    assert!(
        created["endpoint_secret"].is_null(),
        "whoever gave it has it: {created}"
    );
    let id = created["merchant_id"].as_str().unwrap();
    let signs = async || {
        let endpoint = desk.store.endpoint(id.parse().unwrap()).await.unwrap().unwrap();
        endpoint.secrets[0].secret.expose().to_owned()
    };
    assert_eq!(signs().await, GOOD_SECRET);
    let rotate = [
        "endpoints",
        "rotate",
        "--merchant",
        id,
        "--endpoint-secret",
        "env",
        "--json",
    ];
    let rotated = desk
        .run_with(&[("ENDPOINT_SECRET", OTHER_SECRET)], &rotate)
        .json();
    assert!(rotated["endpoint_secret"].is_null(), "{rotated}");
    assert_eq!(signs().await, OTHER_SECRET);
    desk.run_with(&[("ENDPOINT_SECRET", "whsec_short")], &args)
        .refused("ENDPOINT_SECRET cannot be used");
    desk.run(&args).refused("ENDPOINT_SECRET is not set");
    assert_eq!(desk.store.merchants().await.unwrap().len(), 1);
    desk.close().await;
}
