"""A small HTTP client for the origins in ``http`` in the plugin's entry in queues.toml."""

import json as _json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from ._host import load
from ._json import to_json
from .failure import HttpError

_host = load("http")

__all__ = ["HttpError", "Response", "StatusError", "get", "post", "request"]


class StatusError(HttpError):
    """The response's status is not 2xx."""


@dataclass(frozen=True)
class Response:
    """A server's response."""

    status: int
    #: By name in lower case. Repeated headers are joined with commas.
    headers: dict[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON."""
        return _json.loads(self.content)

    @property
    def retry_after(self) -> float | None:
        """How many seconds the server asks the client to wait, if any."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdigit():
            return float(value)
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except ValueError:
            return None

    def raise_for_status(self) -> "Response":
        """Raises if the status is not 2xx: permanently if it is 4xx, except 408, 425 and 429."""
        if self.ok:
            return self
        permanent = 400 <= self.status < 500 and self.status not in (408, 425, 429)
        raise StatusError(f"the server answered with status {self.status}", permanent=permanent)


def request(
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes | str | None = None,
    json: Any = None,
    timeout: float | None = None,
) -> Response:
    """Sends a request and reads the whole response. Redirects are not followed.

    ``json`` is sent as JSON, instead of ``body``. ``timeout`` limits connecting, the wait for the response and each
    pause in it, in seconds. The attempt's own deadline limits everything.
    """
    headers = {name.lower(): value for name, value in (headers or {}).items()}
    if json is not None:
        body = to_json("the request's body", json)
        headers.setdefault("content-type", "application/json")
    if isinstance(body, str):
        body = body.encode()
    if body is not None:
        headers.setdefault("content-length", str(len(body)))
    status, pairs, content = _host.send(method.upper(), url, list(headers.items()), body or b"", timeout)
    merged: dict[str, str] = {}
    for name, value in pairs:
        name = name.lower()
        merged[name] = f"{merged[name]}, {value}" if name in merged else value
    return Response(status, merged, content)


def get(url: str, **options: Any) -> Response:
    """Sends a GET request."""
    return request("GET", url, **options)


def post(url: str, **options: Any) -> Response:
    """Sends a POST request."""
    return request("POST", url, **options)
