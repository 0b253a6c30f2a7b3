//! Fuzz targets for the authorisation of requests.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use axum::http::header::HOST;

use super::host_name::HostNames;
use super::{Sessions, cross_site};

/// The headers of a client without a session.
pub fn headers(headers: &HeaderMap, address: SocketAddr) {
    let _own = cross_site::is_own(headers);
    if HostNames::new(address, &[]).check(headers).is_ok() {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        let name = host.rsplit_once(':').map_or(&*host, |(name, port)| if port.contains(']') { &host } else { name });
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        assert!(name == "localhost" || address.is_ok(), "{host} is taken for a name of this server");
    }
    let sessions = Sessions::new(address.port());
    assert!(!sessions.knows(headers), "a session that nobody has begun");
    let _set = sessions.begin(headers);
    let _ended = sessions.end(headers);
}
