"""Notebooks: made from text, executed, compared, staged; and each rule can fail.

A small course is made once in a temporary folder; each test works on its own copy of it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml

from tools import ROOT, checks, notebooks, students

SAMPLE = Path(__file__).parent / "fixtures" / "exercises" / "99_sample" / "01_sample.py"

SOURCE = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A sample
#
# Growth is $e^{rt}$, as the [introduction](../intro.md) says.

# %%
import numpy as np

from cgtlearn import plot

times = np.linspace(0, 5, 50)
sizes = np.exp(0.9 * times)
print(f"size on day 5: {sizes[-1]:.0f}")

# %% tags=["hide-input"]
fig, ax = plot.figure()
_ = ax.plot(times, sizes)
_ = ax.set(xlabel="time (d)", ylabel="size (1)", yscale="log")
print("a line before the figure")
plot.show(fig, caption="Growth at $r=0.9$.", alt=f"The line rises to {sizes[-1]:.0f}.")

# %%
round(float(sizes[-1]), 1)
"""


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A course of one notebook with exercises, refreshed."""
    root = tmp_path_factory.mktemp("course")
    for folder in ("book/99_sample", "exercises/99_sample", "requirements"):
        (root / folder).mkdir(parents=True)
    shutil.copytree(
        ROOT / "src" / "cgtlearn",
        root / "src" / "cgtlearn",
        ignore=shutil.ignore_patterns("__pycache__", "*.json"),
    )
    (root / "requirements" / "learn.txt").write_text("numpy==2\n")
    (root / "book" / "99_sample" / "01_sample.py").write_text(SOURCE, encoding="utf-8")
    shutil.copyfile(SAMPLE, root / "exercises" / "99_sample" / "01_sample.py")
    (root / "book" / "intro.md").write_text("# Intro\n\nHello.\n")
    (root / "book" / "_toc.yml").write_text(
        "format: jb-book\nroot: intro\nchapters:\n  - file: 99_sample/01_sample\n"
    )
    (root / "book" / "_config.yml").write_text(
        "title: Sample\nexecute:\n  execute_notebooks: force\nexclude_patterns: [assets]\n"
    )
    assert notebooks.refresh(notebooks.sources(root), timeout=60, root=root) == 0
    return root


@pytest.fixture
def root(finished, tmp_path):
    """A copy that a test may break."""
    return Path(shutil.copytree(finished, tmp_path / "course"))


def paths(root):
    book = root / "book" / "99_sample" / "01_sample.py"
    return SimpleNamespace(
        source=book,
        notebook=book.with_suffix(".ipynb"),
        exercises=root / "exercises" / "99_sample" / "01_sample.py",
        student=root / "exercises" / "99_sample" / "01_sample.ipynb",
        staged=root / "build" / "book" / "99_sample" / "01_sample.ipynb",
    )


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- what is made --------------------------------------------------------------------------------


def test_a_refreshed_course_agrees_with_itself(finished):
    assert notebooks.check(finished) == []


def test_a_notebook_holds_text_and_its_exercises(finished):
    notebook = notebooks.read(paths(finished).notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert code[0].outputs[0].text == "size on day 5: 90\n"
    kinds = {k for cell in code for o in cell.outputs for k in o.get("data", {})}
    assert kinds == {"text/plain"}
    assert "In words: The line rises to 90.\n" in code[1].outputs[-1].text
    assert code[1].metadata.tags == ["hide-input"]
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "## Exercises" in text
    assert "../../exercises/99_sample/01_sample.ipynb" in text
    assert text.count("<details>\n<summary>Hint 1</summary>\n\n") == 6
    assert text.count("<summary>Worked solution</summary>\n\n") == text.count("\n\n</details>") / 3
    assert "```python\ndoubling_time = np.log(2) / rate\n```\n\n</details>" in text
    assert "return np.log10(2) / k" in text  # the bug to find belongs to the statement
    nbformat.validate(notebook)


def test_every_check_of_the_students_notebook_says_not_attempted(finished):
    notebook = notebooks.read(paths(finished).student)
    cells = [cell for cell in notebook.cells if "check(" in cell.source]
    said = [cell.outputs[0].text for cell in cells if "import" not in cell.source]
    assert len(said) == 6
    assert all("not attempted" in text for text in said)


def test_ids_stay_when_other_cells_change(root):
    place = paths(root)
    before = [cell.id for cell in notebooks.compose(place.source).cells]
    assert before == [cell.id for cell in notebooks.compose(place.source).cells]
    assert len(set(before)) == len(before)
    edit(place.source, "# # A sample", "# # Another sample")
    after = [cell.id for cell in notebooks.compose(place.source).cells]
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_generate_keeps_outputs_while_the_code_stands(root, capsys):
    place = paths(root)
    edit(place.source, "# # A sample", "# # Another sample")
    notebooks.generate([place.source])
    assert notebooks.check(root) == []
    edit(place.source, "size on day 5", "size on day five")
    notebooks.generate([place.source])
    assert any("execution count None" in problem for problem in notebooks.check(root))


# --- what is caught ------------------------------------------------------------------------------


def test_a_stale_source_is_caught(root):
    edit(paths(root).source, "0.9 * times", "0.8 * times")
    assert any("cell 2 differs" in problem for problem in notebooks.check(root))


def test_an_edited_notebook_is_caught(root):
    edit(paths(root).notebook, "Growth is", "Decay is")
    assert any("cell 1 differs" in problem for problem in notebooks.check(root))


def test_a_stale_exercise_is_caught_in_book_student_and_data(root):
    edit(paths(root).exercises, "How many days does one", "How many weeks does one")
    problems = notebooks.check(root)
    assert any(p.startswith("book/99_sample/01_sample: cell") for p in problems)
    assert any(p.startswith("exercises/99_sample/01_sample: cell") for p in problems)
    assert any("99.1/statement_markdown" in p for p in problems)


@pytest.mark.parametrize("count", ["null", "7"])
def test_a_missing_execution_count_is_caught(root, count):
    edit(paths(root).notebook, '"execution_count": 2', f'"execution_count": {count}')
    assert any("execution count" in problem for problem in notebooks.check(root))


def test_a_stored_picture_is_caught(root):
    edit(paths(root).notebook, '"text/plain": [\n       "[a', '"image/png": [\n       "[a')
    assert any("stores image/png" in problem for problem in notebooks.check(root))


def test_a_missing_notebook_and_a_stranger_are_caught(root):
    paths(root).notebook.unlink()
    (root / "book" / "99_sample" / "02_lost.ipynb").write_text("{}")
    problems = notebooks.check(root)
    assert any("there is no notebook" in problem for problem in problems)
    assert any("02_lost is not in book/_toc.yml" in problem for problem in problems)
    assert any("02_lost.ipynb has no source" in problem for problem in problems)


def test_a_changed_output_is_caught_when_the_book_is_staged(root, capsys):
    edit(paths(root).notebook, "size on day 5: 90", "size on day 5: 91")
    assert notebooks.stage(root) == 1
    assert "cell 2: stored ('stdout', 'size on day 5: 91" in capsys.readouterr().err


def test_a_changed_package_is_run_again_and_caught(root, capsys):
    code = "SCREEN_DPI = 110"
    edit(root / "src" / "cgtlearn" / "plot" / "__init__.py", code, f"{code}\nprint('changed')")
    assert notebooks.stage(root, timeout=60) == 1
    said = capsys.readouterr()
    assert "0 of 1 notebooks are in the cache" in said.out
    assert "cell 2: stored" in said.err and "changed" in said.err


def test_strict_comparison_of_notebooks_catches_a_changed_output(root):
    changed = paths(root).notebook.with_name("02_changed.ipynb")
    shutil.copyfile(paths(root).notebook, changed)
    edit(changed, "size on day 5: 90", "size on day 5: 91")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval",
         "--rootdir", str(root), str(changed.parent)],
        cwd=root,
        env=notebooks.kernel_environment(root),
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout[-2000:]
    assert "1 failed, 5 passed" in done.stdout
    assert "02_changed.ipynb::Cell 0" in done.stdout


FAILING = {
    "1 / 0": "cell 3 (1 / 0): ZeroDivisionError: division by zero",
    "while True: pass": "not done after 2 s",
    "import os; os._exit(1)": "the kernel died",
    "import warnings; warnings.warn('careful')": "writes to stderr",
    "print(object())": "address",
    "import os; print(os.getcwd())": "path of this machine",
}


def test_a_notebook_that_fails_is_named_with_its_cell(tmp_path, capsys):
    folder = tmp_path / "book" / "99_sample"
    folder.mkdir(parents=True)
    for number, code in enumerate(FAILING, start=1):
        text = f"# %% [markdown]\n# # Fails\n\n# %%\nx = 1\n\n# %%\n{code}\n"
        (folder / f"0{number}_fails.py").write_text(text)
    shutil.copytree(ROOT / "src" / "cgtlearn" / "plot", tmp_path / "src" / "cgtlearn" / "plot")
    assert notebooks.refresh(notebooks.sources(tmp_path), timeout=2, root=tmp_path) == 1
    said = capsys.readouterr()
    for number, words in enumerate(FAILING.values(), start=1):
        line = next(x for x in said.err.splitlines() if f"error: book/99_sample/0{number}" in x)
        assert f"book/99_sample/0{number}_fails, cell 3" in line and words in line
    assert said.out.count("FAILED") == len(FAILING)
    assert "0 of 6 notebooks" in said.out
    assert not list(folder.glob("*.ipynb"))


def test_an_unknown_path_is_named(root):
    with pytest.raises(notebooks.NotebookError, match="no notebook source"):
        notebooks.select([str(root / "nowhere.py")], root)
    book = root / "book"
    assert notebooks.select([str(book)], root) == [paths(root).source]
    assert notebooks.select([str(paths(root).notebook)], root) == [paths(root).source]


# --- the copy for the book -----------------------------------------------------------------------


def test_the_staged_notebook_carries_pictures_captions_and_alt_texts(root, monkeypatch):
    def no_kernel(jobs, *arguments):
        assert not jobs, "what refresh has executed serves the book"
        return []

    monkeypatch.setattr(notebooks, "execute_all", no_kernel)
    assert notebooks.stage(root) == 0
    staged = notebooks.read(paths(root).staged)
    cell = next(cell for cell in staged.cells if "mystnb" in cell.metadata)
    assert cell.metadata.mystnb.figure == {
        "caption": "Growth at $r=0.9$.",
        "name": "fig-99-sample-01-sample-1",
    }
    assert cell.metadata.mystnb.image.alt == "The line rises to 90."
    assert cell.metadata.tags == ["hide-input"]
    assert cell.outputs[0].text == "a line before the figure\n"
    assert "image/png" in cell.outputs[1].data
    assert len(cell.outputs) == 2
    assert checks.figures_without_words(staged, "staged") == []
    text = "\n".join(cell.source for cell in staged.cells)
    assert "(path:../_exercises/99_sample/01_sample.ipynb)" in text
    target = root / "build" / "book"
    assert (target / "_exercises" / "99_sample" / "01_sample.ipynb").exists()
    assert not list(target.rglob("*.py"))
    settings = yaml.safe_load((target / "_config.yml").read_text())
    assert settings["execute"]["execute_notebooks"] == "off"
    assert settings["title"] == "Sample"


def test_what_was_staged_before_does_not_stay(root):
    old = root / "build" / "book" / "old.md"
    kept = root / "build" / "book" / "_build" / "page.html"
    kept.parent.mkdir(parents=True)
    kept.touch()
    old.touch()
    assert notebooks.stage(root) == 0
    assert not old.exists() and kept.exists()


def test_the_cache_key_follows_code_package_and_lock_but_not_prose(root):
    place = paths(root)

    def key():
        return notebooks.cache_key(notebooks.compose(place.source), root)

    first = key()
    edit(place.source, "# # A sample", "# # Another sample")
    assert key() == first
    edit(place.source, "0.9 * times", "0.8 * times")
    second = key()
    edit(root / "requirements" / "learn.txt", "numpy==2", "numpy==3")
    third = key()
    (root / "src" / "cgtlearn" / "new.toml").write_text("a = 1")
    assert len({first, second, third, key()}) == 4


def test_two_figures_in_a_cell_are_refused():
    figure = nbformat.v4.new_output(
        "display_data",
        data={"image/png": "x", "text/plain": ""},
        metadata={"cgtlearn": {"caption": "c", "alt": "1"}},
    )
    cell = nbformat.v4.new_code_cell("x", outputs=[figure, figure])
    with pytest.raises(notebooks.NotebookError, match="2 figures"):
        notebooks.dress(nbformat.v4.new_notebook(cells=[cell]), "name")


# --- the rules of the tree -----------------------------------------------------------------------


def test_a_figure_without_words_is_caught():
    def notebook(**output):
        cell = nbformat.v4.new_code_cell(
            "x", outputs=[nbformat.v4.new_output("display_data", **output)]
        )
        return nbformat.v4.new_notebook(cells=[cell])

    bare = notebook(data={"image/png": "x"})
    assert len(checks.figures_without_words(bare, "n")) == 2
    plain = notebook(data={"text/plain": "<Figure size 640x480 with 1 Axes>"})
    assert len(checks.figures_without_words(plain, "n")) == 2
    words = {"caption": "c", "alt": "no number"}
    half = notebook(data={"image/png": "x"}, metadata={"cgtlearn": words})
    assert "alt text" in checks.figures_without_words(half, "n")[0]
    words = {"caption": "c", "alt": "3 of them"}
    assert not checks.figures_without_words(
        notebook(data={"image/png": "x"}, metadata={"cgtlearn": words}), "n"
    )


def test_the_table_of_contents_is_compared_with_the_disk(root):
    toc = root / "book" / "_toc.yml"
    edit(toc, "99_sample/01_sample", "99_sample/02_other")
    problems = checks.agreement(root)
    assert any("names 99_sample/02_other, which is not on disk" in p for p in problems)
    assert any("99_sample/01_sample is not in book/_toc.yml" in p for p in problems)
    edit(toc, "  - file: 99_sample/02_other\n", "  - file: reference/made\n" * 2)
    (root / "tools").mkdir()
    (root / "tools" / "pages.py").write_text('GENERATED = ("reference/made.md",)\n')
    problems = checks.agreement(root)
    assert any("more than once" in p for p in problems)
    assert not any("not on disk" in p for p in problems)


def test_files_that_hold_no_pages_are_left_out(root):
    (root / "book" / "assets").mkdir()
    (root / "book" / "assets" / "README.md").touch()
    (root / "book" / "_ext").mkdir()
    (root / "book" / "_ext" / "notes.md").touch()
    assert checks.agreement(root) == []
    shutil.copyfile(SAMPLE, root / "exercises" / "99_sample" / "02_alone.py")
    assert len(checks.agreement(root)) == 2


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("x = 0 + 1 - 2 * 10 ** -1", 0),
        ("x = 3900", 1),
        ("def rhs(t, y, p): return -0.5 * y[0]", 1),
        ("x = True", 0),
        ("laws = (Law('a', tolerance=1e-6),)", 0),
        ("laws = (Target('a', change=0.8, tolerance=0.05, ratio=1.22),)", 0),
        ("laws = (contract.Law('a', tolerance=1e-6),)", 0),
        ("laws = (Law('a', right=lambda t: 0.77),)", 1),
        ("x = State(tolerance=5)", 1),
        ("x = y[3] + y[4]", 0),
        ("x = y[3 * 1]", 1),
    ],
)
def test_a_number_in_a_model_is_caught(tmp_path, code, found):
    path = tmp_path / "model.py"
    path.write_text(code)
    assert len(checks.model_literals(path)) == found


ROWS = [
    SimpleNamespace(id="stein2019.fold_expansion", symbol="foldx", value=3900),
    SimpleNamespace(id="stein2019.doubling", symbol="t_{double}", value=0.78),
    SimpleNamespace(id="stein2019.many", symbol="m", value=[4.3, 220]),
]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("fold_expansion = 3900", 1),
        ("foldx = 3900.0", 1),
        ("FoldX: float = 3.9e3", 1),
        ("a, foldx = 1, 3900", 1),
        ("p = m.parameters_with(fold_expansion=3900)", 1),
        ("p = {'fold_expansion': 3900}", 1),
        ("t_double = 0.78", 1),
        ("m = 220", 1),
        ("fold_expansion = 1000", 0),
        ("width = 3900", 0),
        ("fold_expansion = ledger.value('stein2019.fold_expansion')", 0),
        ("assert fold_expansion == 3900", 0),
    ],
)
def test_a_literal_that_goes_around_the_ledger_is_caught(code, found):
    assert len(checks.stray_literals(code, "notebook", ROWS)) == found


def test_a_link_that_leads_nowhere_and_a_picture_without_words_are_caught(root):
    page = root / "book" / "intro.md"
    page.write_text(
        "# Intro\n\n[good](99_sample/01_sample.ipynb) [also](99_sample/01_sample) [web](https://a.b)\n"
        "[here](#intro) `[code](gone.md)`\n\n```\n[code](gone.md)\n```\n"
    )
    assert checks.broken_links(root) == []
    page.write_text("# Intro\n\n[bad](gone.md#part) ![](99_sample/01_sample.py) ![alt](gone.png)\n")
    problems = checks.broken_links(root)
    assert len(problems) == 3
    assert "gone.md" in problems[0] and "no alt text" in problems[1] and "gone.png" in problems[2]
    edit(paths(root).source, "../intro.md", "../intra.md")
    assert any("01_sample.py, cell 1" in problem for problem in checks.broken_links(root))


def test_a_picture_of_a_page_without_alt_is_caught():
    html = '<img src="a.png"><img src="b.png" alt=" "><img src="c.png" alt="3 cells">'
    html += '<img src="d.svg" role="presentation">'
    assert len(checks.images_without_alt(html, "page")) == 2


def test_an_import_that_windows_lacks_is_caught(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("import os, resource\nfrom fcntl import flock\n\ndef f():\n    import pwd\n")
    assert len(checks.posix_imports(path)) == 2


# --- the tree itself -----------------------------------------------------------------------------


def test_the_tree_agrees_with_its_sources():
    assert notebooks.check(ROOT) == []


def test_the_models_hold_no_numbers():
    assert [p for path in checks.model_files(ROOT) for p in checks.model_literals(path)] == []


@pytest.mark.parametrize("source", checks.notebook_sources(ROOT), ids=notebooks.name_of)
def test_the_notebooks_take_numbers_from_the_ledger(source):
    assert checks.stray_literals(source.read_text("utf-8"), notebooks.name_of(source)) == []


def test_the_figures_have_words():
    for path in sorted((ROOT / "book").glob("[0-9]*/[0-9]*.ipynb")):
        assert checks.figures_without_words(notebooks.read(path), notebooks.name_of(path)) == []


def test_the_links_lead_somewhere():
    assert checks.broken_links(ROOT) == []


def test_the_code_imports_on_windows():
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "tools").glob("*.py"), ROOT / "course.py"]
    assert [p for path in files if path.exists() for p in checks.posix_imports(path)] == []


@pytest.mark.parametrize("command", [notebooks.main, students.main])
def test_each_command_says_what_it_does(command, capsys):
    with pytest.raises(SystemExit) as done:
        command(["--help"])
    assert done.value.code == 0 and "usage: python -m tools." in capsys.readouterr().out


def test_a_command_line_that_makes_no_sense_is_refused(capsys):
    assert notebooks.main(["refresh", "nowhere.py"]) == 1
    assert "no notebook source" in capsys.readouterr().err


def test_citations_are_links_in_a_notebook_and_roles_on_the_page():
    text = (
        "Two fitted it {cite:p}`stein2019`, three more {cite:p}`uspi_kymriah,beal2001`; "
        "read {cite:t}`stein2019` and {cite:t}`beal2001`."
    )
    shown = notebooks.cite_in_notebook(text, ROOT / "book" / "references.bib")
    assert "{cite" not in shown
    assert '([Stein et al. 2019](https://doi.org/10.1002/psp4.12388 "cite:p:stein2019"))' in shown
    assert notebooks.cite_in_book(shown) == text
    with pytest.raises(notebooks.NotebookError, match="nobody2020"):
        notebooks.cite_in_notebook("{cite:p}`nobody2020`", ROOT / "book/references.bib")
