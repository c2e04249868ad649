"""Grading: honest work gets its points, hostile work gets none that it did not earn."""

import csv
import errno
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import course
from cgtlearn.exercises import drawing, store
from tools import ROOT, students
from tools.grading import __main__ as command
from tools.grading import contain, judge, kit, probes, report, submissions

EXERCISES = store.exercises()
ISSUED = submissions.issued_notebooks(ROOT, EXERCISES)
FIRST = "07_cart_kinetics/01_expansion"
WHOLE = len(ISSUED[FIRST].ids)  # points of its notebook, all right
linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"),
    reason="limits are enforced on Linux; elsewhere the command says what is not contained",
)


PROBE = (
    "import json, sys, tempfile; sys.path.insert(0, sys.argv[1]); import contain; "
    "home = tempfile.mkdtemp(); print(json.dumps(contain.contain("
    "{'memory': 1e9, 'seconds': 9, 'file': 1e6}, ['/usr/lib'], [home])))"
)
STATE = json.loads(
    subprocess.check_output([sys.executable, "-I", "-c", PROBE, str(kit.HERE)], text=True)
)
"""What this machine can contain: layer -> "" or what is missing."""

NEEDS = {
    "delete": "landlock",
    "outside": "landlock",
    "read": "landlock",
    "children": "seccomp",
    "network": "seccomp",
    "signal": "seccomp",
    "memory": "limits",
}
"""Hostile notebooks that only a layer of the kernel holds; without it they are not run here."""


# --- Making submissions ---------------------------------------------------------------------------


def issued(name=FIRST):
    return json.loads((ROOT / "exercises" / f"{name}.ipynb").read_text(encoding="utf-8"))


def cell_of(notebook, identity):
    """The cell that checks an exercise."""
    return next(c for c in notebook["cells"] if f'check("{identity}"' in "".join(c["source"]))


def solve(notebook, *only):
    """Put the solutions into the answer cells (of all exercises, or of those that are named)."""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        for identity in submissions.CHECK.findall(source):
            if not only or identity in only:
                start = source.rindex("check(")
                solution = EXERCISES[identity]["solution_code"]
                cell["source"] = f"{source[:start]}\n{solution}\n{source[start:]}"
    return notebook


def code(source):
    return {"cell_type": "code", "id": "x", "metadata": {}, "source": source, "outputs": []}


def with_code(source, notebook=None, at=2):
    """A notebook with another cell; by default after the imports, with nothing solved."""
    notebook = notebook or issued()
    notebook["cells"].insert(at, code(source))
    return notebook


def write(folder, name, notebook):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = notebook if isinstance(notebook, str) else json.dumps(notebook)
    path.write_text(text, encoding="utf-8")
    return path


def grade(folder, out, *options, timeout=300):
    """Run the command; returns (rows of the CSV by file, what it printed)."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.grading", str(folder), "--out", str(out), *options],
        cwd=ROOT,
        env=command.environment_of_the_course(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout
    return rows(out), done.stdout


def rows(out):
    with out.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


# --- Honest work ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """Every notebook of the course: solved, untouched, and with the first listed wrong answer."""
    folder = tmp_path_factory.mktemp("honest")
    for name in ISSUED:
        stem = name.split("/")[1]
        write(folder, f"ada/{stem}.ipynb", solve(issued(name)))
    write(folder, "ben/01_expansion.ipynb", issued())
    wrong = issued()
    entry = drawing.for_learner(EXERCISES["07.1"], "cy")["wrong"][0]
    cell_of(wrong, "07.1")["source"] = f'check("07.1", {entry["answer"]!r})'
    write(folder, "cy/01_expansion.ipynb", wrong)
    write(folder, "notes.txt", "not a notebook")
    found, words = grade(folder, folder / "grades.csv", "--seed", "7")
    return folder, found, words


def test_every_solution_of_the_course_earns_every_point(honest):
    _, found, _ = honest
    for name in ISSUED:
        row = found[f"ada/{name.split('/')[1]}.ipynb"]
        states = {identity: row[identity] for identity in ISSUED[name].ids}
        assert set(states.values()) == {"right"}, (states, row["notes"])
        assert row["points"] == row["out_of"] == str(len(ISSUED[name].ids))
        assert (row["learner"], row["status"], row["notebook"]) == ("ada", "graded", name)


def test_an_untouched_notebook_is_not_attempted(honest):
    _, found, _ = honest
    row = found["ben/01_expansion.ipynb"]
    assert row["points"] == "0"
    assert {row[identity] for identity in ISSUED[FIRST].ids} == {"not attempted"}
    assert row["notes"] == ""


def test_a_wrong_answer_gets_its_message_and_is_counted(honest):
    folder, found, _ = honest
    row = found["cy/01_expansion.ipynb"]
    assert (row["07.1"], row["points"]) == ("wrong", "0")
    entry = drawing.for_learner(EXERCISES["07.1"], "cy")["wrong"][0]
    page = (folder / "grades_report" / "feedback" / "cy.html").read_text(encoding="utf-8")
    assert report.escape(entry["message"]) in page
    assert f"of {WHOLE}</strong> exercises are right" in page
    from cgtlearn.exercises.slips import SLIPS

    overview = (folder / "grades_report" / "report.html").read_text(encoding="utf-8")
    assert report.escape(SLIPS[entry["slip"]].name) in overview


def test_the_report_names_files_that_are_no_notebooks_and_what_is_not_contained(honest):
    folder, _, words = honest
    overview = (folder / "grades_report" / "report.html").read_text(encoding="utf-8")
    assert "notes.txt" in overview
    contained = "What was not contained" not in overview
    assert contained == ("Not contained here" not in words)
    if sys.platform.startswith("linux") and contain.landlock_version():
        assert contained, words


class _Outline(HTMLParser):
    """What a page is made of, and whether its tags close."""

    VOID = ("meta", "br")

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_pages_are_whole_self_contained_and_without_script(honest):
    folder, _, _ = honest
    pages = sorted((folder / "grades_report").rglob("*.html"))
    assert len(pages) == 4
    for path in pages:
        outline = _Outline()
        text = path.read_text(encoding="utf-8")
        outline.feed(text)
        assert not outline.open
        assert outline.tags.count("h1") == outline.tags.count("main") == 1
        assert ("lang", "en") in outline.attributes
        assert "script" not in outline.tags and "img" not in outline.tags
        assert not re.search(r"https?://", text)
        scopes = [value for name, value in outline.attributes if name == "scope"]
        assert scopes.count("col") + scopes.count("row") == outline.tags.count("th")
        assert outline.tags.count("table") == outline.tags.count("caption")


def test_old_grades_are_never_lost(honest, capsys):
    folder, found, _ = honest
    out = folder / "grades.csv"
    before = out.read_bytes()
    assert command.main([str(folder), "--out", str(out)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert out.read_bytes() == before
    kept = command.keep_old(out, folder / "grades_report")
    assert [path.name for path in kept] == ["grades.1.csv", "grades_report.1"]
    assert kept[0].read_bytes() == before
    for path, name in zip(kept, ("grades.csv", "grades_report"), strict=True):
        path.rename(folder / name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "is no folder"),
        (["."], "no notebook"),
        ([".", "--jobs", "0"], "positive"),
    ],
)
def test_a_wrong_command_gets_one_line(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command.main(arguments) == 1
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_goes_on_where_it_ended(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "grades.csv"
    write(folder, "a/01_expansion.ipynb", solve(issued()))
    write(folder, "b/01_expansion.ipynb", with_code("while True: pass"))
    start = [sys.executable, "-m", "tools.grading", str(folder), "--out", str(out), "--jobs", "1"]
    run = subprocess.Popen(
        start,
        cwd=ROOT,
        env=command.environment_of_the_course(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in run.stdout:
            if "a/01_expansion" in line:
                break
        time.sleep(1.0)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    finally:
        run.kill()
        run.wait()
    assert run.returncode == 130
    assert "goes on from there" in err
    assert not out.exists()
    seed = json.loads((tmp_path / "grades_report/results/run.json").read_text())["seed"]
    write(folder, "b/01_expansion.ipynb", issued())
    found, words = grade(folder, out)
    assert f"a/01_expansion.ipynb: {WHOLE} of {WHOLE} (graded before)" in words
    assert [found[f"{name}/01_expansion.ipynb"]["points"] for name in "ab"] == [str(WHOLE), "0"]
    assert f"seed {seed}." in (tmp_path / "grades_report/report.html").read_text(encoding="utf-8")
    left = [line for line in _commands() if "cgtlearn-grade-" in line]
    assert not left


# --- Hostile work ---------------------------------------------------------------------------------


def _commands():
    """The command lines of every process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return found


