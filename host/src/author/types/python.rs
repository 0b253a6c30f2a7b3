//! Writes types as Python 3.11 code with `typing`.

use serde_json::Value;

use super::model::{Declaration, Field, Kind, Named};

/// Words that cannot be field names in a class body.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// A whole module. References to types that may be defined later are in quotes.
pub fn module(head: &[String], prefix: &str, declarations: &[Declaration], jobs: &[Named<'_>]) -> String {
    let mut text: String = head.iter().map(|line| format!("# {line}\n")).collect();
    text += "\nfrom __future__ import annotations\n\n";
    text += "from typing import Any, Literal, Never, NotRequired, TypeAlias, TypedDict\n";
    for declaration in declarations {
        text += "\n\n";
        text += &match &declaration.kind {
            Kind::Object(fields) if fields.iter().all(|field| is_identifier(&field.name)) => class(declaration, fields),
            Kind::Object(fields) => call(declaration, fields),
            kind => {
                format!(
                    "{}{}: TypeAlias = {}\n",
                    comment(&declaration.comment, ""),
                    declaration.name,
                    quoted(&expression(kind))
                )
            }
        };
    }
    text + &table(prefix, jobs)
}

/// A type for the names of the jobs, so that type checkers detect typos.
fn table(prefix: &str, jobs: &[Named<'_>]) -> String {
    let name = format!("{prefix}JobName: TypeAlias");
    if jobs.is_empty() {
        return format!(
            "\n\n# The plugin takes jobs of any name, and gives no schema of their data.\n{name} = \"str\"\n"
        );
    }
    let names: Vec<_> = jobs.iter().map(|job| python_literal(&Value::from(job.name))).collect();
    format!("\n\n# The names of the plugin's jobs.\n{name} = Literal[{}]\n", names.join(", "))
}

fn class(declaration: &Declaration, fields: &[Field]) -> String {
    let mut text = format!("class {}(TypedDict):\n", declaration.name);
    if !declaration.comment.is_empty() {
        text += &docstring(&declaration.comment);
    }
    for field in fields {
        text += &comment(&field.comment, "    ");
        text += &format!("    {}: {}\n", field.name, field_type(field, expression(&field.kind)));
    }
    text
}

/// The call syntax of `TypedDict`, for field names that are not valid in a class body.
fn call(declaration: &Declaration, fields: &[Field]) -> String {
    let name = &declaration.name;
    let mut text = comment(&declaration.comment, "");
    text += &format!("{name} = TypedDict(\n    {name:?},\n    {{\n");
    for field in fields {
        text += &comment(&field.comment, "        ");
        let kind = field_type(field, quoted(&expression(&field.kind)));
        text += &format!("        {}: {kind},\n", python_literal(&Value::from(field.name.as_str())));
    }
    text + "    },\n)\n"
}

fn field_type(field: &Field, kind: String) -> String {
    if field.required { kind } else { format!("NotRequired[{kind}]") }
}

fn expression(kind: &Kind) -> String {
    match kind {
        // A `TypedDict` cannot be written inline. `schema` gives every object a name.
        Kind::Unknown | Kind::Object(_) => "Any".to_owned(),
        Kind::Never => "Never".to_owned(),
        Kind::Null => "None".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Integer => "int".to_owned(),
        Kind::Number => "float".to_owned(),
        Kind::String => "str".to_owned(),
        Kind::Literal(value) => format!("Literal[{}]", python_literal(value)),
        Kind::List(item) => format!("list[{}]", expression(item)),
        Kind::Tuple(items) => format!("tuple[{}]", items.iter().map(expression).collect::<Vec<_>>().join(", ")),
        Kind::Map(value) => format!("dict[str, {}]", expression(value)),
        Kind::Union(kinds) => alternatives(kinds),
        Kind::Named(name) => name.clone(),
    }
}

/// The alternatives of a union. All literals are combined into one `Literal`.
fn alternatives(kinds: &[Kind]) -> String {
    let literal = |kind: &Kind| match kind {
        Kind::Literal(value) => Some(python_literal(value)),
        _ => None,
    };
    let literals: Vec<_> = kinds.iter().filter_map(literal).collect();
    let together = (!literals.is_empty()).then(|| format!("Literal[{}]", literals.join(", ")));
    let others = kinds.iter().filter(|kind| literal(kind).is_none()).map(expression);
    together.into_iter().chain(others).collect::<Vec<_>>().join(" | ")
}

fn python_literal(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        // JSON's escapes have the same meaning in Python.
        value => value.to_string(),
    }
}

fn quoted(expression: &str) -> String {
    Value::from(expression).to_string()
}

fn is_identifier(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    // Python mangles names that begin with two underscores.
    name.starts_with(first)
        && !name.starts_with("__")
        && name.chars().all(|c| first(c) || c.is_ascii_digit())
        && !KEYWORDS.contains(&name)
}

fn comment(lines: &[String], indent: &str) -> String {
    lines.iter().map(|line| format!("{indent}# {line}").trim_end().to_owned() + "\n").collect()
}

fn docstring(lines: &[String]) -> String {
    let text = lines.join("\n    ").replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    let ending = if lines.len() > 1 || text.ends_with('"') { "\n    " } else { "" };
    format!("    \"\"\"{text}{ending}\"\"\"\n\n")
}
