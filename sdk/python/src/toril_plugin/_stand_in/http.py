"""Requests: answered by the test's own function, or not at all."""

from ..failure import HttpError
from . import state


def send(
    method: str, url: str, headers: list[tuple[str, str]], body: bytes, timeout: float | None
) -> tuple[int, list[tuple[str, str]], bytes]:
    if state.current.http is None:
        raise HttpError("there is no network outside of a component: give the test's host a function `http`")
    response = state.current.http(method, url, dict(headers), body)
    return response.status, list(response.headers.items()), response.content
