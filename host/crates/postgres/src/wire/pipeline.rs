//! Messages for the server that are sent together, and the replies that are due for them.

use std::collections::VecDeque;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use crate::answer::{Format, Parameter};
use crate::error::Error;

/// Text that may be sent to the server: it has no zero byte, which would end it early.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// A statement of a caller.
    pub(crate) fn statement(text: &'a str) -> Result<Self, Error> {
        match text.contains('\0') {
            true => Err(Error::Invalid("the statement contains a zero byte".to_owned())),
            false => Ok(Self(text)),
        }
    }

    pub(crate) fn as_str(self) -> &'a str {
        self.0
    }
}

/// The reply that is due for a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expect {
    /// ParseComplete. `kept`: for the caller's statement.
    Parsed { kept: bool },
    /// ParameterDescription, and then RowDescription or NoData.
    Described,
    /// RowDescription or NoData.
    Columns,
    /// BindComplete. `kept`: for the caller's statement.
    Bound { kept: bool },
    /// CloseComplete.
    Closed,
    /// Rows, and then the end of the statement or of a portion. `kept`: the caller wants the answer.
    Executed { kept: bool },
    /// The answers to all statements of a simple query.
    Simple,
    /// ReadyForQuery.
    Ready,
}

/// Messages that are sent together.
#[derive(Default)]
pub(crate) struct Pipeline {
    out: BytesMut,
    expected: VecDeque<Expect>,
}

impl Pipeline {
    /// Prepares a statement.
    pub(crate) fn parse(&mut self, name: &str, statement: Text<'_>, types: &[u32]) -> Result<(), Error> {
        let types = types.iter().copied();
        frontend::parse(name, statement.as_str(), types, &mut self.out).map_err(|_| too_much())?;
        self.expected.push_back(Expect::Parsed { kept: true });
        Ok(())
    }

    /// Asks for the parameters and columns of a prepared statement.
    pub(crate) fn describe(&mut self, name: &str) -> Result<(), Error> {
        frontend::describe(b'S', name, &mut self.out).map_err(|_| too_much())?;
        self.expected.push_back(Expect::Described);
        Ok(())
    }

    /// Gives a prepared statement its parameters.
    pub(crate) fn bind(
        &mut self,
        portal: &str,
        name: &str,
        parameters: &[Parameter],
        results: Format,
    ) -> Result<(), Error> {
        let formats = parameters.iter().map(|parameter| parameter.format.code());
        let write = |parameter: &Parameter, out: &mut BytesMut| match &parameter.value {
            Some(value) => {
                out.extend_from_slice(value);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        };
        let bound = frontend::bind(portal, name, formats, parameters, write, [results.code()], &mut self.out);
        bound.map_err(|_| too_much())?;
        self.expected.push_back(Expect::Bound { kept: true });
        Ok(())
    }

    /// Runs a portal. `rows`: at most so many, or 0 for all.
    pub(crate) fn execute(&mut self, portal: &str, rows: i32, kept: bool) -> Result<(), Error> {
        frontend::execute(portal, rows, &mut self.out).map_err(|_| too_much())?;
        self.expected.push_back(Expect::Executed { kept });
        Ok(())
    }

    /// Runs a statement of the host, whose answer nobody wants.
    pub(crate) fn own(&mut self, statement: &'static str) -> Result<(), Error> {
        let none = std::iter::empty::<u32>;
        frontend::parse("", statement, none(), &mut self.out).map_err(|_| too_much())?;
        let bound = frontend::bind("", "", [], [], |(), _| Ok(IsNull::Yes), [0], &mut self.out);
        bound.map_err(|_| too_much())?;
        frontend::execute("", 0, &mut self.out).map_err(|_| too_much())?;
        let kept = false;
        self.expected.extend([Expect::Parsed { kept }, Expect::Bound { kept }, Expect::Executed { kept }]);
        Ok(())
    }

    /// Closes a prepared statement. It is no error if there is none.
    pub(crate) fn close_statement(&mut self, name: &str) -> Result<(), Error> {
        frontend::close(b'S', name, &mut self.out).map_err(|_| too_much())?;
        self.expected.push_back(Expect::Closed);
        Ok(())
    }

    /// Closes a portal. It is no error if there is none.
    pub(crate) fn close_portal(&mut self, name: &str) -> Result<(), Error> {
        frontend::close(b'P', name, &mut self.out).map_err(|_| too_much())?;
        self.expected.push_back(Expect::Closed);
        Ok(())
    }

    /// Runs statements that are separated by semicolons.
    pub(crate) fn simple(&mut self, statements: Text<'_>) -> Result<(), Error> {
        frontend::query(statements.as_str(), &mut self.out).map_err(|_| too_much())?;
        self.expected.extend([Expect::Simple, Expect::Ready]);
        Ok(())
    }

    /// Ends the implicit transaction, and the skipping of messages after an error.
    pub(crate) fn sync(&mut self) {
        frontend::sync(&mut self.out);
        self.expected.push_back(Expect::Ready);
    }

    /// Makes the server send its replies, without an end of the implicit transaction.
    pub(crate) fn flush(&mut self) {
        frontend::flush(&mut self.out);
    }

    /// The bytes to send, and the replies that are due.
    pub(crate) fn into_parts(self) -> (BytesMut, VecDeque<Expect>) {
        (self.out, self.expected)
    }
}

/// The protocol's limits: 65,535 parameters, and 2 GiB for a message.
fn too_much() -> Error {
    Error::Invalid("the statement has too many parameters, or is too long for the protocol".to_owned())
}
