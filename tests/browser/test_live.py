"""The live figures in Chromium: their numbers against Python's, and what a reader does with them.

Numbers are compared for every figure of the built book and for the figures of a workshop page, at
all corners of the sliders and at 200 random points inside.
"""

from __future__ import annotations

import base64
import itertools
import json
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from urllib.parse import urlsplit

import numpy as np
import pytest
import workshop
from visit import _AXE, AXE, DESK, PHONE, pages, served, site_folder

from cgtlearn import models
from cgtlearn.explore import LiveFigure, words
from cgtlearn.solve import solve

pytestmark = pytest.mark.browser

RANDOM_POINTS = 200
CLOSE = 1e-5  # relative, where the value is above 1e-9 of its peak
FLOOR = 1e-9
MOST_STEPS = 3000


@pytest.fixture(scope="session")
def made():
    return workshop.figures()


@pytest.fixture(scope="session")
def live_site(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    workshop.write(folder, made.values())
    return folder


@pytest.fixture(scope="session")
def live_address(live_site):
    with served(live_site) as home:
        yield home


@pytest.fixture
def opened(browser):
    """A page in a fresh context; any error of a script, or a request elsewhere, fails the test."""

    @contextmanager
    def open_page(address, size=DESK, **options):
        wrong = []
        context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
        parts = urlsplit(address)
        home = f"{parts.scheme}://{parts.netloc}"

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
            tab.goto(address)
            yield tab
            assert wrong == []
        finally:
            context.close()

    return open_page


@pytest.fixture
def page(opened, live_address):
    with opened(live_address + "/page.html") as tab:
        yield tab


def figure(tab, made, name):
    """The figure's element."""
    return tab.locator(".cgt-live").nth(list(made).index(name))


def state(one):
    return one.evaluate("root => root.cgtLive.state()")


def rest(tab, milliseconds=600):
    """Until words, table and ghost have followed."""
    tab.wait_for_timeout(milliseconds)


# --- numbers ------------------------------------------------------------------------------------

_SOLVE = """([k, points]) => {
  const live = document.querySelectorAll('.cgt-live')[k].cgtLive;
  const pack = (numbers) => {
    let text = '';
    for (const byte of new Uint8Array(Float64Array.from(numbers).buffer))
      text += String.fromCharCode(byte);
    return btoa(text);
  };
  return points.map((values) => {
    let milliseconds = Infinity, found;
    for (let again = 0; again < 3 && !(milliseconds < 50); again++) {
      const start = performance.now();
      found = live.solve(values);
      milliseconds = Math.min(milliseconds, performance.now() - start);
    }
    return {times: pack(found.times), curves: found.curves.map(pack), steps: found.steps,
            failed: found.failed, milliseconds};
  });
}"""


def unpacked(text):
    return np.frombuffer(base64.b64decode(text))


def points_of(spec, seed=7):
    """All corners of the sliders, and random points between them."""
    sliders = spec["sliders"]
    ends = itertools.product(*[(s["low"], s["high"]) for s in sliders])
    found = [dict(zip([s["name"] for s in sliders], corner, strict=True)) for corner in ends]
    rng = np.random.default_rng(seed)
    for _ in range(RANDOM_POINTS):
        point = {}
        for s in sliders:
            u = rng.uniform()
            span = s["high"] / s["low"] if s["log"] else s["high"] - s["low"]
            point[s["name"]] = s["low"] * span**u if s["log"] else s["low"] + span * u
        found.append(point)
    return found


def dosed_closed_form(t, v):
    """Two doses and first-order loss, written out."""
    k, length = v["loss"], v["infusion_length"]
    bolus = np.where(t >= v["bolus_time"], 10 * np.exp(-k * np.maximum(t - v["bolus_time"], 0)), 0)
    since = np.maximum(t - v["infusion_time"], 0)
    running = np.minimum(since, length)
    infusion = 20 / length / k * -np.expm1(-k * running) * np.exp(-k * (since - running))
    return bolus + infusion


def reference(job):
    """The curves of one point, by a method that is not the browser's. Runs in a process."""
    spec, values, times = job
    if spec["model"] == "dosed":
        return [dosed_closed_form(times, values)]
    model = models.get(spec["model"])
    names = list(model.parameters)
    changes = {name: float(v) for name, v in zip(names, spec["p"], strict=True)}
    p = model.parameters_with(**{**changes, **values})
    module = import_module(f"cgtlearn.models.{spec['model']}")
    if hasattr(module, "closed_form") and [c["key"] for c in spec["curves"]] == ["transgene"]:
        return [module.closed_form(times, p)]
    found = solve(model, p, times, method="LSODA", rtol=1e-10, atol=1e-14)
    assert found.ok, (values, found.status)
    return [found[c["key"]] * c["factor"] for c in spec["curves"]]


def worst_difference(mine, theirs):
    """The largest relative difference where the value is above a billionth of its peak."""
    worst = 0.0
    for a, b in zip(mine, theirs, strict=True):
        size = np.abs(b)
        seen = size > FLOOR * size.max()
        if seen.any():
            worst = max(worst, float(np.max(np.abs(a[seen] / b[seen] - 1))))
    return worst


def compare(tab, k, spec, pool):
    """Every point of one figure: (worst difference, most steps, slowest solve)."""
    points = points_of(spec)
    found = tab.evaluate(_SOLVE, [k, points])
    assert [one["failed"] for one in found if one["failed"]] == []
    curves = [[unpacked(c) for c in one["curves"]] for one in found]
    times = [unpacked(one["times"]) for one in found]
    assert all(np.isfinite(c).all() for one in curves for c in one)
    jobs = [(spec, values, t) for values, t in zip(points, times, strict=True)]
    theirs = list(pool.map(reference, jobs, chunksize=16))
    worst = [worst_difference(a, b) for a, b in zip(curves, theirs, strict=True)]
    at = int(np.argmax(worst))
    assert worst[at] <= CLOSE, (spec["model"], points[at], worst[at])
    return worst[at], max(o["steps"] for o in found), max(o["milliseconds"] for o in found)


@pytest.fixture(scope="session")
def pool():
    with ProcessPoolExecutor(2) as running:
        yield running


IN_BOOK = [
    page
    for page in pages(site_folder())
    if 'class="cgt-live' in (site_folder() / page).read_text(encoding="utf-8")
]
COMPARED = ["two windows", "states", "stiff", "gate", "tumour", "lag", "doses"]


@pytest.mark.parametrize("name", COMPARED)
def test_numbers_are_those_of_python(page, made, name, pool, record_property):
    k = list(made).index(name)
    worst, steps, slowest = compare(page, k, made[name]._figure.spec, pool)
    print(f"{name}: worst {worst:.1e}, {steps} steps, {slowest:.1f} ms")
    assert steps <= MOST_STEPS


def test_a_state_that_leaves_zero_behind_a_threshold_is_exact(page, made):
    """A step that reaches over the threshold must not pass unmeasured: (t - threshold)²/2."""
    k = list(made).index("threshold")
    points = [{"threshold": float(v)} for v in (0.1, 1, 5, 7.77, 12.3, 19)]
    for at, found in zip(points, page.evaluate(_SOLVE, [k, points]), strict=True):
        assert found["failed"] == ""
        since = np.maximum(unpacked(found["times"]) - at["threshold"], 0)
        assert worst_difference([unpacked(found["curves"][0])], [since**2 / 2]) < 1e-6
        assert found["steps"] <= 200


def test_every_notebook_of_the_book_has_a_live_figure(site):
    chapters = [page for page in pages(site) if page[:2].isdigit()]
    assert chapters
    assert [page for page in chapters if page not in IN_BOOK] == []


@pytest.mark.parametrize("where", IN_BOOK)
def test_numbers_of_the_book_are_those_of_python(opened, address, where, pool):
    with opened(f"{address}/{where}") as tab:
        specs = tab.evaluate("[...document.querySelectorAll('.cgt-live')].map(r => r.cgtLive.spec)")
        assert specs
        for k, spec in enumerate(specs):
            worst, steps, slowest = compare(tab, k, spec, pool)
            print(f"{where}, figure {k}: worst {worst:.1e}, {steps} steps, {slowest:.1f} ms")
            assert steps <= MOST_STEPS


@pytest.mark.parametrize("where", IN_BOOK)
def test_a_page_of_the_book_opens_with_the_sliders_of_its_address(opened, address, where):
    with opened(f"{address}/{where}") as tab:
        spec = tab.evaluate("document.querySelector('.cgt-live').cgtLive.spec")
    slider = spec["sliders"][0]
    name, end = slider["name"], slider["high"]
    for text, expected in ((f"{name}={end}", end), (f"{name}=%3Cb%3E&x=#'\"[", slider["at"])):
        with opened(f"{address}/{where}#live={spec['id']}&{text}") as tab:
            rest(tab, 300)
            assert state(tab.locator(".cgt-live").first)["values"][name] == expected


def test_a_wrong_equation_would_be_seen(opened, made, tmp_path, pool):
    """The comparison itself can fail: a rate that is 1e-4 too high is found."""

    def spoil(spec):
        spec["script"] = spec["script"].replace("o[0]=", "o[0]=1.0001*", 1)
        spec["probes"] = []

    workshop.write(tmp_path, [made["states"]], spoil)
    with served(tmp_path) as home, opened(home + "/page.html") as tab:
        spec = made["states"]._figure.spec
        with pytest.raises(AssertionError, match="stein2019"):
            compare(tab, 0, spec, pool)


@pytest.mark.parametrize("when", [0, 7.0, 20, 20 / 299 * 150, 1e-9, 6.999999999, 13.37])
def test_a_dose_anywhere_is_met_exactly(page, made, when):
    k = list(made).index("doses")
    values = {"loss": 0.5, "bolus_time": when, "infusion_time": 3.0, "infusion_length": 0.001}
    (found,) = page.evaluate(_SOLVE, [k, [values]])
    times, (amount,) = unpacked(found["times"]), [unpacked(c) for c in found["curves"]]
    assert when in times
    assert 3.001 in times
    assert amount == pytest.approx(dosed_closed_form(times, values), rel=CLOSE, abs=1e-9)


def test_words_are_those_of_python(page, made):
    for name in COMPARED:
        shown, live = figure(page, made, name), made[name]
        for point in points_of(live._figure.spec, seed=3)[-2:]:
            shown.evaluate("(root, values) => root.cgtLive.take(values)", point)
            rest(page, 550)
            kept = live.values
            live.values = point
            assert shown.locator(".cgt-words").text_content() == live.words
            live.values = kept


@pytest.mark.parametrize("part", ["script", "probe"])
def test_a_figure_that_disagrees_with_python_is_not_drawn(opened, made, tmp_path, part):
    def spoil(spec):
        if part == "script":
            spec["script"] = spec["script"].replace("o[0]=", "o[0]=1.000001*", 1)
        else:
            spec["probes"][0][7][0] += 1e-3

    workshop.write(tmp_path, [made["two windows"]], spoil)
    with served(tmp_path) as home, opened(home + "/page.html") as tab:
        assert "cannot be drawn" in tab.get_by_role("alert").text_content()
        assert tab.locator("svg").count() == 0


# --- what a reader does -------------------------------------------------------------------------


def drawn(one):
    """The curves that can be seen, as paths."""
    return [d for d in one.locator("svg .cgt-line[d]").evaluate_all(
        "paths => paths.map(p => p.getAttribute('d'))") if d]  # fmt: skip


def test_every_figure_comes_to_life_without_an_error(page, made):
    assert page.locator(".cgt-live input[type=range]").count() == sum(
        len(f.values) for f in made.values()
    )
    assert page.locator(".cgt-still, .cgt-live img").count() == 0


def test_a_slider_moves_with_the_keyboard(page, made):
    one = figure(page, made, "two windows")
    slider = one.get_by_role("slider", name="time of the peak")
    slider.focus()
    before, curves = state(one)["values"]["tmax"], drawn(one)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    rest(page)
    after = state(one)["values"]["tmax"]
    assert after > before
    assert drawn(one) != curves
    assert slider.get_attribute("aria-valuetext") == words.amount(after, "d")
    page.keyboard.press("Home")
    rest(page, 100)
    assert state(one)["values"]["tmax"] == 5
    page.keyboard.press("End")
    rest(page, 100)
    assert state(one)["values"]["tmax"] == 20
    assert one.get_by_role("spinbutton", name="time of the peak").input_value() == "20"


def test_a_slider_moves_with_the_mouse_and_leaves_a_ghost(page, made):
    one = figure(page, made, "two windows")
    rest(page)
    before = drawn(one)
    assert not any(one.locator(".cgt-ghost").evaluate_all("g => g.map(p => p.getAttribute('d'))"))
    box = one.get_by_role("slider", name="level at the peak").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    rest(page)
    assert drawn(one) != before
    ghosts = one.locator(".cgt-ghost").evaluate_all("g => g.map(p => p.getAttribute('d'))")
    assert all(ghosts)


def test_a_typed_value_counts_and_one_outside_is_clipped_and_said(page, made):
    one = figure(page, made, "two windows")
    box = one.get_by_role("spinbutton", name="time of the peak")
    box.fill("12.5")
    rest(page, 100)
    assert state(one)["values"]["tmax"] == 12.5
    box.fill("99")
    box.press("Tab")
    rest(page, 100)
    assert state(one)["values"]["tmax"] == 20
    assert "from 5 to 20" in one.locator(".cgt-note").text_content()
    box.fill("")
    box.press("Tab")
    rest(page, 100)
    assert state(one)["values"]["tmax"] == 20


def test_reset_brings_the_start_back(page, made):
    one = figure(page, made, "two windows")
    rest(page)
    before = drawn(one)
    one.get_by_role("slider", name="time of the peak").press("End")
    rest(page)
    one.get_by_role("button", name="Reset").click()
    rest(page)
    assert state(one)["values"] == made["two windows"].values
    assert drawn(one) == before


def test_words_wait_for_the_end_of_a_movement(page, made):
    one = figure(page, made, "two windows")
    rest(page)
    said = one.locator(".cgt-words")
    assert said.get_attribute("aria-live") == "polite"
    before = said.text_content()
    slider = one.get_by_role("slider", name="time of the peak")
    for _ in range(5):
        slider.press("ArrowRight")
        assert said.text_content() == before
    rest(page)
    assert said.text_content() != before


def test_focus_is_seen_and_every_control_is_reached(page, made):
    one = figure(page, made, "two windows")
    one.get_by_role("spinbutton").first.focus()
    seen = []
    for _ in range(16):
        seen.append(
            page.evaluate("""() => {
          const el = document.activeElement, style = getComputedStyle(el);
          return [el.type || el.tagName, parseFloat(style.outlineWidth), style.outlineStyle];
        }""")
        )
        page.keyboard.press("Tab")
    kinds = [kind for kind, _, _ in seen]
    assert kinds.count("range") == 6
    assert kinds.count("number") == 6
    assert kinds.count("button") == 4
    assert all(width >= 2 and style != "none" for _, width, style in seen)


def test_every_input_keeps_its_keys_from_jupyterlab(page):
    assert (
        page.locator(
            ".cgt-live :is(input, button, summary):not([data-lm-suppress-shortcuts=true])"
        ).count()
        == 0
    )


# --- a prediction first -------------------------------------------------------------------------


def test_the_curve_waits_for_a_guess(page, made):
    one = figure(page, made, "guess")
    assert drawn(one) == []
    assert "hidden" in one.locator(".cgt-words").text_content()
    assert one.get_by_role("slider").first.is_disabled()
    one.get_by_role("button", name="Show the curve").click()
    assert drawn(one) == []  # nothing typed yet
    one.get_by_label("Your guess").fill("12000")
    rest(page, 100)
    assert one.locator("line.cgt-guess").count() == 1
    page.keyboard.press("Enter")
    rest(page)
    assert len(drawn(one)) == 1
    judged = one.locator(".cgt-judged")
    assert judged.text_content() == words.verdict(12000, 24000, "copies/µg")
    assert judged.evaluate("el => el === document.activeElement")
    one.get_by_role("slider").first.press("End")
    rest(page)
    assert one.locator("line.cgt-guess").count() == 1  # the guess stays
    assert state(one)["guess"] == 12000


def test_a_guess_is_dragged(page, made):
    one = figure(page, made, "guess")
    one.scroll_into_view_if_needed()
    box = one.locator("svg.cgt-panel").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    rest(page, 100)
    first = state(one)["guess"]
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.3, steps=4)
    page.mouse.up()
    rest(page, 100)
    assert state(one)["guess"] > 5 * first > 0
    assert float(one.get_by_label("Your guess").input_value()) == state(one)["guess"]


