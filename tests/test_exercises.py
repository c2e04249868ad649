"""Exercises: four proofs for each one, and what surrounds them.

Each exercise must say *not attempted* to its stub, pass its reference, give each listed wrong
answer its own message, and neither crash on junk nor let it pass.
"""

from __future__ import annotations

import json
import math
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cgtlearn import exercises as package
from cgtlearn.exercises import (
    authoring,
    check,
    drawing,
    guard,
    guess,
    hint,
    progress,
    solution,
    store,
)
from cgtlearn.exercises.blank import ____
from cgtlearn.exercises.judging import format_number, judge
from cgtlearn.exercises.slips import SLIPS, apply, explain
from tools import ROOT, students

SAMPLE = Path(__file__).parent / "fixtures" / "exercises" / "99_sample" / "01_sample.py"
FIXTURE = {item.data["id"]: item.data for item in students.compile_source(SAMPLE)}
MORE = {
    item.data["id"]: item.data for item in students.compile_source(SAMPLE.with_name("02_more.py"))
}
ALL = {**FIXTURE, **MORE, **store.exercises()}
LEARNERS = [f"learner {seed}" for seed in range(20)]
# One exercise for each type of answer, and so for each part of the judge.
TYPES = {exercise["answer"]["type"]: exercise for exercise in [*MORE.values(), *FIXTURE.values()]}

every_exercise = pytest.mark.parametrize("exercise", ALL.values(), ids=ALL.keys())


def as_drawn(exercise):
    """The exercise as printed, and as 20 learners have it where its numbers are drawn."""
    if "drawn" not in exercise:
        return [exercise]
    return [exercise, *(drawing.for_learner(exercise, name) for name in LEARNERS)]


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
    document = {"schema": 1, "chapter": "99_sample", "exercises": list(FIXTURE.values())}
    (folder / "99_sample.json").write_text(students.dumps(document), encoding="utf-8")
    monkeypatch.setattr(store, "DATA", folder)
    return folder


reference = students.reference


# --- the four proofs -----------------------------------------------------------------------------


@every_exercise
def test_a_stub_is_not_attempted(exercise):
    stubs = [..., None, "...", ____, [...], 3 * ____, np.exp(____)]
    if exercise["answer"]["type"] == "function":
        stubs += [lambda *arguments: ..., lambda *arguments: None, lambda *arguments: 2 * ____]
    if exercise["answer"]["type"] == "fit":
        stubs.append({parameter["name"]: ... for parameter in exercise["answer"]["parameters"]})
    if "untouched" in exercise["answer"]:
        stubs.append(students.restore(exercise["answer"], exercise["answer"]["untouched"]))
    for stub in stubs:
        verdict = judge(exercise, stub)
        assert verdict.status == "not attempted", str(verdict)
        assert not verdict


@every_exercise
def test_the_reference_is_right(exercise):
    for one in as_drawn(exercise):
        verdict = judge(one, reference(one))
        assert verdict.status == "right", str(verdict)
        assert verdict and verdict.misconception is None


@every_exercise
def test_each_listed_wrong_answer_gets_its_own_message(exercise):
    assert exercise["wrong"]
    messages = [entry["message"] for entry in exercise["wrong"]]
    assert len(set(messages)) == len(messages)
    for one in as_drawn(exercise):
        for entry in one["wrong"]:
            verdict = judge(one, students.restore(one["answer"], entry["answer"]))
            assert verdict.status == "wrong", str(verdict)
            assert verdict.misconception == entry["slip"]
            assert entry["message"] in verdict.message
            advice = entry["try"] or SLIPS[entry["slip"]].advice
            assert advice in verdict.message


class Hostile:
    """An object that raises whatever is asked of it."""

    def _refuse(self, *arguments):
        raise RuntimeError("do not touch")

    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse
    __bool__ = __len__ = __iter__ = __float__ = __int__ = __array__ = __call__ = _refuse
    __repr__ = __str__ = __format__ = _refuse
    __hash__ = None

    @property
    def __class__(self):
        raise RuntimeError("not even that")


