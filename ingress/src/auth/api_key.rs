//! API keys: whose key it is that was shown.

use domain::{api_key::ApiKeyText, id::MerchantId};

use super::unauthorized;
use crate::{
    app::App,
    problem::{Problem, ProblemKind},
    reads::Unanswered,
    remembered::Asking,
};

/// The merchant whose key this is. One answer for a key that is unknown, wrong or revoked: what exactly is nobody's
/// business.
pub(super) async fn find(app: &App, key: &ApiKeyText) -> Result<MerchantId, Problem> {
    let read = |asking| async move {
        let question = app.reads.key(key.id());
        match asking {
            Asking::FirstTime => app.reads.about_stranger(question).await,
            Asking::Again => app.reads.briefly(question).await,
        }
    };
    match app.keys.get(&key.id().to_owned(), read).await {
        Ok(Some(stored)) if key.proves(&stored.secret_hash) && !stored.revoked => Ok(stored.merchant_id),
        Ok(Some(_) | None) => Err(unauthorized(
            "The API key is not valid: it may have been revoked, or belong to another deployment.",
        )),
        Err(Unanswered::Away) => {
            let detail =
                "The API key cannot be checked right now. Nothing was accepted; send the request again.";
            Err(Problem::new(ProblemKind::StoreUnavailable, detail))
        }
        Err(broken @ Unanswered::Broken) => Err(broken.into()),
    }
}
