//! The server's replies to a pipeline: a state machine that checks their order, and keeps answers within bounds.

use std::collections::VecDeque;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, Message, RowDescriptionBody};

use super::frames::WireError;
use super::pipeline::Expect;
use crate::answer::{Answer, Column, TransactionStatus};
use crate::error::{DatabaseError, Error};

/// What an answer without rows counts, in bytes, so that a text of many small statements is bounded, too.
const ANSWER: u64 = 128;
/// What a column counts besides its name, in bytes.
const COLUMN: u64 = 48;

/// The limits of the answers to one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub rows: u64,
    pub bytes: u64,
}

/// What a message has changed.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Progress {
    /// More replies are due.
    More,
    /// The answer became too large, or is a stream of COPY. The caller cancels the statement, and reads on.
    Cancel,
    /// The server waits for data of COPY. The caller sends CopyFail if `fail`, and then a Sync if `sync`.
    RefuseCopy { fail: bool, sync: bool },
    /// All replies are there.
    Done,
}

/// The replies to one pipeline.
#[derive(Debug)]
pub(crate) struct Reply {
    expected: VecDeque<Expect>,
    bounds: Bounds,
    rows: u64,
    bytes: u64,
    /// The columns of the statement that runs, if they are known.
    columns: Option<Vec<Column>>,
    current: Option<Answer>,
    answers: Vec<Answer>,
    /// The first error: the host's refusal, or the server's.
    error: Option<Error>,
    bound: bool,
    parsed: bool,
    described: Option<Vec<Column>>,
    suspended: bool,
    status: Option<TransactionStatus>,
    /// The server forgot statements: the tags of DEALLOCATE and DISCARD ALL.
    forgot: bool,
}

impl Reply {
    /// `columns`: those of the statement, if it was described before.
    pub(crate) fn new(expected: VecDeque<Expect>, bounds: Bounds, columns: Option<Vec<Column>>) -> Self {
        Self {
            expected,
            bounds,
            rows: 0,
            bytes: 0,
            columns,
            current: None,
            answers: Vec::new(),
            error: None,
            bound: false,
            parsed: false,
            described: None,
            suspended: false,
            status: None,
            forgot: false,
        }
    }

    /// Takes the next message. Notices, notifications and settings are not for here.
    pub(crate) fn on(&mut self, message: Message) -> Result<Progress, WireError> {
        let Some(expected) = self.expected.front().copied() else {
            return Err(WireError::Violation("a message came that no request is waiting for"));
        };
        match (expected, message) {
            (_, Message::ErrorResponse(body)) => {
                let error = DatabaseError::read(body.fields());
                return self.on_error(error.ok_or(WireError::Violation("an error is malformed"))?);
            }
            (Expect::Parsed { kept }, Message::ParseComplete) => self.parsed |= kept,
            (Expect::Bound { kept }, Message::BindComplete) => self.bound |= kept,
            (Expect::Closed, Message::CloseComplete) => {}
            (Expect::Described, Message::ParameterDescription(_)) => {
                self.expected.pop_front();
                self.expected.push_front(Expect::Columns);
                return Ok(Progress::More);
            }
            (Expect::Columns, Message::NoData) => self.on_described(Vec::new()),
            (Expect::Columns, Message::RowDescription(body)) => {
                let columns = columns(&body)?;
                self.on_described(columns);
            }
            (Expect::Executed { kept }, message) => return self.on_execution(message, kept),
            (Expect::Simple, message) => return self.on_simple(message),
            (Expect::Ready, Message::ReadyForQuery(body)) => {
                let status = TransactionStatus::parse(body.status());
                self.status = Some(status.ok_or(WireError::Violation("an unknown status of the transaction"))?);
            }
            _ => return Err(WireError::Violation("a message came in the wrong order")),
        }
        Ok(self.advance())
    }

    fn advance(&mut self) -> Progress {
        self.expected.pop_front();
        if self.expected.is_empty() { Progress::Done } else { Progress::More }
    }

