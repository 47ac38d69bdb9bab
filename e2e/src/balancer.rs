//! What stands before several ingresses: one address, behind which every new connection goes to the next one that says
//! it is ready.
//!
//! It knows of a target only what a load balancer knows: what `/readyz` answered lately, and whether a connection comes
//! about. Connections that are open stay with their target, ready or not; it is for the target to finish them. Without
//! a target a connection is broken at once, as by a service that has no endpoints.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Client as Http, StatusCode};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::world;

/// How often every target is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// A target that takes longer to say so is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// One of those that connections go to.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where it accepts connections.
    pub address: SocketAddr,
    /// The URL that answers 200 while it wants new connections.
    pub readiness: String,
}

/// One address for several targets. Breaks its connections when dropped.
pub struct Balancer {
    address: SocketAddr,
    rotation: Arc<Rotation>,
    tasks: JoinSet<()>,
}

impl Balancer {
    /// Starts asking the targets and passing connections on to them.
    ///
    /// # Errors
    /// No port is free, or there can be no HTTP client.
    pub async fn start(targets: Vec<Target>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let rotation = Arc::new(Rotation::new(targets));
        let http = world::http()?;
        let mut tasks = JoinSet::new();
        for index in 0..rotation.places.len() {
            tasks.spawn(keep_asking(Arc::clone(&rotation), index, http.clone()));
        }
        tasks.spawn(accept(listener, Arc::clone(&rotation)));
        Ok(Self {
            address,
            rotation,
            tasks,
        })
    }

    /// Where to connect instead of the targets.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Which targets get new connections now, in the order in which they were given.
    pub fn in_rotation(&self) -> Vec<bool> {
        self.rotation.places.iter().map(Place::is_ready).collect()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.tasks.abort_all();
    }
}

struct Place {
    target: Target,
    ready: AtomicBool,
}

impl Place {
    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }
}

struct Rotation {
    places: Vec<Place>,
    next: AtomicUsize,
}

impl Rotation {
    fn new(targets: Vec<Target>) -> Self {
        let place = |target| Place {
            target,
            ready: AtomicBool::new(false),
        };
        Self {
            places: targets.into_iter().map(place).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// The places that are ready, beginning with the one whose turn it is.
    fn in_turn(&self) -> impl Iterator<Item = &Place> {
        let first = self.next.fetch_add(1, Ordering::Relaxed) % self.places.len().max(1);
        let (before, after) = self.places.split_at(first);
        after.iter().chain(before).filter(|place| place.is_ready())
    }

    async fn connect(&self) -> Option<TcpStream> {
        for place in self.in_turn() {
            // One that is ready and yet does not accept has just gone; the next one is asked instead.
            if let Ok(server) = TcpStream::connect(place.target.address).await {
                return Some(server);
            }
        }
        None
    }
}

async fn keep_asking(rotation: Arc<Rotation>, index: usize, http: Http) {
    let place = &rotation.places[index];
    loop {
        let answer = http.get(&place.target.readiness).timeout(PATIENCE).send().await;
        let ready = answer.is_ok_and(|answer| answer.status() == StatusCode::OK);
        place.ready.store(ready, Ordering::Relaxed);
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Owns the connections, so that they end with the balancer.
async fn accept(listener: TcpListener, rotation: Arc<Rotation>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    connections.spawn(carry(client, Arc::clone(&rotation)));
                }
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// Carries one connection until both sides have ended it, or either has broken it.
async fn carry(mut client: TcpStream, rotation: Arc<Rotation>) {
    let Some(mut server) = rotation.connect().await else {
        return;
    };
    // A side that has gone ends the connection as it would without us.
    let _ended = pass_both_ways(&mut client, &mut server).await;
}

async fn pass_both_ways(client: &mut TcpStream, server: &mut TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    copy_bidirectional(client, server).await.map(drop)
}
