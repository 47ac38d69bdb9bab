use domain::secret::Secret;
use serde_json::{Map, json};

use super::*;
use crate::config::JwtKeys;

const NOW_S: i64 = 1_795_170_000;
const MERCHANT: &str = "mer_00000000000000000000000000000001";

fn config() -> JwtConfig {
    JwtConfig {
        keys: JwtKeys::Secret(Secret::new("0123456789abcdef0123456789abcdef")),
        issuer: "https://id.example".into(),
        audience: "sluice".into(),
        admits_admins: true,
        keys_pause: std::time::Duration::ZERO,
    }
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

fn token(header: &Value, claims: &Value) -> String {
    format!("{}.{}.AAAA", encode(header), encode(claims))
}

/// What a token with good claims says after this change; a null takes the claim away.
fn says(changes: Value) -> Result<Bearer, TokenRefused> {
    let mut claims = json!({
        "iss": "https://id.example", "aud": "sluice", "exp": NOW_S + 60, "sub": "anna", "merchant_id": MERCHANT,
    });
    let all: &mut Map<_, _> = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(all.remove(name)),
            value => drop(all.insert(name.clone(), value.clone())),
        }
    }
    let token = token(&json!({"alg": "HS256"}), &claims);
    let presented = Presented::read(&token, JwtAlgorithm::Hs256).unwrap();
    presented.bearer(&config(), DateTime::from_timestamp(NOW_S, 0).unwrap())
}

fn anna() -> Bearer {
    Bearer::User(MERCHANT.parse().unwrap(), "anna".parse().unwrap())
}

#[test]
fn a_user_is_its_merchants_and_an_administrator_is_nobodys() {
    assert_eq!(says(json!({})), Ok(anna()));
    assert_eq!(
        says(json!({"role": "user", "aud": ["other", "sluice"]})),
        Ok(anna())
    );
    assert_eq!(
        says(json!({"role": "admin", "merchant_id": null})),
        Ok(Bearer::Admin("anna".parse().unwrap()))
    );
    for role in ["", "Admin", "administrator", "owner"] {
        assert_eq!(says(json!({"role": role})), Err(TokenRefused::Role), "{role}");
    }
}

#[test]
fn an_administrator_is_one_only_where_they_are_admitted() {
    let claims =
        json!({"iss": "https://id.example", "aud": "sluice", "exp": NOW_S + 60, "sub": "a", "role": "admin"});
    let token = token(&json!({"alg": "HS256"}), &claims);
    let presented = Presented::read(&token, JwtAlgorithm::Hs256).unwrap();
    let config = JwtConfig {
        admits_admins: false,
        ..config()
    };
    let now = DateTime::from_timestamp(NOW_S, 0).unwrap();
    assert_eq!(presented.bearer(&config, now), Err(TokenRefused::Role));
}

#[test]
fn a_token_is_good_in_its_time_give_or_take_what_clocks_differ() {
    for (times, expected) in [
        (json!({"exp": NOW_S - 29}), Ok(anna())),
        (json!({"exp": NOW_S - 30}), Err(TokenRefused::Expired)),
        (json!({"exp": NOW_S as f64 + 0.5}), Ok(anna())),
        (json!({"exp": 0}), Err(TokenRefused::Expired)),
        (json!({"nbf": NOW_S + 30}), Ok(anna())),
        (json!({"nbf": NOW_S + 31}), Err(TokenRefused::Early)),
    ] {
        assert_eq!(says(times.clone()), expected, "{times}");
    }
}

#[test]
fn who_issued_it_and_for_whom_is_compared_as_it_is() {
    for issuer in ["https://id.example/", "HTTPS://id.example", ""] {
        assert_eq!(
            says(json!({"iss": issuer})),
            Err(TokenRefused::Issuer),
            "{issuer}"
        );
    }
    for audience in [json!("Sluice"), json!([]), json!(["other"]), json!("")] {
        assert_eq!(
            says(json!({"aud": audience})),
            Err(TokenRefused::Audience),
            "{audience}"
        );
    }
}

/// A claim of the wrong kind is no claim that was left out.
#[test]
fn a_claim_that_is_missing_or_of_the_wrong_kind_is_refused() {
    for claims in [
        json!({"exp": null}),
        json!({"exp": "9999999999"}),
        json!({"exp": [9_999_999_999_i64]}),
        json!({"nbf": "0"}),
        json!({"iss": null}),
        json!({"iss": ["https://id.example"]}),
        json!({"aud": null}),
        json!({"aud": 1}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": "two words"}),
        json!({"sub": 7}),
        json!({"merchant_id": null}),
        json!({"merchant_id": "pay_00000000000000000000000000000001"}),
        json!({"role": ["admin"]}),
        json!({"role": true}),
    ] {
        assert_eq!(says(claims.clone()), Err(TokenRefused::Claims), "{claims}");
    }
}

#[test]
fn how_a_token_is_signed_is_not_for_the_token_to_say() {
    let claims = json!({});
    let read = |header: Value, algorithm| Presented::read(&token(&header, &claims), algorithm).map(drop);
    assert_eq!(
        read(json!({"alg": "RS256", "kid": "a"}), JwtAlgorithm::Rs256),
        Ok(())
    );
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "None"}),
        json!({"alg": ""}),
        json!({"alg": null}),
        json!({}),
        json!({"alg": "hs256"}),
        json!({"alg": "HS512"}),
        json!({"alg": ["HS256"]}),
        json!({"alg": "HS256", "crit": ["b64"], "b64": false}),
        json!({"alg": "HS256", "kid": 7}),
        json!([]),
    ] {
        for algorithm in [JwtAlgorithm::Rs256, JwtAlgorithm::Hs256] {
            let header = header.clone();
            assert_eq!(
                read(header.clone(), algorithm),
                Err(TokenRefused::Unproven),
                "{header}"
            );
        }
    }
    assert!(read(json!({"alg": "HS256"}), JwtAlgorithm::Rs256).is_err());
    assert!(read(json!({"alg": "RS256"}), JwtAlgorithm::Hs256).is_err());
}

#[test]
fn what_is_no_token_is_refused() {
    let good = token(&json!({"alg": "HS256"}), &json!({}));
    let doubled = URL_SAFE_NO_PAD.encode(r#"{"alg": "HS256", "alg": "none"}"#);
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        "a.b.c".into(),
        good.replace(".AAAA", ""),
        format!("{good}.AAAA"),
        format!("{good}="),
        format!("{good} "),
        good.replace("AAAA", "AA+A"),
        format!("{doubled}.e30.AAAA"),
        token(&json!({"alg": "HS256"}), &json!({"x": "x".repeat(MOST_BYTES)})),
    ] {
        assert!(Presented::read(&bad, JwtAlgorithm::Hs256).is_err(), "{bad:.80}");
    }
}
