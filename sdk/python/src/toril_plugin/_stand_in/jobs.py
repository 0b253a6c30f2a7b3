"""Adding jobs. Keeps them, with the ids 1, 2, 3 if they have none."""

import json
from typing import Any

from . import state


def add(queue: str, name: str, data: str, options: Any) -> str:
    return add_child(queue, name, data, options, None)


def add_child(queue: str, name: str, data: str, options: Any, on_failure: str | None) -> str:
    added = state.current.added
    id = options.id or str(len(added) + 1)
    added.append(state.Added(queue, name, json.loads(data), id, options, on_failure))
    return id
