//! The two languages of the console.

use axum::{
    extract::Query,
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{ids::Ids, refusal::Refusal, session::cookie};

/// The cookie that keeps the choice. It says nothing about anybody.
const COOKIE: &str = "language";

/// A language that the console speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    pub(super) const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its tag, as HTML and browsers write it.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// What it calls itself.
    pub(super) const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "中文",
        }
    }

    fn read(tag: &str) -> Option<Self> {
        let primary = tag.trim().split('-').next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The one that was chosen before, or else the one that the browser likes best.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let chosen = cookie(headers, COOKIE).and_then(Self::read);
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        chosen
            .or_else(|| accepted.and_then(Self::liked_best))
            .unwrap_or(Self::English)
    }

    /// The first of those that are liked most (RFC 9110, 12.5.4).
    fn liked_best(accepted: &str) -> Option<Self> {
        let weighted = accepted.split(',').filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.trim().strip_prefix("q=").unwrap_or("1");
            Some((
                Self::read(tag)?,
                weight.parse::<f32>().ok().filter(|weight| *weight > 0.0)?,
            ))
        });
        let best = weighted.reduce(|best, other| if other.1 > best.1 { other } else { best });
        best.map(|(language, _)| language)
    }
}

#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    next: String,
}

/// Keeps the choice of a language and goes back to where it was made.
pub(super) async fn switch(Ids([tag]): Ids<1>, Query(back): Query<Back>) -> Result<Response, Refusal> {
    let language = Language::read(&tag).ok_or(Refusal::NotFound)?;
    let kept = format!(
        "{COOKIE}={}; Path=/; SameSite=Lax; Max-Age=31536000",
        language.tag()
    );
    let back = Redirect::to(own_path(&back.next));
    Ok(([(header::SET_COOKIE, kept)], back).into_response())
}

/// The path, if it is one of ours; else that of the first page. `//host` and `/\host` are addresses elsewhere.
pub(super) fn own_path(path: &str) -> &str {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_own = path.starts_with('/') && !path.starts_with("//");
    if is_own && is_plain { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_choice_counts_more_than_the_browser_and_english_is_what_is_left() {
        let asked = |cookie: &'static str, accepted: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            Language::wanted(&headers)
        };
        assert_eq!(asked("language=zh", "en"), Language::Chinese);
        assert_eq!(asked("a=b; language=en", "zh-CN"), Language::English);
        assert_eq!(asked("", "de, zh-CN;q=0.8, en;q=0.7"), Language::Chinese);
        assert_eq!(asked("", "zh;q=0.1, en-GB"), Language::English);
        assert_eq!(asked("language=xx", "zh;q=0"), Language::English);
        assert_eq!(asked("", "fr"), Language::English);
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        assert_eq!(own_path("/review?a=b"), "/review?a=b");
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\nb",
            "review",
        ] {
            assert_eq!(own_path(bad), "/", "{bad:?}");
        }
    }
}
