//! Every way to pay by WeChat Pay, from opening to paid, as payers go it; and answers whose signatures the double spoils.

use std::collections::BTreeMap;

use channels::Called;
use domain::channel::{CallError, Flow, Intent, IntentStatus, NewIntent, PayerStep};
use serde_json::json;

use crate::{
    conformance::bench::Bench,
    conformance::wechat::WechatBench,
    wechat_setting::{MCHID, known, new_intent, new_refund},
};

async fn opened(bench: &WechatBench, flow: Flow) -> (NewIntent, PayerStep) {
    let new = new_intent(flow, &bench.listener().url);
    let created: Called<Intent> = bench.channels().create_intent(bench.credentials(), &new).await;
    let step = created.0.unwrap().next_action.unwrap().step;
    (new, step)
}

async fn is_paid(bench: &WechatBench, new: &NewIntent) -> bool {
    let shown = bench
        .channels()
        .retrieve_intent(bench.credentials(), &known(new))
        .await;
    shown.0.unwrap().status == IntentStatus::Succeeded
}

async fn hand_over(bench: &WechatBench, path: &str, parameters: &BTreeMap<String, String>) {
    bench.stand().order(path, &json!(parameters)).await;
}

#[tokio::test]
async fn a_page_inside_of_wechat_pays_with_its_parameters() {
    let bench = WechatBench::start().await;
    let (new, step) = opened(&bench, Flow::InApp).await;
    let PayerStep::InApp { parameters } = step else {
        panic!("{step:?}");
    };
    hand_over(&bench, "wechat/jsapi-pay", &parameters).await;
    assert!(is_paid(&bench, &new).await);
}

#[tokio::test]
async fn an_app_pays_with_its_parameters() {
    let bench = WechatBench::start().await;
    let (new, step) = opened(&bench, Flow::App).await;
    let PayerStep::App { parameters } = step else {
        panic!("{step:?}");
    };
    hand_over(&bench, "wechat/app-pay", &parameters).await;
    assert!(is_paid(&bench, &new).await);
}

#[tokio::test]
async fn a_code_is_scanned() {
    let bench = WechatBench::start().await;
    let (new, step) = opened(&bench, Flow::QrCode).await;
    let PayerStep::QrCode { content, svg: None } = step else {
        panic!("{step:?}");
    };
    let scan = json!({ "code_url": content, "outcome": "paid" });
    bench.stand().order("wechat/scan", &scan).await;
    assert!(is_paid(&bench, &new).await);
}

#[tokio::test]
async fn a_page_for_phones_pays_and_sends_the_payer_back() {
    let bench = WechatBench::start().await;
    let (new, step) = opened(&bench, Flow::MobileWeb).await;
    let PayerStep::Redirect { url } = step else {
        panic!("{step:?}");
    };
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let paid = http.build().unwrap().post(url).send().await.unwrap();
    assert_eq!(paid.headers()["location"], new.return_url.as_deref().unwrap());
    assert!(is_paid(&bench, &new).await);
}

#[tokio::test]
async fn a_spoilt_signature_leaves_what_was_done_unknown() {
    let bench = WechatBench::start().await;
    let (new, _) = opened(&bench, Flow::QrCode).await;
    for signature in ["probe", "forged", "stale", "unknown_serial", "unsigned"] {
        let seal = json!({ "signature": signature, "times": 1 });
        bench
            .stand()
            .order(&format!("wechat/merchants/{MCHID}/answers"), &seal)
            .await;
        let shown = bench
            .channels()
            .retrieve_intent(bench.credentials(), &known(&new))
            .await
            .0;
        assert!(
            matches!(shown, Err(CallError::Unknown { .. })),
            "{signature}: {shown:?}"
        );
    }
    let shown = bench
        .channels()
        .retrieve_intent(bench.credentials(), &known(&new))
        .await
        .0;
    assert_eq!(shown.unwrap().status, IntentStatus::RequiresAction);
}

/// The minute between two refunds comes as a limit, and the same refund is made after it.
#[tokio::test]
async fn a_refund_within_the_minute_is_limited_and_made_later() {
    let bench = WechatBench::start().await;
    let (new, _) = opened(&bench, Flow::QrCode).await;
    let pay = format!("wechat/trades/{}/pay", known(&new).id);
    bench.stand().order(&pay, &json!({ "outcome": "paid" })).await;
    let (first, second) = (new_refund(&new, 100), new_refund(&new, 200));
    let make = async |refund| {
        bench
            .channels()
            .create_refund(bench.credentials(), refund)
            .await
            .0
    };
    make(&first).await.unwrap();
    let limited = make(&second).await;
    assert!(matches!(limited, Err(CallError::Limited { .. })), "{limited:?}");
    bench.refunds_rest().await;
    assert_eq!(make(&second).await.unwrap().refund_id, Some(second.refund_id));
}