class Quitter:
    """A number that leaves the program when it is read."""

    def __float__(self):
        raise SystemExit

    __array__ = __call__ = __float__


class Deep(list):
    """A list that holds itself."""

    def __init__(self):
        super().__init__()
        self.append(self)


def endless_number():
    """A number that is never done with being read."""

    class Endless(float):
        def __float__(self):
            return never_returns()

    return Endless(1e99)


def generator():
    yield 1.0


def raises(*arguments):
    raise KeyError("no")


def leaves(*arguments):
    raise SystemExit(1)


def recursive(*arguments):
    return recursive(*arguments)


def never_returns(*arguments):
    while True:
        pass


FUNCTIONS = [
    raises,
    leaves,
    recursive,
    print,
    np.exp,
    len,
    lambda: 1.0,
    lambda *a: math.nan,
    lambda *a: math.inf,
    lambda *a: "text",
    lambda *a: 1j,
    lambda *a: Hostile(),
    lambda *a: generator(),
    lambda *a: np.zeros((3, 1, 7)),
    lambda *a: [[1.0], [1.0, 2.0]],
    lambda *a: {"a": 1},
    lambda *a: True,
    lambda *a, b: 1.0,
    lambda *a: np.array([None, 1.0]),
    int,
    Hostile,
    lambda *a: 10**400,
    lambda *a: Decimal("NaN"),
    lambda *a: ____,
    never_returns,
]
QUICK = 0.25  # seconds for a check of junk; some of it never returns


def _wrong_shapes(exercise):
    """Arrays of every shape but the right one, some holding the right number."""
    spec = exercise["answer"]
    shape = np.shape(spec["value"]) if spec["type"] == "array" else ()
    value = np.ravel(spec["value"])[0] if spec["type"] in ("number", "array") else 1.0
    arrays = hnp.arrays(
        st.sampled_from([np.float64, np.int64, np.complex128, np.bool_, "U3", object]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
    )
    filled = hnp.array_shapes(min_dims=1, max_dims=3, max_side=5).map(lambda s: np.full(s, value))
    return (arrays | filled).filter(lambda a: a.shape != shape and a.size != 0) | st.just(
        np.empty((0, 3))
    )


def junk(exercise):
    """Anything a learner's cell may hold by accident."""
    simple = (
        st.none()
        | st.sampled_from([math.nan, math.inf, -math.inf, np.nan, np.float32("inf")])
        | st.text(alphabet="xyzü!?{}[] 0.", max_size=30)
        | st.binary(max_size=5)
        | st.booleans()
        | st.complex_numbers()
        | st.sampled_from(FUNCTIONS)
        | st.builds(Hostile)
        | st.builds(Quitter)
        | st.builds(generator)
        | st.builds(object)
        | st.dates()
        | st.sampled_from([10**400, -(10**5000), Fraction(10**400), Decimal("1e999"), ____])
        | st.builds(endless_number)
    )
    return (
        simple
        | st.lists(simple, max_size=4)
        | st.lists(simple, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), st.none(), max_size=2)
        | st.sets(st.integers(), max_size=3)
        | st.builds(Deep)
        | st.fixed_dictionaries({"start": simple, "rate": simple, "curve": simple})
        | st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)
        | _wrong_shapes(exercise)
    )


# Words without an idea in them, whatever their order.
WORDS = "the a is it of to in we and because so that this i am fish lorem 42 % !?. wrong".split()


def assert_refused(exercise, answer):
    verdict = judge(exercise, answer, limit=QUICK)
    assert verdict.status in ("invalid", "not attempted", "wrong"), str(verdict)
    assert len(verdict.message) > 20


def try_junk(exercise, examples, use=assert_refused):
    @settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(answer=junk(exercise))
    def never(answer):
        use(exercise, answer)

    never()


@every_exercise
def test_junk_never_crashes_and_never_passes(exercise):
    try_junk(exercise, 50)


