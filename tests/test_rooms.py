"""The rooms of the package: who may import whom, and how little a bare import loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "cgtlearn"

ORDER = [
    "errors",
    "ledger",
    "models",
    "trace",
    "solve",
    "measure",
    "population",
    "datasets",
    "plot",
    "estimate",
    "proof",
    "explore",
]
"""A room may import the rooms before it. `exercises` is checked apart: it stands beside them."""
EXERCISES_MAY = {"errors", "ledger", "measure"}
HEAVY = {
    *("scipy", "matplotlib", "pint", "IPython", "pandas", "statsmodels", "lifelines", "emcee"),
    *("arviz", "SALib", "distributed", "dask"),
}


def imports(path: Path) -> list[tuple[str, bool]]:
    """(module, at the top level?) for every import in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            found += [(alias.name, top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            if node.module == "cgtlearn":
                found += [(f"cgtlearn.{alias.name}", top) for alias in node.names]
            else:
                found.append((node.module or "", top))
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_no_room_imports_one_above_it(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    for module, _ in imports(path):
        if not module.startswith("cgtlearn."):
            continue
        other = module.split(".")[1]
        if other == room or other == "__version__":
            continue
        if room == "exercises":
            assert other in EXERCISES_MAY, f"exercises imports {other}"
        else:
            assert ORDER.index(other) < ORDER.index(room), f"{room} imports {other}, above it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_heavy_libraries_load_on_use(path):
    for module, top in imports(path):
        if top:
            assert module.split(".")[0] not in HEAVY, f"{module} is imported at the top of {path}"


def test_bare_import_loads_numpy_and_nothing_else_from_outside():
    code = (
        "import sys; before = set(sys.modules); import cgtlearn; "
        "new = {m.split('.')[0] for m in set(sys.modules) - before}; "
        "print(*sorted(new - set(sys.stdlib_module_names) - {'cgtlearn', 'numpy'}))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == []


def test_models_use_no_solver_and_no_plot():
    for path in (PACKAGE / "models").glob("*.py"):
        outside = {m.split(".")[0] for m, _ in imports(path)}
        assert not outside & HEAVY, path.name
