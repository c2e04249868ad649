"""The offline package: a zip with the course, the built book and the packages it needs.

    python -m tools.package                               for this machine's system and Python
    python -m tools.package --platform windows macos-arm --python 3.12
    python -m tools.package --check                       make one, install it with the network off

For a room without a network, or with a slow one. Whoever gets the zip unpacks it and runs
`python3 course.py learn` as always: `course.py` finds the folder `wheels` beside it and installs
from there alone. The built book is in `site/index.html` and needs nothing but a browser.

Packages are fetched with the hashes of the lock. One of them is published as source only
(`course.SOURCE_ONLY`); it is pure Python, built here once, and the package's own lock names the
hash of that wheel.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from packaging.markers import Marker

import course
from tools import ROOT
from tools.lock import PYTHONS, Pin, lock_path, read_lock

SITE = ROOT / "build" / "book" / "_build" / "html"
FOLDERS = ("book", "exercises", "requirements", "src")
"""What a learner gets, beside the files of the top level."""

GLIBC = [f"manylinux_2_{minor}" for minor in range(5, 37)]
MACOS = [f"macosx_10_{minor}" for minor in range(9, 17)] + [
    f"macosx_{major}_0" for major in range(11, 16)
]
PLATFORMS = {
    "linux": (
        [f"{tag}_x86_64" for tag in ("manylinux1", "manylinux2010", "manylinux2014", *GLIBC)],
        {"sys_platform": "linux", "os_name": "posix", "platform_machine": "x86_64"},
    ),
    "linux-arm": (
        [f"{tag}_aarch64" for tag in ("manylinux2014", *GLIBC)],
        {"sys_platform": "linux", "os_name": "posix", "platform_machine": "aarch64"},
    ),
    "windows": (
        ["win_amd64"],
        {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"},
    ),
    "macos-arm": (
        [f"{tag}_{kind}" for tag in MACOS for kind in ("arm64", "universal2")],
        {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "arm64"},
    ),
    "macos-intel": (
        [f"{tag}_{kind}" for tag in MACOS for kind in ("x86_64", "universal2", "intel")],
        {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "x86_64"},
    ),
}
"""For each system: the tags of its wheels and what markers see there. Where a package has several
wheels, the first tag counts: the one that runs on the oldest systems too."""
PATCHES = range(30)
"""Releases of one Python: a lock may tell them apart, `python_full_version < '3.11.5'`."""
SYSTEM = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}


def this_platform() -> str:
    """The name of this machine's system among ``PLATFORMS``."""
    arm = platform.machine().lower() in ("arm64", "aarch64")
    if sys.platform == "win32":
        return "windows"
    if sys.platform == "darwin":
        return "macos-arm" if arm else "macos-intel"
    return "linux-arm" if arm else "linux"


def pins_for(name: str, python: str, patch: int = PATCHES[-1]) -> list[Pin]:
    """The pins of `learn` that apply on a system, without markers: {name, version, hashes}."""
    seen = PLATFORMS[name][1]
    sees = {
        **seen,
        "platform_system": SYSTEM[seen["sys_platform"]],
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "python_version": python,
        "python_full_version": f"{python}.{patch}",
        "implementation_version": f"{python}.{patch}",
    }
    return [
        Pin(pin.name, pin.version, "", pin.hashes)
        for pin in read_lock(lock_path("learn", python))
        if not pin.marker or Marker(pin.marker).evaluate(sees)
    ]