def test_a_thousand_junk_answers_never_pass_any_type_of_check():
    # The junk is drawn once, so that seven types cost hardly more than one.
    pool = []
    try_junk(TYPES["array"], 1000, use=lambda _, answer: pool.append(answer))
    assert len(pool) >= 1000
    assert set(TYPES) == {"number", "array", "choice", "order", "function", "fit", "text"}
    slow = 0
    for answer in pool[:1000]:
        if answer is never_returns or type(answer).__name__ == "Endless":
            slow += 1
            if slow > 3:  # each takes its second for each type
                continue
        for exercise in TYPES.values():
            assert_refused(exercise, answer)


@pytest.mark.slow
@every_exercise
def test_a_thousand_junk_answers_for_each_exercise(exercise):
    try_junk(exercise, 1000)


@pytest.mark.parametrize("make", [Hostile, Quitter, generator, *(lambda f=f: f for f in FUNCTIONS)])
def test_each_hostile_answer_is_refused_by_each_type(make):
    for exercise in TYPES.values():
        assert_refused(exercise, make())


# --- code that does not end ----------------------------------------------------------------------


def test_an_endless_function_is_stopped_and_named():
    def endless(t):
        while True:
            pass

    started = time.perf_counter()
    verdict = judge(FIXTURE["99.5"], endless, limit=0.3)
    assert time.perf_counter() - started < 3
    assert verdict.status == "invalid" and "0.3 s" in verdict.message
    assert "restart the kernel" not in verdict.message


def test_code_that_cannot_be_stopped_asks_for_a_new_kernel():
    def deaf(t):
        time.sleep(4)  # one call into compiled code: nothing reaches it

    verdict = judge(FIXTURE["99.5"], deaf, limit=0.2)
    assert verdict.status == "invalid" and "restart the kernel" in verdict.message


def test_the_limit_is_five_seconds():
    assert guard.TIME_LIMIT == 5.0


# --- what is said --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (0.770163533955 * 24, "hours-for-days"),
        (0.770163533955 / 7, "weeks-for-days"),
        (-0.770163533955, "sign"),
        (770.16, "prefix-1000"),
        (77.0, "percent-for-fraction"),
        (1.7734, "ln-log10"),
        (0.59315, "variance-for-sd"),
        (1.2984, "reciprocal"),
    ],
)
def test_shared_slips_explain_unlisted_answers(answer, key):
    verdict = judge(FIXTURE["99.1"], answer)
    assert (verdict.status, verdict.misconception) == ("wrong", key)
    assert SLIPS[key].advice in verdict.message


def test_shared_slips_can_be_switched_off():
    exercise = json.loads(json.dumps(FIXTURE["99.1"]))
    exercise["answer"]["shared_slips"] = False
    assert judge(exercise, 0.770163533955 * 24).misconception is None


def test_a_fraction_counted_from_the_other_side():
    assert explain([0.7], [0.3]).key == "complement"
    assert explain([0.7], [0.3], unit="d") is None


def test_an_answer_that_nothing_explains_gets_a_direction_and_a_next_step():
    verdict = judge(FIXTURE["99.1"], 5.5)
    assert verdict.status == "wrong" and verdict.misconception is None
    assert "too large" in verdict.message and 'hint("99.1")' in verdict.message
    assert "0.77" not in verdict.message


def test_a_near_miss_is_called_near_and_a_far_one_is_not():
    assert "rounded too early" in judge(FIXTURE["99.1"], 0.770163533955 * 1.025).message
    assert "rounded too early" not in judge(FIXTURE["99.1"], 0.770163533955 * 1.2).message
    right = reference(FIXTURE["99.5"])
    near = judge(FIXTURE["99.5"], lambda t: 1.01 * np.asarray(right(t)))
    assert near.status == "wrong" and "rounded too early" in near.message


def test_a_listed_slip_is_named_in_percent_too():
    exercise = store.exercise("00.1")
    for answer in (100, 50):
        as_fraction = judge(exercise, answer / 100)
        in_percent = judge(exercise, answer)
        assert "read as a percent" in in_percent.message
        assert in_percent.misconception == as_fraction.misconception is not None


