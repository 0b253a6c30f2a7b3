"""Copies the plugin interface into the package. In the repository, all SDKs share it in another folder."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "wit" / "since-0.2"


class BuildWithInterface(build_py):
    """Copies the interface into the folder of the package's data."""

    def run(self):
        super().run()
        copy = Path(self.build_lib) / "toril_plugin" / "wit" / "toril-plugin"
        if not self.editable_mode:
            copy.mkdir(parents=True, exist_ok=True)
            for file in SHARED.glob("*.wit"):
                shutil.copy(file, copy)


setup(cmdclass={"build_py": BuildWithInterface})
