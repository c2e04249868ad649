"""Exercises: texts, fits, drawn numbers, two slips at once, blanks, and the learner's record."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cgtlearn import exercises as package
from cgtlearn import measure
from cgtlearn.errors import LearnerError
from cgtlearn.exercises import authoring, curves, drawing, guard, recipes, slips, store, words
from cgtlearn.exercises.blank import UnfilledBlank, ____, source_problem
from cgtlearn.exercises.judging import judge
from tools import students

SAMPLE = Path(__file__).parent / "fixtures" / "exercises" / "99_sample" / "02_more.py"
MORE = {item.data["id"]: item.data for item in students.compile_source(SAMPLE)}


@pytest.fixture(autouse=True)
def _own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("CGTLEARN_PROGRESS", str(tmp_path / "progress.json"))
    store.forget()
    yield
    store.forget()


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """The sample's exercises as the only ones."""
    folder = tmp_path / "data"
    folder.mkdir()
    document = {"schema": 1, "chapter": "99_sample", "exercises": list(MORE.values())}
    (folder / "99_sample.json").write_text(students.dumps(document), encoding="utf-8")
    monkeypatch.setattr(store, "DATA", folder)
    return folder


# --- two slips, and chance -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "keys"),
    [
        (24 * 60, {"hours-for-days", "minutes-for-hours"}),
        (7 * 24, {"hours-for-days", "weeks-for-days"}),
        (24 / np.log(10), {"ln-log10", "hours-for-days"}),
        (-24, {"hours-for-days", "sign"}),
        (np.log(2) * 1000, {"ln-log2", "prefix-1000"}),
        (7e6, {"weeks-for-days", "prefix-million"}),
    ],
)
def test_two_shared_slips_at_once_are_both_named(factor, keys):
    exercise = store.exercise("07.7")
    verdict = judge(exercise, exercise["answer"]["value"] * factor)
    assert verdict.status == "wrong"
    assert set(verdict.misconceptions) == keys
    assert all(slips.SLIPS[key].name in verdict.message for key in keys)


def test_a_slip_on_the_result_of_a_wrong_formula_is_named_too():
    verdict = judge(authored_number(1.7, "d"), 24 / 1.7)
    assert verdict.misconceptions == ("reciprocal", "hours-for-days")


def authored_number(value, unit="1"):
    answer = authoring.number(value, unit=unit)
    return {"id": "99.99", "answer": answer, "wrong": [], "hints": []}


def test_a_listed_wrong_answer_and_a_shared_slip_are_both_named():
    exercise = store.exercise("07.1")
    for entry in exercise["wrong"]:
        verdict = judge(exercise, entry["answer"] * 1000)
        assert verdict.status == "wrong"
        assert len(verdict.misconceptions) == 2 or verdict.misconception in slips.SLIPS


def test_two_slips_are_told_for_arrays_and_functions():
    exercise = store.exercise("07.13")
    right = np.array(exercise["answer"]["value"])
    assert judge(exercise, right * 1440).misconceptions == ("minutes-for-hours", "hours-for-days")
    exercise = store.exercise("07.4")
    area = students.reference(exercise)
    verdict = judge(exercise, lambda t, c: 1440 * area(t, c))
    assert set(verdict.misconceptions) == {"minutes-for-hours", "hours-for-days"}


def test_arguments_in_each_others_place_are_told():
    exercise = store.exercise("07.4")
    area = students.reference(exercise)
    probes = exercise["answer"]["probes"]
    values = {json.dumps([c, t]): area(np.array(t), np.array(c)) for t, c in probes}

    def swapped(t, c):
        return values.get(json.dumps([np.asarray(t).tolist(), np.asarray(c).tolist()]), 1.0)

    verdict = judge(exercise, swapped)
    assert verdict.misconceptions == ("swapped-arguments",) and "t and c" in verdict.message
    verdict = judge(exercise, lambda t, c: np.trapezoid(t, c))
    assert verdict.misconceptions == ("swapped-arguments", "linear-auc")


