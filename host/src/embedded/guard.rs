//! The guard process between the host and its private server. It holds the read end of a pipe, and only the host
//! holds the write end. However the host ends, even by `kill -9`, the pipe closes, and the guard stops the server.
//!
//! The first line on that pipe is the server's password. Arguments would be visible to every user of the machine.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// The interval of checks whether the server still runs.
const LOOK: Duration = Duration::from_millis(50);
/// How long the server may take to save its data and stop.
const END: Duration = Duration::from_secs(10);

/// Runs a server until standard input closes, and then makes it save and stop. `port` is its port on 127.0.0.1.
pub fn guard(server: &str, port: u16, arguments: &[String]) -> ExitCode {
    let mut password = String::new();
    if let Err(error) = std::io::stdin().read_line(&mut password) {
        eprintln!("the server's password cannot be read: {error}");
        return ExitCode::FAILURE;
    }
    let spawned = Command::new(server).args(arguments).stdin(Stdio::null()).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{server} cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (ended, end) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        // An error means the same as a closed pipe: the host is gone.
        let _gone = std::io::stdin().read_to_end(&mut rest);
        drop(ended);
    });
    loop {
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(status)) => {
                eprintln!("the server ended by itself: {status}");
                return ExitCode::FAILURE;
            }
            Err(error) => eprintln!("the server cannot be looked at: {error}"),
        }
        match end.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    finish(&mut child, port, password.trim_end())
}

fn finish(child: &mut Child, port: u16, password: &str) -> ExitCode {
    if let Err(error) = ask_to_end(port, password) {
        eprintln!("the server could not be asked to end: {error}");
    }
    let asked = Instant::now();
    while asked.elapsed() < END {
        if let Ok(Some(_)) = child.try_wait() {
            return ExitCode::SUCCESS;
        }
        std::thread::sleep(LOOK);
    }
    eprintln!("the server did not end in time, killing it");
    match child.kill().and_then(|()| child.wait()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the server could not be killed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Redis also accepts commands as plain lines.
fn ask_to_end(port: u16, password: &str) -> std::io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.write_all(format!("AUTH {password}\r\nSHUTDOWN SAVE\r\n").as_bytes())
}