def test_one_may_look_without_a_guess(page, made):
    one = figure(page, made, "guess")
    one.get_by_role("button", name="Show without a guess").click()
    rest(page)
    assert len(drawn(one)) == 1
    assert one.locator(".cgt-judged").text_content() == "The model: 24,000 copies/µg."


def test_a_guess_about_a_change_shows_the_curve_before(page, made):
    one = figure(page, made, "guess a change")
    ghost = one.locator("svg.cgt-panel .cgt-ghost")
    assert ghost.get_attribute("d")
    assert drawn(one) == []
    one.get_by_label("Your guess").fill("3000")
    page.keyboard.press("Enter")
    rest(page)
    assert state(one)["values"] == {"tmax": 15}
    assert len(drawn(one)) == 1 and ghost.get_attribute("d")
    live = made["guess a change"]
    live.values = {"tmax": 15}
    result = live.result()
    value = words.answer(live._figure.spec, result.times, live._figure.curves(result))
    assert one.locator(".cgt-judged").text_content() == words.verdict(3000, value, "copies/µg")


# --- failure ------------------------------------------------------------------------------------


def test_a_failed_solve_is_said_and_nothing_is_drawn(page, made):
    one = figure(page, made, "breaks")
    rest(page)
    assert len(drawn(one)) == 1
    one.get_by_role("slider").press("End")
    rest(page)
    assert drawn(one) == []
    assert "The solver stopped here" in one.locator(".cgt-words").text_content()
    assert "no curve" in one.locator("svg.cgt-panel").text_content()
    one.get_by_role("button", name="Reset").click()
    rest(page)
    assert len(drawn(one)) == 1
    assert (
        "peak" in one.locator(".cgt-words").text_content()
        or "highest" in one.locator(".cgt-words").text_content()
    )


