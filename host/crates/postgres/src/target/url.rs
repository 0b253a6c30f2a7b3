//! URLs: `postgres://user:password@host:port,host:port/database?option=value`. The `url` crate reads no list of hosts.

use percent_encoding::percent_decode_str;

use super::TargetError;
use super::options::Options;

/// Reads what follows the scheme.
pub(super) fn read(rest: &str) -> Result<Options, TargetError> {
    let mut options = Options::default();
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = before_query.split_once('/').unwrap_or((before_query, ""));
    let hosts = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => {
            read_credentials(credentials, &mut options)?;
            hosts
        }
        None => authority,
    };
    read_hosts(hosts, &mut options)?;
    if !database.is_empty() {
        options.set("dbname", decoded(database)?)?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(TargetError::Syntax)?;
        options.set(&decoded(name)?, decoded(value)?)?;
    }
    Ok(options)
}

fn read_credentials(text: &str, options: &mut Options) -> Result<(), TargetError> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    options.set("user", decoded(user)?)?;
    options.set("password", decoded(password)?)
}

/// Reads `host:port,host:port`. IPv6 addresses are in brackets.
fn read_hosts(text: &str, options: &mut Options) -> Result<(), TargetError> {
    if text.is_empty() {
        return Ok(());
    }
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in text.split(',') {
        let (name, port) = match host.strip_prefix('[') {
            Some(address) => {
                let (address, after) = address.split_once(']').ok_or(TargetError::Syntax)?;
                let port = if after.is_empty() { "" } else { after.strip_prefix(':').ok_or(TargetError::Syntax)? };
                (address, port)
            }
            None => host.split_once(':').unwrap_or((host, "")),
        };
        let name = decoded(name)?;
        // A comma would shift the ports of the hosts that follow.
        if name.contains(',') {
            return Err(TargetError::Syntax);
        }
        names.push(name);
        ports.push(port);
    }
    options.set_hosts(names.join(","), ports.join(","))
}

/// Decodes percent-encoding. Unlike a browser, it refuses a `%` that stands alone: it is usually a part of a password.
fn decoded(text: &str) -> Result<String, TargetError> {
    let mut after = text.split('%').skip(1);
    if !after.all(|part| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())) {
        return Err(TargetError::Encoding);
    }
    percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).map_err(|_| TargetError::Encoding)
}
