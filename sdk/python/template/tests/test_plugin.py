import plugin
from toril_plugin.testing import run


def test_someone_is_greeted_by_name():
    ended = run(plugin, "greet", {"name": "world"})
    assert ended.result == {"text": "Hello, world!"}
    assert ended.host.logs == [("info", "greeting someone")]


def test_nobody_is_not_greeted_however_often_it_is_tried():
    assert run(plugin, "greet", {"name": " "}).outcome == "fatal"
