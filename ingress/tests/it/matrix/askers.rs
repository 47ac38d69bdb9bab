//! Everybody who asks: what they show, and how they stand to what is bob's.

use reqwest::RequestBuilder;
use serde_json::json;

use super::with;
use crate::{
    issuer::{Signer, shared, unsigned},
    tokens::{admin, claims},
    world::{Answer, NOW_S, Shop, World},
};

/// How somebody stands to bob's payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It shows nothing that is good.
    Unproven,
    /// It is bob.
    Owner,
    /// Another user of the same merchant.
    Neighbour,
    /// A user of another merchant; the one that is called bob as well.
    Namesake,
    /// The merchant.
    Merchant,
    /// Another merchant.
    Stranger,
    /// An administrator who acts for the merchant.
    Acting,
    /// An administrator who acts for another merchant.
    ActingElsewhere,
    /// An administrator who names no merchant.
    Admin,
}

/// Somebody who asks.
pub(super) struct Asker {
    pub name: &'static str,
    pub standing: Standing,
    shows: Option<String>,
    merchant: Option<String>,
}

fn asker(name: &'static str, standing: Standing, shows: impl Into<String>) -> Asker {
    Asker {
        name,
        standing,
        shows: Some(shows.into()),
        merchant: None,
    }
}

/// What proves nothing, though much of it says that it is bob or an administrator.
pub(super) fn unproven(world: &World, signer: &Signer) -> Vec<Asker> {
    let bob = claims("bob", world.shop.id);
    let rs256 = json!({"alg": "RS256", "kid": "first"});
    let hs256 = json!({"alg": "HS256", "kid": "first"});
    let changed = |changes| signer.token(&with(bob.clone(), changes));
    let swapped = {
        let (good, other) = (signer.token(&claims("anna", world.shop.id)), signer.token(&bob));
        let good: Vec<_> = good.split('.').collect();
        let other: Vec<_> = other.split('.').collect();
        [good[0], other[1], good[2]].join(".")
    };
    let public = signer.public();
    let key_set = json!({"keys": [public]}).to_string();
    let without = |claim: &str| {
        let mut fewer = bob.clone();
        fewer.as_object_mut().unwrap().remove(claim);
        signer.token(&fewer)
    };
    let wrong_key = format!("{}{}", &world.shop.key[..world.shop.key.len() - 8], "0".repeat(8));
    let mut askers: Vec<_> = [
        ("garbage", "garbage".to_owned()),
        ("garbage like a token", "a.b.c".into()),
        ("a key with a wrong secret", wrong_key),
        ("expired", changed(json!({"exp": NOW_S - 60}))),
        ("not valid yet", changed(json!({"nbf": NOW_S + 60}))),
        ("another issuer", changed(json!({"iss": "https://evil.example"}))),
        ("another audience", changed(json!({"aud": "other"}))),
        ("without an end", without("exp")),
        ("without an issuer", without("iss")),
        ("without an audience", without("aud")),
        ("an end that is a text", changed(json!({"exp": "never"}))),
        ("signed by another", Signer::second().token_as(&rs256, &bob)),
        ("signed by an unknown key", Signer::second().token(&bob)),
        ("another's claims", swapped),
        ("not signed", unsigned(&bob)),
        ("not signed, an administrator", unsigned(&admin())),
        ("HS256 with the modulus", shared(&signer.modulus(), &hs256, &bob)),
        ("HS256 with the key set", shared(key_set.as_bytes(), &hs256, &bob)),
        (
            "HS256 with the modulus as written",
            shared(public["n"].as_str().unwrap().as_bytes(), &hs256, &admin()),
        ),
        ("RS256 with an HMAC", shared(&signer.modulus(), &rs256, &bob)),
        ("HS256 with nothing", shared(b"", &hs256, &bob)),
    ]
    .into_iter()
    .map(|(name, shows)| asker(name, Standing::Unproven, shows))
    .collect();
    askers.push(Asker {
        name: "nothing",
        standing: Standing::Unproven,
        shows: None,
        merchant: None,
    });
    askers
}

pub(super) fn proven(world: &World, other: &Shop, signer: &Signer) -> Vec<Asker> {
    let token = |user: &str, shop: &Shop| signer.token(&claims(user, shop.id));
    let admin = signer.token(&admin());
    let acting = |name, standing, shop: &Shop| Asker {
        merchant: Some(shop.id.to_string()),
        ..asker(name, standing, admin.clone())
    };
    vec![
        asker("bob", Standing::Owner, token("bob", &world.shop)),
        asker("anna", Standing::Neighbour, token("anna", &world.shop)),
        asker("bob of another shop", Standing::Namesake, token("bob", other)),
        asker("the shop", Standing::Merchant, world.shop.key.clone()),
        asker("another shop", Standing::Stranger, other.key.clone()),
        acting("an administrator for the shop", Standing::Acting, &world.shop),
        acting(
            "an administrator for another shop",
            Standing::ActingElsewhere,
            other,
        ),
        asker("an administrator", Standing::Admin, admin.clone()),
    ]
}

impl Asker {
    pub async fn ask(&self, world: &World, request: RequestBuilder) -> Answer {
        let request = match &self.shows {
            Some(shown) => request.bearer_auth(shown),
            None => request,
        };
        let request = match &self.merchant {
            Some(merchant) => request.header("sluice-merchant", merchant),
            None => request,
        };
        world.send(request).await
    }
}
