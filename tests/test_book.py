"""The book's files, before anything is built: settings, contents, glossary, sources, repairs."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tools.checks import generated_pages, toc

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
CONFIG = BOOK / "_config.yml"
BINDER = "https://mybinder.org"

# Sources of the ledger that are the course's own choices, not something to cite.
OWN_SOURCES = {
    "aav_chain", "aav_expression", "bleeding", "cart_sampling", "confounded_trial",
    "crs_tocilizumab", "factor_turnover",
    "fix_production", "gated_memory", "lnp_mrna", "lymphodepletion", "physics", "responders",
    "shedding",
    "valoctocogene_production",
}  # fmt: skip

# Capitals that need no line in the glossary: words of the trade that every reader of this book
# knows, names of licences and of our own tables' columns, and names of products and trials.
NO_GLOSSARY = {
    "AMT", "BSD", "CC", "BY", "CPU", "EVID", "HTML", "ID", "JSON", "MDV", "OK", "PNG", "TIME",
    "TOML", "US", "UTC", "CENS", "GB", "MB", "NONMEM", "FOLDER", "SUBMISSIONS",
    "DOI", "PMC", "NCT",
    "BENEGENE", "ELIANA", "ENSIGN", "JULIET", "TRANSCEND", "CARTITUDE", "ZUMA", "KYMRIAH",
}  # fmt: skip


def config(text: str | None = None) -> dict:
    return yaml.safe_load(CONFIG.read_text(encoding="utf-8") if text is None else text)


def texts() -> dict[str, str]:
    """What a reader reads: pages, and the text cells of the notebooks' sources."""
    found = {p.relative_to(BOOK).as_posix(): p.read_text(encoding="utf-8")
             for p in BOOK.rglob("*.md") if "assets" not in p.parts}  # fmt: skip
    for folder in (BOOK, ROOT / "exercises"):
        for path in folder.glob("[0-9]*/*.py"):
            cells = re.split(r"(?m)^# %%", path.read_text(encoding="utf-8"))
            shown = [re.sub(r"(?m)^# ?", "", c) for c in cells if c.startswith(" [markdown]")]
            found[path.relative_to(ROOT).as_posix()] = "\n".join(shown)
    return found


