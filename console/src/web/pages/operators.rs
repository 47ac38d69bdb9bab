//! Operators: who may do what. Passwords are made by the command line, so that none goes through a page.

use axum::{
    extract::State,
    response::{Html, Redirect},
};
use domain::operator::{OperatorName, Role};
use maud::{Markup, html};
use store::{Operator, OperatorChange};

use crate::web::{
    app::Shared,
    figures, form,
    form::Deed,
    ids::Ids,
    layout,
    messages::Text,
    refusal::Refusal,
    table::{Row, table, words},
    view::View,
};

const PATH: &str = "/operators";

/// All of them, each with what can be changed.
pub(in crate::web) async fn page(State(app): State<Shared>, view: View) -> Result<Html<String>, Refusal> {
    let operators = app.store.operators().await?;
    let rows: Vec<Row<5>> = operators
        .iter()
        .map(|operator| row(&view, operator).into())
        .collect();
    let columns = [Text::Name, Text::Role, Text::State, Text::Added, Text::Change].map(words);
    let content = html! {
        p.note { (view.say(Text::OperatorsNote)) }
        (table(&view, Text::Operators, columns, &rows))
    };
    Ok(layout::page(&view, Text::Operators, &content))
}

/// Sets what one may do.
pub(in crate::web) async fn set_role(
    State(app): State<Shared>,
    Ids([name]): Ids<1>,
    deed: Deed,
) -> Result<Redirect, Refusal> {
    let role = deed.fields.get("role").parse().map_err(|_| Refusal::BadForm)?;
    change(&app, &name, &OperatorChange::Role(role), &deed).await
}

/// Lets one sign in no more.
pub(in crate::web) async fn disable(
    State(app): State<Shared>,
    Ids([name]): Ids<1>,
    deed: Deed,
) -> Result<Redirect, Refusal> {
    change(&app, &name, &OperatorChange::Disable, &deed).await
}

/// Lets one sign in again.
pub(in crate::web) async fn enable(
    State(app): State<Shared>,
    Ids([name]): Ids<1>,
    deed: Deed,
) -> Result<Redirect, Refusal> {
    change(&app, &name, &OperatorChange::Enable, &deed).await
}

async fn change(app: &Shared, name: &str, change: &OperatorChange, deed: &Deed) -> Result<Redirect, Refusal> {
    let name: OperatorName = name.parse().map_err(|_| Refusal::UnknownOperator)?;
    // The last administrator must not lock everybody out by a slip.
    if name == deed.visitor.operator {
        return Err(Refusal::NotYourself);
    }
    if app
        .store
        .change_operator(&name, change, deed.doing(app.now()))
        .await?
    {
        Ok(Redirect::to(PATH))
    } else {
        Err(Refusal::UnknownOperator)
    }
}

fn row(view: &View, operator: &Operator) -> [Markup; 5] {
    let state = if operator.disabled_at.is_some() {
        Text::Disabled
    } else {
        Text::Active
    };
    [
        html! { (operator.name) },
        html! { (view.say(layout::role(operator.role))) },
        html! { (view.say(state)) },
        html! { (figures::moment(operator.created_at)) },
        changes(view, operator),
    ]
}

fn changes(view: &View, operator: &Operator) -> Markup {
    let is_self = view
        .visitor
        .as_ref()
        .is_some_and(|visitor| visitor.operator == operator.name);
    let roles = html! {
        label {
            span { (view.say(Text::Role)) }
            select name="role" {
                @for role in Role::ALL {
                    option value=(role.name()) selected[role == operator.role] { (view.say(layout::role(role))) }
                }
            }
        }
    };
    let (verb, button) = if operator.disabled_at.is_some() {
        ("enable", Text::Enable)
    } else {
        ("disable", Text::Disable)
    };
    let name = operator.name.as_str();
    let at = |verb: &str| format!("{PATH}/{name}/{verb}");
    html! {
        @if !is_self {
            details {
                summary aria-label=(form::named(view, Text::Change, name)) { (view.say(Text::Change)) }
                (form::action_of(view, &at("role"), Text::SetRole, name, &roles))
                (form::action_of(view, &at(verb), button, name, &html! {}))
            }
        }
    }
}
