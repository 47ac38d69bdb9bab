//! Timelines as people read them in a browser.

use domain::operator::Role;
use reqwest::header;

use super::{
    overview::{execute, words},
    site::site,
};
use crate::timeline::{PERSONAL, PLANTED};

const ORDER: &str = "ord_00000000000000000000000000000001";
const PAYMENT: &str = "pay_00000000000000000000000000000002";

#[tokio::test]
async fn a_timeline_tells_what_happened_in_order_and_nothing_of_people() {
    let site = site().await;
    site.desk.merchant(&[]);
    execute(&site, PERSONAL).await;
    let vera = site.signed_in("vera", Role::Viewer).await;
    for language in ["en", "zh"] {
        let asked = vera
            .get(&format!("/timeline/{ORDER}"))
            .header(header::ACCEPT_LANGUAGE, language);
        let page = asked.send().await.unwrap().text().await.unwrap();
        assert!(page.contains(&format!("<html lang=\"{language}\">")));
        for planted in PLANTED {
            assert!(!page.contains(planted), "{planted}: {page}");
        }
        for source in [
            "request",
            "payment",
            "order",
            "exchange",
            "job",
            "notification",
            "refund",
            "dispute",
            "audit",
        ] {
            assert!(
                page.contains(&format!("data-source=\"{source}\"")),
                "{source}: {page}"
            );
        }
        let times: Vec<&str> = page
            .split("datetime=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert!(times.len() > 10 && times.is_sorted(), "{times:?}");
        for link in [
            format!("/timeline/{PAYMENT}"),
            format!("/dead-letters?order={ORDER}"),
        ] {
            assert!(page.contains(&format!("href=\"{link}\"")), "{link}");
        }
        assert!(page.contains("[address]"), "{page}");
        assert_eq!(page.contains("渠道往来"), language == "zh", "{page}");
        for (english, chinese) in [
            ("was taken up", "受理"),
            ("since its last change", "自最近一次变更起"),
            ("was written, to be told to the merchant", "待告知商户"),
        ] {
            assert_eq!(page.contains(english), language == "en", "{english}: {page}");
            assert_eq!(page.contains(chinese), language == "zh", "{chinese}: {page}");
        }
    }
    let page = vera.page(&format!("/timeline/{PAYMENT}")).await;
    assert!(
        words(&page).contains("create_intent was given up and parked refused: "),
        "{}",
        words(&page)
    );
    assert!(words(&page).contains("HTTP 500") && words(&page).contains("12 ms"));
    assert!(page.contains(&format!("/dead-letters?payment={PAYMENT}")));
    site.close().await;
}

#[tokio::test]
async fn a_timeline_is_found_by_its_id_and_what_has_none_is_explained() {
    let site = site().await;
    let vera = site.signed_in("vera", Role::Viewer).await;
    let found = vera
        .get(&format!("/timeline?id=+{PAYMENT}"))
        .send()
        .await
        .unwrap();
    assert_eq!(found.headers()[header::LOCATION], format!("/timeline/{PAYMENT}"));
    assert!(vera.page("/timeline").await.contains("name=\"id\""));
    assert!(vera.page("/timeline?id=").await.contains("name=\"id\""));
    let long = format!("/timeline?id={}", "a".repeat(20_000));
    for (path, status, told) in [
        ("/timeline?id=%3Cscript%3E", 400, "32 hexadecimal digits"),
        ("/timeline?id=pi_3Nabc", 400, "among the dead letters"),
        ("/timeline/coffee", 400, "32 hexadecimal digits"),
        (&long, 400, "32 hexadecimal digits"),
        (
            &format!("/timeline/{PAYMENT}"),
            404,
            "Nothing is stored under this id",
        ),
        (
            &format!("/timeline/{PAYMENT}?all=%00"),
            404,
            "Nothing is stored under this id",
        ),
    ] {
        let answer = vera.get(path).send().await.unwrap();
        let (got, page) = (answer.status().as_u16(), answer.text().await.unwrap());
        let path = &path[..path.len().min(60)];
        assert!(got == status && page.contains(told), "{path}: {got} {page}");
        assert!(!page.contains("<script>"), "{path}");
    }
    site.close().await;
}

#[tokio::test]
async fn of_a_long_story_the_newest_is_shown_with_a_way_to_the_rest() {
    let site = site().await;
    site.desk.merchant(&[]);
    execute(&site, PERSONAL).await;
    execute(
        &site,
        "insert into payment_records (payment_id, job_id, attempt, operation, outcome, duration_ms, at, channel)
         select '00000000-0000-0000-0000-000000000002', 'job_9', 1, 'retrieve_intent', 'ok', 1,
                now() + make_interval(secs => number), 'alipay' from generate_series(1, 6000) as number",
    )
    .await;
    let vera = site.signed_in("vera", Role::Viewer).await;
    let count = |page: &str| page.matches("data-source=").count();
    let page = vera.page(&format!("/timeline/{PAYMENT}")).await;
    assert_eq!(count(&page), 500);
    assert!(
        words(&page).contains("older entries are not shown. Show more"),
        "{}",
        &words(&page)[..600]
    );
    let more = vera.page(&format!("/timeline/{PAYMENT}?all=yes")).await;
    assert_eq!(count(&more), 5_000);
    assert!(!more.contains("?all=yes\">"));
    site.close().await;
}
