"""The live figure as a widget in a running JupyterLab, with mouse and keyboard, and back in Python.

A server is started on a free port with a notebook of its own; nothing outside is asked.
"""

from __future__ import annotations

import pytest
from lab import opened_lab, run, running_lab
from visit import AXE

pytestmark = pytest.mark.browser

FIGURE = """\
from cgtlearn.explore import explore
from cgtlearn.models import stein2019
figure = explore(stein2019.model, sliders={"tmax": (5, 20), "cmax": (1000, 100000)}, x=(0, 60))
figure"""
READ_BACK = """\
print("values:", figure.values)
print("parameters:", figure.parameters.tmax)
print("peak in Python:", round(float(figure.result()["transgene"].max())))
print("drawn:", figure.shown["words"])"""
SET = 'figure.values = {"tmax": 15.0}'
GUESS = """\
asked = explore(stein2019.model, sliders={"tmax": (5, 20)}, x=(0, 60),
                predict=dict(question="How high is the peak?", of="peak of transgene"))
asked"""
READ_GUESS = 'print("guess:", asked.guess)'
LINKED = """\
import ipywidgets
from traitlets import dlink
box = ipywidgets.FloatText()
dlink((figure, "values"), (box, "value"), lambda values: values["tmax"])
print("linked:", box.value)"""


@pytest.fixture(scope="module")
def tab(browser, tmp_path_factory):
    sources = [FIGURE, READ_BACK, SET, LINKED, GUESS, READ_GUESS]
    with (
        running_lab(tmp_path_factory.mktemp("lab"), sources) as address,
        opened_lab(browser, address) as (opened, outside),
    ):
        yield opened
        assert outside == []


def said(tab, number):
    return run(tab, number).locator(".jp-OutputArea-output").all_text_contents()


@pytest.fixture(scope="module")
def figure(tab):
    one = run(tab, 0).locator(".cgt-live")
    one.wait_for(timeout=60_000)
    one.locator("svg .cgt-line[d]").first.wait_for(state="attached", timeout=20_000)
    return one


def values(figure):
    return figure.evaluate("root => root.cgtLive.state().values")


def test_the_widget_is_drawn(figure):
    assert figure.get_by_role("slider").count() == 2
    assert "peak 24,000 copies/µg on day 9.3" in figure.locator(".cgt-words").text_content()
    assert figure.get_by_role("button", name="Share").count() == 0  # the address is the Lab's


def test_arrow_keys_reach_the_slider(tab, figure):
    slider = figure.get_by_role("slider", name="time of the peak")
    slider.focus()
    before = values(figure)["tmax"]
    cells = tab.locator(".jp-Notebook .jp-Cell").count()
    for _ in range(4):
        tab.keyboard.press("ArrowRight")
    tab.wait_for_timeout(300)
    later = values(figure)["tmax"]
    assert later > before
    tab.keyboard.press("ArrowDown")
    tab.wait_for_timeout(300)
    assert before < values(figure)["tmax"] < later
    assert slider.evaluate("el => el === document.activeElement")
    # Letters are commands of a notebook (a, b, d d): not while the figure has the keyboard.
    box = figure.get_by_role("spinbutton", name="time of the peak")
    box.focus()
    for key in "abxdd":
        tab.keyboard.press(key)
    assert tab.locator(".jp-Notebook .jp-Cell").count() == cells


def test_the_mouse_moves_it_and_python_knows(tab, figure):
    slider = figure.get_by_role("slider", name="level at the peak")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=6)
    tab.mouse.up()
    tab.wait_for_timeout(1500)
    now = values(figure)
    assert now["cmax"] > 30_000
    text = "".join(said(tab, 1))
    assert f"parameters: {now['tmax']}" in text
    assert f"peak in Python: {round(now['cmax'])}" in text
    assert "drawn: " + figure.locator(".cgt-words").text_content() in text


def test_python_moves_it(tab, figure):
    run(tab, 2)
    tab.wait_for_timeout(1000)
    assert values(figure)["tmax"] == 15
    assert "on day 15" in figure.locator(".cgt-words").text_content()


def test_it_links_to_other_widgets(tab, figure):
    assert "linked: 15.0" in "".join(said(tab, 3))


def test_the_guess_comes_back_to_python(tab, figure):
    asked = run(tab, 4).locator(".cgt-live")
    asked.wait_for()
    asked.get_by_label("Your guess").fill("12000")
    tab.keyboard.press("Enter")
    tab.wait_for_timeout(1500)
    assert "2-fold too low" in asked.locator(".cgt-judged").text_content()
    assert "guess: 12000.0" in "".join(said(tab, 5))


def test_axe_finds_nothing_in_the_widget(tab, figure):
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate(
        """async () => {
          const result = await axe.run('.cgt-live', {resultTypes: ['violations']});
          return result.violations.map(v => v.id + ' at ' + v.nodes.map(n => n.target).join(' '));
        }"""
    )
    assert found == []
