//! A conversation with a server.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use toril_plugin::tcp::{self, TcpError, TcpStream};
use toril_plugin::{Failure, Json};

use crate::failure;

#[derive(Deserialize)]
pub struct Talk {
    server: String,
    steps: Vec<Step>,
    /// The timeout of the connection, and of each read and write.
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    /// Sends a text.
    Send(String),
    /// Reads a line, with its end.
    Line,
    /// Reads until the server sends no more.
    Rest,
    /// Encrypts the connection.
    StartTls,
    /// Waits until all bytes are sent.
    Flush,
    /// Tells the server that no more bytes follow.
    EndWriting,
    /// Lets this time pass.
    Sleep(u64),
}

/// Takes the steps, and returns what was read. A failed step fails the job.
pub fn talk(data: Talk) -> Result<Json, Failure> {
    let timeout = data.timeout_ms.map(Duration::from_millis);
    let connected = match timeout {
        Some(timeout) => tcp::connect_timeout(&data.server, timeout),
        None => tcp::connect(&data.server),
    };
    let mut stream = connected.map_err(failure)?;
    stream.set_timeout(timeout);
    let mut read = Vec::new();
    for step in data.steps {
        match step {
            Step::Send(text) => stream.write_all(text.as_bytes()).map_err(failure)?,
            Step::Line => read.push(line(&mut stream).map_err(failure)?),
            Step::Rest => read.push(rest(&mut stream).map_err(failure)?),
            Step::StartTls => stream = stream.start_tls().map_err(failure)?,
            Step::Flush => stream.flush().map_err(failure)?,
            Step::EndWriting => stream.end_writing().map_err(failure)?,
            Step::Sleep(ms) => toril_plugin::clock::sleep(Duration::from_millis(ms)),
        }
    }
    Ok(Json::from(json!(read)))
}

/// Reads byte for byte, so that nothing behind the line is taken.
fn line(stream: &mut TcpStream) -> Result<String, TcpError> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while !line.ends_with(b"\n") && stream.read(&mut byte)? == 1 {
        line.extend_from_slice(&byte);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn rest(stream: &mut TcpStream) -> Result<String, TcpError> {
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut part)? {
            0 => return Ok(String::from_utf8_lossy(&all).into_owned()),
            count => all.extend_from_slice(&part[..count]),
        }
    }
}

#[derive(Deserialize)]
pub struct Amount {
    server: String,
    bytes: usize,
}

/// Sends this many bytes and then nothing more, and returns how many bytes came back.
pub fn send(data: Amount) -> Result<Json, Failure> {
    let mut stream = tcp::connect(&data.server).map_err(failure)?;
    let (chunk, mut received, mut part) = (vec![b'x'; 100_000], 0, vec![0; 100_000]);
    let mut left = data.bytes;
    while left > 0 {
        let size = left.min(chunk.len());
        stream.write_all(&chunk[..size]).map_err(failure)?;
        left -= size;
        // The server echoes, and nobody may have to wait for the other one.
        while received < data.bytes - left {
            received += stream.read(&mut part).map_err(failure)?;
        }
    }
    stream.end_writing().map_err(failure)?;
    received += rest(&mut stream).map_err(failure)?.len();
    Ok(Json::from(json!(received)))
}

#[derive(Deserialize)]
pub struct Server {
    server: String,
}

/// Sends without end.
pub fn pour(data: Server) -> Result<Json, Failure> {
    let mut stream = tcp::connect(&data.server).map_err(failure)?;
    loop {
        stream.write_all(&[b'x'; 64 * 1024]).map_err(failure)?;
    }
}

/// Reads until the server sends no more, and returns the number of bytes.
pub fn drain(data: Server) -> Result<Json, Failure> {
    let mut stream = tcp::connect(&data.server).map_err(failure)?;
    let (mut received, mut part) = (0_u64, vec![0; 64 * 1024]);
    loop {
        match stream.read(&mut part).map_err(failure)? {
            0 => return Ok(Json::from(Value::from(received))),
            count => received += count as u64,
        }
    }
}
