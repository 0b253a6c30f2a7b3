"""A borrowed connection."""

from typing import Any

from .._host import load
from .cursor import Cursor
from . import errors
from .errors import InterfaceError, InternalError, OperationalError, invalid

_host = load("postgres")

_ISOLATION = ("read committed", "repeatable read", "serializable")


def connect(pool: str = "main", *, autocommit: bool = False) -> Any:
    """Borrows a connection of a pool, ``[plugins.NAME.postgres.POOL]`` in queues.toml. The first statement waits until
    a connection is free.

    With ``autocommit``, each statement takes effect by itself. Without it, the first statement begins a transaction,
    which ``commit`` ends.
    """
    return _host.connect(pool, lambda session: Connection(session, autocommit))


class Connection:
    """A connection that this attempt borrows. At its end, the host rolls back an open transaction.

    In a ``with`` statement, it is committed at the end, or rolled back after an exception, and given back.
    """

    # DB-API 2.0 lets programs find the exceptions here, too.
    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, session: Any, autocommit: bool):
        self._session = session
        #: The cursors whose rows come in portions.
        self._open_cursors: set[Cursor] = set()
        self._autocommit = autocommit
        self._isolation: str | None = None
        self._read_only = False
        #: Whether a transaction was open that this object has not ended. The host alone cannot say: a connection that
        #: was lost in a transaction is idle, too.
        self._has_begun = False
        #: The step of ``once`` that the transaction belongs to.
        self._step: str | None = None

    @property
    def autocommit(self) -> bool:
        """Whether each statement takes effect by itself. Can be set while no transaction is open."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self._check_idle("change `autocommit`")
        self._autocommit = bool(value)

    @property
    def isolation_level(self) -> str | None:
        """``read committed``, ``repeatable read`` or ``serializable`` for the next transactions, or None for the
        server's default."""
        return self._isolation

    @isolation_level.setter
    def isolation_level(self, value: str | None) -> None:
        self._check_idle("change `isolation_level`")
        if value is not None and value.lower() not in _ISOLATION:
            raise invalid(f"an isolation level is one of {', '.join(_ISOLATION)}")
        self._isolation = value and value.lower()

    @property
    def read_only(self) -> bool:
        """Whether the next transactions refuse changes."""
        return self._read_only

    @read_only.setter
    def read_only(self, value: bool) -> None:
        self._check_idle("change `read_only`")
        self._read_only = bool(value)

    @property
    def closed(self) -> bool:
        """Whether it was given back."""
        return self._session is None

    @property
    def status(self) -> str:
        """``idle``, ``open`` if a transaction is open, or ``failed`` if a statement of it has failed."""
        return self._open_session().status()

    def server_setting(self, name: str) -> str | None:
        """A setting that the server reports by itself, such as ``server_version``. None before the first statement, and
        for other settings."""
        return self._open_session().server_settings().get(name)

    def cursor(self, portion: int | None = None) -> Cursor:
        """A cursor. With ``portion``, it reads that many rows at once: for results that are larger than the pool's
        ``max_rows``, or than the plugin's memory."""
        self._open_session()
        if portion is not None and not 1 <= portion < 2**32:
            raise invalid("a portion has at least one row")
        return Cursor(self, portion)

    def execute(self, statement: str, parameters: Any = None) -> Cursor:
        """Runs a statement with a new cursor, which is returned."""
        return self.cursor().execute(statement, parameters)

    def commit(self) -> None:
        """Makes the changes of the open transaction permanent. Does nothing if there is none.

        If the connection was lost before, the server has rolled back, and this is an ``OperationalError``.
        """
        self._check_owner()
        session = self._open_session()
        is_idle = session.status() == "idle"
        if is_idle and not self._has_begun:
            return
        self._close_portals()
        try:
            # If a statement has ended the transaction, there is none. The server does not take that as an error.
            answer = session.query("commit", [])[0]
        except OperationalError as error:
            if is_idle and error.code == "unavailable":
                raise OperationalError("the connection was lost before the commit", code="unavailable") from error
            raise
        self._has_begun = False
        # In a failed transaction the server rolls back instead, which is no error for it.
        if answer.command != "COMMIT":
            message = "the transaction was rolled back, because one of its statements had failed"
            raise InternalError(message, sqlstate="25P02")

    def rollback(self) -> None:
        """Undoes the changes of the open transaction. Does nothing if there is none, or if the connection was lost."""
        self._check_owner()
        session = self._open_session()
        if session.status() != "idle":
            self._close_portals()
            try:
                session.query("rollback", [])
            except OperationalError as error:
                if error.code != "unavailable":
                    raise
        self._has_begun = False

    def close(self) -> None:
        """Gives the connection back. The host rolls back an open transaction."""
        self._check_owner()
        session, self._session = self._session, None
        if session is not None:
            self._close_portals()
            session.close()

    def __enter__(self) -> "Connection":
        self._open_session()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None and not self.closed:
                self.commit()
        finally:
            # Without a commit, the host rolls back, also if the connection is broken.
            self.close()

    def _open_session(self) -> Any:
        if self._session is None:
            raise InterfaceError("the connection is closed", code="invalid")
        return self._session

    def _ready_session(self) -> Any:
        """The session, in a transaction unless each statement takes effect by itself."""
        session = self._open_session()
        if session.status() != "idle":
            # Also a transaction that a statement has begun.
            self._has_begun = True
        elif not self._autocommit:
            session.query(self._begin_statement(), [])
            self._has_begun = True
        return session

    def _begin_statement(self) -> str:
        isolation = f" isolation level {self._isolation}" if self._isolation else ""
        return f"begin{isolation}{' read only' if self._read_only else ''}"

    def _begin_step(self, step: str) -> None:
        """Begins the transaction of a step of ``once``."""
        self._check_idle(f"run the step `{step}`")
        # With another level, the insert could fail where it has to wait for another runner of the step.
        self._open_session().query("begin isolation level read committed", [])
        self._has_begun = True
        self._step = step

    def _check_idle(self, to: str) -> None:
        if self._open_session().status() != "idle":
            raise invalid(f"cannot {to} while a transaction is open: commit it, or roll it back")

    def _check_owner(self) -> None:
        if self._step is not None:
            raise invalid(
                f"the transaction belongs to the step `{self._step}`: return from its function, or raise an exception. "
                "Use savepoints to undo a part"
            )

    def _close_portals(self) -> None:
        for cursor in list(self._open_cursors):
            cursor._close_portal()
