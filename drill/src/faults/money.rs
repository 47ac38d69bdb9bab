//! What goes wrong with money and with what is known of it.

use e2e::scene::{body, key};
use futures::FutureExt;
use serde_json::json;

use super::{Alert, Fault};

const DATED_BACK: &str = "dated back by 11 min";

/// Answers from which nobody learns what was done.
pub const NONSENSE: Fault = Fault {
    what: "Stripe answers all calls of a merchant's with nonsense, and sends it no callbacks",
    raises: &[
        Alert::of("PaymentsInReview", &[]).hurried(DATED_BACK),
        Alert::of("RefundsInReview", &[]).hurried(DATED_BACK),
        Alert::of("PayoutsInReview", &[]).hurried(DATED_BACK),
        Alert::of("AccountsInReview", &[]).hurried(DATED_BACK),
    ],
    inject: |play| {
        async {
            let (scene, plans) = (&play.puzzled, &play.plans);
            scene.set_fault("*", json!({ "fault": "malformed" })).await?;
            scene.set_callbacks(json!({ "paused": true })).await?;
            let api = &scene.merchant.api;
            api.create(&key(), &body()).await?;
            api.create_refund(&plans.paid, &key(), &json!({ "amount": 500 }), None).await?;
            let paying = plans.seller.paying(&plans.withdrawal);
            api.of_wallets(&paying, &key(), &json!({}), None).await?;
            let opening = format!("wallets/{}/account", plans.wallet);
            api.of_wallets(&opening, &key(), &json!({ "country": "US" }), None).await?;
            play.stage
                .until(
                    "select exists (select from payments where status = 'needs_review')
                        and exists (select from refunds where status = 'needs_review')
                        and exists (select from connected_accounts where status = 'needs_review')
                        and exists (select from wallet_withdrawals where in_review_since is not null)",
                )
                .await?;
            play.stage
                .sql(
                    "update payments set updated_at = updated_at - interval '11 min' where status = 'needs_review';
                     update refunds set updated_at = updated_at - interval '11 min' where status = 'needs_review';
                     update connected_accounts set updated_at = updated_at - interval '11 min'
                       where status = 'needs_review';
                     update wallet_withdrawals set in_review_since = in_review_since - interval '11 min'
                       where in_review_since is not null",
                )
                .await
        }
        .boxed_local()
    },
    mend: |play| {
        async {
            play.stage.world.sandbox.clear_faults().await?;
            play.stage.world.sandbox.clear_callbacks().await
        }
        .boxed_local()
    },
};

/// Somebody who may do everything changes a posting.
pub const UNBALANCED: Fault = Fault {
    what: "a superuser changes a posting of the ledger",
    raises: &[Alert::of("LedgerUnbalanced", &[]).hurried("checked each 2 s instead of each hour")],
    inject: |play| async { play.stage.sql(&posting_changed_by("+ 1")).await }.boxed_local(),
    mend: |play| async { play.stage.sql(&posting_changed_by("- 1")).await }.boxed_local(),
};

/// Checks that never come to an end. What is wrong with the ledger has to be found before.
pub const UNCHECKED: Fault = Fault {
    what: "PostgreSQL refuses to write down that a check of the ledger is done",
    raises: &[Alert::of("LedgerUnchecked", &[]).hurried("checked each 2 s instead of each hour")],
    inject: |play| {
        async {
            play.stage
                .until("select exists (select from ledger_checks where disagreements > 0)")
                .await?;
            play.stage.sql(&refusing("ledger_checks")).await
        }
        .boxed_local()
    },
    mend: |play| {
        play.stage
            .sql("drop function drill_refuses_ledger_checks cascade")
            .boxed_local()
    },
};

/// A statement that is not ours.
pub const DIFFERS: Fault = Fault {
    what: "Stripe's statement of yesterday has another amount for a payment",
    raises: &[Alert::of("ReconciliationDiffers", &[("channel", "stripe")])],
    inject: |play| {
        async {
            let merchant = &play.differing.merchant;
            let (_, intent) = play.differing.paid(&body(), "pm_card_visa").await?;
            let another = json!({ "class": "amount", "intent": intent, "amount": 1234 });
            play.stage
                .world
                .sandbox
                .differ(&merchant.account, another)
                .await?;
            let yesterday = i64::try_from(super::now_s())? - 24 * 3600;
            play.stage
                .world
                .sandbox
                .date_back(&merchant.account, yesterday)
                .await?;
            play.stage.sql(&begun("- interval '1 day'", &merchant.id)).await
        }
        .boxed_local()
    },
    mend: |play| {
        play.stage
            .sql("update reconciliation_differences set resolved_at = now(), resolved_by = 'drill', resolution = 'drill'")
            .boxed_local()
    },
};

/// Days that cannot be compared.
pub const NO_STATEMENT: Fault = Fault {
    what: "Stripe gives a merchant no statement for days",
    raises: &[
        Alert::of("ReconciliationLags", &[("channel", "stripe")]).hurried("merchant dated back by 3 days")
    ],
    inject: |play| {
        async {
            let refused = json!({ "fault": "error", "status": 500 });
            play.unread
                .set_fault("GET /v1/balance_transactions", refused)
                .await?;
            play.stage
                .sql(&begun("- interval '3 days'", &play.unread.merchant.id))
                .await
        }
        .boxed_local()
    },
    mend: |play| {
        async {
            play.stage.world.sandbox.clear_faults().await?;
            play.stage
                .sql(&begun("+ interval '3 days'", &play.unread.merchant.id))
                .await
        }
        .boxed_local()
    },
};

/// Statistics that stand still.
pub const UNCOUNTED: Fault = Fault {
    what: "PostgreSQL refuses to write down what was counted",
    raises: &[Alert::of("StatisticsLag", &[("what", "orders")]).hurried("dated back by 2 h")],
    inject: |play| {
        let stop = "update statistics_progress set done_until = done_until - interval '2 h';";
        async move {
            play.stage
                .sql(&format!("{stop} {}", refusing("statistics_progress")))
                .await
        }
        .boxed_local()
    },
    mend: |play| {
        play.stage
            .sql("drop function drill_refuses_statistics_progress cascade")
            .boxed_local()
    },
};

/// Past the triggers that protect it. The oldest stays the oldest until this is undone.
fn posting_changed_by(change: &str) -> String {
    format!(
        "begin; set local session_replication_role = replica;
         update ledger_postings set amount_minor = amount_minor {change}
         where ordinal = 0 and transfer_id = (select id from ledger_transfers order by at, id limit 1);
         commit"
    )
}

/// From now on, rows of this table cannot be changed.
fn refusing(table: &str) -> String {
    format!(
        "create function drill_refuses_{table}() returns trigger language plpgsql as
           $$ begin raise exception 'the drill refuses this'; end $$;
         create trigger drill_refuses before update on {table} execute function drill_refuses_{table}()"
    )
}

/// Moves the moment at which a merchant came to us: since then its days are compared.
fn begun(by: &str, merchant: &str) -> String {
    format!(
        "update merchants set created_at = created_at {by} where id = '{}'",
        merchant.trim_start_matches("mer_")
    )
}
