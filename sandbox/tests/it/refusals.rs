//! What is refused: bad parameters by name, and callers without the right key.

use reqwest::Method;
use serde_json::json;

use crate::client::{Client, send};

/// A request's form, the error's code, and the parameter it names.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

#[tokio::test]
async fn bad_parameters_are_refused_by_name() {
    let client = Client::start().await;
    let cases: &[Case<'_>] = &[
        (&[("currency", "usd")], "parameter_missing", "amount"),
        (&[("amount", "2000")], "parameter_missing", "currency"),
        (
            &[("amount", ""), ("currency", "usd")],
            "parameter_invalid_empty",
            "amount",
        ),
        (
            &[("amount", "12.5"), ("currency", "usd")],
            "parameter_invalid_integer",
            "amount",
        ),
        (
            &[("amount", "0"), ("currency", "usd")],
            "parameter_invalid_integer",
            "amount",
        ),
        (
            &[("amount", "-5"), ("currency", "usd")],
            "parameter_invalid_integer",
            "amount",
        ),
        (
            &[("amount", "49"), ("currency", "usd")],
            "amount_too_small",
            "amount",
        ),
        (
            &[("amount", "49"), ("currency", "jpy")],
            "amount_too_small",
            "amount",
        ),
        (
            &[("amount", "100000000"), ("currency", "usd")],
            "amount_too_large",
            "amount",
        ),
        (
            &[("amount", "2000"), ("currency", "usd"), ("colour", "red")],
            "parameter_unknown",
            "colour",
        ),
        (
            &[
                ("amount", "2000"),
                ("currency", "usd"),
                ("payment_method", "pm_nope"),
            ],
            "resource_missing",
            "payment_method",
        ),
    ];
    for (form, code, param) in cases {
        let error = client.post("payment_intents", form).await.error(400, code);
        assert_eq!(error["param"], *param, "{form:?}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    for form in [
        [("amount", "2000"), ("currency", "xyz")],
        [("amount", "1234"), ("currency", "kwd")],
        [("amount", "10050"), ("currency", "isk")],
    ] {
        assert_eq!(
            client.post("payment_intents", &form).await.status,
            400,
            "{form:?}"
        );
    }
    client
        .get("payment_intents/pi_nope", &[])
        .await
        .error(404, "resource_missing");
    assert_eq!(client.get("unicorns", &[]).await.status, 404);
    assert_eq!(client.truth("").await.len(), 0, "nothing was created");
    client.stop().await;
}

#[tokio::test]
async fn keys_decide_who_sees_what() {
    let client = Client::start().await;
    let created = client
        .post("payment_intents", &[("amount", "2000"), ("currency", "usd")])
        .await
        .ok();
    let (id, secret) = (
        created["id"].as_str().unwrap(),
        created["client_secret"].as_str().unwrap(),
    );
    let url = format!("{}/v1/payment_intents/{id}", client.base);

    assert_eq!(send(client.http.get(&url)).await.status, 401);
    assert_eq!(
        send(client.http.get(&url).bearer_auth("sk_live_1")).await.status,
        401
    );
    assert_eq!(
        send(client.http.get(&url).bearer_auth("sk_test_two"))
            .await
            .status,
        404,
        "another account"
    );
    assert_eq!(
        send(client.http.get(&url).basic_auth("sk_test_one", Some("")))
            .await
            .ok()["id"],
        id
    );

    let with_secret = format!("{url}?client_secret={secret}");
    assert_eq!(
        send(client.http.get(&with_secret).bearer_auth("pk_test_one"))
            .await
            .ok()["id"],
        id
    );
    assert_eq!(
        send(client.http.get(&with_secret).bearer_auth("pk_test_two"))
            .await
            .status,
        404
    );
    assert_eq!(
        send(client.http.get(&url).bearer_auth("pk_test_one"))
            .await
            .status,
        400,
        "no client secret"
    );
    assert_eq!(
        send(
            client
                .http
                .get(format!("{url}?client_secret=guess"))
                .bearer_auth("pk_test_one")
        )
        .await
        .status,
        404
    );
    let list = format!("{}/v1/payment_intents", client.base);
    assert_eq!(
        send(client.http.get(list).bearer_auth("pk_test_one"))
            .await
            .status,
        401
    );

    let paid = client
        .control(
            Method::POST,
            &format!("/stripe/intents/{id}/pay"),
            json!({"payment_method": "pm_card_visa"}),
        )
        .await;
    assert_eq!(paid["status"], "succeeded");
    client.stop().await;
}
