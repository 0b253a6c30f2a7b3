//! Files that are not plugins, or that exceed a limit.

use std::process::Command;

use toril_tests::toril::component;
use toril_tests::wait::LONG;
use toril_tests::wait_until;

use crate::case::Case;
use crate::forged;
use crate::ring::Ring;

pub async fn of_100_mb(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    case.was_seen(&ring.refusal(&forged::with_padding(&component("basics"), 100_000_000)).await);
    ring.assert_unaffected().await;
}

pub async fn that_compiles_for_minutes(case: &Case) {
    // Then the good plugin is in the cache, and this short limit applies only to the other one.
    Ring::open("basics", "").await.assert_unaffected().await;
    let basics = component("basics");
    let mut ring = Ring::with(&basics, "", |toril| toril.host("compile_timeout = \"1s\"")).await;
    case.was_seen(&ring.refusal(&forged::with_module(&basics, &forged::bomb(4, 1000, 300))).await);
    ring.assert_unaffected().await;
}

pub async fn that_takes_memory_to_compile(case: &Case) {
    let basics = component("basics");
    let mut ring = Ring::with(&basics, "", |toril| toril.host("compile_memory = \"256MiB\"")).await;
    case.was_seen(&ring.refusal(&forged::with_module(&basics, &forged::bomb(4, 1000, 300))).await);
    ring.assert_unaffected().await;
}

/// The compiler process of this host, once it runs.
async fn compiler_of(host: u32) -> u32 {
    wait_until("the host to compile", LONG, async || children_of(host).first().copied()).await
}

fn children_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("processes").filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
    ids.filter(|id| stat(*id).is_some_and(|(_, of)| of == parent)).collect()
}

/// The state of a process, and its parent.
fn stat(id: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

pub async fn whose_compiler_is_killed(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    ring.toril.replace_plugin("hostile", &forged::with_module(&component("basics"), &forged::bomb(4, 1000, 300)));
    let compiler = compiler_of(ring.toril.pid()).await;
    let killed = Command::new("sh").arg("-c").arg(format!("kill -KILL {compiler}")).status();
    assert!(killed.is_ok_and(|status| status.success()));
    case.was_seen(&ring.refused().await);
    ring.assert_unaffected().await;
}

#[tokio::test]
async fn the_compiler_ends_with_its_host_even_if_that_is_killed() {
    let mut ring = Ring::open("basics", "").await;
    ring.toril.replace_plugin("hostile", &forged::with_module(&component("basics"), &forged::bomb(4, 1000, 300)));
    let compiler = compiler_of(ring.toril.pid()).await;
    ring.toril.kill();
    let ended = async || stat(compiler).is_none_or(|(state, _)| state == "Z");
    wait_until("the compiler to end", LONG, ended).await;
}

/// Another plugin reloads while a queue that was added to the configuration waits for a plugin that compiles for
/// minutes.
#[tokio::test]
async fn no_other_plugin_waits_for_the_compiler() {
    let mut ring = Ring::open("basics", "").await;
    let bomb = forged::with_module(&component("basics"), &forged::bomb(4, 1000, 300));
    ring.toril.replace_plugin("bomb", &bomb);
    ring.configure_later("[queues.bomb]\nplugin = \"bomb\"\n");
    compiler_of(ring.toril.pid()).await;

    ring.toril.replace_plugin("basics", &forged::with_padding(&component("basics"), 100));

    let line = ring.toril.wait_for_log("plugin reloaded", LONG).await;
    assert!(line.contains("plugin=\"basics\""), "{line}");
    assert!(!ring.toril.logs().contains("configuration reloaded"), "the other one was compiled too soon");
    ring.assert_unaffected().await;
}

pub async fn with_ten_thousand_exports(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    let names: Vec<String> = (0..10_000).map(|n| format!("export-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    case.was_seen(&ring.refusal(&forged::exporting_components(&names)).await);
    ring.assert_unaffected().await;
}

pub async fn with_a_module_of_ten_thousand_exports(case: &Case) {
    let ring =
        Ring::with(&forged::with_module(&component("basics"), &forged::exporting(10_000)), "", |toril| toril).await;
    let result = ring.toril.cli(["add", "hostile", "echo", "--data", "\"fine\"", "--wait"]).await.succeeded();
    case.was_seen(result.stdout.trim_end());
    ring.assert_unaffected().await;
}

pub async fn a_zip_of_nonsense(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    let mut zip = b"PK\x03\x04".to_vec();
    let mut random = fastrand::Rng::with_seed(6);
    zip.extend(std::iter::repeat_with(|| random.u8(..)).take(1_000_000));
    case.was_seen(&ring.refusal(&zip).await);
    ring.assert_unaffected().await;
}

/// It has the header of a component, and sections of every kind with random bytes.
pub async fn a_component_of_nonsense(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    let mut random = fastrand::Rng::with_seed(6);
    let mut nonsense = component("basics");
    for _ in 0..1000 {
        let at = random.usize(8..nonsense.len());
        nonsense[at] = random.u8(..);
    }
    case.was_seen(&ring.refusal(&nonsense).await);
    ring.assert_unaffected().await;
}

/// Overwritten in place again and again with two valid versions.
pub async fn replaced_while_it_is_read(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    let path = ring.toril.plugin_path("hostile");
    let versions = [forged::with_padding(&component("basics"), 1000), component("basics")];
    for round in 0..200 {
        std::fs::write(&path, &versions[round % 2]).expect("writes");
        if round % 20 == 0 {
            ring.run_other_job().await;
        }
    }
    let last = forged::with_padding(&component("basics"), 999);
    ring.toril.replace_plugin("hostile", &last);
    let file = path.to_string_lossy();
    let inspected = ring.toril.cli_without_config(["plugin", "inspect", "--json", &*file]).await.succeeded().json();
    let version = inspected["version"].as_str().expect("a version");
    let line = ring.toril.wait_for_log(&format!("version=\"{version}\""), LONG).await;
    case.was_seen(line.split_once("INFO ").expect("a level").1);
    ring.toril.cli(["add", "hostile", "echo", "--wait"]).await.succeeded();
    ring.assert_unaffected().await;
}

#[cfg(unix)]
pub async fn a_device(case: &Case) {
    let mut ring = Ring::open("basics", "").await;
    let path = ring.toril.plugin_path("hostile");
    let link = path.with_extension("part");
    std::os::unix::fs::symlink("/dev/zero", &link).expect("a link");
    std::fs::rename(&link, &path).expect("replaces");
    case.was_seen(&ring.refused().await);
    ring.assert_unaffected().await;
}
