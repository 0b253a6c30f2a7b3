from types import SimpleNamespace

import pytest
from fake_session import answer, connection
from toril_plugin import postgres
from toril_plugin.postgres import errors, oids
from toril_plugin.testing import Host, run

KEY = ("test", "1", "0", "charge")


def step(function, *answers, name="charge"):
    """Runs a step in a job, with a new connection that has these answers."""
    db, session = connection(*answers)
    plugin = SimpleNamespace(handle=lambda job: postgres.once(name, function, connection=db))
    return run(plugin), session


def test_a_new_step_is_committed_together_with_its_row():
    def function(db):
        db.execute("update accounts")
        return {"b": (1,)}

    ended, session = step(function, ("insert", answer("INSERT 0 1", ["77"])), ("toril_steps set", answer("UPDATE 1")))
    assert ended.result == {"b": [1]}
    begin, insert, update, finish, commit = session.statements
    assert begin == "begin isolation level read committed"
    assert insert[1:] == KEY
    assert update == "update accounts"
    assert finish[1:] == ('{"b": [1]}', *KEY, "77")
    assert commit == "commit"


def test_a_committed_step_is_not_run_and_has_its_result():
    ended, session = step(
        lambda db: pytest.fail("it ran"),
        ("insert", answer("INSERT 0 0", columns={"pg_current_xact_id": oids.TEXT})),
        ("select result", answer("SELECT 1", ["[1, 2]"])),
    )
    assert ended.result == [1, 2]
    assert session.statements[-1] == "rollback"


def test_an_error_of_the_function_undoes_the_step_and_is_the_error_of_the_attempt():
    def function(db):
        raise RuntimeError("no luck")

    ended, session = step(function, ("insert", answer("INSERT 0 1", ["77"])))
    assert (ended.outcome, ended.message) == ("retry", "no luck")
    assert session.statements[-1] == "rollback"


def test_a_step_whose_function_ends_the_transaction_fails_for_good():
    for end in (lambda db: db.commit(), lambda db: db.rollback(), lambda db: db.close()):
        ended, session = step(end, ("insert", answer("INSERT 0 1", ["77"])))
        assert ended.outcome == "fatal"
        assert "belongs to the step `charge`" in ended.message
        assert session.statements[-1] == "rollback"


def test_a_step_whose_function_ended_the_transaction_with_a_statement_is_noticed():
    def function(db):
        db.execute("commit")

    answers = [("insert", answer("INSERT 0 1", ["77"])), ("toril_steps set", answer("UPDATE 0"))]
    ended, _ = step(function, *answers)
    assert ended.outcome == "fatal"
    assert "has ended the transaction of the step" in ended.message


def test_a_step_without_a_result_or_a_row_is_an_error():
    none = ("insert", answer("INSERT 0 0", columns={"pg_current_xact_id": oids.TEXT}))
    ended, _ = step(lambda db: 1, none, ("select result", answer("SELECT 1", [None])))
    assert ended.outcome == "fatal"
    assert "has no result in toril_steps" in ended.message
    ended, _ = step(lambda db: 1, none, ("select result", answer("SELECT 0", columns={"result": oids.TEXT})))
    assert ended.outcome == "retry"
    assert "was deleted" in ended.message


def test_a_missing_table_is_explained():
    ended, _ = step(lambda db: 1, ("insert", errors.server_error("42P01", "no table")))
    assert ended.outcome == "retry"
    assert "ensure_steps_table()" in ended.message


def test_a_result_that_is_no_json_fails_for_good_and_a_step_needs_a_running_job():
    ended, session = step(lambda db: {1, 2}, ("insert", answer("INSERT 0 1", ["77"])))
    assert ended.outcome == "fatal"
    assert session.statements[-1] == "rollback"
    with pytest.raises(Exception, match="no job is running"):
        postgres.once("charge", lambda db: 1, connection=connection()[0])


def test_a_step_does_not_begin_in_an_open_transaction():
    db, _ = connection()
    db.execute("select 1")
    ended = run(SimpleNamespace(handle=lambda job: postgres.once("charge", lambda db: 1, connection=db)))
    assert ended.outcome == "fatal"
    assert "while a transaction is open" in ended.message
    assert db.status == "open"


def test_the_table_is_created_if_it_does_not_exist():
    for exists, last in (("t", "commit"), ("f", "commit")):
        db, session = connection(("to_regclass", answer("SELECT 1", [exists], columns={"exists": oids.BOOL})))
        postgres.ensure_steps_table(db)
        created = [text for text in session.statements if "create table" in text]
        assert len(created) == (exists == "f")
        assert session.statements[-1] == last


def test_steps_work_with_connections_of_other_modules():
    calls = []

    class Cursor:
        rowcount = 1

        def execute(self, statement, parameters=()):
            calls.append(statement.split()[0])

        def fetchone(self):
            return ("77",)

    other = SimpleNamespace(cursor=Cursor, commit=lambda: calls.append("commit"))
    plugin = SimpleNamespace(handle=lambda job: postgres.once("charge", lambda db: 5, connection=postgres.connect()))
    assert run(plugin, host=Host(postgres=lambda pool: other)).result == 5
    assert calls == ["insert", "update", "commit"]
