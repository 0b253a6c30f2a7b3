//! The C compiler that compiles QuickJS to WebAssembly: Zig's, from a wheel. One version for everyone, so that the same
//! sources become the same engine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::wheel::Wheel;
use crate::process;
use crate::workspace::{Workspace, write_if_changed};

const WHEEL: Wheel = Wheel { name: "ziglang", pinned: include_str!("../../wheels/ziglang.txt") };
/// The version in the wheel, which names the folder, so that a newer one is downloaded.
const VERSION: &str = "0.17.1";

/// The programs that cargo's build scripts call.
pub struct CCompiler {
    pub cc: PathBuf,
    pub ar: PathBuf,
    /// Where the compiler keeps its own compiled parts.
    pub cache: PathBuf,
}

/// Finds the compiler, or downloads it into `.toril`.
pub fn find_or_install(workspace: &Workspace) -> Result<CCompiler> {
    let folder = workspace.tools().join(format!("zig-{VERSION}"));
    let zig = folder.join("ziglang/zig");
    if !works(&zig) {
        WHEEL.folder("ziglang", &folder)?;
        fs::set_permissions(&zig, fs::Permissions::from_mode(0o755))?;
    }
    let zig = zig.canonicalize()?;
    // cargo's `cc` crate passes the target in clang's spelling, which Zig does not know.
    let cc = "for argument; do shift; case \"$argument\" in --target=*) ;; *) set -- \"$@\" \"$argument\" ;; esac; done\n\
              exec \"$zig\" cc -target wasm32-freestanding \"$@\"\n";
    Ok(CCompiler {
        cc: script(&folder.join("cc"), &zig, cc)?,
        ar: script(&folder.join("ar"), &zig, "exec \"$zig\" ar \"$@\"\n")?,
        cache: folder.canonicalize()?.join("cache"),
    })
}

fn works(zig: &Path) -> bool {
    process::output(Command::new(zig).arg("version")).is_ok_and(|version| version.trim() == VERSION)
}

fn script(path: &Path, zig: &Path, body: &str) -> Result<PathBuf> {
    write_if_changed(path, format!("#!/bin/sh\nzig='{}'\n{body}", zig.display()).as_bytes())?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(path.canonicalize()?)
}