# --- taking it along ----------------------------------------------------------------------------


def test_data_are_saved_as_csv(page, made):
    one = figure(page, made, "states")
    rest(page)
    with page.expect_download() as waiting:
        one.get_by_role("button", name="Data (CSV)").click()
    lines = waiting.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ") and "contraction_rate = 0.16 1/d" in lines[0]
    assert lines[1].split(",")[0] == "time (d)"
    table = np.array([[float(v) for v in line.split(",")] for line in lines[2:]])
    live = made["states"]
    result = live.result()
    assert table[:, 0] == pytest.approx(result.times)
    for column, name in enumerate(["transgene", "effector", "memory"], start=1):
        assert table[:, column] == pytest.approx(result[name], rel=CLOSE, abs=1e-12)


def test_the_picture_is_saved_as_svg(page, made):
    one = figure(page, made, "two windows")
    rest(page)
    with page.expect_download() as waiting:
        one.get_by_role("button", name="Picture (SVG)").click()
    text = waiting.value.path().read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert text.count("cgt-panel") == 2
    assert "var(" not in text  # it stands by itself
    assert "script" not in text.lower().replace("described", "")


def test_the_table_holds_the_curve(page, made):
    one = figure(page, made, "states")
    one.locator("summary").click()
    rest(page, 200)
    heads = one.locator("th").all_text_contents()
    assert heads[0] == "time (d)" and heads[1] == "transgene (copies/µg)"
    assert one.locator("tbody tr").count() == 25
    last = one.locator("tbody tr").last.locator("td").all_text_contents()
    result = made["states"].result()
    names = ("transgene", "effector", "memory")
    assert last == [words.said(60), *(words.said(result[n][-1]) for n in names)]


