//! Which addresses a granted origin may lead to. A name is resolved once, and the connection goes to what was looked at:
//! a name that answers differently the next time gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use crate::config::Origin;

/// Where an origin leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Resolved {
    /// To these addresses, at least one, which may be connected to.
    Allowed(Vec<SocketAddr>),
    /// To these addresses, none of which may.
    Prohibited(String),
    /// Nobody knows.
    Unknown,
}

/// Looks up the addresses of an origin.
pub async fn resolve(origin: &Origin, private: &[IpNet]) -> Resolved {
    let (host, port) = (origin.host().trim_matches(['[', ']']), origin.port());
    // An address that stands in the configuration is named as plainly as can be.
    if let Ok(address) = host.parse::<IpAddr>() {
        return Resolved::Allowed(vec![SocketAddr::new(address, port)]);
    }
    let found: Vec<_> = match tokio::net::lookup_host((host, port)).await {
        Ok(found) => found.collect(),
        Err(error) => {
            tracing::debug!(host, %error, "name not resolved");
            return Resolved::Unknown;
        }
    };
    let allowed: Vec<_> = found.iter().copied().filter(|address| is_allowed(host, address.ip(), private)).collect();
    match (allowed.is_empty(), found.is_empty()) {
        (false, _) => Resolved::Allowed(allowed),
        (true, false) => {
            let addresses: Vec<_> = found.iter().map(|address| address.ip().to_string()).collect();
            Resolved::Prohibited(addresses.join(", "))
        }
        (true, true) => Resolved::Unknown,
    }
}

fn is_allowed(host: &str, address: IpAddr, private: &[IpNet]) -> bool {
    let address = address.to_canonical();
    is_public(address)
        || (is_localhost(host) && address.is_loopback())
        || private.iter().any(|range| range.contains(&address))
}

/// `localhost` means loopback (RFC 6761, section 6.3), so who names it has named that.
fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// Whether anybody on the internet could have this address: none of the special-purpose ranges that IANA lists
/// (RFC 6890), which private networks, link-local services and cloud metadata are in.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        // Shared between carriers and their customers.
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments, and the relay to IPv6.
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        // Benchmarks.
        || (a == 198 && (18..20).contains(&b))
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Embedded IPv4 addresses lead to those.
    if let Some(embedded) = embedded_v4(address) {
        return is_public_v4(embedded);
    }
    // Only this eighth is given out at all, less what is for documentation and protocols in it.
    (a & 0xe000) == 0x2000 && !(a == 0x2001 && (b < 0x0200 || b == 0x0db8)) && a != 0x3fff
}

/// The IPv4 address that a NAT64 (`64:ff9b::/96`) or 6to4 (`2002::/16`) address stands for.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(host: &str, address: &str, private: &[&str]) -> bool {
        let private: Vec<IpNet> = private.iter().map(|range| range.parse().expect("a range")).collect();
        is_allowed(host, address.parse().expect("an address"), &private)
    }

    #[test]
    fn public_addresses_are_allowed() {
        for address in ["140.82.121.6", "8.8.8.8", "2606:50c0:8000::154", "2001:4860:4860::8888"] {
            assert!(allowed("example.com", address, &[]), "{address}");
        }
    }

    #[test]
    fn addresses_that_are_not_public_are_refused_to_a_name() {
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "192.0.0.192",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!allowed("example.com", address, &[]), "{address}");
        }
    }

    #[test]
    fn localhost_names_loopback_and_nothing_else() {
        assert!(allowed("localhost", "127.0.0.1", &[]));
        assert!(allowed("api.localhost", "::1", &[]));
        assert!(!allowed("localhost", "10.0.0.1", &[]));
        assert!(!allowed("notlocalhost", "127.0.0.1", &[]));
    }

    #[test]
    fn a_range_that_is_named_is_allowed() {
        assert!(allowed("agent", "172.18.0.3", &["172.16.0.0/12"]));
        assert!(!allowed("agent", "10.0.0.3", &["172.16.0.0/12"]));
        assert!(allowed("agent", "::ffff:172.18.0.3", &["172.16.0.0/12"]));
    }
}
