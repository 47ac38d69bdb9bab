//! A wire that can be cut: forwards TCP connections to a server and, when told to, breaks them, lets them hang (until
//! it is told otherwise, or for good), slows them down, or loses the answers to what was asked over them.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

/// What the wire does with what is sent over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Passes it on.
    Open,
    /// Passes each piece on after this delay.
    Slow(Duration),
    /// Passes on what is asked. The first answer on a connection older than this is lost, and the connection with it.
    Deaf(Duration),
    /// Keeps it, and every connection with it, until the wire is open again.
    Stalled,
    /// Breaks every connection, also new ones.
    Cut,
}

/// A wire to one server.
pub struct Proxy {
    address: SocketAddr,
    flow: watch::Sender<Flow>,
    /// How often all connections of the moment were forsaken.
    forsaken: watch::Sender<u32>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A wire to `target`, open.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (flow, watched) = watch::channel(Flow::Open);
        let (forsaken, counted) = watch::channel(0);
        let accepting = tokio::spawn(accept(listener, target, watched, counted));
        Ok(Self {
            address,
            flow,
            forsaken,
            accepting,
        })
    }

    /// Where to connect instead of the server.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks every connection, and every new one, until [`Self::restore`].
    pub fn cut(&self) {
        self.flow.send_replace(Flow::Cut);
    }

    /// Passes nothing on until [`Self::restore`], as a server does that hangs.
    pub fn stall(&self) {
        self.flow.send_replace(Flow::Stalled);
    }

    /// Passes each piece on after a delay, until [`Self::restore`].
    pub fn slow(&self, delay: Duration) {
        self.flow.send_replace(Flow::Slow(delay));
    }

    /// Loses answers until [`Self::restore`]: the server gets what is asked and does it, but its first answer on a
    /// connection older than `age` breaks that connection instead of arriving. Younger ones get as far as asking.
    pub fn lose_answers(&self, age: Duration) {
        self.flow.send_replace(Flow::Deaf(age));
    }

    /// Carries nothing more over the connections there are, for good and without breaking them, as a firewall does that
    /// has lost its table. New ones are carried.
    pub fn forsake(&self) {
        self.forsaken.send_modify(|count| *count += 1);
    }

    /// Passes everything on again.
    pub fn restore(&self) {
        self.flow.send_replace(Flow::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    flow: watch::Receiver<Flow>,
    forsaken: watch::Receiver<u32>,
) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(carry(client, target, flow.clone(), forsaken.clone()));
    }
}

/// Carries one connection until either side ends it or the wire breaks it. Dropping the sockets is what breaks it.
async fn carry(
    client: TcpStream,
    target: SocketAddr,
    flow: watch::Receiver<Flow>,
    mut forsaken: watch::Receiver<u32>,
) {
    let mut cut = flow.clone();
    let born = *forsaken.borrow();
    let carried = async {
        let began = Instant::now();
        let server = TcpStream::connect(target).await?;
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let is_lost = |flow| matches!(flow, Flow::Deaf(age) if began.elapsed() >= age);
        tokio::try_join!(
            pass(from_client, to_server, flow.clone(), |_| false),
            pass(from_server, to_client, flow, is_lost)
        )
        .map(drop)
    };
    tokio::pin!(carried);
    tokio::select! {
        // An error is one of the two sides having gone, which ends the connection as it would without us.
        _ended = &mut carried => return,
        _cut = cut.wait_for(|flow| *flow == Flow::Cut) => return,
        _forsaken = forsaken.wait_for(|count| *count > born) => {}
    }
    // Nobody carries on, but the sockets stay open until the wire is cut.
    let _cut = cut.wait_for(|flow| *flow == Flow::Cut).await;
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut flow: watch::Receiver<Flow>,
    is_lost: impl Fn(Flow) -> bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        // Without the wire's other end there is nobody left to pass anything on for.
        let Ok(now) = flow
            .wait_for(|flow| *flow != Flow::Stalled)
            .await
            .map(|flow| *flow)
        else {
            return Ok(());
        };
        if is_lost(now) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if let Flow::Slow(delay) = now {
            sleep(delay).await;
        }
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
    }
}
