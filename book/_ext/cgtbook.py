"""What the book needs beyond Jupyter Book and its theme.

- No thebe: its script is added to every page, wants another host and throws an error.
- One repository address: while `repository.url` in `_config.yml` is empty there is no repository,
  issue or launch button; once it is set there are all three.
- Every notebook page says how to start that notebook on the reader's own machine.
- A page with a live figure loads the figures' script and style, one with exercises theirs.
- The finished pages are mended where the theme gets accessibility or weight wrong (`mend`).
- The role {status}`published` shows the status of a number as a badge.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxRole

BINDER = "https://mybinder.org"
STATUSES = ("published", "transcribed", "derived", "teaching value", "ambiguous")


# --- one repository address -----------------------------------------------------------------


def repository_options(options: dict[str, Any]) -> dict[str, Any]:
    """Theme options with every button that needs the repository's address, or with none."""
    options = dict(options)
    url = (options.get("repository_url") or "").strip().rstrip("/")
    options["repository_url"] = url
    options["use_repository_button"] = bool(url)
    options["use_issues_button"] = bool(url)
    options["use_edit_page_button"] = False
    options["launch_buttons"] = (
        {"notebook_interface": "jupyterlab", "binderhub_url": BINDER} if url else {}
    )
    return options


def set_theme_options(app, config) -> None:
    options = repository_options(config.html_theme_options)
    options["primary_sidebar_end"] = []  # the theme's place for advertisements
    options["navbar_persistent"] = []  # a second search field above the first
    config.html_theme_options = options


# --- no thebe -------------------------------------------------------------------------------


def drop_thebe(app) -> None:
    """Unhook sphinx-thebe, which Jupyter Book always loads, and forget its style sheet."""
    for listeners in app.events.listeners.values():
        listeners[:] = [
            one for one in listeners if not one.handler.__module__.startswith("sphinx_thebe")
        ]
    app.registry.css_files[:] = [
        entry for entry in app.registry.css_files if "thebe" not in entry[0]
    ]


# --- how to start a notebook ----------------------------------------------------------------


def start_line(pagename: str) -> str:
    """The line under a notebook's title: how to open it and its exercises on one's own machine."""
    return (
        '<p class="start-locally">To run this page, type <code>python3 course.py learn</code> '
        "(Windows: <code>py course.py learn</code>) in the course's folder and open "
        f"<code>book/{pagename}.ipynb</code>. "
        f"Its exercises are in <code>exercises/{pagename}.ipynb</code>.</p>"
    )


def add_start_line(app, pagename, templatename, context, doctree) -> None:
    if doctree is None or not app.env.doc2path(pagename).endswith(".ipynb"):
        return
    context["body"] = context["body"].replace("</h1>", "</h1>\n" + start_line(pagename), 1)


# --- live figures and exercises --------------------------------------------------------------

SCRIPTS = {'class="cgt-live': "cgtlive", 'class="cgt-far': "cgtexercises"}


def add_scripts(app, pagename, templatename, context, doctree) -> None:
    """Script and style of the live figures and of the exercises, once, on pages that have some."""
    for mark, name in SCRIPTS.items():
        if mark in (context.get("body") or ""):
            app.add_css_file(f"{name}.css")
            app.add_js_file(f"{name}.js", loading_method="defer")


# --- mending the finished pages -------------------------------------------------------------

MENDED = '<meta name="generator" content="cgtbook"/>'

