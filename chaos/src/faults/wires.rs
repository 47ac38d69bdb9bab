//! The wires: each process has its own to PostgreSQL, to RabbitMQ (of a cluster, to each node) and to the provider.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use anyhow::Context;
use e2e::proxy::Proxy;
use reqwest::Url;

use crate::plan::{Damage, Member, Peer};

/// How old a connection must be to lose its answers: old enough to have got as far as asking for something.
const ESTABLISHED: Duration = Duration::from_millis(300);

/// Every wire there is.
pub struct Wires {
    proxies: BTreeMap<(Member, Peer), Vec<Proxy>>,
}

impl Wires {
    /// Lays the wires from every process to its peers, whose addresses `addresses` tells, separated by commas.
    ///
    /// # Errors
    /// An address names no server, or there is no free port.
    pub async fn lay<'a>(addresses: impl Fn(Peer) -> &'a str) -> anyhow::Result<Self> {
        let mut proxies = BTreeMap::new();
        for member in Member::ALL {
            for peer in member.peers() {
                let mut wires = Vec::new();
                for address in addresses(*peer).split(',') {
                    let target =
                        server(address).with_context(|| format!("the address of {}", peer.name()))?;
                    wires.push(Proxy::start(target).await?);
                }
                proxies.insert((member, *peer), wires);
            }
        }
        Ok(Self { proxies })
    }

    /// The addresses with which this process reaches what is really at `addresses`, those that the wires were laid to.
    ///
    /// # Errors
    /// There is no such wire, or they are no addresses.
    pub fn addresses(&self, member: Member, peer: Peer, addresses: &str) -> anyhow::Result<String> {
        let wires = self
            .proxies
            .get(&(member, peer))
            .context("every process has its wires")?;
        let over = wires
            .iter()
            .zip(addresses.split(','))
            .map(|(wire, address)| over(wire, address));
        Ok(over.collect::<anyhow::Result<Vec<_>>>()?.join(","))
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
            .flat_map(|(_, wires)| wires)
    }
}

/// A wire of its own to the server at `address`, and the address that leads over it.
///
/// # Errors
/// It is no address of a server, or no port is free.
pub async fn lay_one(address: &str) -> anyhow::Result<(Proxy, String)> {
    let wire = Proxy::start(server(address)?).await?;
    let over = over(&wire, address)?;
    Ok((wire, over))
}

fn server(address: &str) -> anyhow::Result<SocketAddr> {
    let servers = Url::parse(address)?.socket_addrs(|| None)?;
    servers.first().copied().context("it names no server")
}

fn over(wire: &Proxy, address: &str) -> anyhow::Result<String> {
    let (mut url, wire) = (Url::parse(address)?, wire.address());
    let changed = url.set_ip_host(wire.ip()).is_ok() && url.set_port(Some(wire.port())).is_ok();
    anyhow::ensure!(changed, "an address names no host");
    Ok(url.to_string().trim_end_matches('/').to_owned())
}
