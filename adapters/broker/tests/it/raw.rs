//! A publisher that writes what no AMQP library would: properties that are not text.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use lapin::uri::AMQPUri;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;

/// Publishes `{}` to exchange `jobs` with a `message_id` and a `type` that are no UTF-8.
pub fn publish_without_text(url: &str, routing_key: &str) {
    let uri: AMQPUri = url.parse().unwrap();
    let mut wire = Wire(TcpStream::connect((uri.authority.host.as_str(), uri.authority.port)).unwrap());
    let user = uri.authority.userinfo;
    wire.0.write_all(b"AMQP\x00\x00\x09\x01").unwrap();
    wire.expect(10, 10);
    let login = format!("\0{}\0{}", user.username, user.password);
    let start_ok = [
        &[0; 4][..],
        &short(b"PLAIN"),
        &long(login.as_bytes()),
        &short(b"en_US"),
    ]
    .concat();
    wire.method(0, 10, 11, &start_ok);
    wire.expect(10, 30);
    wire.method(
        0,
        10,
        31,
        &[
            &1u16.to_be_bytes()[..],
            &131_072u32.to_be_bytes(),
            &0u16.to_be_bytes(),
        ]
        .concat(),
    );
    wire.method(
        0,
        10,
        40,
        &[&short(uri.vhost.as_bytes())[..], &short(b""), &[0]].concat(),
    );
    wire.expect(10, 41);
    wire.method(1, 20, 10, &short(b""));
    wire.expect(20, 11);
    let publish = [&[0; 2][..], &short(b"jobs"), &short(routing_key.as_bytes()), &[0]].concat();
    wire.method(1, 60, 40, &publish);
    let (length, flags) = (2u64.to_be_bytes(), 0x00a0u16.to_be_bytes());
    let properties = [short(b"\xc3\x28"), short(b"\xff\xfe")].concat();
    wire.frame(
        HEADER,
        1,
        &[&60u16.to_be_bytes()[..], &[0; 2], &length, &flags, &properties].concat(),
    );
    wire.frame(BODY, 1, b"{}");
    wire.method(
        0,
        10,
        50,
        &[&200u16.to_be_bytes()[..], &short(b"done"), &[0; 4]].concat(),
    );
    wire.expect(10, 51);
}

struct Wire(TcpStream);

impl Wire {
    fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let frame = [&[kind][..], &channel.to_be_bytes(), &size, payload, &[0xce]].concat();
        self.0.write_all(&frame).unwrap();
    }

    fn method(&mut self, channel: u16, class: u16, method: u16, arguments: &[u8]) {
        let payload = [&class.to_be_bytes()[..], &method.to_be_bytes(), arguments].concat();
        self.frame(METHOD, channel, &payload);
    }

    fn expect(&mut self, class: u16, method: u16) {
        let mut head = [0; 7];
        self.0.read_exact(&mut head).unwrap();
        let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
        let mut payload = vec![0; size as usize + 1];
        self.0.read_exact(&mut payload).unwrap();
        let got = (
            u16::from_be_bytes([payload[0], payload[1]]),
            u16::from_be_bytes([payload[2], payload[3]]),
        );
        assert_eq!(got, (class, method), "{}", String::from_utf8_lossy(&payload));
    }
}

fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()][..], text].concat()
}

fn long(text: &[u8]) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat()
}
