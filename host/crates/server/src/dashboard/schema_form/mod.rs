//! A form made from a JSON Schema, and the document that is made of what it brings. What the form has no field for is
//! written as JSON.
//!
//! | module | holds |
//! | --- | --- |
//! | `fields` | from a schema to fields |
//! | `read` | from what was sent to a document |
//! | `show` | from fields to markup |

mod fields;
mod read;
mod show;

use std::collections::BTreeMap;

pub use fields::{Field, of_schema};
pub use read::{at_fields, read};
pub use show::{errors_at, show};

/// What is wrong, by the field's JSON Pointer. Empty: the form as a whole.
pub type Errors = BTreeMap<String, Vec<String>>;

/// The name of the field for what is at this pointer.
pub fn name(pointer: &str) -> String {
    format!("data{pointer}")
}
