"""Selects the implementation of the host: the real one in a component, a stand-in elsewhere."""

import sys
from importlib import import_module
from types import ModuleType

IN_COMPONENT = sys.platform == "wasi"


def load(part: str) -> ModuleType:
    """The functions of one part of the host. Both implementations use the same names."""
    return import_module(f"toril_plugin.{'_component' if IN_COMPONENT else '_stand_in'}.{part}")
