//! Reads `[host]`, by the table of its keys in [`host`](crate::host). Holds the readers of its values.

use std::net::SocketAddr;
use std::path::Path;

use super::super::env::Env;
use super::super::host::{AdminAccess, HostSettings, SHORTEST_TOKEN, host_keys};
use super::super::secret::Secret;
use super::environment::setting;
use super::fault::Fault;
use super::node::Node;
use super::report::Report;
use super::schema;
use super::table::Table;
use super::values;
use toril_job::settings::MOST_KEPT_ATTEMPTS;

/// A larger number is a typo: each of these threads runs guests and keeps a processor busy.
const MOST_THREADS: u64 = 1024;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

const TOKEN: &str = "TORIL_ADMIN_TOKEN";
const NAME: &str = "TORIL_NAME";
/// The longest name of a worker. BullMQ writes the name into each job that the worker runs.
const LONGEST_NAME: usize = 128;

pub(super) fn read(root: &Table<'_>, folder: &Path, env: &Env, report: &mut Report<'_>) -> HostSettings {
    let mut host = HostSettings::in_folder(folder);
    host.admin_token = setting(TOKEN, env, report, token);
    host.name = setting(NAME, env, report, |name| fits_client(name).map_err(|reason| format!("{NAME} {reason}")));
    let Some(table) = Table::of(root.get("host"), report) else {
        return host;
    };
    table.deny_unknown(schema::HOST, report);
    // The environment takes precedence over the name in the file.
    let name = host.name.take();
    read_keys(&mut host, &table, folder, report);
    host.name = name.or(host.name);
    host
}

macro_rules! readers {
    ($($(#[$doc:meta])+ $key:ident: $type:ty = $default:expr, $read:expr, $applies:ident;)+) => {
        fn read_keys(host: &mut HostSettings, table: &Table<'_>, folder: &Path, report: &mut Report<'_>) {
            $(report.set(&mut host.$key, table.get(stringify!($key)), |node| read_in(folder, node, $read));)+
        }
    };
}
host_keys!(readers);

/// Calls a reader of the table. Gives its closure a type.
fn read_in<T>(
    folder: &Path,
    node: &Node<'_>,
    read: impl FnOnce(&Node<'_>, &Path) -> Result<T, Fault>,
) -> Result<T, Fault> {
    read(node, folder)
}

fn kept_attempts(node: &Node<'_>) -> Result<u32, Fault> {
    let most = values::integer(node, 0, u64::from(MOST_KEPT_ATTEMPTS))?;
    Ok(u32::try_from(most).unwrap_or(MOST_KEPT_ATTEMPTS))
}

fn worker_name(node: &Node<'_>) -> Result<String, Fault> {
    fits_client(values::string(node)?).map_err(|reason| Fault::new(format!("{node} {reason}")))
}

/// Checks that Redis accepts the name as part of a connection's name (`CLIENT SETNAME`), and that it is short enough
/// to be stored in every job.
fn fits_client(name: &str) -> Result<String, String> {
    match name.len() {
        0 => Err("must not be empty".to_owned()),
        length if length > LONGEST_NAME => Err(format!("must have at most {LONGEST_NAME} characters, not {length}")),
        _ if !name.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err("may hold letters, digits and other visible characters of ASCII only, and no blanks".to_owned())
        }
        _ => Ok(name.to_owned()),
    }
}

/// No message shows the token.
fn token(value: &str) -> Result<Secret, String> {
    // The token is compared with the value of a header, so it must be valid in a header.
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "{TOKEN} may hold letters, digits and other visible characters of ASCII only, and no blanks"
        ));
    }
    match value.chars().count() {
        count if count < SHORTEST_TOKEN => {
            Err(format!("{TOKEN} has {count} characters, and needs {SHORTEST_TOKEN} at least"))
        }
        _ => Ok(Secret::new(value)),
    }
}

fn admin(node: &Node<'_>) -> Result<AdminAccess, Fault> {
    match values::string(node)? {
        "full" => Ok(AdminAccess::Full),
        "read-only" => Ok(AdminAccess::ReadOnly),
        "off" => Ok(AdminAccess::Off),
        other => Err(Fault::new(format!("{node} must be \"full\", \"read-only\" or \"off\", not {other:?}"))),
    }
}

fn host_name(node: &Node<'_>) -> Result<String, Fault> {
    let name = values::text(node)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    if name.chars().all(fits) || address.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()) {
        return Ok(name.to_ascii_lowercase());
    }
    Err(Fault::new(format!("{node} is not a host name: {name:?}"))
        .help("write the name alone, without scheme and port, as in \"toril.example.com\""))
}

fn filter(node: &Node<'_>) -> Result<String, Fault> {
    let text = values::text(node)?;
    match tracing_subscriber::EnvFilter::try_new(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Fault::new(format!("{node} is not a log filter: {error}"))
            .help("write a level, as in \"debug\", or levels of parts, as in \"warn,toril=debug\"")),
    }
}

fn word(node: &Node<'_>) -> Result<String, Fault> {
    let word = values::text(node)?;
    if word.chars().all(|c| matches!(c, '-' | '_' | ' ')) {
        return Err(Fault::new(format!("{node} has no letter or digit, and would hide nothing")));
    }
    Ok(word)
}

fn listen(node: &Node<'_>) -> Result<Option<SocketAddr>, Fault> {
    match values::string(node)? {
        "off" => Ok(None),
        address => address.parse().map(Some).map_err(|_| {
            Fault::new(format!("{node} is not an address with a port: {address:?}")).help(
                "write an IP address and a port, as in \"127.0.0.1:9090\" or \"[::]:9090\", or \"off\" for no listener",
            )
        }),
    }
}
