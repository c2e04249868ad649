"""course.py: what a learner's machine can get wrong gets one clear line, and is mended."""

import ast
import base64
import errno
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections import namedtuple

import pytest

import course
from tools import ROOT

SOURCE = (ROOT / "course.py").read_text(encoding="utf-8")
Usage = namedtuple("Usage", "total used free")


# --- Its text -------------------------------------------------------------------------------------


@pytest.mark.parametrize("minor", [7, 8, 9, 10])
def test_old_pythons_can_parse_it(minor):
    ast.parse(SOURCE, feature_version=(3, minor))
    assert "from __future__ import annotations" not in SOURCE  # unknown to 3.6
    assert not re.search(r"\bf\"[^\"\n]*=\}", SOURCE)


def test_it_imports_the_standard_library_alone_and_nothing_that_windows_lacks():
    names = [
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(SOURCE))
        if isinstance(node, ast.Import)
        for alias in node.names
    ]
    assert "subprocess" in names
    assert set(names) <= sys.stdlib_module_names
    assert not set(names) & {"fcntl", "termios", "pwd", "grp", "resource", "pty", "tty", "posix"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(ast.parse(SOURCE)))


def test_it_uses_no_shell():
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Call):
            assert "shell" not in [keyword.arg for keyword in node.keywords]
            assert ast.unparse(node.func) not in ("os.system", "os.popen", "subprocess.getoutput")


# --- One clear line -------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 14, 0), (2, 7, 18), (4, 0, 0)])
def test_a_python_without_a_lock_is_named(version):
    with pytest.raises(course.Trouble) as trouble:
        course.check_python(version, runs=lambda name: False)
    line = str(trouble.value)
    assert ".".join(map(str, version)) in line
    assert "3.11, 3.12 or 3.13" in line
    assert "\n" not in line


def test_another_python_of_this_machine_is_offered():
    with pytest.raises(course.Trouble, match=r"python3\.13 course\.py"):
        course.check_python((3, 9, 2), runs=lambda name: name == "python3.13")


@pytest.mark.parametrize("version", [(3, 11, 2), (3, 12, 1), (3, 13, 0)])
def test_supported_pythons_pass(version):
    assert course.check_python(version) is None


