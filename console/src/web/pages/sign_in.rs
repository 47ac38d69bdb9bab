//! Signing in and out.
//!
//! Whoever signs in is told nothing about which names there are: a name that nobody has takes as long and gets the same
//! answer. Attempts are limited for a name from an address, for the name and for the address; what was tried is written down
//! before the password is looked at, so that many tries at once are counted, too.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{Query, State},
    http::header,
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::operator::OperatorName;
use maud::html;
use serde::Deserialize;
use store::{NewSession, SignInCounts};

use crate::{
    password,
    web::{
        app::Shared,
        client::Client,
        form::{Fields, PROBLEM},
        language::own_path,
        layout,
        messages::Text,
        refusal::Refusal,
        session::{LIMITS, SessionToken, Visitor},
        view::View,
    },
};

/// For how long attempts count.
const WINDOW: Duration = Duration::from_secs(900);
/// How many attempts there may be within that time.
const MOST: SignInCounts = SignInCounts {
    of_both: 5,
    of_name: 30,
    of_address: 50,
};
/// What is looked at of a name that was typed, in characters.
const LONGEST_NAME: usize = 64;

#[derive(Deserialize)]
pub(in crate::web) struct Wanted {
    #[serde(default)]
    next: String,
}

/// The form.
pub(in crate::web) async fn page(view: View, Query(wanted): Query<Wanted>) -> Html<String> {
    form(&view, own_path(&wanted.next), "", None)
}

/// Begins a session, or shows the form again with what is wrong.
pub(in crate::web) async fn sign_in(
    State(app): State<Shared>,
    client: Client,
    Extension(fields): Extension<Fields>,
    view: View,
) -> Response {
    let name: String = fields.get("name").trim().chars().take(LONGEST_NAME).collect();
    let next = own_path(fields.get("next"));
    let password = fields.get("password").to_owned();
    // In a task of its own: who hangs up is counted, and compared, like anybody else.
    let beginning = tokio::spawn(begin(app.clone(), name.clone(), password, client));
    match beginning.await.unwrap_or(Err(Refusal::Broken)) {
        Ok(token) => {
            let cookie = app.sessions.set_cookie(Some(&token));
            ([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response()
        }
        Err(refusal) => {
            let told = refusal.text(&view);
            (refusal.status(), form(&view, next, &name, Some(&told))).into_response()
        }
    }
}

/// Ends the session.
pub(in crate::web) async fn sign_out(
    State(app): State<Shared>,
    client: Client,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    app.sessions.end(&visitor.token_hash(), &client.address()).await?;
    let cookie = app.sessions.set_cookie(None);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}

async fn begin(app: Shared, name: String, password: String, client: Client) -> Result<SessionToken, Refusal> {
    let (address, counted_as) = (client.address(), client.counted_as());
    let noted = app
        .store
        .note_sign_in(&name, &counted_as, MOST, WINDOW, app.now());
    if !noted.await? {
        tracing::warn!(address, "too many attempts to sign in");
        return Err(Refusal::TooManyTries);
    }
    let stored = app.store.operator_password(&name).await?;
    let comparing = Arc::clone(&app.comparing).acquire_owned().await;
    let comparing = comparing.map_err(|_| Refusal::Busy)?;
    let compared = tokio::task::spawn_blocking(move || {
        let _place = comparing;
        password::is_right(&password, stored.as_ref())
    });
    let is_right = compared.await.map_err(|_| Refusal::Broken)?;
    let Some(operator) = name.parse::<OperatorName>().ok().filter(|_| is_right) else {
        // Not the name: people type their passwords there.
        tracing::warn!(address, "somebody failed to sign in");
        return Err(Refusal::WrongPassword);
    };
    let token = SessionToken::generate()?;
    let new = NewSession {
        token_hash: token.hash(),
        operator,
        address,
        counted_as,
    };
    if app.store.begin_session(&new, LIMITS, app.now()).await? {
        Ok(token)
    } else {
        Err(Refusal::WrongPassword)
    }
}

fn form(view: &View, next: &str, name: &str, problem: Option<&str>) -> Html<String> {
    let described_by = problem.map(|_| PROBLEM);
    let content = html! {
        @if let Some(problem) = problem { p.notice id=(PROBLEM) role="alert" { (problem) } }
        form.sign-in method="post" action="/sign-in" {
            input type="hidden" name="next" value=(next);
            label {
                span { (view.say(Text::Name)) }
                input type="text" name="name" value=(name) required autofocus autocomplete="username"
                    autocapitalize="none" spellcheck="false" aria-describedby=[described_by];
            }
            label {
                span { (view.say(Text::Password)) }
                input type="password" name="password" required autocomplete="current-password"
                    aria-describedby=[described_by];
            }
            button type="submit" { (view.say(Text::SignIn)) }
        }
    };
    layout::page(view, Text::SignIn, &content)
}