def test_a_wrong_element_is_named_by_its_input():
    right = reference(FIXTURE["99.5"])

    def wrong_late(t):
        return np.where(np.asarray(t) == 1.5, 99.0, right(t)) if np.ndim(t) else right(t)

    assert "At t = 1.5 (element 1 of" in judge(FIXTURE["99.5"], wrong_late).message


@pytest.mark.parametrize(
    ("id", "answer", "words"),
    [
        ("99.1", "0.77", "quotes"),
        ("99.1", [0.77], "values[0]"),
        ("99.1", math.nan, "NaN"),
        ("99.1", np.log, "Call it"),
        ("99.2", [1.0, 2.0], "(3,)"),
        ("99.2", [1.0, ..., 3.0], "blank"),
        ("99.2", [1.0, math.nan, 3.0], "Element 1"),
        ("99.2", (x for x in [1, 2, 3]), "list(...)"),
        ("99.3", "e", '"a", "b", "c"'),
        ("99.4", ["C", "C", "A"], "twice"),
        ("99.4", ["C", "A"], "missing"),
        ("99.4", ["C", "A", "Q"], "not among"),
        ("99.5", 3.0, "without calling it"),
        ("99.5", lambda: 1.0, "takes ()"),
        ("99.5", lambda t, u: 1.0, "takes (t, u)"),
        ("99.5", lambda t: print(end=""), "returns nothing"),
        ("99.5", lambda t: undefined * t, "NameError"),  # noqa: F821
        ("99.5", lambda t: 1.0 if t > 3 else 2.0, "np.where"),
        ("99.5", lambda t: 1.0, "shape"),
        ("99.5", lambda t: np.log(t - 9), "NaN or infinity"),
    ],
)
def test_what_cannot_be_judged_is_explained(id, answer, words):
    verdict = judge(FIXTURE[id], answer)
    assert verdict.status == "invalid"
    assert words in verdict.message


def test_a_blank_inside_a_function_is_not_a_wrong_answer():
    assert judge(FIXTURE["99.5"], lambda t: ... * t).status == "not attempted"

    def empty(t):
        """Write me."""

    assert judge(FIXTURE["99.5"], empty).status == "not attempted"


def test_a_function_that_ignores_its_argument():
    verdict = judge(FIXTURE["99.5"], lambda t: 3.0 + 0 * np.asarray(t))
    assert verdict.status == "wrong" and "every input" in verdict.message


def test_a_choice_may_be_written_in_capitals_and_an_order_as_text():
    for key in (" B ", "b)", "(B)", "b."):
        assert judge(FIXTURE["99.3"], key), key
    for order in ("CAB", "c a b", "C, A, B", ("C", "A", "B"), np.array(["C", "A", "B"])):
        assert judge(FIXTURE["99.4"], order), order


def test_one_line_too_many_at_the_end_of_a_right_order_is_found():
    exercise = store.exercise("07.20")
    right = exercise["answer"]["right"]
    extra = next(key for key in exercise["answer"]["lines"] if key not in right)
    verdict = judge(exercise, [*right, extra])
    assert verdict.status == "wrong"
    assert f'{len(right)} of {len(right)} stand in place; look at "{extra}"' in verdict.message


@given(st.floats(min_value=1e-12, max_value=1e12))
def test_numbers_are_shown_with_four_digits(value):
    shown = float(format_number(value).replace(",", ""))
    assert shown == pytest.approx(value, rel=6e-4)


def test_every_slip_is_written_out_and_its_transforms_change_numbers():
    for key, slip in SLIPS.items():
        assert slip.key == key
        assert len(slip.comes_about.split()) >= 4 and len(slip.advice.split()) >= 4
        for transform in slip.transforms:
            assert apply(transform, np.array([0.3])) != 0.3


# --- the learner's side --------------------------------------------------------------------------


