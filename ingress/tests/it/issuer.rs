//! Who issues tokens: an identity provider with keys of its own, which can be had over HTTP.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Json, Router, extract::State, routing::get};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents},
};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "sluice";
pub const SECRET: &str = "a secret of more than thirty-two bytes";

/// A key pair and its name.
pub struct Signer {
    pair: RsaKeyPair,
    name: &'static str,
}

impl Signer {
    pub fn first() -> Self {
        Self::read("first", include_str!("keys/first.pem"))
    }

    pub fn second() -> Self {
        Self::read("second", include_str!("keys/second.pem"))
    }

    fn read(name: &'static str, pem: &str) -> Self {
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap();
        Self { pair, name }
    }

    fn components(&self) -> RsaPublicKeyComponents<Vec<u8>> {
        self.pair.public_key().into()
    }

    /// The public half, as a key set holds it.
    pub fn public(&self) -> Value {
        let RsaPublicKeyComponents { n, e } = self.components();
        let [n, e] = [n, e].map(|number| URL_SAFE_NO_PAD.encode(number));
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.name, "n": n, "e": e})
    }

    /// The modulus of the public half: bytes that everybody knows.
    pub fn modulus(&self) -> Vec<u8> {
        self.components().n
    }

    /// A token that says this.
    pub fn token(&self, claims: &Value) -> String {
        self.token_as(&json!({"alg": "RS256", "typ": "JWT", "kid": self.name}), claims)
    }

    /// The same under a header of one's own.
    pub fn token_as(&self, header: &Value, claims: &Value) -> String {
        let text = signed_part(header, claims);
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
            .unwrap();
        with_signature(&text, &signature)
    }
}

/// A token that is signed with a shared secret.
pub fn shared(secret: &[u8], header: &Value, claims: &Value) -> String {
    let text = signed_part(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
    with_signature(&text, tag.as_ref())
}

/// A token that is not signed at all.
pub fn unsigned(claims: &Value) -> String {
    with_signature(&signed_part(&json!({"alg": "none"}), claims), &[])
}

fn signed_part(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}")
}

fn with_signature(text: &str, signature: &[u8]) -> String {
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Where the issuer's public keys can be had.
pub struct KeyServer {
    address: SocketAddr,
    shelf: Arc<Shelf>,
}

#[derive(Default)]
struct Shelf {
    /// What is answered.
    set: Mutex<Value>,
    asked: AtomicUsize,
}

impl KeyServer {
    pub async fn start(keys: Vec<Value>) -> Self {
        let shelf = Arc::new(Shelf::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new()
            .route("/keys", get(show))
            .with_state(Arc::clone(&shelf));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let server = Self { address, shelf };
        server.show(keys);
        server
    }

    pub fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    /// From now on these are the keys.
    pub fn show(&self, keys: Vec<Value>) {
        self.answer(json!({ "keys": keys }));
    }

    /// From now on it answers this.
    pub fn answer(&self, set: Value) {
        *self.shelf.set.lock().unwrap() = set;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.shelf.asked.load(Ordering::Relaxed)
    }
}

async fn show(State(shelf): State<Arc<Shelf>>) -> Json<Value> {
    shelf.asked.fetch_add(1, Ordering::Relaxed);
    Json(shelf.set.lock().unwrap().clone())
}
