//! From where somebody comes: the address of whoever connects, or what a proxy says that is trusted to.
//!
//! Anybody can send `X-Forwarded-For`. A proxy adds to its end the address that it was reached from, so it is read from its end,
//! and no further back than to the first address that is no trusted proxy's.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderValue, request::Parts},
};

use super::{app::Shared, refusal::Refusal};

const FORWARDED_FOR: &str = "x-forwarded-for";
/// What one household or machine has of IPv6.
const OF_ONE_V6: u32 = 64;

/// The address that somebody comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client(IpAddr);

impl Client {
    /// The address, as the log shows it.
    pub(super) fn address(self) -> String {
        self.0.to_string()
    }

    /// What tries to sign in are counted by: one machine may have as many addresses of IPv6 as it likes.
    pub(super) fn counted_as(self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let network = first_bits(address.to_bits(), OF_ONE_V6, 128);
                format!("{}/{OF_ONE_V6}", Ipv6Addr::from_bits(network))
            }
        }
    }
}

impl FromRequestParts<Shared> for Client {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let ConnectInfo(peer) = peer.ok_or(Refusal::Broken)?;
        Ok(app.proxies.client(peer.ip(), &parts.headers))
    }
}

/// The proxies that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TrustedProxies(Vec<Network>);

/// An address, or all that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    first: IpAddr,
    bits: u32,
}

/// The proxies cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected addresses or networks, separated by commas")]
pub(super) struct InvalidProxies;

impl TrustedProxies {
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let mut client = peer.to_canonical();
        let said = headers.get_all(FORWARDED_FOR).iter();
        let said: Vec<&[u8]> = said.map(HeaderValue::as_bytes).collect();
        let named = said
            .iter()
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','));
        for before in named {
            if !self.0.iter().any(|network| network.has(client)) {
                break;
            }
            // What cannot be read is not skipped: what stands before it is the client's own word.
            let before = std::str::from_utf8(before).unwrap_or_default();
            let Ok(address) = before.trim().parse::<IpAddr>() else {
                break;
            };
            client = address.to_canonical();
        }
        Client(client)
    }
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let bits = |of: std::net::Ipv4Addr| first_bits(of.to_bits().into(), self.bits, 32);
                bits(first) == bits(address)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let bits = |of: Ipv6Addr| first_bits(of.to_bits(), self.bits, 128);
                bits(first) == bits(address)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The first `bits` of an address of `all`, the others zero.
const fn first_bits(address: u128, bits: u32, all: u32) -> u128 {
    match (u128::MAX >> (128 - all)).checked_shr(bits) {
        Some(others) => address & !others,
        None => address,
    }
}

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        text.split(',')
            .map(|one| one.trim().parse())
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl FromStr for Network {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| InvalidProxies)?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| InvalidProxies)?;
        let all = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(all);
        if bits > all {
            return Err(InvalidProxies);
        }
        Ok(Self { first, bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &str, peer: &str, said: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in said {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let proxies: TrustedProxies = proxies.parse().unwrap();
        proxies.client(peer.parse().unwrap(), &headers).address()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_added() {
        let proxies = "10.0.0.0/8, 192.0.2.7,2001:db8::/32";
        for (peer, said, expected) in [
            ("198.51.100.1", &["203.0.113.5"][..], "198.51.100.1"),
            ("10.1.2.3", &["203.0.113.5"], "203.0.113.5"),
            ("::ffff:10.1.2.3", &["203.0.113.5"], "203.0.113.5"),
            ("2001:db8::1", &["2001:4860::8"], "2001:4860::8"),
            // What came before a stranger is the stranger's own word.
            ("10.1.2.3", &["127.0.0.1, 203.0.113.5"], "203.0.113.5"),
            (
                "10.1.2.3",
                &["127.0.0.1", "203.0.113.5, 192.0.2.7"],
                "203.0.113.5",
            ),
            ("10.1.2.3", &["203.0.113.5, nonsense"], "10.1.2.3"),
            // What cannot be read ends it: what stands before it may be anybody's.
            ("10.1.2.3", &["127.0.0.1", "\u{ff}"], "10.1.2.3"),
            ("10.1.2.3", &["\u{ff}, 203.0.113.5"], "203.0.113.5"),
            ("10.1.2.3", &["203.0.113.5, 192.0.2.8"], "192.0.2.8"),
            ("10.1.2.3", &[], "10.1.2.3"),
        ] {
            assert_eq!(client(proxies, peer, said), expected, "{peer} {said:?}");
        }
        assert_eq!(client("0.0.0.0/0", "1.2.3.4", &["5.6.7.8"]), "5.6.7.8");
    }

    #[test]
    fn addresses_of_one_machine_are_counted_as_one() {
        let counted = |address: &str| Client(address.parse().unwrap()).counted_as();
        assert_eq!(counted("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
        assert_eq!(counted("192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "proxy", "10.0.0.0/33", "::1/129", "10.0.0.1,", "10.0.0.0/-1"] {
            assert_eq!(bad.parse::<TrustedProxies>(), Err(InvalidProxies), "{bad}");
        }
    }
}
