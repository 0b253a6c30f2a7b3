//! `host[:port]`, the part that Redis URLs and HTTP origins share.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Why a host or a port is not valid. The message follows the name of the value: "… has no host".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The host is empty.
    #[error("has no host")]
    NoHost,
    /// Not a valid host, or a host that URL parsers interpret differently, such as `127.1`.
    #[error("has a host that is neither a name nor an address")]
    Host,
    /// An internationalised name that is not in its ASCII form.
    #[error("has a host outside ASCII: write it in its xn-- form")]
    NotAscii,
    /// Not a number, 0, or too large.
    #[error("has a port that is not a number from 1 to 65535")]
    Port,
}

/// Splits `text` into a lower-case host and an optional port. An IPv6 address keeps its brackets and is written in
/// its shortest form, so that two spellings of one host are equal.
pub fn split(text: &str) -> Result<(String, Option<u16>), AuthorityError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(AuthorityError::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| AuthorityError::Host)?;
        let port = match rest {
            "" => None,
            _ => Some(port(rest.strip_prefix(':').ok_or(AuthorityError::Host)?)?),
        };
        return Ok((format!("[{address}]"), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, digits)) => (host, Some(port(digits)?)),
        None => (text, None),
    };
    check_name(host)?;
    Ok((host.to_ascii_lowercase(), port))
}

fn port(digits: &str) -> Result<u16, AuthorityError> {
    // `parse` alone would accept a sign.
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(port) if plain && port != 0 => Ok(port),
        _ => Err(AuthorityError::Port),
    }
}

fn check_name(host: &str) -> Result<(), AuthorityError> {
    if host.is_empty() {
        return Err(AuthorityError::NoHost);
    }
    if !host.is_ascii() {
        return Err(AuthorityError::NotAscii);
    }
    let label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.bytes().all(fits)
    };
    if !host.split('.').all(label) {
        return Err(AuthorityError::Host);
    }
    // URL parsers interpret a name that ends in a number as an IPv4 address, in spellings such as 127.1 or
    // 0x7f000001. Only the plain spelling is allowed; otherwise two parsers could see two different hosts.
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X");
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(AuthorityError::Host);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_lower_case_and_ports_optional() {
        assert_eq!(split("Redis-1.Example.org:7000"), Ok(("redis-1.example.org".into(), Some(7000))));
        assert_eq!(split("my_redis"), Ok(("my_redis".into(), None)));
        assert_eq!(split("10.0.0.1"), Ok(("10.0.0.1".into(), None)));
    }

    #[test]
    fn two_spellings_of_an_ipv6_address_are_one() {
        assert_eq!(split("[0:0:0:0:0:0:0:1]:80"), Ok(("[::1]".into(), Some(80))));
        assert_eq!(split("[::1]"), Ok(("[::1]".into(), None)));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for (text, error) in [
            ("", AuthorityError::NoHost),
            (":80", AuthorityError::NoHost),
            ("a..b", AuthorityError::Host),
            ("example.org.", AuthorityError::Host),
            ("127.1", AuthorityError::Host),
            ("0x7f000001", AuthorityError::Host),
            ("2130706433", AuthorityError::Host),
            ("user@host", AuthorityError::Host),
            ("[::1", AuthorityError::Host),
            ("[::1]80", AuthorityError::Host),
            ("[fe80::1%eth0]", AuthorityError::Host),
            ("bücher.example", AuthorityError::NotAscii),
            ("host:", AuthorityError::Port),
            ("host:0", AuthorityError::Port),
            ("host:+80", AuthorityError::Port),
            ("host:65536", AuthorityError::Port),
            ("::1", AuthorityError::Port),
        ] {
            assert_eq!(split(text), Err(error), "{text}");
        }
    }
}
