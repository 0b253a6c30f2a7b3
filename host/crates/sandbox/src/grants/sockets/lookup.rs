//! The host functions of `wasi:sockets/ip-name-lookup`. Only granted hosts are looked up, and only addresses that may
//! be connected to are returned.

use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddress, Network};
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketError, subscribe};

use super::View;
use super::bindings::wasi::sockets::ip_name_lookup::{Host, HostResolveAddressStream};
use super::connection::now;
use crate::outbound::Resolved;

/// Timeout of a look-up.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A look-up of a granted host.
pub struct LookUp {
    host: Arc<str>,
    /// The attempt that began it.
    attempt: Weak<()>,
    state: State,
}

enum State {
    Running(BoxFuture<'static, Option<Resolved>>),
    /// `None`: it took too long.
    Resolved(Option<Resolved>),
    Found(std::vec::IntoIter<IpAddr>),
    Failed(ErrorCode),
}

impl LookUp {
    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        if let State::Running(running) = &mut self.state {
            self.state = State::Resolved(std::task::ready!(running.as_mut().poll(cx)));
        }
        std::task::Poll::Ready(())
    }
}

#[async_trait]
impl Pollable for LookUp {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }
}

impl Host for View<'_> {
    async fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> Result<Resource<LookUp>, SocketError> {
        self.table.get(&network)?;
        let Some(host) = self.granted_host(&name) else {
            self.deny_look_up(&name);
            return Err(ErrorCode::AccessDenied.into());
        };
        let (outbound, name) = (self.grant.outbound.clone(), host.clone());
        let resolved = async move { tokio::time::timeout(TIMEOUT, outbound.resolve(&name)).await.ok() };
        let attempt = Arc::downgrade(&self.pen.attempt);
        Ok(self.table.push(LookUp { host, attempt, state: State::Running(resolved.boxed()) })?)
    }
}

impl HostResolveAddressStream for View<'_> {
    async fn resolve_next_address(&mut self, this: Resource<LookUp>) -> Result<Option<IpAddress>, SocketError> {
        let look_up = self.table.get_mut(&this)?;
        if look_up.attempt.upgrade().is_none() {
            // The addresses of an earlier attempt must not be remembered in this one.
            return Err(ErrorCode::InvalidState.into());
        }
        if look_up.poll(&mut now()).is_pending() {
            return Err(ErrorCode::WouldBlock.into());
        }
        if let State::Resolved(resolved) = &mut look_up.state {
            let (resolved, host) = (resolved.take(), look_up.host.clone());
            let state = self.remember(&host, resolved);
            self.table.get_mut(&this)?.state = state;
        }
        match &mut self.table.get_mut(&this)?.state {
            State::Found(addresses) => Ok(addresses.next().map(Into::into)),
            State::Failed(code) => Err((*code).into()),
            State::Running(_) | State::Resolved(_) => Err(ErrorCode::WouldBlock.into()),
        }
    }

    async fn subscribe(&mut self, this: Resource<LookUp>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, this)
    }

    async fn drop(&mut self, this: Resource<LookUp>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl View<'_> {
    /// The granted host of this name, if a job is running.
    fn granted_host(&self, name: &str) -> Option<Arc<str>> {
        self.job.context.as_ref()?;
        let name = name.strip_suffix('.').unwrap_or(name).trim_matches(['[', ']']).to_ascii_lowercase();
        // An IPv6 address has many spellings.
        let address: Option<IpAddr> = name.parse().ok();
        let is_meant = |target: &&Arc<super::prepared::Target>| {
            target.server.host() == name || (address.is_some() && target.server.address() == address)
        };
        self.grant.targets.iter().find(is_meant).map(|target| target.server.host().into())
    }

    /// Remembers the addresses of a host, so that the guest can connect to them.
    fn remember(&mut self, host: &Arc<str>, resolved: Option<Resolved>) -> State {
        match resolved {
            Some(Resolved::Allowed(addresses)) => {
                let addresses: Vec<_> = addresses.iter().map(IpAddr::to_canonical).collect();
                self.pen.remembered.add(host, &addresses);
                State::Found(addresses.into_iter())
            }
            Some(Resolved::Prohibited(addresses)) => {
                self.deny_addresses(host, &addresses);
                State::Failed(ErrorCode::AccessDenied)
            }
            Some(Resolved::Unknown) => State::Failed(ErrorCode::NameUnresolvable),
            None => State::Failed(ErrorCode::TemporaryResolverFailure),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Instant;

    use toril_config::Plugin;
    use wasmtime::component::ResourceTable;

    use super::super::{InPen, Prepared};
    use super::*;
    use crate::current_job::CurrentJob;
    use crate::outbound::Outbound;
    use crate::testing::LONG;

    #[tokio::test]
    async fn a_look_up_that_a_guest_keeps_gives_its_next_job_no_address() {
        let entry = Plugin { tcp: vec!["mail.test:25".parse().expect("a server")], ..Plugin::default() };
        let grant = Arc::new(Prepared::new("mailer".into(), &entry, Arc::new(Outbound::new(&entry)), None));
        let job = CurrentJob::none("mailer".into(), Instant::now() + LONG);
        let address = SocketAddr::from(([10, 0, 0, 1], 25));
        let (mut pen, mut table) = (InPen::default(), ResourceTable::new());
        for has_begun_another_job in [false, true] {
            let state = State::Resolved(Some(Resolved::Allowed(vec![address.ip()])));
            let look_up = LookUp { host: "mail.test".into(), attempt: Arc::downgrade(&pen.attempt), state };
            if has_begun_another_job {
                pen = InPen::default();
            }
            let mut view = View { grant: &grant, pen: &mut pen, table: &mut table, job: &job };
            let look_up = view.table.push(look_up).expect("room");
            let found = view.resolve_next_address(look_up).await;
            let is_remembered = pen.remembered.choose(&grant.targets, address).is_ok();
            match found {
                Ok(found) => assert!(!has_begun_another_job && found.is_some() && is_remembered),
                Err(error) => {
                    assert_eq!(error.downcast().expect("a code"), ErrorCode::InvalidState);
                    assert!(has_begun_another_job && !is_remembered);
                }
            }
        }
    }
}