    /// After an error the server skips everything up to the Sync.
    fn on_error(&mut self, error: DatabaseError) -> Result<Progress, WireError> {
        // An error of a session that ends comes at any time, and no ReadyForQuery follows.
        let ends = error.ends_session();
        self.current = None;
        if self.error.is_none() {
            self.error = Some(Error::Database(Box::new(error)));
        }
        if ends {
            return Err(WireError::Closed);
        }
        // The Sync itself fails if a deferred constraint does.
        match self.expected.iter().position(|one| *one == Expect::Ready) {
            Some(index) => drop(self.expected.drain(..index)),
            None => self.expected.clear(),
        }
        Ok(if self.expected.is_empty() { Progress::Done } else { Progress::More })
    }

    fn on_described(&mut self, columns: Vec<Column>) {
        self.columns = Some(columns.clone());
        self.described = Some(columns);
    }

    /// A message between the start of a statement and its end, in the extended protocol.
    fn on_execution(&mut self, message: Message, kept: bool) -> Result<Progress, WireError> {
        match message {
            Message::DataRow(row) => return self.on_row(&row, kept),
            Message::CommandComplete(body) => {
                self.on_command(body.tag().map_err(|_| WireError::Violation("a command tag is not text"))?, kept);
            }
            Message::EmptyQueryResponse => self.on_command("", kept),
            Message::PortalSuspended => {
                self.on_command("", kept);
                self.suspended = true;
            }
            message => return self.on_copy(message),
        }
        Ok(self.advance())
    }

    /// A message in the simple protocol.
    fn on_simple(&mut self, message: Message) -> Result<Progress, WireError> {
        match message {
            Message::RowDescription(body) => {
                if self.columns.is_some() {
                    return Err(WireError::Violation("a statement was described twice"));
                }
                self.columns = Some(columns(&body)?);
            }
            Message::DataRow(_) if self.columns.is_none() => {
                return Err(WireError::Violation("a row came before its columns"));
            }
            Message::DataRow(row) => return self.on_row(&row, true),
            Message::CommandComplete(body) => {
                self.on_command(body.tag().map_err(|_| WireError::Violation("a command tag is not text"))?, true);
                self.columns = None;
            }
            Message::EmptyQueryResponse => {
                self.on_command("", true);
                self.columns = None;
            }
            Message::ReadyForQuery(body) => {
                self.expected.pop_front();
                return self.on(Message::ReadyForQuery(body));
            }
            message => return self.on_copy(message),
        }
        Ok(if self.exceeds() { self.refuse_size() } else { Progress::More })
    }

    fn on_copy(&mut self, message: Message) -> Result<Progress, WireError> {
        let refused = || Error::Invalid("COPY to or from the client is not supported. Use INSERT or SELECT".to_owned());
        match message {
            Message::CopyInResponse(_) => {
                self.error.get_or_insert_with(refused);
                Ok(self.refuse_copy())
            }
            Message::CopyOutResponse(_) => {
                self.error.get_or_insert_with(refused);
                Ok(Progress::Cancel)
            }
            Message::CopyData(_) | Message::CopyDone if self.error.is_some() => Ok(Progress::More),
            _ => Err(WireError::Violation("a message came in the wrong order")),
        }
    }

    /// What makes the server give COPY up depends on what it will read next.
    fn refuse_copy(&self) -> Progress {
        match (self.expected.front(), self.expected.get(1)) {
            (Some(Expect::Simple), _) | (_, None) => Progress::RefuseCopy { fail: true, sync: false },
            // The server ignores the Sync that was sent already, because it waits for data.
            (_, Some(Expect::Ready)) => Progress::RefuseCopy { fail: true, sync: true },
            // The next message is neither data nor a Sync, which is an error.
            _ => Progress::RefuseCopy { fail: false, sync: false },
        }
    }

