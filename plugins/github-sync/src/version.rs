//! The plugin's version and build.

/// The package's version, followed by the build label if the plugin was compiled with one (`TORIL_PLUGIN_BUILD`):
/// `0.1.0+green`. It distinguishes two builds of the same version in results.
pub fn version() -> String {
    match option_env!("TORIL_PLUGIN_BUILD") {
        Some(build) => format!("{}+{build}", env!("CARGO_PKG_VERSION")),
        None => env!("CARGO_PKG_VERSION").into(),
    }
}
