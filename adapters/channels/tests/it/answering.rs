//! A server that gives prepared answers, for what no provider says on purpose.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread::JoinHandle,
    time::Duration,
};

/// A server that gives each answer to one request, and then the requests it saw.
pub fn answering(answers: &[String]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let answers: Vec<String> = answers
        .iter()
        .map(|answer| answer.replace('\n', "\r\n"))
        .collect();
    let server = std::thread::spawn(move || {
        let answered = answers.iter().map(|answer| {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            let (mut request, mut part) = (Vec::new(), [0; 4096]);
            while let Ok(read @ 1..) = stream.read(&mut part) {
                request.extend_from_slice(&part[..read]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(request).unwrap()
        });
        answered.collect()
    });
    (base, server)
}
