"""The command ``toril-plugin-build``."""

import argparse
import sys
from pathlib import Path

from .component import BuildFailed, build
from .interfaces import NoPlugin


def main() -> int:
    """Builds the plugin of the command line."""
    parser = argparse.ArgumentParser(prog="toril-plugin-build", description="Builds a component from a plugin's module.")
    parser.add_argument("source", nargs="?", type=Path, default=Path("plugin.py"), help="the module (plugin.py)")
    parser.add_argument("-o", "--output", type=Path, help="the component (dist/FOLDER.wasm)")
    arguments = parser.parse_args()
    output = arguments.output or Path("dist") / f"{Path.cwd().name}.wasm"
    if not arguments.source.is_file():
        parser.error(f"{arguments.source} does not exist")
    try:
        interfaces = build(arguments.source, output)
    except (BuildFailed, NoPlugin, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB, uses {', '.join(interfaces)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
