//! Generates types for the producers of a plugin's jobs, from the plugin's JSON Schemas.
//!
//! `schema` converts a JSON Schema to the types of `model`, and `typescript` and `python` write them. The supported
//! subset is what schemars, zod and pydantic generate: objects, arrays, enums, unions, references. The host still
//! checks constraints such as lengths, patterns and ranges. Unsupported schemas become a type that accepts
//! everything, with a comment that says so.

mod model;
mod python;
mod schema;
#[cfg(test)]
mod tests;
mod typescript;

use clap::ValueEnum;
use serde_json::Value;

use super::template::type_name;
use model::{Declaration, Kind, Named};

/// What the types are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TypesLanguage {
    /// TypeScript.
    Ts,
    /// Python 3.11 or newer.
    Python,
}

/// A plugin, as far as its types are concerned.
pub struct Described<'a> {
    /// Its name.
    pub plugin: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its job types, in the order of the output.
    pub jobs: &'a [DescribedJob<'a>],
}

/// One job type, as the plugin describes it.
pub struct DescribedJob<'a> {
    /// Its name.
    pub name: &'a str,
    /// The description, for the user.
    pub description: &'a str,
    /// The JSON Schema of its data.
    pub schema: Option<&'a Value>,
    /// The JSON Schema of its result.
    pub result: Option<&'a Value>,
}

/// Writes a module with the types of a plugin's jobs.
pub fn write(described: &Described<'_>, language: TypesLanguage) -> String {
    let (jobs, declarations) = declare(described);
    let head = [
        format!("Written by `toril plugin types` from {}, version {}.", described.plugin, described.version),
        "Do not edit: write it again when the plugin changes.".to_owned(),
    ];
    match language {
        TypesLanguage::Ts => typescript::module(&head, &type_name(described.plugin), &declarations, &jobs),
        TypesLanguage::Python => python::module(&head, &type_name(described.plugin), &declarations, &jobs),
    }
}

fn declare<'a>(described: &Described<'a>) -> (Vec<Named<'a>>, Vec<Declaration>) {
    let mut names = model::Names::default();
    let mut jobs = Vec::new();
    let mut declarations = Vec::new();
    for job in described.jobs {
        let data = names.unique(&(type_name(described.plugin) + &type_name(job.name)));
        let result = names.unique(&format!("{data}Result"));
        let about = format!("The data of a job `{}`: {}", job.name, job.description);
        let returns = format!("The result of a job `{}`.", job.name);
        for (schema, name, about) in [(job.schema, &data, about), (job.result, &result, returns)] {
            match schema {
                Some(schema) => declarations.extend(schema::declarations(schema, name, about, &mut names)),
                None => declarations.push(Declaration {
                    name: name.clone(),
                    comment: vec![about, "The plugin gives no schema, so nothing is known of it.".to_owned()],
                    kind: Kind::Unknown,
                }),
            }
        }
        jobs.push(Named { name: job.name, data, result });
    }
    (jobs, declarations)
}
