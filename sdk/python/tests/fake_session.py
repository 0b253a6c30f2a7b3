"""A session that answers from a list, for tests of connections and cursors."""

import struct
from types import SimpleNamespace

from toril_plugin.postgres import Connection, errors, oids


def answer(command, *rows, columns=None):
    """The answer to a statement. Values are texts, and all columns of the type `text`, or as in `columns`."""
    types = columns or {f"column{number}": oids.TEXT for number in range(len(rows[0]) if rows else 0)}
    encoded = b"".join(
        struct.pack(">i", -1) if value is None else struct.pack(">i", len(value.encode())) + value.encode()
        for row in rows
        for value in row
    )
    described = [
        SimpleNamespace(name=name, type_oid=oid, type_size=-1, type_modifier=-1) for name, oid in types.items()
    ]
    return SimpleNamespace(columns=described, row_count=len(rows), rows=encoded, command=command)


class FakeSession:
    """Records the statements. `answers` are answers or exceptions, by a word of their statement."""

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.statements = []
        self.state = "idle"
        self.closed = False
        self.is_lost = False

    def lose(self):
        """Loses the connection, as the host shows it: idle, and each further call fails."""
        self.is_lost, self.state = True, "idle"

    def query(self, statement, parameters):
        values = [parameter.value and parameter.value.decode() for parameter in parameters]
        self.statements.append((statement, *values) if values else statement)
        if self.is_lost:
            raise errors.host_error("unavailable", "the connection to PostgreSQL was lost")
        first = statement.split()[0]
        if first == "begin":
            self.state = "open"
            return [answer("BEGIN")]
        if first in ("commit", "rollback"):
            # Outside of a transaction the server commits nothing, and answers in the same way.
            command = "COMMIT" if first == "commit" and self.state != "failed" else "ROLLBACK"
            self.state = "idle"
            return [answer(command)]
        for place, (word, found) in enumerate(self.answers):
            if word in statement:
                del self.answers[place]
                if isinstance(found, Exception):
                    self.state = "failed" if self.state == "open" else self.state
                    raise found
                return [found]
        return [answer("OK")]

    def batch(self, statements):
        return [each for text in statements.split(";") for each in self.query(text.strip(), [])]

    def open_cursor(self, statement, parameters):
        self.statements.append(("cursor", statement))
        portions = [found for word, found in self.answers if word in statement]
        return FakePortal(self, portions)

    def status(self):
        return self.state

    def server_settings(self):
        return {"server_version": "18.4"}

    def close(self):
        self.closed = True


class FakePortal:
    def __init__(self, session, portions):
        self.session, self.portions = session, portions

    def read(self, rows):
        self.session.statements.append(("read", rows))
        return [self.portions.pop(0)]

    def close(self):
        self.session.statements.append("close the cursor")


def connection(*answers, autocommit=False):
    """A connection, and its session."""
    session = FakeSession(answers)
    return Connection(session, autocommit), session
