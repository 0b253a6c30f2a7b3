//! The attacks through TCP connections: the third part of the list in `main.rs`.

use crate::case::cases;
use crate::sockets;

cases! {
    a_server_that_is_not_granted => sockets::another_server {
        "a TCP connection to a server that its entry does not grant",
        "only granted hosts are looked up",
        "a connection to localhost:… was denied (plugin hostile may not connect to localhost: add `tcp = [\"localhost:PORT\"]` under [plugins.hostile] in the configuration to allow it, or `tls` if the host is to encrypt the connection)"
    }
    a_port_that_is_not_granted => sockets::another_port {
        "a TCP connection to another port of a granted host",
        "a grant is a host and a port",
        "a connection to localhost:… was denied (plugin hostile may not connect to localhost:…: add `tcp = [\"localhost:…\"]` under [plugins.hostile] in the configuration to allow it, or `tls` if the host is to encrypt the connection)"
    }
    a_name_that_leads_inside_over_tcp => sockets::a_name_that_leads_inside {
        "a TCP connection to a granted name that leads to a private address",
        "names may lead only to public addresses, unless `private_addresses` says otherwise",
        "… cannot be reached: its name leads only to addresses that are not public (plugin hostile may not connect to …: the name leads to …, which is not public; add the range to `private_addresses` under [plugins.hostile] in the configuration to allow it)"
    }
    another_address_than_the_checked_one => sockets::another_address {
        "looking up a granted name, and connecting to another address: of the metadata services of clouds, of the machine, or in another spelling (DNS rebinding, SSRF)",
        "a connection goes only to an address that the host itself has found and checked for a granted name in the same attempt",
        "10 addresses, all of them access-denied"
    }
    listening_and_udp => sockets::listening_and_udp {
        "listening on a port, binding to an address, and UDP",
        "sockets are clients of TCP alone",
        "access-denied access-denied access-denied"
    }
    many_connections_at_once => sockets::many_at_once {
        "100 connections at the same time",
        "16 of an attempt, and `tcp_connections` of the plugin",
        "16 are open, then: … cannot be reached: too many connections are open"
    }
    many_connections_in_sequence => sockets::many_in_sequence {
        "connections without end, one after the other",
        "1,000 of an attempt",
        "1000 were opened, then: … cannot be reached: too many connections are open"
    }
    an_endless_stream => sockets::an_endless_stream {
        "reading from a server that sends without end",
        "the host keeps 16 KiB of each connection, and `timeout` of the queue",
        "timeout: the plugin did not finish within 2s, the `timeout` of queue hostile"
    }
    a_server_that_takes_nothing => sockets::a_server_that_takes_nothing {
        "sending without end to a server that reads nothing",
        "the host keeps 64 KiB of each connection, and `timeout` of the queue",
        "timeout: the plugin did not finish within 2s, the `timeout` of queue hostile"
    }
    a_handshake_without_end => sockets::a_handshake_without_end {
        "a TLS connection to a server that never answers",
        "10 seconds for each step of a connection",
        "127.0.0.1:… did not answer in time"
    }
    a_wrong_certificate => sockets::a_wrong_certificate {
        "a TLS connection to a server with a certificate of another authority, or for another host",
        "the host checks it for the granted name, and a plugin cannot skip that",
        "[warn] plugin hostile: the connection to 127.0.0.…:… failed: the TLS handshake failed: invalid peer certificate: …"
    }
    plain_bytes_before_a_handshake => sockets::plain_bytes_before_a_handshake {
        "a server that sends plain bytes for the time after the handshake (STARTTLS injection)",
        "unread bytes fail the handshake",
        "the connection to 127.0.0.1:… could not be encrypted: the server has sent … bytes before the handshake"
    }
    a_connection_for_the_next_job => sockets::a_connection_for_the_next_job {
        "leaving an open connection to the next job, with `isolation = \"reuse\"`",
        "connections end with their attempt",
        "the connection to … broke: it was closed"
    }
}