    fn on_row(&mut self, row: &DataRowBody, kept: bool) -> Result<Progress, WireError> {
        if !kept {
            return Ok(Progress::More);
        }
        let columns = self.columns.as_ref().map_or(0, Vec::len);
        if !is_whole(row.buffer(), columns) {
            return Err(WireError::Violation("a row does not match its columns"));
        }
        if self.error.is_some() {
            return Ok(Progress::More);
        }
        self.rows += 1;
        self.bytes += row.buffer().len() as u64;
        if self.exceeds() {
            return Ok(self.refuse_size());
        }
        let current = self.current.get_or_insert_default();
        current.rows.extend_from_slice(row.buffer());
        current.row_count += 1;
        Ok(Progress::More)
    }

    fn on_command(&mut self, tag: &str, kept: bool) {
        self.forgot |= matches!(tag, "DEALLOCATE" | "DEALLOCATE ALL" | "DISCARD ALL");
        let mut answer = self.current.take().unwrap_or_default();
        if kept && self.error.is_none() {
            tag.clone_into(&mut answer.command);
            answer.columns = self.columns.clone().unwrap_or_default();
            let names = answer.columns.iter().map(|column| column.name.len() as u64 + COLUMN);
            self.bytes += ANSWER + names.sum::<u64>();
            self.answers.push(answer);
        }
    }

    fn exceeds(&self) -> bool {
        self.error.is_none() && (self.rows > self.bounds.rows.min(u32::MAX.into()) || self.bytes > self.bounds.bytes)
    }

    /// Gives up on an answer that is too large, and frees its memory.
    fn refuse_size(&mut self) -> Progress {
        let limit = if self.rows > self.bounds.rows.min(u32::MAX.into()) {
            format!("{} rows (max_rows)", self.bounds.rows)
        } else {
            format!("{} bytes (max_bytes)", self.bounds.bytes)
        };
        let reason = format!("the answer has more than {limit}. Read it in portions with a cursor, or ask for less");
        self.error = Some(Error::TooLarge(reason));
        self.answers = Vec::new();
        self.current = None;
        Progress::Cancel
    }

    /// The error, or the answers.
    pub(crate) fn into_result(self) -> Result<Vec<Answer>, Error> {
        self.error.map_or(Ok(self.answers), Err)
    }

    /// The error so far.
    pub(crate) fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Replaces the error that the host's own cancelling has caused.
    pub(crate) fn replace_error(&mut self, error: Error) {
        self.error = Some(error);
    }

    /// Whether the server has prepared the statement.
    pub(crate) fn is_parsed(&self) -> bool {
        self.parsed
    }

    /// Whether the parameters were accepted, after which the statement may have had an effect.
    pub(crate) fn is_bound(&self) -> bool {
        self.bound
    }

    /// Whether the portal has more rows.
    pub(crate) fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// Whether a statement made the server forget prepared statements.
    pub(crate) fn forgot_statements(&self) -> bool {
        self.forgot
    }

    /// The columns that were described by these replies.
    pub(crate) fn described(&self) -> Option<Vec<Column>> {
        self.described.clone()
    }

    /// The status of the transaction that the server reported.
    pub(crate) fn status(&self) -> Option<TransactionStatus> {
        self.status
    }
}

fn columns(body: &RowDescriptionBody) -> Result<Vec<Column>, WireError> {
    let column = |field: postgres_protocol::message::backend::Field<'_>| {
        Ok(Column {
            name: field.name().to_owned(),
            type_oid: field.type_oid(),
            type_size: field.type_size(),
            type_modifier: field.type_modifier(),
            table_oid: field.table_oid(),
            column_number: field.column_id(),
        })
    };
    body.fields().map(column).collect().map_err(|_| WireError::Violation("the columns are malformed"))
}

/// Whether a row has that many values, and nothing else.
fn is_whole(mut row: &[u8], columns: usize) -> bool {
    for _ in 0..columns {
        let Some((length, rest)) = row.split_first_chunk::<4>() else { return false };
        row = match i32::from_be_bytes(*length) {
            -1 => rest,
            length => match usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length)) {
                Some((_, rest)) => rest,
                None => return false,
            },
        };
    }
    row.is_empty()
}
