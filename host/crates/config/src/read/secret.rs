//! Loads secrets from the places that the file names. No message here shows a loaded value, or a value that someone
//! wrote into the file itself.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::super::env::Env;
use super::super::secret::Secret;
use super::fault::Fault;
use super::node::Node;
use super::values;

/// The largest file that is read as a secret, in bytes. A path such as /dev/zero has no end.
const LARGEST: u64 = 1 << 20;

const FORMS: &str = "write \"env:NAME\" for an environment variable, or \"file:PATH\" for a file";

/// Loads the secret that `node` refers to. Relative paths are resolved against `folder`.
pub(super) fn read(node: &Node<'_>, folder: &Path, env: &Env) -> Result<Secret, Fault> {
    let reference = values::string(node).map_err(|fault| fault.help(FORMS))?;
    if let Some(variable) = reference.strip_prefix("env:") {
        from_environment(node, variable, env)
    } else if let Some(path) = reference.strip_prefix("file:") {
        from_file(node, path, folder)
    } else {
        let message = format!("{node} is written out, and a secret must not be in this file");
        Err(Fault::new(message).help(FORMS))
    }
}

fn from_environment(node: &Node<'_>, variable: &str, env: &Env) -> Result<Secret, Fault> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    // A text that is not a valid name may be the secret itself, so it is not repeated.
    if variable.is_empty() || !variable.chars().all(fits) {
        let message = format!("{node} has no name of an environment variable after `env:`");
        return Err(Fault::new(message).help("names are letters, digits and `_`"));
    }
    match env.get(variable) {
        // Compose files pass unset variables as empty ones, and a secret is never empty.
        Ok(Some(value)) if !value.is_empty() => Ok(Secret::new(value)),
        Ok(_) => Err(Fault::new(format!("{node} needs the environment variable {variable}, which is not set"))
            .help(format!("set {variable} where toril is started"))),
        Err(error) => {
            Err(Fault::new(format!("{node} needs the environment variable {variable}, which cannot be read: {error}")))
        }
    }
}

fn from_file(node: &Node<'_>, path: &str, folder: &Path) -> Result<Secret, Fault> {
    if path.is_empty() {
        return Err(Fault::new(format!("{node} has no path after `file:`")));
    }
    let path = folder.join(path);
    let refused = |why: &dyn std::fmt::Display| {
        let path = path.display();
        Fault::new(format!("{node} needs the file {path}, which cannot be read: {why}"))
    };
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| refused(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(refused(&"it is larger than 1 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused(&"it is not valid UTF-8"))?;
    // Editors and `echo` end a file with a line break.
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}
