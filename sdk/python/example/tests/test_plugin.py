from datetime import UTC, datetime

import plugin
from toril_plugin import JobRef
from toril_plugin.http import Response
from toril_plugin.testing import Host, run


def outcome(name, data=None, attempt=1):
    return run(plugin, name, data or {}, attempt=attempt, added_at=datetime.now(UTC)).outcome


def test_it_fails_in_each_way():
    assert outcome("fail-times", {"times": 1}) == "retry"
    assert outcome("fail-times", {"times": 1}, attempt=2) == "completed"
    assert outcome("fatal") == "fatal"
    assert outcome("defer", {"ms": 60_000}) == "defer"
    assert outcome("defer", {"ms": 0}) == "completed"
    assert outcome("rate-limit", {"ms": 60_000}) == "rate-limited"
    assert outcome("await") == "completed"
    assert run(plugin, "await", host=Host(unprocessed=1)).outcome == "await-children"


def test_progress_and_log_lines_arrive_in_order():
    host = run(plugin, "progress").host
    assert host.progress == [50, {"step": "two"}]
    assert [level for level, _ in host.logs] == ["info", "warn", "error"]


def test_it_gets_an_address():
    host = Host(http=lambda method, url, headers, body: Response(203, {}, f"this is {url}".encode()))
    ended = run(plugin, "fetch", {"url": "http://example.com/"}, host=host)
    assert ended.result == {"status": 203, "body": "this is http://example.com/"}


def test_it_reads_settings_and_counts():
    assert run(plugin, "config", {"key": "color"}, host=Host(config={"color": "red"})).result == {"value": "red"}
    assert run(plugin, "kv", {"key": "n"}, host=Host(kv={"n": b"41"})).result == {"value": 42}


def test_the_first_step_is_kept_for_the_next_attempt():
    first = run(plugin, "checkpoint", {"a": 1})
    assert first.outcome == "retry"
    assert first.host.data == {"a": 1, "first": "done on attempt 1"}
    second = run(plugin, "checkpoint", first.host.data, attempt=2)
    assert second.result == {"first": "done on attempt 1", "second": "done on attempt 2"}


def test_it_ends_when_it_is_told_to():
    ended = run(plugin, "sleep-until-cancelled", host=Host(cancelled="enough"))
    assert ended.result == {"cancelled": True, "reason": "enough"}


def test_it_adds_a_child_waits_and_returns_what_the_child_returned():
    first = run(plugin, "children")
    assert first.outcome == "await-children"
    assert first.host.added[0].id == "child-of-1"
    second = run(plugin, "children", host=Host(children={JobRef("test", "child-of-1"): "of age"}))
    assert second.result == {"children": ["of age"]}
