//! Decides which granted server a connection is for. A guest connects to an address and a port, and not to a name. So
//! the host remembers which granted names have led to which addresses in this attempt.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::prepared::Target;

/// Maximum number of addresses that are remembered per attempt. The oldest one is forgotten first.
const KEPT: usize = 256;

/// The addresses that granted hosts have led to, in the order of their look-ups.
#[derive(Default)]
pub struct Remembered(Vec<Found>);

struct Found {
    host: Arc<str>,
    address: IpAddr,
}

/// Why a connection is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// No granted host has led to this address.
    Address,
    /// This granted host has led to it, and is not granted with that port.
    Port(String),
    /// The entry grants two servers that lead to it, one of them with TLS. A server is a name, or the address itself.
    Ambiguous(String, String),
}

impl Remembered {
    /// Remembers that this host leads to these addresses.
    pub fn add(&mut self, host: &Arc<str>, addresses: &[IpAddr]) {
        for address in addresses.iter().map(IpAddr::to_canonical) {
            self.0.retain(|known| !(known.address == address && known.host == *host));
            self.0.push(Found { host: host.clone(), address });
        }
        let surplus = self.0.len().saturating_sub(KEPT);
        self.0.drain(..surplus);
    }

    /// The granted server that a connection to this address is for. If several names lead there, it is the one that was
    /// looked up last. They must agree about TLS.
    pub fn choose<'t>(&self, targets: &'t [Arc<Target>], address: SocketAddr) -> Result<&'t Arc<Target>, Refused> {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let with_port = || targets.iter().filter(|target| target.server.port() == port);
        // A guest that connects to an address that it knows looks nothing up.
        let literal = with_port().find(|target| target.server.address().is_some_and(|own| own.to_canonical() == ip));
        let found = self.0.iter().rev().filter(|found| found.address == ip);
        let named = found.clone().filter_map(|found| with_port().find(|target| target.server.host() == &*found.host));
        let mut meant = named.chain(literal);
        let Some(chosen) = meant.next() else {
            let mut found = found;
            return Err(found.next().map_or(Refused::Address, |found| Refused::Port(found.host.to_string())));
        };
        match meant.find(|other| other.security != chosen.security) {
            Some(other) => Err(Refused::Ambiguous(other.server.to_string(), chosen.server.to_string())),
            None => Ok(chosen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::prepared::Security::{self, Plain, Tls};
    use super::*;

    fn targets(all: &[(&str, Security)]) -> Vec<Arc<Target>> {
        let target = |(server, security): &(&str, Security)| {
            Arc::new(Target::new("p", server.parse().expect("a target"), *security))
        };
        all.iter().map(target).collect()
    }

    /// The server that is chosen after these look-ups, each of which found the address 10.0.0.1.
    fn chosen(targets: &[Arc<Target>], looked_up: &[&str], address: &str) -> Result<String, Refused> {
        let mut remembered = Remembered::default();
        for host in looked_up {
            remembered.add(&Arc::from(*host), &["10.0.0.1".parse().expect("an address")]);
        }
        let address = address.parse().expect("an address");
        remembered.choose(targets, address).map(|target| target.server.to_string())
    }

    #[test]
    fn an_address_belongs_to_the_name_that_led_to_it() {
        let targets = targets(&[("a:25", Plain), ("b:25", Plain)]);
        assert_eq!(chosen(&targets, &["b"], "10.0.0.1:25"), Ok("b:25".into()));
        assert_eq!(chosen(&targets, &["b"], "[::ffff:10.0.0.1]:25"), Ok("b:25".into()));
        assert_eq!(chosen(&targets, &[], "10.0.0.1:25"), Err(Refused::Address));
        assert_eq!(chosen(&targets, &["b"], "10.0.0.2:25"), Err(Refused::Address));
        assert_eq!(chosen(&targets, &["a", "b"], "10.0.0.1:26"), Err(Refused::Port("b".into())));
    }

    #[test]
    fn of_several_names_with_one_address_the_last_one_that_was_looked_up_decides() {
        for security in [Plain, Tls] {
            let targets = targets(&[("a:465", security), ("b:465", security), ("c:465", security)]);
            assert_eq!(chosen(&targets, &["a", "b"], "10.0.0.1:465"), Ok("b:465".into()));
            assert_eq!(chosen(&targets, &["a", "b", "a"], "10.0.0.1:465"), Ok("a:465".into()));
            // A name that is not granted with this port does not count.
            assert_eq!(chosen(&targets, &["a", "b", "d"], "10.0.0.1:465"), Ok("b:465".into()));
        }
    }

    #[test]
    fn names_with_one_address_are_refused_if_only_one_of_them_is_granted_with_tls() {
        let targets = targets(&[("a:25", Plain), ("b:25", Tls), ("c:25", Plain), ("b:26", Plain)]);
        let both = |other: &str, chosen: &str| Err(Refused::Ambiguous(other.into(), chosen.into()));
        assert_eq!(chosen(&targets, &["a", "b"], "10.0.0.1:25"), both("a:25", "b:25"));
        assert_eq!(chosen(&targets, &["b", "a"], "10.0.0.1:25"), both("b:25", "a:25"));
        assert_eq!(chosen(&targets, &["b", "a", "c"], "10.0.0.1:25"), both("b:25", "c:25"));
        // Names that were not looked up do not count, and neither do other ports.
        assert_eq!(chosen(&targets, &["a", "c"], "10.0.0.1:25"), Ok("c:25".into()));
        assert_eq!(chosen(&targets, &["a", "b"], "10.0.0.1:26"), Ok("b:26".into()));
    }

    #[test]
    fn a_granted_address_needs_no_look_up() {
        let targets = targets(&[("10.0.0.1:25", Plain), ("[::1]:25", Tls)]);
        assert_eq!(chosen(&targets, &[], "10.0.0.1:25"), Ok("10.0.0.1:25".into()));
        assert_eq!(chosen(&targets, &[], "[::1]:25"), Ok("[::1]:25".into()));
        assert_eq!(chosen(&targets, &[], "10.0.0.1:26"), Err(Refused::Address));
    }

    #[test]
    fn an_address_that_is_granted_plainly_and_by_name_with_tls_is_refused() {
        let targets = targets(&[("10.0.0.1:25", Plain), ("a:25", Tls), ("b:25", Plain)]);
        let both = Err(Refused::Ambiguous("10.0.0.1:25".into(), "a:25".into()));
        assert_eq!(chosen(&targets, &["a"], "10.0.0.1:25"), both);
        assert_eq!(chosen(&targets, &["b"], "10.0.0.1:25"), Ok("b:25".into()));
        let both = Err(Refused::Ambiguous("a:25".into(), "10.0.0.1:25".into()));
        assert_eq!(chosen(&targets, &["a", "10.0.0.1"], "10.0.0.1:25"), both);
    }

    #[test]
    fn only_so_many_addresses_are_remembered() {
        let mut remembered = Remembered::default();
        let address = |number: usize| IpAddr::from(u32::try_from(number).expect("small").to_be_bytes());
        for number in 0..KEPT + 10 {
            remembered.add(&"a".into(), &[address(number)]);
        }
        let targets = targets(&[("a:25", Plain)]);
        let chosen = |number| remembered.choose(&targets, SocketAddr::new(address(number), 25)).is_ok();
        assert_eq!((remembered.0.len(), chosen(9), chosen(10), chosen(KEPT + 9)), (KEPT, false, true, true));
    }
}