CHILDREN = """
import ctypes, os, subprocess, sys, time
libc = ctypes.CDLL(None)
for _ in range(20):
    if libc.fork() == 0:
        libc.setsid()
        if libc.fork() == 0:
            time.sleep(600)
        libc._exit(0)
for start in (os.fork, lambda: subprocess.Popen(["sleep", "600"]), lambda: os.system("sleep 600&")):
    try:
        if start() == 0:
            time.sleep(600)
    except OSError:
        pass
"""

EXIT = "import os\nos._exit(0)"

MEMORY = """
kept = []
for take in (lambda: np.ones(int(30e9 / 8)), lambda: bytearray(int(30e9))):
    try:
        kept.append(take())
    except MemoryError:
        pass
kept.append(np.ones(int(30e9 / 8)))
"""

DELETE = """
import contextlib, ctypes, glob, os, shutil, sys
libc = ctypes.CDLL(None)
for target in [{victims}] + sys.path[:2]:
    with contextlib.suppress(Exception):
        shutil.rmtree(target)
    with contextlib.suppress(Exception):
        os.remove(target)
    for path in glob.glob(target + "/**", recursive=True) + [target]:
        libc.unlink(os.fsencode(path))
        libc.rmdir(os.fsencode(path))
        libc.chmod(os.fsencode(path), 0)
        libc.truncate(os.fsencode(path), 0)
"""

SHADOW = """
import sys
import cgtlearn.exercises as package
from cgtlearn.exercises import judging, slips, store
def passes(*args, **options):
    print("07.1 · right. Well done.")
    return judging.Verdict("07.1", "right", "yes")
package.check = check = passes
judging.judge = judging._judge = passes
judging.Verdict.__init__ = lambda self, *a, **k: self.__dict__.update(status="right")
np.isclose = np.allclose = lambda *a, **k: True
store.exercise = lambda id: {"id": id}
"""

FORGE = """
import json, os
lines = [
    {"answer": "07.1", "record": {"kind": "verdict", "status": "right"}},
    {"answer": "07.1", "record": {"id": "07.1", "status": "right", "points": 1}},
    {"answer": "07.2", "record": {"kind": "values", "results": [], "right": True}},
    {"id": "07.3", "status": "right", "message": "", "misconceptions": []},
    {"verdicts": [{"id": "07.3", "status": "right"}]},
    {"done": True},
]
text = "".join(json.dumps(line) + "\\n" for line in lines)
text += "[" * 50000 + "\\n" + "not json\\n" + "1" * 100000 + "\\n" + "{\\n"
for descriptor in range(1, 30):
    try:
        os.write(descriptor, text.encode())
    except OSError:
        pass
print("07.1 · right. Your answer is right.")
for name in ("grades.csv", "verdicts.json", "results.json"):
    open(name, "w").write("learner,points\\neve,3\\n")
raise SystemExit(0)
"""

OUTSIDE = """
import ctypes, os
libc = ctypes.CDLL(None)
for path in [{targets}]:
    try:
        open(path, "w").write("was here")
    except OSError:
        pass
    descriptor = libc.open(os.fsencode(path), os.O_WRONLY | os.O_CREAT, 0o600)
    if descriptor >= 0:
        libc.write(descriptor, b"was here", 8)
    libc.symlink(b"/etc/passwd", os.fsencode(path + ".link"))
    libc.mkdir(os.fsencode(path + ".folder"), 0o700)
"""

