//! What the payer is told to do, by what an intent shows.

use serde_json::{Value, json};

use super::*;

fn step(types: &Value, next_action: &Value) -> Option<PayerStep> {
    let intent = json!({"id": "pi_1", "amount": 1999, "amount_received": 0, "currency": "usd", "status": "requires_action",
        "client_secret": "pi_1_secret_x", "payment_method_types": types, "next_action": next_action});
    // The library that answers are read with and the one for events must agree.
    let answer: WireIntent = miniserde::json::from_str(&intent.to_string()).unwrap();
    let event: WireIntent = serde_json::from_value(intent).unwrap();
    let (answer, event) = (answer.translate().unwrap(), event.translate().unwrap());
    assert_eq!(answer, event);
    answer.next_action.map(|action| action.step)
}

fn client_secret() -> Option<PayerStep> {
    Some(PayerStep::ClientSecret {
        client_secret: "pi_1_secret_x".into(),
    })
}

#[test]
fn a_wallet_alone_is_paid_by_its_page_or_code() {
    let url = "https://hooks.stripe.com/redirect/1";
    let page = Some(PayerStep::Redirect { url: url.into() });
    let handled = json!({"type": "alipay_handle_redirect", "alipay_handle_redirect": {
        "native_data": null, "native_url": null, "return_url": "https://merchant.example/back", "url": url}});
    assert_eq!(step(&json!(["alipay"]), &handled), page);
    let plain = json!({"type": "redirect_to_url", "redirect_to_url": {"return_url": null, "url": url}});
    assert_eq!(step(&json!(["alipay"]), &plain), page);

    let code = json!({"type": "wechat_pay_display_qr_code", "wechat_pay_display_qr_code": {
        "data": "weixin://wxpay/bizpayurl?pr=1", "hosted_instructions_url": url, "image_data_url": "data:image/png;base64,",
        "image_url_png": url, "image_url_svg": url}});
    let shown = Some(PayerStep::QrCode {
        content: "weixin://wxpay/bizpayurl?pr=1".into(),
        svg: None,
    });
    assert_eq!(step(&json!(["wechat_pay"]), &code), shown);
}

#[test]
fn before_there_is_a_page_or_a_code_a_wallet_has_nothing_to_show() {
    for wallet in ["alipay", "wechat_pay"] {
        for action in [
            Value::Null,
            json!({"type": "use_stripe_sdk", "use_stripe_sdk": {}}),
            json!({"alipay_handle_redirect": {"url": null}, "wechat_pay_display_qr_code": {}}),
        ] {
            assert_eq!(step(&json!([wallet]), &action), None, "{wallet} {action}");
        }
    }
}

#[test]
fn everything_else_is_paid_with_the_client_secret() {
    let page = json!({"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.stripe.com/3d"}});
    for types in [json!(["card"]), json!(["card", "alipay"]), json!([]), Value::Null] {
        for action in [&Value::Null, &page] {
            assert_eq!(step(&types, action), client_secret(), "{types} {action}");
        }
    }
}
