//! What the program writes into its own log.

use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use domain::{channel::Channel, operator::Role};

use super::{OWN_SECRET, STRIPE, WHY, present_in, sent, shown};
use crate::{
    desk::desk,
    web::{
        program::serve,
        site::{Browser, hidden_in, operator},
    },
};

/// The program writes down everything that it can, and no secret.
#[tokio::test]
async fn no_secret_is_in_the_programs_own_log() {
    runtime::install_crypto();
    let desk = desk().await;
    let password = operator(&desk, "anna", Role::Administrator);
    let (merchant, _) = desk.merchant(&[]);
    let mut child = serve(&desk.database.url())
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut log = String::new();
    while !log.contains("listening") {
        assert_ne!(out.read_line(&mut log).unwrap(), 0, "{log}");
    }
    let address = log.split("127.0.0.1:").last().unwrap();
    let port: String = address.chars().take_while(char::is_ascii_digit).collect();
    let rest = std::thread::spawn(move || {
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        rest
    });
    let mut admin = Browser::at(&format!("http://127.0.0.1:{port}"), [127, 0, 0, 1]);
    assert_eq!(admin.sign_in("anna", &password).await.status(), 303);
    let page = format!("/merchants/{merchant}");
    let id = hidden_in(&admin.page(&page).await, "key_id");
    let made = sent(&admin, &format!("{page}/keys"), &[("key_id", &id), WHY]).await;
    let [key] = shown(&made.page).try_into().unwrap();
    let endpoint = format!("{page}/endpoint");
    let present = present_in(&admin.page(&page).await, &endpoint);
    let set = [
        ("present", present.as_str()),
        ("url", "https://shop.example/?t0ps3cret"),
        WHY,
    ];
    let [secret] = shown(&sent(&admin, &endpoint, &set).await.page)
        .try_into()
        .unwrap();
    let rotate = format!("{endpoint}/rotate");
    let mut rotated = Vec::new();
    for own in ["", OWN_SECRET] {
        let present = present_in(&admin.page(&page).await, &rotate);
        let fields = [
            ("present", present.as_str()),
            ("keep_hours", "1"),
            ("secret", own),
            WHY,
        ];
        let answer = sent(&admin, &rotate, &fields).await;
        assert!([200, 303].contains(&answer.status), "{}", answer.page);
        rotated.extend(shown(&answer.page));
    }
    let [new] = rotated.try_into().unwrap();
    let id = hidden_in(&admin.page("/merchants").await, "merchant_id");
    let create = [
        ("merchant_id", id.as_str()),
        ("name", "Another"),
        ("endpoint", "https://shop.example/?t0ps3cret"),
        WHY,
    ];
    let created = sent(&admin, "/merchants", &create).await;
    let [first, signing] = shown(&created.page).try_into().unwrap();
    for text in [STRIPE, "{\"sk_test_hunter2\": 1}"] {
        let fields = [("channel", "stripe"), ("credentials", text), WHY];
        sent(&admin, &format!("{page}/credentials"), &fields).await;
    }
    assert!(
        desk.store
            .credentials(merchant, Channel::Stripe)
            .await
            .unwrap()
            .is_some()
    );
    let killed = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status();
    assert!(killed.unwrap().success() && child.wait().unwrap().success());
    log.push_str(&rest.join().unwrap());
    assert!(log.contains("stopped"), "{log}");
    let shown = [&key[20..], &secret, &new, &first[20..], &signing, &password];
    let sent = [OWN_SECRET, "t0ps3cret", "hunter2", "hunter3"];
    for hidden in shown.into_iter().chain(sent) {
        assert!(!log.contains(hidden), "{hidden} is in the log");
    }
    desk.close().await;
}