def test_a_shared_address_brings_the_sliders_back(page, made, opened):
    one = figure(page, made, "two windows")
    one.get_by_role("slider", name="time of the peak").press("End")
    rest(page)
    one.get_by_role("button", name="Share").click()
    assert "live=" in page.url
    with opened(page.url) as again:
        rest(again, 300)
        assert state(figure(again, made, "two windows"))["values"] == state(one)["values"]
        assert state(figure(again, made, "states"))["values"] == made["states"].values


HOSTILE = [
    "tmax=1e999", "tmax=-1e9", "tmax=NaN", "tmax=Infinity", "tmax=", "tmax=abc", "tmax=12;alert(1)",
    "tmax=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "__proto__=1&constructor=2", "tmax=0x10",
    "tmax[]=7", "tmax=7&tmax=8", "tmax=%", "%E0%A4%A", "script=alert(1)", "spec.script=1",
    "tmax=" + "9" * 4000, "tmax=%00", "tmax=\u0661\u0662", "probes=[]&p=[]",
]  # fmt: skip


def test_an_address_is_inert_whatever_it_holds(page, made):
    one, live = figure(page, made, "two windows"), made["two windows"]
    spec = live._figure.spec
    page.evaluate("() => { window.alert = () => { window.caught = true; }; }")
    ranges = {s["name"]: (s["low"], s["high"]) for s in spec["sliders"]}
    count = page.evaluate("document.querySelectorAll('*').length")
    rng = np.random.default_rng(1)
    noise = ["".join(map(chr, rng.integers(33, 126, 40))) for _ in range(40)]
    for tail in [*HOSTILE, *noise, *(f"tmax={text}" for text in noise)]:
        page.evaluate("text => { location.hash = text; }", f"live={spec['id']}&{tail}")
        page.wait_for_timeout(15)
        found = state(one)["values"]
        assert set(found) == set(ranges)
        assert all(ranges[k][0] <= v <= ranges[k][1] for k, v in found.items()), tail
    rest(page)
    assert not page.evaluate("window.caught")
    assert not state(one)["failed"]
    now = page.evaluate("document.querySelectorAll('*').length")
    assert abs(now - count) < 60  # ticks come and go; nothing else does


