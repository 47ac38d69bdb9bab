//! Without a mouse.

use domain::operator::Role;

use crate::{
    browser::{
        Browser,
        keys::{ENTER, TAB},
    },
    site::play,
};

/// Presses Tab until what has the focus is found by a selector; each step must be seen. Past the end of the page the focus is
/// nowhere once.
async fn tab_to(browser: &Browser, css: &str) {
    browser.until("document.readyState === 'complete'").await;
    for _ in 0..40 {
        browser.press(TAB).await;
        if browser.ask("document.activeElement === document.body").await == true {
            continue;
        }
        let focus = "getComputedStyle(document.activeElement)";
        let seen = format!("{focus}.outlineStyle !== 'none' && parseFloat({focus}.outlineWidth) >= 2");
        let what = browser.ask("document.activeElement.outerHTML").await;
        assert_eq!(browser.ask(&seen).await, true, "the focus is not seen on {what}");
        if browser
            .ask(&format!("document.activeElement.matches({css:?})"))
            .await
            == true
        {
            return;
        }
    }
    panic!("{css} cannot be reached by Tab");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_reached_with_the_keyboard() {
    play("keyboard", async |site, browser| {
        let password = site.operator("ada", Role::Administrator).await;
        browser.open("/sign-in").await;
        browser.until("document.activeElement.name === 'name'").await;
        browser.press("ada").await;
        tab_to(browser, "input[name=password]").await;
        browser.press(&password).await;
        browser.press(ENTER).await;
        browser.until_says(".who", "ada").await;

        // The first thing on a page leads past the menu.
        tab_to(browser, "a.skip").await;
        browser.shot("skip-link").await;
        browser.press(ENTER).await;
        browser.until("document.activeElement.id === 'content'").await;
        tab_to(browser, "main a").await;

        browser.open("/").await;
        tab_to(browser, "nav a[href='/operators']").await;
        browser.press(ENTER).await;
        browser.until("location.pathname === '/operators'").await;
        tab_to(browser, "header form button").await;
        browser.press(ENTER).await;
        browser.until("location.pathname === '/sign-in'").await;
    })
    .await;
}
