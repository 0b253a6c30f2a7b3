//! The container images that the Dockerfile, the compose file and `deploy/` name. A tag can move to another image, a
//! digest cannot. So a release needs every image pinned by digest.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::process;
use crate::workspace::Workspace;

/// The image that the compose file builds itself.
const OWN: &str = "toril";
/// How long a registry may take to answer.
const REGISTRY: Duration = Duration::from_secs(60);

#[derive(clap::Args)]
pub struct Args {
    /// Get the digests of the tags from the registries, and write them into the files
    #[arg(long)]
    pin: bool,
}

pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let files = files(workspace)?;
    if args.pin {
        return pin(&files, digest);
    }
    for (path, text) in &files {
        for image in images(text) {
            let state = if is_pinned(image) { "pinned" } else { "NOT PINNED" };
            println!("{}: {image}: {state}", path.display());
        }
    }
    Ok(())
}

/// Fails with the names of all images without a digest.
pub fn check(workspace: &Workspace) -> Result<()> {
    let files = files(workspace)?;
    let loose = unpinned(&files);
    if !loose.is_empty() {
        bail!(
            "these images have no digest: {}. Run `cargo xtask images --pin` on a machine that can reach their registries",
            loose.join(", ")
        );
    }
    println!("    every container image is pinned by digest");
    Ok(())
}

/// Files that name images, with their content.
fn files(workspace: &Workspace) -> Result<BTreeMap<PathBuf, String>> {
    let root = workspace.root();
    let mut paths = vec![root.join("Dockerfile"), root.join("docker-compose.yml")];
    let deploy = root.join("deploy");
    for entry in fs::read_dir(&deploy).with_context(|| format!("could not list {}", deploy.display()))? {
        paths.push(entry?.path());
    }
    let text = |path: PathBuf| {
        let text = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        Ok((path, text))
    };
    paths.into_iter().filter(|path| path.is_file()).map(text).collect()
}

/// The images that a Dockerfile or a YAML file names, without the stages of the Dockerfile and Toril's own image.
fn images(text: &str) -> Vec<&str> {
    let mut stages = Vec::new();
    let mut images = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.trim_start_matches([' ', '-']).split_whitespace().collect();
        let image = match words.as_slice() {
            ["FROM", image, "AS" | "as", stage] => {
                stages.push(*stage);
                *image
            }
            ["FROM" | "image:", image, ..] => image.trim_matches(['"', '\'']),
            _ => continue,
        };
        if image != OWN && !stages.contains(&image) {
            images.push(image);
        }
    }
    images
}

fn is_pinned(image: &str) -> bool {
    image.split_once('@').is_some_and(|(_, digest)| is_digest(digest))
}

fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:");
    digits.is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn unpinned(files: &BTreeMap<PathBuf, String>) -> Vec<&str> {
    files.values().flat_map(|text| images(text)).filter(|image| !is_pinned(image)).collect()
}

fn pin(files: &BTreeMap<PathBuf, String>, digest: impl Fn(&str) -> Result<String>) -> Result<()> {
    // All digests are fetched before a file is written: either all images get their digests, or none.
    let mut digests = BTreeMap::new();
    for image in unpinned(files) {
        digests.insert(image, digest(image)?);
    }
    for (path, text) in files {
        let pinned = with_digests(text, &digests);
        if pinned != *text {
            fs::write(path, pinned).with_context(|| format!("could not write {}", path.display()))?;
        }
    }
    digests.iter().for_each(|(image, digest)| println!("{image} is {digest}"));
    Ok(())
}

fn with_digests(text: &str, digests: &BTreeMap<&str, String>) -> String {
    let named = images(text);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        let is_word = |image: &str| line.split([' ', '"', '\'']).any(|word| word == image);
        let image = named.iter().find(|image| is_word(image) && !line.trim_start().starts_with('#'));
        if let Some((image, digest)) = image.and_then(|image| digests.get_key_value(image)) {
            *line = line.replacen(image, &format!("{image}@{digest}"), 1);
        }
    }
    lines.join("\n") + "\n"
}

/// The registry's digest for a tag: of the multi-platform index, if there is one.
fn digest(image: &str) -> Result<String> {
    let mut docker = Command::new("docker");
    docker.args(["buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]);
    let printed = process::output_within(&mut docker, REGISTRY)
        .context("looking up digests needs Docker with buildx (it needs no running daemon)")?;
    let digest = printed.stdout.trim();
    ensure!(
        printed.status.success() && is_digest(digest),
        "the registry did not send a digest for {image}: {}",
        printed.last_words()
    );
    Ok(digest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKERFILE: &str =
        "# FROM nothing:1\nFROM rust:1.95 AS build\nRUN true\nFROM build AS test\nFROM debian:12\n";
    const COMPOSE: &str = "services:\n  redis:\n    image: \"redis:7\"\n  toril:\n    build: .\n    image: toril\n";

    fn some_digest() -> String {
        format!("sha256:{}", "a".repeat(64))
    }

    #[test]
    fn images_are_found_without_stages_comments_and_torils_own() {
        assert_eq!(images(DOCKERFILE), ["rust:1.95", "debian:12"]);
        assert_eq!(images(COMPOSE), ["redis:7"]);
    }

    #[test]
    fn only_a_whole_digest_pins_an_image() {
        assert!(is_pinned(&format!("redis:7@{}", some_digest())));
        assert!(!is_pinned("redis:7"));
        assert!(!is_pinned("redis:7@sha256:abc"));
    }

    #[test]
    fn every_image_gets_its_digest_and_nothing_else_changes() {
        let digests =
            BTreeMap::from([("rust:1.95", some_digest()), ("debian:12", some_digest()), ("redis:7", some_digest())]);
        let (dockerfile, compose) = (with_digests(DOCKERFILE, &digests), with_digests(COMPOSE, &digests));
        assert!(images(&dockerfile).into_iter().chain(images(&compose)).all(is_pinned), "{dockerfile}{compose}");
        assert_eq!(dockerfile.replace(&format!("@{}", some_digest()), ""), DOCKERFILE);
        assert_eq!(compose.replace(&format!("@{}", some_digest()), ""), COMPOSE);
    }

    #[test]
    fn no_file_is_written_when_one_digest_is_unknown() -> Result<()> {
        let path = std::env::temp_dir().join(format!("toril-images-{}", std::process::id()));
        fs::write(&path, DOCKERFILE)?;
        let files = BTreeMap::from([(path.clone(), DOCKERFILE.to_owned())]);
        let known = |image: &str| if image == "rust:1.95" { Ok(some_digest()) } else { bail!("unknown") };
        let refused = pin(&files, known).is_err();
        let after = fs::read_to_string(&path)?;
        fs::remove_file(&path)?;
        assert!(refused);
        assert_eq!(after, DOCKERFILE);
        Ok(())
    }
}