def extension():
    spec = importlib.util.spec_from_file_location("cgtbook", BOOK / "_ext" / "cgtbook.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- settings -------------------------------------------------------------------------------


def test_no_static_folder():
    """Jupyter Book would put every script and style sheet under it on every page."""
    assert not (BOOK / "_static").exists()
    assert config()["sphinx"]["config"]["html_static_path"] == ["assets"]


def test_own_files_are_there():
    sphinx = config()["sphinx"]["config"]
    named = [*sphinx["html_css_files"], *(name for name, _ in sphinx["html_js_files"])]
    for name in [*named, sphinx["mathjax_path"]]:
        assert (BOOK / "assets" / name).is_file(), name


def test_nothing_is_executed_or_fetched_by_the_build():
    settings = config()
    assert settings["execute"]["execute_notebooks"] == "off"
    assert "linkify" not in settings["parse"]["myst_enable_extensions"]  # course.py is no address
    text = re.sub(r"(?m)^\s*#.*", "", CONFIG.read_text(encoding="utf-8"))
    repository = settings["repository"]["url"]
    assert "://" not in (text.replace(repository, "") if repository else text)


def test_vendored_files_carry_their_licence():
    assert (BOOK / "assets" / "mathjax" / "LICENSE").is_file()
    assert (ROOT / "tests" / "vendor" / "axe-core" / "LICENSE").is_file()


# --- one repository address -----------------------------------------------------------------


def test_repository_address_stands_in_one_place():
    url = config()["repository"]["url"]
    for name in ("use_repository_button", "use_issues_button", "use_edit_page_button"):
        assert name not in config().get("html", {})
    assert "launch_buttons" not in config()
    if url:
        again = [p for p in (*BOOK.rglob("*.md"), *BOOK.glob("_ext/*.py")) if url in p.read_text()]
        assert again == []


def test_without_an_address_there_is_no_button():
    for empty in ({}, {"repository_url": ""}, {"repository_url": None}, {"repository_url": "  "}):
        options = extension().repository_options(empty)
        assert options["launch_buttons"] == {}
        assert not options["use_repository_button"]
        assert not options["use_issues_button"]


def test_with_an_address_there_are_three_buttons():
    options = extension().repository_options({"repository_url": "https://github.com/an/example/"})
    assert options["repository_url"] == "https://github.com/an/example"
    assert options["use_repository_button"]
    assert options["use_issues_button"]
    assert options["launch_buttons"]["binderhub_url"].startswith("https://")


def test_a_notebook_page_says_how_to_start():
    line = extension().start_line("07_cart_kinetics/01_expansion")
    assert "python3 course.py learn" in line
    assert "py course.py learn" in line
    assert "book/07_cart_kinetics/01_expansion.ipynb" in line
    assert "exercises/07_cart_kinetics/01_expansion.ipynb" in line


NOTEBOOK = """{
 "cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# A notebook"]}],
 "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
 "nbformat": 4, "nbformat_minor": 5
}"""


@pytest.mark.parametrize("url", ["", "https://github.com/an/example"])
def test_buttons_of_a_built_page(tmp_path, url):
    """A book of two pages, built with the course's own settings, with an address and without."""
    (tmp_path / "07_topic").mkdir()
    (tmp_path / "07_topic" / "01_name.ipynb").write_text(NOTEBOOK, encoding="utf-8")
    (tmp_path / "intro.md").write_text("# A book\n\n{status}`published`\n", encoding="utf-8")
    (tmp_path / "references.bib").write_text("", encoding="utf-8")
    toc = "format: jb-book\nroot: intro\nchapters:\n  - file: 07_topic/01_name\n"
    (tmp_path / "_toc.yml").write_text(toc, encoding="utf-8")
    settings = config()
    settings["repository"]["url"] = url
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    shutil.copytree(BOOK / "_ext", tmp_path / "_ext")
    shutil.copytree(BOOK / "assets", tmp_path / "assets")
    program = "from jupyter_book.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "build", str(tmp_path), "-W", "-n"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    page = (tmp_path / "_build" / "html" / "07_topic" / "01_name.html").read_text(encoding="utf-8")
    assert "python3 course.py learn" in page
    assert "thebe" not in page
    launch = f"{BINDER}/v2/gh/an/example/main?urlpath=lab/tree/book/07_topic/01_name.ipynb"
    assert (launch in page) == bool(url)
    assert ("/issues/new" in page) == bool(url)
    assert (f'href="{url or "https://github.com"}' in page) == bool(url)
    front = (tmp_path / "_build" / "html" / "intro.html").read_text(encoding="utf-8")
    assert '<span class="status status-published">published</span>' in front


# --- contents -------------------------------------------------------------------------------


# Whether contents, sources and disk agree is asked by tools.checks.agreement.


def test_every_generated_page_is_in_the_contents():
    made = generated_pages()
    assert made
    assert sorted(made - set(toc())) == []


def test_every_notebook_has_its_exercises():
    """The line under a notebook's title names them."""
    for entry in toc():
        if (BOOK / f"{entry}.ipynb").exists():
            assert (ROOT / "exercises" / f"{entry}.ipynb").is_file(), entry


# --- glossary -------------------------------------------------------------------------------


def glossary_terms() -> set[str]:
    text = (BOOK / "reference" / "glossary.md").read_text(encoding="utf-8")
    body = text.split("```{glossary}")[1].split("```")[0]
    return set(re.findall(r"(?m)^(?! |:)(\S.*)$", body))


def acronyms(text: str) -> set[str]:
    """Words of two or more capitals: CAR, CD19, IL-6. Code, formulas and addresses are left out."""
    text = re.sub(r"(?s)```.*?```|~~~.*?~~~", " ", text)
    text = re.sub(r"(?s)\$\$.*?\$\$|\$[^$\n]+\$|`[^`\n]*`", " ", text)
    text = re.sub(r"<[^>]+>|\]\([^)]*\)|https?://\S+|10\.\d{4,}/\S+", " ", text)
    # Only whole words: the TN in BeTN or the CAR in CARs is somebody else's.
    words = re.findall(r"(?<![\w-])(?:[A-Z][A-Z0-9]+(?:-\d+)?|IL-\d+)(?![\w])", text)
    return {word for word in words if sum(c.isalpha() for c in word) >= 2}


def known(word: str, terms: set[str]) -> bool:
    parts = {part for term in terms for part in (term, *term.split())}
    plain = re.sub(r"-\d+$", "", word)  # BENEGENE-2, CARTITUDE-1
    parts |= {part for term in terms for part in term.split("-")}  # the RT of RT-qPCR
    roman = re.fullmatch(r"[IVX]+", word)  # factor IX, phase III
    return bool(roman or {word, plain} & (parts | NO_GLOSSARY))


def test_every_acronym_is_in_the_glossary():
    terms = glossary_terms()
    missing = {
        name: sorted(w for w in acronyms(text) if not known(w, terms))
        for name, text in texts().items()
    }
    assert {name: words for name, words in missing.items() if words} == {}


def test_the_acronym_scan_sees_what_it_should():
    text = "CAR T cells, IL-6 and CD19; not `DV`, not $AUC$, not Cmax. See [x](ABC.md). BENEGENE-2"
    assert acronyms(text) == {"CAR", "IL-6", "CD19", "BENEGENE-2"}
    assert not known("XYZ", glossary_terms())
    assert known("BENEGENE-2", glossary_terms())


def test_glossary_explains_every_term():
    text = (BOOK / "reference" / "glossary.md").read_text(encoding="utf-8")
    body = text.split("```{glossary}")[1].split("```")[0]
    entries = re.findall(r"(?m)^(?! |:)(\S.*)\n((?: +\S.*\n?)*)", body)
    assert len(entries) > 50
    assert [term for term, meaning in entries if not meaning.strip()] == []
    names = [term for term, _ in entries]
    assert sorted(names) == sorted(set(names))


# --- sources --------------------------------------------------------------------------------


def bibliography() -> dict[str, dict[str, str]]:
    """Entries of references.bib: key -> fields."""
    text = (BOOK / "references.bib").read_text(encoding="utf-8")
    found = {}
    for key, body in re.findall(r"(?ms)^@\w+\{([^,]+),\n(.*?)^\}", text):
        fields = re.findall(r"(?m)^\s*(\w+)\s*=\s*\{(.*)\},?$", body)
        assert key not in found, f"{key} stands twice in references.bib"
        found[key] = dict(fields)
    return found


def test_bibliography_is_sorted():
    keys = list(bibliography())
    assert keys == sorted(keys)


def test_an_article_has_what_the_page_of_references_needs():
    """The book's own build says so too, but minutes later."""
    text = (BOOK / "references.bib").read_text(encoding="utf-8")
    articles = set(re.findall(r"(?m)^@article\{([^,]+),", text))
    for key, fields in bibliography().items():
        if key in articles:
            assert {"author", "title", "journal", "year"} <= set(fields), key


def test_every_cited_key_exists():
    keys = set(bibliography())
    for name, text in texts().items():
        for group in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text):
            for key in group.split(","):
                assert key.strip() in keys, f"{name} cites {key.strip()}"


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "src" / "cgtlearn" / "ledger" / "data").glob("*.toml")),
    ids=lambda p: p.stem,
)
def test_every_source_of_a_number_is_in_the_bibliography(path):
    source = tomllib.loads(path.read_text(encoding="utf-8"))["source"]
    if source["key"] in OWN_SOURCES:
        assert "doi" not in source
        return
    entry = bibliography()[source["key"]]
    assert source.get("doi") in (None, entry.get("doi"))


