//! Signing in and out, and what the three roles can see.

use domain::operator::Role;

use crate::site::play;

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_and_out_and_see_what_their_role_may_do() {
    play("signing-in", async |site, browser| {
        let password = site.operator("vera", Role::Viewer).await;
        // Whoever asks for a page is sent there once they have signed in.
        browser.open("/review").await;
        assert_eq!(browser.path().await, "/sign-in");
        browser.shot("sign-in").await;
        browser.write("input[name=name]", "vera").await;
        browser.write("input[name=password]", "guessed").await;
        browser.click("main button").await;
        browser
            .until_says("[role=alert]", "Name or password is wrong")
            .await;
        assert_eq!(browser.ask("document.activeElement.name").await, "name");
        browser.shot("sign-in-wrong").await;
        browser.write("input[name=password]", &password).await;
        browser.click("main button").await;
        browser.until_says(".who", "vera (viewer)").await;
        assert_eq!(browser.path().await, "/review");

        // A viewer looks: there is nothing on any page of the menu that does something.
        let menu = browser
            .ask("[...document.querySelectorAll('nav a')].map(link => link.pathname)")
            .await;
        let menu: Vec<String> = serde_json::from_value(menu).unwrap();
        assert!(menu.contains(&"/".to_owned()) && !menu.contains(&"/operators".to_owned()));
        for path in &menu {
            browser.open(path).await;
            assert_eq!(browser.count("main form[method=post]").await, 0, "{path}");
        }
        browser.open("/operators").await;
        browser.until_says("main", "needs the role administrator").await;

        browser.open("/").await;
        browser.click("header form button").await;
        browser.until("location.pathname === '/sign-in'").await;
        browser.open("/").await;
        assert_eq!(browser.path().await, "/sign-in", "the session is over");

        site.signed_in(browser, "ada", Role::Administrator).await;
        browser.open("/operators").await;
        assert_ne!(browser.count("main form[method=post]").await, 0);
    })
    .await;
}
