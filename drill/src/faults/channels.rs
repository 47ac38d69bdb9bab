//! What goes wrong between Sluice and its providers.

use std::time::Duration;

use e2e::{client::post_callback, scene::key};
use futures::FutureExt;
use serde_json::json;

use super::{Alert, Fault, Play, cast::through};

/// A provider that takes requests and never answers.
pub const HANGS: Fault = Fault {
    what: "Alipay takes every request and never answers",
    raises: &[
        Alert::of("ChannelCallsFail", &[("channel", "alipay")]),
        Alert::of(
            "ChannelCircuitOpen",
            &[("channel", "alipay"), ("calls", "changes")],
        ),
    ],
    inject: |play| {
        async {
            let dial = json!({ "route": "* /alipay/*", "fault": "hang_before" });
            play.stage.world.sandbox.set_fault(dial).await?;
            ask(play, "alipay").await;
            Ok(())
        }
        .boxed_local()
    },
    mend: |play| async { play.stage.world.sandbox.clear_faults().await }.boxed_local(),
};

/// Somebody who does not know the secret.
pub const FORGED: Fault = Fault {
    what: "somebody posts callbacks of Stripe's with a signature that does not hold",
    raises: &[Alert::of("CallbacksRefused", &[("channel", "stripe")])],
    inject: |play| {
        async {
            let (http, url) = (
                play.stage.world.http.clone(),
                play.usual.merchant.callback_url.clone(),
            );
            play.keep(Duration::from_millis(250), move || {
                let (http, url) = (http.clone(), url.clone());
                async move {
                    let _refused =
                        post_callback(&http, &url, &json!({ "id": "evt_1" }), Some("t=1,v1=00")).await;
                }
            })
            .await;
            Ok(())
        }
        .boxed_local()
    },
    mend: |_| async { Ok(()) }.boxed_local(),
};

/// A provider's key that nobody has told us.
pub const NEW_KEY: Fault = Fault {
    what: "callbacks of WeChat Pay's are signed with a key that nobody knows",
    raises: &[Alert::of("SigningKeyUnknown", &[("channel", "wechat")])],
    inject: |play| {
        async {
            let url = play.usual.merchant.callback_url.replace("/stripe/", "/wechat/");
            let http = play.stage.world.http.clone();
            play.keep(Duration::from_millis(500), move || {
                let callback = http
                    .post(&url)
                    .header("wechatpay-timestamp", super::now_s().to_string())
                    .header("wechatpay-nonce", "n")
                    .header("wechatpay-signature", "AAAA")
                    .header("wechatpay-serial", "PUB_KEY_ID_OF_NEXT_YEAR")
                    .json(&json!({ "id": "1" }));
                async move {
                    let _refused = callback.send().await;
                }
            })
            .await;
            Ok(())
        }
        .boxed_local()
    },
    mend: |_| async { Ok(()) }.boxed_local(),
};

/// Payments go through, and nothing is heard of them.
pub const SILENT: Fault = Fault {
    what: "PayPal opens payments and sends no callback",
    raises: &[Alert::of("CallbacksStopped", &[("channel", "paypal")])],
    inject: |play| {
        async {
            ask(play, "paypal").await;
            Ok(())
        }
        .boxed_local()
    },
    mend: |_| async { Ok(()) }.boxed_local(),
};

/// Somebody at the merchant's takes back at Stripe what Sluice has paid out.
pub const REVERSED: Fault = Fault {
    what: "a payout is taken back in Stripe's dashboard",
    raises: &[Alert::of(
        "PeopleCalled",
        &[("channel", "stripe"), ("about", "payout")],
    )],
    inject: |play| {
        async {
            let transfer = play.shop.paid_out(&play.usual).await?;
            let url = format!("{}/v1/transfers/{transfer}/reversals", play.stage.provider());
            let reversal = play
                .stage
                .world
                .http
                .post(url)
                .bearer_auth(&play.usual.merchant.account);
            reversal.send().await?.error_for_status()?;
            Ok(())
        }
        .boxed_local()
    },
    mend: |_| async { Ok(()) }.boxed_local(),
};

/// Credentials that nobody has replaced.
pub const CREDENTIALS_END: Fault = Fault {
    what: "a merchant's credentials for PayPal end in two days",
    raises: &[
        Alert::of("CredentialsExpire", &[("channel", "paypal")]),
        Alert::of("CredentialsRunOut", &[("channel", "paypal")]),
    ],
    inject: |play| {
        play.stage
            .sql("update channel_configs set expires_at = now() + interval '2 days' where channel = 'paypal'")
            .boxed_local()
    },
    mend: |play| {
        play.stage
            .sql("update channel_configs set expires_at = null where channel = 'paypal'")
            .boxed_local()
    },
};

/// Goes on asking for payments through a channel.
async fn ask(play: &Play<'_>, channel: &'static str) {
    let api = play.usual.merchant.api.clone();
    play.keep(Duration::from_millis(300), move || {
        let api = api.clone();
        async move {
            let _accepted = api.create(&key(), &through(channel)).await;
        }
    })
    .await;
}
