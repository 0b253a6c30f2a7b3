//! A connection that a job leaves to the next job of the same instance.

use std::cell::RefCell;

use serde::Deserialize;
use serde_json::json;
use toril_plugin::tcp::{self, TcpStream};
use toril_plugin::{Failure, Json};

use crate::failure;

thread_local! {
    static KEPT: RefCell<Option<TcpStream>> = const { RefCell::new(None) };
}

#[derive(Deserialize)]
pub struct Keep {
    server: String,
}

/// Opens a connection, and keeps it.
pub fn keep(data: Keep) -> Result<Json, Failure> {
    let stream = tcp::connect(&data.server).map_err(failure)?;
    KEPT.with_borrow_mut(|kept| *kept = Some(stream));
    Ok(Json::from(json!("kept")))
}

/// Uses the connection of an earlier job.
pub fn kept() -> Result<Json, Failure> {
    KEPT.with_borrow_mut(|kept| {
        let Some(stream) = kept else { return Ok(Json::from(json!("nothing"))) };
        let written = stream.write_all(b"hello\n").map_err(|error| error.to_string());
        let read = stream.read(&mut [0; 10]).map_err(|error| error.to_string());
        Ok(Json::from(json!({ "written": written.err(), "read": read })))
    })
}