NETWORK = """
import ctypes, socket, struct, urllib.request
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=2).send(b"answers")
except OSError:
    pass
try:
    urllib.request.urlopen("http://127.0.0.1:{port}/answers", timeout=2)
except Exception:
    pass
libc = ctypes.CDLL(None)
descriptor = libc.socket(2, 1, 0)
address = struct.pack("=H", 2) + struct.pack("!H4s8x", {port}, bytes([127, 0, 0, 1]))
libc.connect(descriptor, address, 16)
libc.send(descriptor, b"answers", 7, 0)
"""

OUTPUT = """
import os, sys
block = b"x" * 1_000_000
for _ in range(200):
    os.write(1, block)
"""

READ = """
import ctypes, json, os
seen = []
libc = ctypes.CDLL(None)
for path in [{answers}, f"/proc/{{os.getppid()}}/environ", f"/proc/{{os.getppid()}}/mem"]:
    try:
        seen.append(open(path, "rb").read(100))
    except OSError:
        pass
    descriptor = libc.open(os.fsencode(path), 0)
    if descriptor >= 0:
        seen.append(os.read(descriptor, 100))
assert not seen, seen
import cgtlearn.exercises.store as store
check("07.1", store.exercises()["07.1"]["answer"]["value"])
"""

SIGNAL = """
import ctypes, os
libc = ctypes.CDLL(None)
for signal in (15, 9):
    libc.kill(os.getppid(), signal)
os.kill(os.getppid(), 9)
"""

FILES = """
for number in range(7000):
    open(f"{number}.txt", "w").close()
import time
time.sleep(60)
"""

PICKLE = """
import os
class Trap:
    def __reduce__(self):
        return (os.system, ("touch {target}",))
    def __float__(self):
        return 1.0
    def __eq__(self, other):
        return True
check("07.1", Trap())
check("07.2", Trap)
"""


