"""Calls to PostgreSQL, over ``toril:plugin/postgres``."""

from collections.abc import Callable
from typing import Any

from componentize_py_types import Err
from wit_world.imports import postgres as host

from ..postgres.errors import Error, InterfaceError, host_error, server_error

_FIELDS = ("severity", "detail", "hint", "position", "context", "schema", "table", "column", "data_type", "constraint")
_CODES = {
    host.Error_Denied: "denied",
    host.Error_Invalid: "invalid",
    host.Error_Unavailable: "unavailable",
    host.Error_Timeout: "timeout",
    host.Error_TooLarge: "too-large",
}


def connect(pool: str, wrap: Callable[[Any], Any]) -> Any:
    try:
        return wrap(Session(host.Connection.connect(pool)))
    except Err as error:
        raise _explain(error.value) from None


class Session:
    """A borrowed connection. Its calls wait for their answers."""

    def __init__(self, connection: Any):
        self._connection = connection

    def query(self, statement: str, parameters: list[Any]) -> list[Any]:
        return _wait(self._connection.query(statement, _sent(parameters), host.Format.TEXT))

    def batch(self, statements: str) -> list[Any]:
        return _wait(self._connection.batch(statements))

    def open_cursor(self, statement: str, parameters: list[Any]) -> "Portal":
        return Portal(self._connection.open_cursor(statement, _sent(parameters), host.Format.TEXT))

    def status(self) -> str:
        return self._connection.transaction().name.lower()

    def server_settings(self) -> dict[str, str]:
        return dict(self._connection.server_settings())

    def close(self) -> None:
        _drop(self._connection)


class Portal:
    """The rows of a statement."""

    def __init__(self, cursor: Any):
        self._cursor = cursor

    def read(self, rows: int) -> list[Any]:
        return _wait(self._cursor.read(rows))

    def close(self) -> None:
        _drop(self._cursor)


def _sent(parameters: list[Any]) -> list[Any]:
    formats = (host.Format.TEXT, host.Format.BINARY)
    return [host.Parameter(oid, formats[is_binary], value) for oid, value, is_binary in parameters]


def _wait(pending: Any) -> list[Any]:
    with pending:
        # The pollable is dropped before the call that it belongs to.
        with pending.subscribe() as ended:
            ended.block()
        answers = pending.take()
    if isinstance(answers, Err):
        raise _explain(answers.value)
    if answers is None:
        raise InterfaceError("the host ended the call without an answer", code="unavailable")
    return answers.value


def _explain(error: Any) -> Error:
    if isinstance(error, host.Error_Database):
        fields = {name: getattr(error.value, name) for name in _FIELDS}
        return server_error(error.value.code, error.value.message, **fields)
    return host_error(_CODES[type(error)], error.value)


def _drop(resource: Any) -> None:
    resource.__exit__(None, None, None)
