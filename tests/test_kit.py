"""The instructor's kit: plans that fit, notes that stay with the instructor, decks, the test."""

import json
import math
import re
from pathlib import Path

import jupytext
import nbformat
import numpy as np
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import ROOT, notebooks
from tools.kit import items, lesson, pages, plans, slides

SOURCES = [s for s in notebooks.sources(ROOT) if not notebooks.is_exercise(s)]


@pytest.fixture(scope="module")
def lessons():
    return lesson.read_all()


@pytest.fixture(scope="module")
def sheets(lessons):
    return plans.read(lessons)


# --- notes and minutes ---------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES, ids=notebooks.name_of)
def test_every_notebook_has_minutes_notes_and_slides(source, lessons):
    one = lessons[f"{source.parent.name}/{source.stem}"]
    assert one.minutes == one.stated > 0
    assert sum(len(section.notes) for section in one.sections) >= 5
    assert sum(len(section.slides) for section in one.sections) >= slides.FEWEST


@pytest.mark.parametrize("source", SOURCES, ids=notebooks.name_of)
def test_no_note_reaches_a_learner(source, lessons):
    text = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    cells = nbformat.reads(text, as_version=4).cells
    for cell in cells:
        assert lesson.MINUTES not in cell.metadata
        assert not {lesson.NOTE, lesson.SLIDE} & set(cell.metadata.get("tags", []))
    for section in lessons[f"{source.parent.name}/{source.stem}"].sections:
        for note in section.notes:
            assert not any(note[:60] in cell.source for cell in cells)


def write(folder, text):
    path = folder / "book" / "99_x" / "01_y.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


GOOD = """# %% [markdown] minutes=2
# # Title
#
# *5 minutes*

# %% [markdown] tags=["instructor"]
# Watch here.

# %% [markdown] minutes=3
# ## First

# %% tags=["slide"]
print(1)
"""


def test_a_lesson_is_read(tmp_path):
    one = lesson.read(write(tmp_path, GOOD))
    assert one.title == "Title" and one.minutes == 5
    assert [(s.title, s.minutes, s.notes, s.slides) for s in one.sections] == [
        ("Opening", 2, ["Watch here."], []),
        ("First", 3, [], [2]),
    ]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("minutes=3", "minutes=4", "the header says 5 minutes, its sections add up to 6"),
        (" minutes=3", "", "1 headings but 0 minutes in the cell of 'First'"),
        ("minutes=3", 'minutes="3,1"', "1 headings but 2 minutes"),
    ],
)
def test_minutes_that_do_not_fit_are_an_error(tmp_path, before, after, words):
    with pytest.raises(lesson.KitError, match=re.escape(words)):
        lesson.read(write(tmp_path, GOOD.replace(before, after)))


def test_an_unknown_section_names_those_that_there_are(lessons):
    one = next(iter(lessons.values()))
    with pytest.raises(lesson.KitError, match="There are: Opening; "):
        one.section("No such heading")


# --- run-sheets ----------------------------------------------------------------------------------


CHAPTERS = sorted({source.parent.name for source in SOURCES})


def chapters_of(plan):
    """The chapters whose notebooks a plan uses."""
    return {item.what.split("/")[0] for item in plan.items if item.kind in ("section", "notebook")}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_has_a_sheet_for_each_length(chapter, sheets):
    lengths = {plan.minutes for plan in sheets if chapters_of(plan) == {chapter}}
    assert lengths >= {60, 90, 180}
    assert any(chapter in chapters_of(plan) for plan in sheets if plan.minutes > 180)


def test_there_are_sheets_of_one_day_and_of_two(sheets):
    days = [len(plan.days) for plan in sheets if plan.minutes > 180]
    assert set(days) == {1, 2}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_has_questions_to_discuss(chapter, sheets):
    asked = plans.questions()
    mine = {key for key, each in asked.items() if each["chapter"] == chapter}
    assert len(mine) >= 3
    used = {item.what for plan in sheets for item in plan.items if item.kind == "discuss"}
    assert mine <= used  # each stands in a plan


def test_cuts_make_room(sheets):
    for plan in sheets:
        assert sum(item.minutes for item in plan.cut) >= 0.04 * plan.minutes, plan.name
        kinds = [item.kind for item in plan.items]
        if plan.minutes > 120:
            assert "break" in kinds, plan.name