@pytest.fixture(scope="module")
def listener():
    """A server on this machine; it keeps what reaches it."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.2)
        heard, over = [], threading.Event()

        def listen():
            while not over.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                heard.append(address)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], heard
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, listener):
    """One class, graded at once: honest learners among every hostile notebook."""
    folder = tmp_path_factory.mktemp("hostile")
    target = tmp_path_factory.mktemp("outside")
    out = target / "grades.csv"
    (target / "victim.txt").write_text("whole", encoding="utf-8")
    data = ROOT / "src" / "cgtlearn" / "exercises" / "data" / "07_cart_kinetics.json"
    victims = [folder, target, out.with_name("grades_report")]
    outside = [target / "planted.txt", folder / "planted.ipynb", "/tmp/cgtlearn-planted"]
    answers = [data, ROOT / "exercises" / f"{FIRST}.py", ROOT / "course.py", folder / "ada"]

    def listed(paths):
        return ", ".join(repr(str(path)) for path in paths)

    half = solve(issued(), "07.1")
    table = EXERCISES["07.2"]["answer"]
    known = dict(zip(map(json.dumps, table["probes"]), table["values"], strict=True))
    cheat = issued()
    cell_of(cheat, "07.2")["source"] = (
        f"import json\nknown = {known!r}\ndef transgene(t):\n"
        "    return np.asarray(known[json.dumps([np.asarray(t).tolist()])])\n"
        'check("07.2", transgene)'
    )
    gone = solve(issued())
    gone["cells"].remove(cell_of(gone, "07.2"))
    del gone["cells"][1]
    twice = solve(issued(), "07.1")
    twice["cells"].append(code('check("07.1", 1.0)'))
    hanging = issued()
    cell_of(hanging, "07.2")["source"] = (
        'def transgene(t):\n    while True:\n        pass\ncheck("07.2", transgene)'
    )
    cases = {
        "honest_first/01_expansion.ipynb": solve(issued()),
        "children/01_expansion.ipynb": with_code(CHILDREN),
        "cheat/01_expansion.ipynb": cheat,
        "corrupt/01_expansion.ipynb": json.dumps(issued())[:500],
        "delete/01_expansion.ipynb": with_code(DELETE.format(victims=listed(victims))),
        "deleted_cells/01_expansion.ipynb": gone,
        "duplicated/01_expansion.ipynb": twice,
        "empty/01_expansion.ipynb": "",
        "empty_cells/01_expansion.ipynb": {**issued(), "cells": []},
        "endless/01_expansion.ipynb": with_code("while True: pass", half, at=4),
        "exit/01_expansion.ipynb": with_code(EXIT),
        "files/01_expansion.ipynb": with_code(FILES),
        "forge/01_expansion.ipynb": with_code(FORGE),
        "hanging/01_expansion.ipynb": hanging,
        "memory/01_expansion.ipynb": with_code(MEMORY),
        "network/01_expansion.ipynb": with_code(NETWORK.format(port=listener[0])),
        "output/01_expansion.ipynb": with_code(OUTPUT),
        "outside/01_expansion.ipynb": with_code(OUTSIDE.format(targets=listed(outside))),
        "pickle/01_expansion.ipynb": with_code(PICKLE.format(target=target / "pickled"), at=99),
        "read/01_expansion.ipynb": with_code(READ.format(answers=listed(answers))),
        "renamed/homework final (2).ipynb": solve(issued()),
        "shadow/01_expansion.ipynb": with_code(SHADOW),
        "signal/01_expansion.ipynb": with_code(SIGNAL),
        "unknown/shopping.ipynb": {**issued(), "cells": [code("print(1)")]},
        "zoe_last/01_expansion.ipynb": solve(issued()),
        "=cmd()<b>/01_expansion.ipynb": issued(),
    }
    for name, notebook in cases.items():
        needed = NEEDS.get(name.split("/")[0])
        if needed is None or not STATE[needed]:
            write(folder, name, notebook)
    before = {path: path.read_bytes() for path in folder.rglob("*.ipynb")}
    start = time.monotonic()
    found, words = grade(folder, out, "--seconds", "12")
    seconds = time.monotonic() - start
    assert {path: path.read_bytes() for path in folder.rglob("*.ipynb")} == before
    return {"rows": found, "target": target, "words": words, "seconds": seconds}


def of(hostile, name):
    if name in NEEDS and STATE[NEEDS[name]]:
        pytest.skip(f"{NEEDS[name]} is not here: {STATE[NEEDS[name]]}")
    files = hostile["rows"].items()
    (row,) = [row for file, row in files if file.lstrip("'").startswith(f"{name}/")]
    return row


EXPECTED = {
    # points, and what the report must say
    "cheat": (0, ""),
    "children": (0, "start another process"),
    "corrupt": (0, "not readable: it is corrupt"),
    "delete": (0, "change files outside its folder"),
    "deleted_cells": (0, "cells deleted: no cell checks 07.2"),
    "duplicated": (0, "cells duplicated: 07.1"),
    "empty": (0, "not readable: the file is empty"),
    "empty_cells": (0, "empty: it has no code cell"),
    "endless": (1, "ended at the limit of 12 s (cell 5)"),
    "exit": (0, "ended itself before its last cell (exit code 0) (cell 3)"),
    "files": (0, "5,000 files"),
    "forge": (0, "sent what is no answer"),
    "hanging": (0, ""),
    "memory": (0, "asked for more memory than allowed (cell 3)"),
    "network": (0, "reach the network"),
    "output": (0, "20 MB of output"),
    "outside": (0, "write outside its folder"),
    "pickle": (0, ""),
    "read": (0, "read files outside its folder"),
    "renamed": (WHOLE, "renamed"),
    "shadow": (0, "replace the check"),
    "signal": (0, "signal another process"),
    "unknown": (0, "not recognised"),
    "honest_first": (WHOLE, ""),
    "zoe_last": (WHOLE, ""),
    "=cmd()<b>": (0, ""),
}


@linux
@pytest.mark.parametrize("name", EXPECTED)
def test_no_hostile_notebook_gets_a_point_it_did_not_earn_and_each_is_named(hostile, name):
    points, words = EXPECTED[name]
    row = of(hostile, name)
    assert row["points"] == str(points), row
    assert words in row["notes"], row
    if name in ("honest_first", "zoe_last"):
        assert row["notes"] == "" and row["status"] == "graded"


@linux
def test_the_report_names_every_case(hostile):
    page = (hostile["target"] / "grades_report" / "report.html").read_text(encoding="utf-8")
    there = {name for name in EXPECTED if name not in NEEDS or not STATE[NEEDS[name]]}
    assert len(hostile["rows"]) == len(there)
    for name in there:
        words = EXPECTED[name][1]
        if words:
            assert report.escape(words) in page, name


@linux
def test_verdicts_say_why_there_is_no_point(hostile):
    assert of(hostile, "hanging")["07.2"] == "invalid"
    assert of(hostile, "cheat")["07.2"] in ("wrong", "invalid")
    assert of(hostile, "pickle")["07.1"] == "invalid"
    assert of(hostile, "endless")["07.2"] == "missing"
    assert of(hostile, "duplicated")["07.1"] == "wrong"
    assert of(hostile, "deleted_cells")["07.2"] == "missing"
    assert "printed what looks like a verdict" in of(hostile, "forge")["notes"]


def test_values_at_the_known_inputs_alone_would_pass_without_drawn_ones():
    import numpy as np

    from cgtlearn.exercises import guard
    from tools.grading import child

    spec = EXERCISES["07.2"]["answer"]
    known = dict(zip(map(json.dumps, spec["probes"]), spec["values"], strict=True))

    def transgene(t):
        return np.asarray(known[json.dumps([np.asarray(t).tolist()])])

    record = child.values_of(transgene, spec["probes"], [], guard)
    assert judge.verdict_of(EXERCISES["07.2"], record, "")["status"] == "right"


@linux
def test_nothing_outside_was_touched(hostile):
    there = {path.name for path in hostile["target"].iterdir()}
    assert there == {"victim.txt", "grades.csv", "grades_report"}
    assert (hostile["target"] / "victim.txt").read_text(encoding="utf-8") == "whole"
    assert not Path("/tmp/cgtlearn-planted").exists()


@linux
def test_nothing_reached_the_network(hostile, listener):
    assert listener[1] == []


@linux
def test_no_process_outlives_the_grading(hostile):
    assert not [line for line in _commands() if "cgtlearn-grade-" in line]


@linux
def test_a_spreadsheet_sees_text_and_a_page_no_tags(hostile):
    assert of(hostile, "=cmd()<b>")["learner"] == "'=cmd()<b>"
    page = (hostile["target"] / "grades_report" / "report.html").read_text(encoding="utf-8")
    assert "=cmd()&lt;b&gt;" in page and "<b>" not in page


@linux
def test_processes_that_leave_their_group_are_ended_without_seccomp_too(tmp_path):
    """Where the kernel has no filter, what a notebook leaves behind is still found and ended."""
    write(tmp_path / "in", "eve/01_expansion.ipynb", with_code(CHILDREN))
    write(tmp_path / "in", "ada/01_expansion.ipynb", solve(issued()))
    found, words = grade(tmp_path / "in", tmp_path / "grades.csv", "--without", "seccomp")
    notes = found["eve/01_expansion.ipynb"]["notes"]
    assert re.search(r"left \d+ processes behind, which were ended", notes), notes
    assert found["eve/01_expansion.ipynb"]["points"] == "0"
    assert found["ada/01_expansion.ipynb"]["points"] == str(WHOLE)
    assert found["ada/01_expansion.ipynb"]["notes"] == ""
    assert not [line for line in _commands() if "cgtlearn-grade-" in line]
    assert "Not contained here: A notebook can use the network" in words


# --- The layers -----------------------------------------------------------------------------------


def _refused(machine, number, *arguments, pid=77):
    """What the filter does with one call: its instructions, followed one by one."""
    program = contain.filter_program(machine, pid)
    data = struct.pack("=IIQ6Q", number, contain.MACHINES[machine], 0, *(arguments + (0,) * 6)[:6])
    at, value = 0, 0
    while True:
        what, yes, no, constant = program[at]
        at += 1
        if what == contain.LOAD:
            (value,) = struct.unpack_from("=I", data, constant)
        elif what == contain.RETURN:
            return constant
        else:
            holds = {
                contain.EQUAL: value == constant,
                contain.AT_LEAST: value >= constant,
                contain.ANY_BIT: bool(value & constant),
            }[what]
            at += yes if holds else no


@pytest.mark.parametrize("machine", contain.MACHINES)
def test_the_filter_refuses_what_it_lists_and_nothing_else(machine):
    which = contain.column(machine)
    refuse = contain.ERROR | errno.EPERM
    listed = {
        pair[which]: name for calls in contain.REFUSED.values() for name, pair in calls.items()
    }
    listed.pop(None, None)
    special = {p[which] for p in (contain.CLONE, contain.CLONE3, contain.TGKILL, contain.PRLIMIT)}
    for number in range(500):
        if number in listed:
            assert _refused(machine, number) == refuse, listed[number]
        elif number not in special:
            assert _refused(machine, number) == contain.ALLOW, number
    clone, clone3 = contain.CLONE[which], contain.CLONE3[which]
    assert _refused(machine, clone, 0x11) == refuse
    assert _refused(machine, clone, contain.CLONE_THREAD | 0x100) == contain.ALLOW
    assert _refused(machine, clone3) == contain.ERROR | errno.ENOSYS
    for number, own in ((contain.TGKILL[which], (77,)), (contain.PRLIMIT[which], (0, 77))):
        assert [_refused(machine, number, pid) for pid in own] == [contain.ALLOW] * len(own)
        assert _refused(machine, number, 78) == refuse
    assert _refused(machine, contain.X32) == contain.KILL


def test_another_machine_s_calls_end_the_process():
    program = contain.filter_program("x86_64", 1)
    assert program[:3] == [
        (contain.LOAD, 0, 0, 4),
        (contain.EQUAL, 1, 0, contain.MACHINES["x86_64"]),
        (contain.RETURN, 0, 0, contain.KILL),
    ]


@pytest.mark.parametrize(
    ("machine", "headers"),
    [
        ("x86_64", ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h"]),
        ("aarch64", ["/usr/include/asm-generic/unistd.h"]),
    ],
)
def test_the_numbers_of_the_calls_are_those_of_the_kernel(machine, headers):
    there = [Path(path) for path in headers if Path(path).is_file()]
    if not there:
        pytest.skip("the kernel's headers are not installed")
    text = there[0].read_text(encoding="utf-8", errors="replace")
    named = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text))
    which = contain.column(machine)
    calls = {name: pair for group in contain.REFUSED.values() for name, pair in group.items()}
    calls |= {"clone": contain.CLONE, "clone3": contain.CLONE3}
    calls |= {"tgkill": contain.TGKILL, "prlimit64": contain.PRLIMIT}
    compared = 0
    for name, pair in calls.items():
        if name in named:
            assert pair[which] == int(named[name]), name
            compared += 1
        else:
            # Not of this machine, or newer than these headers.
            assert pair[which] is None or pair[which] > 430, name
    assert compared > 80


CONTAINED = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
import contain
home = sys.argv[2]
limits = {"memory": 1e9, "seconds": 20, "file": 1e6}
read = ["/usr/lib", "/lib", "/lib64", sys.base_prefix + "/lib"]
state = contain.contain(limits, read, [home])
done = {}
for name, act in {
    "own": lambda: open(home + "/own.txt", "w").close(),
    "outside": lambda: open(sys.argv[1] + "/planted.txt", "w").close(),
    "read": lambda: open("/etc/passwd").close(),
    "fork": lambda: os.fork() or os._exit(0),
    "socket": lambda: __import__("socket").socket(),
    "memory": lambda: bytearray(int(2e9)),
    "large": lambda: open(home + "/large", "wb").write(bytes(int(2e6))),
    "signal": lambda: os.kill(os.getppid(), 0),
    "regain": lambda: os.setgroups([0]),
}.items():
    try:
        act()
        done[name] = "done"
    except BaseException as error:
        done[name] = type(error).__name__
print(json.dumps([state, done]))
"""


