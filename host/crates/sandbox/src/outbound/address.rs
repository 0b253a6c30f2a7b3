//! Decides which addresses a granted host may lead to. A name is resolved once, and the connection goes to the
//! checked addresses. A name that resolves differently the next time (DNS rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::lookups::Lookups;

/// The result of resolving a host.
#[derive(Debug, PartialEq, Eq)]
pub enum Resolved {
    /// Addresses that may be connected to, at least one.
    Allowed(Vec<IpAddr>),
    /// The name resolves to these addresses, and none of them is allowed.
    Prohibited(String),
    /// The name does not resolve.
    Unknown,
}

/// Resolves the addresses of a granted host.
pub(super) async fn resolve(host: &str, private: &[IpNet], lookups: &Lookups) -> Resolved {
    // The configuration itself contains this address, so it is explicitly allowed.
    if let Ok(address) = host.parse::<IpAddr>() {
        return Resolved::Allowed(vec![address]);
    }
    let found = match lookups.addresses(host).await {
        Ok(found) => found,
        Err(error) => {
            tracing::debug!(host, %error, "name not resolved");
            return Resolved::Unknown;
        }
    };
    let allowed: Vec<_> = found.iter().copied().filter(|address| is_allowed(host, *address, private)).collect();
    match (allowed.is_empty(), found.is_empty()) {
        (false, _) => Resolved::Allowed(allowed),
        (true, false) => {
            let addresses: Vec<_> = found.iter().map(IpAddr::to_string).collect();
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

/// `localhost` means loopback (RFC 6761, section 6.3), so a grant for it allows loopback addresses.
fn is_localhost(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

/// IPv4 ranges that lead to no public server. All but the last two come from IANA's registry of special-purpose
/// addresses, including those that it calls globally reachable.
const SPECIAL_V4: &[Ipv4Net] = &[
    // This network, and private networks.
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    // Shared between carriers and their customers; contains the metadata service of Alibaba Cloud (100.100.100.200).
    // Then loopback.
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    // Link-local; contains the metadata service of most clouds (169.254.169.254).
    v4([169, 254, 0, 0], 16),
    // Protocol assignments; contains the metadata service of Oracle Cloud (192.0.0.192).
    v4([192, 0, 0, 0], 24),
    // Documentation.
    v4([192, 0, 2, 0], 24),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    // AS112 (reverse DNS of private addresses) and multicast relays (AMT).
    v4([192, 31, 196, 0], 24),
    v4([192, 52, 193, 0], 24),
    v4([192, 175, 48, 0], 24),
    // The 6to4 relay.
    v4([192, 88, 99, 0], 24),
    // Benchmarking.
    v4([198, 18, 0, 0], 15),
    // Reserved, and broadcast.
    v4([240, 0, 0, 0], 4),
    // Multicast, which has its own registry.
    v4([224, 0, 0, 0], 4),
    // Not in a registry: on each Azure virtual machine, this public address leads to the machine's own host, which
    // serves the guest agent, health probes and DNS.
    v4([168, 63, 129, 16], 32),
];

/// The part of IPv6 for global unicast. All other addresses are refused: loopback, local and link-local addresses,
/// multicast, segment routing, and the NAT64 prefix for local use.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

/// Ranges inside [`GLOBAL_V6`] that lead to no public server, from IANA's registry for IPv6.
const SPECIAL_V6: &[Ipv6Net] = &[
    // Protocol assignments: Teredo, benchmarking, ORCHID, AMT, AS112.
    v6([0x2001, 0, 0, 0], 23),
    // Documentation.
    v6([0x2001, 0xdb8, 0, 0], 32),
    v6([0x3fff, 0, 0, 0], 20),
    // AS112.
    v6([0x2620, 0x4f, 0x8000, 0], 48),
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6([a, b, c, d]: [u16; 4], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), length)
}

/// Whether this is a public internet address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|range| range.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match embedded_v4(address) {
        Some(embedded) => is_public_v4(embedded),
        None => GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|range| range.contains(&address)),
    }
}

/// The IPv4 address embedded in a NAT64 (`64:ff9b::/96`) or 6to4 (`2002::/16`) address.
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
        for address in [
            "140.82.121.6",
            "8.8.8.8",
            "1.0.0.0",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "172.15.255.255",
            "172.32.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2002:808:808::1",
            "2606:50c0:8000::154",
            "3ffe::1",
        ] {
            assert!(allowed("example.com", address, &[]), "{address}");
        }
    }

    #[test]
    fn addresses_that_are_not_public_are_refused_to_a_name() {
        for address in [
            // The first and the last address of each range in the IPv4 registry.
            "0.0.0.0",
            "0.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.0",
            "127.255.255.255",
            "169.254.0.0",
            "169.254.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.0",
            "192.0.0.255",
            "192.0.2.0",
            "192.0.2.255",
            "192.31.196.0",
            "192.31.196.255",
            "192.52.193.0",
            "192.52.193.255",
            "192.88.99.0",
            "192.88.99.255",
            "192.168.0.0",
            "192.168.255.255",
            "192.175.48.0",
            "192.175.48.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.0",
            "198.51.100.255",
            "203.0.113.0",
            "203.0.113.255",
            "224.0.0.0",
            "239.255.255.255",
            "240.0.0.0",
            "255.255.255.255",
            // Services that clouds offer to their own machines.
            "169.254.169.254",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fe80::a9fe:a9fe",
            // The IPv6 registry.
            "::",
            "::1",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "100:0:0:1::1",
            "2001::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2620:4f:8000::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            // IPv6 addresses that contain an IPv4 address.
            "::10.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:168.63.129.16",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::168.63.129.16",
            "2002:7f00:1::",
            "2002:a83f:8110::1",
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