def test_a_sheet_has_the_clock_the_cuts_and_the_notes(sheets):
    plan = next(plan for plan in sheets if plan.name == "kinetics-60")
    text = pages.run_sheet(plan)
    rows = re.findall(r"^\| (\d\d):(\d\d) \| (\d+) \| (.+) \|$", text, re.MULTILINE)
    starts = [60 * int(h) + int(m) for h, m, _, _ in rows]
    lengths = [int(row[2]) for row in rows]
    assert starts[0] == 9 * 60
    for start, length, following in zip(starts, lengths, starts[1:], strict=False):
        assert start + length == following
    assert starts[-1] + lengths[-1] == 9 * 60 + plan.minutes
    assert "Leave out, in this order" in text and "Base two counts doublings" in text


def small(tmp_path, **changes):
    """A plan beside the real questions."""
    entry = {
        "name": "x",
        "title": "X",
        "minutes": 10,
        "for": "All.",
        "items": [{"talk": "Hello", "minutes": 10}],
        "cut": [],
        **changes,
    }
    folder = tmp_path / "book" / "instructors"
    folder.mkdir(parents=True)
    (folder / "plans.yml").write_text(yaml.safe_dump([entry]), encoding="utf-8")
    questions = (ROOT / "book/instructors/questions.yml").read_text(encoding="utf-8")
    (folder / "questions.yml").write_text(questions, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"minutes": 9}, "its items take 10 of 9 minutes"),
        ({"minutes": 12}, "its items take 10 of 12 minutes"),
        ({"items": [{"talk": "Hello"}]}, "talk 'Hello' needs its minutes"),
        ({"items": [{"exercise": "00.99"}]}, "there is no exercise 00.99"),
        ({"items": [{"exercise": "00.1", "minutes": 3}]}, "its minutes come from its source"),
        ({"items": [{"notebook": "no/where"}]}, "there is no notebook no/where"),
        ({"items": [{"discuss": "nothing", "minutes": 3}]}, "there is no question 'nothing'"),
        ({"items": [{"sleep": "now"}]}, "an item is one of"),
        ({"cut": [{"exercise": "00.1"}]}, "the cut list names '00.1', which is not in the plan"),
    ],
)
def test_a_plan_that_does_not_fit_is_an_error(tmp_path, lessons, changes, words):
    root = small(tmp_path, **changes)
    with pytest.raises(lesson.KitError, match=re.escape(words)):
        plans.read(lessons, root)


# --- the edition and the decks -------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES, ids=notebooks.name_of)
def test_the_edition_holds_each_note_in_its_section(source, lessons):
    notebook = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    cells = len(notebook.cells)
    noted = pages.with_notes(source, notebook)
    one = lessons[f"{source.parent.name}/{source.stem}"]
    text = "\n\n".join(cell.source for cell in noted.cells if cell.cell_type == "markdown")
    assert len(noted.cells) == cells + sum(len(s.notes) for s in one.sections)
    for section in one.sections:
        where = text.index(f"# {section.title}") if section.title != "Opening" else 0
        for note in section.notes:
            assert text.index(note) > where


def test_an_answer_key_says_what_to_say(lessons):
    some = [one for name, one in lessons.items() if name.startswith("07_")]
    text = pages.answer_key("07_cart_kinetics", some)
    for one in some:
        for exercise in one.exercises:
            assert f"### {exercise['id']} · {exercise['title']}" in text
            for wrong in exercise["wrong"]:
                assert pages._cell(wrong["message"]) in text
            assert exercise["statement_markdown"] in text
            if exercise["answer"]["type"] == "number":
                value = f"{exercise['answer']['value']:.4g}"
                assert re.search(rf"^\*\*Right:\*\* {re.escape(value)}( |$)", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (0.933236645476, "0.9332"),
        (True, "True"),
        ([1.0, 2.0, 3.0, 4.0], "1, 2, 3, ..."),
        ([[0.0, 5.0], 20.0], "(0, 5), 20"),
        ("a word " * 9, "a word a word a word a word a word a ..."),
    ],
)
def test_a_wrong_answer_stands_in_one_line(answer, shown):
    assert pages._short(answer) == shown


