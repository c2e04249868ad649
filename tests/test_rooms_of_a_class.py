"""Hubs, the offline package and the lines that a room pastes."""

import re
from pathlib import Path

import pytest
import yaml

import course
from tools import ROOT, package
from tools.lock import PYTHONS

PAGE = (ROOT / "book/instructors/rooms.md").read_text(encoding="utf-8")


def megabytes(text):
    """400M, 1G -> MB."""
    number, unit = re.fullmatch(r"([\d.]+)([MG])", text).groups()
    return float(number) * {"M": 1, "G": 1000}[unit]


def test_the_littlest_hub_lets_three_notebooks_stand_open():
    content = yaml.safe_load((ROOT / "book/instructors/hub/tljh.yaml").read_text(encoding="utf-8"))
    three = float(re.search(r"with three open ([\d.]+) GB", PAGE)[1]) * 1000
    assert megabytes(content["limits"]["memory"]) > three
    assert content["user_environment"]["default_app"] == "jupyterlab"
    assert content["services"]["cull"]["timeout"] >= 1800  # a lunch break keeps the work


def test_a_node_takes_as_many_learners_as_the_page_says():
    content = yaml.safe_load((ROOT / "book/instructors/hub/z2jh.yaml").read_text(encoding="utf-8"))
    single = content["singleuser"]
    one = float(re.search(r"one notebook open takes ([\d.]+) GB", PAGE)[1]) * 1000
    guarantee, limit = (megabytes(single["memory"][name]) for name in ("guarantee", "limit"))
    assert one < guarantee < limit
    gigabytes, learners = re.search(r"a node of (\d+) GB takes about (\d+)", PAGE).groups()
    assert 0.8 < int(learners) * guarantee / (1000 * float(gigabytes)) < 1
    notebook = single["defaultUrl"].removeprefix("/lab/tree/")
    assert (ROOT / notebook).is_file()
    assert notebook in PAGE


@pytest.mark.parametrize("wrong", [["--platform", "linuxx"], ["--python", "3.10"]])
def test_a_package_for_nobody_is_refused_before_the_book_is_built(wrong, monkeypatch, capsys):
    assert list(course.SYSTEMS) == list(package.PLATFORMS)
    monkeypatch.setattr(course, "prepare", lambda kind: pytest.fail("it began"))
    with pytest.raises(SystemExit):
        course.main(["package", *wrong])
    assert "macos-arm" in capsys.readouterr().err or wrong[0] == "--python"


def test_each_platform_gets_its_own_packages():
    names = {
        system: {pin.name for pin in package.pins_for(system, "3.12")}
        for system in package.PLATFORMS
    }
    assert "pywinpty" in names["windows"] and "pywinpty" not in names["linux"]
    assert "appnope" in names["macos-arm"] and "appnope" not in names["windows"]
    assert "pexpect" in names["linux"] and "pexpect" not in names["windows"]
    for system, found in names.items():
        assert {"numpy", "jupyterlab", "lifelines", course.SOURCE_ONLY} <= found, system


@pytest.mark.parametrize("python", PYTHONS)
def test_the_package_serves_each_release_of_a_python(python, tmp_path, monkeypatch):
    """A lock may want another version before 3.11.5: what any release wants is fetched, once."""
    fetched = []

    def pip(*arguments):
        text = Path(arguments[arguments.index("--requirement") + 1]).read_text(encoding="utf-8")
        names = re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE)
        assert len({name for name, _ in names}) == len(names)  # pip takes no two versions at once
        fetched.extend(names)

    monkeypatch.setattr(package, "pip", pip)
    package.fetch("linux", python, tmp_path)
    assert len(set(fetched)) == len(fetched)
    for patch in (0, 2, 4, 5, 12):
        wanted = {(pin.name, pin.version) for pin in package.pins_for("linux", python, patch)}
        missing = wanted - set(fetched)
        assert {name for name, _ in missing} == {course.SOURCE_ONLY}


@pytest.mark.parametrize("python", PYTHONS)
def test_the_package_names_this_machine_as_course_does(python, tmp_path, monkeypatch):
    monkeypatch.setattr(course, "WHEELS", str(tmp_path))
    assert course.offline_wheels() is False
    holds = tmp_path / "holds.json"
    here = "{}.{}".format(*course.sys.version_info)
    text = '{"platforms": ["%s"], "pythons": ["%s"]}'
    holds.write_text(text % (package.this_platform(), python), encoding="utf-8")
    if python == here:
        assert course.offline_wheels() is True
    else:
        with pytest.raises(course.Trouble, match=f"is for .* with Python {python}; this is"):
            course.offline_wheels()


def test_a_room_is_read_from_what_was_pasted(tmp_path, capsys):
    mine = course.paste_line([("Python", ""), ("disk space", "")])
    assert mine.startswith("course-doctor | ok | Python 3.")
    assert "/" not in mine and "\\" not in mine  # no path, no account name
    bad = course.paste_line([("Python", ""), ("disk space", "full")])
    room = tmp_path / "room.txt"
    ready = re.sub(r"environment .*", "environment ready", mine)
    missing = re.sub(r"environment .*", "environment missing", mine)
    room.write_text(f"Ada: {ready}\nGrace\n{bad}\nhello\nLise - {missing}\n", encoding="utf-8")
    assert course.main(["doctor", "--read", str(room)]) == 1
    said = capsys.readouterr().out
    assert "Need help: 1 of 3\n  Grace " in said and "BAD: disk space" in said
    assert "Must still install: 1 of 3\n  Lise " in said
    assert "Ready: 1 of 3" in said
    room.write_text(f"{ready}\n", encoding="utf-8")
    assert course.main(["doctor", "--read", str(room)]) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_last_line_of_one_person_counts(encoding, tmp_path, capsys):
    mine = re.sub(r"environment .*", "environment ready", course.paste_line([("Python", "")]))
    bad = course.paste_line([("disk space", "full")])
    room = tmp_path / "room.txt"
    chat = f"[20:01] Zoë: {bad}\n4you: {bad}\n11/22/26, 8:14 PM - Zoë: {mine}\n> {mine}\n{mine}\n"
    room.write_text(chat, encoding=encoding)
    assert course.main(["doctor", "--read", str(room)]) == 1
    said = capsys.readouterr().out
    assert "Need help: 1 of 4\n  4you " in said  # two without a name are two
    assert "Ready: 3 of 4" in said
    assert said.endswith("the last counts: Zoë\n")


@pytest.mark.parametrize("text", ["", "nothing here\n"])
def test_a_room_without_lines_is_an_error(text, tmp_path, capsys):
    room = tmp_path / "room.txt"
    room.write_text(text, encoding="utf-8")
    assert course.main(["doctor", "--read", str(room)]) == 1
    assert "No line of doctor in" in capsys.readouterr().err
    assert course.main(["doctor", "--read", str(tmp_path / "none.txt")]) == 1
    assert "Cannot read" in capsys.readouterr().err
