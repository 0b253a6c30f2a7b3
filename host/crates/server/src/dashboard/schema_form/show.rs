//! Converts fields to markup.

use maud::{Markup, html};
use serde_json::Value;

use super::fields::{Field, Kind};
use super::{Errors, name};
use crate::dashboard::form::Form;
use crate::dashboard::text::shown;

/// The fields, with the previous input and its errors.
pub fn show(fields: &[Field], sent: Option<&Form>, errors: &Errors) -> Markup {
    group(fields, sent, errors, "f")
}

fn group(fields: &[Field], sent: Option<&Form>, errors: &Errors, id: &str) -> Markup {
    html! { @for (place, field) in fields.iter().enumerate() { (one(field, sent, errors, &format!("{id}-{place}"))) } }
}

fn one(field: &Field, sent: Option<&Form>, errors: &Errors, id: &str) -> Markup {
    let wrong = errors.get(&field.pointer).is_some_and(|wrong| !wrong.is_empty());
    if let Kind::Object(fields) = &field.kind {
        return html! {
            fieldset {
                legend { (shown(&field.label)) (optional(field)) }
                (description(field, id))
                (errors_at(errors, &field.pointer, id))
                (group(fields, sent, errors, id))
            }
        };
    }
    let hints = [(field.description.is_some(), "hint"), (wrong, "wrong")].into_iter().filter(|(is, _)| *is);
    let described: Vec<_> = hints.map(|(_, what)| format!("{id}-{what}")).collect();
    let described = (!described.is_empty()).then(|| described.join(" "));
    let value = match sent {
        Some(form) => form.get(&name(&field.pointer)).unwrap_or_default().to_owned(),
        None => field.default.as_ref().map(|default| first(field, default)).unwrap_or_default(),
    };
    let invalid = wrong.then_some("true");
    let name = name(&field.pointer);
    html! {
        div.field {
            label for=(id) { (shown(&field.label)) (optional(field)) }
            @match &field.kind {
                Kind::Text { long: false } => input id=(id) name=(name) value=(value) aria-invalid=[invalid] aria-describedby=[described];,
                Kind::Text { long: true } => textarea id=(id) name=(name) rows="4" aria-invalid=[invalid] aria-describedby=[described] { "\n" (value) },
                Kind::Number { integer } => input.short id=(id) name=(name) value=(value) inputmode=(if *integer { "numeric" } else { "decimal" })
                    aria-invalid=[invalid] aria-describedby=[described];,
                Kind::Boolean => select id=(id) name=(name) aria-invalid=[invalid] aria-describedby=[described] {
                    option value="" { "not given" }
                    option value="true" selected[value == "true"] { "yes" }
                    option value="false" selected[value == "false"] { "no" }
                },
                Kind::Choice(choices) => select id=(id) name=(name) aria-invalid=[invalid] aria-describedby=[described] {
                    option value="" { "not given" }
                    @for (place, choice) in choices.iter().enumerate() {
                        option value=(place) selected[value == place.to_string()] { (choice.as_str().map_or_else(|| choice.to_string(), str::to_owned)) }
                    }
                },
                Kind::Json | Kind::Object(_) => textarea.code id=(id) name=(name) rows="4" spellcheck="false" placeholder="JSON"
                    aria-invalid=[invalid] aria-describedby=[described] { "\n" (value) },
            }
            (description(field, id))
            (errors_at(errors, &field.pointer, id))
        }
    }
}

fn optional(field: &Field) -> Markup {
    html! { @if !field.required { " " span.note { "(optional)" } } }
}

fn description(field: &Field, id: &str) -> Markup {
    html! { @if let Some(description) = &field.description { span.note id={ (id) "-hint" } { (shown(description)) } } }
}

/// The errors at a pointer.
pub fn errors_at(errors: &Errors, pointer: &str, id: &str) -> Markup {
    html! {
        @if let Some(wrong) = errors.get(pointer).filter(|wrong| !wrong.is_empty()) {
            span.wrong id={ (id) "-wrong" } { (shown(wrong.join("; "))) }
        }
    }
}

/// The text of a default value in its field.
fn first(field: &Field, default: &Value) -> String {
    match (&field.kind, default) {
        (Kind::Choice(choices), default) => {
            choices.iter().position(|choice| choice == default).map(|place| place.to_string()).unwrap_or_default()
        }
        (Kind::Text { .. }, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}
