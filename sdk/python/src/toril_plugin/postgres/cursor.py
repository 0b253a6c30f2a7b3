"""A cursor: statements and their rows."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from . import oids
from .errors import InterfaceError, invalid
from .parameters import encode_all
from .statement import bind
from .values import decode_rows

#: The length of `varchar(n)` is this much less than its modifier, and so is the precision of `numeric`.
_MODIFIER_HEADER = 4


class Column(NamedTuple):
    """A column of the rows, as DB-API 2.0 describes it."""

    name: str
    #: The OID of the type. It is equal to one of `STRING`, `NUMBER`, and so on.
    type_code: int
    display_size: int | None
    #: In bytes, or in characters for a type such as `varchar(20)`. None if it varies.
    internal_size: int | None
    precision: int | None
    scale: int | None
    null_ok: bool | None


class Cursor:
    """Runs statements, and reads their rows."""

    def __init__(self, connection: Any, portion: int | None):
        self._connection = connection
        self._portion = portion
        #: The host's cursor, if the rows come in portions.
        self._portal: Any = None
        #: The answers that `nextset` has not reached.
        self._later: list[Any] = []
        self._is_closed = False
        #: Number of rows of `fetchmany`.
        self.arraysize = 1
        #: The server has none. Part of DB-API 2.0.
        self.lastrowid = None
        self._forget()

    @property
    def connection(self) -> Any:
        """The connection of this cursor."""
        return self._connection

    @property
    def closed(self) -> bool:
        """Whether the cursor is closed."""
        return self._is_closed

    def execute(self, statement: str, parameters: Any = None) -> "Cursor":
        """Runs a statement, and returns the cursor itself.

        ``parameters`` is a list for ``%s``, or a dict for ``%(name)s``. Without parameters, the text is sent as it is,
        and may have several statements, separated by semicolons: see ``nextset``.
        """
        session = self._begin()
        if parameters is None and self._portion is None:
            if not isinstance(statement, str):
                raise invalid("a statement is a string")
            self._later = session.batch(statement)
            self._show(self._later.pop(0) if self._later else None)
            return self
        text, values = (statement, []) if parameters is None else bind(statement, parameters)
        encoded = encode_all(values)
        if self._portion is None:
            self._show(session.query(text, encoded)[0])
        else:
            self._portal = session.open_cursor(text, encoded)
            self._connection._open_cursors.add(self)
            self._read_portion()
        return self

    def executemany(self, statement: str, parameters: Iterable[Any]) -> "Cursor":
        """Runs a statement once for each of the parameters. ``rowcount`` is the sum."""
        session = self._begin()
        total = 0
        for each in parameters:
            text, values = bind(statement, each)
            total += _count(session.query(text, encode_all(values))[0].command)
        self.rowcount = total
        return self

    def fetchone(self) -> tuple | None:
        """The next row, or None."""
        return next(self._some_rows(), None)

    def fetchmany(self, size: int | None = None) -> list[tuple]:
        """The next rows: ``size``, or ``arraysize``, or fewer at the end."""
        rows = self._some_rows()
        wanted = self.arraysize if size is None else size
        return [row for _, row in zip(range(wanted), rows)]

    def fetchall(self) -> list[tuple]:
        """All further rows."""
        return list(self._some_rows())

    def __iter__(self) -> Iterator[tuple]:
        return self._some_rows()

    def __next__(self) -> tuple:
        return next(self._some_rows())

    def nextset(self) -> bool | None:
        """Goes to the rows of the next one of several statements. None: there are no more."""
        self._check_open()
        if not self._later:
            self._forget()
            return None
        self._show(self._later.pop(0))
        return True

    def setinputsizes(self, sizes: Any) -> None:
        """Part of DB-API 2.0. Does nothing."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Part of DB-API 2.0. Does nothing."""

    def close(self) -> None:
        """Ends the statement, and forgets its rows."""
        self._close_portal()
        self._later = []
        self._forget()
        self._is_closed = True

    def __enter__(self) -> "Cursor":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.close()

    def _begin(self) -> Any:
        """Forgets the last statement, and returns the session for the next one."""
        self._check_open()
        self._close_portal()
        self._later = []
        self._forget()
        return self._connection._ready_session()

    def _check_open(self) -> None:
        if self._is_closed:
            raise InterfaceError("the cursor is closed", code="invalid")
        self._connection._open_session()

    def _forget(self) -> None:
        self._rows: Iterator[tuple] | None = None
        #: The columns of the rows, or None.
        self.description: list[Column] | None = None
        #: Number of rows that the statement changed or returned. -1: not known, or not yet.
        self.rowcount = -1
        #: What the server did, such as `INSERT 0 1`.
        self.statusmessage: str | None = None

    def _show(self, answer: Any) -> None:
        """Makes the rows of an answer the next ones."""
        self._forget()
        if answer is None:
            return
        self.statusmessage = answer.command
        self.rowcount = _count(answer.command)
        if answer.columns:
            self.description = [_described(column) for column in answer.columns]
            self._rows = decode_rows(answer.rows, answer.row_count, [column.type_oid for column in answer.columns])

    def _some_rows(self) -> Iterator[tuple]:
        self._check_open()
        if self._rows is None:
            raise invalid("the statement returns no rows, or none was run")
        return self._rows

    def _read_portion(self) -> None:
        """Reads the first portion of rows. Their iterator reads the others."""
        answer = self._portal.read(self._portion)[0]
        self._show(answer)
        if self._rows is not None:
            self._rows = self._portions(answer)

    def _portions(self, answer: Any) -> Iterator[tuple]:
        types = [column.type_oid for column in answer.columns]
        total = 0
        while True:
            yield from decode_rows(answer.rows, answer.row_count, types)
            total += answer.row_count
            # Only the last portion has a command.
            if answer.command or answer.row_count == 0:
                self.statusmessage, self.rowcount = answer.command, total
                self._close_portal()
                return
            if self._portal is None:
                raise InterfaceError("the transaction of the rows has ended", code="invalid")
            answer = self._portal.read(self._portion)[0]

    def _close_portal(self) -> None:
        portal, self._portal = self._portal, None
        if portal is not None:
            self._connection._open_cursors.discard(self)
            portal.close()


def _count(command: str) -> int:
    """The number of rows in `INSERT 0 5`, `UPDATE 5` or `SELECT 5`."""
    last = command.rpartition(" ")[2]
    return int(last) if last.isdigit() else -1


def _described(column: Any) -> Column:
    size = column.type_size if column.type_size >= 0 else None
    precision = scale = None
    modifier = column.type_modifier - _MODIFIER_HEADER
    if modifier >= 0:
        if column.type_oid in (oids.VARCHAR, oids.BPCHAR):
            size = modifier
        elif column.type_oid == oids.NUMERIC:
            precision, scale = modifier >> 16, modifier & 0x7FF
    return Column(column.name, column.type_oid, None, size, precision, scale, None)
