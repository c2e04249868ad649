"""What one learner takes of a shared server: memory and processor time.

    python benchmarks/learner.py            every notebook of the book, a minute or two
    python benchmarks/learner.py --quick    the first notebook of each chapter

A Jupyter server as a hub would start it, and one kernel for each notebook, run to its end. For each
process: the memory that it has to itself once it is done (what shared libraries take is counted
once, not per learner, where the system tells), the highest resident memory on the way, and its
processor seconds. The sizes in `book/instructors/rooms.md` come from here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
MB = 1e6


def own_memory(process: psutil.Process) -> float:
    """Memory that would be free again if the process ended, in MB (resident where not told)."""
    try:
        return process.memory_full_info().uss / MB
    except (AttributeError, psutil.AccessDenied):
        return process.memory_info().rss / MB


def peak_memory(process: psutil.Process) -> float:
    """The highest resident memory so far, in MB; NaN where the system does not tell."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        return int(next(x for x in text.splitlines() if x.startswith("VmHWM")).split()[1]) / 1e3
    except (OSError, StopIteration):
        return getattr(process.memory_info(), "peak_wset", float("nan")) / MB


def server() -> dict:
    """A single user's server, asked for its pages once."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "-y", "--allow-root"]
        command += [f"--ServerApp.root_dir={folder}", "--ServerApp.port=0"]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(8)
            process = psutil.Process(child.pid)
            times = process.cpu_times()
            return {
                "name": "server",
                "own": own_memory(process),
                "peak": peak_memory(process),
                "cpu": times.user + times.system,
            }
        finally:
            child.terminate()
            child.wait(20)


def kernel(path: Path) -> dict:
    """A kernel that runs one notebook to its end."""
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(book, timeout=180, kernel_name="python3")
    with tempfile.TemporaryDirectory() as folder:
        client.resources = {"metadata": {"path": folder}}
        with client.setup_kernel():
            for number, cell in enumerate(book.cells):
                client.execute_cell(cell, number)
            process = psutil.Process(client.km.provisioner.pid)
            times = process.cpu_times()
            return {
                "name": path.relative_to(ROOT).with_suffix("").as_posix(),
                "own": own_memory(process),
                "peak": peak_memory(process),
                "cpu": times.user + times.system,
            }


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(prog="benchmarks/learner.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the first notebook of each chapter")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    folders = sorted({path.parent for path in (ROOT / "book").glob("[0-9]*/*.ipynb")})
    paths = [path for folder in folders for path in sorted(folder.glob("*.ipynb"))]
    if options.quick:
        paths = [min(folder.glob("*.ipynb")) for folder in folders]
    rows = [server(), *(kernel(path) for path in paths)]
    print(f"{'process':45} {'own MB':>7} {'peak MB':>8} {'cpu s':>6}")
    for row in rows:
        print(f"{row['name']:45} {row['own']:7.0f} {row['peak']:8.0f} {row['cpu']:6.1f}")
    kernels = rows[1:]
    most = max(row["peak"] for row in kernels)
    print(f"\nOne learner, one notebook open: {rows[0]['peak'] + most:.0f} MB at most.")
    print(f"Three notebooks open: {rows[0]['peak'] + 3 * most:.0f} MB at most.")
    mean = sum(row["cpu"] for row in kernels) / len(kernels)
    longest = max(row["cpu"] for row in kernels)
    print(f"Processor time: {mean:.1f} s a notebook, {longest:.1f} s at most.")
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
