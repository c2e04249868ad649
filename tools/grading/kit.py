"""What a learner's process is given: the course's package without a right answer in it.

The kit is a folder with ``child.py``, ``contain.py`` and a copy of ``cgtlearn`` in which the
exercises' data (answers, wrong answers, hints, solutions) and the tools of authors are missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tools import ROOT

HERE = Path(__file__).resolve().parent
LEFT_OUT = ("exercises/data", "exercises/authoring.py", "exercises/recipes.py")
"""Of the package, what the learner's process does not get."""


def _digest(folder: Path) -> str:
    """Of every file's name, rights and content."""
    found = hashlib.sha256(f"{folder.stat().st_mode:o}".encode())
    for path in sorted(folder.rglob("*")):
        found.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_mode:o}".encode())
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()


class Kit:
    """The folder that every learner's process reads, and no one may change."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder = folder
        self.package = root / "src" / "cgtlearn"
        self.fonts = folder.parent / "fonts"
        self.make()
        self._list_fonts()

    def make(self) -> None:
        """Write the kit anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

        def left_out(place: str, names: list[str]) -> set[str]:
            inside = Path(place).relative_to(self.package)
            paths = {name: (inside / name).as_posix() for name in names}
            return {n for n in names if n == "__pycache__" or paths[n] in LEFT_OUT}

        shutil.copytree(self.package, self.folder / "cgtlearn", ignore=left_out)
        for name in ("child.py", "contain.py"):
            shutil.copy(HERE / name, self.folder / name)
        self._made = _digest(self.folder)

    def intact(self) -> bool:
        """Whether the kit is still what was written."""
        try:
            return _digest(self.folder) == self._made
        except OSError:
            return False

    def _list_fonts(self) -> None:
        """Let Matplotlib list the machine's fonts once; a learner's process may not search."""
        self.fonts.mkdir(exist_ok=True)
        env = dict(os.environ, MPLCONFIGDIR=str(self.fonts), MPLBACKEND="Agg")
        code = "import matplotlib.font_manager"
        subprocess.run(
            [sys.executable, "-I", "-c", code],
            env=env,
            timeout=120,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def new_home(self, folder: Path) -> None:
        """A learner's folder with the list of fonts in it."""
        shutil.copytree(self.fonts, folder / ".matplotlib")

    @property
    def libraries(self) -> list[str]:
        """Where this Python keeps installed packages."""
        paths = sysconfig.get_paths()
        return sorted({paths["purelib"], paths["platlib"]})

    @property
    def readable(self) -> list[str]:
        """What a learner's process may read: the kit, Python, its packages, the system's parts."""
        paths = sysconfig.get_paths()
        own = [str(self.folder), paths["stdlib"], paths["platstdlib"], *self.libraries]
        own += [os.path.join(sys.base_prefix, "lib")]
        system = ["/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"]
        system += ["/usr/share/fonts", "/usr/share/zoneinfo", "/usr/local/share/fonts"]
        system += ["/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/dev/urandom", "/dev/null"]
        system += ["/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"]
        return own + system

    def leaks(self, root: Path = ROOT) -> list[str]:
        """Readable places that hold answers all the same: they must be named in the report."""
        found = []
        for path in self.readable:
            place = Path(path).resolve()
            if root.resolve() == place or place in root.resolve().parents:
                found.append(f"the course's folder lies inside {place}")
        for library in self.libraries:
            if (Path(library) / "cgtlearn" / "exercises" / "data").exists():
                found.append(f"a full cgtlearn is installed in {library}")
        return found
