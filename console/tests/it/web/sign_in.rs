//! Signing in and out.

use domain::operator::Role;
use reqwest::header;

use super::site::site;

#[tokio::test]
async fn who_signs_in_is_known_until_they_sign_out() {
    let site = site().await;
    let password = site.operator("anna", Role::Viewer);
    let mut browser = site.browser();
    let turned_away = browser.get("/review?a=b").send().await.unwrap();
    assert_eq!(turned_away.status(), 303);
    assert_eq!(
        turned_away.headers()[header::LOCATION],
        "/sign-in?next=%2Freview%3Fa%3Db"
    );

    let answer = browser.sign_in("anna", &password).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[header::LOCATION]),
        (303, &"/".parse().unwrap())
    );
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains("Max-Age") && !cookie.contains("Secure"),
        "{cookie}"
    );
    assert!(browser.page("/").await.contains("Signed in as anna (viewer)"));

    let left = browser.post("/sign-out", &[]).send().await.unwrap();
    assert!(
        left.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    assert_eq!(
        browser.get("/").send().await.unwrap().status(),
        303,
        "the old cookie is of no use"
    );
    let audit = site.audit().await;
    let actions: Vec<_> = audit
        .iter()
        .map(|(who, what, ..)| (who.as_str(), what.as_str()))
        .collect();
    assert_eq!(
        actions[1..],
        [("anna", "operator.sign_in"), ("anna", "operator.sign_out")]
    );
    site.close().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let site = site().await;
    site.operator("anna", Role::Viewer);
    let mut browser = site.browser();
    let mut answers = Vec::new();
    for name in ["anna", "bert", "Anna'; --"] {
        let answer = browser.sign_in(name, "not the password").await;
        assert_eq!(answer.status(), 401);
        assert!(answer.headers().get(header::SET_COOKIE).is_none());
        let page = answer.text().await.unwrap();
        answers.push(page.replace(&format!("value=\"{name}\""), "value=\"\""));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].contains("Name or password is wrong"), "{}", answers[0]);
    // What was typed comes back as text.
    let typed = browser.sign_in("<script>", "not the password").await;
    let page = typed.text().await.unwrap();
    assert!(
        page.contains("&lt;script") && !page.contains("<script>"),
        "{page}"
    );
    // And what PostgreSQL cannot take as text is refused.
    assert_eq!(browser.sign_in("an\0na", "not the password").await.status(), 400);
    site.close().await;
}

#[tokio::test]
async fn five_tries_within_a_quarter_of_an_hour_and_no_more() {
    let site = site().await;
    let (password, other) = (
        site.operator("anna", Role::Viewer),
        site.operator("bert", Role::Viewer),
    );
    let mut browser = site.browser();
    for _ in 0..5 {
        assert_eq!(browser.sign_in("anna", "not the password").await.status(), 401);
    }
    let locked = browser.sign_in("anna", &password).await;
    assert_eq!(locked.status(), 429);
    assert!(locked.text().await.unwrap().contains("Too many tries"));
    assert_eq!(
        site.browser().sign_in("bert", &other).await.status(),
        303,
        "others are not held up"
    );
    site.clock.advance(16);
    assert_eq!(browser.sign_in("anna", &password).await.status(), 303);
    // Having signed in, they have all their tries again.
    assert_eq!(
        site.browser().sign_in("anna", "not the password").await.status(),
        401
    );
    assert_eq!(site.browser().sign_in("anna", &password).await.status(), 303);
    site.close().await;
}

/// Whoever only wants to keep somebody out does not.
#[tokio::test]
async fn who_tries_on_locks_out_nobody_elsewhere() {
    let site = site().await;
    let password = site.operator("anna", Role::Viewer);
    let (mut stranger, mut anna) = (site.browser(), site.browser_at([127, 0, 0, 2]));
    for tried in 0..40 {
        let refused = if tried < 5 { 401 } else { 429 };
        assert_eq!(
            stranger.sign_in("anna", "not the password").await.status(),
            refused
        );
    }
    assert_eq!(anna.sign_in("anna", &password).await.status(), 303);
    site.close().await;
}