@pytest.mark.parametrize(
    ("wrong", "keys"),
    [
        (lambda t: np.exp(-0.25 * t / 24), ("hours-for-days",)),
        (lambda t: np.exp(-0.25 * t * 7), ("weeks-for-days",)),
        (lambda t: np.exp(0.25 * t / 60), ("minutes-for-hours", "sign")),
        (lambda t: np.exp(-0.3 * t), ()),
    ],
)
def test_a_unit_slip_inside_an_exponent_is_told(wrong, keys):
    verdict = judge(MORE["99.12"], wrong)
    assert (verdict.status, verdict.misconceptions) == ("wrong", keys)


def test_trying_again_never_turns_a_wrong_function_into_an_endless_one():
    def slow_elsewhere(t):
        while np.max(t) > 5:
            pass
        return 0.3 * np.asarray(t)

    verdict = judge(MORE["99.12"], slow_elsewhere)
    assert verdict.status == "wrong" and "Work that input out" in verdict.message


def test_shared_slips_off_keeps_two_slips_from_being_named():
    exercise = json.loads(json.dumps(store.exercise("07.7")))
    exercise["answer"]["shared_slips"] = False
    assert not judge(exercise, exercise["answer"]["value"] * 1440).misconceptions


@pytest.mark.parametrize("decades", [0.5, 1.0])
def test_chance_alone_is_seldom_named(decades):
    """Of random wrong answers around the right one, few are explained by a shared slip."""
    numbers = [e for e in store.exercises().values() if e["answer"]["type"] == "number"]
    generator = np.random.default_rng(7)
    named = tried = 0
    for exercise in numbers:
        right, rtol = exercise["answer"]["value"], exercise["answer"]["rtol"]
        low, high = slips.LISTED_RTOL
        listed = np.array([float(entry["answer"]) or 1e-99 for entry in exercise["wrong"]])
        for answer in right * 10 ** generator.uniform(-decades, decades, 300):
            near = np.abs(answer / listed - 1) <= min(max(rtol, low), high)
            near |= np.abs(answer / listed / 100 - 1) <= high  # a listed one in percent
            if abs(answer / right - 1) > rtol and not near.any():
                tried += 1
                named += judge(exercise, answer).misconception is not None
    assert tried > 1500
    assert named / tried < 0.05


def test_nothing_is_named_that_is_nearly_right():
    right = 0.1  # its CV as a log-normal SD is 0.10025
    assert slips.explain([np.sqrt(np.expm1(right**2))], [right]) is None
    assert slips.explain([np.sqrt(np.expm1(0.8**2))], [0.8]).key == "cv-for-sd"
    assert slips.explain([np.sqrt(np.log1p(0.8**2))], [0.8]).key == "cv-for-sd"
    assert slips.explain([np.sqrt(np.expm1(0.8**2))], [0.8], unit="d") is None


def test_the_table_in_the_data_folder_is_this_table():
    stored = json.loads((store.DATA / "slips.json").read_text(encoding="utf-8"))
    assert list(stored["slips"]) == list(slips.SLIPS)
    for key, entry in stored["slips"].items():
        transforms = [(t["operation"], t["constant"]) for t in entry["transforms"]]
        assert [name for name, _ in transforms] == [n for n, _ in slips.SLIPS[key].transforms]
        for one, other in zip(transforms, slips.SLIPS[key].transforms, strict=True):
            assert one[1] == pytest.approx(other[1], rel=1e-11)
    assert stored["tolerances"]["pair"] == slips.PAIR_RTOL


def test_every_misconception_of_the_field_is_there():
    for key in (
        "hours-for-days minutes-for-hours ln-log10 ln-log2 log2-log10 variance-for-sd cv-for-sd "
        "arithmetic-geometric-mean qpcr-flow linear-auc blq-as-zero dose-for-burden "
        "one-stage-chromogenic association-as-effect"
    ).split():
        assert key in slips.SLIPS


# --- wrong answers from data ---------------------------------------------------------------------

DAYS, LEVELS = [2, 9, 16, 30], [40.0, 16000, 4000, 500]


