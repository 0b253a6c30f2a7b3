import pytest
from toril_plugin.postgres import ProgrammingError
from toril_plugin.postgres.statement import bind


def test_placeholders_get_the_numbers_of_their_parameters():
    assert bind("select %s, %s", [1, "a"]) == ("select $1, $2", [1, "a"])
    assert bind("select %s", ("a",)) == ("select $1", ["a"])
    assert bind("select 1", []) == ("select 1", [])
    assert bind("select 1", {}) == ("select 1", [])


def test_a_name_that_is_used_twice_is_one_parameter():
    statement = "select %(a)s, %(b)s, %(a)s"
    assert bind(statement, {"b": 2, "a": 1, "other": 3}) == ("select $1, $2, $1", [1, 2])


def test_two_percent_signs_are_one():
    assert bind("select %s where x like 'a%%' and 5 %% 2 = 1", [1])[0] == "select $1 where x like 'a%' and 5 % 2 = 1"
    assert bind("select '%%s'", [])[0] == "select '%s'"


@pytest.mark.parametrize(
    ("statement", "parameters", "reason"),
    [
        ("select %s", [], "has 1 placeholders, and 0 parameters"),
        ("select 1", [1], "has 0 placeholders, and 1 parameters"),
        ("select %s", "a", "a list or a tuple"),
        ("select %s", {"a": 1}, "a list or a tuple"),
        ("select %s", 5, "a list or a tuple"),
        ("select %(a)s", [1], "are a dict"),
        ("select %(a)s", {"b": 1}, r"a parameter for `%\(a\)s` is missing"),
        ("select %(a)s, %s", {"a": 1}, "has both"),
        ("select 5 % 2", [], "at character 10"),
        ("select %d", [1], "at character 8"),
        ("select %(a", {"a": 1}, "at character 8"),
        ("select 1 %", [], "at character 10"),
        (b"select 1", [], "a statement is a string"),
    ],
)
def test_what_does_not_fit_is_an_error_that_a_retry_does_not_cure(statement, parameters, reason):
    with pytest.raises(ProgrammingError, match=reason) as raised:
        bind(statement, parameters)
    assert raised.value.permanent
