//! Builds guests: compiles them to core modules and encodes those as components.

pub mod languages;
mod list;
pub mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wit_component::ComponentEncoder;

use crate::cargo::Metadata;
use crate::process;
use crate::setup;
use crate::workspace::{Workspace, write_if_changed};

use list::{Guest, Guests};

#[derive(clap::Args, Default)]
pub struct Args {
    /// Also build the tests' guests, into target/test-guests
    #[arg(long)]
    pub tests: bool,
    /// Also build the examples of the SDKs for JavaScript and Python, into target/test-guests
    #[arg(long)]
    pub languages: bool,
    /// Build only the guest of this name
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Compile the guests with TORIL_PLUGIN_BUILD set to this, to distinguish two builds of one plugin
    #[arg(long, env = "TORIL_PLUGIN_BUILD", value_name = "X")]
    pub variant: Option<String>,
    /// Write the components to this folder instead
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let metadata = Metadata::read(workspace)?;
    let guests = Guests::of(workspace, &metadata, args.tests)?.only(&args.only)?;
    if guests.is_empty() {
        println!("guests: nothing to build");
        return Ok(());
    }
    let toolchain = setup::guest_toolchain::find_or_install(workspace)?;
    let target = workspace.target().join("guests").join(toolchain.kind());

    let mut build = toolchain.cargo(workspace);
    build.args(["build", "--profile", "plugin", "--target", toolchain::TARGET, "--target-dir"]).arg(&target);
    for guest in guests.iter() {
        build.args(["--package", &guest.package]);
    }
    match &args.variant {
        Some(variant) => build.env("TORIL_PLUGIN_BUILD", variant),
        None => build.env_remove("TORIL_PLUGIN_BUILD"),
    };
    process::run(&mut build).with_context(|| format!("the guests could not be compiled by {toolchain}"))?;

    let modules = target.join(toolchain::TARGET).join("plugin");
    for guest in guests.iter() {
        write_component(guest, &modules, args.out.as_deref())?;
    }
    if !args.languages {
        return Ok(());
    }
    let toril = metadata.dev_binary("toril");
    if !toril.is_file() {
        bail!("{} does not exist, and it builds the TypeScript plugins: run `cargo build` first", toril.display());
    }
    languages::run(workspace, &toril)
}

/// Writes a guest's component if its bytes have changed. A host that watches the folder must not see a change where
/// there is none.
fn write_component(guest: &Guest, modules: &Path, out: Option<&Path>) -> Result<()> {
    let module = modules.join(format!("{}.wasm", guest.library));
    let component =
        encode(&module).with_context(|| format!("could not encode the guest {} as a component", guest.name))?;
    let path = out.unwrap_or(&guest.out).join(format!("{}.wasm", guest.name));
    let state = if write_if_changed(&path, &component)? { "built" } else { "unchanged" };
    println!("guest {}: {state}, {} KiB, {}", guest.name, component.len() / 1024, path.display());
    Ok(())
}

fn encode(module: &Path) -> Result<Vec<u8>> {
    let core = fs::read(module).with_context(|| format!("could not read the module {}", module.display()))?;
    let encoder = ComponentEncoder::default().validate(true);
    let mut encoder = encoder.module(&core).with_context(|| {
        format!("{} does not describe its world: was it generated with wit-bindgen?", module.display())
    })?;
    encoder.encode().with_context(|| format!("{} does not fit its world", module.display()))
}
