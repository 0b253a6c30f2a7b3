"""Finds the host interfaces that a plugin uses, from the modules of this package that it imports."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

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

#: Modules of the standard library that connect to servers. Python itself imports sockets in every component, so the
#: imports of a component do not show whether its plugin uses them.
_CONNECTING = ["ftplib", "http.client", "imaplib", "poplib", "smtplib", "socket", "urllib.request", "xmlrpc.client"]

#: Looks for modules of the plugin, and of packages that it uses, that have one of these modules or a part of it.
_LOOK = """
import importlib, json, sys
from toril_plugin._adapter import Adapter
Adapter(importlib.import_module(sys.argv[1]))
connecting = set(sys.argv[2:])
def is_foreign(name):
    return name.partition(".")[0] not in sys.stdlib_module_names | {"toril_plugin"}
def connects(value):
    if isinstance(value, type(sys)):
        return value.__name__ in connecting
    return getattr(value, "__module__", None) in connecting
print(json.dumps({
    "imported": [name for name in sys.modules if name == "ssl" or name.startswith("toril_plugin.")],
    "connects": any(
        connects(value)
        for name, module in list(sys.modules.items())
        if is_foreign(name)
        for value in list(vars(module).values())
    ),
}))
"""


class Used(NamedTuple):
    """What a plugin uses of the host."""

    #: The interfaces that its component imports, except those of Python itself.
    interfaces: list[str]
    #: Whether it connects to servers.
    connects: bool


class NoPlugin(Exception):
    """The module cannot be imported, or is not a plugin. The message contains Python's error."""


def used(module: str, folders: list[Path]) -> Used:
    """Imports the plugin in a separate process outside of a component, and checks which modules that loads."""
    path = json.dumps([str(folder) for folder in folders])
    looked = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path}\n{_LOOK}", module, *_CONNECTING],
        capture_output=True,
        text=True,
    )
    if looked.returncode != 0:
        raise NoPlugin(looked.stderr.strip())
    found = json.loads(looked.stdout.splitlines()[-1])
    own = [interface for name, used in _BY_MODULE.items() if name in found["imported"] for interface in used]
    return Used(_ALWAYS + own, found["connects"])
