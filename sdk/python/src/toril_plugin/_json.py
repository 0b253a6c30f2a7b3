"""Conversion of values for the host."""

import json
from typing import Any


def to_json(what: str, value: Any) -> str:
    """A value as JSON text. Raises a TypeError that says why a value cannot be written."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} cannot be written as JSON: {error}") from None
