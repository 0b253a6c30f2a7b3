//! The machine of the measurements.

use std::fs;
use std::process::Command;

use toril_tests::redis_server;

/// How many processors there are.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The number of processors, as text.
pub fn counted() -> String {
    let cores = processors();
    if cores == 1 { "1 processor".to_owned() } else { format!("{cores} processors") }
}

/// The machine, the versions and the date, on one line.
pub fn described() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory =
        memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok());
    format!(
        "{} of {}, {} GiB of memory; Toril {}; Node {}; {}; {}; {}.",
        counted(),
        model.unwrap_or("an unknown model"),
        memory.unwrap_or(0_u64) >> 20,
        env!("CARGO_PKG_VERSION"),
        output_of("node", "--version"),
        output_of("rustc", "--version"),
        server(),
        output_of("date", "+%Y-%m-%d"),
    )
}

/// `Redis server v=7.0.15 sha=… …` without anything after the version.
fn server() -> String {
    let Ok(program) = redis_server::program() else { return "no Redis".to_owned() };
    let line = output_of(&program.to_string_lossy(), "--version");
    line.split(" sha=").next().unwrap_or_default().replace(" server v=", " ")
}

fn output_of(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().ok();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
