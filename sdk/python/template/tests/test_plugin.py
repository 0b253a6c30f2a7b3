import plugin
from toril_plugin.testing import run


def test_someone_is_greeted_by_name():
    ended = run(plugin, "greet", {"name": "world"})
    assert ended.result == {"text": "Hello, world!"}
    assert ended.host.logs == [("info", "greeting someone")]


def test_an_empty_name_fails_for_good():
    assert run(plugin, "greet", {"name": " "}).outcome == "fatal"
