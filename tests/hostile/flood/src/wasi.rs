//! The floods that go around the SDK.

use toril_plugin::Failure;
use wasip2::cli::stdout;
use wasip2::http::types::{Fields, OutgoingRequest};
use wasip2::random::random;

/// Starts one of them.
pub fn flood(what: &str, amount: usize) -> Result<(), Failure> {
    match what {
        "handles" => {
            let held: Vec<_> = (0..amount).map(|_| OutgoingRequest::new(Fields::new())).collect();
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
        "no-utf-8" => toril_plugin::log::info(no_text()),
        "print-no-utf-8" => stdout::get_stdout().blocking_write_and_flush(b"caf\xe9 \xff\xfe\n").map_err(refused)?,
        other => return Err(Failure::fatal(format!("there is no flood called {other:?}"))),
    }
    Ok(())
}

fn refused(error: impl std::fmt::Debug) -> Failure {
    Failure::fatal(format!("refused: {error:?}"))
}

/// Bytes that are no text, where a text is wanted.
#[allow(unsafe_code, reason = "a hostile plugin is bound by nothing that its compiler checks")]
fn no_text() -> String {
    unsafe { String::from_utf8_unchecked(vec![b'x', 0xff, 0xfe, b'y']) }
}
