"""The page on large populations: its code runs as it stands there, with fewer patients."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "book" / "reference" / "populations.md"
SIZES = "PATIENTS, BLOCK = 1_000_000, 4_000"
SCHEDULER = '"tcp://scheduler:8786"'
TWO = "LocalCluster(n_workers=2, threads_per_worker=1)"


def blocks() -> list[str]:
    """The page's Python, in its order; the first is the file million.py."""
    return re.findall(r"(?ms)^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"))


def test_the_page_has_the_code_that_is_run_here():
    first, *others = blocks()
    assert first.startswith("# million.py") and SIZES in first
    assert len(others) >= 7
    assert sum(SCHEDULER in block for block in others) == 1
    assert sum(f"with {TWO}" in block for block in others) == 1
    for block in others:
        compile(block, "populations.md", "exec")


def test_its_code_runs_here_on_processes_and_on_a_cluster(tmp_path):
    pytest.importorskip("distributed")
    pytest.importorskip("SALib")
    first, *others = blocks()
    (tmp_path / "million.py").write_text(
        first.replace(SIZES, "PATIENTS, BLOCK = 300, 40"), encoding="utf-8"
    )
    script = []
    for block in others:
        if SCHEDULER in block:  # the machines of a cluster are two processes of this one
            block = block.replace(SCHEDULER, "machines.scheduler_address")
            block = f"with {TWO} as machines:\n" + textwrap.indent(block, "    ")
        # No port but those that are free.
        script.append(block.replace(TWO, TWO[:-1] + ", dashboard_address=None)"))
    body = "\n".join(script) + "\nprint('done', here.patients, cluster.complete, found.ranked())"
    page = tmp_path / "page.py"
    page.write_text(
        'if __name__ == "__main__":\n' + textwrap.indent(body, "    "), encoding="utf-8"
    )
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, str(page)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert "done 300 True ('" in done.stdout
    assert "Run of muellerschoell2021: 300 patients, DP5; kept: peak, day, left" in done.stdout
    assert (tmp_path / "million.npz").exists()
