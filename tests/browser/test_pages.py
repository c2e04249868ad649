"""Every built page, in Chromium, with every other host cut off."""

from __future__ import annotations

import pytest
from links import broken_links
from visit import pages, site_folder

pytestmark = pytest.mark.browser

PAGES = pages(site_folder())

# What axe-core still finds and why it stays: "rule at selector" -> reason. Nothing else may be.
KNOWN: dict[str, str] = {}

OWN_LIMIT = 300_000  # bytes of HTML and our own scripts
LARGER = {"reference/ledger.html": 700_000}  # every number of the course in one searchable table
ALL_LIMIT = 1_000_000  # bytes of everything but fonts and pictures, compressed


def test_there_is_a_book(site):
    assert "intro.html" in pages(site)
    assert len(pages(site)) >= 4


@pytest.mark.parametrize("page", PAGES)
def test_asks_no_other_host(over_http, page):
    assert over_http(page).foreign == []


@pytest.mark.parametrize("page", PAGES)
def test_runs_without_an_error(over_http, page):
    assert over_http(page).errors == []


@pytest.mark.parametrize("page", PAGES)
def test_finds_its_own_files(over_http, page):
    assert over_http(page).failed == []


@pytest.mark.parametrize("page", PAGES)
def test_pictures_have_alt_text_and_pixels(over_http, page):
    assert over_http(page).images == []


@pytest.mark.parametrize("page", PAGES)
def test_formulas_are_typeset(over_http, page):
    assert over_http(page).unset_maths == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("how", ["light", "dark", "phone"])
def test_axe_finds_nothing_new(over_http, page, how):
    assert [one for one in over_http(page).axe[how] if one not in KNOWN] == []


@pytest.mark.parametrize("page", PAGES)
def test_fits_a_phone(over_http, page):
    assert over_http(page).too_wide == []


@pytest.mark.parametrize("page", PAGES)
def test_is_light(over_http, page):
    visit = over_http(page)
    assert visit.own_weight < LARGER.get(page, OWN_LIMIT)
    assert visit.weight < ALL_LIMIT


@pytest.mark.parametrize("page", PAGES)
def test_works_as_a_file(from_disk, page):
    visit = from_disk(page)
    assert visit.foreign == []
    assert visit.errors == []
    assert visit.failed == []
    assert visit.images == []
    assert visit.unset_maths == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(site, page):
    assert broken_links(site, page) == []