def keys(found):
    return [entry["slip"] for entry in found]


def test_areas_means_and_spreads_computed_from_the_data():
    right = measure.auc(DAYS, LEVELS, rule="log")
    found = recipes.area_slips(DAYS, LEVELS, right)
    assert found[0]["answer"] == pytest.approx(np.trapezoid(LEVELS, DAYS))
    assert "53 % too much" in found[0]["message"]
    values = np.array([1.0, 2.0, 4.0, 100.0])
    found = recipes.mean_slips(values, float(np.exp(np.mean(np.log(values)))))
    assert keys(found) == [
        "arithmetic-geometric-mean",
        "mean-for-median",
        "log-scale",
        "ln-log10",
    ]
    assert found[0]["answer"] == pytest.approx(26.75) and found[1]["answer"] == 3.0
    omega = 1.2
    found = recipes.spread_slips(omega, np.sqrt(np.expm1(omega**2)))
    assert [round(float(entry["answer"]), 4) for entry in found[:3]] == [1.2, 1.44, 3.2207]


def test_limits_and_assays_computed_from_the_data():
    values = np.array([200.0, 80.0, np.nan, 10.0])
    found = recipes.limit_slips(np.mean, values, 50.0, right=75.0)
    assert [entry["answer"] for entry in found] == [70.0, 95.0, 82.5]
    assert keys(found) == ["blq-as-zero", "blq-as-lloq", "blq-as-lloq"]
    numbers = dict(vector_copies_per_cell=2.0, dna_per_genome_pg=6.6, nucleated_cells_per_ul=1500)
    right = measure.copies_per_ug_to_cells_per_ul(8000, **numbers)
    found = recipes.assay_slips(8000, right, **numbers, lymphocytes_per_ul=300)
    answers = {round(entry["answer"] / right, 3): entry["slip"] for entry in found}
    assert answers[2.0] == answers[4.0] == "copies-for-cells" and answers[0.2] == "qpcr-flow"
    assert keys(recipes.factor_assay_slips(40.0, 1.5)) == ["one-stage-chromogenic"] * 2
    found = recipes.burden_slips(100.0, 300.0, dose_fold=2, burden_fold=3)
    assert [entry["answer"] for entry in found][:2] == [200.0, 600.0]
    assert not recipes.factor_assay_slips(40.0, 1.01)  # too close to be told apart


@pytest.mark.parametrize(
    ("key", "says", "does_not"),
    [
        ("blq-as-zero", "These values are zero.", "These values are not zero, they are unknown."),
        ("blq-as-zero", "By day 90 the cells have vanished.", "They have not vanished."),
        (
            "association-as-effect",
            "A high peak caused the remission.",
            "A high peak need not cause anything and goes with remission.",
        ),
        (
            "absence-of-evidence",
            "The trial shows that there is no effect.",
            "The interval includes a large effect.",
        ),
    ],
)
def test_patterns_of_misreadings(key, says, does_not):
    def shown(text):
        return any(words.present(p, words.sentences(text)) for p in recipes.PATTERNS[key])

    assert shown(says) and not shown(does_not)


# --- texts ---------------------------------------------------------------------------------------


def test_words_are_made_plain():
    text = "It’s NOT known: naïve cells can’t tell.\n\nThe 30 % stay"
    assert words.sentences(text) == [
        ["it", "s", "not", "known"],
        ["naive", "cells", "ca", "not", "tell"],
        ["the", "30", "%", "stay"],
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "there"),
    [
        ("limit unknown", "Below the limit it is unknown.", True),
        ("limit unknown", "Unknown is the limit.", False),  # the order counts
        ("limit unknown", "A limit is set. It is unknown.", False),  # one sentence
        ("limit unknown", "The limit that we set for the assay is unknown.", False),  # too far
        ("censor*", "We used censored data.", True),
        ("mean|average low*", "The average is lower.", True),
        ("mean low*", "The mean is not lower.", False),
        ("mean low*", "It is never true that mean and low go together.", False),
        ("mean low*", "The mean is not lower, no: the mean comes out low.", True),
        ("not zero", "It is not zero.", True),
        ("not zero", "It isn't zero.", True),
        ("%", "30% of it", True),
    ],
)
def test_patterns(pattern, text, there):
    assert words.present(pattern, words.sentences(text)) is there


