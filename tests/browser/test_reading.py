"""Reading with a keyboard, on a phone, in the dark: what a reader does, done by the browser."""

from __future__ import annotations

import pytest
from visit import DESK, PHONE

pytestmark = pytest.mark.browser

FOCUSED = """() => {
  const el = document.activeElement, style = getComputedStyle(el);
  return {name: (el.getAttribute('aria-label') || el.textContent || el.tagName).trim().slice(0, 40),
          outline: style.outlineStyle, width: parseFloat(style.outlineWidth),
          shadow: style.boxShadow, tag: el.tagName};
}"""


@pytest.fixture
def reader(visitor, address, site):
    """The page of the book that is read, as `with reader(page) as tab`."""
    from contextlib import contextmanager

    @contextmanager
    def opened(page, size=DESK):
        with visitor.opened(address, page, site) as (_, tab):
            tab.set_viewport_size(size)
            yield tab

    return opened


def test_first_tab_skips_to_the_text(reader):
    with reader("how_to_use.html") as tab:
        tab.keyboard.press("Tab")
        assert tab.evaluate(FOCUSED)["name"] == "Skip to main content"
        tab.keyboard.press("Enter")
        tab.wait_for_function("location.hash === '#main-content'")


def test_focus_can_be_seen(reader):
    with reader("how_to_use.html") as tab:
        seen = []
        for _ in range(25):
            tab.keyboard.press("Tab")
            seen.append(tab.evaluate(FOCUSED))
        assert len({one["name"] for one in seen}) > 8
        unseen = [
            one["name"]
            for one in seen
            if one["tag"] != "BODY"
            and (one["outline"] == "none" or one["width"] < 1)
            and one["shadow"] == "none"
        ]
        assert unseen == []


def test_theme_switch_works_and_is_kept(reader):
    with reader("intro.html") as tab:
        switch = tab.get_by_role("button", name="Color mode")
        modes = set()
        for _ in range(3):
            switch.click()
            modes.add(tab.evaluate("document.documentElement.dataset.mode"))
        assert modes == {"light", "dark", "auto"}
        while tab.evaluate("document.documentElement.dataset.mode") != "dark":
            switch.click()
        tab.reload()
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark"


def test_first_visit_follows_the_readers_system(browser, address):
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        tab = context.new_page()
        tab.goto(f"{address}/intro.html")
        assert tab.evaluate("document.documentElement.dataset.theme") == scheme
        context.close()


def test_contents_open_on_a_phone(reader):
    with reader("how_to_use.html", PHONE) as tab:
        tab.get_by_role("button", name="Show or hide the primary sidebar").click()
        link = tab.locator("a.reference.internal", has_text="Glossary").first
        link.wait_for(state="visible")
        link.click()
        tab.wait_for_url("**/reference/glossary.html")


def test_search_finds_a_term(reader):
    with reader("search.html?q=lymphodepletion") as tab:
        tab.wait_for_selector("#search-results li a", timeout=10_000)
        tab.wait_for_function(
            "() => [...document.querySelectorAll('#search-results li a')]"
            ".some((link) => link.getAttribute('href').includes('glossary'))",
            timeout=10_000,
        )


def test_wide_code_is_reached_by_keyboard(reader):
    with reader("how_to_use.html", PHONE) as tab:
        tab.evaluate("window.dispatchEvent(new Event('resize'))")
        tab.wait_for_function(
            """() => [...document.querySelectorAll('.bd-article pre')]
                 .filter(p => p.scrollWidth > p.clientWidth + 1).every(p => p.tabIndex === 0)"""
        )
        assert tab.evaluate(
            "[...document.querySelectorAll('.bd-article pre')]"
            ".some(p => p.scrollWidth > p.clientWidth + 1)"
        ), "the page has no wide code any more; take another page for this test"


def test_hints_open_without_a_script(browser, address, site):
    """Hints and solutions are plain <details>: with JavaScript off they still open."""
    from visit import pages

    folded = [p for p in pages(site) if "<details" in (site / p).read_text(encoding="utf-8")]
    if not folded:
        assert not any(p[0].isdigit() for p in pages(site)), "chapters without an exercise"
        pytest.skip("the book has no chapter yet")
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    tab = context.new_page()
    tab.goto(f"{address}/{folded[0]}")
    box = tab.locator("article details").first
    inside = box.locator(":scope > *:not(summary)").first
    assert not inside.is_visible()
    box.locator("summary").click()
    assert inside.is_visible()
    context.close()
