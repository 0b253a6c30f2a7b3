"""Finds the host interfaces that a plugin uses, from the modules of this package that it imports."""

import json
import subprocess
import sys
from pathlib import Path

#: Every plugin has these, because the adapter needs them.
_ALWAYS = ["toril:plugin/job-context@0.2.0"]
_BY_MODULE = {
    "ssl": ["toril:plugin/tls@0.2.0"],
    "toril_plugin.config": ["wasi:config/store@0.2.0-rc.1"],
    "toril_plugin.http": ["wasi:http/outgoing-handler@0.2.0"],
    "toril_plugin.jobs": ["toril:plugin/jobs@0.2.0"],
    "toril_plugin.kv": ["wasi:keyvalue/store@0.2.0-draft", "wasi:keyvalue/atomics@0.2.0-draft"],
    "toril_plugin.postgres": ["toril:plugin/postgres@0.2.0"],
}

_LOOK = """
import importlib, json, sys
from toril_plugin._adapter import Adapter
Adapter(importlib.import_module(sys.argv[1]))
print(json.dumps([name for name in sys.modules if name == "ssl" or name.startswith("toril_plugin.")]))
"""


class NoPlugin(Exception):
    """The module cannot be imported, or is not a plugin. The message contains Python's error."""


def used_interfaces(module: str, folders: list[Path]) -> list[str]:
    """Imports the plugin in a separate process outside of a component, and checks which modules that loads."""
    path = json.dumps([str(folder) for folder in folders])
    looked = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path}\n{_LOOK}", module],
        capture_output=True,
        text=True,
    )
    if looked.returncode != 0:
        raise NoPlugin(looked.stderr.strip())
    imported = json.loads(looked.stdout.splitlines()[-1])
    return _ALWAYS + [interface for name, used in _BY_MODULE.items() if name in imported for interface in used]
