"""One request and its response, over ``wasi:http``."""

import re
from typing import Any
from urllib.parse import urlsplit

from componentize_py_types import Err, Ok
from wit_world.imports import http_handler, http_types, streams

from ..failure import HttpError

#: The maximum number of bytes in one call.
_WRITE = 4096
_READ = 64 * 1024
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}


def send(
    method: str, url: str, headers: list[tuple[str, str]], body: bytes, timeout: float | None
) -> tuple[int, list[tuple[str, str]], bytes]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HttpError("the address is not one of http:// or https://", permanent=True)
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    try:
        future = _start(method, parts, headers, body, timeout)
        with future, _answer(future) as response:
            pairs = [(name, value.decode("latin-1")) for name, value in response.headers().entries()]
            return response.status(), pairs, _read(response)
    except Err as error:
        raise _explain(origin, error.value) from None


def _start(method: str, parts: Any, headers: list[tuple[str, str]], body: bytes, timeout: float | None) -> Any:
    fields = http_types.Fields.from_list([(name, value.encode("latin-1")) for name, value in headers])
    request = http_types.OutgoingRequest(fields)
    named = getattr(http_types, f"Method_{method.capitalize()}", None) if method in _METHODS else None
    request.set_method(named() if named else http_types.Method_Other(method))
    request.set_scheme(http_types.Scheme_Https() if parts.scheme == "https" else http_types.Scheme_Http())
    request.set_authority(parts.netloc.rpartition("@")[2])
    request.set_path_with_query((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    outgoing = request.body()
    future = http_handler.handle(request, _options(timeout))
    # Only after `handle`, because nothing reads from the pipe before.
    if body:
        with outgoing.write() as stream:
            for start in range(0, len(body), _WRITE):
                stream.blocking_write_and_flush(body[start : start + _WRITE])
    http_types.OutgoingBody.finish(outgoing, None)
    return future


def _options(timeout: float | None) -> Any:
    if timeout is None:
        return None
    nanoseconds = int(timeout * 1e9)
    options = http_types.RequestOptions()
    options.set_connect_timeout(nanoseconds)
    options.set_first_byte_timeout(nanoseconds)
    options.set_between_bytes_timeout(nanoseconds)
    return options


def _answer(future: Any) -> Any:
    with future.subscribe() as ready:
        ready.block()
    answer = future.get()
    # A nested result: the outer one fails if the result was read before.
    for _ in range(2):
        if isinstance(answer, Err):
            raise answer
        if isinstance(answer, Ok):
            answer = answer.value
    return answer


def _read(response: Any) -> bytes:
    chunks = []
    with response.consume() as body, body.stream() as stream:
        while True:
            try:
                chunks.append(stream.blocking_read(_READ))
            except Err as error:
                if isinstance(error.value, streams.StreamError_Closed):
                    return b"".join(chunks)
                raise


def _explain(origin: str, code: Any) -> HttpError:
    """``ErrorCode_ConnectionRefused`` as "connection refused"."""
    kind = type(code).__name__.rpartition("_")[2]
    detail = getattr(code, "value", None)
    if kind == "LastOperationFailed":
        words, detail = "the response broke off", detail.to_debug_string()
    else:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
    if isinstance(detail, str) and detail:
        words = f"{words} ({detail})"
    permanent = kind in ("HttpRequestDenied", "HttpRequestMethodInvalid", "HttpRequestUriInvalid", "HttpRequestUriTooLong")
    return HttpError(f"{origin}: {words}", permanent=permanent)
