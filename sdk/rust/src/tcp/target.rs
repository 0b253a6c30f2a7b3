//! The server of a connection.

use super::TcpError;

/// A host and a port.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a component connects"))]
pub(super) struct Target {
    /// Without brackets.
    pub host: String,
    pub port: u16,
    /// As the plugin wrote it.
    pub shown: String,
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, TcpError> {
        let (host, port) = text.rsplit_once(':').unwrap_or_default();
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').unwrap_or_default(),
            None if host.contains(':') => "",
            None => host,
        };
        match port.parse() {
            Ok(port) if !host.is_empty() && port != 0 => {
                Ok(Self { host: host.to_owned(), port, shown: text.to_owned() })
            }
            _ => Err(TcpError::InvalidServer { server: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_a_host_and_a_port() {
        for (text, host, port) in
            [("a.example:25", "a.example", 25), ("[::1]:6379", "::1", 6379), ("10.0.0.1:1", "10.0.0.1", 1)]
        {
            let target = Target::parse(text).expect("a server");
            assert_eq!((target.host.as_str(), target.port), (host, port));
        }
        for text in ["", "a.example", ":25", "a.example:", "a.example:0", "a.example:70000", "::1:25", "[::1:25"] {
            assert!(matches!(Target::parse(text), Err(TcpError::InvalidServer { .. })), "{text}");
        }
    }
}
