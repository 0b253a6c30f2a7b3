//! Addresses and error codes of `wasi:sockets` as those of Rust and as texts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use wasip2::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};

/// The family of an address.
pub fn family(address: IpAddr) -> IpAddressFamily {
    if address.is_ipv4() { IpAddressFamily::Ipv4 } else { IpAddressFamily::Ipv6 }
}

/// An address with a port.
pub fn socket_address(address: IpAddr, port: u16) -> IpSocketAddress {
    match address {
        IpAddr::V4(address) => IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: address.octets().into() }),
        IpAddr::V6(address) => IpSocketAddress::Ipv6(Ipv6SocketAddress {
            port,
            flow_info: 0,
            address: address.segments().into(),
            scope_id: 0,
        }),
    }
}

/// An address.
pub fn ip(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4(address) => IpAddr::V4(<[u8; 4]>::from(address).into()),
        IpAddress::Ipv6(address) => IpAddr::V6(<[u16; 8]>::from(address).into()),
    }
}

/// `address:port`, with brackets around an IPv6 address.
pub fn text(address: IpSocketAddress) -> String {
    let address: SocketAddr = match address {
        IpSocketAddress::Ipv4(one) => (Ipv4Addr::from(<[u8; 4]>::from(one.address)), one.port).into(),
        IpSocketAddress::Ipv6(one) => (Ipv6Addr::from(<[u16; 8]>::from(one.address)), one.port).into(),
    };
    address.to_string()
}

/// The name of an error in WIT, which JavaScript turns into Node's code.
pub fn name(error: ErrorCode) -> &'static str {
    match error {
        ErrorCode::AccessDenied => "access-denied",
        ErrorCode::Timeout => "timeout",
        ErrorCode::NewSocketLimit => "new-socket-limit",
        ErrorCode::RemoteUnreachable => "remote-unreachable",
        ErrorCode::ConnectionRefused => "connection-refused",
        ErrorCode::ConnectionReset => "connection-reset",
        ErrorCode::ConnectionAborted => "connection-aborted",
        ErrorCode::NameUnresolvable => "name-unresolvable",
        ErrorCode::TemporaryResolverFailure => "temporary-resolver-failure",
        ErrorCode::PermanentResolverFailure => "permanent-resolver-failure",
        ErrorCode::InvalidArgument => "invalid-argument",
        ErrorCode::InvalidState => "invalid-state",
        ErrorCode::ConcurrencyConflict => "concurrency-conflict",
        ErrorCode::NotSupported => "not-supported",
        ErrorCode::OutOfMemory => "out-of-memory",
        _ => "unknown",
    }
}
