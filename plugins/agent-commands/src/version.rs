//! Which build of the plugin this is.

/// The package's version, and the label of the build if it was compiled with one (`TORIL_PLUGIN_BUILD`): `0.1.0+green`.
/// Two builds of one version can be told apart by it in results.
pub fn version() -> String {
    match option_env!("TORIL_PLUGIN_BUILD") {
        Some(build) => format!("{}+{build}", env!("CARGO_PKG_VERSION")),
        None => env!("CARGO_PKG_VERSION").into(),
    }
}
