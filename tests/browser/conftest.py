"""One browser and one server for all browser tests; each page is loaded once."""

from __future__ import annotations

import pytest
from visit import FLAGS, Visitor, served, site_folder

import course

NO_SITE = "No built book at {site}. Build it first: python3 course.py book"


@pytest.fixture(scope="session")
def site():
    folder = site_folder()
    if not (folder / "intro.html").is_file():
        pytest.fail(NO_SITE.format(site=folder), pytrace=False)
    return folder


@pytest.fixture(scope="session")
def browser():
    program = course.find_browser()
    if program is None:
        pytest.fail(f"No browser found. Install one: {course.browser_advice()}", pytrace=False)
    with _playwright().sync_playwright() as play:
        running = play.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


def _playwright():
    try:
        import playwright.sync_api as sync_api
    except ImportError:
        pytest.fail("playwright is missing: python3 course.py test installs it", pytrace=False)
    return sync_api


@pytest.fixture(scope="session")
def visitor(browser):
    return Visitor(browser)


@pytest.fixture(scope="session")
def address(site):
    with served(site) as home:
        yield home


@pytest.fixture(scope="session")
def over_http(site, address, visitor):
    """page -> Visit over http, thorough, each page loaded once."""
    seen = {}

    def visit(page):
        if page not in seen:
            seen[page] = visitor.visit(address, page, site)
        return seen[page]

    return visit


@pytest.fixture(scope="session")
def from_disk(site, visitor):
    """page -> Visit of the file itself, as a reader opens it from a folder."""
    seen = {}

    def visit(page):
        if page not in seen:
            seen[page] = visitor.visit(site.as_uri(), page, site, thorough=False)
        return seen[page]

    return visit
