//! A form made from a JSON Schema, and the document made from the form's input. Values without a matching field are
//! entered as JSON.
//!
//! | module | holds |
//! | --- | --- |
//! | `fields` | from a schema to fields |
//! | `read` | from the form's input to a document |
//! | `show` | from fields to markup |

mod fields;
mod read;
mod show;

use std::collections::BTreeMap;

pub use fields::{Field, of_schema};
pub use read::{at_fields, read};
pub use show::{errors_at, show};

/// Error messages, by the field's JSON Pointer. Empty pointer: the whole form.
pub type Errors = BTreeMap<String, Vec<String>>;

/// The name of the form field for the value at this pointer.
pub fn name(pointer: &str) -> String {
    format!("data{pointer}")
}
