//! The wires: each process has its own to PostgreSQL, to RabbitMQ and to the provider.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;
use e2e::proxy::Proxy;
use reqwest::Url;

use crate::plan::{Damage, Member, Peer};

/// How old a connection must be to lose its answers: old enough to have got as far as asking for something.
const ESTABLISHED: Duration = Duration::from_millis(300);

/// Every wire there is.
pub struct Wires {
    proxies: BTreeMap<(Member, Peer), Proxy>,
}

impl Wires {
    /// Lays the wires from every process to its peers, whose addresses `address` tells.
    ///
    /// # Errors
    /// An address names no server, or there is no free port.
    pub async fn lay<'a>(address: impl Fn(Peer) -> &'a str) -> anyhow::Result<Self> {
        let mut proxies = BTreeMap::new();
        for member in Member::ALL {
            for peer in member.peers() {
                let url =
                    Url::parse(address(*peer)).with_context(|| format!("the address of {}", peer.name()))?;
                let target = url.socket_addrs(|| None)?;
                let target = target.first().context("an address names a server")?;
                proxies.insert((member, *peer), Proxy::start(*target).await?);
            }
        }
        Ok(Self { proxies })
    }

    /// The address with which this process reaches what is really at `address`.
    ///
    /// # Errors
    /// There is no such wire, or it is no address.
    pub fn address(&self, member: Member, peer: Peer, address: &str) -> anyhow::Result<String> {
        let wire = self
            .proxies
            .get(&(member, peer))
            .context("every process has its wires")?;
        let mut url = Url::parse(address)?;
        let changed =
            url.set_ip_host(wire.address().ip()).is_ok() && url.set_port(Some(wire.address().port())).is_ok();
        anyhow::ensure!(changed, "the address of {} names no host", peer.name());
        Ok(url.to_string().trim_end_matches('/').to_owned())
    }

    /// Damages the wire of one process to a peer, or everybody's.
    pub fn damage(&self, to: Peer, of: Option<Member>, damage: Damage) {
        for wire in self.chosen(to, of) {
            match damage {
                Damage::Cut => wire.cut(),
                Damage::Stalled => wire.stall(),
                Damage::Slow(delay) => wire.slow(delay),
                Damage::AnswersLost => wire.lose_answers(ESTABLISHED),
            }
        }
    }

    /// Puts the same right again.
    pub fn restore(&self, to: Peer, of: Option<Member>) {
        self.chosen(to, of).for_each(Proxy::restore);
    }

    fn chosen(&self, to: Peer, of: Option<Member>) -> impl Iterator<Item = &Proxy> {
        let wires = self.proxies.iter();
        wires
            .filter(move |((member, peer), _)| *peer == to && of.is_none_or(|only| only == *member))
            .map(|(_, wire)| wire)
    }
}
