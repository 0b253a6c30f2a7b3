//! The current configuration, which a reload replaces.

use std::sync::Arc;

use arc_swap::ArcSwap;

use toril_config::Config;

pub type CurrentConfig = Arc<ArcSwap<Config>>;

/// Proof that a configuration is active. Workers for its queues may start only after that. Otherwise a job that they
/// claim could run with the configuration before it.
pub struct Active(());

/// The first configuration of a host.
pub fn first(config: Config) -> (CurrentConfig, Active) {
    (Arc::new(ArcSwap::from_pointee(config)), Active(()))
}

/// Activates a changed configuration.
pub fn activate(current: &CurrentConfig, new: Config) -> Active {
    current.store(Arc::new(new));
    Active(())
}
