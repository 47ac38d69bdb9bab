//! English and Chinese: the browser's language first, then whichever was chosen.

use domain::operator::Role;
use serde_json::json;

use crate::site::play;

#[tokio::test(flavor = "multi_thread")]
async fn the_console_speaks_the_browsers_language_until_another_is_chosen() {
    play("languages", async |site, browser| {
        site.signed_in(browser, "ada", Role::Administrator).await;
        let lang = async || browser.ask("document.documentElement.lang").await;
        assert_eq!(
            (lang().await, browser.text("h1").await),
            (json!("en"), "Overview".into())
        );

        browser.click(".languages a[lang=zh]").await;
        browser.until_says("h1", "总览").await;
        assert_eq!(lang().await, "zh");
        browser.click("nav a[href='/audit']").await;
        browser.until_says("h1", "操作日志").await;
        assert_eq!(lang().await, "zh", "it stays as it was chosen");
        browser.shot("audit-in-chinese").await;
        // Live sections come in the language of the page.
        browser.open("/").await;
        browser
            .until("document.querySelector('.live')?.hidden === false")
            .await;
        browser.until_says("#queues h2", "队列").await;

        browser.click(".languages a[lang=en]").await;
        browser.until_says("h1", "Overview").await;
        assert_eq!(lang().await, "en");
    })
    .await;
}
