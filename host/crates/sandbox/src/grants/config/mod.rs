//! The grants `config`, `secrets` and `send_secrets`: the values that a plugin reads through `wasi:config/store`.

use std::collections::HashMap;

use wasmtime::component::Linker;
use wasmtime_wasi_config::{WasiConfig, WasiConfigVariables};

use toril_config::Plugin;

/// The interface that uses these grants.
pub const INTERFACE: &str = "wasi:config/store";
/// The line in the plugin's entry.
pub const LINE: &str = "config = { … }             # and secrets or send_secrets = { … }: the settings that it reads";

/// The values: configuration, secrets, and placeholders of secrets that the plugin may only send. Never log or display
/// them.
pub type Prepared = HashMap<String, String>;

/// Reads the values from a configuration entry. `placeholders`: the names and texts of the secrets that the plugin may
/// only send.
pub fn prepare(entry: &Plugin, placeholders: impl Iterator<Item = (String, String)>) -> Prepared {
    let config = entry.config.iter().map(|(key, value)| (key.clone(), value.clone()));
    let secrets = entry.secrets.iter().map(|(key, secret)| (key.clone(), secret.expose().to_owned()));
    config.chain(secrets).chain(placeholders).collect()
}

/// The values in the form of the library. Created on first use, since many plugins read none.
#[derive(Default)]
pub struct InPen(Option<WasiConfigVariables>);

/// What a call uses of a pen.
pub type View<'a> = WasiConfig<'a>;

impl InPen {
    /// The values for one call.
    pub fn view(&mut self, prepared: &Prepared) -> View<'_> {
        let variables =
            self.0.get_or_insert_with(|| prepared.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect());
        WasiConfig::from(&*variables)
    }
}

/// The data of a store whose guest may read these values.
pub trait ConfigHost: 'static {
    /// What a call uses of it.
    fn config(&mut self) -> View<'_>;
}

/// Links the interface.
pub fn link<T: ConfigHost>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi_config::add_to_linker(linker, T::config)
}
