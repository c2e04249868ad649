"""The locked environment: pinned, hashed, nameless, and the same everywhere it is written down."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import course
from tools import ROOT, lock

LOCKS = [(kind, python) for kind in lock.KINDS for python in lock.PYTHONS]
POSIX_ONLY = {
    *("curses", "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog"),
    *("termios", "tty"),
}


def pins(kind, python):
    return lock.read_lock(lock.lock_path(kind, python))


def wanted(name):
    """The requirements of a .in file, with those that it takes over."""
    found = []
    for line in (lock.REQUIREMENTS / name).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("-r "):
            found += wanted(line[3:])
        elif line:
            found.append(Requirement(line))
    return found


def test_a_lock_for_each_python_that_the_course_says_it_needs():
    on_disk = {path.name for path in lock.REQUIREMENTS.glob("*.txt")}
    assert on_disk == {f"{kind}-{python}.txt" for kind, python in LOCKS}
    assert tuple(f"{a}.{b}" for a, b in course.PYTHONS) == lock.PYTHONS
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = SpecifierSet(project["requires-python"])
    minors = [minor for minor in range(8, 20) if f"3.{minor}.5" in supported]
    assert tuple(f"3.{minor}" for minor in minors) == lock.PYTHONS


@pytest.mark.parametrize(("kind", "python"), LOCKS)
def test_every_requirement_is_pinned_with_hashes_and_no_host_is_named(kind, python):
    text = lock.lock_path(kind, python).read_text(encoding="utf-8")
    for word in ("://", "--index", "--extra-index", "--find-links", "--trusted-host", " @ ", "/"):
        assert word not in text, f"{word!r} in {kind}-{python}.txt"
    found = pins(kind, python)  # an error for any line that is not name==version with hashes
    assert len(found) > 50
    assert [pin.name for pin in found if not pin.hashes] == []
    assert {length for pin in found for length in map(len, pin.hashes)} == {len("sha256:") + 64}
    assert found == lock.for_one_python(found, python), "markers that never or always apply"


@pytest.mark.parametrize(("kind", "python"), LOCKS)
def test_the_lock_holds_what_is_wanted(kind, python):
    versions = {pin.name: pin.version for pin in pins(kind, python)}
    for requirement in wanted(f"{kind}.in"):
        name = canonicalize_name(requirement.name)
        assert name in versions
        assert versions[name] in requirement.specifier


@pytest.mark.parametrize("python", lock.PYTHONS)
def test_each_lock_is_a_part_of_the_next(python):
    assert course.KINDS == lock.KINDS
    assert set(pins("learn", python)) <= set(pins("test", python))
    assert set(pins("test", python)) <= set(pins("benchmark", python))


@pytest.mark.parametrize("python", lock.PYTHONS)
@pytest.mark.parametrize(
    ("extra", "kind"),
    [("", "learn"), ("book", "test"), ("test", "test"), ("benchmark", "benchmark")],
)
def test_the_packages_own_needs_are_met_by_the_lock(python, extra, kind):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = project["optional-dependencies"][extra] if extra else project["dependencies"]
    versions = {pin.name: pin.version for pin in pins(kind, python)}
    for need in map(Requirement, needs):
        if need.name != "cgtlearn":
            assert versions[canonicalize_name(need.name)] in need.specifier


def test_the_environment_for_conda_and_binder_is_the_lock():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert text == lock.environment_yml(), "run: python -m tools.lock"
    # ... and read the way conda reads it, without the code that wrote it:
    read = yaml.safe_load(text)
    plain = [entry for entry in read["dependencies"] if isinstance(entry, str)]
    assert f"python={lock.CONDA_PYTHON}" in plain
    assert "pip" in plain
    (pip_part,) = [entry["pip"] for entry in read["dependencies"] if isinstance(entry, dict)]
    assert pip_part[-1] == "-e ."
    there = [Requirement(line) for line in pip_part[:-1]]
    locked = [Requirement(pin.requirement()) for pin in pins("learn", lock.CONDA_PYTHON)]
    assert sorted(map(str, there)) == sorted(map(str, locked))


def test_what_is_locked_runs_here_in_the_locked_version():
    if f"{sys.version_info[0]}.{sys.version_info[1]}" not in lock.PYTHONS:
        pytest.fail("the tests run under a Python without a lock")
    from importlib.metadata import version

    here = lock.read_lock(lock.lock_path("learn", "{}.{}".format(*sys.version_info)))
    for name in ("numpy", "scipy", "matplotlib", "pint"):
        (locked,) = [pin.version for pin in here if pin.name == name]
        assert version(name) == locked, f"{name} is not the locked one: python3 course.py test"


def imports_of(path):
    """The outermost names that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


def test_what_learners_run_imports_only_what_the_learners_lock_holds():
    holds = {pin.name for python in lock.PYTHONS for pin in pins("learn", python)}
    homes = packages_distributions()
    files = [*ROOT.glob("src/**/*.py"), *ROOT.glob("book/*/*.py"), *ROOT.glob("exercises/*/*.py")]
    assert files
    for path in files:
        if path.parent.name.startswith("_"):
            continue  # extensions of the book's build
        for name in set(imports_of(path)) - sys.stdlib_module_names - {"cgtlearn"}:
            owners = {canonicalize_name(owner) for owner in homes.get(name, [])}
            assert owners & holds, f"{path.relative_to(ROOT)} imports {name}: not in learn.in"


def test_no_module_imports_what_windows_lacks():
    for folder in ("src", "tools", "book", "exercises", "tests", "benchmarks"):
        for path in ROOT.glob(f"{folder}/**/*.py"):
            top = ast.parse(path.read_text(encoding="utf-8")).body
            names = {
                name.split(".")[0]
                for node in top
                for name in (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
            }
            assert not names & POSIX_ONLY, f"{path.relative_to(ROOT)}: {names & POSIX_ONLY}"
