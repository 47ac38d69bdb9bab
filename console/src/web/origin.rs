//! Whether a request was made by a page of ours, as far as the browser says so.
//!
//! A page elsewhere can make a browser send requests here, with its cookies if they are not kept from that. The cookie is
//! (`SameSite=Strict`), each form has a token, and this is the third wall, which also holds before anybody has signed in. A
//! page elsewhere can also make its own name point here; so only names that are known to be ours are answered.

use axum::http::{HeaderMap, HeaderName, header};

use super::{config::PublicUrl, refusal::Refusal};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks that the request was meant for us: for the public address, or else for an address of this machine.
pub(super) fn is_for_us(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> Result<(), Refusal> {
    let host = text(headers, &header::HOST);
    let known = public_url.is_some_and(|url| url.host.eq_ignore_ascii_case(host)) || is_plain(host);
    if known { Ok(()) } else { Err(Refusal::Elsewhere) }
}

/// Checks that something is asked to be done by a page of ours. A browser always says where such a request comes from; what
/// says nothing is refused.
pub(super) fn is_ours(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> Result<(), Refusal> {
    let site = text(headers, &SEC_FETCH_SITE);
    let origin = text(headers, &header::ORIGIN);
    let host = text(headers, &header::HOST);
    let is_public = public_url.is_some_and(|url| url.origin.eq_ignore_ascii_case(origin));
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    let is_direct = is_plain(host) && authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host));
    let is_same = is_public || is_direct;
    // Old browsers send no Sec-Fetch-Site.
    if is_same && matches!(site, "same-origin" | "") {
        Ok(())
    } else {
        Err(Refusal::Elsewhere)
    }
}

/// An IP address or this machine's own name: nobody else's name can be made to say that.
fn is_plain(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_what_a_page_of_ours_sends_is_ours() {
        let local = [("host", "127.0.0.1:8090"), ("origin", "http://127.0.0.1:8090")];
        assert!(is_ours(&headers(&local), None).is_ok());
        assert!(
            is_ours(
                &headers(&[local[0], local[1], ("sec-fetch-site", "same-origin")]),
                None
            )
            .is_ok()
        );
        for bad in [
            &[local[0]][..],
            &[local[0], ("origin", "null")],
            &[local[0], ("origin", "http://127.0.0.1:8080")],
            &[local[0], ("origin", "https://evil.example")],
            &[local[0], local[1], ("sec-fetch-site", "cross-site")],
            &[local[0], local[1], ("sec-fetch-site", "same-site")],
            &[local[1]],
        ] {
            assert!(is_ours(&headers(bad), None).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn behind_a_proxy_the_whole_public_origin_counts() {
        let url: PublicUrl = "https://console.example".parse().unwrap();
        let sent = |origin| headers(&[("host", "console.example"), ("origin", origin)]);
        assert!(is_ours(&sent("https://console.example"), Some(&url)).is_ok());
        assert!(is_ours(&sent("http://console.example"), Some(&url)).is_err());
        // A proxy may ask for us by our own address.
        let passed_on = [("host", "127.0.0.1:8090"), ("origin", "https://console.example")];
        assert!(is_ours(&headers(&passed_on), Some(&url)).is_ok());
    }

    #[test]
    fn a_name_that_is_not_ours_is_not_answered() {
        let url: PublicUrl = "https://console.example".parse().unwrap();
        for good in [
            "127.0.0.1:8090",
            "localhost:8090",
            "localhost",
            "[::1]:8090",
            "10.0.0.7",
        ] {
            assert!(is_plain(good), "{good}");
        }
        assert!(is_for_us(&headers(&[("host", "console.example")]), Some(&url)).is_ok());
        for bad in ["evil.example", "console.example", "127.0.0.1.evil.example:80", ""] {
            let asked: HeaderMap = [(header::HOST, HeaderValue::from_static(bad))]
                .into_iter()
                .collect();
            assert!(is_for_us(&asked, None).is_err(), "{bad:?}");
        }
    }
}
