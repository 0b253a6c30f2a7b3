//! The idle connections of one plugin. They belong to the plugin's settings, so a changed entry never uses a connection
//! that was opened under the previous one.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use toril_config::Origin;

/// Maximum number of idle connections. One more closes the one that has been idle for longest.
const MOST: usize = 100;

/// A connection that can be used again. Dropping it closes it.
pub trait Reusable {
    /// Distinguishes it from all others.
    fn number(&self) -> u64;
    /// Whether it was opened for this origin, to one of these addresses.
    fn leads_to(&self, origin: &Origin, addresses: &[SocketAddr]) -> bool;
    /// Whether it can take a request.
    fn is_ready(&self) -> bool;
}

/// The idle connections of one plugin. Dropping it closes them.
pub struct Connections<C>(Mutex<VecDeque<Idle<C>>>);

struct Idle<C> {
    connection: C,
    until: Instant,
}

impl<C: Reusable> Connections<C> {
    /// Starts without a connection.
    pub fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// Takes the connection that became idle last, of those that were opened for this origin to one of these
    /// addresses. These must be the addresses that the name leads to now and that are allowed now.
    pub fn take(&self, origin: &Origin, allowed: &[SocketAddr]) -> Option<C> {
        // Closed outside of the lock.
        let mut unusable = Vec::new();
        let mut idle = self.lock();
        let fits = |idle: &Idle<C>| idle.connection.leads_to(origin, allowed);
        while let Some(taken) = idle.iter().rposition(fits).and_then(|at| idle.remove(at)) {
            if taken.until > Instant::now() && taken.connection.is_ready() {
                return Some(taken.connection);
            }
            unusable.push(taken);
        }
        drop(idle);
        None
    }

    /// Keeps a connection until this time. The caller closes it then.
    pub fn put(&self, connection: C, until: Instant) {
        let mut idle = self.lock();
        idle.push_back(Idle { connection, until });
        let oldest = if idle.len() > MOST { idle.pop_front() } else { None };
        drop(idle);
        drop(oldest);
    }

    /// Closes the idle connection with this number. Returns false if there is none, because a request has taken it.
    pub fn close(&self, number: u64) -> bool {
        let mut idle = self.lock();
        let closed = idle.iter().position(|idle| idle.connection.number() == number).and_then(|at| idle.remove(at));
        drop(idle);
        closed.is_some()
    }

    /// The number of idle connections.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Idle<C>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A connection to a port of 127.0.0.1.
    struct Fake {
        number: u64,
        port: u16,
        is_ready: bool,
    }

    impl Reusable for Fake {
        fn number(&self) -> u64 {
            self.number
        }

        fn leads_to(&self, _origin: &Origin, addresses: &[SocketAddr]) -> bool {
            addresses.iter().any(|address| address.port() == self.port)
        }

        fn is_ready(&self) -> bool {
            self.is_ready
        }
    }

    fn put(connections: &Connections<Fake>, number: u64, port: u16) {
        let until = Instant::now() + Duration::from_secs(600);
        connections.put(Fake { number, port, is_ready: true }, until);
    }

    fn take(connections: &Connections<Fake>, ports: &[u16]) -> Option<u64> {
        let origin: Origin = "http://localhost".parse().expect("an origin");
        let allowed: Vec<_> = ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect();
        connections.take(&origin, &allowed).map(|taken| taken.number)
    }

    #[test]
    fn the_connection_that_became_idle_last_is_taken_first() {
        let connections = Connections::new();
        (0..3).for_each(|number| put(&connections, number, 1));
        let taken: Vec<_> = (0..4).map(|_| take(&connections, &[1])).collect();
        assert_eq!(taken, [Some(2), Some(1), Some(0), None]);
    }

    #[test]
    fn a_connection_to_an_address_that_is_not_allowed_now_is_not_taken() {
        let connections = Connections::new();
        put(&connections, 1, 1);
        put(&connections, 2, 2);
        assert_eq!(take(&connections, &[3]), None);
        assert_eq!(take(&connections, &[3, 1]), Some(1));
    }

    #[test]
    fn unusable_connections_are_closed_when_one_is_taken() {
        let connections = Connections::new();
        put(&connections, 1, 1);
        connections.put(Fake { number: 2, port: 1, is_ready: false }, Instant::now() + Duration::from_secs(600));
        connections.put(Fake { number: 3, port: 1, is_ready: true }, Instant::now());
        assert_eq!((take(&connections, &[1]), connections.count()), (Some(1), 0));
    }

    #[test]
    fn the_oldest_connection_beyond_100_is_closed() {
        let connections = Connections::new();
        (0..102).for_each(|number| put(&connections, number, 1));
        assert_eq!(connections.count(), 100);
        assert!(!connections.close(1) && connections.close(2));
    }
}