def test_the_line_is_all_that_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(course, "PYTHONS", ((3, 99),))
    assert course.main(["learn"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("course.py: The course needs Python")
    assert err.count("\n") == 1


@pytest.mark.parametrize("lacking", ["venv", "ensurepip"])
def test_no_venv_module(lacking, monkeypatch):
    monkeypatch.setattr(course.os.path, "exists", lambda path: path == "/etc/debian_version")
    with pytest.raises(course.Trouble, match=r"sudo apt install python3(\.\d+)?-venv"):
        course.check_venv_module(find=lambda name: None if name == lacking else object())
    course.check_venv_module(find=lambda name: object())


@pytest.mark.parametrize("kind", course.KINDS)
def test_a_full_disk_is_seen_before_anything_is_made(kind, tmp_path):
    def usage(place):
        return Usage(10**12, 0, int(0.3e9))

    with pytest.raises(course.Trouble, match=r"0\.3 GB free in .*GB needed"):
        course.check_space(kind, str(tmp_path / "not" / "yet" / ".venv"), usage=usage)
    course.check_space(kind, str(tmp_path), usage=lambda place: Usage(10**12, 0, 10**11))


def test_a_full_disk_on_the_way(monkeypatch, capsys, tmp_path):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("CGTLEARN_VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(course, "check_space", lambda *_: None)
    monkeypatch.setattr(course, "make_empty", full)
    assert course.main(["learn"]) == 1
    line = "course.py: The disk is full. Free about 1 GB and run again.\n"
    assert capsys.readouterr().err == line
    state, _ = course.environment_state("learn", str(tmp_path / ".venv"))
    assert state == "half-made"


def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    def refuse(*_args, **_kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(course.tempfile, "TemporaryFile", refuse)
    with pytest.raises(course.Trouble, match="Permission denied.*CGTLEARN_VENV"):
        course.check_writable(str(tmp_path))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("OSError: [WinError 112] There is not enough space on the disk", "disk is full"),
        ("WARNING: Retrying (Retry(total=4)) after NewConnectionError", "cannot be reached"),
        ("Retrying (Retry(total=0)): SSLError CERTIFICATE_VERIFY_FAILED", "not trusted"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one"),
        ("ERROR: No matching distribution found for numpy==2.4.6", r"no ready-made numpy==2\.4\.6"),
        ("ensurepip is not available ... apt install python3.11-venv", "sudo apt install"),
        ("some words\nERROR: a new kind of failure\nmore", "pip failed: ERROR: a new kind"),
    ],
)
def test_the_words_of_pip_become_one_line(words, line):
    with pytest.raises(course.Trouble, match=line) as trouble:
        course.explain(words.splitlines(), "pip failed")
    assert "\n" not in str(trouble.value)


# --- Ports ----------------------------------------------------------------------------------------


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_in_use(taken, capsys):
    assert not course.port_is_free(taken)
    with pytest.raises(course.Trouble, match=rf"Port {taken} is in use.*learn --port \d+"):
        course.choose_port(taken, 8888, "learn")
    chosen = course.choose_port(None, taken, "learn")
    assert chosen > taken
    assert f"Port {taken} is in use: taking {chosen}." in capsys.readouterr().out


@pytest.mark.parametrize("port", [0, -1, 65536, 10**6])
def test_no_port(port):
    with pytest.raises(course.Trouble, match="from 1 to 65535"):
        course.choose_port(port, 8888, "learn")


# --- Browser --------------------------------------------------------------------------------------


def test_without_a_browser_the_tests_fail_at_once_with_one_command(monkeypatch, capsys):
    monkeypatch.setattr(course, "find_browser", lambda: None)
    monkeypatch.setattr(course, "prepare", lambda kind: pytest.fail("it went on"))
    assert course.main(["test"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert course.browser_advice() in err


def test_leaving_the_browser_out_is_passed_on(monkeypatch):
    seen = []
    monkeypatch.setattr(course, "find_browser", lambda: None)
    monkeypatch.setattr(course, "prepare", lambda kind: "/somewhere")
    monkeypatch.setattr(course, "hand_over", lambda command, env: seen.append(command) or 7)
    assert course.main(["test", "--no-browser"]) == 7
    assert seen[0][1:] == ["-m", "tools.suite", "--no-browser"]


def test_a_benchmark_is_a_file_of_its_folder(monkeypatch, capsys, tmp_path):
    seen, made = [], []
    (tmp_path / "benchmarks").mkdir()
    for name in ("population", "another"):
        (tmp_path / "benchmarks" / f"{name}.py").write_text("")
    monkeypatch.setattr(course, "ROOT", str(tmp_path))
    monkeypatch.setattr(course, "prepare", lambda kind: made.append(kind) or "/somewhere")
    monkeypatch.setattr(course, "hand_over", lambda command, env: seen.append(command[1:]) or 0)
    assert course.main(["benchmark", "--quick"]) == 0
    assert course.main(["benchmark", "all"]) == 0
    files = [str(tmp_path / "benchmarks" / f"{name}.py") for name in ("another", "population")]
    assert seen == [[files[1], "--quick"], [files[0]], [files[1]]]
    assert made == ["benchmark", "benchmark"]
    assert course.main(["benchmark", "populations"]) == 1
    assert "There are: another, population, all." in capsys.readouterr().err
    assert course.main(["benchmark", "all", "--out", "x.json"]) == 1
    assert "--out takes the results of one benchmark" in capsys.readouterr().err


def test_where_browsers_are_looked_for():
    windows = {"PROGRAMFILES": "C:/Program Files"}
    edge = os.path.join("C:/Program Files", "Microsoft", "Edge", "Application", "msedge.exe")
    chrome = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    nothing = {"which": lambda name: None, "exists": lambda path: False}
    assert course.find_browser({}, **nothing) is None
    assert course.find_browser(windows, lambda name: None, lambda path: path == edge) == edge
    assert course.find_browser({}, lambda name: None, lambda path: path == chrome) == chrome
    named = {"CGTLEARN_BROWSER": "/no/such/browser"}
    assert course.find_browser(named, **nothing) is None, "a wrong name is not passed over"


# --- The first notebook ---------------------------------------------------------------------------


def test_the_first_notebook_of_the_contents_is_opened(monkeypatch, tmp_path):
    monkeypatch.setattr(course, "ROOT", str(tmp_path))
    assert course.first_notebook() is None
    for name in ("01_b/02_second.ipynb", "00_a/01_first.ipynb"):
        path = tmp_path / "book" / name
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    assert course.first_notebook() == "book/00_a/01_first.ipynb"
    contents = "format: jb-book\nroot: intro\nchapters:\n  - file: 01_b/02_second\n"
    (tmp_path / "book" / "_toc.yml").write_text(contents)
    assert course.first_notebook() == "book/01_b/02_second.ipynb"
    assert course.chosen_notebook("book/00_a/01_first.ipynb") == "book/00_a/01_first.ipynb"
    with pytest.raises(course.Trouble, match="no notebook"):
        course.chosen_notebook("book/00_a/01_frist.ipynb")


# --- A real environment, from a lock of one package ----------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A course whose lock holds one package, in a folder with spaces and an umlaut, offline."""
    root = tmp_path / "a course für Ä"
    wheels = tmp_path / "wheels"
    (root / "requirements").mkdir(parents=True)
    (root / "src" / "cgtlearn").mkdir(parents=True)
    (root / "src" / "cgtlearn" / "__init__.py").write_text("")
    shutil.copy(ROOT / "course.py", root)
    wheels.mkdir()
    locked = "# a comment\n"
    for name in ("onething", "another"):
        digest = make_wheel(wheels, name)
        locked += f"{name}==1.0 \\\n    --hash=sha256:{digest}\n"
        kind = {"onething": "learn", "another": "test"}[name]
        version = "{}.{}".format(*sys.version_info)
        (root / "requirements" / f"{kind}-{version}.txt").write_text(locked)
    runner = root / "run.py"
    runner.write_text(
        "import sys, course\n"
        "course.IMPORTS = {'learn': ['onething'], 'test': ['another']}\n"
        "course.SPACE_NEEDED = {'learn': 0, 'test': 0}\n"
        "course.learn = lambda options: print('in', course.prepare('learn')) or 0\n"
        "course.test = lambda options: print('in', course.prepare('test')) or 0\n"
        "course.test.__name__, course.learn.__name__ = 'test', 'learn'\n"
        "sys.exit(course.main())\n",
        encoding="utf-8",
    )
    for name in list(os.environ):
        if name.startswith(("PIP_", "CGTLEARN_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", wheels.as_uri())
    monkeypatch.setenv("PYTHONUTF8", "1")
    return root


def make_wheel(folder, name):
    """Write a wheel of an empty module; return its hash."""
    files = {
        f"{name}.py": "",
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text)}\n"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, text in files.items():
            wheel.writestr(inner, text)
        wheel.writestr(f"{name}-1.0.dist-info/RECORD", record)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(root, command="learn"):
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(root / "run.py"), command],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        cwd=root.parent,
    )
    return done, time.monotonic() - start


def test_made_once_then_used_then_grown_moved_and_repaired(small, monkeypatch):
    done, _ = run(small)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Making the environment" in done.stdout
    assert "1 package" in done.stdout
    python = course.venv_python(str(small / ".venv"))
    code = "import cgtlearn; print(cgtlearn.__file__)"
    where = subprocess.check_output([python, "-X", "utf8", "-c", code], encoding="utf-8").strip()
    assert where == str(small / "src" / "cgtlearn" / "__init__.py")

    again, seconds = run(small)
    assert again.stdout == f"in {small / '.venv'}\n", "the second run makes nothing"
    assert seconds < 20

    grown, _ = run(small, "test")
    assert "grows" in grown.stdout, grown.stdout + grown.stderr
    assert subprocess.call([python, "-c", "import onething, another"]) == 0
    assert run(small, "learn")[0].stdout == f"in {small / '.venv'}\n", "test's serves learning too"

    # A changed lock, or another Python, puts it out of date.
    lock = small / "requirements" / "test-{}.{}.txt".format(*sys.version_info)
    text = lock.read_text(encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(course, "ROOT", str(small))
        assert course.environment_state("test", str(small / ".venv"))[0] == "ready"
        lock.write_text(text + "# changed\n", encoding="utf-8")
        state = course.environment_state("test", str(small / ".venv"))
        assert state == ("outdated", "the lock file has changed")
        lock.write_text(text, encoding="utf-8")
        patch.setattr(course.sys, "version_info", (3, 99, 0))
        assert course.environment_state("learn", str(small / ".venv"))[0] == "outdated"

    # The course is moved: its environment finds the package at the new place.
    moved = small.rename(small.parent / "moved")
    python = course.venv_python(str(moved / ".venv"))
    assert run(moved)[0].returncode == 0
    where = subprocess.check_output([python, "-X", "utf8", "-c", code], encoding="utf-8").strip()
    assert where.startswith(str(moved))

    # A package goes missing: it is seen and mended.
    shutil.rmtree(next((moved / ".venv").rglob("onething-1.0.dist-info")))
    mended, _ = run(moved)
    assert "onething is missing" in mended.stdout
    assert subprocess.call([python, "-c", "import onething"]) == 0


def test_a_run_that_is_killed_is_repaired_by_the_next(small):
    venv = small / ".venv"
    child = subprocess.Popen(
        [sys.executable, str(small / "run.py"), "learn"],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not (venv / "pyvenv.cfg").exists():
        assert child.poll() is None
        time.sleep(0.01)
    if hasattr(os, "killpg"):
        os.killpg(child.pid, signal.SIGKILL)  # and pip or venv with it: nothing can tidy up
    else:
        child.kill()
    child.wait()
    assert (venv / course.MAKING).exists()
    assert not (venv / course.STAMP).exists()
    (venv / "left over").write_text("")

    done, _ = run(small)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "half-made" in done.stdout
    assert "interrupted" in done.stdout
    assert not (venv / "left over").exists()
    assert not (venv / course.MAKING).exists()


def test_a_folder_of_somebody_else_is_left_alone(small):
    venv = small / ".venv"
    venv.mkdir()
    (venv / "thesis.tex").write_text("three years of work")
    done, _ = run(small)
    assert done.returncode == 1
    assert "not an environment of this course" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (venv / "thesis.tex").read_text() == "three years of work"
    with pytest.raises(course.Trouble, match="left alone"):
        course.remove_environment(str(venv))


def test_no_network(small, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    done, seconds = run(small)
    assert done.returncode == 1
    assert done.stderr == f"course.py: {course.NO_NETWORK}\n"
    assert seconds < 60


def test_a_package_that_was_tampered_with(small):
    version = "{}.{}".format(*sys.version_info)
    path = small / "requirements" / f"learn-{version}.txt"
    text = path.read_text()
    path.write_text(re.sub(r"sha256:..", "sha256:00", text))
    done, _ = run(small)
    assert done.returncode == 1
    assert "its hash differs" in done.stderr


# --- The suite ------------------------------------------------------------------------------------


def test_the_suite_goes_on_after_a_failure_and_says_so(monkeypatch, capfd):
    from tools import suite

    def fake(full=False, browser=True):
        good, bad = (sys.executable, "-c", ""), (sys.executable, "-c", "raise SystemExit(3)")
        return [
            suite.Step("first", "fails", (bad,)),
            suite.Step("second", "has nothing to check", (good,), needs=("book/*/*.nothing",)),
            suite.Step("third", "is too slow", ((*good[:2], "input()"),), minutes=0.0),
            suite.Step("fourth", "passes", (good,)),
        ]

    monkeypatch.setattr(suite, "steps", fake)
    assert suite.main(["--no-browser"]) == 1
    out = capfd.readouterr().out
    assert re.search(r"FAILED +first", out)
    assert re.search(r"FAILED +second", out)
    assert re.search(r"FAILED +third", out)
    assert re.search(r"passed +fourth", out)
    assert "skipped browser" in out
    assert "1 passed, 3 failed" in out
    assert suite.main(["--no-browser", "--only", "fourth"]) == 0


def test_the_suite_holds_each_check_and_leaves_the_browser_out_only_when_told():
    from tools import suite

    names = ["lint", "types", "spelling", "r", "tests", "sources", "notebooks", "book"]
    names += ["kit", "rooms"]
    assert [step.name for step in suite.steps()] == [*names, "browser"]
    assert [step.name for step in suite.steps(browser=False)] == names


def test_ci_calls_exactly_the_readmes_command():
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    calls = [line.strip() for line in text.splitlines() if "course.py" in line and "#" not in line]
    assert calls == ["python3 course.py test"]
    assert "--no-browser" not in text


# --- rooms: install, the offline package, the instructor's edition ----------------------------


def test_install_makes_the_environment_and_stops(monkeypatch, capsys):
    made = []
    monkeypatch.setattr(course, "prepare", lambda kind: made.append(kind) or "/some/where")
    assert course.main(["install"]) == 0
    assert made == ["learn"]
    assert "Start with  python3 course.py learn" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["package"], ["-m", "tools.package"]),
        (
            ["package", "--platform", "windows", "linux", "--python", "3.12"],
            ["-m", "tools.package", "--platform", "windows", "linux", "--python", "3.12"],
        ),
        (["book", "--instructor"], ["-m", "tools.kit", "build"]),
    ],
)
def test_commands_build_the_book_first(monkeypatch, arguments, wanted):
    ran = []
    monkeypatch.setattr(course, "prepare", lambda kind: "/some/where")
    monkeypatch.setattr(course, "hand_over", lambda command, env: ran.append(command[1:]) or 0)
    assert course.main(arguments) == 0
    assert ran == [["-m", "tools.suite", "--only", "book"], wanted]


def test_a_book_that_does_not_build_stops_the_rest(monkeypatch):
    ran = []
    monkeypatch.setattr(course, "prepare", lambda kind: "/some/where")
    monkeypatch.setattr(course, "hand_over", lambda command, env: ran.append(command) or 1)
    assert course.main(["package"]) == 1
    assert len(ran) == 1


def test_with_wheels_beside_the_course_no_index_is_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(course, "WHEELS", str(tmp_path))
    monkeypatch.setattr(course, "offline_wheels", lambda: True)
    assert "not needed" in course.check_index(str(tmp_path))
