"""The WIT world of a component: the export ``handler``, and only the imports that the plugin uses."""

import shutil
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_WIT = _PACKAGE / "wit"

#: Names of generated modules, where the last part of the interface's name is ambiguous.
NAMES = {
    "toril:plugin/types@0.2.0": "toril_types",
    "wasi:config/store@0.2.0-rc.1": "config_store",
    "wasi:http/outgoing-handler@0.2.0": "http_handler",
    "wasi:http/types@0.2.0": "http_types",
    "wasi:keyvalue/store@0.2.0-draft": "keyvalue_store",
}


def plugin_interface() -> Path:
    """The folder of the plugin interface. In the repository it is next to the SDK. An installed package has a
    copy."""
    for folder in (_PACKAGE.parents[3] / "wit" / "since-0.2", _WIT / "toril-plugin"):
        if (folder / "plugin.wit").exists():
            return folder
    raise FileNotFoundError(f"the plugin interface is missing from {_WIT}: install toril-plugin again")


def write_world(folder: Path, interfaces: list[str]) -> None:
    """Writes the world ``plugin`` and its dependencies into a folder."""
    deps = folder / "deps"
    shutil.copytree(_WIT, deps)
    # The dependencies of the interface are in `_WIT`, with the parts of them that this package uses.
    ignored = shutil.ignore_patterns("deps")
    shutil.copytree(plugin_interface(), deps / "toril-plugin", ignore=ignored, dirs_exist_ok=True)
    imports = "".join(f"    import {interface};\n" for interface in interfaces)
    (folder / "world.wit").write_text(
        f"package toril:built;\n\nworld plugin {{\n{imports}    export toril:plugin/handler@0.2.0;\n}}\n"
    )