def test_the_review_is_cited_by_its_right_doi():
    assert bibliography()["yi2025"]["doi"] == "10.1111/cts.70430"


# --- repairs --------------------------------------------------------------------------------

PAGE = """<title>T</title>
document.documentElement.dataset.mode = localStorage.getItem("mode") || "";
    document.documentElement.dataset.theme = localStorage.getItem("theme") || "";
<script defer src="_static/scripts/fontawesome.js?digest=1"></script>
<button class="btn search-button-field search-button__button pst-js-only" title="Search" \
aria-label="Search" data-bs-placement="bottom">
<div id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar">
<i class="theme-switch fa-solid fa-sun" data-mode="light" title="Light"></i>
<button class="sidebar-toggle primary-toggle btn btn-sm" title="Toggle primary sidebar" x>
<button title="Fullscreen mode">
<div class="citation" id="id2" role="doc-biblioentry">
"""


def test_a_page_is_mended():
    mended = extension().mend(PAGE)
    assert "fontawesome.js" not in mended
    assert 'title="Search"' not in mended
    assert 'id="pst-primary-sidebar" role="navigation" aria-label="Book"' in mended
    assert "doc-biblioentry" not in mended
    assert 'aria-label="Full screen"' in mended
    assert 'aria-label="Show or hide the primary sidebar"' in mended


def test_mathjax_stays_where_there_is_a_formula():
    script = (
        "<script>window.MathJax = {}</script>\n"
        '<script defer="defer" src="_static/mathjax/tex-chtml.js?v=1"></script>'
    )
    mend = extension().mend
    assert "tex-chtml.js" not in mend(PAGE + script)
    assert "tex-chtml.js" in mend(PAGE + script + '<span class="math notranslate">x</span>')


def test_mending_twice_is_mending_once():
    once = extension().mend(PAGE)
    assert extension().mend(once) == once


def test_a_changed_theme_is_noticed():
    with pytest.raises(ValueError, match="nothing to mend any more"):
        extension().mend(PAGE.replace("pst-primary-sidebar", "another-sidebar"))
