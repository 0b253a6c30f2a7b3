//! By which names the server may be called. A page of another site can make its own name lead to this machine (DNS
//! rebinding); the browser then takes both for one site, and only the name in the request tells.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::HOST;

/// The names that are right.
#[derive(Clone, Debug)]
pub struct HostNames {
    /// Only loopback's names and those that are allowed; otherwise any.
    strict: bool,
    allowed: Vec<String>,
}

impl HostNames {
    /// For a server that listens on `address`. On loopback, or where names are given, only those are right.
    pub fn new(address: SocketAddr, allowed: &[String]) -> Self {
        let strict = address.ip().to_canonical().is_loopback() || !allowed.is_empty();
        Self { strict, allowed: allowed.to_vec() }
    }

    /// Whether a request calls the server by a right name, or why not.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err("the request has no `Host`, or more than one");
        };
        let name = host.to_str().ok().and_then(name).ok_or("the request's `Host` is none")?;
        if !self.strict || is_loopback(&name) || self.allowed.contains(&name) {
            return Ok(());
        }
        Err("the server is not known by the name in `Host`: `allowed_hosts` under [host] says by which others it is")
    }
}

/// The host without its port, in lower case.
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

fn is_loopback(name: &str) -> bool {
    if name == "localhost" {
        return true;
    }
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
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
    fn on_loopback_only_its_own_names_are_right() {
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:9090", "[::1]:9090", "[::1]"] {
            assert!(check("127.0.0.1:9090", &[], host), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:9090", "[::1", "x:y", "10.0.0.1"]
        {
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
    fn a_request_without_a_name_is_refused() {
        let names = HostNames::new(SocketAddr::from(([0, 0, 0, 0], 1)), &[]);
        assert!(names.check(&HeaderMap::new()).is_err());
    }
}
