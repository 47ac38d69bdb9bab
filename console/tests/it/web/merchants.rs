//! Setting up merchants on pages: what is secret is shown once or never, and what is sent twice is done once.

mod channels;
mod creation;
mod endpoint;
mod keys;
mod own_log;
mod payments;

use super::site::{Browser, Site, hidden_in};

const STRIPE: &str = r#"{"secret_key": "sk_test_hunter2", "webhook_secrets": ["whsec_hunter3"]}"#;
const OTHER_STRIPE: &str = r#"{"secret_key": "sk_test_hunter4", "webhook_secrets": ["whsec_hunter3"]}"#;
const OWN_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const WHY: (&str, &str) = ("reason", "as agreed");

struct Answer {
    status: u16,
    page: String,
    cache: String,
}

async fn sent(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
    let answer = browser.post(path, fields).send().await.unwrap();
    let cache = answer.headers()["cache-control"].to_str().unwrap().to_owned();
    Answer {
        status: answer.status().as_u16(),
        cache,
        page: answer.text().await.unwrap(),
    }
}

/// The secrets that an answer shows.
fn shown(page: &str) -> Vec<String> {
    let parts = page.split("<code data-secret>").skip(1);
    parts
        .map(|part| part.split('<').next().unwrap().to_owned())
        .collect()
}

/// What the form that is sent to this address says that it changes.
fn present_in(page: &str, action: &str) -> String {
    let (_, form) = page.split_once(&format!("action=\"{action}\"")).unwrap();
    hidden_in(form, "present")
}

/// What the rest of the database and all pages show of these.
async fn assert_nowhere(site: &Site, browser: &Browser, merchant: &str, secrets: &[&str]) {
    let audit = format!("{:?}", site.audit().await);
    let mut pages = vec![("the log", audit)];
    let one = format!("/merchants/{merchant}");
    let told = format!("/notifications?of={merchant}");
    for path in ["/audit", "/merchants", &one, &told, "/switches", "/"] {
        pages.push(("a page", browser.page(path).await));
    }
    for (what, page) in pages {
        for secret in secrets {
            assert!(!page.contains(secret), "{what} shows {secret}: {page}");
        }
    }
}