# --- everywhere ---------------------------------------------------------------------------------


def test_axe_finds_nothing_in_either_theme(page, made):
    one = figure(page, made, "states")
    one.locator("summary").click()
    figure(page, made, "guess a change").get_by_role("button", name="Show without a guess").click()
    figure(page, made, "breaks").get_by_role("slider").press("End")
    rest(page)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        assert page.evaluate(_AXE, {}) == []


def test_it_fits_a_phone(opened, live_address):
    with opened(live_address + "/page.html", PHONE) as tab:
        rest(tab, 300)
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert (
            tab.evaluate(
                "Math.min(...Array.from(document.querySelectorAll('.cgt-live button'),"
                " b => b.offsetHeight))"
            )
            >= 24
        )


def test_it_works_from_a_file(opened, live_site, made):
    with opened((live_site / "page.html").as_uri()) as tab:
        one = figure(tab, made, "two windows")
        one.get_by_role("slider", name="time of the peak").press("End")
        rest(tab)
        assert state(one)["values"]["tmax"] == 20
        one.get_by_role("button", name="Share").click()
        assert "live=" in tab.url


def test_with_scripts_off_there_is_a_picture_and_words(opened, live_address, made):
    with opened(live_address + "/page.html", java_script_enabled=False) as tab:
        pictures = tab.locator(".cgt-still img")
        assert pictures.count() == len(made)
        first = pictures.first
        assert first.is_visible()
        assert first.bounding_box()["height"] > 100
        assert "24,000 copies/µg" in first.get_attribute("alt")
        hidden = figure(tab, made, "guess")
        assert not hidden.locator("img").is_visible()
        hidden.locator("summary").click()
        assert hidden.locator("img").is_visible()


def test_nothing_moves_by_itself(page):
    rest(page)
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_book_with_figures_loads_their_script_once(site):
    for where in pages(site):
        text = (site / where).read_text(encoding="utf-8")
        assert text.count("cgtlive.js") == int('class="cgt-live' in text), where


def test_widget_class_is_exported():
    assert LiveFigure.__mro__[1].__name__ == "AnyWidget"
    assert json.dumps(sorted(LiveFigure.class_trait_names(sync=True)))