def test_check_prints_and_keeps_progress(sample, tmp_path, capsys):
    check("99.1", ...)
    assert "not attempted" in capsys.readouterr().out
    assert not (tmp_path / "progress.json").exists()
    verdict = check("99.1", 18.5)
    assert "24" in capsys.readouterr().out and verdict.status == "wrong"
    check("99.1", 0.77)
    check("99.1", 18.5)
    kept = json.loads((tmp_path / "progress.json").read_text(encoding="utf-8"))
    entry = kept["exercises"]["99.1"]
    assert entry == {"attempts": 3, "status": "right", "misconceptions": ["hours-for-days"]}


def test_hints_come_one_at_a_time(sample, capsys):
    first, second, again = hint("99.1"), hint("99.1"), hint("99.1")
    assert FIXTURE["99.1"]["hints"][0] in str(first)
    assert FIXTURE["99.1"]["hints"][1] in str(second)
    assert str(again) == str(second)
    assert "Hint 1 of 2" in capsys.readouterr().out


def test_the_solution_comes_after_an_attempt(sample):
    worked = FIXTURE["99.1"]["worked_markdown"]
    assert worked not in str(solution("99.1"))
    assert worked in str(solution("99.1", force=True))
    check("99.2", [1, 2, 3])
    assert FIXTURE["99.2"]["solution_code"] in str(solution("99.2"))


def test_progress_counts_and_can_be_reset(sample):
    check("99.1", 0.77)
    check("99.3", "a")
    text = str(progress())
    assert "■□▪□□□" in text and "1 of 6 right" in text and "next: 99.2" in text
    assert "No exercises" in str(progress("12"))
    package.reset("99.1")
    assert "□□▪□□□" in str(progress("99"))
    package.reset()
    assert "□□□□□□" in str(progress("99"))


