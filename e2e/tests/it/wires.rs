//! The wire of the tests does to connections what it says: otherwise what is shown with it is shown of nothing.

use std::time::{Duration, Instant};

use e2e::proxy::Proxy;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// A server that answers every byte with the next one, and tells what it was asked.
async fn server() -> (Proxy, mpsc::UnboundedReceiver<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let wire = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    let (asked, hears) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let asked = asked.clone();
            tokio::spawn(async move {
                while let Ok(byte) = client.read_u8().await {
                    let _ = asked.send(byte);
                    let _ = client.write_u8(byte + 1).await;
                }
            });
        }
    });
    (wire, hears)
}

async fn connect(wire: &Proxy) -> TcpStream {
    TcpStream::connect(wire.address()).await.unwrap()
}

/// The answer to a byte; none when the connection breaks.
async fn ask(client: &mut TcpStream, byte: u8) -> Option<u8> {
    client.write_u8(byte).await.ok()?;
    client.read_u8().await.ok()
}

#[tokio::test]
async fn a_wire_that_loses_answers_passes_on_what_is_asked() {
    let (wire, mut hears) = server().await;
    let mut client = connect(&wire).await;
    assert_eq!(ask(&mut client, 1).await, Some(2));

    wire.lose_answers(Duration::ZERO);
    assert_eq!(ask(&mut client, 3).await, None);
    assert_eq!((hears.recv().await, hears.recv().await), (Some(1), Some(3)));

    wire.restore();
    assert_eq!(ask(&mut connect(&wire).await, 5).await, Some(6));
}

#[tokio::test]
async fn a_young_connection_gets_its_answers() {
    let (wire, _hears) = server().await;
    wire.lose_answers(Duration::from_secs(3600));
    assert_eq!(ask(&mut connect(&wire).await, 1).await, Some(2));
}

#[tokio::test]
async fn a_slow_wire_is_late_both_ways() {
    let (wire, _hears) = server().await;
    let mut client = connect(&wire).await;
    wire.slow(Duration::from_millis(100));
    let began = Instant::now();
    assert_eq!(ask(&mut client, 1).await, Some(2));
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_cut_wire_breaks_old_connections_and_new_ones() {
    let (wire, _hears) = server().await;
    let mut client = connect(&wire).await;
    assert_eq!(ask(&mut client, 1).await, Some(2));
    wire.cut();
    assert_eq!(ask(&mut client, 3).await, None);
    assert_eq!(ask(&mut connect(&wire).await, 3).await, None);
}

#[tokio::test]
async fn what_a_stalled_wire_holds_back_arrives_later() {
    let (wire, mut hears) = server().await;
    let mut client = connect(&wire).await;
    wire.stall();
    client.write_u8(1).await.unwrap();
    let held = tokio::time::timeout(Duration::from_millis(100), hears.recv()).await;
    assert!(held.is_err(), "a stalled wire passed something on: {held:?}");
    wire.restore();
    assert_eq!(client.read_u8().await.unwrap(), 2);
}
