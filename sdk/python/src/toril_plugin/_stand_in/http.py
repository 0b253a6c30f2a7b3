"""Requests: the test's own function answers them, else they fail."""

from ..failure import HttpError
from . import state


def send(
    method: str, url: str, headers: list[tuple[str, str]], body: bytes, timeout: float | None
) -> tuple[int, list[tuple[str, str]], bytes]:
    if state.current.http is None:
        raise HttpError("no network outside of a component: set a function `http` in the test's host")
    response = state.current.http(method, url, dict(headers), body)
    return response.status, list(response.headers.items()), response.content
