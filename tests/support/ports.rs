//! Free ports for servers that cannot choose one themselves.

use std::net::TcpListener;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that systems use for outgoing connections. Only tests compete for these, so a restarted server
/// finds its port free.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;
/// The number of ports of a process, before those of the next one.
const PER_PROCESS: u32 = 37;

/// A port of 127.0.0.1 on which nothing listens. Two calls in one process return different ports, and two processes
/// rarely compete for one. A caller must still check that its server has started.
pub(crate) fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let start = process::id().wrapping_mul(PER_PROCESS);
    for _ in 0..COUNT {
        let offset = start.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let Ok(port) = u16::try_from(FIRST + offset) else { continue };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("all {COUNT} ports of 127.0.0.1 from {FIRST} on are taken")
}
