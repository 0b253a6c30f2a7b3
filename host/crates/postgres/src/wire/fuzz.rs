//! A fuzz target for the replies of a server.

use super::pipeline::Expect;
use super::{Bounds, Frames, Limits, Progress, Reply, Socket};

const LIMITS: Limits = Limits { row: 4096, other: 1024 };
const BOUNDS: Bounds = Bounds { rows: 10, bytes: 10_000 };

/// Reads the replies to a query, or to a batch, until the server breaks the protocol or closes the connection.
pub(crate) fn replies(query: bool, server: impl Socket + 'static) {
    let kept = true;
    let expected = if query {
        vec![
            Expect::Parsed { kept },
            Expect::Described,
            Expect::Bound { kept },
            Expect::Executed { kept },
            Expect::Ready,
        ]
    } else {
        vec![Expect::Simple, Expect::Ready]
    };
    let mut reply = Reply::new(expected.into(), BOUNDS, None);
    let mut frames = Frames::new(Box::new(server), LIMITS);
    while let Ok(true) = frames.fill_now() {
        while let Ok(Some(message)) = frames.next() {
            match reply.on(message) {
                Ok(Progress::Done) | Err(_) => return check(reply),
                Ok(_) => {}
            }
        }
    }
    check(reply);
}

/// Answers keep to their bounds, and their rows are whole.
fn check(reply: Reply) {
    let Ok(answers) = reply.into_result() else { return };
    let rows: u64 = answers.iter().map(|answer| u64::from(answer.row_count)).sum();
    let bytes: usize = answers.iter().map(|answer| answer.rows.len()).sum();
    assert!(rows <= BOUNDS.rows && bytes as u64 <= BOUNDS.bytes, "{rows} rows with {bytes} bytes");
}
