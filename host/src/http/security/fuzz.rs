//! What a fuzzer drives of what a request must show.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use axum::http::header::HOST;

use super::host_name::HostNames;
use super::{Sessions, cross_site};

/// The headers of somebody who has no session.
pub fn headers(headers: &HeaderMap, address: SocketAddr) {
    let _own = cross_site::is_own(headers);
    if HostNames::new(address, &[]).check(headers).is_ok() {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        // An address in brackets is taken apart by the standard library.
        let own = ["localhost", "127.", "["].iter().any(|start| host.starts_with(start));
        assert!(own, "{host} is taken for loopback");
    }
    let sessions = Sessions::new(address.port());
    assert!(!sessions.knows(headers), "a session that nobody has begun");
    let _set = sessions.begin(headers);
    let _ended = sessions.end(headers);
}
