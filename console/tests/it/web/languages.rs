//! Both languages.

use domain::operator::Role;
use reqwest::header;

use super::notifications::{GIVEN_UP, planted};

#[tokio::test]
async fn a_page_speaks_the_language_that_the_browser_or_the_person_chose() {
    let (site, merchant) = planted().await;
    let browser = site.signed_in("anna", Role::Administrator).await;
    let read = async |path: &str, accepted: &str| {
        let asked = browser.get(path).header(header::ACCEPT_LANGUAGE, accepted);
        asked.send().await.unwrap().text().await.unwrap()
    };
    for path in [
        &format!("/merchants/{merchant}"),
        &format!("/notifications/{GIVEN_UP}"),
        &format!("/notifications?of={merchant}"),
        "/",
        "/review",
        "/notifications",
        "/switches",
        "/merchants",
        "/dead-letters",
        "/dead-letters/groups",
        "/dead-letters/all",
        "/dead-letters/actions",
        "/timeline",
        "/audit",
        "/operators",
        "/sign-in",
        "/nowhere",
    ] {
        let chinese = read(path, "zh-CN,zh;q=0.9,en;q=0.1").await;
        assert!(chinese.contains("<html lang=\"zh\">"), "{path}");
        for english in [
            "Overview",
            "Sign out",
            "Signed in",
            "There is nothing",
            "Password",
        ] {
            assert!(!chinese.contains(english), "{path}: {english}");
        }
        assert!(read(path, "de").await.contains("<html lang=\"en\">"), "{path}");
    }
    let switched = browser.get("/language/zh?next=%2Freview").send().await.unwrap();
    assert_eq!(switched.headers()[header::LOCATION], "/review");
    let kept = switched.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(kept.starts_with("language=zh;"), "{kept}");
    let chosen = site
        .browser()
        .get("/sign-in")
        .header(header::COOKIE, "language=zh")
        .send()
        .await
        .unwrap();
    assert!(chosen.text().await.unwrap().contains("登录"));
    assert_eq!(browser.get("/language/xx").send().await.unwrap().status(), 404);
    site.close().await;
}