@pytest.mark.parametrize(
    ("answer", "status", "part"),
    [
        ("", "not attempted", "place of the ..."),
        ("unknown", "invalid", "You wrote 1 words"),
        ("unknown censored likelihood mean low bias limit zero unknown", "invalid", "key words"),
        ("xy " * 30, "invalid", "key words"),
        ("a" * 30000, "invalid", "30,000 characters"),
        (3.0, "invalid", "in your own words"),
        ("To be or not to be is the question that we have in this case.", "wrong", "None of the"),
        ("We do not know what it is and that is all there is to it.", "wrong", "1 of the 3"),
    ],
)
def test_a_text_without_the_ideas_never_passes(answer, status, part):
    verdict = judge(MORE["99.10"], answer)
    assert verdict.status == status and part in verdict.message
    assert (
        verdict.status == "not attempted"
        or "prose" in verdict.message
        or "own" in part
        or ("30,000" in part)
    )


def test_a_right_text_gets_the_model_answer_beside_it():
    spec = MORE["99.10"]["answer"]
    for text in [spec["model"], *spec["also"]]:
        verdict = judge(MORE["99.10"], text)
        assert verdict and "cannot judge your prose" in verdict.message
        assert spec["model"] in verdict.message


def test_a_misconception_beside_all_ideas_is_still_named():
    text = MORE["99.10"]["answer"]["model"] + " And I would drop the samples on day 90."
    verdict = judge(MORE["99.10"], text)
    assert verdict.status == "wrong" and verdict.misconception == "survivor"


# --- fits ----------------------------------------------------------------------------------------


def fitted(**changes):
    best = students.reference(MORE["99.8"])
    return {**best, **changes}


def test_a_fit_may_be_a_dictionary_a_list_or_an_array():
    best = fitted()
    for answer in (best, list(best.values()), np.array(list(best.values())), {**best, "more": 1}):
        assert judge(MORE["99.8"], answer), answer


@pytest.mark.parametrize(
    ("answer", "status", "part"),
    [
        ({"start": ..., "rate": ...}, "not attempted", "place of the ..."),
        ({"start": 5000.0, "rate": ...}, "not attempted", '"rate"'),
        ({"start": 5000.0}, "invalid", '"rate" is missing'),
        ({"start": 5000.0, "rat": 0.1}, "invalid", 'You gave "rat"'),
        ([5000.0], "invalid", "of length 1; 2 are asked for"),
        ({"start": "5000", "rate": 0.1}, "invalid", '"start": You gave text'),
        ({"start": 5000.0, "rate": np.nan}, "invalid", "NaN"),
        ({"start": -5000.0, "rate": 0.1}, "invalid", "at t = 1 d"),
        ({"start": 5000.0, "rate": -900.0}, "invalid", "the data say"),
        (7.0, "invalid", '{"start": ..., "rate": ...}'),
        ({"start": 5000.0, "rate": 0.5}, "wrong", "furthest off at t = 28 d"),
        ({"start": 100.0, "rate": 0.1}, "wrong", "below the measured"),
    ],
)
def test_what_a_fit_is_told(answer, status, part):
    verdict = judge(MORE["99.8"], answer)
    assert verdict.status == status, str(verdict)
    assert part in verdict.message, str(verdict)


def test_a_slip_in_one_parameter_is_named_with_it():
    best = fitted()
    verdict = judge(MORE["99.8"], fitted(rate=best["rate"] / 24))
    assert verdict.misconception == "hours-for-days" and '"rate"' in verdict.message
    verdict = judge(MORE["99.8"], fitted(rate=best["rate"] * 1440))
    assert verdict.status == "invalid" or len(verdict.misconceptions) == 2


