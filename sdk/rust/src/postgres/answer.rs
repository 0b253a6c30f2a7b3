//! What the server answers, as the host passes it on.

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The OID of its type, as in `pg_type`.
    pub type_oid: u32,
    /// The type's modifier, such as the length of a `varchar`, or -1.
    pub type_modifier: i32,
    /// The OID of the table that it is a column of, or 0.
    pub table_oid: u32,
    /// Its number in that table, or 0.
    pub column_number: i16,
}

/// The answer to one statement.
#[cfg_attr(not(any(test, target_arch = "wasm32")), allow(dead_code, reason = "only a host answers"))]
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub columns: Vec<Column>,
    pub row_count: u32,
    /// The rows in the form of the interface: for each column a length (-1: NULL), and the text of the value.
    pub rows: Vec<u8>,
    /// What the server did, such as `INSERT 0 1`. Empty: the cursor has more rows.
    pub command: String,
}
