//! Every address as every role and as nobody, and what every answer carries.

use console::Web;
use domain::operator::Role;
use reqwest::Method;

use super::site::{Browser, site};

/// What an address says to somebody: whether they pass, or why they do not.
async fn asked(browser: &Browser, method: &Method, path: &str) -> u16 {
    let request = match *method {
        Method::GET => browser.get(path),
        _ => browser.post(path, &[("reason", "the matrix"), ("role", "viewer")]),
    };
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn every_address_takes_the_role_it_names_and_those_above() {
    let site = site().await;
    let nobody = site.browser();
    let (merchant, _) = site.desk.merchant(&[]);
    let passwords = Role::ALL.map(|role| site.operator(role.name(), role));
    let mut refused = 0;
    for (method, path, least) in Web::addresses() {
        let path = path.replace("/merchants/{id}", &format!("/merchants/{merchant}"));
        let path = path.replace("{language}", "en").replace("{what}", "queue");
        let path = path.replace("{name}", "nobody").replace("{id}", "nobody");
        let path = path.replace("{key}", "none").replace("{route}", "none");
        let got = asked(&nobody, &method, &path).await;
        match least {
            None => assert!(got != 403 && got < 500, "{method} {path}: {got}"),
            Some(_) => assert_eq!(got, 303, "{method} {path} as nobody"),
        }
        for (role, password) in Role::ALL.into_iter().zip(&passwords) {
            // A session of its own for each address, as signing out is one of them.
            let mut browser = site.browser();
            assert_eq!(browser.sign_in(role.name(), password).await.status(), 303);
            let got = asked(&browser, &method, &path).await;
            if least.is_some_and(|least| role < least) {
                assert_eq!(got, 403, "{method} {path} as {role}");
                refused += 1;
            } else {
                assert!(got != 403 && got < 500, "{method} {path} as {role}: {got}");
            }
        }
    }
    assert!(refused > 0, "no address is above anybody");
    site.close().await;
}

#[tokio::test]
async fn every_answer_is_hardened_and_no_page_is_kept() {
    let site = site().await;
    let browser = site.signed_in("anna", Role::Administrator).await;
    for path in [
        "/",
        "/sign-in",
        "/operators",
        "/dead-letters",
        "/timeline",
        "/nowhere",
        "/console.css",
        "/console.js",
        "/healthz",
    ] {
        let answer = browser.get(path).send().await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        let is_file = path.starts_with("/console.");
        let kept = if is_file { "max-age=300" } else { "no-store" };
        assert_eq!(header("cache-control"), kept, "{path}");
        if !is_file {
            let page = answer.text().await.unwrap();
            for inline in [" style=", " onclick=", "<style", "<script>", "javascript:"] {
                assert!(!page.contains(inline), "{path} has {inline}");
            }
        }
    }
    assert_eq!(browser.get("/nowhere").send().await.unwrap().status(), 404);
    site.close().await;
}