def test_a_curve_that_meets_the_data_is_not_enough():
    spec = MORE["99.9"]["answer"]
    verdict = judge(MORE["99.9"], {"rate": 0.3, "curve": spec["fitted"]})
    assert verdict.status == "wrong" and "meets the data" in verdict.message
    verdict = judge(MORE["99.9"], {"rate": spec["parameters"][0]["value"], "curve": spec["y"][:2]})
    assert verdict.status == "invalid"


def test_the_misfit_is_the_one_of_a_hand_calculation():
    spec = MORE["99.8"]["answer"]
    slope, height = np.polyfit(spec["x"], np.log(spec["y"]), 1)
    residual = np.log(spec["y"]) - (height + slope * np.array(spec["x"]))
    assert spec["allowed"] == pytest.approx(1.1 * np.sqrt(np.mean(residual**2)))


@pytest.mark.parametrize(
    "curve",
    [
        lambda x, p: p.a * np.exp(-p.b * x) + 2 / (1 + x),
        lambda x, p: np.where(x < 3, p.a * x, 3 * p.a) ** 0.5 + np.log10(p.b + x**2),
        lambda x, p: np.maximum(p.a - x, 0.1) * np.sqrt(p.b) - np.minimum(1.0, x) + np.log(1 + x),
        lambda x, p: np.where(x >= p.b, -p.a, +1.0 - x) / 4,
    ],
)
def test_a_traced_curve_is_the_curve(curve):
    from types import SimpleNamespace

    x = np.linspace(0.1, 6, 30)
    tree = json.loads(json.dumps(curves.trace(curve, ["a", "b"])))
    given = curves.evaluate(tree, {"a": 1.7, "b": 2.3, "x": x})
    np.testing.assert_allclose(given, curve(x, SimpleNamespace(a=1.7, b=2.3)), rtol=1e-11)


@pytest.mark.parametrize(
    "curve",
    [
        lambda x, p: np.sin(x),
        lambda x, p: 3.0,
        lambda x, p: p.a if x > 1 else p.b,
        lambda x, p: np.cumsum(x),
        lambda x, p: p.missing * x,
    ],
)
def test_a_curve_that_is_no_formula_is_refused(curve):
    with pytest.raises((TypeError, AttributeError)):
        curves.trace(curve, ["a", "b"])


# --- blanks and code -----------------------------------------------------------------------------


def test_a_blank_goes_through_arithmetic_and_numpy():
    for value in (
        ____ + 1,
        1 / ____,
        np.exp(____) * 3,
        np.array([1.0, 2.0]) * ____,
        -(____**2),
        ____[0],
        ____(3),
        np.where(____, 1, 2),
        np.polyfit(____, [1.0], 1),
    ):
        assert value is ____
    for use in (float, bool, len, list):
        with pytest.raises(UnfilledBlank, match="fill in every"):
            use(____)


def test_blanks_syntax_errors_and_signatures_are_told_from_wrong_results():
    exercise = MORE["99.12"]
    told = {
        "blank": judge(exercise, lambda t: float(____) * t),
        "not imported": judge(exercise, lambda t: _____ * t),  # noqa: F821
        "signature": judge(exercise, lambda t, k: t),
        "result": judge(exercise, lambda t: 2 * t),
        "syntax": judge(exercise, "def left(t)\n    return t"),
        "code with a blank": judge(exercise, "def left(t):\n    return np.exp(____ * t)"),
        "code in quotes": judge(exercise, "def left(t):\n    return t"),
    }
    assert {name: verdict.status for name, verdict in told.items()} == {
        "blank": "not attempted",
        "not imported": "not attempted",
        "signature": "invalid",
        "result": "wrong",
        "syntax": "invalid",
        "code with a blank": "not attempted",
        "code in quotes": "invalid",
    }
    assert "takes (t, k)" in told["signature"].message
    assert "line 1: `def left(t)`" in told["syntax"].message
    assert "without calling" in told["code in quotes"].message


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("x = 1", None),
        ("x = y[..., 0]", None),
        ("x = y[..., 0] + ...", "not attempted"),
        ("x = ____ * 2", "not attempted"),
        ("x = (1,", "invalid"),
        ("x = '", "invalid"),
        ("\x00", "invalid"),
        ("if x:\nprint()", "invalid"),
        ("-" * 100000 + "1", "invalid"),
    ],
)
def test_code_given_as_text(source, status):
    problem = source_problem(source)
    assert (problem[0] if problem else None) == status


