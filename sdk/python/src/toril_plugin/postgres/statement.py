"""Placeholders: from `%s` and `%(name)s` to the server's `$1`."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from .errors import invalid

_PLACEHOLDER = re.compile(r"%(?:(?P<percent>%)|(?P<positional>s)|\((?P<name>[^()%]+)\)s|)")


@lru_cache(maxsize=128)
def parse(statement: str) -> tuple[str, tuple[str, ...] | int]:
    """The server's text, and the names of its parameters in the order of their numbers, or the number of `%s`."""
    names: list[str] = []
    positional = 0

    def number(found: re.Match) -> str:
        nonlocal positional
        if found["percent"]:
            return "%"
        if found["positional"]:
            positional += 1
            return f"${positional}"
        name = found["name"]
        if name is None:
            raise invalid(
                f"a `%` at character {found.start() + 1} of the statement is no placeholder: write `%s`, `%(name)s`, "
                "or `%%` for the character itself"
            )
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    text = _PLACEHOLDER.sub(number, statement)
    if names and positional:
        raise invalid("the statement has both `%s` and `%(name)s`")
    return text, tuple(names) if names else positional


def bind(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The server's text, and the values in the order of their numbers."""
    if not isinstance(statement, str):
        raise invalid("a statement is a string")
    text, wanted = parse(statement)
    if isinstance(wanted, tuple):
        return text, _named(wanted, parameters)
    # A string is a sequence, too, and nearly always a forgotten comma.
    if isinstance(parameters, (str, bytes, Mapping)) or not isinstance(parameters, Sequence):
        if wanted or isinstance(parameters, (str, bytes)) or not isinstance(parameters, Mapping):
            raise invalid("the parameters of a statement with `%s` are a list or a tuple")
        return text, []
    if len(parameters) != wanted:
        raise invalid(f"the statement has {wanted} placeholders, and {len(parameters)} parameters were given")
    return text, list(parameters)


def _named(names: tuple[str, ...], parameters: Any) -> list[Any]:
    if not isinstance(parameters, Mapping):
        raise invalid("the parameters of a statement with `%(name)s` are a dict")
    missing = [name for name in names if name not in parameters]
    if missing:
        raise invalid(f"a parameter for `%({missing[0]})s` is missing")
    return [parameters[name] for name in names]
