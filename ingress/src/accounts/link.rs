//! `POST /api/v1/wallets/{id}/account/onboarding-link`: the way to where an account's owner tells the provider about itself.
//!
//! Whoever has the link can act as the owner, so it is stored nowhere and told to nobody but the one who waits for it.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    id::WalletId,
    job::{CreateAccountLink, CreateAccountLinkReply},
};
use serde::Deserialize;

use crate::{
    answers::{no_such_wallet, refused},
    app::Shared,
    fields::invalid,
    json_body::JsonBody,
    path_id::PathId,
    problem::{Problem, ProblemKind},
    routes::WALLET_ONBOARDING_LINK,
    submission::Submission,
};

/// The body of a request for a link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with return_url and refresh_url")]
pub(crate) struct LinkBody {
    return_url: String,
    refresh_url: String,
}

/// Takes a request for a link.
pub(crate) async fn create_link(
    State(app): State<Shared>,
    submission: Submission,
    PathId(wallet_id): PathId<WalletId>,
    JsonBody(body): JsonBody<LinkBody>,
) -> Result<Response, Problem> {
    let job = CreateAccountLink {
        merchant_id: submission.merchant_id,
        idempotency_key: submission.idempotency_key.clone(),
        wallet_id,
        return_url: body.return_url,
        refresh_url: body.refresh_url,
    };
    job.validate().map_err(|refused| invalid(vec![refused.into()]))?;
    // Users have links for their own accounts only, and whoever waits can wait for this, too.
    let store = app.reads.seen_by(&submission.caller);
    let found = app.reads.patiently(store.wallet(wallet_id)).await?;
    found.ok_or_else(no_such_wallet)?;
    if !submission.waits() {
        let detail =
            "A link is told to whoever waits for it, and stored nowhere: ask with `Prefer: wait=10`.";
        return Err(Problem::new(ProblemKind::PreferWait, detail));
    }
    let too_late = || {
        let detail = "The link did not come in time. Nothing was changed; ask again.";
        Problem::new(ProblemKind::ProviderUnavailable, detail)
    };
    // A user sees nothing of what the provider says about its merchant's own account.
    let is_user = submission.caller.has_to_own();
    let words = |message: String| {
        if is_user {
            "the provider did not make one".into()
        } else {
            message
        }
    };
    let answer = |reply| match reply {
        CreateAccountLinkReply::Link(link) => Ok(not_kept(Json(link))),
        CreateAccountLinkReply::NoSuchWallet => Err(no_such_wallet()),
        CreateAccountLinkReply::NoAccount => Err(refused(
            "account_not_open".into(),
            "The wallet's owner has no account at the provider yet; ask for one first.".into(),
        )),
        CreateAccountLinkReply::Refused { message } => Err(refused(
            "refused_by_provider".into(),
            format!("There is no link: {}.", words(message)),
        )),
        CreateAccountLinkReply::Unavailable { message } => {
            let detail = format!(
                "There is no link: {}. Nothing was changed; ask again.",
                words(message)
            );
            Err(Problem::new(ProblemKind::ProviderUnavailable, detail))
        }
    };
    submission
        .submit(
            &app,
            WALLET_ONBOARDING_LINK,
            &job,
            too_late().into_response(),
            answer,
        )
        .await
}

/// Nothing between here and whoever asked may keep it.
fn not_kept(link: impl IntoResponse) -> Response {
    let mut response = (StatusCode::OK, link).into_response();
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}