def picture_notebook():
    shown = new_output(
        "display_data",
        data={"image/png": "aGVsbG8=\n", "text/plain": "<Figure>"},
        metadata={"cgtlearn": {"caption": "A <curve>", "alt": 'Says "3"'}},
    )
    said = new_output("stream", name="stdout", text="two < three\nFigure: A <curve>\n")
    return new_notebook(
        cells=[
            new_markdown_cell("# Title\n\nwords"),
            new_markdown_cell("before\n\n## First\n\nrate $k<1$ and **bold**"),
            new_code_cell("plot()", outputs=[said, shown]),
        ]
    )


def test_a_deck_shows_the_section_the_output_and_the_note():
    section = lesson.Section("First", 3, ["Watch *here*."], [1, 2])
    filler = [lesson.Section(f"S{i}", 1, [], [2]) for i in range(3)]
    one = lesson.Lesson("99_x/01_y", "Title", 6, [section, *filler], [])
    text = slides.deck(one, picture_notebook())
    assert "\\(k&lt;1\\)" in text and "<strong>bold</strong>" in text and "before" not in text
    assert 'alt="Says &quot;3&quot;"' in text and "A &lt;curve&gt;</figcaption>" in text
    assert "<pre>two &lt; three</pre>" in text and "Figure: " not in text
    assert "<aside class='notes'><p>Watch <em>here</em>.</p>" in text
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)  # nothing from elsewhere


def test_an_exercise_in_code_shows_its_code():
    data = {
        "id": "99.1",
        "title": "T",
        "statement_markdown": "Mend it.",
        "worked_markdown": "So.",
        "starter_code": "def f(t):\n    return t < 1\n\ncheck('99.1', f)",
        "solution_code": "def f(t):\n    return t > 1",
        "answer": {"type": "function"},
    }
    asked, worked = slides.exercise(data).split("</section><section>")
    assert "<pre>def f(t):\n    return t &lt; 1</pre>" in asked and "check(" not in asked
    assert "t &gt; 1</pre>" in worked
    plain = slides.exercise({**data, "answer": {"type": "number"}})
    assert "<pre>" not in plain


def test_a_slide_without_content_is_an_error():
    notebook = picture_notebook()
    notebook.cells[2].outputs = []
    one = lesson.Lesson("99_x/01_y", "Title", 3, [lesson.Section("First", 3, [], [2])], [])
    with pytest.raises(lesson.KitError, match="is tagged slide and shows nothing"):
        slides.deck(one, notebook)


def test_what_is_vendored_has_its_licence():
    assert "Permission is hereby granted" in (slides.REVEAL / "LICENSE").read_text("utf-8")


# --- the test before and after -------------------------------------------------------------------


def test_the_questions_cover_each_chapter_and_hide_the_key():
    asked = items.read()
    for chapter in CHAPTERS:
        some = [item for item in asked if item["chapter"] == chapter]
        assert len(some) >= 5
        for form in items.FORMS:
            assert len({item[form]["right"] for item in some}) >= 2
    for form in items.FORMS:
        text = items.page(asked, form)
        assert text.count('type="checkbox"') == len({item["chapter"] for item in asked})
        assert text.count('type="radio"') == sum(len(i[form]["options"]) + 1 for i in asked)
        assert "right" not in re.sub(r">[^<]*<", "><", text)  # no attribute tells the key
    keys = [item[form]["right"] for item in asked for form in items.FORMS]
    assert max(keys.count(key) for key in set(keys)) <= 0.6 * len(keys)  # no key to guess


def hand_in(folder, word, form, answers, **more):
    content = {"test": form, "word": word, "answers": answers, **more}
    (folder / f"{form}-{word}.json").write_text(json.dumps(content), encoding="utf-8")