#[tokio::test]
async fn many_tries_at_once_are_counted_too() {
    let site = site().await;
    site.operator("anna", Role::Viewer);
    let browser = site.browser();
    let fields = [("name", "anna"), ("password", "not the password")];
    let tries = (0..20).map(|_| browser.post("/sign-in", &fields).send());
    let answers = futures::future::join_all(tries).await;
    let compared = answers
        .iter()
        .filter(|answer| answer.as_ref().unwrap().status() == 401)
        .count();
    // Each is counted before any is compared, so that there may be fewer; those left are told so.
    let refused = answers
        .iter()
        .filter(|answer| answer.as_ref().unwrap().status() == 429)
        .count();
    assert!(compared <= 5 && compared + refused == 20, "{compared}, {refused}");
    // Those that were refused are taken back, so that they use up nobody's tries.
    let left = 5 - compared;
    let mut browser = site.browser();
    for _ in 0..left {
        assert_eq!(browser.sign_in("anna", "not the password").await.status(), 401);
    }
    assert_eq!(browser.sign_in("anna", "not the password").await.status(), 429);
    site.close().await;
}

#[tokio::test]
async fn behind_https_the_cookie_is_kept_to_it() {
    let management = std::env::var("RABBITMQ_MANAGEMENT_URL").unwrap();
    let settings = [
        ("RABBITMQ_MANAGEMENT_URL", management.as_str()),
        ("CONSOLE_PUBLIC_URL", "https://console.example"),
    ];
    let site = super::site::site_with(&settings, None).await;
    let password = site.operator("anna", Role::Viewer);
    let fields = [
        ("name", "anna"),
        ("password", password.as_str()),
        ("next", "//evil.example"),
    ];
    let sent = |origin: &'static str| {
        let request = site.browser().bare_post("/sign-in", &fields);
        request
            .header(header::HOST, "console.example")
            .header(header::ORIGIN, origin)
    };
    let answer = sent("https://console.example").send().await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-sluice-console=") && cookie.contains("; Secure"),
        "{cookie}"
    );
    assert_eq!(
        answer.headers()[header::LOCATION],
        "/",
        "nobody is sent elsewhere"
    );
    assert_eq!(sent("http://console.example").send().await.unwrap().status(), 403);
    site.close().await;
}

#[tokio::test]
async fn behind_a_proxy_that_is_trusted_people_are_told_apart() {
    let management = std::env::var("RABBITMQ_MANAGEMENT_URL").unwrap();
    let settings = [
        ("RABBITMQ_MANAGEMENT_URL", management.as_str()),
        ("CONSOLE_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let site = super::site::site_with(&settings, None).await;
    let password = site.operator("anna", Role::Viewer);
    let tried = async |browser: &super::site::Browser, from: &str, password: &str| {
        let fields = [("name", "anna"), ("password", password), ("next", "/")];
        let sent = browser.post("/sign-in", &fields).header("x-forwarded-for", from);
        sent.send().await.unwrap().status().as_u16()
    };
    let proxy = site.browser();
    for number in 0..5 {
        // What a browser says of itself comes before what the proxy says.
        let from = format!("198.51.100.{number}, 203.0.113.5");
        assert_eq!(tried(&proxy, &from, "not the password").await, 401);
    }
    assert_eq!(tried(&proxy, "203.0.113.5", &password).await, 429);
    assert_eq!(
        tried(&proxy, "203.0.113.6", &password).await,
        303,
        "others are not held up"
    );
    let (who, what, from, _) = site.audit().await.pop().unwrap();
    assert_eq!(
        (&*who, &*what, &*from),
        ("anna", "operator.sign_in", "203.0.113.6")
    );
    // Who is no proxy is not believed.
    let direct = site.browser_at([127, 0, 0, 2]);
    for number in 0..6 {
        let status = tried(&direct, &format!("198.51.100.{number}"), "not the password").await;
        assert_eq!(status, if number < 5 { 401 } else { 429 });
    }
    site.close().await;
}
