//! What ends a process when its owner is gone.

use std::process::Stdio;

use tokio::process::{Child, Command};

/// A shell that waits at the end of a pipe. When the owner ends, in whatever way, the pipe closes and the shell kills the
/// process; `kill -9` of the owner runs no code of its own that could.
#[derive(Debug)]
pub struct Leash {
    shell: Child,
}

impl Leash {
    /// Ties the process with this id to the one that calls.
    pub fn tie(process: u32) -> std::io::Result<Self> {
        let shell = Command::new("sh")
            .args(["-c", "read -r _; kill -KILL \"$0\"", &process.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { shell })
    }
}

impl Drop for Leash {
    /// Before the pipe closes: by then the number may be another process's.
    fn drop(&mut self) {
        let _ended_before = self.shell.start_kill();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[tokio::test]
    async fn a_process_whose_owner_is_gone_is_killed() {
        const KILL: i32 = 9;
        let mut process = Command::new("sleep")
            .arg("600")
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut leash = Leash::tie(process.id().unwrap()).unwrap();
        // What the operating system does for an owner that ends in whatever way.
        drop(leash.shell.stdin.take());
        assert_eq!(process.wait().await.unwrap().signal(), Some(KILL));
    }
}
