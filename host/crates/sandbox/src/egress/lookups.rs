//! Looks up names for one plugin. The system's resolver blocks its thread and cannot be interrupted, so a look-up goes on
//! when nobody waits for it any more. It therefore counts against its plugin until it ends, and all requests that need the
//! same name meanwhile share it: a name whose server does not answer holds one thread, and none of another plugin.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::Shared;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Names that are looked up for one plugin at a time. Further ones wait, as long as their requests do.
const AT_ONCE: usize = 8;

/// What a look-up found, or why it failed.
type Found = Result<Arc<[IpAddr]>, Arc<str>>;

/// A look-up that several requests may wait for. The handle is taken by the first of them that sees it end.
type Running = Shared<futures::future::BoxFuture<'static, Found>>;

/// The look-ups of one plugin.
pub struct Lookups(Arc<Inner>);

struct Inner {
    /// By name, until they end.
    running: Mutex<HashMap<String, Running>>,
    places: Arc<Semaphore>,
}

impl Lookups {
    /// None yet.
    pub fn new() -> Self {
        Self(Arc::new(Inner { running: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }))
    }

    /// The addresses of a name, from the system: `/etc/hosts`, search domains and all.
    pub async fn addresses(&self, name: &str) -> Found {
        let owned = name.to_owned();
        self.find(name, move || Ok((owned.as_str(), 0).to_socket_addrs()?.map(|address| address.ip()).collect())).await
    }

    /// Joins the look-up of this name that is running, or starts one.
    fn find(&self, name: &str, look_up: impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static) -> Running {
        let mut running = self.0.running();
        if let Some(found) = running.get(name) {
            return found.clone();
        }
        // A task of its own, which ends with the look-up: it must leave the list also when nobody waits for it any more.
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

    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
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

    /// A resolver that answers when the other end is dropped.
    fn silent() -> (Sender<()>, impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static) {
        let (end, ended): (Sender<()>, Receiver<()>) = channel();
        (end, move || {
            let _disconnected = ended.recv();
            fine()
        })
    }

    async fn found(running: Running) -> Option<Found> {
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
        // They have started, and it has not: all of them run on this thread until somebody waits.
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
