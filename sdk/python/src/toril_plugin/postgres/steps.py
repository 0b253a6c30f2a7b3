"""Steps that take effect exactly once, although a job may run several times. The SDKs for Rust and TypeScript use the
same table and the same lock. Only calls of DB-API 2.0, because unit tests can use the connection of another module."""

import json
from collections.abc import Callable
from typing import Any

from .._json import to_json
from .._running import running_job
from ..failure import Fatal, Retry
from .connection import Connection, connect

_EXISTS = "select to_regclass('toril_steps') is not null"
#: Both statements are one transaction. One session at a time creates the table, because `if not exists` alone fails in
#: two sessions at once.
_CREATE = """
select pg_advisory_xact_lock(hashtext('toril_steps'));
create table if not exists toril_steps (
    queue text not null,
    job text not null,
    added bigint not null,
    step text not null,
    result jsonb,
    at timestamptz not null default now(),
    primary key (queue, job, added, step)
)"""

_INSERT = (
    "insert into toril_steps (queue, job, added, step) values (%s, %s, %s, %s) "
    "on conflict do nothing returning pg_current_xact_id()::text"
)
#: Changes nothing if the function has ended the transaction, also if it has begun another one.
_FINISH = (
    "update toril_steps set result = %s where queue = %s and job = %s and added = %s and step = %s "
    "and pg_current_xact_id()::text = %s"
)
_RESULT = "select result::text from toril_steps where queue = %s and job = %s and added = %s and step = %s"

_INSTEAD = "do not begin or end a transaction with its connection, and use savepoints"
#: SQLSTATE of a table that does not exist.
_NO_TABLE = "42P01"


def ensure_steps_table(connection: Any = None) -> None:
    """Creates the table ``toril_steps`` if it does not exist. A table that exists needs no right to create one.

    ``connection`` is one without an open transaction. Without it, one of the pool ``main`` is borrowed.
    """
    if connection is None:
        with connect() as borrowed:
            ensure_steps_table(borrowed)
        return
    if isinstance(connection, Connection):
        connection._check_idle("create the table toril_steps")
    cursor = connection.cursor()
    cursor.execute(_EXISTS)
    (exists,) = cursor.fetchone()
    connection.commit()
    if not exists:
        cursor.execute(_CREATE)
        connection.commit()


def once(step: str, function: Callable[[Any], Any], *, connection: Any = None) -> Any:
    """Runs a step of the running job exactly once, and returns its result as JSON represents it.

    The function gets the connection. Its changes, and a row in the table ``toril_steps`` that records the step with its
    result, are committed in one transaction. If an earlier attempt of this job has committed the step, the function
    does not run, and the result of then is returned.

    Only changes of this transaction take effect exactly once. A request that the function sends may be sent again.
    While another host runs the same step, this call waits for it.

    ``connection`` is one without an open transaction. Without it, one of the pool ``main`` is borrowed.
    """
    if not isinstance(step, str) or not step:
        raise TypeError("the name of a step is a string")
    if connection is None:
        with connect() as borrowed:
            return once(step, function, connection=borrowed)
    job = running_job(f"the step `{step}`")
    if isinstance(connection, Connection):
        connection._begin_step(step)
    try:
        return _run(connection, (job.queue, job.id, job.added_at, step), function)
    except BaseException:
        _roll_back(connection)
        raise


def _run(connection: Any, key: tuple, function: Callable[[Any], Any]) -> Any:
    """Runs the step in the open transaction, and ends that."""
    cursor = connection.cursor()
    transaction = _insert(cursor, key)
    if transaction is None:
        result = _stored_result(cursor, key)
        _release(connection)
        connection.rollback()
        return result
    try:
        result = to_json(f"the result of the step `{key[3]}`", function(connection))
    except TypeError as error:
        raise Fatal(str(error)) from None
    cursor.execute(_FINISH, (result, *key, transaction))
    if cursor.rowcount != 1:
        raise Fatal(f"the function of the step `{key[3]}` has ended the transaction of the step: {_INSTEAD}")
    _release(connection)
    connection.commit()
    # What later attempts get, too.
    return json.loads(result)


def _insert(cursor: Any, key: tuple) -> str | None:
    """The id of the transaction, or None if an earlier attempt has committed the step."""
    try:
        cursor.execute(_INSERT, key)
    except Exception as error:
        if getattr(error, "sqlstate", None) != _NO_TABLE:
            raise
        message = "the table toril_steps does not exist: create it in a migration, or with "
        raise Retry(message + "`postgres.ensure_steps_table()`") from error
    row = cursor.fetchone()
    return row and row[0]


def _stored_result(cursor: Any, key: tuple) -> Any:
    """The result that an earlier attempt has stored."""
    step = f"the step `{key[3]}`"
    cursor.execute(_RESULT, key)
    row = cursor.fetchone()
    if row is None:
        raise Retry(f"{step} was deleted from toril_steps while this attempt waited for it")
    if row[0] is None:
        raise Fatal(
            f"{step} has no result in toril_steps: an earlier attempt has ended the transaction of the step before its "
            "function returned. Find out which of its changes were made, and then delete its row. In the function, "
            f"{_INSTEAD}"
        )
    return json.loads(row[0])


def _release(connection: Any) -> None:
    if isinstance(connection, Connection):
        connection._step = None


def _roll_back(connection: Any) -> None:
    _release(connection)
    try:
        connection.rollback()
    except Exception:
        # The step's own error says more. The host rolls back when it gets the connection back.
        pass
