"""SQLAlchemy 2 over the pools of ``toril_plugin.postgres``.

    from toril_plugin.sqlalchemy import create_engine

    engine = create_engine()  # the pool `main`

Create it at the top of a module. It connects in handlers.
"""

from decimal import Decimal
from typing import Any

import sqlalchemy
from sqlalchemy import pool as pools
from sqlalchemy import types
from sqlalchemy.dialects import postgresql, registry
from sqlalchemy.dialects.postgresql.base import PGDialect

from . import postgres
from .postgres import oids

registry.register("postgresql.toril", __name__, "Dialect")


def create_engine(pool: str = "main", **options: Any) -> sqlalchemy.Engine:
    """An engine whose connections are those of a pool in the plugin's entry in queues.toml."""
    # Otherwise, an error has the values of the statement, and becomes the reason of the failed job.
    options.setdefault("hide_parameters", True)
    return sqlalchemy.create_engine(sqlalchemy.URL.create("postgresql+toril", database=pool), **options)


class _Read:
    """The module has read JSON already."""

    def result_processor(self, dialect: Any, coltype: Any) -> None:
        return None


class _Json(_Read, postgresql.JSON):
    pass


class _Jsonb(_Read, postgresql.JSONB):
    pass


class _Number:
    """The module sends and reads decimal numbers, and floating ones."""

    def bind_processor(self, dialect: Any) -> None:
        return None

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        if self.asdecimal:
            return None if coltype == oids.NUMERIC else _to_decimal
        return _to_float


class _Numeric(_Number, types.Numeric):
    pass


class _Float(_Number, types.Float):
    pass


def _to_decimal(value: Any) -> Any:
    return value if value is None else Decimal(str(value))


def _to_float(value: Any) -> Any:
    return value if value is None else float(value)


class Dialect(PGDialect):
    """PostgreSQL through ``toril_plugin.postgres``. The host keeps the connections, so there is no pool here."""

    driver = "toril"
    default_paramstyle = "pyformat"
    supports_statement_cache = True
    supports_server_side_cursors = False
    colspecs = {
        **PGDialect.colspecs,
        types.JSON: _Json,
        postgresql.JSONB: _Jsonb,
        types.Numeric: _Numeric,
        types.Float: _Float,
    }

    @classmethod
    def import_dbapi(cls) -> Any:
        return postgres

    @classmethod
    def get_pool_class(cls, url: Any) -> type:
        return pools.NullPool

    def create_connect_args(self, url: Any) -> tuple[list, dict]:
        return [url.database or "main"], {}

    def is_disconnect(self, error: Any, connection: Any, cursor: Any) -> bool:
        return getattr(error, "code", None) == "unavailable" or "connection is closed" in str(error)

    def get_isolation_level_values(self, dbapi_connection: Any) -> tuple[str, ...]:
        return "AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        dbapi_connection.autocommit = level == "AUTOCOMMIT"
        dbapi_connection.isolation_level = None if level == "AUTOCOMMIT" else level

    def reset_isolation_level(self, dbapi_connection: Any) -> None:
        dbapi_connection.autocommit = False
        dbapi_connection.isolation_level = None

    def get_default_isolation_level(self, dbapi_connection: Any) -> str:
        # Asking the server would take a statement in each attempt.
        return "READ COMMITTED"

    def get_isolation_level(self, dbapi_connection: Any) -> str:
        if dbapi_connection.autocommit:
            return "AUTOCOMMIT"
        return (dbapi_connection.isolation_level or "READ COMMITTED").upper()

    def detect_autocommit_setting(self, dbapi_connection: Any) -> bool:
        return dbapi_connection.autocommit