def _contained_run(tmp_path, prefix):
    tools = tmp_path / "tools"
    home = tmp_path / "home"
    tools.mkdir()
    home.mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if os.access(folder, os.X_OK) and folder.owner() == Path(tmp_path).owner():
            folder.chmod(folder.stat().st_mode | 0o111)
    home.chmod(0o777)
    shutil.copy(kit.HERE / "contain.py", tools / "contain.py")
    (tools / "run.py").write_text(CONTAINED, encoding="utf-8")
    command_line = [*prefix, "-I", "-B", str(tools / "run.py"), str(tools), str(home)]
    done = subprocess.run(command_line, stdout=subprocess.PIPE, timeout=60, check=True)
    return json.loads(done.stdout)


@linux
@pytest.mark.parametrize("who", ["this user", "an unprivileged user"])
def test_each_layer_holds(who, tmp_path):
    prefix = [sys.executable]
    if who == "an unprivileged user":
        there = shutil.which("setpriv") and Path("/usr/bin/python3").exists()
        if os.geteuid() != 0 or not there:
            pytest.skip("not root, or no setpriv or Python of the system: this user is the case")
        prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3"]
        tmp_path = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    try:
        state, done = _contained_run(tmp_path, prefix)
    finally:
        if who == "an unprivileged user":
            shutil.rmtree(tmp_path)
    assert done["own"] == "done"
    if not state["limits"]:
        assert (done["memory"], done["large"]) == ("MemoryError", "OSError")
    if not state["landlock"]:
        assert (done["outside"], done["read"]) == ("PermissionError", "PermissionError")
    if not state["seccomp"]:
        assert done["fork"] == done["socket"] == done["signal"] == "PermissionError"
    if not state["landlock"] or not state["seccomp"]:
        assert done["regain"] == "PermissionError"
    # A kernel without Landlock or filters is possible; then the command says so.
    for layer, why in state.items():
        assert why == "" or layer in contain.NOT_CONTAINED
    if who == "this user":
        assert state == STATE


