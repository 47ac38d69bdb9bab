//! What goes wrong at merchants.

use e2e::scene::{body_with, key};
use futures::{FutureExt, StreamExt, stream};
use serde_json::json;

use super::{Alert, Fault};

/// Enough to have much to tell.
const PAYMENTS: usize = 80;
/// How many are asked for at once.
const AT_ONCE: usize = 16;

/// An endpoint that refuses.
pub const DEAF: Fault = Fault {
    what: "the endpoint of a busy merchant answers 500",
    raises: &[
        Alert::of("NotificationsFail", &[]),
        Alert::of("RetryStorm", &[("kind", "notify_merchant")]),
    ],
    inject: |play| {
        async {
            let merchant = &play.deaf.merchant;
            let refusing = json!({ "mode": "fail", "status": 500 });
            play.stage
                .world
                .sandbox
                .set_behaviour(&merchant.name, refusing)
                .await?;
            let paying = stream::iter(0..PAYMENTS).map(|_| async {
                merchant
                    .api
                    .create(&key(), &body_with("pm_card_visa"))
                    .await
                    .map(drop)
            });
            let asked: Vec<anyhow::Result<()>> = paying.buffer_unordered(AT_ONCE).collect().await;
            asked.into_iter().collect()
        }
        .boxed_local()
    },
    mend: |play| {
        let merchant = &play.deaf.merchant.name;
        async {
            play.stage
                .world
                .sandbox
                .set_behaviour(merchant, json!({ "mode": "ok" }))
                .await
        }
        .boxed_local()
    },
};