# --- drawn numbers -------------------------------------------------------------------------------


def test_the_hash_is_the_published_one():
    # Test vectors of the algorithm's authors (FNV-1a, 32 bit).
    assert drawing.fnv1a("") == 0x811C9DC5
    assert drawing.fnv1a("a") == 0xE40C292C
    assert drawing.fnv1a("foobar") == 0xBF9CF968


def test_neighbours_differ_and_a_name_is_one_name():
    exercise = MORE["99.11"]
    numbers = {drawing.variant_number(exercise, f"learner {n}") for n in range(200)}
    assert len(numbers) >= 38
    first = drawing.variant_number(exercise, "Ada Lovelace")
    assert drawing.variant_number(exercise, "  ada   LOVELACE ") == first
    assert drawing.variant_number(exercise, "  ") is None
    assert drawing.variant_number(MORE["99.8"], "Ada") is None


@pytest.mark.parametrize("id", ["99.11", "99.12"])
def test_no_two_variants_have_the_same_answer(id):
    exercise = MORE[id]
    count = len(exercise["drawn"]["variants"])
    assert count == 40
    for number in range(0, count, 5):
        own = students.reference(drawing.variant(exercise, number))
        assert drawing.variants_met(exercise, own) == [number]


def test_a_variant_is_whole_and_the_undrawn_exercise_is_untouched():
    exercise = MORE["99.11"]
    before = json.dumps(exercise)
    for number, chosen in enumerate(exercise["drawn"]["variants"]):
        mine = drawing.variant(exercise, number)
        text = json.dumps(mine, ensure_ascii=False)
        assert "{{" not in text and "drawn" not in mine
        numbers = chosen["numbers"]
        expected = numbers["level"] * 0.5 ** (numbers["wait"] / numbers["half_life"])
        assert mine["answer"]["value"] == pytest.approx(expected)
        assert f"half-life of {numbers['half_life']:g} d" in mine["statement_markdown"]
        assert f"{numbers['half_life']:g} d as a time constant" in mine["wrong"][0]["message"]
    assert json.dumps(exercise) == before


def test_the_numbers_are_the_learners_own(sample, capsys):
    printed = students.reference(MORE["99.11"])
    assert package.check("99.11", printed)
    assert package.given("99.11").half_life == 5.0
    assert "numbers of the text: level = 12,000" in capsys.readouterr().out
    package.set_learner("Ada")
    assert package.whoami() == "Ada"
    mine = drawing.for_learner(MORE["99.11"], "ada")
    numbers = package.given("99.11")
    assert vars(numbers) == drawing.numbers_of(MORE["99.11"], "Ada") != {}
    assert mine["statement_markdown"] in capsys.readouterr().out
    assert package.check("99.11", students.reference(mine))
    verdict = package.check("99.11", printed)
    assert verdict.misconception == "other-numbers"
    assert mine["hints"][0] in str(package.hint("99.11"))
    assert mine["worked_markdown"] in str(package.solution("99.11"))
    package.set_learner("")
    assert package.check("99.11", printed)


@pytest.mark.parametrize("name", [3, None, "x" * 100])
def test_a_name_is_a_short_text(name):
    with pytest.raises(LearnerError):
        package.set_learner(name)
    assert package.whoami() == ""


def test_given_is_for_drawn_numbers_only(sample):
    with pytest.raises(LearnerError, match="same for everybody"):
        package.given("99.7")


# --- the learner's record ------------------------------------------------------------------------


def done(sample):
    package.check("99.7", ["b", "d", "a"])
    package.check("99.8", {"start": 5000.0, "rate": 0.5})


