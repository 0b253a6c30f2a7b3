//! Checks the `Host` of requests, against DNS rebinding: a page of another site can make its own name resolve to this
//! machine. The browser then treats both as one site, and only `Host` shows the difference. An IP address cannot be
//! redirected like that, so every IP address is valid.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// The valid names.
#[derive(Clone, Debug)]
pub struct HostNames {
    /// Accept only `localhost`, IP addresses and the allowed names. Otherwise accept any name.
    strict: bool,
    allowed: Vec<String>,
}

impl HostNames {
    /// For a server that listens on `address`. Names are checked if `address` is loopback, or if `allowed` is not
    /// empty.
    pub fn new(address: SocketAddr, allowed: &[String]) -> Self {
        let strict = address.ip().to_canonical().is_loopback() || !allowed.is_empty();
        Self { strict, allowed: allowed.to_vec() }
    }

    /// Checks that the request has a valid `Host`. The error is the reason.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err("the request has no `Host`, or more than one");
        };
        let name = host.to_str().ok().and_then(name).ok_or("the request's `Host` is none")?;
        if !self.strict || name == "localhost" || is_address(&name) || self.allowed.contains(&name) {
            return Ok(());
        }
        Err("the name in `Host` is not one of this server: add it to `allowed_hosts` under [host]")
    }

    /// Like `check`, but accepts a missing `Host`, which some probes do not send. A browser always sends one.
    fn check_probe(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        if headers.contains_key(HOST) { self.check(headers) } else { Ok(()) }
    }
}

/// Serves `routes` only to requests with a valid `Host` or without one.
pub fn named(routes: Router, names: HostNames) -> Router {
    routes.layer(from_fn_with_state(names, check_name))
}

async fn check_name(State(names): State<HostNames>, request: Request, next: Next) -> Response {
    match names.check_probe(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => Problem::new(StatusCode::FORBIDDEN, why).into_response(),
    }
}

/// The host name without the port, in lower case.
fn name(host: &str) -> Option<String> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (format!("[{address}]"), port.strip_prefix(':').or(port.is_empty().then_some(""))?)
        }
        None => {
            let (name, port) = host.split_once(':').unwrap_or((host, ""));
            (name.to_owned(), port)
        }
    };
    let is_port = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    (!name.is_empty() && is_port).then(|| name.to_ascii_lowercase())
}

fn is_address(name: &str) -> bool {
    match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => name.parse::<IpAddr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listen: &str, allowed: &[&str], host: &str) -> bool {
        let allowed: Vec<_> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let names = HostNames::new(listen.parse().expect("an address"), &allowed);
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().expect("a header"));
        names.check(&headers).is_ok()
    }

    #[test]
    fn on_loopback_localhost_and_addresses_are_right_and_other_names_are_not() {
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:9090", "[::1]:9090", "[::1]", "10.0.0.1", "10.0.0.1:9090"] {
            assert!(check("127.0.0.1:9090", &[], host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:9090",
            "[::1",
            "[127.0.0.1.evil.example]",
            "x:y",
            "1.2.3",
            "2130706433",
        ] {
            assert!(!check("127.0.0.1:9090", &[], host), "{host}");
        }
    }

    #[test]
    fn names_that_are_allowed_are_right_and_then_no_others_are() {
        assert!(check("127.0.0.1:1", &["toril.test"], "Toril.test:80"));
        assert!(
            check("0.0.0.0:1", &["toril.test"], "toril.test") && !check("0.0.0.0:1", &["toril.test"], "other.test")
        );
    }

    #[test]
    fn on_an_address_that_others_reach_any_name_is_right_where_none_is_given() {
        assert!(check("0.0.0.0:1", &[], "toril.test"));
    }

    #[test]
    fn addresses_are_right_where_names_are_allowed() {
        assert!(check("0.0.0.0:1", &["toril.test"], "10.1.2.3:9090"));
    }

    #[test]
    fn a_request_without_a_name_is_refused_unless_it_is_a_probe() {
        let names = HostNames::new(SocketAddr::from(([127, 0, 0, 1], 1)), &[]);
        assert!(names.check(&HeaderMap::new()).is_err());
        assert!(names.check_probe(&HeaderMap::new()).is_ok());
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "evil.example".parse().expect("a header"));
        assert!(names.check_probe(&headers).is_err());
    }
}
