from datetime import timedelta
from types import SimpleNamespace

import pytest
from toril_plugin import AwaitChildren, Defer, Fatal, HostError, RateLimited, Requeue, Retry
from toril_plugin.http import HttpError
from toril_plugin.testing import run


def ends(error):
    def handle(job):
        raise error

    ended = run(SimpleNamespace(handle=handle))
    return ended.outcome, ended.message or ended.seconds


def test_each_failure_ends_the_attempt_in_its_own_way():
    assert ends(RuntimeError("no luck")) == ("retry", "no luck")
    assert ends(Retry("not yet")) == ("retry", "not yet")
    assert ends(Fatal("never")) == ("fatal", "never")
    assert ends(Defer(1.5)) == ("defer", 1.5)
    assert ends(RateLimited(timedelta(microseconds=1))) == ("rate-limited", 0.001)
    assert ends(Requeue()) == ("requeue", None)
    assert ends(AwaitChildren()) == ("await-children", None)


def test_an_error_is_told_with_its_causes():
    error = RuntimeError("reading the list")
    error.__cause__ = OSError("the pipe broke")
    assert ends(error) == ("retry", "reading the list: the pipe broke")


def test_an_error_without_words_is_told_by_its_name():
    assert ends(KeyError("color")) == ("retry", "KeyError: 'color'")
    assert ends(ValueError()) == ("retry", "ValueError")
    assert ends(SystemExit(3)) == ("retry", "SystemExit: 3")


def test_what_will_always_be_refused_is_fatal_and_what_cannot_be_done_now_is_not():
    assert ends(HostError("adding", "denied", "no"))[0] == "fatal"
    assert ends(HostError("adding", "unavailable", "away"))[0] == "retry"
    assert ends(HttpError("denied", permanent=True))[0] == "fatal"


@pytest.mark.parametrize("seconds", ["soon", None])
def test_a_delay_that_is_no_number_is_an_error_of_its_own(seconds):
    with pytest.raises(TypeError):
        Defer(seconds)
