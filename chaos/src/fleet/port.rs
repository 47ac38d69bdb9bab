//! Ports that a process keeps over its restarts.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
};

use rand::RngExt;

/// Below the range from which systems take the ports of outgoing connections.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const TRIES: usize = 200;

/// A TCP port of the loopback address that no other fleet will choose. It stays free while nobody listens, because what
/// is held is the UDP port of the same number: whoever looks for a port here tries that one first.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _held: UdpSocket,
}

impl Port {
    /// Chooses one on which nobody listens.
    ///
    /// # Errors
    /// There is none left.
    pub fn reserve() -> io::Result<Self> {
        let mut random = rand::rng();
        let mut last = io::Error::other("no port was tried");
        for _ in 0..TRIES {
            match Self::hold(random.random_range(PORTS)) {
                Ok(port) => return Ok(port),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }

    fn hold(number: u16) -> io::Result<Self> {
        let held = UdpSocket::bind((Ipv4Addr::LOCALHOST, number))?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, number))?;
        Ok(Self { number, _held: held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_port_is_nobody_elses_and_free_to_listen_on() {
        let port = Port::reserve().unwrap();
        assert!(Port::hold(port.number).is_err());
        assert!(TcpListener::bind(port.address()).is_ok());
    }
}
