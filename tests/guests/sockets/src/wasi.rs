//! Calls of `wasi:sockets` that the SDK never makes.

use serde::Deserialize;
use serde_json::json;
use toril_plugin::{Failure, Json};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;
use wasip2::sockets::udp_create_socket::create_udp_socket;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// Connects to an address, after it has looked up these names.
    Connect { address: String, look_up: Vec<String> },
    /// Looks up a name.
    LookUp(String),
    /// Binds a socket to an address.
    Bind(String),
    /// Listens on a free port.
    Listen,
    /// Creates a UDP socket.
    Udp,
}

/// Makes the calls, and returns the result of each.
pub fn call(calls: Vec<Call>) -> Result<Json, Failure> {
    let results: Vec<_> = calls.into_iter().map(one).collect();
    Ok(Json::from(json!(results)))
}

fn one(call: Call) -> String {
    let result = match call {
        Call::Connect { address, look_up } => {
            for name in look_up {
                // The connection shows what it led to.
                let _ = addresses(&name);
            }
            connect(&address)
        }
        Call::LookUp(name) => addresses(&name).map(|found| found.join(" ")),
        Call::Bind(address) => bind(&address),
        Call::Listen => listen(),
        Call::Udp => create_udp_socket(IpAddressFamily::Ipv4).map(|_| "socket".to_owned()),
    };
    result.unwrap_or_else(|code| code.name().to_owned())
}

fn addresses(name: &str) -> Result<Vec<String>, ErrorCode> {
    let found = resolve_addresses(&instance_network(), name)?;
    let mut addresses = Vec::new();
    loop {
        match found.resolve_next_address() {
            Ok(Some(address)) => addresses.push(shown(address)),
            Ok(None) => return Ok(addresses),
            Err(ErrorCode::WouldBlock) => found.subscribe().block(),
            Err(code) => return Err(code),
        }
    }
}

fn shown(address: IpAddress) -> String {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => std::net::Ipv4Addr::new(a, b, c, d).to_string(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => std::net::Ipv6Addr::new(a, b, c, d, e, f, g, h).to_string(),
    }
}

fn parsed(address: &str) -> Result<(IpAddressFamily, IpSocketAddress), ErrorCode> {
    match address.parse().map_err(|_| ErrorCode::InvalidArgument)? {
        std::net::SocketAddr::V4(address) => {
            let [a, b, c, d] = address.ip().octets();
            let address = Ipv4SocketAddress { port: address.port(), address: (a, b, c, d) };
            Ok((IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(address)))
        }
        std::net::SocketAddr::V6(address) => {
            let [a, b, c, d, e, f, g, h] = address.ip().segments();
            let address = Ipv6SocketAddress {
                port: address.port(),
                flow_info: 0,
                address: (a, b, c, d, e, f, g, h),
                scope_id: 0,
            };
            Ok((IpAddressFamily::Ipv6, IpSocketAddress::Ipv6(address)))
        }
    }
}

fn connect(address: &str) -> Result<String, ErrorCode> {
    let (family, address) = parsed(address)?;
    let socket = create_tcp_socket(family)?;
    socket.start_connect(&instance_network(), address)?;
    loop {
        match socket.finish_connect() {
            Ok(_) => return Ok("connected".to_owned()),
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            Err(code) => return Err(code),
        }
    }
}

fn bind(address: &str) -> Result<String, ErrorCode> {
    let (family, address) = parsed(address)?;
    let socket = create_tcp_socket(family)?;
    socket.start_bind(&instance_network(), address)?;
    socket.finish_bind()?;
    Ok("bound".to_owned())
}

fn listen() -> Result<String, ErrorCode> {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    let (_, any) = parsed("0.0.0.0:0")?;
    socket.start_bind(&instance_network(), any)?;
    socket.finish_bind()?;
    socket.start_listen()?;
    socket.finish_listen()?;
    Ok("listening".to_owned())
}
