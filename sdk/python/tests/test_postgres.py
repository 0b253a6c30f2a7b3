from types import SimpleNamespace

import pytest
from fake_session import answer, connection
from toril_plugin import postgres
from toril_plugin.postgres import errors, oids
from toril_plugin.testing import Host, run


def test_the_first_statement_begins_a_transaction_and_commit_ends_it():
    db, session = connection(("select", answer("SELECT 1", ["a"])))
    assert db.execute("select 1").fetchone() == ("a",)
    db.execute("insert")
    db.commit()
    db.commit()
    assert session.statements == ["begin", "select 1", "insert", "commit"]


def test_with_autocommit_each_statement_is_alone():
    db, session = connection(autocommit=True)
    db.execute("insert into t values (%s)", [5])
    db.commit()
    db.rollback()
    assert session.statements == [("insert into t values ($1)", "5")]


def test_a_with_block_commits_or_rolls_back_and_gives_the_connection_back():
    db, session = connection()
    with db:
        db.execute("insert")
    assert session.statements == ["begin", "insert", "commit"]
    assert session.closed and db.closed
    db, session = connection()
    with pytest.raises(RuntimeError), db:
        db.execute("insert")
        raise RuntimeError
    # The host rolls back.
    assert session.statements == ["begin", "insert"]
    assert session.closed
    with pytest.raises(postgres.InterfaceError, match="the connection is closed") as raised:
        db.execute("select")
    assert raised.value.permanent


def test_the_kind_of_transaction_is_a_part_of_its_begin_and_does_not_change_within_one():
    db, session = connection()
    db.isolation_level, db.read_only = "REPEATABLE READ", True
    db.execute("select")
    assert session.statements[0] == "begin isolation level repeatable read read only"
    for change in ({"autocommit": True}, {"isolation_level": None}, {"read_only": False}):
        ((name, value),) = change.items()
        with pytest.raises(postgres.ProgrammingError, match=f"change `{name}` while a transaction is open"):
            setattr(db, name, value)
    db.rollback()
    with pytest.raises(postgres.ProgrammingError, match="one of read committed"):
        db.isolation_level = "chaos; drop table t"


def test_a_commit_of_a_failed_transaction_is_an_error():
    db, _ = connection(("select", errors.server_error("42P01", "no table")))
    with pytest.raises(postgres.ProgrammingError):
        db.execute("select 1")
    assert db.status == "failed"
    with pytest.raises(postgres.InternalError, match="was rolled back"):
        db.commit()


def test_a_commit_after_the_connection_was_lost_is_an_error():
    for begin, autocommit in (("insert", False), ("begin", True)):
        db, session = connection(autocommit=autocommit)
        db.execute(begin)
        db.execute("insert")
        session.lose()
        for _ in range(2):
            with pytest.raises(postgres.OperationalError, match="lost before the commit") as raised:
                db.commit()
            assert (raised.value.code, raised.value.permanent) == ("unavailable", False)


def test_a_with_block_whose_connection_was_lost_fails():
    db, session = connection()
    with pytest.raises(postgres.OperationalError, match="lost before the commit"), db:
        db.execute("insert")
        session.lose()
    assert session.closed


def test_a_connection_that_is_lost_without_a_transaction_has_nothing_to_commit():
    db, session = connection()
    db.execute("insert")
    db.commit()
    session.lose()
    db.commit()
    assert session.statements == ["begin", "insert", "commit"]


def test_a_rollback_after_the_connection_was_lost_is_no_error():
    db, session = connection()
    db.execute("insert")
    session.lose()
    db.rollback()
    db.commit()
    db, session = connection()
    db.execute("insert")
    # The host notices the loss only with the next call.
    session.is_lost = True
    db.rollback()
    session.state = "idle"
    db.commit()


def test_a_transaction_that_a_statement_has_ended_can_be_committed():
    db, session = connection()
    db.execute("insert")
    db.execute("commit")
    db.commit()
    assert session.statements == ["begin", "insert", "commit", "commit"]


def test_rows_are_fetched_one_by_one_in_groups_or_all():
    rows = [[str(number)] for number in range(5)]
    db, _ = connection(("select", answer("SELECT 5", *rows, columns={"n": oids.INT4})))
    cursor = db.cursor().execute("select %s", [1])
    assert cursor.rowcount == 5
    assert cursor.description == [("n", oids.INT4, None, None, None, None, None)]
    assert cursor.description[0].type_code == postgres.NUMBER != postgres.STRING
    assert cursor.fetchone() == (0,)
    assert cursor.fetchmany() == [(1,)]
    assert cursor.fetchmany(2) == [(2,), (3,)]
    assert list(cursor) == [(4,)]
    assert cursor.fetchone() is None
    assert cursor.fetchall() == []