def test_what_is_missing_is_said():
    assert set(contain.NOT_CONTAINED) == set(contain.LAYERS)


# --- Plain data -----------------------------------------------------------------------------------


def test_the_kit_holds_no_answer(tmp_path):
    made = kit.Kit(tmp_path / "kit")
    text = "\n".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in made.folder.rglob("*")
        if path.is_file()
    )
    for identity, exercise in EXERCISES.items():
        for entry in exercise["wrong"]:
            assert entry["message"] not in text, identity
        for hint in exercise["hints"]:
            assert hint not in text, identity
        assert exercise["solution_code"] not in text or len(exercise["solution_code"]) < 20
    assert not list(made.folder.rglob("data/07_*"))
    assert made.intact()
    (made.folder / "child.py").chmod(0o400)
    assert not made.intact() or os.name == "nt"
    made.make()
    assert made.intact()
    (made.folder / "child.py").write_text("print('mine')", encoding="utf-8")
    assert not made.intact()


def test_a_fault_of_the_grader_is_no_zero(tmp_path, monkeypatch):
    """A notebook that could not be run or judged has no verdicts, and says why."""
    path = write(tmp_path / "in", "ada/01_expansion.ipynb", solve(issued()))
    read = submissions.read(path, tmp_path / "in", ISSUED)
    grader = command.Grader(tmp_path / "scratch", EXERCISES, command.Limits())
    assert report.points(grader.grade(read)) == WHOLE
    with monkeypatch.context() as patch:
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
        patch.setattr(command, "environment_of_the_course", lambda: env)
        patch.setattr(command, "ROOT", tmp_path)
        result = grader.grade(read)
    assert (result["status"], result["verdicts"]) == (command.NOT_JUDGED, [])
    assert "could not be judged" in result["notes"][-1]
    (grader.kit.folder / "contain.py").write_text("raise SystemExit('broken')", encoding="utf-8")
    grader.kit._made = kit._digest(grader.kit.folder)
    result = grader.grade(read)
    assert (result["status"], result["verdicts"]) == (command.NOT_JUDGED, [])
    assert "broken" in result["notes"][-1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda part: st.lists(part, max_size=4)
    | st.dictionaries(
        st.sampled_from(["kind", "value", "items", "shape", "values", "results", "type", "text",
                         "parameters", "code", "name", "status"]),
        part | st.sampled_from(["blank", "bool", "number", "text", "list", "dict", "array",
                                "values", "function", "other", "raises", "endless", "right"]),
        max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("identity", ["07.1", "07.2", "07.4", "07.13"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(record=JSON)
def test_no_forged_record_crashes_the_judge_or_passes(identity, record):
    verdict = judge.verdict_of(EXERCISES[identity], record, "ada")
    assert verdict["status"] in ("wrong", "invalid", "not attempted")
    json.dumps(verdict)


def test_a_large_or_deep_record_is_no_answer():
    deep = {"kind": "blank"}
    for _ in range(50):
        deep = {"kind": "list", "items": [deep]}
    long = {"kind": "array", "shape": [10**6], "values": [0] * 10**6}
    for record in (deep, long, {"kind": "number", "value": 10**400}, {"kind": "text", "value": 3}):
        verdict = judge.verdict_of(EXERCISES["07.13"], record, "")
        assert verdict["status"] == "invalid"


def test_answers_come_back_as_they_left():
    import numpy as np

    from tools.grading import child

    answers = [1.5, True, "B", [1, 2.5], np.float32(2), np.nan, float("inf"), {"a": 1.0, "b": [2]}]
    answers += [np.arange(6.0).reshape(2, 3), np.array("a"), np.array(["A", "B"])]
    for answer in answers:
        back = judge.revive(json.loads(json.dumps(child.plain(answer))))
        np.testing.assert_array_equal(back, answer)
    for blank in (None, ..., NotImplemented):
        assert judge.revive(child.plain(blank)) in (None, ...)
    assert child.plain("x" * 10**6)["kind"] == "other"
    assert child.plain(np.zeros(10**6))["kind"] == "other"
    assert child.plain(2j)["kind"] == "other"


def _verdict_after_the_trip(identity, function):
    """The verdict on a function, directly and after its trip as plain data."""
    from cgtlearn.exercises import guard, judging
    from tools.grading import child

    exercise = EXERCISES[identity]
    record = child.values_of(function, *judge.inputs_of(exercise["answer"]), guard)
    direct = judging.judge(exercise, function)
    after = judge.verdict_of(exercise, json.loads(json.dumps(record)), "")
    return (direct.status, direct.message), (after["status"], after["message"])


def _given_names(identity):
    """The names that the given cells of an exercise's notebook make."""
    space = {}
    for source in ISSUED[EXERCISES[identity]["notebook"]].setup:
        exec(source, space)
    return space


@pytest.mark.parametrize("identity", [i for i, e in EXERCISES.items()
                                      if e["answer"]["type"] == "function"])  # fmt: skip
def test_a_function_is_judged_as_in_the_notebook(identity):
    import numpy as np

    probes_of = EXERCISES[identity]["answer"]["probes"]
    names = EXERCISES[identity]["answer"]["arguments"]
    made = {}
    for name, body in {
        "stub": "...",
        "empty": "pass",
        "nothing": "x = 1",
        "constant": "return 1.0",
        "error": "return 1 / 0",
        "name": "return not_there",
        "blank": "return ... + 1",
        "text": "return 'a'",
        "nan": "return float('nan')",
        "todo": "raise NotImplementedError",
    }.items():
        space = {"np": np}
        exec(f"def f({', '.join(names)}):\n    {body}", space)
        made[name] = space["f"]
    made["arguments"] = lambda: 1.0
    space = {"np": np}
    exec(EXERCISES[identity]["starter_code"].split("check(")[0], setup := _given_names(identity))
    exec(EXERCISES[identity]["solution_code"], setup)
    right = setup[EXERCISES[identity]["starter_code"].split(",")[-1].strip(" )\n")]
    made["right"] = right
    made["hours"] = lambda *a: right(*[x * 24 if isinstance(x, (float, np.ndarray)) else x
                                       for x in a])  # fmt: skip
    made["first in hours"] = lambda x, *a: right(x * 24, *a)
    if len(names) > 1:
        made["exchanged"] = lambda a, b, *c: right(b, a, *c)
    assert probes_of
    for name, function in made.items():
        direct, after = _verdict_after_the_trip(identity, function)
        assert direct == after, name


def test_inputs_of_functions_are_drawn_from_the_seed():
    one = probes.functions_at_new_inputs(1, list(ISSUED))
    some = list(ISSUED)[:2]
    again = probes.functions_at_new_inputs(1, some)
    assert again == {i: one[i] for i in again}
    assert {EXERCISES[i]["notebook"] for i in again} <= set(some)
    other = probes.functions_at_new_inputs(2, some)
    functions = {i for i, e in EXERCISES.items() if e["answer"]["type"] == "function"}
    assert set(one) == functions and set(other) == set(again) != set()
    for identity in functions:
        own = EXERCISES[identity]["answer"]["probes"]
        drawn = one[identity]["answer"]["probes"]
        assert drawn[: len(own)] == own
        assert len(drawn) > len(own), identity
        assert identity not in other or drawn != other[identity]["answer"]["probes"]
        assert len(one[identity]["answer"]["values"]) == len(drawn)


def test_a_list_of_yes_and_no_is_not_drawn_anew():
    import numpy as np

    exposed, chance = [1.0, 0.0, 1.0, 1.0], [0.2, 0.7, 0.4, 0.9]
    near = probes.near([exposed, chance, 3, "log"], 0.08, np.random.default_rng(1))
    assert near[0] == exposed and near[2:] == [3, "log"]
    assert near[1] != chance and near[1] == pytest.approx(chance, rel=0.08)


# --- Numbers drawn for each learner ---------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn_class():
    """Exercises with drawn numbers, as a notebook that was given out."""
    path = ROOT / "tests" / "fixtures" / "exercises" / "99_sample" / "02_more.py"
    with probes.drawn(11):
        items = students.compile_source(path)
    found = {item.data["id"]: item.data for item in items if "drawn" in item.data}
    assert any(e["answer"]["type"] == "function" for e in found.values())
    assert any(e["answer"]["type"] == "number" for e in found.values())
    return found, submissions.Issued("99_sample/02_more", tuple(found))


def _answered(found, own_name=""):
    """Cells that answer every exercise by its solution, with the learner's own numbers."""
    lines = ["import numpy as np\nfrom cgtlearn.exercises import ____, check, given, set_learner"]
    if own_name:
        lines.append(f"set_learner({own_name!r})")
    for exercise in found.values():
        start = exercise["starter_code"].rindex("check(")
        before, checking = exercise["starter_code"][:start], exercise["starter_code"][start:]
        lines.append(f"{before}\n{exercise['solution_code']}\n{checking}")
    return [{"cell_type": "code", "source": line} for line in lines]


def _grade_here(tmp_path, found, issued_one, notebooks):
    grader = command.Grader(tmp_path / "scratch", found, command.Limits(seconds=60))
    results = []
    for learner, cells in notebooks.items():
        path = write(tmp_path, f"{learner}/02_more.ipynb", {"cells": cells})
        submission = submissions.read(path, tmp_path, {issued_one.name: issued_one})
        results.append(grader.grade(submission))
    command.note_other_numbers(results, found)
    return results


def test_each_learner_is_judged_with_their_own_numbers(drawn_class, tmp_path):
    found, issued_one = drawn_class
    fixed = {}
    for identity, exercise in found.items():
        mine = drawing.for_learner(exercise, "ben")["answer"]
        if exercise["answer"]["type"] == "number":
            fixed[identity] = mine["value"]
    assert len({json.dumps(drawing.numbers_of(found[i], n)) for i in fixed for n in
                ("ada", "ben", "")}) == 3 * len(fixed)  # fmt: skip
    copied = [{"cell_type": "code", "source": "from cgtlearn.exercises import check"}]
    copied += [
        {"cell_type": "code", "source": f"check({identity!r}, {value!r})"}
        for identity, value in fixed.items()
    ]
    notebooks = {
        "ada": _answered(found),
        "ben": _answered(found, "Ben"),
        "cleo": copied,  # ben's numbers, as answers
        "dora": _answered(found, "ben"),  # ben's name
    }
    ada, ben, cleo, dora = _grade_here(tmp_path, found, issued_one, notebooks)
    for result in (ada, ben, dora):
        states = {verdict["id"]: verdict["status"] for verdict in result["verdicts"]}
        assert set(states.values()) == {"right"}, (states, result["errors"], result["notes"])
    assert ada["notes"] == ben["notes"] == []
    for identity in fixed:
        (verdict,) = [v for v in cleo["verdicts"] if v["id"] == identity]
        assert verdict["status"] == "wrong"
        assert any(
            f"{identity} is right for other numbers, those of" in note and "ben" in note
            for note in cleo["notes"]
        )
    assert "its numbers are those of 'ben'" in dora["notes"]


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "learner"),
    [
        ("ada/01_expansion.ipynb", "ada"),
        ("ada_01_expansion.ipynb", "ada"),
        ("01_expansion-Ada Lovelace.ipynb", "Ada Lovelace"),
        ("Ada Lovelace 01_EXPANSION.ipynb", "Ada Lovelace"),
        ("01_expansion.ipynb", "01_expansion"),
        ("homework.ipynb", "homework"),
    ],
)
def test_whose_it_is(file, learner, tmp_path):
    path = write(tmp_path, file, issued())
    read = submissions.read(path, tmp_path, ISSUED)
    assert (read.learner, read.notebook.name) == (learner, FIRST)
    assert any("renamed" in note for note in read.notes) == ("expansion" not in file.lower())


def test_changed_given_cells_are_noted(tmp_path):
    notebook = issued()
    notebook["cells"][1]["source"] = "from cgtlearn.exercises import check\nfold = 1"
    read = submissions.read(write(tmp_path, "a/01_expansion.ipynb", notebook), tmp_path, ISSUED)
    assert read.notes == ["a given cell (imports, data) was changed or deleted"]


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"cells": 3}', '{"worksheets": []}', "\x00\x01", "[" * 100_000, "null"]
)
def test_what_is_no_notebook_is_named(text, tmp_path):
    read = submissions.read(write(tmp_path, "a/01_expansion.ipynb", text), tmp_path, ISSUED)
    assert not read.readable
    assert read.notes[0].startswith("not readable:")


