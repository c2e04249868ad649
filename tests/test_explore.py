"""explore: what a figure accepts and refuses, its words, its traits, and what a notebook stores."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cgtlearn import models
from cgtlearn.errors import LearnerError
from cgtlearn.explore import LiveFigure, explore, web, words
from cgtlearn.models import aav_chain, stein2019
from cgtlearn.models.contract import Model, Output, Parameter, State
from cgtlearn.trace import TraceError, javascript, trace
from tools import ROOT, notebooks
from tools.minify import ScriptError, minify

SLIDERS = {"tmax": (5, 20), "cmax": (1000, 100_000)}
SCRIPT_LIMIT = 25_000  # bytes of minified script a page
MODEL_LIMIT = 2_000  # and for each model


@pytest.fixture
def figure():
    return explore(stein2019.model, SLIDERS, x=(0, 60), reference=28)


# --- what is accepted ---------------------------------------------------------------------------


def test_a_figure_starts_where_the_model_does(figure):
    assert figure.values == {"tmax": 9.3, "cmax": 24000}
    assert figure.guess is None
    assert figure.shown == {}
    assert figure.parameters.as_dict() == stein2019.model.parameters_with().as_dict()


def test_a_third_number_says_where_a_slider_starts():
    made = explore(stein2019.model, {"tmax": (5, 20, 15)}, fixed={"cmax": 1000})
    assert made.values == {"tmax": 15}
    assert made.parameters.cmax == 1000


def test_outputs_and_states_are_drawn_in_panels_of_their_own():
    made = explore(
        stein2019.model,
        SLIDERS,
        ["transgene"],
        panels=[dict(x=(0, 28)), ["effector", "memory"], dict(x=(1, 365), x_scale="log", y=(1, 9))],
    )
    spec = made._figure.spec
    assert [c["key"] for c in spec["curves"]] == ["transgene", "effector", "memory"]
    assert [p["show"] for p in spec["panels"]] == [[0], [1, 2], [0]]
    assert spec["panels"][2]["xlog"] and spec["panels"][2]["y"] == [1, 9]
    assert spec["curves"][0]["span"] == [0, 365]
    assert spec["curves"][1]["span"] == [0, 365]  # the model's own window


def test_switches_doses_and_reference_are_among_the_times():
    made = explore(stein2019.model, {"tmax": (5, 20, 7.123)}, x=(0, 60), reference=28)
    times = made.result().times
    assert {0, 7.123, 28, 60} <= set(times)
    assert np.all(np.diff(times) > 0)
    chain = explore(
        aav_chain.model, {"infusion_duration": (0.01, 0.5, 0.0333)}, "fix_activity", x=(0, 1)
    )
    assert {0, 0.0333, 1} <= set(chain.result().times)


def test_another_unit_converts_the_values():
    plain = explore(aav_chain.model, {"dose": (1e11, 1e13)}, ["fix_activity"])
    other = explore(
        aav_chain.model, {"dose": (1e11, 1e13)}, ["fix_activity"], units={"fix_activity": "IU/mL"}
    )
    (a,), (b,) = (f._figure.curves(f.result()) for f in (plain, other))
    assert b == pytest.approx(a / 100)
    assert "IU/mL" in other.words and "IU/dL" not in other.words


@pytest.mark.parametrize("name", models.names())
def test_every_model_makes_a_figure(name):
    model = models.get(name)
    parameter, value = next(
        (k, p) for k, p in model.parameters.items() if p.default and p.scale == "log"
    )
    low = max(value.default / 2, value.domain[0])
    high = min(value.default * 2, value.domain[1])
    made = explore(model, {parameter: (low, high)}, panels=[[k] for k in model.observed])
    assert made.result().ok
    assert len(made._figure.spec["probes"]) >= 3
    assert json.loads(json.dumps(made._figure.spec, allow_nan=False))


# --- what is refused ----------------------------------------------------------------------------

REFUSED = {
    "an unknown slider": (dict(sliders={"tmx": (5, 20)}), "did you mean 'tmax'"),
    "no slider": (dict(sliders={}), "at least one slider"),
    "a slider that is a list of names": (dict(sliders=["tmax"]), "at least one slider"),
    "low above high": (dict(sliders={"tmax": (20, 5)}), "the lower one first"),
    "low equal to high": (dict(sliders={"tmax": (9.3, 9.3)}), "the lower one first"),
    "a range below the domain": (dict(sliders={"tmax": (0.1, 20)}), "0.5 to 60"),
    "a range above the domain": (dict(sliders={"tmax": (5, 61)}), "0.5 to 60"),
    "a start outside": (dict(sliders={"tmax": (10, 20)}), "a start within the range"),
    "a range that is one number": (dict(sliders={"tmax": 5}), "low, high"),
    "a range with text": (dict(sliders={"tmax": ("5", "20")}), "numbers"),
    "a range with NaN": (dict(sliders={"tmax": (float("nan"), 20)}), "finite"),
    "an endless range": (dict(sliders={"steroid_time": (0, float("inf"), 4)}), "finite"),
    "a slider that is fixed": (dict(fixed={"tmax": 9}), "one of the two"),
    "an unknown fixed one": (dict(fixed={"cmaxx": 9}), "did you mean"),
    "a fixed one outside its domain": (dict(fixed={"steroid_factor": 99}), "0.1 to 10"),
    "patients": (dict(fixed={"fold_expansion": [100.0, 200.0]}), "one patient"),
    "an unknown output": (dict(show=["transgen"]), "did you mean 'transgene'"),
    "nothing to show": (dict(show=[]), "at least one"),
    "an unknown panel setting": (dict(panels=[dict(xscale="log")]), "did you mean 'x_scale'"),
    "no panel": (dict(panels=[]), "one entry for each panel"),
    "a window backwards": (dict(x=(60, 0)), "the lower one first"),
    "a window before the start": (dict(x=(-5, 60)), "0 on"),
    "a log axis from zero": (dict(x_scale="log", x=(0, 60)), "above zero"),
    "a scale": (dict(y_scale="logarithmic"), "'log', 'linear'"),
    "too few points": (dict(points=2), "20 to 2000"),
    "a question without words": (dict(predict=dict(of="peak of transgene")), "question"),
    "a question about nothing": (dict(predict=dict(question="?", of="transgene")), "peak of NAME"),
    "a question about another": (dict(predict=dict(question="?", of="peak of cells")), "curve"),
    "a late question": (dict(predict=dict(question="?", of="transgene at 999")), "0 to 60"),
    "a question elsewhere": (
        dict(predict=dict(question="?", of="peak of transgene", at={"tmax": 99})),
        "5 to 20",
    ),
    "a question with a slip": (dict(predict=dict(question="?", off="x")), "did you mean 'of'"),
    "a late reference": (dict(reference=99), "0 to 60"),
    "another dimension": (dict(units={"transgene": "day"}), "converted"),
    "a unit of nothing": (dict(units={"transgen": "copies/ug"}), "did you mean"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_at_once(case):
    change, says = REFUSED[case]
    with pytest.raises(LearnerError, match=re.escape(says)):
        explore(**{"model": stein2019.model, "sliders": SLIDERS, "x": (0, 60), **change})


def test_curves_of_two_units_do_not_share_a_panel():
    with pytest.raises(LearnerError, match="one unit in a panel"):
        explore(aav_chain.model, {"dose": (1e11, 1e13)})


def test_something_that_is_no_model_is_refused():
    with pytest.raises(LearnerError, match="a model in the contract"):
        explore(stein2019, SLIDERS)


def branching(t, y, p, phase):
    """A model function with a Python decision in it."""
    if y[0] > p.limit:
        return (0 * y[0],)
    return (p.limit - y[0],)


def small_model(rhs):
    return Model(
        name="small",
        title="A small model",
        states={"level": State("mg", "level")},
        parameters={"limit": Parameter(2.0, "mg", (0.1, 10), "log", "limit")},
        observed={"level": Output("mg", "level")},
        rhs=rhs,
        initial=lambda p: (1 + 0 * p.limit,),
        outputs=lambda t, y, p, phase: {"level": y[0]},
        time_unit="day",
        window=10,
    )


def test_a_model_that_branches_is_refused_with_function_line_and_model():
    with pytest.raises(TraceError) as caught:
        explore(small_model(branching), {"limit": (0.5, 5)})
    line = branching.__code__.co_firstlineno + 2
    assert f"branching, line {line}" in str(caught.value)
    assert "small" in str(caught.value)


def test_a_model_that_cannot_be_solved_at_the_start_is_refused():
    with pytest.raises(LearnerError, match="cannot be solved"):
        explore(small_model(lambda t, y, p, phase: (p.limit * y[0] ** 3,)), {"limit": (0.5, 5)})


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(24000, "24,000"), (0, "0"), (9.3, "9.3"), (3900, "3900"), (12.25, "12.3"), (1.125, "1.13"),
     (0.0079, "0.0079"), (99950, "100,000"), (9996, "10,000"), (9995, "10,000"), (5e11, "5 × 10¹¹"),
     (3.456e-5, "3.46 × 10⁻⁵"), (0.0009999, "0.001"), (-2.345, "-2.35"), (123456, "123,000"),
     (999.6, "1000"), (1e9, "1 × 10⁹"), (999_999_999, "1 × 10⁹")],
)  # fmt: skip
def test_numbers_are_said_with_three_digits(value, text):
    assert words.said(value) == text


def spec_of(reference=None, low=0, high=10):
    return {
        "clock": "day",
        "reference": reference,
        "curves": [{"name": "level", "unit": "mg", "span": [low, high]}],
    }


def one_sentence(values, **options):
    times = np.linspace(0, 10, len(values))
    return words.sentences(spec_of(**options), times, [np.array(values, float)])[0]


def test_sentences_say_what_the_curve_does():
    assert one_sentence([1, 8, 4, 2, 2]) == (
        "level: peak 8 mg on day 2.5, 4-fold above day 10 (2 mg)."
    )
    assert one_sentence([1, 8, 4, 2, 2], reference=5) == (
        "level: peak 8 mg on day 2.5, 2-fold above day 5; 2 mg on day 10."
    )
    assert (
        one_sentence([1, 2, 3]) == "level: highest at the end, 3 mg on day 10, 3-fold above day 0."
    )
    assert one_sentence([6, 2, 3]) == (
        "level: highest at the start, 6 mg on day 0, 2-fold above day 10 (3 mg)."
    )
    assert one_sentence([0, 0, 0]) == "level: 0 mg throughout."
    assert one_sentence([0, 4, 0]) == "level: peak 4 mg on day 5; 0 mg on day 10."
    assert one_sentence([0, 4, -1e-20]) == "level: peak 4 mg on day 5; next to nothing on day 10."
    assert one_sentence([9, 1, 8, 3, 0], low=2, high=8) == (
        "level: peak 8 mg on day 5, 2.67-fold above day 7.5 (3 mg)."
    )


def test_a_guess_is_judged():
    assert words.verdict(12000, 24000, "copies/µg") == (
        "Your guess: 12,000 copies/µg. The model: 24,000 copies/µg. Your guess is 2-fold too low."
    )
    assert words.verdict(5, 4.9, "d").endswith("You are within 5 %.")
    assert words.verdict(0, 4.9, "d") == "Your guess: 0 d. The model: 4.9 d."


def test_the_words_of_a_figure_hold_its_numbers(figure):
    course = figure.result()["transgene"]
    assert f"peak {words.said(course.max())} copies/µg on day 9.3" in figure.words
    at = figure.result([28.0])["transgene"][0]
    assert f"{words.said(course.max() / at)}-fold above day 28" in figure.words


# --- traits -------------------------------------------------------------------------------------


def test_values_are_observed_linked_and_checked(figure):
    import ipywidgets
    from traitlets import link

    seen = []
    figure.observe(lambda change: seen.append(change["new"]), "values")
    box = ipywidgets.FloatText()
    link((box, "value"), (figure, "guess"))
    box.value = 5000
    assert figure.guess == 5000
    figure.values = {"tmax": 12}
    assert seen == [{"tmax": 12, "cmax": 24000}]
    assert figure.parameters.tmax == 12
    assert figure.result([12.0])["transgene"] == pytest.approx(24000, rel=1e-6)
    with pytest.raises(LearnerError, match="5 to 20"):
        figure.values = {"tmax": 21}
    with pytest.raises(LearnerError, match="did you mean 'tmax'"):
        figure.values = {"tmx": 12}
    with pytest.raises(LearnerError, match="finite"):
        figure.values = {"tmax": float("nan")}
    assert figure.values == {"tmax": 12, "cmax": 24000}


def test_two_figures_do_not_share_their_values(figure):
    other = explore(stein2019.model, SLIDERS)
    figure.values = {"tmax": 12}
    assert other.values["tmax"] == 9.3


# --- what a notebook stores, and what a page gets -----------------------------------------------


def test_the_stored_output_is_the_words(figure, monkeypatch):
    monkeypatch.delenv("CGTLEARN_STAGE", raising=False)
    data, _ = figure._repr_mimebundle_()
    assert set(data) <= {"text/plain", "application/vnd.jupyter.widget-view+json"}
    monkeypatch.setenv("CGTLEARN_STAGE", "1")
    staged, _ = figure._repr_mimebundle_()
    assert set(staged) == {"text/plain", "text/html"}
    assert staged["text/plain"] == data["text/plain"]
    assert "24,000 copies/µg on day 9.3" in data["text/plain"]
    figure.values = {"tmax": 12}
    assert figure._repr_mimebundle_()[0]["text/plain"] == data["text/plain"]


def test_the_pages_html_is_safe_and_whole(monkeypatch):
    monkeypatch.setenv("CGTLEARN_STAGE", "1")
    made = explore(stein2019.model, SLIDERS, title="</script><script>alert(1)</script> & more")
    html = made._repr_mimebundle_()[0]["text/html"]
    assert html.count("<script") == html.count("</script>") == 1
    data = re.search(r'<script type="application/json">(.*)</script>', html, re.S)[1]
    assert json.loads(data) == made._figure.spec
    assert 'src="data:image/svg+xml;base64,' in html
    assert "http" not in re.sub(r'base64,[^"]*', "", html)


def test_a_page_without_scripts_tells_the_answer_that_was_asked_for(monkeypatch):
    monkeypatch.setenv("CGTLEARN_STAGE", "1")
    asked = dict(question="When?", of="time of peak of transgene", at={"tmax": 15})
    made = explore(stein2019.model, SLIDERS, x=(0, 60), predict=asked)
    html = made._repr_mimebundle_()[0]["text/html"]
    # The peak stands at tmax, where the question asks and not where the sliders begin.
    told = float(re.search(r"The model: ([\d.]+) d\.", html)[1])
    assert told == pytest.approx(15, abs=0.5)
    assert "as it begins" in html


def test_a_notebook_with_a_figure_passes_nbval_and_stays_the_same(tmp_path):
    code = (
        "from cgtlearn.explore import explore\nfrom cgtlearn.models import stein2019\n"
        "explore(stein2019.model, sliders={'tmax': (5, 20)}, x=(0, 60))"
    )
    made = new_notebook(cells=[new_code_cell(code)], metadata=notebooks.METADATA)
    job = notebooks.Job("a/b/c", tmp_path, made)
    assert notebooks.execute_all([job]) == []
    assert "text/html" in made.cells[0].outputs[0].data
    notebooks.clean(made, pictures=False)
    (stored,) = made.cells[0].outputs
    assert set(stored.data) == {"text/plain"}
    nbformat.write(made, tmp_path / "live.ipynb")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    environment.pop("CGTLEARN_STAGE", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path)],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "1 passed" in done.stdout, done.stdout[-2000:]
    text = (tmp_path / "live.ipynb").read_text(encoding="utf-8")
    (tmp_path / "live.ipynb").write_text(text.replace("on day 9.3", "on day 9.4"), encoding="utf-8")
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), str(tmp_path)],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "1 failed" in done.stdout


def test_the_room_is_a_widget():
    from ipywidgets import DOMWidget

    assert issubclass(LiveFigure, DOMWidget)


# --- the script ---------------------------------------------------------------------------------


def test_script_and_models_are_small():
    assert len(minify(web.page_script()).encode()) <= SCRIPT_LIMIT
    for name in models.names():
        assert len(javascript(trace(models.get(name))).encode()) <= MODEL_LIMIT


def test_the_small_script_keeps_what_matters():
    script = """
    const apple = {pear: 1, "plum": 2}, lemon = 3; // a remark
    function juice(fruit, {pear, sugar = lemon}) { return `${fruit.pear + +sugar} of lemon`; }
    const found = "a  b".split(/ \\/ lemon/g).map((word) => word.length / lemon);
    juice(apple, {pear: apple.pear});
    """
    small = minify(script)
    for kept in (".pear", '"plum"', "of lemon`", '"a  b"', "/ \\/ lemon/g", "+ +"):
        assert kept in small or kept.replace(" ", "") in small
    for gone in ("apple", "juice", "remark", "found", "word."):
        assert gone not in small
    assert minify("f(0.0, 3.0, 0.5, 10, 1.50);") == "f(0,3,.5,10,1.50);"
    assert (
        minify("const a = 1;\nconst b = 2;\nf(a - -b, [a, b,]);") == "const a=1,b=2;f(a- -b,[a,b]);"
    )
    with pytest.raises(ScriptError):
        minify("const a = `never closed")
