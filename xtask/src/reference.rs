//! Writes the reference of each plugin's jobs into its page of the manual. The texts are the doc comments of the
//! plugin's types, which the built component has in its description. `--check` fails if a page is out of date.

mod schema;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cargo::{self, Metadata};
use crate::guests;
use crate::process;
use crate::workspace::{Workspace, write_if_changed};

/// Each plugin, and the page with its section. The section is between `<!-- reference: PLUGIN -->` and `<!-- end
/// reference -->`.
const PAGES: [(&str, &str); 2] = [("agent-commands", "docs/agent-commands.md"), ("github-sync", "docs/github-sync.md")];

const END: &str = "<!-- end reference -->";

#[derive(clap::Args)]
pub struct Args {
    /// Change nothing, and fail if a page is out of date
    #[arg(long)]
    check: bool,
}

/// Builds the plugins and the host, then writes or checks the sections.
pub fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let only = PAGES.map(|(plugin, _)| plugin.to_owned()).to_vec();
    guests::run(workspace, &guests::Args { only, ..guests::Args::default() })?;
    process::run(cargo::command(workspace).args(["build", "--package", "toril"]))?;
    if args.check { check(workspace) } else { each(workspace, write) }
}

/// Checks the sections with the plugins and the host that are built already.
pub fn check(workspace: &Workspace) -> Result<()> {
    each(workspace, |path, plugin, page, wanted| {
        if page != wanted {
            let path = path.display();
            bail!("the reference of {plugin} in {path} is out of date: run `cargo xtask reference` to rewrite it");
        }
        println!("reference of {plugin}: {} is up to date", path.display());
        Ok(())
    })
}

fn write(path: &Path, plugin: &str, _page: &str, wanted: &str) -> Result<()> {
    let state = if write_if_changed(path, wanted.as_bytes())? { "written" } else { "unchanged" };
    println!("reference of {plugin}: {state}, {}", path.display());
    Ok(())
}

/// Calls `run` for each page, with its path, its plugin, its content, and its correct content.
fn each(workspace: &Workspace, run: impl Fn(&Path, &str, &str, &str) -> Result<()>) -> Result<()> {
    let toril = Metadata::read(workspace)?.dev_binary("toril");
    for (plugin, page) in PAGES {
        let component = workspace.target().join("plugins").join(format!("{plugin}.wasm"));
        let mut inspect = Command::new(&toril);
        inspect.args(["plugin", "inspect", "--json"]).arg(&component).current_dir(workspace.root());
        let described: Value = serde_json::from_str(&process::output(&mut inspect)?)
            .with_context(|| format!("{} did not print JSON", process::shown(&inspect)))?;
        let path = workspace.root().join(page);
        let text = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        let wanted = with_section(&text, plugin, &section(plugin, &described)?)
            .with_context(|| format!("{} has no section for the reference of {plugin}", path.display()))?;
        run(&path, plugin, &text, &wanted)?;
    }
    Ok(())
}

fn section(plugin: &str, described: &Value) -> Result<String> {
    let mut text = format!(
        "<!-- Made by `cargo xtask reference` from the doc comments in plugins/{plugin}: change those, not this. -->\n\n"
    );
    text.push_str(&schema::jobs(described["jobs"].as_array().map_or(&[], Vec::as_slice))?);
    Ok(text)
}

/// The page with a new section.
fn with_section(page: &str, plugin: &str, section: &str) -> Result<String> {
    let begin = format!("<!-- reference: {plugin} -->\n");
    let (before, rest) =
        page.split_once(&begin).with_context(|| format!("the line `{}` is missing", begin.trim_end()))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("the line `{END}` is missing after it"))?;
    Ok(format!("{before}{begin}{section}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_the_rest_stays() -> Result<()> {
        let page = "a\n<!-- reference: x -->\nold\n<!-- end reference -->\nb\n";
        let wanted = "a\n<!-- reference: x -->\nnew\n<!-- end reference -->\nb\n";
        assert_eq!(with_section(page, "x", "new\n")?, wanted);
        assert_eq!(with_section(wanted, "x", "new\n")?, wanted);
        Ok(())
    }

    #[test]
    fn a_page_without_a_section_is_an_error() {
        let error = |page| with_section(page, "x", "").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error("nothing").contains("<!-- reference: x -->"));
        assert!(error("<!-- reference: x -->\n").contains(END));
    }
}
