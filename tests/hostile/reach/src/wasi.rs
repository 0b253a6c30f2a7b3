//! The calls. Each returns its result, or why it was refused.

use serde_json::{Value, json};
use wasip2::cli::{environment as cli_environment, stderr, stdout};
use wasip2::filesystem::preopens;
use wasip2::sockets::network::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::{instance_network, ip_name_lookup, tcp_create_socket};

pub fn files() -> Value {
    let folders: Vec<_> = preopens::get_directories().into_iter().map(|(_, path)| path).collect();
    json!(folders)
}

pub fn environment() -> Value {
    json!(cli_environment::get_environment())
}

pub fn arguments() -> Value {
    json!(cli_environment::get_arguments())
}

pub fn socket() -> Value {
    let network = instance_network::instance_network();
    let socket = match tcp_create_socket::create_tcp_socket(IpAddressFamily::Ipv4) {
        Ok(socket) => socket,
        Err(code) => return json!(format!("no socket: {code:?}")),
    };
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress { port: 9, address: (127, 0, 0, 1) });
    match socket.start_connect(&network, address) {
        Ok(()) => json!("connecting"),
        Err(code) => json!(format!("no connection: {code:?}")),
    }
}

pub fn lookup() -> Value {
    let network = instance_network::instance_network();
    match ip_name_lookup::resolve_addresses(&network, "localhost") {
        Ok(_) => json!("resolving"),
        Err(code) => json!(format!("no name: {code:?}")),
    }
}

pub fn print() -> Value {
    let out = stdout::get_stdout().blocking_write_and_flush(b"first line\nsecond ");
    let more = stdout::get_stdout().blocking_write_and_flush(b"line\nno end");
    let error = stderr::get_stderr().blocking_write_and_flush(b"something odd\n");
    json!([out.is_ok(), more.is_ok(), error.is_ok()])
}
