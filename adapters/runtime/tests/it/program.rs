//! What surrounds a program: its signals and its end.

use std::{io, process::Command, sync::mpsc};

use tokio::{sync::oneshot, task::spawn_blocking};

#[test]
fn a_thread_that_blocks_does_not_keep_a_program_that_ends() {
    let (_never_sent, answer) = mpsc::channel::<()>();
    let program = async move |_stop| {
        let (begins, begun) = oneshot::channel();
        let _left_behind = spawn_blocking(move || {
            begins.send(()).unwrap();
            answer.recv()
        });
        begun.await.unwrap();
        Ok::<(), io::Error>(())
    };
    runtime::run(program).unwrap();
}

#[test]
fn signals_are_heard_from_the_first_moment_on() {
    let program = async |stop: tokio_util::sync::CancellationToken| {
        let own_id = std::process::id().to_string();
        let sent = Command::new("kill").args(["-TERM", &own_id]).status()?;
        assert!(sent.success());
        stop.cancelled().await;
        Ok::<(), io::Error>(())
    };
    runtime::run(program).unwrap();
}
