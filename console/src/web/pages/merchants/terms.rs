//! What holds for a merchant's payments.

use axum::{extract::State, response::Response};
use domain::{merchant::LatePayments, operator::Role, payment::PaymentRequest};
use maud::{Markup, html};
use store::{Merchant, NewTerms};

use super::{Made, attempt, path_of};
use crate::web::{
    app::Shared,
    form::{self, Asked},
    ids::Ids,
    inputs::Inputs,
    layout,
    messages::Text,
    problem::Problem,
    refusal::Refusal,
    view::View,
};

/// The names of the fields that say what was set when the form was made.
const EXPIRY_BEFORE_FIELD: &str = "payment_expiry_s_before";
const LATE_BEFORE_FIELD: &str = "late_payments_before";

/// Sets them.
pub(in crate::web) async fn set(
    State(app): State<Shared>,
    Ids([id]): Ids<1>,
    view: View,
    asked: Asked,
) -> Result<Response, Refusal> {
    let attempted = async |merchant: &Merchant, asked: &Asked| try_set(&app, merchant, asked).await;
    attempt(&app, &id, view, asked, attempted).await
}

async fn try_set(app: &Shared, merchant: &Merchant, asked: &Asked) -> Result<Made, Problem> {
    let doing = asked.doing(app.now())?;
    let expiry = asked.fields.get("payment_expiry_s").trim().parse().ok();
    let expiry = expiry.filter(|seconds| (1..=PaymentRequest::MAX_EXPIRY_S).contains(seconds));
    let late = asked.fields.get("late_payments").parse();
    let expiry: u32 = expiry.ok_or(Problem::Field("payment_expiry_s"))?;
    let late: LatePayments = late.map_err(|_| Problem::Field("late_payments"))?;
    // Only what was changed in the form, so that it undoes nothing that others have set meanwhile.
    let new = NewTerms {
        payment_expiry_s: Some(expiry)
            .filter(|wanted| asked.fields.get(EXPIRY_BEFORE_FIELD) != wanted.to_string()),
        late_payments: Some(late).filter(|wanted| asked.fields.get(LATE_BEFORE_FIELD) != wanted.name()),
    };
    let set = app.store.set_terms(merchant.id, new, doing).await?;
    set.map(|_| Made::new()).ok_or_else(|| Refusal::NotFound.into())
}

pub(super) fn section(view: &View, merchant: &Merchant) -> Markup {
    let terms = merchant.terms;
    let rows = [
        (Text::PaymentExpiry, html! { (terms.payment_expiry_s) }),
        (
            Text::LatePayments,
            html! { (view.say(policy(terms.late_payments))) },
        ),
    ];
    let path = format!("{}/terms", path_of(merchant.id));
    let inputs = Inputs::of(view, &path);
    let expiry = terms.payment_expiry_s.to_string();
    let late = terms.late_payments.name();
    let policies = LatePayments::ALL.map(|one| (one.name(), view.say(policy(one))));
    html! {
        section id="terms" {
            h2 { (view.say(Text::Terms)) }
            (layout::facts(view, &rows))
            @if view.may(Role::Administrator) {
                (form::action(view, &path, Text::SetTerms, &html! {
                    input type="hidden" name=(EXPIRY_BEFORE_FIELD) value=(inputs.value(EXPIRY_BEFORE_FIELD, &expiry));
                    input type="hidden" name=(LATE_BEFORE_FIELD) value=(inputs.value(LATE_BEFORE_FIELD, late));
                    (inputs.number("payment_expiry_s", Text::PaymentExpiry, &expiry, 1))
                    (inputs.choice("late_payments", Text::LatePayments, &policies, late))
                }))
            }
        }
    }
}

const fn policy(policy: LatePayments) -> Text {
    match policy {
        LatePayments::Accept => Text::LateAccept,
        LatePayments::Refund => Text::LateRefund,
    }
}