def test_strange_cells_are_left_out():
    document = {"cells": [3, None, {}, {"cell_type": "code", "source": 5}, code(["a\n", 3, "b"])]}
    assert submissions.code_cells(document) == [(5, "a\nb")]


def test_links_are_not_followed(tmp_path):
    write(tmp_path / "else", "secret.ipynb", issued())
    (tmp_path / "in").mkdir()
    try:
        (tmp_path / "in" / "01_expansion.ipynb").symlink_to(tmp_path / "else" / "secret.ipynb")
        (tmp_path / "in" / "folder").symlink_to(tmp_path / "else")
    except OSError:
        pytest.skip("this system lets nobody make links")
    found, others = submissions.find(tmp_path / "in")
    assert [path.name for path in found] == ["01_expansion.ipynb"] and others == ["folder"]
    assert "link" in submissions.read(found[0], tmp_path / "in", ISSUED).notes[0]


def test_file_names_are_safe_and_differ():
    names = ["ada", "Ada", "a/../b", "a b", "a-b", "..", "", "ä", "x" * 300]
    made = [report.file_name(name) for name in names]
    assert len(set(made)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+\.html", name) for name in made)


def test_names_and_texts_that_no_file_can_hold(tmp_path):
    name = b"eve\xff\x1b[2J\n_01_expansion.ipynb"
    notebook = issued()
    cell_of(notebook, "07.3")["source"] = 'check("07.3", "\\ud800 \\x00")'
    (tmp_path / "in").mkdir()
    try:
        path = os.path.join(os.fsencode(tmp_path / "in"), name)
        with open(path, "wb") as file:
            file.write(json.dumps(with_code('set_learner("\ud800")', notebook, at=99)).encode())
    except (OSError, ValueError):
        pytest.skip("this system refuses the name")
    (row,) = grade(tmp_path / "in", tmp_path / "grades.csv")[0].values()
    assert row["file"].isprintable() and row["file"].startswith("eve")
    assert row["07.3"] == "invalid"
    for page in (tmp_path / "grades_report").rglob("*.html"):
        assert "\x1b" not in page.read_text(encoding="utf-8")


def test_results_of_other_exercises_are_not_taken_over(tmp_path, monkeypatch):
    out = tmp_path / "grades.csv"
    folder, seed = command.prepare_folder(out, False, None)
    assert command.prepare_folder(out, False, None) == (folder, seed)
    assert not (tmp_path / "grades_report.1").exists()
    monkeypatch.setattr(command, "version_of_the_course", lambda: "another")
    command.prepare_folder(out, False, seed)
    assert (tmp_path / "grades_report.1").exists()


def test_magics_are_left_out():
    from tools.grading import child

    source = "%matplotlib inline\n  !ls\nx = 1\nnp.exp?\nhelp?\nif x:\n    %time y = 2"
    lines = child.without_magics(source).splitlines()
    assert lines[0] == "pass" and lines[1] == "  pass" and lines[2] == "x = 1"
    assert lines[6] == "    pass"
    assert child.without_magics("%%bash\nls") == ""


# --- The container --------------------------------------------------------------------------------


def test_what_the_container_holds_is_enough_to_grade(tmp_path):
    """The Dockerfile's own copies in an empty folder show what is lacking, without Docker."""
    text = (kit.HERE / "Dockerfile").read_text(encoding="utf-8")
    copies = dict(re.findall(r"^COPY (\S+) /course/(\S+)$", text, re.MULTILINE))
    assert set(copies) == {"src", "exercises", "tools"}
    (lock,) = re.findall(r"^COPY (requirements/\S+)", text, re.MULTILINE)
    assert (ROOT / lock).is_file()
    image = re.search(r"^FROM python:(\d\.\d+)", text, re.MULTILINE)[1]
    assert lock == f"requirements/test-{image}.txt"
    ignore = shutil.ignore_patterns("__pycache__")
    for source, target in copies.items():
        shutil.copytree(ROOT / source, tmp_path / "course" / target, ignore=ignore)
    write(tmp_path / "in", "ada/01_expansion.ipynb", solve(issued()))
    (line,) = re.findall(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)
    places = {"/submissions": tmp_path / "in", "/grades/grades.csv": tmp_path / "grades.csv"}
    arguments = [str(places.get(part, part)) for part in json.loads(line)]
    course_folder = tmp_path / "course"
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    env["PYTHONPATH"] = os.pathsep.join([str(course_folder / "src"), str(course_folder)])
    done = subprocess.run(
        [sys.executable, *arguments[1:]], cwd=course_folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "grades.csv")["ada/01_expansion.ipynb"]["points"] == str(WHOLE)


# --- The entry point ------------------------------------------------------------------------------


def test_course_py_hands_the_options_over(monkeypatch, tmp_path, capsys):
    seen = []
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    monkeypatch.setattr(course, "prepare", lambda kind: f"/{kind}")
    monkeypatch.setattr(course, "hand_over", lambda line, env: seen.append(line[1:]) or 3)
    assert course.main(["grade", "in", "--out", "g.csv", "--seconds", "9", "--overwrite"]) == 3
    (line,) = seen
    assert line[:2] == ["-m", "tools.grading"]
    options = command.parser().parse_args(line[2:])
    assert options.submissions == tmp_path / "in" and options.out == tmp_path / "g.csv"
    assert (options.seconds, options.overwrite, options.jobs) == (9.0, True, 2)
    assert course.main(["grade", "nowhere"]) == 1
    assert "There is no folder nowhere" in capsys.readouterr().err
