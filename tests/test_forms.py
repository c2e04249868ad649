"""What the book's pages carry so that exercises can be answered there."""

from __future__ import annotations

import json
import re

import nbformat
import pytest

from cgtlearn.exercises import store
from tools import ROOT, checks, forms, notebooks, pages
from tools.minify import minify

EXERCISES = store.exercises()


def page_of(name):
    """A book notebook's Markdown with the places of its forms."""
    notebook = nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4)
    forms.add(notebook, name)
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def documents(text):
    """The data that stand in script elements."""
    found = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.S)
    return [json.loads(one) for one in found]


@pytest.mark.parametrize("name", sorted({one["notebook"] for one in EXERCISES.values()}))
def test_each_exercise_has_one_place_before_its_hints(name):
    cells = page_of(name)
    for id, exercise in EXERCISES.items():
        if exercise["notebook"] != name:
            continue
        [cell] = [one for one in cells if f'data-exercise="{id}"' in one]
        assert cell.startswith(f"({forms.anchor(exercise)})=\n### {id} · ")
        assert cell.index("data-exercise") < cell.index("<details>")
        assert cell.count("<details>") == 3
        data = documents(cell)
        if forms.on_page(exercise):
            assert data == [{field: exercise[field] for field in forms.FIELDS}]
        else:
            assert data == []
            assert f"exercises/{name}.ipynb" in cell
    [head] = [one for one in cells if one.startswith("## Exercises\n")]
    far, table = documents(head)
    assert len(far["exercises"]) == sum(one["notebook"] == name for one in EXERCISES.values())
    for exercise in EXERCISES.values():
        if exercise["notebook"] == name and forms.on_page(exercise):
            assert {entry["slip"] for entry in exercise["wrong"]} <= set(table["slips"])


def test_data_cannot_end_their_script():
    text = forms.data({"a": "</script><b>", "b": "Ĉ"})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><b>", "b": "Ĉ"}


def test_committed_notebooks_hold_no_forms():
    """Places are added when the book is staged; a notebook is read in JupyterLab."""
    for source in notebooks.sources():
        assert "cgt-exercise" not in source.with_suffix(".ipynb").read_text(encoding="utf-8")


def test_a_type_without_a_form_has_words_for_it():
    for type, spec in {
        "function": {}, "fit": {}, "array": {"value": [[1.0]]},
    }.items():  # fmt: skip
        one = {"id": "99.1", "notebook": "99_a/01_b", "answer": {"type": type, **spec}}
        assert not forms.on_page(one)
        assert "[the student's notebook](path:../_exercises/99_a/01_b.ipynb)" in forms.place(one)
    long = {"answer": {"type": "array", "value": [1.0] * (forms.MOST_NUMBERS + 1)}}
    assert not forms.on_page(long)


def test_the_overview_lists_every_exercise_once():
    page = pages.progress_page()
    whole, *chapters = documents(page)
    ids = [id for id, _ in whole["exercises"]]
    assert ids == [id for chapter in chapters for id, _ in chapter["exercises"]]
    assert sorted(ids) == sorted(EXERCISES)
    for id, link in whole["exercises"]:
        assert link == f"../{EXERCISES[id]['notebook']}.html#{forms.anchor(EXERCISES[id])}"
        assert page.count(f'href="{link}"') == 1
    assert forms.OVERVIEW in checks.toc()


def test_short_names_leave_properties_alone():
    """A name may be a variable here and a property there; in ``{name}`` it is both."""
    script = "const f = ({size, b: kind}) => ({size, kind: kind ? size : 1, at() {}}); f.size = f;"
    small = minify(script)
    body = r"\(\{size:(\w),b:(\w)\}\)=>\(\{size:\2,kind:\3\?\2:1,at\(\)\{\}\}\)"
    assert re.fullmatch(rf"const (\w)={body};\1\.size=\1;", small), small


def test_the_script_stays_small():
    assert len(minify(forms.SCRIPT.read_text(encoding="utf-8")).encode()) < 23_000
