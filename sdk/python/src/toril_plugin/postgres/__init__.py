"""PostgreSQL by DB-API 2.0 (PEP 249), through the pools of connections in the plugin's entry in queues.toml.

    from toril_plugin import postgres

    with postgres.connect() as connection:
        cursor = connection.execute("insert into orders (customer) values (%s) returning id", ["Ada"])
        (id,) = cursor.fetchone()

The host keeps the connections open between jobs. A plugin borrows one, and gives it back when it closes it or when its
attempt ends.
"""

from .connection import Connection, connect
from .cursor import Column, Cursor
from .errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from .parameters import Json
from .steps import ensure_steps_table, once
from .types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
)

apilevel = "2.0"
#: A component has no threads.
threadsafety = 0
#: `%s` and `%(name)s`.
paramstyle = "pyformat"

__all__ = [
    "BINARY",
    "Binary",
    "Column",
    "Connection",
    "Cursor",
    "DATETIME",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Json",
    "NUMBER",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "ROWID",
    "STRING",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "ensure_steps_table",
    "once",
    "paramstyle",
    "threadsafety",
]
