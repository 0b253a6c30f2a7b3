//! The floods that bypass the SDK.

use toril_plugin::Failure;
use wasip2::cli::stdout;
use wasip2::http::types::{Fields, Method, OutgoingRequest};
use wasip2::io::streams::StreamError;
use wasip2::random::random;

/// Starts one of them.
pub fn flood(what: &str, amount: usize) -> Result<(), Failure> {
    match what {
        "handles" => {
            let held: Vec<_> = (0..amount).map(|_| Fields::new()).collect();
            drop(held);
        }
        "random" => drop(random::get_random_bytes(amount as u64)),
        "headers" => {
            let fields = Fields::new();
            (0..amount).try_for_each(|n| fields.append(&format!("x-{n}"), &[b'x'; 1000])).map_err(refused)?;
        }
        "print" => {
            let out = stdout::get_stdout();
            (0..amount).try_for_each(|_| out.blocking_write_and_flush(b"a line\n")).map_err(refused)?;
        }
        "bodies" => bodies(amount),
        "requests" => {
            let held: Vec<_> = (0..amount).map(|_| OutgoingRequest::new(Fields::new())).collect();
            drop(held);
        }
        "method" => {
            let request = OutgoingRequest::new(Fields::new());
            request.set_method(&Method::Other("x".repeat(amount))).map_err(refused)?;
        }
        "authority" => {
            let request = OutgoingRequest::new(Fields::new());
            request.set_authority(Some(&"x".repeat(amount))).map_err(refused)?;
        }
        "no-utf-8" => toril_plugin::log::info(no_text()),
        "print-no-utf-8" => stdout::get_stdout().blocking_write_and_flush(b"caf\xe9 \xff\xfe\n").map_err(refused)?,
        other => return Err(Failure::fatal(format!("there is no flood called {other:?}"))),
    }
    Ok(())
}

/// Fills the bodies of this many requests, and keeps the requests without sending them. Their streams and bodies are
/// dropped, so each holds one resource and everything in its buffer.
pub fn bodies(amount: usize) {
    let mut held = Vec::new();
    for _ in 0..amount {
        let request = OutgoingRequest::new(Fields::new());
        let Ok(body) = request.body() else { return };
        let Ok(stream) = body.write() else { return };
        while let Ok(room @ 1..) = stream.check_write() {
            if let Err(StreamError::Closed) = stream.write(&vec![b'x'; room as usize]) {
                return;
            }
        }
        drop(stream);
        drop(body);
        held.push(request);
    }
}

fn refused(error: impl std::fmt::Debug) -> Failure {
    Failure::fatal(format!("refused: {error:?}"))
}

/// Bytes that are not UTF-8, in place of a text.
#[allow(unsafe_code, reason = "a hostile plugin is bound by nothing that its compiler checks")]
fn no_text() -> String {
    unsafe { String::from_utf8_unchecked(vec![b'x', 0xff, 0xfe, b'y']) }
}