def test_a_file_that_cannot_be_written_loses_nothing(sample, tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("CGTLEARN_PROGRESS", str(blocked / "progress.json"))
    assert check("99.1", 0.77)
    assert "■" in str(progress("99"))


@pytest.mark.parametrize("content", ["{", "[]", '{"exercises": 3}', "null", "\x00"])
def test_a_damaged_file_is_kept_and_replaced(sample, tmp_path, content):
    (tmp_path / "progress.json").write_text(content)
    assert check("99.1", 0.77)
    assert (tmp_path / "progress.damaged.json").read_text() == content
    assert "■" in str(progress("99"))


def test_progress_belongs_to_the_course_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("CGTLEARN_PROGRESS")
    (tmp_path / "exercises" / "07_x").mkdir(parents=True)
    (tmp_path / "course.py").touch()
    monkeypatch.chdir(tmp_path / "exercises" / "07_x")
    assert store.progress_path() == tmp_path.resolve() / ".cgtlearn" / "progress.json"
    monkeypatch.setenv("CGTLEARN_PROGRESS", "off")
    assert store.progress_path() is None


@pytest.mark.parametrize("id", ["99.11", "99,1", "991"])
def test_an_unknown_exercise_names_the_nearest(sample, id):
    with pytest.raises(package.UnknownExercise, match='did you mean "99.1"'):
        check(id, 1.0)


@pytest.mark.parametrize("id", [99.1, None, ["99.1"], 7])
def test_an_id_that_is_no_text(sample, id):
    with pytest.raises(package.UnknownExercise, match="in quotes"):
        hint(id)


def test_a_check_is_quick(sample):
    check("99.1", 0.77)
    started = time.perf_counter()
    for _ in range(10):
        check("99.1", 0.77)
    assert (time.perf_counter() - started) / 10 < 0.2


def test_a_guess_is_kept_and_compared(capsys):
    guess("How high?", None, unit="copies/µg").compare(5000)
    out = capsys.readouterr().out
    assert "No guess yet" in out and "5,000 copies/µg" in out and "no guess yet" in out
    guess("How high?", 100, unit="copies/µg").compare(5000)
    assert "50 times too low" in capsys.readouterr().out
    guess("How high?", 5100).compare(5000)
    assert "within 2 %" in capsys.readouterr().out
    guess("How high?", 5000).compare(5000)
    assert "the same" in capsys.readouterr().out
    guess("Change?", -3, unit="%").compare(4)
    assert "off by -7 %" in capsys.readouterr().out


@pytest.mark.parametrize("value", ["100", math.nan, [1], True, 1j])
def test_a_guess_is_one_finite_number(value):
    with pytest.raises(ValueError):
        guess("How high?", value)


# --- compiling -----------------------------------------------------------------------------------


@every_exercise
def test_the_data_are_whole(exercise):
    fields = (
        "id title kind level minutes notebook statement_markdown starter_code answer wrong hints "
        "worked_markdown solution_code"
    ).split()
    assert list(exercise) == fields + (["drawn"] if "drawn" in exercise else [])
    assert len(exercise["hints"]) == 2
    assert exercise["kind"] in authoring.KINDS
    assert exercise["notebook"].split("_")[0] == exercise["id"].split(".")[0]
    json.dumps(exercise, allow_nan=False)
    for entry in exercise["wrong"]:
        more = {"patterns"} if exercise["answer"]["type"] == "text" else set()
        assert set(entry) == {"answer", "slip", "message", "try"} | more


def test_the_committed_data_agree_with_their_sources():
    assert students.check(ROOT) == []


def test_data_files_are_named_after_their_chapter():
    for path in store.DATA.glob("[0-9]*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        assert (document["schema"], document["chapter"]) == (1, path.stem)


def _edited(tmp_path, *changes):
    text = SAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "99_sample" / "01_sample.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("predict · level 1", "predict · level 2", "heading should read"),
        ('check("99.1", doubling', 'check("99.9", doubling', "with the id"),
        ("doubling_time = np.log(2) / rate", "doubling_time = rate", "solution is judged wrong"),
        ("doubling_time = ...", "doubling_time = np.log(2) / rate", "already right"),
        ('"Put two on one side and solve for t."]', "]", "exactly two hints"),
        ('slip(1 / rate, "half-life-for-rate"', 'slip(1 / rate, "typo"', "no shared misc"),
        ("slip(1 / rate,", "slip(np.log(2) / rate,", "is judged right"),
        ('slip("c", "reading"', 'slip("a", "reading"', "wrong options are"),
        ("# --- end\n", "", "needs one"),
        ('tags=["worked"]', 'tags=["other"]', "worked cell belongs"),
        ('    "99.2",\n    kind', '    "98.2",\n    kind', "with the id"),
        ("rate = 0.9  # per day", "rate = undefined", "NameError"),
        ("minutes=3,", "minutes=0,", "minutes"),
        ("# One doubling means", "# ## A heading\n# One doubling means", "no heading"),
    ],
)
def test_an_authors_mistake_is_refused(tmp_path, old, new, words):
    with pytest.raises(students.SourceError, match=words):
        students.compile_source(_edited(tmp_path, (old, new)))


def test_stale_data_are_caught(tmp_path):
    root = tmp_path
    (root / "exercises" / "99_sample").mkdir(parents=True)
    source = root / "exercises" / "99_sample" / "01_sample.py"
    source.write_text(SAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    assert any("missing" in problem for problem in students.check(root))
    students.write(root)
    assert students.check(root) == []
    assert students.write(root) == []
    path = root / students.DATA / "99_sample.json"
    text = path.read_text(encoding="utf-8")
    assert "0.770163533955" in text
    path.write_text(text.replace("0.770163533955", "0.770163533956"), encoding="utf-8")
    assert students.check(root) == []  # another machine's last digit
    path.write_text(text.replace("0.770163533955", "0.7702"), encoding="utf-8")
    assert any("99.1/answer/value" in problem for problem in students.check(root))


def test_the_students_cells_hold_no_solution():
    text = "\n".join(cell.source for cell in students.student_cells(SAMPLE))
    for item in students.compile_source(SAMPLE):
        assert item.data["solution_code"] not in text
        assert item.data["worked_markdown"] not in text
        assert item.data["starter_code"] in text
    assert "exercise(" not in text and "--- solution" not in text