def test_a_statement_without_rows_has_a_number_but_nothing_to_fetch():
    db, _ = connection(("insert", answer("INSERT 0 3")), ("create", answer("CREATE TABLE")))
    cursor = db.cursor().execute("insert")
    assert (cursor.rowcount, cursor.description, cursor.statusmessage) == (3, None, "INSERT 0 3")
    with pytest.raises(postgres.ProgrammingError, match="returns no rows"):
        cursor.fetchone()
    assert cursor.execute("create").rowcount == -1


def test_a_text_without_parameters_can_have_several_statements():
    db, _ = connection(("select a", answer("SELECT 1", ["a"])), ("select b", answer("SELECT 1", ["b"])))
    cursor = db.execute("select a; select b")
    assert cursor.fetchall() == [("a",)]
    assert cursor.nextset() is True
    assert cursor.fetchall() == [("b",)]
    assert cursor.nextset() is None


def test_executemany_runs_a_statement_for_each_of_the_parameters():
    db, session = connection(("insert", answer("INSERT 0 1")), ("insert", answer("INSERT 0 1")))
    cursor = db.cursor().executemany("insert into t values (%(n)s)", ({"n": number} for number in (1, 2)))
    assert cursor.rowcount == 2
    insert = "insert into t values ($1)"
    assert session.statements == ["begin", (insert, "1"), (insert, "2")]


def test_portions_are_read_as_rows_are_fetched():
    portions = [
        ("select", answer("", ["1"], ["2"])),
        ("select", answer("SELECT 3", ["3"])),
    ]
    db, session = connection(*portions)
    cursor = db.cursor(portion=2).execute("select")
    assert session.statements == ["begin", ("cursor", "select"), ("read", 2)]
    assert cursor.fetchmany(2) == [("1",), ("2",)]
    assert cursor.rowcount == -1
    assert cursor.fetchall() == [("3",)]
    assert cursor.rowcount == 3
    assert session.statements[3:] == [("read", 2), "close the cursor"]


def test_the_end_of_a_transaction_ends_its_portions():
    db, session = connection(("select", answer("", ["1"])))
    cursor = db.cursor(portion=1).execute("select")
    db.commit()
    assert session.statements[-2:] == ["close the cursor", "commit"]
    assert cursor.fetchone() == ("1",)
    with pytest.raises(postgres.InterfaceError, match="the transaction of the rows has ended"):
        cursor.fetchone()


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("23505", postgres.IntegrityError),
        ("42601", postgres.ProgrammingError),
        ("22003", postgres.DataError),
        ("40001", postgres.OperationalError),
        ("25P02", postgres.InternalError),
        ("0A000", postgres.NotSupportedError),
        ("P0001", postgres.DatabaseError),
    ],
)
def test_an_error_of_the_server_has_the_class_of_its_sqlstate(sqlstate, kind):
    error = errors.server_error(sqlstate, "no luck", detail="hunter2", constraint="orders_key")
    assert type(error) is kind
    assert (error.sqlstate, error.constraint, error.permanent) == (sqlstate, "orders_key", False)
    assert str(error) == f"no luck (SQLSTATE {sqlstate})"


@pytest.mark.parametrize(
    ("code", "kind", "permanent"),
    [
        ("denied", postgres.InterfaceError, True),
        ("invalid", postgres.InterfaceError, True),
        ("unavailable", postgres.OperationalError, False),
        ("timeout", postgres.OperationalError, False),
        ("too-large", postgres.DataError, True),
    ],
)
def test_an_error_of_the_host_ends_the_attempt_as_in_the_other_languages(code, kind, permanent):
    error = errors.host_error(code, "no luck")
    assert type(error) is kind

    def handle(job):
        raise error

    assert run(SimpleNamespace(handle=handle)).outcome == ("fatal" if permanent else "retry")


def test_outside_of_a_component_the_tests_host_opens_connections():
    plugin = SimpleNamespace(handle=lambda job: postgres.connect("reports"))
    ended = run(plugin)
    assert ended.outcome == "retry"
    assert "set a function `postgres`" in ended.message
    plugin = SimpleNamespace(handle=lambda job: postgres.connect("reports", autocommit=True))
    assert run(plugin, host=Host(postgres=lambda pool: f"a connection of {pool}")).result == "a connection of reports"
