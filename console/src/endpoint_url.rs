//! Which addresses a merchant's notifications may be sent to, as far as the address itself tells.
//!
//! Notifications are signed, not encrypted, so they travel over TLS unless they stay inside a private network. Where a
//! name really leads is checked when the notification is sent: a name can be moved after it was stored.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The address cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpointUrl {
    /// It is no absolute URL.
    #[error("expected something like https://shop.example/webhooks")]
    NotAUrl,
    /// It is of another scheme.
    #[error("it must start with https://")]
    Scheme,
    /// It holds a user name or a password.
    #[error("it must not hold a user name or password; notifications are signed instead")]
    UserInfo,
    /// It has a fragment, which is never sent.
    #[error("it must not hold a fragment (#…)")]
    Fragment,
    /// It would send the notification in the clear over the internet.
    #[error("http:// is only for private hosts; use https://")]
    NotPrivate,
    /// It is too long.
    #[error("it must be at most 2000 characters")]
    TooLong,
}

/// Checks an address and gives it in the form in which it is stored.
pub(crate) fn check(text: &str) -> Result<String, InvalidEndpointUrl> {
    let url = Url::parse(text.trim()).map_err(|_| InvalidEndpointUrl::NotAUrl)?;
    let host = url.host().ok_or(InvalidEndpointUrl::NotAUrl)?;
    match url.scheme() {
        "https" => {}
        "http" if is_private(&host) => {}
        "http" => return Err(InvalidEndpointUrl::NotPrivate),
        _ => return Err(InvalidEndpointUrl::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidEndpointUrl::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(InvalidEndpointUrl::Fragment);
    }
    if url.as_str().len() > 2_000 {
        return Err(InvalidEndpointUrl::TooLong);
    }
    Ok(url.into())
}

/// A name without a dot is one that only a private network resolves, such as a service of a compose file.
fn is_private(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            !name.contains('.') || name.ends_with(".localhost") || name.ends_with(".internal")
        }
        Host::Ipv4(address) => is_private_v4(*address),
        Host::Ipv6(address) => is_private_v6(*address),
    }
}

const fn is_private_v4(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_private() || address.is_link_local()
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let mapped = address.to_ipv4_mapped().is_some_and(is_private_v4);
    address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local() || mapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_need_tls_and_private_ones_do_not() {
        for good in [
            "https://shop.example/hooks?shop=1",
            "http://127.0.0.1:9000/hook",
            "http://localhost/hook",
            "http://shop.localhost/hook",
            "http://sandbox:9000/hook",
            "http://10.1.2.3/",
            "http://[::1]:9000/",
            "http://[fd00::1]/",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "http://shop.example/",
            "http://8.8.8.8/",
            "http://[2001:db8::1]/",
            "http://172.32.0.1/",
        ] {
            assert_eq!(check(bad), Err(InvalidEndpointUrl::NotPrivate), "{bad}");
        }
    }

    #[test]
    fn what_is_no_plain_web_address_is_refused() {
        assert_eq!(check("shop.example"), Err(InvalidEndpointUrl::NotAUrl));
        assert_eq!(check("mailto:ada@shop.example"), Err(InvalidEndpointUrl::NotAUrl));
        assert_eq!(check("ftp://shop.example/"), Err(InvalidEndpointUrl::Scheme));
        assert_eq!(
            check("https://ada@shop.example/"),
            Err(InvalidEndpointUrl::UserInfo)
        );
        assert_eq!(
            check("https://:pw@shop.example/"),
            Err(InvalidEndpointUrl::UserInfo)
        );
        assert_eq!(
            check("https://shop.example/#x"),
            Err(InvalidEndpointUrl::Fragment)
        );
        assert_eq!(
            check(&format!("https://shop.example/{}", "x".repeat(2_000))),
            Err(InvalidEndpointUrl::TooLong)
        );
    }
}
