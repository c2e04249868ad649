"""Make the lock files again, and check that each locked package has wheels where people are.

    python -m tools.lock            lock again, keeping what is locked where it still fits
    python -m tools.lock --upgrade  lock again with the newest versions
    python -m tools.lock --wheels   only check the wheels

For a maintainer, with `uv` on the PATH. `requirements/learn.in`, `test.in` and `benchmark.in` say
what is wanted; `requirements/{learn,test,benchmark}-3.xx.txt` hold what was chosen, with hashes,
for one Python each. `learn` is a part of `test`, and `test` of `benchmark`, with the same versions,
so that an environment can grow from one to the next. `environment.yml` is written from the lock of
its Python.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
PYTHONS = ("3.11", "3.12", "3.13")
KINDS = ("learn", "test", "benchmark")
CONDA_PYTHON = "3.11"
"""The Python of environment.yml, for Binder and conda: the one of the machines that run the checks,
so that what Binder installs has been installed before."""

SOURCE_ONLY = "autograd-gamma"
"""Pure Python, published as source only; lifelines needs it. course.py lets pip build this one."""

# uv's names of the machines whose wheels are checked, and what a learner calls them.
PLATFORMS = {
    "x86_64-pc-windows-msvc": "Windows (x86_64)",
    "aarch64-apple-darwin": "macOS (Apple silicon)",
    "x86_64-apple-darwin": "macOS (Intel)",
    "x86_64-unknown-linux-gnu": "Linux (x86_64)",
    "aarch64-unknown-linux-gnu": "Linux (ARM)",
}


@dataclass(frozen=True)
class Pin:
    """One locked package: name, version, where it applies, the hashes of its files."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    def requirement(self) -> str:
        """The pin without its hashes, as one line."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")

    def __str__(self) -> str:
        lines = [self.requirement(), *(f"    --hash={h}" for h in self.hashes)]
        return " \\\n".join(lines) + "\n"


def lock_path(kind: str, python: str) -> Path:
    """Where the lock of `kind` (one of ``KINDS``) for `python` ("3.12") stands."""
    return REQUIREMENTS / f"{kind}-{python}.txt"


def read_lock(path: Path) -> list[Pin]:
    """The pins of a lock file; an error for a line that is not a pin."""
    text = re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8"))
    pins = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(
            r"(?P<name>[a-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.*?))?"
            r"(?P<hashes>(?:\s*--hash=sha256:[0-9a-f]{64})*)",
            line,
        )
        if not found:
            raise ValueError(f"{path.name}: expected name==version and hashes, found {line[:80]!r}")
        hashes = tuple(re.findall(r"--hash=(\S+)", found["hashes"]))
        pins.append(Pin(found["name"], found["version"], (found["marker"] or "").strip(), hashes))
    return pins


def environments(python: str) -> list[dict[str, str]]:
    """What markers see on Linux, macOS and Windows, for the oldest and a late patch of `python`."""
    systems = (
        ("linux", "posix", "Linux", "x86_64"),
        ("linux", "posix", "Linux", "aarch64"),
        ("darwin", "posix", "Darwin", "arm64"),
        ("darwin", "posix", "Darwin", "x86_64"),
        ("win32", "nt", "Windows", "AMD64"),
    )
    return [
        {
            "sys_platform": sys_platform,
            "os_name": os_name,
            "platform_system": system,
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
            "python_version": python,
            "python_full_version": f"{python}.{patch}",
            "implementation_version": f"{python}.{patch}",
        }
        for sys_platform, os_name, system, machine in systems
        for patch in (0, 99)
    ]


def for_one_python(pins: list[Pin], python: str) -> list[Pin]:
    """Without the pins and the markers that never, or always, apply to `python`."""
    kept = []
    for pin in pins:
        if pin.marker:
            marker = Marker(pin.marker)
            applies = [marker.evaluate(environment) for environment in environments(python)]
            if not any(applies):
                continue
            if all(applies):
                pin = Pin(pin.name, pin.version, "", pin.hashes)
        kept.append(pin)
    return kept


def uv() -> str:
    """The path of uv, or a line that says how to get it."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if not found:
        sys.exit("tools.lock needs uv (https://docs.astral.sh/uv): install it and run again.")
    return found


