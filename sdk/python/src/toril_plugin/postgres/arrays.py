"""The text form of arrays: `{1,NULL,"a \\"quoted\\" text",{2}}`."""

import re
from collections.abc import Callable
from typing import Any

#: An opening or closing brace, a comma, a quoted text, or one without quotes.
_TOKEN = re.compile(r'[{},]|"((?:[^"\\]|\\.)*)"|[^{},"]+', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_QUOTE = re.compile(r'(["\\])')


def read(text: str, convert: Callable[[str], Any]) -> list[Any]:
    """Reads an array. Raises `ValueError` if the text is not one."""
    # An array whose indices do not begin at 1 has its bounds first: `[0:2]={…}`.
    start = text.index("=") + 1 if text.startswith("[") else 0
    open_arrays: list[list[Any]] = []
    # Whether an element must come next. Only in an empty array there can be none.
    is_due = True
    at = start
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError("not an array")
        token, at = found[0], found.end()
        if token == "{":
            _check(is_due)
            array: list[Any] = []
            if open_arrays:
                open_arrays[-1].append(array)
            open_arrays.append(array)
        elif not open_arrays:
            break
        elif token == "}":
            _check(not is_due or not open_arrays[-1])
            array = open_arrays.pop()
            if not open_arrays:
                _check(at == len(text))
                return array
            is_due = False
        elif token == ",":
            _check(not is_due)
            is_due = True
        else:
            _check(is_due)
            open_arrays[-1].append(_element(found, convert))
            is_due = False
    raise ValueError("not an array")


def _check(is_right: bool) -> None:
    if not is_right:
        raise ValueError("not an array")


def _element(found: re.Match, convert: Callable[[str], Any]) -> Any:
    if found[1] is not None:
        return convert(_ESCAPED.sub(r"\1", found[1]))
    return None if found[0] == "NULL" else convert(found[0])


def write(elements: list[str | None | list]) -> str:
    """Writes an array of texts, of None for NULL, and of arrays."""
    return "{" + ",".join(map(_written, elements)) + "}"


def _written(element: str | None | list) -> str:
    if element is None:
        return "NULL"
    if isinstance(element, list):
        return write(element)
    return '"' + _QUOTE.sub(r"\\\1", element) + '"'