def test_a_reset_can_be_undone_step_by_step(sample):
    done(sample)
    before = store.read_progress()
    package.set_learner("Ada")
    package.reset("99.7")
    package.reset()
    assert store.read_progress() == {} and store.learner() == "Ada"
    assert "99.8" in str(package.undo_reset())
    package.undo_reset()
    assert store.read_progress() == before
    assert "Nothing to bring back" in str(package.undo_reset())


def test_what_was_done_after_a_reset_stays_when_it_is_undone(sample):
    done(sample)
    package.reset()
    package.check("99.8", students.reference(MORE["99.8"]))
    package.undo_reset()
    entries = store.read_progress()
    assert entries["99.7"]["status"] == entries["99.8"]["status"] == "right"


def test_progress_travels_in_a_file(sample, tmp_path):
    done(sample)
    package.set_learner("Ada")
    target = package.export_progress(tmp_path / "out.json")
    document = json.loads(target.read_text(encoding="utf-8"))
    assert document["schema"] == 1 and document["learner"] == "Ada"
    before = store.read_progress()
    (tmp_path / "progress.json").unlink()
    package.import_progress(target)
    assert store.read_progress() == before and store.learner() == "Ada"
    package.import_progress(target)
    assert store.read_progress() == before  # twice is once


def test_a_record_of_the_page_is_read(sample, tmp_path):
    page = {
        "schema": 1,
        "course": "cgtlearn",
        "exercises": {"99.7": {"attempts": 2, "status": "right", "tries": [{"answer": 1}]}},
    }
    (tmp_path / "page.json").write_text(json.dumps(page), encoding="utf-8")
    package.check("99.7", ["a", "b", "d"])
    package.import_progress(tmp_path / "page.json")
    entry = store.read_progress()["99.7"]
    assert (entry["status"], entry["attempts"]) == ("right", 2)
    assert entry["misconceptions"] == ["reading"]


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"exercises": []}', "\xff"])
def test_a_file_that_holds_no_progress_changes_nothing(sample, tmp_path, content):
    done(sample)
    before = store.read_progress()
    (tmp_path / "bad.json").write_text(content, encoding="latin-1")
    with pytest.raises(LearnerError, match="untouched"):
        package.import_progress(tmp_path / "bad.json")
    assert store.read_progress() == before
    with pytest.raises(LearnerError, match="cannot be written"):
        package.export_progress(tmp_path / "bad.json" / "below")


@pytest.mark.parametrize(
    "entry",
    [
        {"attempts": "x", "status": [], "misconceptions": 3, "hints": -2},
        {"attempts": None, "hints": {}, "solution_seen": "no"},
    ],
)
def test_odd_entries_never_stop_a_check(sample, tmp_path, entry):
    document = {"schema": 1, "learner": 5, "exercises": {"99.7": entry, "99.8": 3}}
    (tmp_path / "progress.json").write_text(json.dumps(document), encoding="utf-8")
    assert package.check("99.7", ["b", "d", "a"])
    package.hint("99.7")
    package.solution("99.7")
    assert "right" in str(package.progress(picture=True))


def test_progress_without_a_file(sample, monkeypatch):
    monkeypatch.setenv("CGTLEARN_PROGRESS", "off")
    done(sample)
    package.set_learner("Ada")
    package.reset()
    assert store.read_progress() == {}
    package.undo_reset()
    assert set(store.read_progress()) == {"99.7", "99.8"} and store.learner() == "Ada"


def test_progress_is_a_picture_with_words(sample):
    done(sample)
    shown = package.progress(picture=True)
    assert "■▪□□□□□  1 of 7 right · next: 99.8" in str(shown)
    axes = shown.figure.axes[0]
    assert [text.get_text() for text in axes.texts][:3] == ["7", "8", "9"]
    assert len({patch.get_facecolor() for patch in axes.patches[:3]}) == 3
    assert axes.get_title().startswith("1 of 7")
    shown.figure.canvas.draw()
    assert package.progress(picture=False).figure is None


