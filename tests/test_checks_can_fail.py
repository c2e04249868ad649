"""The checks can fail: each fault, planted in a copy of the tree, turns the responsible check red.

The same command is first run on an untouched copy and must be green there, so that a red result
comes from the fault and from nothing else.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ["src", "tests", "tools", "book", "exercises", "requirements", "pyproject.toml"]
PARTS += ["README.md", "CONTRIBUTING.md", "LICENSE", "LICENSE-text.md", "CITATION.cff"]
PARTS += ["course.py", "environment.yml"]
NOTEBOOK = "book/07_cart_kinetics/01_expansion"

MODEL_LAWS = ["tests/test_models_cart.py", "-k", "test_every_law_holds"]
TARGETS = ["tests/test_proof.py", "-k", "test_target_is_as_declared and stein2019"]
TREE = ["tests/test_notebooks.py", "-k"]


def replace(file, old, new):
    def plant(tree):
        path = tree / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{file} no longer holds {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return plant


def append(file, text):
    def plant(tree):
        path = tree / file
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return plant


def other_output(tree):
    """The first digit of the first printed output becomes another one."""
    path = tree / f"{NOTEBOOK}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            text = "".join(output.get("text", []))
            digit = next((c for c in text if c.isdigit()), None)
            if digit:
                output["text"] = text.replace(digit, str((int(digit) + 1) % 10), 1)
                path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
                return
    raise AssertionError("no printed output found")


FAULTS = {
    "a changed number in a model": (
        replace("src/cgtlearn/models/stein2019.py", "((1 - contracting)", "((2 - contracting)"),
        MODEL_LAWS,
    ),
    "a changed parameter behind a scoreboard row": (
        replace("src/cgtlearn/ledger/data/stein2019.toml", "value = 0.16\n", "value = 0.20\n"),
        TARGETS,
    ),
    "a changed output in a notebook": (
        other_output,
        [f"{NOTEBOOK}.ipynb", "--nbval", "--nbval-cell-timeout=120"],
    ),
    "a missing alt text": (
        replace(f"{NOTEBOOK}.py", "    alt=f\"", "    alt=\"\" and f\""),
        "refresh",
    ),
    "a broken link": (
        append("book/intro.md", "\n[nowhere](reference/nowhere.md)\n"),
        [*TREE, "test_the_links_lead_somewhere"],
    ),
    "a literal that goes around the ledger, in a model": (
        append("src/cgtlearn/models/stein2019.py", "\nCONTRACTION_RATE = 0.16\n"),
        [*TREE, "test_the_models_hold_no_numbers"],
    ),
    "a literal that goes around the ledger, in a notebook": (
        append(f"{NOTEBOOK}.py", "\n# %%\ncontraction_rate = 0.16\n"),
        [*TREE, "test_the_notebooks_take_numbers_from_the_ledger and 01_expansion"],
    ),
}  # fmt: skip


def copy_of_the_tree(target):
    ignore = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", "vendor", "mathjax")
    target.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=ignore)
        else:
            shutil.copy(source, target / part)
    return target


def run(tree, check):
    """Run a check in a copy of the tree; returns (exit code, what it printed)."""
    if check == "refresh":
        command = ["-m", "tools.notebooks", "refresh", f"{NOTEBOOK}.py"]
    else:
        command = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *check]
    settings = {
        "PYTHONPATH": str(tree / "src"),
        "CGTLEARN_PROGRESS": "off",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tree,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_turns_the_check_red(fault, tmp_path):
    plant, check = FAULTS[fault]
    tree = copy_of_the_tree(tmp_path / "tree")
    code, said = run(tree, check)
    assert code == 0, f"red without a fault:\n{said[-3000:]}"
    plant(tree)
    code, said = run(tree, check)
    # 1: a test failed. Any other code would mean that the check did not run at all.
    assert code == 1, f"green in spite of {fault}:\n{said[-3000:]}"
