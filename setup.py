"""What of the course lies outside aae_lib/ travels in the wheel too, as aae_lib/course/carried/, where workspace.root()
finds it. All else stands in pyproject.toml. An editable install carries nothing: there the clone is at hand."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("notebooks/*.ipynb", "exercises/*.ipynb", "docs/*.md", "docs/images/*.png", "README.md", "constraints.txt")


class BuildWithLessons(build_py):
    def carried(self) -> list[str]:
        return sorted(path.as_posix() for pattern in CARRIED for path in Path().glob(pattern))

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "aae_lib", "course", "carried")
        shutil.rmtree(target, ignore_errors=True)  # of an earlier build
        for name in self.carried():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(name, target / name)

    def get_source_files(self) -> list[str]:  # what a source distribution takes along
        return [*super().get_source_files(), *self.carried()]


setup(cmdclass={"build_py": BuildWithLessons})