def compile_lock(kind: str, python: str, upgrade: bool) -> None:
    """Choose versions for `requirements/<kind>.in` under `python`; write the lock file."""
    path = lock_path(kind, python)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / path.name
        if path.exists():  # what is locked already is kept where it fits
            shutil.copy(path, out)
        command = [uv(), "pip", "compile", "--quiet", "--universal", "--python-version", python]
        command += ["--generate-hashes", "--no-header", "--no-annotate"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--no-config"]
        if kind != "test":
            command += ["--constraints", str(lock_path("test", python))]
        if upgrade:
            command += ["--upgrade"]
        command += [str(REQUIREMENTS / f"{kind}.in"), "--output-file", str(out)]
        subprocess.run(command, check=True, cwd=REQUIREMENTS)
        pins = for_one_python(read_lock(out), python)
    head = (
        f"# Made by `python -m tools.lock` from {kind}.in, for Python {python} on Linux, macOS\n"
        "# and Windows. Do not edit.\n"
    )
    path.write_text(head + "".join(map(str, pins)), encoding="utf-8", newline="\n")
    print(f"{path.name}: {len(pins)} packages")


def environment_yml() -> str:
    """The text of environment.yml: the lock of `learn`, in a form that conda can read.

    conda puts the lines under `pip` into one requirements file, where hashes cannot stand beside
    the package itself (`-e .`); so the same versions stand here without hashes.
    """
    lines = [
        "# Made by `python -m tools.lock` from requirements/learn-" + CONDA_PYTHON + ".txt,",
        "# for Binder and conda: the same versions as the lock. Do not edit.",
        "name: cgtlearn",
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        f"  - python={CONDA_PYTHON}",
        "  - pip",
        "  - pip:",
    ]
    for pin in read_lock(lock_path("learn", CONDA_PYTHON)):
        requirement = pin.requirement()
        lines.append(f'      - "{requirement}"' if ";" in requirement else f"      - {requirement}")
    lines.append("      - -e .")
    return "\n".join(lines) + "\n"


def check_wheels() -> int:
    """Print, for each lock and platform, the packages without a wheel; return how many."""
    missing = 0
    for python in PYTHONS:
        for kind in KINDS:
            for platform, name in PLATFORMS.items():
                missing += _check_wheels_of(kind, python, platform, name)
    return missing


def _check_wheels_of(kind: str, python: str, platform: str, name: str) -> int:
    # A dry run with hashes and wheels only: what cannot be had as a wheel is an error.
    with tempfile.TemporaryDirectory() as folder:
        command = [uv(), "pip", "install", "--dry-run", "--no-deps", "--require-hashes"]
        command += ["--only-binary", ":all:", "--no-binary", SOURCE_ONLY]
        command += ["--no-config", "--target", folder]
        command += ["--python-version", python, "--python-platform", platform]
        command += ["--requirements", str(lock_path(kind, python))]
        run = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Would install (\d+) package", run.stderr)
    good = run.returncode == 0 and found
    print(f"{kind}-{python}  {name:22} " + (f"{found[1]} wheels" if good else "MISSING"))
    if not good:
        print(run.stderr.strip())
    return 0 if good else 1


def main(argv: list[str] | None = None) -> int:
    """Lock again, or check the wheels; 1 if one is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.lock", description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument("--wheels", action="store_true", help="only check the wheels")
    options = parser.parse_args(argv)
    if not options.wheels:
        for python in PYTHONS:
            for kind in ("test", "learn", "benchmark"):  # test first: the others keep its versions
                compile_lock(kind, python, options.upgrade)
        (ROOT / "environment.yml").write_text(environment_yml(), encoding="utf-8", newline="\n")
    return 1 if check_wheels() else 0


if __name__ == "__main__":
    sys.exit(main())
