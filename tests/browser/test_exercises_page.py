"""Exercises answered on a page, in Chromium: the judge against Python's, and what a reader does.

The script's judge is given every listed answer of every exercise of the course and 200 random ones
for each, beside exercises made here for what the course does not use yet. Status, message and
misconceptions must be Python's own.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from contextlib import contextmanager

import numpy as np
import pytest
from visit import _AXE, _THEME, _WIDE, ALL_RULES, AXE, COLOURS, DESK, PHONE, served

from cgtlearn.exercises import authoring, slips, store
from cgtlearn.exercises.authoring import array, choice, number, order, slip
from cgtlearn.exercises.judging import format_number, judge
from tools import forms
from tools.minify import minify

pytestmark = pytest.mark.browser

RANDOM_ANSWERS = 200
SECTION = """<section id="{anchor}"><h2>{id} · {title}</h2><p>The statement.</p>{listing}{place}
<details><summary>Hint 1</summary><p>First step.</p></details>
<details><summary>Hint 2</summary><p>Second step.</p></details>
<details><summary>Worked solution</summary><p>How it goes.</p></details></section>"""
PAGE = """<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<title>Exercises</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="cgtbook.css">
<link rel="stylesheet" href="cgtexercises.css"><script defer src="cgtexercises.js"></script>
<style>body {{ font-family: sans-serif; }}
html[data-theme="dark"] body {{ background: #121212; color: #ccc; }}
html[data-theme="dark"] a {{ color: #8ec5ff; }}</style>
</head><body><main class="bd-article"><h1>Exercises</h1>{head}{sections}</main></body></html>"""


def made(id, kind, answer, wrong):
    """An exercise compiled from a spec alone."""
    authoring.collect()
    hints = ["Look at the first step.", "Look at the second step."]
    authoring.exercise(
        id,
        kind=kind,
        level=1,
        minutes=1,
        title="Made here",
        answer=answer,
        wrong=wrong,
        hints=hints,
    )
    return {**authoring.collect()[0], "notebook": "99_sample/01_sample"}


def workshop():
    """Exercises for what the course may use and for what is hard to judge."""
    say = "You took the wrong one, as is often done."
    lines = {"A": "`first`", "B": "second", "C": "third", "D": "not at all"}
    return [
        made(
            "99.1", "predict", number(0.725850724259, unit="d", rtol=0.01, when_right="Well."),
            [slip(0.9332, "forgot-lag", say), slip(9.64, "total-for-rate", say, "Divide.")],
        ),
        made(
            "99.2", "choose",
            choice({"a": "the *first*, x < 1", "b": "the second"}, "b", when_right="Yes."),
            [slip("a", "reading", say)],
        ),
        made(
            "99.3", "order", order(lines, ["B", "A", "C"], also=[["B", "C", "A"]]),
            [slip(["A", "B", "C"], "reading", say)],
        ),
        made(
            "99.4", "fill-in", array([39.4139765, 67.9915134], unit="%", rtol=0.01),
            [slip([38.0, 61.644], "cv-for-sd", say)],
        ),
        made("99.5", "predict", number(0.25, rtol=0.02), [slip(0.5, "reading", say)]),
        made(
            "99.6", "predict", number(-12345.678, unit="1", rtol=0, atol=0.5),
            [slip(12345.678, "sign", say, "Look at the sign.")],
        ),
        made(
            "99.7", "predict", number(0.0, unit="mg", atol=0.1), [slip(1.5, "reading", say)]
        ),
        made(
            "99.8", "predict", number(3e-7, unit="", rtol=0.02, shared_slips=False),
            [slip(3e-4, "prefix-1000", say)],
        ),
        made("99.9", "order", order({k: k * 2 for k in "pqrs"}, list("srqp")),
             [slip(list("rsqp"), "reading", say)]),
        made(
            "99.12", "explain",
            authoring.text(
                [
                    authoring.idea("the limit is unknown", ["limit unknown|censor*", "below limit"],
                                   "Say what is known of such a value."),
                    authoring.idea("the bias", ["bias*", "too low|high"], "Say what it does here."),
                    authoring.idea("not zero", ["not zero"], "Say which number it is not."),
                ],
                "The value below the limit is unknown and not zero, so the mean is biased.",
                needed=2, when_right="Fine.",
            ),
            [slip("It is just zero and that is how it is in the end.", "blq-as-zero", say)
             | {"patterns": ["is just|simply zero", "is zero"]},
             slip("We can take the limit itself for it in all cases.", "blq-as-lloq", say, "Look.")
             | {"patterns": ["take limit"]}],
        ),
        made("99.10", "predict", array([0.2, 0.5, 0.9], rtol=0.02),
             [slip([2.0, 5.0, 9.0], "reading", say)]),
    ]  # fmt: skip


def course():
    return [one for one in store.exercises().values() if forms.on_page(one)]


# --- the judge ----------------------------------------------------------------------------------


def numbers_to_try(exercise, rng):
    """Wrong numbers a learner may give: slips, pairs of slips, near misses, anything."""
    spec = exercise["answer"]
    right = np.ravel(spec["value"]).astype(float)
    listed = [np.ravel(entry["answer"]).astype(float) for entry in exercise["wrong"]]
    found = [right, -right, right / 100, 0 * right, *listed]
    found += [one * 100 for one in listed]
    found += [right * factor for factor in (0.5001, 0.6, 0.94, 0.96, 1.04, 1.06, 1.9, 2.1, 9, 11)]
    transforms = [t for one in slips.SLIPS.values() for t in one.transforms]
    found += [slips.apply(transform, right) for transform in transforms]
    factors = [constant for operation, constant in transforms if operation == "multiply"]
    for start in [*listed, *(slips.apply(t, right) for t in transforms)]:
        found += [start * factor for factor in rng.choice(factors, 2)]
    for bad in (math.nan, math.inf, -math.inf):
        one = right.copy()
        one[-1] = bad
        found.append(one)
    for _ in range(RANDOM_ANSWERS):
        kind = rng.integers(4)
        base = right if kind else np.ones_like(right)
        spread = (6.0, 1.5, 0.05, 0.01)[kind]
        some = base * np.exp(rng.normal(0, spread, right.shape)) * rng.choice([1, 1, 1, -1])
        if rng.random() < 0.3:  # as people type
            some = np.array([float(f"{x:.{rng.integers(1, 5)}g}") for x in some])
        if rng.random() < 0.3 and right.size > 1:
            some[rng.integers(right.size)] = right[0]
        found.append(some)
    return [one.tolist() if spec["type"] == "array" else float(one[0]) for one in found]


PIECES = (
    "the value; below; the limit; is; is not; isn\u2019t; unknown; censored; not zero; zero; so; "
    "just zero; the mean; biased; bia\u0301sed; too; very; low; HIGH.; a, b and c; We; take; can; "
    "cannot; it itself; never; for all of them; in.between; 50 %; \n\n; hardly; was; ! ; e.g."
).split("; ")


def texts_to_try(exercise, rng):
    """Sentences put together from pieces of right and wrong ones."""
    model = exercise["answer"]["model"]
    found = [model, "x", "one two three four five six seven eight nine", "the a of to " * 5001]
    found += [entry["answer"] for entry in exercise["wrong"] if isinstance(entry["answer"], str)]
    for _ in range(RANDOM_ANSWERS):
        found.append(" ".join(rng.choice(PIECES, rng.integers(3, 30))))
        kept = [word for word in model.split() if rng.random() < 0.9]
        found.append(" ".join(kept))
    return found


def answers_to_try(exercise, rng):
    spec = exercise["answer"]
    if spec["type"] == "text":
        return texts_to_try(exercise, rng)
    if spec["type"] == "choice":
        return list(spec["options"])
    if spec["type"] == "order":
        keys = list(spec["lines"])
        every = [
            list(one)
            for size in range(1, len(keys) + 1)
            for one in itertools.permutations(keys, size)
        ]
        chosen = rng.choice(len(every), min(RANDOM_ANSWERS, len(every)), replace=False)
        picked = [every[i] for i in chosen]
        return [spec["right"], *spec["also"], *(e["answer"] for e in exercise["wrong"]), *picked]
    return numbers_to_try(exercise, rng)


def sent(answer):
    """An answer as text that JavaScript reads to the same number."""
    if isinstance(answer, list):
        return [sent(one) for one in answer]
    if isinstance(answer, float):
        return {"number": repr(answer).replace("inf", "Infinity").replace("nan", "NaN")}
    return answer


_JUDGE = """([cases, slips]) => {
  const read = (one) => Array.isArray(one) ? one.map(read)
    : one && typeof one === 'object' ? Number(one.number) : one;
  return cases.map(([exercise, answers]) => answers.map((answer) => {
    const verdict = window.cgtExercises.judge(exercise, read(answer), slips);
    return [verdict.status, verdict.message, verdict.misconceptions];
  }));
}"""


@pytest.mark.parametrize("which", [course, workshop])
def test_the_pages_judge_is_pythons(page, which):
    rng = np.random.default_rng(6)
    cases = [(one, answers_to_try(one, rng)) for one in which()]
    table = forms.needed_slips([one for one, _ in cases])
    kept = [{field: one[field] for field in forms.FIELDS} for one, _ in cases]
    asked = [(short, sent(answers)) for short, (_, answers) in zip(kept, cases, strict=True)]
    told = page.evaluate(_JUDGE, [asked, json.loads(forms.data(table))])
    differ, statuses, kinds = [], set(), set()
    for (exercise, answers), verdicts in zip(cases, told, strict=True):
        assert {"right", "wrong"} <= {status for status, *_ in verdicts}, exercise["id"]
        for answer, found in zip(answers, verdicts, strict=True):
            verdict = judge(exercise, answer)
            wanted = [verdict.status, verdict.message, list(verdict.misconceptions)]
            statuses.add(verdict.status)
            kinds.add(len(verdict.misconceptions))
            if found != wanted:
                differ.append((exercise["id"], answer, found, wanted))
    assert differ[:5] == []
    assert {"right", "wrong", "invalid"} <= statuses
    assert kinds == {0, 1, 2}


def test_numbers_are_written_as_python_writes_them(page):
    rng = np.random.default_rng(4)
    values = [0.0, -0.0, 1.0, 1000.0, 999.95, 9999.5, 12345.0, 12355.0, 2.5, 0.00012345, 1e-5, 1e10]
    values += [0.5, 1234.5, 1235.5, -98765.4321, 9999999999.0, 1e300, 5e-324, 0.1, 0.30000000000004]
    values += [float(f"{x:.5g}") for x in 10.0 ** rng.uniform(-7, 12, 2000)]
    values += (rng.integers(0, 200000, 2000) / 2).tolist()
    written = page.evaluate("v => v.map(window.cgtExercises.formatNumber)", values)
    assert [(v, w) for v, w in zip(values, written, strict=True) if w != format_number(v)] == []


READ = {
    "0.73": 0.73, " 12 ": 12, "1e-3": 1e-3, "1E+3": 1e3, "-4": -4, "\u22124": -4, "+.5": 0.5,
    "5.": 5, "2.5e\u22123": 2.5e-3, "007": 7,
}  # fmt: skip
ASKED = {
    "1,000": "1000 or 1.000", "-1,000": "-1000 or -1.000", "0,73": "more than one way",
    "1,234,567": "more than one way", "1.000.000": "more than one way", "12 000": "more than one",
    "12'000": "more than one", "1_000": "more than one", "0.73 d": "Type the number alone",
    "30 %": "more than a number", "abc": "not a number", "e5": "not a number", "--4": "not",
    "1e": "not a number", "1/3": "more than a number", "1e999": "too large", "NaN": "not a number",
    "Infinity": "not a number", "0x10": "more than a number", "1 2": "more than one way",
}  # fmt: skip


def test_a_number_is_read_or_asked_about_never_guessed(page):
    read = page.evaluate("t => t.map(x => window.cgtExercises.readNumber(x, 'd'))", list(READ))
    assert read == [{"value": value} for value in READ.values()]
    asked = page.evaluate("t => t.map(x => window.cgtExercises.readNumber(x, 'd'))", list(ASKED))
    for (typed, words), found in zip(ASKED.items(), asked, strict=True):
        assert list(found) == ["ask"], typed
        assert words in found["ask"], typed
    nothing = page.evaluate("['', '  ', '?', '...'].map(x => window.cgtExercises.readNumber(x))")
    assert nothing == [{}] * 4


# --- a page -------------------------------------------------------------------------------------


def listing(exercise):
    texts = exercise["answer"].get("options") or exercise["answer"].get("lines") or {}
    items = (
        f"<li><p><strong>{key}</strong> · <em>{text.replace('<', '&lt;')}</em></p></li>"
        for key, text in texts.items()
    )
    return f"<ul>{''.join(items)}</ul>" if texts else ""


@pytest.fixture(scope="session")
def exercise_site(tmp_path_factory):
    """A page with the workshop's exercises, as the book's pages hold them, and an overview."""
    folder = tmp_path_factory.mktemp("exercises")
    every = workshop()
    function = authoring.function(lambda x: 2 * x, probes=[1.0])
    code = made("99.11", "fill-in", function, [slip(lambda x: x, "reading", "You forgot the two.")])
    sections = "".join(
        SECTION.format(
            anchor=forms.anchor(one), id=one["id"], title=one["title"], listing=listing(one),
            place=forms.place(one),
        )
        for one in [*every, code]
    )  # fmt: skip
    # The book renders this link; here its text stands.
    sections = re.sub(r"\[([^]]+)\]\(path:[^)]+\)", r"\1", sections)
    links = [(one["id"], f"page.html#{forms.anchor(one)}") for one in [*every, code]]
    table = forms.data(forms.needed_slips(every))
    head = (
        forms.far("This page", links)
        + forms.tools()
        + f'<script type="application/json" class="cgt-slips">{table}</script>'
    )
    overview = forms.far("The whole course", links) + forms.tools(everything=True)
    for name, top, rest in (("page.html", head, sections), ("overview.html", overview, "")):
        text = PAGE.format(head=top, sections=rest)
        (folder / name).write_text(text, encoding="utf-8")
    assets = forms.SCRIPT.parent
    script = minify(forms.SCRIPT.read_text(encoding="utf-8"))
    (folder / forms.SCRIPT.name).write_text(script, encoding="utf-8")
    for name in ("cgtbook.css", "cgtexercises.css"):
        (folder / name).write_bytes((assets / name).read_bytes())
    return folder


@pytest.fixture
def opened(browser, exercise_site):
    """A fresh reader's tab; any error of a script, or a request elsewhere, fails the test."""

    @contextmanager
    def open_tab(home, page="page.html", size=DESK, before="", **options):
        wrong = []
        context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
        if before:
            context.add_init_script(before)

        def gate(route):
            if route.request.url.startswith((home, "data:", "blob:")):
                route.continue_()
            else:
                wrong.append(f"asks {route.request.url}")
                route.abort()

        context.route("**/*", gate)
        tab = context.new_page()
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        try:
            tab.goto(f"{home}/{page}")
            yield tab
            assert wrong == []
        finally:
            context.close()

    return open_tab


@pytest.fixture(scope="session")
def home(exercise_site):
    with served(exercise_site) as address:
        yield address


@pytest.fixture
def page(opened, home):
    with opened(home) as tab:
        yield tab


def box(tab, id):
    return tab.locator(f'[data-exercise="{id}"]')


def said(tab, id, words):
    """Wait until the region that is read aloud holds these words; returns all it holds."""
    region = box(tab, id).get_by_role("status")
    tab.wait_for_function(
        "([id, words]) => document.querySelector(`[data-exercise='${id}'] [role=status]`)"
        ".textContent.includes(words)",
        arg=[id, words],
        timeout=3000,
    )
    return region.inner_text()


def kept(tab):
    return json.loads(tab.evaluate("localStorage.getItem('cgtlearn.exercises')") or "{}")


def answer(tab, id, *typed):
    fields = box(tab, id).get_by_role("textbox")
    for k, text in enumerate(typed):
        fields.nth(k).fill(text)
    fields.last.press("Enter")


def test_a_prediction_is_judged_and_announced(page):
    first = box(page, "99.1")
    field = first.get_by_role("textbox", name="Your prediction d", exact=True)
    assert first.get_by_role("status").inner_text() == ""
    field.fill("0.9332")
    field.press("Enter")
    text = said(page, "99.1", "You took the wrong one")
    assert text.startswith("Wrong. You gave 0.9332 d.")
    assert "tried · 1 try" in first.inner_text()
    field.fill("0.7259")
    first.get_by_role("button", name="Check").click()
    assert said(page, "99.1", "Well.") == "Right. You gave 0.7259 d. Well."
    entry = kept(page)["exercises"]["99.1"]
    assert entry["attempts"] == 2
    assert entry["status"] == "right"
    assert entry["misconceptions"] == ["forgot-lag"]
    assert [one["answer"] for one in entry["tries"]] == [0.9332, 0.7259]


def test_the_same_words_are_announced_again(page):
    page.evaluate("""() => {
      window.heard = [];
      const region = document.querySelector('[data-exercise="99.1"] [role=status]');
      new MutationObserver(() => window.heard.push(region.textContent))
        .observe(region, {childList: true});
    }""")
    answer(page, "99.1", "5.5555")
    said(page, "99.1", "No usual slip")
    answer(page, "99.1", "5.5555")
    page.wait_for_timeout(200)
    heard = page.evaluate("window.heard.filter((one) => one.includes('No usual slip')).length")
    assert heard == 2
    assert "Open hint 1 below for a first step." in said(page, "99.1", "No usual slip")


def test_an_unclear_number_is_asked_about_and_not_counted(page):
    answer(page, "99.1", "1,000")
    assert said(page, "99.1", "Which one?").startswith("Unclear.")
    field = box(page, "99.1").get_by_role("textbox")
    assert field.get_attribute("aria-invalid") == "true"
    described = field.get_attribute("aria-describedby")
    assert "1000 or 1.000" in page.locator(f"#{described}").inner_text()
    answer(page, "99.1", "")
    assert said(page, "99.1", "Give an answer").startswith("Not attempted.")
    answer(page, "99.4", "39.4", "")
    assert "Number 2 is missing" in said(page, "99.4", "missing")
    assert page.evaluate("document.activeElement.id") == "cgt-99-4-1"
    assert kept(page) == {}
    answer(page, "99.4", "39.4", "68")
    assert said(page, "99.4", "Right.")


def test_a_choice_is_made_with_the_pages_own_options(page):
    group = box(page, "99.2").get_by_role("group", name="Your choice")
    assert group.get_by_role("radio").count() == 2
    group.get_by_role("radio", name="a · the *first*, x < 1").check()
    assert group.locator("label em").count() == 2
    assert page.locator("#exercise-99-2 ul").count() == 0
    box(page, "99.2").get_by_role("button", name="Check").click()
    assert said(page, "99.2", 'You chose "a".').startswith("Wrong.")
    group.get_by_role("radio", name="b · the second").check()
    box(page, "99.2").get_by_role("button", name="Check").click()
    assert said(page, "99.2", "Yes.") == 'Right. You chose "b". Yes.'


def test_an_order_by_keyboard_alone(page):
    first = box(page, "99.3")
    first.get_by_role("button", name="Check").focus()
    page.keyboard.press("Enter")
    assert "Move the lines first" in said(page, "99.3", "Move the lines")
    first.get_by_role("button", name="Move B up").focus()
    page.keyboard.press("Enter")
    assert said(page, "99.3", "B is now 1 of 4.")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move B up"
    page.keyboard.press("Enter")
    assert said(page, "99.3", "B is first already.")
    first.get_by_role("button", name="Check").focus()
    page.keyboard.press("Enter")
    assert "in place; look at" in said(page, "99.3", "in place")
    away = first.get_by_role("button", name="leave out D")
    away.focus()
    page.keyboard.press("Space")
    assert away.get_attribute("aria-pressed") == "true"
    assert said(page, "99.3", "D is left out.")
    first.get_by_role("button", name="Check").focus()
    page.keyboard.press("Enter")
    assert said(page, "99.3", "Right.") == "Right. You gave B, A, C."
    away.click()
    assert said(page, "99.3", "D is now 4 of 4.")
    first.get_by_role("button", name="leave out A").click()
    first.get_by_role("button", name="Check").click()
    assert '"A" is missing' in said(page, "99.3", "is missing")


def test_an_explanation_is_read_for_its_ideas(page):
    place = box(page, "99.12")
    area = place.get_by_role("textbox", name="Your answer", exact=True)
    area.fill("The value is zero, as everybody can see in the table.")
    place.get_by_role("button", name="Check").click()
    assert said(page, "99.12", "wrong one").startswith("Wrong.")
    area.fill("The limit is unknown and so the mean is biased a bit.")
    place.get_by_role("button", name="Check").click()
    text = said(page, "99.12", "Found in your words: the limit is unknown; the bias. Fine.")
    assert text.startswith("Right.")
    assert "it cannot judge your prose" in text
    page.reload()
    assert area.input_value() == "The limit is unknown and so the mean is biased a bit."


def test_everything_is_reached_by_tab(page):
    """From the first link on, Tab meets each control once, in the order of the page."""
    seen = []
    for _ in range(400):
        page.keyboard.press("Tab")
        here = page.evaluate("""() => {
          const one = document.activeElement;
          if (one === document.body) return null;
          one.dataset.met = (Number(one.dataset.met) || 0) + 1;
          const style = getComputedStyle(one);
          const drawn = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
          return [one.dataset.met, drawn];
        }""")
        if here is None or here[0] != "1":
            break
        seen.append(here[1])
    missed = page.evaluate(
        "() => [...document.querySelectorAll('main a, main summary, main button, "
        "main input:not([type=radio])')]"
        ".filter((one) => one.offsetParent && !one.dataset.met).map((one) => one.outerHTML)"
    )
    assert missed == []
    assert all(seen)
    assert page.evaluate("document.querySelectorAll('[type=radio][data-met]').length") == 1


def test_code_is_sent_to_the_notebook(page):
    where = box(page, "99.11")
    assert "checked where code runs" in where.inner_text()
    assert where.locator("form").count() == 0


def test_a_solution_asks_for_a_try_first_and_opens_all_the_same(page):
    section = page.locator("#exercise-99-1")
    fold = section.locator("details").nth(2)
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert "Try it first" in said(page, "99.1", "Try it first")
    assert fold.get_attribute("open") is None
    assert "press again" in fold.locator("summary").inner_text()
    page.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None
    section.locator("details").nth(1).locator("summary").click()
    page.wait_for_timeout(100)
    entry = kept(page)["exercises"]["99.1"]
    assert entry == {"solution_seen": True, "hints": 2}
    answer(page, "99.5", "3")
    other = page.locator("#exercise-99-5 details").nth(2)
    other.locator("summary").click()
    assert other.get_attribute("open") is not None
    code = page.locator("#exercise-99-11 details").nth(2)
    code.locator("summary").click()
    assert code.get_attribute("open") is not None


def test_without_a_script_statement_hints_and_solution_stand(opened, home):
    with opened(home, java_script_enabled=False) as tab:
        for id in ("99.1", "99.2", "99.3"):
            assert "open without it" in box(tab, id).inner_text()
            fold = tab.locator(f"#exercise-{id.replace('.', '-')} details").nth(2)
            fold.locator("summary").click()
            assert fold.locator("p").is_visible()
        assert tab.locator("#exercise-99-2 ul li").count() == 2


def test_start_again_and_undo(page):
    first = box(page, "99.1")
    assert not first.get_by_role("button", name="Start again: 99.1").is_visible()
    answer(page, "99.1", "0.9332")
    said(page, "99.1", "Wrong.")
    answer(page, "99.5", "3")
    said(page, "99.5", "Wrong.")
    first.get_by_role("button", name="Start again: 99.1").click()
    assert said(page, "99.1", "open again") == "99.1 is open again. Undo brings 1 try back."
    assert page.evaluate("document.activeElement.textContent") == "Undo"
    assert first.get_by_role("textbox").input_value() == ""
    assert list(kept(page)["exercises"]) == ["99.5"]
    page.locator("#exercise-99-1 details").first.locator("summary").click()  # loses nothing
    page.wait_for_timeout(100)
    page.reload()
    undo = first.get_by_role("button", name="Undo: bring the tries of 99.1 back")
    undo.click()
    assert said(page, "99.1", "You gave 0.9332 d.")
    assert first.get_by_role("textbox").input_value() == "0.9332"
    assert kept(page)["exercises"]["99.1"]["attempts"] == 1
    assert kept(page)["removed"] == {}
    assert not undo.is_visible()


def test_answers_and_progress_are_there_after_a_reload(page, home):
    far = page.locator(".cgt-far")
    assert "0 of 12 right. Next: 99.1." in far.inner_text()
    answer(page, "99.1", "0.7259")
    said(page, "99.1", "Right.")
    box(page, "99.2").get_by_role("radio").first.check()
    box(page, "99.2").get_by_role("button", name="Check").click()
    said(page, "99.2", "Wrong.")
    first = box(page, "99.3")
    first.get_by_role("button", name="Move C up").click()
    first.get_by_role("button", name="leave out D").click()
    first.get_by_role("button", name="Check").click()
    said(page, "99.3", "You gave A, C, B.")
    assert "1 of 12 right, 2 tried. Next: 99.2." in far.inner_text()
    page.reload()
    assert "1 of 12 right, 2 tried" in far.inner_text()
    assert box(page, "99.1").get_by_role("textbox").input_value() == "0.7259"
    assert box(page, "99.2").get_by_role("radio").first.is_checked()
    keys = [one.strip() for one in first.locator("li strong").all_inner_texts()]
    assert keys == ["A", "C", "B", "D"]
    assert said(page, "99.3", "You gave A, C, B.")
    assert far.get_by_role("link", name=re.compile(r"99\.1 ?, right")).count() == 1
    page.goto(f"{home}/overview.html")
    assert "1 of 12 right, 2 tried" in page.locator(".cgt-far").inner_text()


def test_two_tabs_agree(page, home):
    other = page.context.new_page()
    other.goto(f"{home}/page.html")
    answer(page, "99.5", "0.25")
    said(page, "99.5", "Right.")
    other.wait_for_function(
        "document.querySelector('.cgt-far').textContent.includes('1 of 12 right')", timeout=3000
    )
    answer(other, "99.1", "0.7259")
    said(other, "99.1", "Right.")
    assert set(kept(page)["exercises"]) == {"99.5", "99.1"}


def saved(tab, folder):
    with tab.expect_download() as waiting:
        tab.get_by_role("button", name="Save my attempts as a file").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_attempts_are_saved_and_the_notebooks_read_the_file(page, tmp_path, monkeypatch):
    answer(page, "99.1", "0.9332")
    said(page, "99.1", "Wrong.")
    answer(page, "99.5", "0.25")
    said(page, "99.5", "Right.")
    path = saved(page, tmp_path)
    assert re.fullmatch(r"cgtlearn-attempts-\d{4}-\d\d-\d\d\.json", path.name)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["schema"] == 1
    assert document["exercises"]["99.5"]["status"] == "right"
    assert document["exercises"]["99.1"]["tries"][0]["answer"] == 0.9332
    monkeypatch.setenv("CGTLEARN_PROGRESS", str(path))
    entries = store.read_progress()
    assert entries["99.5"]["status"] == "right"
    assert entries["99.1"]["misconceptions"] == ["forgot-lag"]
    store.record("99.1", attempts=1)
    assert store.read_progress()["99.1"]["attempts"] == 2


def test_all_is_started_over_undone_and_brought_back_from_a_file(page, home, tmp_path, monkeypatch):
    answer(page, "99.1", "0.9332")
    said(page, "99.1", "Wrong.")
    page.goto(f"{home}/overview.html")
    path = saved(page, tmp_path)
    page.get_by_role("button", name="Start all over").click()
    status = page.locator(".cgt-tools [role=status]")
    page.wait_for_timeout(100)
    assert status.inner_text() == "1 exercise is open again. Undo brings everything back."
    assert kept(page)["exercises"] == {}
    page.get_by_role("button", name="Undo").click()
    page.wait_for_timeout(100)
    assert kept(page)["exercises"]["99.1"]["attempts"] == 1
    page.get_by_role("button", name="Start all over").click()
    page.get_by_label("Add the attempts of a file").set_input_files(path)
    page.wait_for_timeout(200)
    assert status.inner_text() == "1 exercise came with the file."
    assert kept(page)["exercises"]["99.1"]["tries"][0]["answer"] == 0.9332
    # The notebooks' own file, with what a page cannot judge.
    own = tmp_path / "progress.json"
    monkeypatch.setenv("CGTLEARN_PROGRESS", str(own))
    store.record("99.11", attempts=3, status="right", misconceptions=["reading"])
    store.record("99.1", attempts=1, status="right")
    page.get_by_label("Add the attempts of a file").set_input_files(own)
    page.wait_for_timeout(200)
    entries = kept(page)["exercises"]
    assert entries["99.11"]["attempts"] == 3
    assert entries["99.1"]["status"] == "right"
    assert entries["99.1"]["misconceptions"] == ["forgot-lag"]
    assert "2 of 12 right" in page.locator(".cgt-far").inner_text()
    for bad in ("no json", "[]", '{"exercises": 3}', "null"):
        (tmp_path / "bad.json").write_text(bad)
        page.get_by_label("Add the attempts of a file").set_input_files(tmp_path / "bad.json")
        page.wait_for_timeout(200)
        assert "holds no attempts" in status.inner_text()
        assert kept(page)["exercises"] == entries


BLOCKED = """Object.defineProperty(window, 'localStorage', {
  get() { throw new DOMException('no', 'SecurityError'); }});"""
FULL = "Storage.prototype.setItem = () => { throw new DOMException('no', 'QuotaExceededError'); };"


@pytest.mark.parametrize("before", [BLOCKED, FULL])
def test_without_storage_it_judges_and_says_what_is_lost(opened, home, tmp_path, before):
    with opened(home, before=before) as tab:
        answer(tab, "99.1", "0.9332")
        said(tab, "99.1", "You took the wrong one")
        answer(tab, "99.1", "0.7259")
        said(tab, "99.1", "Right.")
        assert "does not keep what you do" in tab.locator(".cgt-far").inner_text()
        assert "1 of 12 right" in tab.locator(".cgt-far").inner_text()
        document = json.loads(saved(tab, tmp_path).read_text(encoding="utf-8"))
        assert document["exercises"]["99.1"]["attempts"] == 2
        box(tab, "99.1").get_by_role("button", name="Start again: 99.1").click()
        box(tab, "99.1").get_by_role("button", name="Undo").click()
        assert "1 of 12 right" in tab.locator(".cgt-far").inner_text()


@pytest.mark.parametrize(
    "text", ["not json", "[]", "3", "null", '{"exercises": {"99.1": 7, "99.2": {"tries": 5}}}',
             '{"exercises": {"99.1": {"attempts": 1, "tries": [{"answer": {"a": 1}}]}, '
             '"99.2": {"attempts": 1, "status": "wrong", "tries": [{"answer": "zz"}]}, '
             '"99.3": {"attempts": 1, "tries": [{"answer": 4}, null]}, '
             '"99.4": {"attempts": 1, "tries": [{"answer": "x"}]}}}']
)  # fmt: skip
def test_damaged_storage_does_no_harm(opened, home, text):
    there = json.dumps(text)
    put = f"if (!localStorage.length) localStorage.setItem('cgtlearn.exercises', {there})"
    with opened(home, before=put) as tab:
        answer(tab, "99.1", "0.7259")
        said(tab, "99.1", "Right.")
        box(tab, "99.3").get_by_role("button", name="Move B up").click()
        box(tab, "99.3").get_by_role("button", name="Check").click()
        said(tab, "99.3", "You gave B, A, C, D.")
        assert kept(tab)["exercises"]["99.1"]["status"] == "right"
        if text == "not json":
            damaged = tab.evaluate("localStorage.getItem('cgtlearn.exercises.damaged')")
            assert damaged == text


def test_from_a_folder(opened, exercise_site):
    with opened(exercise_site.as_uri()) as tab:
        answer(tab, "99.1", "0.7259")
        said(tab, "99.1", "Right.")
        assert "1 of 12 right" in tab.locator(".cgt-far").inner_text()


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_and_width(opened, home, size, theme):
    axe = AXE.read_text(encoding="utf-8")
    with opened(home, size=size) as tab:
        tab.evaluate(_THEME, theme)
        answer(tab, "99.1", "0.9332")
        answer(tab, "99.5", "0.25")
        answer(tab, "99.4", "1,000")
        box(tab, "99.3").get_by_role("button", name="leave out D").click()
        box(tab, "99.5").get_by_role("button", name="Start again: 99.5").click()
        answer(tab, "99.5", "0.25")
        box(tab, "99.1").get_by_role("button", name="Start again: 99.1").click()
        tab.wait_for_timeout(150)
        tab.evaluate(axe)
        assert tab.evaluate(_AXE, ALL_RULES if theme == "light" else COLOURS) == []
        assert tab.evaluate(_WIDE) == []


# --- the book -----------------------------------------------------------------------------------


def letters(text):
    """Letters and digits alone: quotes and dashes are set differently on a page."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def test_every_exercise_of_the_course_has_its_place(browser, site):
    """Each page of the built book: a form for what can be judged there, a line for what cannot."""
    tab = browser.new_page()
    listed = {one["notebook"] for one in store.exercises().values()}
    for name in sorted(listed):
        tab.goto((site / f"{name}.html").as_uri())
        here = [one for one in store.exercises().values() if one["notebook"] == name]
        ids = tab.locator(".cgt-exercise").evaluate_all("l => l.map((x) => x.dataset.exercise)")
        assert sorted(ids) == sorted(one["id"] for one in here)
        for one in here:
            place = box(tab, one["id"])
            inside = tab.locator(f"#{forms.anchor(one)}").locator(f'[data-exercise="{one["id"]}"]')
            if place.locator("xpath=ancestor::section[1]").get_attribute("id") != forms.anchor(one):
                near = place.locator("xpath=ancestor::section[1]")
                assert near.locator(f"#{forms.anchor(one)}").count() == 1
            else:
                assert inside.count() == 1
            assert place.locator("form").count() == int(forms.on_page(one))
            options = one["answer"].get("options") or one["answer"].get("lines") or {}
            shown = letters("".join(place.locator("label, li").all_inner_texts()))
            for key, text in options.items():
                if not re.search(r"[$\\]", text):  # a formula's letters are drawn
                    assert letters(key + text) in shown, (one["id"], key)
    tab.goto((site / f"{forms.OVERVIEW}.html").as_uri())
    assert tab.locator("table.exercises tbody tr").count() == len(store.exercises())
    tab.close()
