"""Errors for a learner: three parts, the offending entry, the nearest name."""

import pickle

import numpy as np
import pytest

from cgtlearn.errors import (
    LearnerError,
    as_numbers,
    finite,
    inside,
    nearest,
    non_negative,
    one_number,
    one_of,
    positive,
    same_length,
    short,
    sorted_times,
    unknown_name,
)


def test_error_has_three_parts_and_is_a_value_error():
    error = LearnerError("a", "b", "c")
    assert isinstance(error, ValueError)
    assert (error.given, error.expected, error.do) == ("a", "b", "c")
    assert str(error) == "Given: a\nExpected: b\nWhat to do: c"


def test_error_survives_pickling():
    error = pickle.loads(pickle.dumps(LearnerError("a", "b", "c")))
    assert (error.given, error.expected, error.do) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("doubling_tim", "doubling_time"),
        ("Doubling Time", "doubling_time"),
        ("CMAX", "cmax"),
        ("zzzz", None),
        ("", None),
    ],
)
def test_nearest(name, found):
    assert nearest(name, ["doubling_time", "cmax", "lag"]) == found


def test_nearest_of_nothing():
    assert nearest("a", []) is None


def test_unknown_name_offers_the_nearest_and_lists_the_others():
    error = unknown_name("doubling_tim", ["doubling_time", "lag"], "parameter")
    assert "'doubling_tim'" in error.given and "parameter" in error.given
    assert error.expected == "one of: doubling_time, lag"
    assert error.do == "did you mean 'doubling_time'?"
    assert "20 in all" in unknown_name("x", [f"name{i}" for i in range(20)]).expected
    assert "none is defined" in unknown_name("x", []).expected


def test_one_of():
    assert one_of("rule", "log", ["linear", "log"]) == "log"
    with pytest.raises(LearnerError, match="did you mean 'linear'"):
        one_of("rule", "Linear", ["linear", "log"])
    with pytest.raises(LearnerError, match="choose one of them"):
        one_of("rule", 3, ["linear", "log"])


@pytest.mark.parametrize(
    "bad",
    ["3", ["a", 1.0], [[1.0], [1.0, 2.0]], 1 + 2j, [True, False], b"3", object(), {}],
)
def test_not_numbers(bad):
    with pytest.raises(LearnerError, match="to be numbers in d"):
        as_numbers("times", bad, "d")


def test_numbers_become_float64():
    for good in (1, np.int64(1), [1, 2], (1.5,), np.arange(3, dtype=np.float32), [[1], [2]]):
        assert as_numbers("x", good).dtype == np.float64
    assert np.isnan(as_numbers("x", [None, 1.0])[0])


def test_a_quantity_with_a_unit_is_refused_not_stripped():
    pint = pytest.importorskip("pint")
    hours = pint.UnitRegistry().Quantity([1.0, 2.0], "hour")
    with pytest.raises(LearnerError, match="hour") as caught:
        as_numbers("times", hours, "d")
    assert ".to('d').magnitude" in caught.value.do


def test_wrong_number_of_dimensions():
    with pytest.raises(LearnerError, match=r"shape \(2, 1\)"):
        as_numbers("x", [[1], [2]], ndim=1)
    with pytest.raises(LearnerError, match="one number"):
        as_numbers("x", [1, 2], ndim=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_finite_tells_where(bad):
    with pytest.raises(LearnerError) as caught:
        finite("x", [[1, 2], [bad, bad]])
    assert f"x[1, 0] = {bad:g} (and 1 more)" in caught.value.given


def test_positive_and_non_negative():
    assert positive("k", 0.1) == 0.1
    assert non_negative("k", 0.0) == 0.0
    with pytest.raises(LearnerError, match=r"k = 0 1/d"):
        positive("k", 0, "1/d")
    with pytest.raises(LearnerError, match=r"k\[1\] = -1"):
        non_negative("k", [0, -1])
    with pytest.raises(LearnerError, match="nan"):
        positive("k", np.nan)


def test_one_number():
    assert one_number("k", np.array(2)) == 2.0
    with pytest.raises(LearnerError, match="above 0"):
        one_number("lloq", 0, above=0)
    with pytest.raises(LearnerError):
        one_number("k", [1, 2])


def test_sorted_times():
    assert sorted_times("t", [0, 1]).tolist() == [0, 1]
    assert sorted_times("t", [0, 0, 1], strictly=False).size == 3
    with pytest.raises(LearnerError, match=r"t\[2\] = 1 d after 2 d") as caught:
        sorted_times("t", [0, 2, 1], "d")
    assert "argsort" in caught.value.do
    with pytest.raises(LearnerError, match="the same as the time before"):
        sorted_times("t", [0, 1, 1])
    with pytest.raises(LearnerError, match="after 2"):
        sorted_times("t", [0, 2, 1], strictly=False)
    with pytest.raises(LearnerError, match="at least 2 times"):
        sorted_times("t", [1], minimum=2)
    with pytest.raises(LearnerError, match="at least 1 time"):
        sorted_times("t", [])
    with pytest.raises(LearnerError, match="one curve"):
        sorted_times("t", [[0, 1]])


def test_same_length():
    same_length("t", [1, 2], "v", [[1, 2], [3, 4], [5, 6]])
    with pytest.raises(LearnerError, match=r"shape \(2,\) and v with shape \(3,\)"):
        same_length("t", [1, 2], "v", [1, 2, 3])
    with pytest.raises(LearnerError):
        same_length("t", [1, 2], "v", 3.0)


def test_inside():
    assert inside("p", [0, 1], 0, 1).tolist() == [0, 1]
    with pytest.raises(LearnerError) as caught:
        inside("cv", 30, 0, 20, why="a fraction")
    assert "within 0 to 20 (a fraction)" in caught.value.expected


def test_short_cuts_long_values():
    assert short([1.0]) == "[1.0]"
    assert short(np.float64(3.0)) == "3.0"
    assert len(short("x" * 500)) == 60
    assert short(np.arange(1000.0)).endswith("..., 998., 999.]")
