"""Who answers when a plugin asks for something: the host in a component, a stand-in elsewhere."""

import sys
from importlib import import_module
from types import ModuleType

IN_COMPONENT = sys.platform == "wasi"


def load(part: str) -> ModuleType:
    """The functions of one part of the host, under the same names in both."""
    return import_module(f"toril_plugin.{'_component' if IN_COMPONENT else '_stand_in'}.{part}")
