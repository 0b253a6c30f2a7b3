"""The exceptions of DB-API 2.0. No message quotes a value of a row or a parameter, except where the server's own text
does."""

from typing import Any

#: The exceptions' names by the first two characters of SQLSTATE, as in psycopg.
_CLASSES = {
    "NotSupportedError": ("0A",),
    "ProgrammingError": ("20", "21", "3D", "3F", "42", "44"),
    "DataError": ("22",),
    "IntegrityError": ("23",),
    "InternalError": ("24", "25", "2B", "2D", "2F", "38", "39", "3B", "XX"),
    "OperationalError": ("08", "26", "27", "28", "34", "40", "53", "54", "55", "57", "58"),
}
_BY_CLASS = {start: name for name, starts in _CLASSES.items() for start in starts}

#: Errors of the host, without one of the server.
_BY_CODE = {
    "denied": "InterfaceError",
    "invalid": "InterfaceError",
    "unavailable": "OperationalError",
    "timeout": "OperationalError",
    "too-large": "DataError",
}
#: What the server says when a timeout of its own cancels a statement.
_CANCELLED = "57014"


class Warning(Exception):
    """Part of DB-API 2.0. The host reports no warnings."""


class Error(Exception):
    """Why a call failed. If not caught, it fails the job for good if ``permanent``, else this attempt."""

    def __init__(self, message: str, *, code: str | None = None, sqlstate: str | None = None, **fields: Any):
        super().__init__(message)
        #: The host's reason: ``denied``, ``invalid``, ``unavailable``, ``timeout`` or ``too-large``. None for an error
        #: of the server.
        self.code = code
        #: The server's error code, such as ``23505`` for a duplicate key. ``57014`` also for a timeout of the host.
        self.sqlstate = sqlstate
        # The other fields of an error of the server.
        self.severity: str | None = fields.get("severity")
        #: It often has values of the row.
        self.detail: str | None = fields.get("detail")
        self.hint: str | None = fields.get("hint")
        #: The place in the statement, in characters counted from 1.
        self.position: int | None = fields.get("position")
        self.context: str | None = fields.get("context")
        self.schema: str | None = fields.get("schema")
        self.table: str | None = fields.get("table")
        self.column: str | None = fields.get("column")
        self.data_type: str | None = fields.get("data_type")
        self.constraint: str | None = fields.get("constraint")

    @property
    def permanent(self) -> bool:
        """Whether the same call would fail again."""
        return self.code in ("denied", "invalid", "too-large")


class InterfaceError(Error):
    """The call is not possible: no such pool, a closed connection, a wrong state."""


class DatabaseError(Error):
    """The server answered with an error."""


class DataError(DatabaseError):
    """A value does not fit its type, or the answer is too large."""


class OperationalError(DatabaseError):
    """The server cannot be reached, a statement took too long, or a transaction lost against another one."""


class IntegrityError(DatabaseError):
    """A constraint was violated."""


class InternalError(DatabaseError):
    """The state of the transaction does not allow the statement."""


class ProgrammingError(DatabaseError):
    """The statement or its parameters are wrong."""


class NotSupportedError(DatabaseError):
    """The server or the host does not support it."""


def invalid(message: str) -> ProgrammingError:
    """A mistake of the program, which a repeated attempt makes again."""
    return ProgrammingError(message, code="invalid")


def host_error(code: str, reason: str) -> Error:
    """An error of the host, by the case of its interface."""
    kind = globals()[_BY_CODE.get(code, "InterfaceError")]
    return kind(reason, code=code, sqlstate=_CANCELLED if code == "timeout" else None)


def server_error(sqlstate: str, message: str, **fields: Any) -> Error:
    """An error of the server."""
    kind = globals()[_BY_CLASS.get(sqlstate[:2], "DatabaseError")]
    return kind(f"{message} (SQLSTATE {sqlstate})", sqlstate=sqlstate, **fields)