def test_statistics_by_hand(tmp_path):
    """Ten learners; before: the first question splits them, the second nobody knows."""
    asked = items.read()
    some = [item for item in asked if item["chapter"] == "00_one_chain"]
    key = {form: {item["id"]: item[form]["right"] for item in asked} for form in items.FORMS}

    def wrong(item, form):
        return next(k for k in item[form]["options"] if k != item[form]["right"])

    for i in range(10):
        able = i < 5
        before = dict(key["before"]) if able else {j["id"]: wrong(j, "before") for j in asked}
        before[some[1]["id"]] = wrong(some[1], "before")
        hand_in(tmp_path, f"w{i}", "before", before)
        after = dict(key["after"])
        if not able:
            del after[some[0]["id"]]  # left open
        hand_in(tmp_path, f"w{i}", "after", after)
    found, lines = items.collect(tmp_path, asked)
    assert len(found) == 20 and not lines
    rows = {(row["id"], row["form"]): row for row in items.item_table(asked, found)}
    first = rows[some[0]["id"], "before"]
    assert first["right"] == 0.5 and first["discrimination"] == pytest.approx(1)
    assert first["low"] == pytest.approx(0.2366, abs=1e-3)  # Wilson's interval of 5 of 10
    assert first["high"] == pytest.approx(0.7634, abs=1e-3)
    second = rows[some[1]["id"], "before"]
    assert second["right"] == 0 and math.isnan(second["discrimination"])
    assert items.remark(second).startswith("hard")
    assert rows[some[0]["id"], "after"]["chosen"]["open"] == 5
    gain = {row["chapter"]: row for row in items.gains(asked, found)}["00_one_chain"]
    n = len(some)
    before_mean = 0.5 * (n - 1) / n
    after_mean = 1 - 0.5 / n
    change = [1 / n if i < 5 else (n - 1) / n for i in range(10)]
    assert gain["before"] == pytest.approx(before_mean)
    assert gain["after"] == pytest.approx(after_mean)
    assert gain["normalised"] == pytest.approx((after_mean - before_mean) / (1 - before_mean))
    assert gain["half"] == pytest.approx(1.96 * np.std(change, ddof=1) / np.sqrt(10))
    text = items.report(tmp_path)
    assert "10 learners with both forms" in text and "is an association" in text


def test_only_the_chapters_of_the_course_are_counted(tmp_path):
    """One course taught chapter 00, another 07: neither lowers the other's shares."""
    asked = items.read()
    taught = {"one": "00_one_chain", "two": "07_cart_kinetics"}
    for word, chapter in taught.items():
        for form in items.FORMS:
            mine = {i["id"]: i[form]["right"] for i in asked if i["chapter"] == chapter}
            hand_in(tmp_path, word, form, mine, chapters=[chapter])
    found, lines = items.collect(tmp_path, asked)
    assert not lines and len(found) == 4
    rows = items.item_table(asked, found)
    assert {row["chapter"] for row in rows} == set(taught.values())
    assert all(row["n"] == 1 and row["right"] == 1 for row in rows)
    gained = items.gains(asked, found)
    assert [(row["chapter"], row["n"]) for row in gained] == [(c, 1) for c in taught.values()]
    other = next(i["id"] for i in asked if i["chapter"] == "07_cart_kinetics")
    hand_in(tmp_path, "x", "before", {other: "a"}, chapters=["00_one_chain"])
    assert items.collect(tmp_path, asked)[1] == [
        f"before-x.json: not a file of this test ({other})"
    ]


def test_wilson_against_another_program():
    from statsmodels.stats.proportion import proportion_confint

    for right, n in ((0, 7), (3, 11), (12, 12), (40, 90)):
        ours = items.wilson(right, n)
        assert ours == pytest.approx(proportion_confint(right, n, method="wilson"), abs=1e-6)


def test_files_that_are_not_answers_are_named(tmp_path):
    asked = items.read()
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    (tmp_path / "b.json").write_text('{"test": "later", "word": "x", "answers": {}}', "utf-8")
    (tmp_path / "c.json").write_text(
        json.dumps({"test": "before", "word": "x", "answers": {asked[0]["id"]: "zz"}}), "utf-8"
    )
    (tmp_path / "folder of one learner").mkdir()
    (tmp_path / "folder of one learner" / "d.json").write_text(
        json.dumps({"test": "before", "word": "x", "answers": {asked[0]["id"]: ["a"]}}), "utf-8"
    )
    found, lines = items.collect(tmp_path, asked)
    assert not found
    assert sorted(line[:6] for line in lines) == ["a.json", "b.json", "c.json", "d.json"]
    with pytest.raises(lesson.KitError, match="no answers in"):
        items.report(tmp_path)
    with pytest.raises(lesson.KitError, match="there is no folder"):
        items.report(tmp_path / "none")


def test_the_sources_still_read_as_jupytext():
    for source in SOURCES:
        cells = jupytext.reads(Path(source).read_text(encoding="utf-8"), fmt="py:percent").cells
        assert any(lesson.NOTE in cell.metadata.get("tags", []) for cell in cells)
