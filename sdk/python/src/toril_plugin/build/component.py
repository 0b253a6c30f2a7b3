"""Builds a component from a plugin's module."""

import subprocess
import sys
import tempfile
from pathlib import Path

from .interfaces import used
from .sections import producers, uses
from .world import NAMES, write_world

#: `_stdlib` has modules of the standard library whose C code does not exist in a component.
_APP = """import sys
from importlib import import_module
import toril_plugin
sys.path.insert(0, toril_plugin.__path__[0] + "/_stdlib")
from toril_plugin._component.export import handler

Handler = handler(import_module({module!r}))
"""


class BuildFailed(Exception):
    """componentize-py failed. The message is its output."""


def build(source: Path, output: Path) -> list[str]:
    """Builds a plugin. Returns the host interfaces that it imports, except those of Python itself."""
    source = source.resolve()
    own = Path(__file__).resolve().parents[2]
    # The plugin's folder first, so that its modules override installed ones.
    folders = [source.parent, *_unique([own, *_site_packages()])]
    interfaces, connects = used(source.stem, folders)
    with tempfile.TemporaryDirectory(prefix="toril-plugin-") as temporary:
        work = Path(temporary)
        write_world(work / "wit", interfaces)
        app = work / "app"
        app.mkdir()
        (app / "toril_app.py").write_text(_APP.format(module=source.stem))
        _componentize(work, [app, *folders])
        output.parent.mkdir(parents=True, exist_ok=True)
        # A host that watches the folder must never see an incomplete component.
        partial = output.with_name(output.name + ".partial")
        sections = producers() + (uses(interfaces) if connects else b"")
        partial.write_bytes((work / "plugin.wasm").read_bytes() + sections)
        partial.rename(output)
    return interfaces


def _componentize(work: Path, folders: list[Path]) -> None:
    arguments = ["--quiet", "-d", str(work / "wit"), "-w", "plugin"]
    for interface, name in NAMES.items():
        arguments += ["--import-interface-name", f"{interface}={name}"]
    arguments.append("componentize")
    for folder in folders:
        arguments += ["-p", str(folder)]
    arguments += ["-o", str(work / "plugin.wasm"), "toril_app"]
    # The package's own command may not be on PATH. This script does the same.
    script = "import sys; from componentize_py import script; sys.exit(script())"
    made = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    if made.returncode != 0:
        raise BuildFailed((made.stderr or made.stdout).partition("\nStack backtrace:")[0].strip())


def _site_packages() -> list[Path]:
    return [Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]


def _unique(folders: list[Path]) -> list[Path]:
    return list(dict.fromkeys(folders))
