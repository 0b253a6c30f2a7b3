//! Fuzz targets for the dashboard.

use super::form::Form;
use super::schema_form::{Errors, of_schema, read, show};
use super::text;

/// A form. The first line is the schema that it is made from, the second one is the body that a client sends.
pub fn form(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (schema, sent) = text.split_once('\n').unwrap_or((&text, ""));
    let page = text::shown(sent).into_string();
    assert!(!page.replace("<bdi>", "").replace("</bdi>", "").contains("<script"), "markup gets through: {page}");
    let Ok(schema) = serde_json::from_str(schema) else { return };
    let Some(fields) = of_schema(&schema) else { return };
    let form = Form::of(sent.as_bytes());
    let mut errors = Errors::new();
    let _document = read(&fields, &form, &mut errors);
    let page = show(&fields, Some(&form), &errors).into_string();
    assert!(!page.contains("<script"), "markup gets through: {page}");
}