def test_a_check_of_every_kind_is_quick(sample):
    for id, exercise in MORE.items():
        answer = students.reference(exercise)
        package.check(id, answer)
        started = time.perf_counter()
        for _ in range(5):
            package.check(id, answer)
        assert (time.perf_counter() - started) / 5 < 0.2, id


# --- time ----------------------------------------------------------------------------------------


def test_a_call_that_cannot_be_stopped_is_left_behind():
    release = threading.Event()
    outcome = guard.run(lambda: release.wait(20), limit=0.1)
    release.set()
    assert outcome.timed_out and not outcome.stopped


def test_a_type_without_a_name_is_refused_too():
    class Nameless(type):
        @property
        def __name__(cls):
            raise RuntimeError("no name")

    Thing = Nameless("Thing", (), {"__array__": None, "__float__": None})
    for exercise in MORE.values():
        assert judge(exercise, Thing()).status == "invalid"


def test_code_that_swallows_the_first_exception_is_stopped_by_the_next():
    def stubborn():
        tries = 0
        while tries < 3:
            try:
                while True:
                    pass
            except BaseException:
                tries += 1

    assert guard.run(stubborn, limit=0.1).stopped


# --- authors' mistakes ---------------------------------------------------------------------------


MARK = '# %% [markdown] tags=["exercise"]'


@pytest.fixture
def few_variants(monkeypatch):
    """A dozen draws prove a mistake as well as forty."""
    monkeypatch.setattr(students, "VARIANTS", (10, 12))


def edited(tmp_path, old, new):
    """The sample with a change; of the drawn exercises, which take their time, only the changed."""
    head, *parts = SAMPLE.read_text(encoding="utf-8").split(MARK)
    assert any(old in part for part in parts)
    text = MARK.join([head, *(part for part in parts if old in part or "draw=" not in part)])
    path = tmp_path / "99_sample" / "02_more.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('draw={"rate": between(0.1, 0.5', 'draw={"rate": between(0.25, 0.27', "10 or more"),
        ('draw={"rate": between', 'draw={"rate": undefined', "draw= fails"),
        ("is missing.\")],\n    hints=[\"What is left falls", "is missing.\")],\n    hints=[f\"At"
         " {p.rate} it falls", "a text changes with the numbers"),
        ("rate of {{rate:.2f}} per day.", "rate of {{speed}} per day.", "neither in draw="),
        ('p = given("99.13")\n', "p = given(1)\np.a = p.c\n", "AttributeError"),
        ('"rate": (fitted["rate"], "1/d", 0.05)', '"rate": (fitted["rate"], "1/d", 0.9)', "rtol"),
        ("p.start * np.exp(-p.rate * t)", "p.start * np.tanh(-p.rate * t)", "a curve knows"),
        ('"rate": -slope}', '"rate": -slope / 2}', "is not the best"),
        ('["censor*", "likelihood"', '["Censor*", "likelihood"', "small plain letters"),
        ('"Which method uses the limit as information?"', '"Which?"', "needs a sentence"),
        ('["unknown", "not know*", "not zero|0"', '["sets|zero"', "is judged"),
        ("        fitted=answer", "        x_name=answer", "without a curve"),
        ('patterns=["leave', 'try_this=["leave', "patterns belong"),
    ],
)  # fmt: skip
def test_an_authors_mistake_is_refused(few_variants, tmp_path, old, new, part):
    with pytest.raises(students.SourceError, match=part):
        students.compile_source(edited(tmp_path, old, new))


def test_a_statement_that_passes_as_an_answer_is_refused(tmp_path):
    path = edited(
        tmp_path,
        "sentences: what is wrong",
        "sentences: it is unknown, the mean comes out low, so use a censored likelihood. What is",
    )
    with pytest.raises(students.SourceError, match="statement itself passes"):
        students.compile_source(path)


def test_the_students_cells_show_the_printed_numbers():
    cells = students.student_cells(SAMPLE)
    text = "\n".join(cell.source for cell in cells)
    assert "{{" not in text and "half-life of 5 d" in text and "batch A, 20 %" in text
