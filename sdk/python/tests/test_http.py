from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from toril_plugin import http
from toril_plugin.testing import Host, run


def ask(answer, call):
    """Runs a call as a handler, with a server that records its requests."""
    asked = []

    def serve(*request):
        asked.append(request)
        return answer

    ended = run(SimpleNamespace(handle=lambda job: call()), host=Host(http=serve))
    return ended, asked


def test_json_is_sent_with_its_type_and_length():
    _, asked = ask(http.Response(200, {}, b"{}"), lambda: http.post("http://a/b", json={"c": 1}).json())
    headers = {"content-type": "application/json", "content-length": "8"}
    assert asked == [("POST", "http://a/b", headers, b'{"c": 1}')]


@pytest.mark.parametrize(("status", "outcome"), [(204, "completed"), (404, "fatal"), (429, "retry"), (500, "retry")])
def test_a_status_ends_the_attempt_if_it_is_asked_to(status, outcome):
    ended, _ = ask(http.Response(status, {}, b""), lambda: http.get("http://a/").raise_for_status() and None)
    assert ended.outcome == outcome


def test_retry_after_is_read_in_both_of_its_forms():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert http.Response(429, {"retry-after": "7"}, b"").retry_after == 7
    assert 55 < http.Response(429, {"retry-after": later}, b"").retry_after <= 60
    assert http.Response(429, {"retry-after": "soon"}, b"").retry_after is None
    assert http.Response(429, {}, b"").retry_after is None


def test_there_is_no_network_unless_the_test_has_one():
    ended = run(SimpleNamespace(handle=lambda job: http.get("http://a/")))
    assert ended.outcome == "retry"
