"""The instructor's kit in Chromium: decks open from disk, slides fit, answers are saved."""

from __future__ import annotations

import json

import pytest

from tools import ROOT
from tools.kit import items

pytestmark = pytest.mark.browser

KIT = ROOT / "build" / "kit"
NO_KIT = "No kit. Build it first: python3 course.py book --instructor"


@pytest.fixture(scope="module")
def kit():
    if not (KIT / "slides" / "index.html").is_file():
        pytest.fail(NO_KIT, pytrace=False)
    return KIT


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    found = context.new_page()
    found.errors, found.asked = [], []
    found.on("pageerror", lambda error: found.errors.append(str(error)))
    found.on("requestfailed", lambda request: found.errors.append(request.url))
    found.on("request", lambda request: found.asked.append(request.url))
    yield found
    context.close()


def test_every_deck_opens_offline_and_its_slides_fit(kit, page):
    decks = sorted((kit / "slides").glob("[0-9]*.html"))
    assert len(decks) >= 7
    for deck in decks:
        page.goto(deck.as_uri())
        page.wait_for_function("window.Reveal && Reveal.isReady() && window.MathJax.startup")
        page.evaluate("MathJax.startup.promise")
        total = page.evaluate("Reveal.getTotalSlides()")
        assert total > 8, deck.name
        for number in range(total):
            height, title = page.evaluate(
                "(() => { const s = Reveal.getCurrentSlide(); const h = s.querySelector('h1, h2');"
                " return [s.scrollHeight, h ? h.innerText : '']; })()"
            )
            assert height <= 720, f"{deck.name}, slide {number + 1}, {title}: {height} px"
            cut = page.evaluate(
                "[...Reveal.getCurrentSlide().querySelectorAll('pre')]"
                ".some(pre => pre.scrollWidth > pre.clientWidth)"
            )
            assert not cut, f"{deck.name}, slide {number + 1}, {title}: a line is cut"
            page.keyboard.press("Space")
        assert not page.evaluate("document.body.innerText.includes('\\\\(')"), deck.name
    assert not page.errors
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.asked)


def test_the_test_is_answered_by_keyboard_and_saved(kit, page, tmp_path):
    asked = items.read()
    page.goto((kit / "tests" / "before.html").as_uri())
    page.keyboard.press("Tab")
    page.keyboard.type("Blue Door")
    for _ in {item["chapter"] for item in asked}:
        page.keyboard.press("Tab")  # a chapter of the course, which stays ticked
    for _ in asked:
        page.keyboard.press("Tab")
        page.keyboard.press("Space")  # the first option
    page.keyboard.press("Tab")
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "before-blue-door.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    first = {item["id"]: next(iter(item["before"]["options"])) for item in asked}
    assert content["answers"] == first
    found, lines = items.collect(tmp_path, asked)
    assert [one.word for one in found] == ["blue door"] and not lines
    assert f"{len(asked)} of {len(asked)} answered" in page.inner_text("#said")
    assert not page.errors


def test_an_answer_can_be_taken_back_and_is_not_lost_by_a_slip(kit, page):
    asked = items.read()
    page.goto((kit / "tests" / "after.html").as_uri())
    first = f"input[name={asked[0]['id']}]"
    page.locator(first).first.check()
    assert page.inner_text("#said") == f"1 of {len(asked)} answered"
    questions = []
    page.on("dialog", lambda dialog: (questions.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)  # asks, and stays as the answer is no
    page.wait_for_timeout(500)
    assert questions == ["beforeunload"]
    page.locator(first).last.check()
    assert page.inner_text("#said") == f"0 of {len(asked)} answered"


def test_answers_are_not_cleared_without_a_question(kit, page):
    page.goto((kit / "tests" / "after.html").as_uri())
    page.fill("#word", "blue door")
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.click("button[type=reset]")
    assert page.input_value("#word") == "blue door"
