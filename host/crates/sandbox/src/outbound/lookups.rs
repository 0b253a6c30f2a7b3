//! Resolves names for one plugin. The system's resolver blocks its thread and cannot be interrupted, so a lookup
//! continues even if no request waits for it. It counts against its plugin until it ends. Requests for the same name
//! share one lookup. So a name whose DNS server does not answer blocks a single thread, and never one of another
//! plugin.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::Shared;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Maximum number of concurrent lookups per plugin. Further lookups wait for a free place.
const AT_ONCE: usize = 8;

/// The addresses that a lookup found, or why it failed.
type Found = Result<Arc<[IpAddr]>, Arc<str>>;

/// A running lookup that several requests can await.
type SharedLookup = Shared<futures::future::BoxFuture<'static, Found>>;

/// The lookups of one plugin.
pub struct Lookups(Arc<Inner>);

struct Inner {
    /// Running lookups by name. Each is removed when it ends.
    running: Mutex<HashMap<String, SharedLookup>>,
    places: Arc<Semaphore>,
}

impl Lookups {
    /// Starts without lookups.
    pub fn new() -> Self {
        Self(Arc::new(Inner { running: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }))
    }

    /// The addresses of a name from the system's resolver, including `/etc/hosts` and search domains.
    pub async fn addresses(&self, name: &str) -> Found {
        let owned = name.to_owned();
        self.find(name, move || Ok((owned.as_str(), 0).to_socket_addrs()?.map(|address| address.ip()).collect())).await
    }

    /// Joins the running lookup of this name, or starts one.
    fn find(&self, name: &str, look_up: impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static) -> SharedLookup {
        let mut running = self.0.running();
        if let Some(found) = running.get(name) {
            return found.clone();
        }
        // A separate task that lives as long as the lookup: the lookup must be removed from the map even if no request
        // waits.
        let task = tokio::spawn(self.0.clone().run(name.to_owned(), look_up));
        let found = joined(task).boxed().shared();
        running.insert(name.to_owned(), found.clone());
        found
    }
}

impl Inner {
    async fn run(
        self: Arc<Self>,
        name: String,
        look_up: impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static,
    ) -> Found {
        let found = match self.places.clone().acquire_owned().await {
            Ok(place) => {
                let looked_up = tokio::task::spawn_blocking(move || {
                    let _place = place;
                    look_up()
                });
                looked_up.await.map_err(io::Error::other).flatten()
            }
            Err(closed) => Err(io::Error::other(closed)),
        };
        self.running().remove(&name);
        found.map(Into::into).map_err(|error| error.to_string().into())
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, SharedLookup>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn joined(task: JoinHandle<Found>) -> Found {
    task.await.unwrap_or_else(|error| Err(error.to_string().into()))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;
    use crate::Engine;
    use toril_config::HostSettings;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn fine() -> io::Result<Vec<IpAddr>> {
        Ok(vec![HERE])
    }

    /// A resolver that answers once the other end is dropped.
    fn silent() -> (Sender<()>, impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static) {
        let (end, ended): (Sender<()>, Receiver<()>) = channel();
        (end, move || {
            let _disconnected = ended.recv();
            fine()
        })
    }

    async fn found(running: SharedLookup) -> Option<Found> {
        tokio::time::timeout(Duration::from_secs(60), running).await.ok()
    }

    #[tokio::test]
    async fn requests_for_one_name_share_a_lookup_and_the_next_request_starts_another() {
        let lookups = Lookups::new();
        let (end, resolver) = silent();
        let first = lookups.find("a", resolver);
        let second = lookups.find("a", || Err(io::Error::other("a second look-up")));
        drop(end);
        let here: Found = Ok([HERE].into());
        assert_eq!((found(first).await, found(second).await), (Some(here.clone()), Some(here)));
        let third = lookups.find("a", || Err(io::Error::other("a new look-up")));
        assert_eq!(found(third).await, Some(Err("a new look-up".into())));
    }

    #[tokio::test]
    async fn abandoned_lookups_keep_the_places_of_their_plugin_until_they_end() {
        let lookups = Lookups::new();
        let ends: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                let (end, resolver) = silent();
                drop(lookups.find(&number.to_string(), resolver));
                end
            })
            .collect();
        let mut late = lookups.find("late", fine);
        // The other lookups have started and this one has not: all tasks run on this thread until the test awaits.
        tokio::task::yield_now().await;
        assert_eq!((lookups.0.places.available_permits(), (&mut late).now_or_never()), (0, None));
        drop(ends);
        assert_eq!(found(late).await, Some(Ok([HERE].into())));
    }

    #[test]
    fn plugins_whose_lookups_hang_hold_up_no_other_plugin() {
        let settings = HostSettings { max_pens: 1.try_into().expect("not 0"), ..HostSettings::default() };
        let engine = Engine::start(&settings).expect("starts");
        engine.pens().expect("runs").block_on(async {
            let mut ends = Vec::new();
            let hang = |_| {
                let lookups = Lookups::new();
                for name in 0..AT_ONCE + 1 {
                    let (end, resolver) = silent();
                    drop(lookups.find(&name.to_string(), resolver));
                    ends.push(end);
                }
                lookups
            };
            let hanging: Vec<_> = (0..20).map(hang).collect();
            assert_eq!(found(Lookups::new().find("a", fine)).await, Some(Ok([HERE].into())));
            drop((hanging, ends));
        });
    }
}
