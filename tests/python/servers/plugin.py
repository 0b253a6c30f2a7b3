"""Uses servers: PostgreSQL through the host's pools, and mail servers and MySQL over TCP."""

from alchemy import everything  # noqa: F401
from mail import send  # noqa: F401
from mysql import query as mysql_query  # noqa: F401
from statements import failing, portions, query  # noqa: F401
from steps import ensure, steps  # noqa: F401
from values import come_back  # noqa: F401
