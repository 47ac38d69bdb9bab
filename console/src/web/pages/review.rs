//! What waits for people: payments, refunds, payouts and accounts whose provider does not say what became of them.

use axum::{extract::State, response::Html};
use maud::{Markup, html};
use store::InReview;

use crate::web::{
    app::Shared,
    figures, layout,
    messages::Text,
    refusal::Refusal,
    table::{Row, numbers, table, words},
    view::View,
};

/// How many of each are shown.
const SHOWN: i64 = 200;

/// All of them.
pub(in crate::web) async fn page(State(app): State<Shared>, view: View) -> Result<Html<String>, Refusal> {
    let payments = app.store.list_payments_in_review(SHOWN).await?;
    let refunds = app.store.list_refunds_in_review(SHOWN).await?;
    let payouts = app.store.list_payouts_in_review(SHOWN).await?;
    let accounts = app.store.list_accounts_in_review(SHOWN).await?;
    let counts = app.store.review_counts().await?;
    let content = html! {
        p.note { (view.say(Text::ReviewNote)) }
        section id="payments" {
            h2 { (view.say(Text::PaymentsInReview)) " (" (counts.payments) ")" }
            (list(&view, Text::Payment, &payments))
        }
        section id="refunds" {
            h2 { (view.say(Text::RefundsInReview)) " (" (counts.refunds) ")" }
            (list(&view, Text::Refund, &refunds))
        }
        section id="payouts" {
            h2 { (view.say(Text::PayoutsInReview)) " (" (counts.payouts) ")" }
            p.note { (view.say(Text::PayoutsReviewNote)) }
            (list(&view, Text::Payout, &payouts))
        }
        section id="accounts" {
            h2 { (view.say(Text::AccountsInReview)) " (" (counts.accounts) ")" }
            p.note { (view.say(Text::AccountsReviewNote)) }
            (list(&view, Text::Account, &accounts))
        }
        section id="differences" {
            h2 { (view.say(Text::OpenDifferences)) " (" (counts.differences) ")" }
            p.note { (view.say(Text::DifferencesNote)) }
        }
        section id="dead-letters" {
            h2 { (view.say(Text::DeadLetters)) }
            p { a href="/dead-letters/groups" { (view.say(Text::LettersByTrouble)) } }
        }
    };
    Ok(layout::page(&view, Text::Review, &content))
}

fn list(view: &View, named: Text, found: &[InReview]) -> Markup {
    let rows: Vec<Row<5>> = found
        .iter()
        .map(|one| {
            Row::from([
                subject(one),
                html! { a href={ "/merchants/" (one.merchant_id) } { code { (one.merchant_id) } } },
                html! { (one.channel) },
                html! { @if let Some((minor, currency)) = &one.amount { (minor) " " (currency) } @else { "–" } },
                html! { (figures::moment(one.since)) },
            ])
        })
        .collect();
    let columns = [
        words(named),
        words(Text::Merchant),
        words(Text::Channel),
        numbers(Text::Amount),
        words(Text::Since),
    ];
    html! {
        @if rows.is_empty() { p.note { (view.say(Text::NoneInReview)) } }
        @else { (table(view, named, columns, &rows)) }
    }
}

/// Its id, with the timeline that tells of it.
fn subject(one: &InReview) -> Markup {
    html! {
        @match &one.told_by {
            Some(told_by) => { a href={ "/timeline/" (told_by) } { code { (one.id) } } }
            None => { code { (one.id) } }
        }
    }
}
