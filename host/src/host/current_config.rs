//! The current configuration, which a reload replaces.

use std::sync::Arc;

use arc_swap::ArcSwap;

use toril_config::Config;

pub type CurrentConfig = Arc<ArcSwap<Config>>;