def pip(*arguments: str) -> None:
    """Run pip; its last words are the error."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        words = (run.stderr.strip() or run.stdout.strip()).splitlines()
        sys.exit("The packages could not be fetched: " + " ".join(words[-2:]))


def fetch(name: str, python: str, wheels: Path) -> None:
    """Fetch the wheels of one system and Python, in all its releases, into `wheels`."""
    fetched: set[tuple[str, str]] = {(p.name, p.version) for p in [source_only()]}
    for patch in reversed(PATCHES):
        pins = pins_for(name, python, patch)
        there = [pin for pin in pins if (pin.name, pin.version) not in fetched]
        if not there:
            continue
        fetched |= {(pin.name, pin.version) for pin in there}
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder) / "wanted.txt"
            wanted.write_text("".join(map(str, there)), encoding="utf-8")
            tags = [part for tag in PLATFORMS[name][0] for part in ("--platform", tag)]
            pip(
                *("download", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--quiet"),
                *("--implementation", "cp", "--python-version", f"{python}.{patch}", *tags),
                *("--dest", str(wheels), "--requirement", str(wanted)),
            )
    print(f"  {name}, Python {python}: {len(fetched)} packages", flush=True)


def source_only() -> Pin:
    """The pin of the one package that has no wheel."""
    return next(
        p for p in read_lock(lock_path("learn", PYTHONS[0])) if p.name == course.SOURCE_ONLY
    )


def build_source_only(wheels: Path) -> tuple[str, str]:
    """Build the one package without a wheel; its version and the hash of what was built."""
    pin = source_only()
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(str(pin), encoding="utf-8")
        pip(
            *("wheel", "--no-deps", "--require-hashes", "--quiet"),
            *("--wheel-dir", folder, "--requirement", str(wanted)),
        )
        (built,) = Path(folder).glob("*.whl")
        if not built.name.endswith("-none-any.whl"):
            sys.exit(f"{built.name} is not pure Python: it would serve this machine alone.")
        shutil.copy(built, wheels)
        return pin.version, hashlib.sha256(built.read_bytes()).hexdigest()


def copy_course(folder: Path) -> None:
    """Copy what a learner needs: no caches, no build, nothing that git ignores."""
    skip = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.pyc", ".DS_Store")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    for kind in ("test", "benchmark", "grade"):  # no wheels for these travel
        for path in (folder / "requirements").glob(f"{kind}*"):
            path.unlink()
    for name in ("course.py", "README.md", "LICENSE", "LICENSE-text.md", "CITATION.cff"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("pyproject.toml", "environment.yml"):
        shutil.copy(ROOT / name, folder / name)


def make(platforms: list[str], pythons: list[str], out: Path) -> Path:
    """Write the zip and return its path. Raises SystemExit with a line on what to do."""
    if not (SITE / "index.html").exists():
        sys.exit("There is no built book. Run  python3 course.py book  first.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "cgtlearn-course"
        folder.mkdir()
        copy_course(folder)
        shutil.copytree(SITE, folder / "site", ignore=shutil.ignore_patterns("_sources"))
        wheels = folder / "wheels"
        wheels.mkdir()
        print("Fetching packages", flush=True)
        for name in platforms:
            for python in pythons:
                fetch(name, python, wheels)
        version, digest = build_source_only(wheels)
        line = f"{course.SOURCE_ONLY}=={version} \\\n"
        for path in (folder / "requirements").glob("learn-*.txt"):
            if path.stem.removeprefix("learn-") not in pythons:
                path.unlink()
                continue
            text = path.read_text(encoding="utf-8")
            text = text.replace(line, f"{line}    --hash=sha256:{digest} \\\n")
            path.write_text(text, encoding="utf-8", newline="\n")
        holds = {"platforms": platforms, "pythons": pythons}
        (wheels / "holds.json").write_text(json.dumps(holds, indent=1) + "\n", encoding="utf-8")
        out.parent.mkdir(parents=True, exist_ok=True)
        half = out.with_name(out.name + ".half")
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
            for path in sorted(folder.rglob("*")):
                stored = zipfile.ZIP_STORED if path.suffix == ".whl" else None
                file.write(path, path.relative_to(scratch), stored)
        os.replace(half, out)
    print(f"{out}: {out.stat().st_size / 1e6:.0f} MB", flush=True)
    return out


NETWORK_OFF = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:  # the loopback alone comes up
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14s", b"lo", 0x49, b""))
os.execvp(sys.argv[1], sys.argv[1:])
"""
KERNEL = """
import nbformat, sys
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(book, timeout=120, kernel_name="python3").execute()
print("ran", len(book.cells), "cells")
"""


def without_network(command: list[str], cwd: Path) -> str:
    """Run a command that can reach no network; its output. Raises SystemExit where it fails.

    A network namespace of its own where the system grants one (Linux); elsewhere pip is sent to a
    port where nobody listens, which is said.
    """
    dead = "http://127.0.0.1:9"
    env = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    env.update(PIP_INDEX_URL=dead, PIP_NO_CACHE_DIR="1", HTTP_PROXY=dead, HTTPS_PROXY=dead)
    env.update(http_proxy=dead, https_proxy=dead, NO_PROXY="127.0.0.1,localhost")
    env.pop("CGTLEARN_VENV", None)
    prefix = ["unshare", "--net", "--map-root-user", sys.executable, "-c", NETWORK_OFF]
    if sys.platform != "linux" or subprocess.run([*prefix, "true"], capture_output=True).returncode:
        prefix = []
        print("(no network namespace here: the network is made unreachable by settings)")
    run = subprocess.run([*prefix, *command], cwd=cwd, env=env, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"without a network, {' '.join(command)} failed:\n{run.stdout}{run.stderr}")
    return run.stdout


def check() -> None:
    """Make the package for this machine, unpack it elsewhere, install and use it offline."""
    python = "{}.{}".format(*sys.version_info)
    with tempfile.TemporaryDirectory(prefix="a room ") as scratch:
        out = make([this_platform()], [python], Path(scratch) / "course.zip")
        with zipfile.ZipFile(out) as file:
            file.extractall(scratch)
        folder = Path(scratch) / "cgtlearn-course"
        base = getattr(sys, "_base_executable", sys.executable)
        said = without_network([base, "course.py", "install"], folder)
        print(said, end="")
        said = without_network([base, "course.py", "doctor"], folder)
        print(said, end="")
        if "This machine is fit for the course." not in said:
            sys.exit("doctor found something in the unpacked package")
        inside = course.venv_python(str(folder / ".venv"))
        book = folder / course.first_notebook()
        print(without_network([inside, "-c", KERNEL, str(book)], folder), end="")
        if not (folder / "site" / "index.html").is_file():
            sys.exit("the package has no built book")


def main(argv: list[str] | None = None) -> int:
    """Make the package, or check one."""
    parser = argparse.ArgumentParser(prog="python -m tools.package", description=__doc__)
    parser.add_argument("--platform", nargs="+", choices=[*PLATFORMS, "all"], metavar="NAME")
    parser.add_argument("--python", nargs="+", choices=[*PYTHONS, "all"], metavar="3.x")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "cgtlearn-course.zip")
    parser.add_argument("--check", action="store_true", help="install it with the network off")
    options = parser.parse_args(argv)
    if options.check:
        check()
        return 0
    platforms = options.platform or [this_platform()]
    pythons = options.python or ["{}.{}".format(*sys.version_info)]
    platforms = list(PLATFORMS) if "all" in platforms else platforms
    pythons = list(PYTHONS) if "all" in pythons else pythons
    make(platforms, pythons, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
