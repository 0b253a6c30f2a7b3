//! Writes types as TypeScript code.

use serde_json::Value;

use super::model::{Declaration, Field, Kind, Named};

/// A whole module. `prefix` starts the names of the types that concern the whole plugin.
pub fn module(head: &[String], prefix: &str, declarations: &[Declaration], jobs: &[Named<'_>]) -> String {
    let mut text: String = head.iter().map(|line| format!("// {line}\n")).collect();
    for declaration in declarations {
        text.push('\n');
        text += &doc(&declaration.comment, "");
        text += &match &declaration.kind {
            Kind::Object(fields) => format!("export interface {} {}\n", declaration.name, object(fields)),
            kind => format!("export type {} = {};\n", declaration.name, expression(kind)),
        };
    }
    text + &table(prefix, jobs)
}

/// A type that maps job names to their types, for generic producers.
fn table(prefix: &str, jobs: &[Named<'_>]) -> String {
    if jobs.is_empty() {
        return format!(
            "\n/** The plugin takes jobs of any name, and gives no schema of their data. */\n\
             export type {prefix}Jobs = Record<string, {{ data: unknown; result: unknown }}>;\n"
        );
    }
    let rows: String = jobs
        .iter()
        .map(|job| format!("  {}: {{ data: {}; result: {} }};\n", key(job.name), job.data, job.result))
        .collect();
    format!("\n/** The plugin's jobs by name. */\nexport interface {prefix}Jobs {{\n{rows}}}\n")
}

fn object(fields: &[Field]) -> String {
    let mut text = "{\n".to_owned();
    for field in fields {
        let optional = if field.required { "" } else { "?" };
        text += &doc(&field.comment, "  ");
        text += &format!("  {}{optional}: {};\n", key(&field.name), expression(&field.kind));
    }
    text + "}"
}

fn expression(kind: &Kind) -> String {
    match kind {
        Kind::Unknown => "unknown".to_owned(),
        Kind::Never => "never".to_owned(),
        Kind::Null => "null".to_owned(),
        Kind::Boolean => "boolean".to_owned(),
        Kind::Integer | Kind::Number => "number".to_owned(),
        Kind::String => "string".to_owned(),
        Kind::Literal(value) => value.to_string(),
        Kind::List(item) => match **item {
            Kind::Union(_) => format!("({})[]", expression(item)),
            _ => format!("{}[]", expression(item)),
        },
        Kind::Tuple(items) => format!("[{}]", items.iter().map(expression).collect::<Vec<_>>().join(", ")),
        Kind::Map(value) => format!("Record<string, {}>", expression(value)),
        Kind::Object(fields) => object(fields),
        Kind::Union(kinds) => kinds.iter().map(expression).collect::<Vec<_>>().join(" | "),
        Kind::Named(name) => name.clone(),
    }
}

/// A field's name, quoted if necessary.
fn key(name: &str) -> String {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    let plain = name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit());
    if plain { name.to_owned() } else { Value::from(name).to_string() }
}

fn doc(lines: &[String], indent: &str) -> String {
    // Only this text could end the comment early.
    let lines: Vec<_> = lines.iter().map(|line| line.replace("*/", "*\u{200b}/")).collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let body: String = lines.iter().map(|line| format!("{indent} * {line}\n").replace(" \n", "\n")).collect();
            format!("{indent}/**\n{body}{indent} */\n")
        }
    }
}
