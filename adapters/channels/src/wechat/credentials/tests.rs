//! Credentials that are taken, and those that are not.

use serde_json::{Value, json};

use super::*;
use crate::{
    credentials::read_fields,
    wechat::tests::{credentials, vectors, written},
};

fn read(json: &Value) -> Result<WechatCredentials, InvalidCredentials> {
    read_fields::<Fields>(&Secret::new(json.to_string()))?.try_into()
}

fn refused(path: &str, value: Value) -> InvalidCredentials {
    let mut json = written();
    *json.pointer_mut(path).unwrap() = value;
    read(&json).unwrap_err()
}

#[test]
fn they_read_back_as_they_were_written_and_print_nothing() {
    let read_once = credentials();
    let json = serde_json::to_value(Fields::from(&read_once)).unwrap();
    assert_eq!(json, written());
    assert_eq!(read(&json), Ok(read_once.clone()));
    let printed = format!("{read_once:?} {:?}", read_once.callback_keys());
    let vectors = vectors();
    let secrets =
        ["/apiv3_key", "/merchant/pkcs8"].map(|path| vectors.pointer(path).unwrap().as_str().unwrap());
    for secret in secrets {
        assert!(
            !printed.contains(secret) && !printed.contains("PRIVATE"),
            "{printed}"
        );
    }
}

#[test]
fn both_modes_and_several_generations_stand_side_by_side() {
    let (vectors, read) = (vectors(), credentials());
    let names: Vec<_> = read.verifiers().iter().map(|key| key.id.as_str()).collect();
    assert_eq!(
        names,
        [
            &vectors["wechat_public_key"]["id"],
            &vectors["platform_cert"]["serial"]
        ]
    );

    let mut json = written();
    json["verifiers"][1]["id"] = vectors["platform_cert"]["serial"]
        .as_str()
        .unwrap()
        .to_lowercase()
        .into();
    assert_eq!(super::tests::read(&json).unwrap().verifiers(), read.verifiers());
}

#[test]
fn what_is_wrong_is_named_and_never_quoted() {
    let other_serial = vectors()["merchant"]["serial"].clone();
    for (path, value, field) in [
        ("/mchid", json!("hunter 2"), "mchid"),
        ("/appid", json!("hunter\"2"), "appid"),
        ("/serial_no", json!(""), "serial_no"),
        ("/private_key", json!("hunter2"), "private_key"),
        (
            "/private_key",
            vectors()["merchant"]["spki"].clone(),
            "private_key",
        ),
        ("/apiv3_keys", json!([]), "apiv3_keys"),
        ("/apiv3_keys/0", json!("hunter2"), "apiv3_keys"),
        ("/verifiers", json!([]), "verifiers"),
        ("/verifiers/0", json!({}), "verifiers"),
        ("/verifiers/0", json!({ "id": "PUB_KEY_ID_hunter2" }), "verifiers"),
        ("/verifiers/0/id", json!("hunter2"), "verifiers"),
        ("/verifiers/0/public_key", json!("hunter2"), "verifiers"),
        ("/verifiers/1/certificate", json!("hunter2"), "verifiers"),
        (
            "/verifiers/1",
            json!({ "id": other_serial, "certificate": vectors()["platform_cert"]["cert"] }),
            "verifiers",
        ),
        (
            "/verifiers/1",
            json!({ "public_key": vectors()["platform_cert"]["spki"] }),
            "verifiers",
        ),
    ] {
        let error = refused(path, value);
        assert_eq!(error.field, field, "{path}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let mut json = written();
    json["hunter2"] = json!("hunter3");
    assert!(!read(&json).unwrap_err().to_string().contains("hunter3"));
}