# (what it does, pattern, replacement, must it be found on every page)
MENDS: tuple[tuple[str, str, str, bool], ...] = (
    (
        "icons come from the theme's font; its script does the same again with 1.5 MB",
        r'<script defer src="[^"]*fontawesome\.js[^"]*"></script>',
        "",
        True,
    ),
    (
        "the search index is needed on the search page alone",
        r'(?s)<script src="[^"]*_static/searchtools\.js"></script>\s*'
        r'<script src="[^"]*_static/language_data\.js"></script>\s*'
        r'<script src="[^"]*searchindex\.js"></script>(?!.*id="search-results")',
        "",
        False,
    ),
    (
        "MathJax is for pages with a formula; Sphinx gives it to every page above one as well",
        r"(?s)<script>window\.MathJax = [^<]*</script>\s*"
        r'<script [^>]*tex-chtml\.js[^>]*></script>(?!.*class="math )',
        "",
        False,
    ),
    (
        "a search button that shows its name needs no other name",
        r'(<button class="btn search-button-field [^>]*?) title="Search" aria-label="Search"',
        r"\1",
        True,
    ),
    (
        "the sidebar is a landmark, and has a name",
        r'<div id="pst-primary-sidebar" class="',
        r'<div id="pst-primary-sidebar" role="navigation" aria-label="Book" class="',
        True,
    ),
    (
        "an icon inside a named button is silent",
        r'(<i class="theme-switch [^>]*?) title="[^"]*"></i>',
        r'\1 aria-hidden="true"></i>',
        True,
    ),
    (
        "an icon inside a titled button is silent, and the title is the button's name",
        r'<button class="(sidebar-toggle [^"]*)" title="Toggle (primary|secondary) sidebar"',
        r'<button class="\1" aria-label="Show or hide the \2 sidebar"',
        True,
    ),
    (
        "the first visit follows the reader's system, before anything is drawn",
        r'document\.documentElement\.dataset\.mode = localStorage\.getItem\("mode"\) \|\| "";\s*'
        r'document\.documentElement\.dataset\.theme = localStorage\.getItem\("theme"\) \|\| "";',
        'document.documentElement.dataset.mode = localStorage.getItem("mode") || "auto"; '
        'document.documentElement.dataset.theme = localStorage.getItem("theme") || '
        '(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");',
        True,
    ),
    (
        "an entry of a list is a list item; the role that docutils gives is no longer one",
        r'role="doc-biblioentry"',
        'role="listitem"',
        False,
    ),
    (
        "names, operators, punctuation and blanks in code have the colour of their block; an "
        "element for each is a third of a page's weight",
        r'<span class="(?:n|o|p|w|nn)">([^<]*)</span>',
        r"\1",
        False,
    ),
    (
        "the full-screen button has a name",
        r'title="Fullscreen mode"',
        r'title="Full screen" aria-label="Full screen"',
        True,
    ),
)


def mend(html: str) -> str:
    """A page of the theme, mended. A page that is already mended comes back unchanged.

    Raises
    ------
    ValueError
        When something that must be mended is not found: the theme has changed, so look again
        whether the mend is still needed.
    """
    if MENDED in html:
        return html
    for purpose, pattern, replacement, always in MENDS:
        html, count = re.subn(pattern, replacement, html)
        if always and not count:
            raise ValueError(f"nothing to mend any more: {purpose} ({pattern})")
    return html.replace("</title>", "</title>\n    " + MENDED, 1)


def mend_pages(app, exception) -> None:
    if exception is not None or app.builder.name != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*.html")):
        if "_static" in path.relative_to(app.outdir).parts:
            continue
        html = path.read_text(encoding="utf-8")
        if 'id="pst-primary-sidebar"' not in html:  # the redirect at index.html
            continue
        try:
            path.write_text(mend(html), encoding="utf-8")
        except ValueError as error:
            raise ExtensionError(f"{path.name}: {error}") from error


# --- the status of a number -----------------------------------------------------------------


def status_class(status: str) -> str:
    """CSS class of a status: 'teaching value' -> 'status-teaching-value'."""
    return "status-" + status.replace(" ", "-")


class StatusRole(SphinxRole):
    """{status}`published`: a badge. An unknown status is an error, not a badge."""

    def run(self):
        if self.text not in STATUSES:
            message = self.inliner.reporter.error(
                f"unknown status {self.text!r}; use one of {', '.join(STATUSES)}", line=self.lineno
            )
            return [], [message]
        badge = nodes.inline(self.rawtext, self.text, classes=["status", status_class(self.text)])
        return [badge], []


def setup(app) -> dict[str, Any]:
    drop_thebe(app)
    app.add_role("status", StatusRole())
    app.connect("config-inited", set_theme_options)
    app.connect("html-page-context", add_start_line)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", mend_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
