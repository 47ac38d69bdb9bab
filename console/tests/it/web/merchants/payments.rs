//! Routes, fees and terms: what holds for a merchant's payments.

use domain::operator::Role;

use super::{STRIPE, WHY, present_in, sent};
use crate::web::site::{hidden_in, site};

#[tokio::test]
async fn routes_fees_and_terms_are_set_with_a_reason() {
    let site = site().await;
    let admin = site.signed_in("anna", Role::Administrator).await;
    let (merchant, _) = site.desk.merchant(&[]);
    let (other, _) = site.desk.merchant(&[]);
    let page = format!("/merchants/{merchant}");
    let id = hidden_in(&admin.page(&page).await, "route_id");
    let base = [
        ("route_id", id.as_str()),
        ("channel", "stripe"),
        ("method", "card"),
        ("flow", ""),
        ("currency", "USD"),
        ("min_amount_minor", "100"),
        ("max_amount_minor", ""),
        ("country", "de"),
        ("priority", "2"),
        ("weight", "3"),
        ("enabled", "yes"),
        WHY,
    ];
    let but = |name: &'static str, value: &'static str| {
        let mut fields = base.to_vec();
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        fields
    };
    let add = format!("{page}/routes");
    for (name, value, told) in [
        ("channel", "wallet", "out of its range: Channel"),
        ("method", "cash", "out of its range: Method"),
        ("currency", "", "The route cannot be used"),
        (
            "min_amount_minor",
            "a lot",
            "out of its range: Least amount (minor unit)",
        ),
        ("country", "<b>", "The route cannot be used"),
        ("priority", "0", "The route cannot be used"),
        ("channel", "wechat", "The route would send nothing there"),
        ("reason", "", "Say why"),
    ] {
        let answer = sent(&admin, &add, &but(name, value)).await;
        assert_eq!(answer.status, 400, "{name} {value}: {}", answer.page);
        assert!(answer.page.contains(told), "{name} {value}: {}", answer.page);
        assert!(!answer.page.contains("<b>"), "{}", answer.page);
        assert!(
            answer.page.contains("name=\"weight\" value=\"3\""),
            "{}",
            answer.page
        );
    }
    for (name, value, told) in [
        ("priority", "0", "priority：应为 1 至 1000"),
        ("channel", "wechat", "：wechat 不支持 USD"),
    ] {
        let asked = admin
            .post(&add, &but(name, value))
            .header("accept-language", "zh");
        let page = asked.send().await.unwrap().text().await.unwrap();
        assert!(
            page.contains(told) && page.contains("路由"),
            "{name} {value}: {page}"
        );
    }
    assert_eq!(sent(&admin, &add, &base).await.status, 303);
    let twice = sent(&admin, &add, &base).await;
    assert_eq!(twice.status, 409);
    assert!(twice.page.contains("has added the route"), "{}", twice.page);
    let routes = site.desk.store.routes(merchant).await.unwrap();
    let [route] = routes.as_slice() else {
        panic!("{routes:?}")
    };
    assert_eq!(
        (
            route.priority,
            route.weight,
            route.country.as_deref(),
            route.enabled
        ),
        (2, 3, Some("DE"), true)
    );
    let seen = admin.page(&page).await;
    assert!(seen.contains("card, USD, ≥ 100, DE"), "{seen}");

    let change = format!("{page}/routes/{id}/change");
    let elsewhere = format!("/merchants/{other}/routes/{id}/change");
    assert_eq!(sent(&admin, &elsewhere, &base).await.status, 404);
    let seen = present_in(&seen, &change);
    let bad = sent(
        &admin,
        &change,
        &[&but("weight", "1001")[..], &[("present", &seen)]].concat(),
    )
    .await;
    assert_eq!(bad.status, 400);
    assert_eq!(
        present_in(&bad.page, &change),
        seen,
        "it stands for what was seen"
    );
    assert!(
        bad.page.contains("<details open>") && bad.page.contains("name=\"weight\" value=\"1001\""),
        "{}",
        bad.page
    );
    let disabled = [&but("enabled", "")[..], &[("present", &seen)]].concat();
    assert_eq!(sent(&admin, &change, &disabled).await.status, 303);
    let stale = [&base[..], &[("present", &seen)]].concat();
    let stale = sent(&admin, &change, &stale).await;
    assert_eq!(stale.status, 409, "{}", stale.page);
    assert!(
        stale.page.contains("was changed since this form was made"),
        "{}",
        stale.page
    );
    assert_ne!(
        present_in(&stale.page, &change),
        seen,
        "whoever was told may go on"
    );
    assert!(!site.desk.store.routes(merchant).await.unwrap()[0].enabled);
    let remove = format!("{page}/routes/{id}/remove");
    assert_eq!(sent(&admin, &remove, &[WHY]).await.status, 303);
    assert_eq!(sent(&admin, &remove, &[WHY]).await.status, 409);
    assert_eq!(sent(&admin, &change, &base).await.status, 409, "it is gone");
    assert!(site.desk.store.routes(merchant).await.unwrap().is_empty());

    let (fees, terms) = (format!("{page}/fees"), format!("{page}/terms"));
    let fee = |bps: &'static str| {
        [
            ("channel", "stripe"),
            ("fee_bps", bps),
            ("fee_fixed_minor", "30"),
            WHY,
        ]
    };
    assert_eq!(
        sent(&admin, &fees, &fee("290")).await.status,
        409,
        "there are no credentials"
    );
    let credentials = [("channel", "stripe"), ("credentials", STRIPE), WHY];
    assert_eq!(
        sent(&admin, &format!("{page}/credentials"), &credentials)
            .await
            .status,
        303
    );
    assert_eq!(sent(&admin, &fees, &fee("10001")).await.status, 400);
    assert_eq!(sent(&admin, &fees, &fee("290")).await.status, 303);
    assert!(admin.page(&page).await.contains("290 bps + 30"));
    let term = |seconds: &'static str| [("payment_expiry_s", seconds), ("late_payments", "refund"), WHY];
    assert_eq!(sent(&admin, &terms, &term("0")).await.status, 400);
    assert_eq!(sent(&admin, &terms, &term("600")).await.status, 303);
    // A form that was open since before changes what was changed in it alone.
    let before = [
        ("payment_expiry_s_before", "900"),
        ("late_payments_before", "refund"),
    ];
    let open = [("payment_expiry_s", "900"), ("late_payments", "accept"), WHY];
    assert_eq!(
        sent(&admin, &terms, &[&before[..], &open[..]].concat())
            .await
            .status,
        303
    );
    let set = site.desk.store.terms(merchant).await.unwrap();
    assert_eq!((set.payment_expiry_s, set.late_payments.name()), (600, "accept"));

    let said: Vec<_> = site
        .audit()
        .await
        .into_iter()
        .filter(|(_, _, whom, _)| whom.starts_with("mer_"))
        .collect();
    let actions: Vec<_> = said.iter().map(|(_, action, ..)| action.as_str()).collect();
    let set = [
        "route.set",
        "route.set",
        "route.remove",
        "credentials.set",
        "fees.set",
        "terms.set",
        "terms.set",
    ];
    assert_eq!(actions[actions.len() - 7..], set);
    assert!(
        said[said.len() - 7..]
            .iter()
            .all(|(who, .., why)| who == "anna" && why.as_deref() == Some("as agreed"))
    );
    site.close().await;
}
