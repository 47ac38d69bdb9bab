//! A gate in front of a server: closed, it is as if the server were stopped; stalled, as if it hung.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    /// Connections are cut and new ones dropped at once.
    Closed,
    /// Connections stay, but nothing passes.
    Stalled,
}

/// Cheap to clone; all clones move the same gate.
#[derive(Clone)]
pub struct Gate {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
}

impl Gate {
    /// Puts an open gate in front of `server`, such as `127.0.0.1:5672`.
    pub async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, seen) = watch::channel(State::Open);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if *seen.borrow() != State::Closed {
                    tokio::spawn(pass(client, server.clone(), seen.clone()));
                }
            }
        });
        Self {
            address,
            state: Arc::new(state),
        }
    }

    /// The address of an AMQP server, as seen through this gate.
    pub async fn before_broker(url: &str) -> (Self, String) {
        let (head, path) = url.rsplit_once('/').unwrap();
        let (login, server) = head.rsplit_once('@').unwrap();
        let gate = Self::before(server.to_owned()).await;
        let url = format!("{login}@{}/{path}", gate.address);
        (gate, url)
    }

    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn pass(mut client: TcpStream, server: String, mut state: watch::Receiver<State>) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    loop {
        let now = *state.borrow_and_update();
        match now {
            State::Closed => return,
            State::Stalled => state.changed().await.unwrap(),
            // Bytes that were read and not yet written are lost when the gate moves; so they are on a cut connection.
            State::Open => tokio::select! {
                _ended = copy_bidirectional(&mut client, &mut server) => return,
                changed = state.changed() => changed.unwrap(),
            },
        }
    }
}
