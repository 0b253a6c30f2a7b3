import errno
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from toril_plugin import Job, JobRef, job, kv
from toril_plugin._adapter import Adapter
from toril_plugin.testing import Host, run


@job("sum", schema={"type": "array"})
def total(job):
    """Adds numbers."""
    return sum(job.data)


def plugin(**members):
    return SimpleNamespace(__doc__="Calculates.\n\nMore about it.", **members)


def test_a_job_goes_to_the_handler_of_its_name_and_one_without_is_fatal():
    assert run(plugin(total=total), "sum", [1, 2]).result == 3
    ended = run(plugin(total=total), "product")
    assert ended.outcome == "fatal"
    assert "`product`" in ended.message


def test_the_job_has_the_shapes_of_python():
    seen = []
    at, parent = datetime(2026, 1, 2, tzinfo=UTC), JobRef("other", "7")
    run(plugin(handle=seen.append), "x", {"a": 1}, id="9", attempt=2, max_attempts=2, added_at=at, parent=parent)
    assert seen == [Job("9", "test", "x", {"a": 1}, 2, 2, at, parent)]
    assert seen[0].is_last_attempt


@pytest.mark.parametrize("result", [object(), {1, 2}, float("nan")])
def test_a_result_that_json_cannot_hold_is_fatal(result):
    assert run(plugin(handle=lambda job: result)).outcome == "fatal"


def test_an_accident_leaves_its_traceback_in_the_log():
    ended = run(plugin(handle=lambda job: job.data["missing"]), data={})
    [(level, lines)] = ended.host.logs
    assert level == "error"
    assert lines.startswith("Traceback") and "test_adapter.py" in lines and "_adapter.py\", line" not in lines.replace(
        "test_adapter.py", ""
    )


def test_only_a_permission_error_of_the_system_is_fatal():
    for error, outcome in (
        (PermissionError(errno.EACCES, "Permission denied"), "fatal"),
        (PermissionError(errno.EPERM, "Operation not permitted"), "fatal"),
        (PermissionError("bob may not read this order"), "retry"),
        (OSError(errno.ECONNREFUSED, "Connection refused"), "retry"),
    ):

        def handle(job):
            raise error

        assert run(plugin(handle=handle)).outcome == outcome, error


def test_a_plugin_is_described_by_its_docstrings():
    adapter = Adapter(plugin(total=total))
    assert adapter.description == "Calculates."
    assert adapter.describe() == [("sum", "Adds numbers.", json.dumps({"type": "array"}), None)]


def test_a_module_that_is_no_plugin_is_refused():
    for wrong in (plugin(), plugin(total=total, handle=total)):
        with pytest.raises(TypeError, match="either a function `handle`"):
            Adapter(wrong)
    with pytest.raises(TypeError, match="same name"):
        Adapter(plugin(total=total, other=job("sum")(lambda job: None)))


def test_a_handler_that_is_async_is_refused_when_the_plugin_is_built():
    async def waits(job):
        """Nothing awaits it."""

    with pytest.raises(TypeError, match="the handler of `wait` is an `async def`"):
        job("wait")(waits)
    with pytest.raises(TypeError, match="`handle` is an `async def`"):
        Adapter(SimpleNamespace(handle=waits))


def test_key_value_data_of_a_test_is_what_would_be_in_redis():
    plugin = SimpleNamespace(handle=lambda _: kv.get("total"))
    for given in (b"4", "4"):
        assert run(plugin, host=Host(kv={"total": given})).result == 4
    with pytest.raises(TypeError, match="give b'4', its JSON text"):
        Host(kv={"total": 4})
