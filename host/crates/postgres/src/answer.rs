//! What callers send to a server, and what it answers.

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Hash)]
pub enum Format {
    /// The server's text form of the type.
    #[default]
    Text,
    /// The binary form of the wire protocol.
    Binary,
}

impl Format {
    /// The number of the format in the protocol.
    pub(crate) fn code(self) -> i16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }
}

/// A parameter of a statement: `$1`, `$2` and so on.
#[derive(Clone, Eq, PartialEq)]
pub struct Parameter {
    /// The OID of its type, as in `pg_type`. 0: the server decides.
    pub type_oid: u32,
    /// The form of `value`.
    pub format: Format,
    /// None: NULL.
    pub value: Option<Vec<u8>>,
}

impl std::fmt::Debug for Parameter {
    /// Without the value, which must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parameter")
            .field("type_oid", &self.type_oid)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// One statement with its parameters.
#[derive(Clone, Eq, PartialEq)]
pub struct Query {
    /// The text of exactly one statement.
    pub statement: String,
    /// The values of `$1`, `$2` and so on.
    pub parameters: Vec<Parameter>,
    /// The form in which the server sends the values of the rows.
    pub results: Format,
}

impl Query {
    /// The memory that the statement and its parameters take, in bytes.
    pub(crate) fn size(&self) -> usize {
        let values = self.parameters.iter().map(|one| one.value.as_ref().map_or(0, Vec::len) + size_of::<Parameter>());
        self.statement.len() + values.sum::<usize>()
    }
}

impl std::fmt::Debug for Query {
    /// Without the statement, which must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query")
            .field("parameters", &self.parameters.len())
            .field("results", &self.results)
            .finish_non_exhaustive()
    }
}

/// A column of an answer: the fields of the server's RowDescription.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    /// The name of the column.
    pub name: String,
    /// The OID of its type.
    pub type_oid: u32,
    /// The size of the type in bytes. Negative: it varies.
    pub type_size: i16,
    /// What the type was declared with, such as the length of a `varchar`, or -1.
    pub type_modifier: i32,
    /// The OID of the table, or 0.
    pub table_oid: u32,
    /// The number of the column in that table, or 0.
    pub column_number: i16,
}

/// The answer to one statement.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Answer {
    /// The columns of the rows.
    pub columns: Vec<Column>,
    /// How many rows there are in `rows`.
    pub row_count: u32,
    /// The rows, one after the other. A row has for each column the length of its value in bytes, as a signed big-endian integer
    /// of 32 bits, and then the value. A length of -1 is NULL, and no value follows. Each row is complete, and has a value for
    /// each column.
    pub rows: Vec<u8>,
    /// What the server did, such as `INSERT 0 1`. Empty: the cursor has more rows, or the statement had no text.
    pub command: String,
}

impl std::fmt::Debug for Answer {
    /// Without the rows, which must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Answer");
        shown.field("columns", &self.columns.len()).field("row_count", &self.row_count);
        shown.field("bytes", &self.rows.len()).field("command", &self.command).finish()
    }
}

/// Whether a transaction is open, as the last answer of the server said.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TransactionStatus {
    /// No transaction is open.
    #[default]
    Idle,
    /// A transaction is open.
    Open,
    /// A statement of the transaction has failed. Only a rollback can follow.
    Failed,
}

impl TransactionStatus {
    /// The status in a ReadyForQuery message.
    pub(crate) fn parse(code: u8) -> Option<Self> {
        match code {
            b'I' => Some(Self::Idle),
            b'T' => Some(Self::Open),
            b'E' => Some(Self::Failed),
            _ => None,
        }
    }
}
