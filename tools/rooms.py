"""Binder, checked without Binder.

    python -m tools.rooms

1. What stands under `pip` in environment.yml, this package included, installs into an empty
   environment, fits together, and the notebooks' kernel solves a model there.
2. repo2docker reads the tree and prints the Dockerfile that Binder would build, with the Python of
   environment.yml. It needs no Docker for that.

Not checked: conda's own part (a Python and pip), the image, and Binder itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

import course
from tools import ROOT
from tools.lock import CONDA_PYTHON


def environment() -> tuple[str, list[str]]:
    """The Python and the pip requirements of environment.yml."""
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python = next(x for x in content["dependencies"] if str(x).startswith("python="))
    (part,) = (x["pip"] for x in content["dependencies"] if isinstance(x, dict))
    return python.removeprefix("python="), part


def run(command: list[str], what: str, cwd: Path = ROOT) -> str:
    """Run a command; what it printed, or exit with its last words."""
    done = subprocess.run(
        command, cwd=cwd, env=course.child_environment(), capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{what} failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-15:]))
    return done.stdout


def check_pip_part() -> None:
    """Install the pip part into an empty environment and solve a model in a kernel there."""
    python, part = environment()
    here = "{}.{}".format(*sys.version_info)
    if python != here:
        print(f"The pip part is for Python {python}; this is {here}: not installed here.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "binder"
        run([sys.executable, "-m", "venv", str(folder)], "making an empty environment")
        inside = course.venv_python(str(folder))
        wanted = Path(scratch) / "pip-part.txt"
        wanted.write_text("\n".join(part) + "\n", encoding="utf-8")
        # The tree itself is named `-e .`, so pip runs in the root, as repo2docker does.
        run([inside, "-m", "pip", "install", "-q", "-r", str(wanted)], "installing the pip part")
        run([inside, "-m", "pip", "check"], "pip check")
        said = run([inside, "-c", course.KERNEL], "a kernel in that environment", cwd=folder)
        print(f"environment.yml: {len(part)} lines for pip installed; a kernel {said.strip()}")


def check_dockerfile() -> None:
    """repo2docker prints a Dockerfile with our Python, and installs from environment.yml."""
    program = Path(course.venv_bin(sys.prefix)) / "jupyter-repo2docker"
    command = [str(program), "--no-build", "--debug", "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = done.stdout + done.stderr  # it prints the Dockerfile on stderr
    if done.returncode:
        sys.exit("repo2docker failed:\n" + "\n".join(said.splitlines()[-15:]))
    found = re.search(r"python[= ]+(3\.\d+)", said)
    if not found or found[1] != CONDA_PYTHON:
        sys.exit(f"repo2docker chose Python {found and found[1]}, environment.yml {CONDA_PYTHON}")
    copied = said.find("COPY --chown=0:0 src/")
    updated = said.find('env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"')
    if not 0 < copied < updated:
        sys.exit("repo2docker does not install environment.yml after copying the tree")
    lines = said[said.find("FROM ") :].strip().splitlines()
    print(f"repo2docker: a Dockerfile of {len(lines)} lines, Python {found[1]}")


def main() -> int:
    """Both checks; anything wrong ends the program with a line."""
    check_pip_part()
    check_dockerfile()
    return 0


if __name__ == "__main__":
    sys.exit(main())
