"""A page with a fault must be called faulty: each check is shown a page that it has to refuse."""

from __future__ import annotations

import base64

import pytest
from links import broken_links
from visit import served

pytestmark = pytest.mark.browser

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body><main><h1>A page</h1><p>Text.</p>{body}</main></body></html>"""

DOT = (
    "data:image/png;base64,"
    + base64.b64encode(
        base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
        )
    ).decode()
)

FAULTS = {
    "another host": ('<script src="https://example.org/x.js"></script>', "", "foreign"),
    "another host's picture": ("", '<img alt="x" src="http://example.org/x.png">', "foreign"),
    "a script's error": ("<script>undefined_name();</script>", "", "errors"),
    "a console error": ("<script>console.error('no');</script>", "", "errors"),
    "a missing script": ('<script src="gone.js"></script>', "", "failed"),
    "no alt text": ("", f'<img src="{DOT}">', "images"),
    "empty alt text": ("", f'<img src="{DOT}" alt=" ">', "images"),
    "a picture that is not there": ("", '<img src="gone.png" alt="A curve.">', "images"),
    "a formula left as TeX": (
        "<script>window.MathJax = {startup: {promise: Promise.resolve()}};</script>",
        '<span class="math">\\(x\\)</span>',
        "unset_maths",
    ),
    "too wide": ("", '<div style="width: 500px">wide</div>', "too_wide"),
}


def look(visitor, folder, head="", body="", thorough=True):
    (folder / "page.html").write_text(PAGE.format(head=head, body=body), encoding="utf-8")
    with served(folder) as home:
        return visitor.visit(home, "page.html", folder, thorough=thorough)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "favicon.ico").write_bytes(b"")
    return tmp_path


def test_a_good_page_passes(visitor, folder):
    visit = look(visitor, folder, body=f'<img src="{DOT}" alt="A dot, 1 pixel wide.">')
    assert visit.errors == visit.foreign == visit.failed == visit.images == []
    assert visit.unset_maths == visit.too_wide == []
    assert visit.axe == {"light": [], "dark": [], "phone": []}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(visitor, folder, fault):
    head, body, where = FAULTS[fault]
    assert getattr(look(visitor, folder, head, body), where) != []


def test_axe_sees_pale_text(visitor, folder):
    visit = look(visitor, folder, body='<p style="color: #ccc; background: #fff">pale</p>')
    for theme in ("light", "dark"):
        assert any("color-contrast" in one for one in visit.axe[theme])


def test_axe_sees_a_nameless_field(visitor, folder):
    visit = look(visitor, folder, body="<input>")
    for theme in ("light", "phone"):
        assert any("label" in one for one in visit.axe[theme])


def test_axe_sees_what_is_wrong_in_the_dark_only(visitor, folder):
    style = "<style>[data-theme=dark] p { color: #333; background: #222; }</style>"
    visit = look(visitor, folder, head=style)
    assert visit.axe["light"] == []
    assert visit.axe["dark"] != []


def test_a_heavy_page_is_weighed(visitor, folder):
    visit = look(visitor, folder, body="<p>" + "abcdefg " * 50_000 + "</p>", thorough=False)
    assert visit.own_weight > 400_000


@pytest.mark.parametrize("link", ["gone.html", "page.html#nowhere", "#nowhere", "a/b.html"])
def test_a_broken_link_is_seen(folder, link):
    page = PAGE.format(head="", body=f'<a href="{link}">x</a>')
    (folder / "page.html").write_text(page, encoding="utf-8")
    assert len(broken_links(folder, "page.html")) == 1


def test_good_links_pass(folder):
    body = '<h2 id="here">x</h2><a href="#here">x</a><a href="https://example.org/">y</a>'
    (folder / "page.html").write_text(PAGE.format(head="", body=body), encoding="utf-8")
    assert broken_links(folder, "page.html") == []
