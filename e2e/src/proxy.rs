//! A wire that can be cut: forwards TCP connections to a server and, when told to, breaks them, lets them hang or keeps
//! the answers to itself.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What the wire does with what is sent over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Passes it on.
    Open,
    /// Keeps it, and every connection with it, until the wire is open again.
    Stalled,
    /// Passes on what the server is asked and keeps what it answers.
    Unanswered,
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

    /// Passes on what the server is asked, but none of its answers, until [`Self::restore`]; they are lost when the wire
    /// is cut before that.
    pub fn keep_answers(&self) {
        self.flow.send_replace(Flow::Unanswered);
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

/// Carries one connection until either side ends it or the wire is cut. Dropping the sockets is what breaks it.
async fn carry(
    client: TcpStream,
    target: SocketAddr,
    flow: watch::Receiver<Flow>,
    mut forsaken: watch::Receiver<u32>,
) {
    let mut cut = flow.clone();
    let born = *forsaken.borrow();
    let carried = async {
        let server = TcpStream::connect(target).await?;
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::try_join!(
            pass(from_client, to_server, flow.clone(), &[Flow::Stalled]),
            pass(from_server, to_client, flow, &[Flow::Stalled, Flow::Unanswered])
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
    // The sockets stay open until the wire is cut.
    let _cut = cut.wait_for(|flow| *flow == Flow::Cut).await;
}

/// Passes on what comes from one side, except while the wire is in one of the states in `kept`.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut flow: watch::Receiver<Flow>,
    kept: &[Flow],
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        // Without the wire's other end there is nobody left to pass anything on for.
        let Ok(_open) = flow.wait_for(|flow| !kept.contains(flow)).await.map(drop) else {
            return Ok(());
        };
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
    }
}
