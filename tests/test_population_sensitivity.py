"""Sensitivity: indices that are known in closed form, a double loop, and walks counted by hand."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cgtlearn import population as pop
from cgtlearn.errors import LearnerError
from cgtlearn.models import stein2019
from cgtlearn.models.contract import Model, Output, Parameter, State

M = stein2019.model
ARMS = {"a": 0.4, "b": 0.7, "c": 1.0}
"""SDs of the logarithms of three factors."""


def constant(name, parameters, start) -> Model:
    """A model whose one state stays at ``start(p)``."""
    return Model(
        name=name,
        title="Stays as it is",
        states={"x": State("1", "a number")},
        parameters=parameters,
        observed={"x": Output("1", "a number")},
        rhs=lambda t, y, p, phase: (0 * y[0],),
        initial=lambda p: (start(p),),
        outputs=lambda t, y, p, phase: {"x": y[0]},
        time_unit="day",
        window=1,
    )


def box(low, high, scale="linear", default=None):
    middle = (low + high) / 2 if default is None else default
    return Parameter(middle, "1", (low, high), scale, "a number")


PRODUCT = constant(
    "product", {k: box(1e-9, 1e9, "log", 2.0) for k in ARMS}, lambda p: p.a * p.b * p.c
)
CUBE = constant("cube", {k: box(-np.pi, np.pi) for k in ("x1", "x2", "x3")}, lambda p: 0 * p.x1)


def end(course):
    return course["x"][:, -1]


def ishigami(course):
    """sin x1 + 7 sin² x2 + 0.1 x3⁴ sin x1 (Ishigami and Homma 1990)."""
    p = course.parameters
    return np.sin(p.x1) + 7 * np.sin(p.x2) ** 2 + 0.1 * p.x3**4 * np.sin(p.x1)


def known_ishigami():
    """First and total indices, from the integrals."""
    a, b = 7.0, 0.1
    one = 0.5 * (1 + b * np.pi**4 / 5) ** 2
    two = a**2 / 8
    both = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    whole = one + two + both
    return np.array([one, two, 0]) / whole, np.array([one + both, two, both]) / whole, whole


def known_product():
    """First and total indices of a product of log-normals, and its variance."""
    squares = np.array([sd**2 for sd in ARMS.values()])
    whole = np.expm1(squares.sum())
    mean = np.prod([2 * np.exp(s / 2) for s in squares])
    total = 1 - np.expm1(squares.sum() - squares) / whole
    return np.expm1(squares) / whole, total, whole * mean**2


CUBE_RANGES = {name: (-np.pi, np.pi) for name in CUBE.parameters}
PRODUCT_SPREADS = {name: pop.log_sd(sd) for name, sd in ARMS.items()}


def of(model, varied, reduce, n, seed, **more):
    design = pop.sobol_design(model, varied, n=n, seed=seed)
    kept = pop.run(model, design, [0, 1], reduce, **more)
    return design.indices(kept["value"])


# --- Sobol ----------------------------------------------------------------------------------------


def test_ishigami_has_its_known_indices():
    found = of(CUBE, CUBE_RANGES, ishigami, 4096, 1)
    first, total, variance = known_ishigami()
    assert found.parameters == ("x1", "x2", "x3")
    assert found.first == pytest.approx(first, abs=0.02)
    assert found.total == pytest.approx(total, abs=0.02)
    assert found.variance == pytest.approx(variance, rel=0.03)
    assert found.ranked() == ("x1", "x2", "x3")
    assert str(found).splitlines()[1].startswith("x1") and "0.31" in str(found)


def test_a_product_of_log_normals_has_its_known_indices():
    found = of(PRODUCT, PRODUCT_SPREADS, end, 8192, 3)
    first, total, variance = known_product()
    assert found.first == pytest.approx(first, abs=0.05)
    assert found.total == pytest.approx(total, abs=0.05)
    assert found.variance == pytest.approx(variance, rel=0.1)
    assert first.sum() < 0.8  # interactions: the totals add up to more than 1
    logs = of(PRODUCT, PRODUCT_SPREADS, lambda r: np.log(end(r)), 4096, 3)
    squares = np.array([sd**2 for sd in ARMS.values()])
    assert logs.first == pytest.approx(squares / squares.sum(), abs=0.01)
    assert logs.total == pytest.approx(squares / squares.sum(), abs=0.01)
    assert logs.variance == pytest.approx(squares.sum(), rel=0.01)


def test_intervals_hold_the_truth():
    """At n = 256, of 40 designs: a scrambled sequence is more even than the bootstrap knows."""
    first, total, _ = known_ishigami()
    hits = []
    for seed in range(40):
        design = pop.sobol_design(CUBE, CUBE_RANGES, n=256, seed=seed)
        x1, x2, x3 = (getattr(design, name) for name in design.varied)
        y = np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)
        found = design.indices(y)
        for ends, truth in ((found.first_interval, first), (found.total_interval, total)):
            hits.append((ends[0] <= truth) & (truth <= ends[1]))
            assert np.all(ends[1] - ends[0] < 0.8)
    assert np.mean(hits) > 0.93
    narrow, wide = (design.indices(y, confidence=c).first_interval for c in (0.5, 0.99))
    assert np.all(np.ptp(narrow, axis=0) < np.ptp(wide, axis=0))


def test_a_double_loop_finds_the_same():
    """Var(E[y | x]) by its definition: hold x, average over the others, vary x."""
    varied = {
        "cmax": pop.log_sd(0.65), "tmax": pop.log_sd(0.38), "contraction_rate": pop.log_sd(0.91)
    }  # fmt: skip
    level = lambda r: np.log(r["transgene"][:, -1])  # noqa: E731
    design = pop.sobol_design(M, varied, n=2048, seed=5)
    found = design.indices(pop.run(M, design, [0, 28], level)["value"])
    outer, inner = 150, 400
    drawn = pop.sample(M, outer * inner, varied, seed=11)
    for i, name in enumerate(found.parameters):
        values = {other: getattr(drawn, other) for other in varied}
        values[name] = np.repeat(values[name][:outer], inner)
        held = M.parameters_with(**values)
        y = np.log(pop.courses(M, held, [28.0], course=stein2019.closed_form)[:, 0])
        groups = y.reshape(outer, inner)
        noise = groups.var(axis=1, ddof=1).mean() / inner
        first = (groups.mean(axis=1).var(ddof=1) - noise) / y.var()
        assert found.first[i] == pytest.approx(first, abs=0.12), name
    assert found.first[found.parameters.index("contraction_rate")] > 0.4


def test_blocks_processes_and_seeds():
    one = of(PRODUCT, PRODUCT_SPREADS, end, 64, 0)
    two = of(PRODUCT, PRODUCT_SPREADS, end, 64, 0, block=7)
    assert np.array_equal(one.first, two.first) and np.array_equal(
        one.first_interval, two.first_interval
    )
    other = of(PRODUCT, PRODUCT_SPREADS, end, 64, 1)
    assert not np.array_equal(one.first, other.first)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    design = pop.sobol_design(M, {"cmax": pop.cv(0.7), "tmax": (5, 15)}, n=16, seed=0)
    assert design.patients == 16 * 4 and design.varied == ("tmax", "cmax")
    days = pop.run(M, design, [0, 28], last_two, executor=2, block=11)["value"]
    found = design.indices(days)
    assert found.first.shape == (2, 2) and found.total_interval.shape == (2, 2, 2)
    assert np.array_equal(found.first[:, 1], design.indices(days[:, 1]).first)
    assert np.random.get_state()[1].tolist() == before, "the global generator is left alone"  # noqa: NPY002
    assert "2 values" in str(found)
    with pytest.raises(LearnerError, match="a ranking by 2 values"):
        found.ranked()


def last_two(course):
    return np.stack([course["transgene"][:, -1], course.parameters.tmax], axis=1)


def test_the_design_has_the_distribution_that_was_asked_for():
    """As `sample` draws it: cut off at the domain; a range is uniform on the parameter's scale."""
    from scipy import stats

    low, high = M.parameters["tmax"].domain
    wide = pop.log_sd(np.log(high / M.parameters_with().tmax) / 1.2)
    with pytest.warns(UserWarning, match="cut off"):
        design = pop.sobol_design(M, {"tmax": wide, "cmax": (1e3, 1e5)}, n=1024, seed=2)
    with pytest.warns(UserWarning, match="drawn again"):
        drawn = pop.sample(M, 20_000, {"tmax": wide}, seed=2)
    rows = design.tmax[::4]  # the first of each group are points of the sequence itself
    assert low <= design.tmax.min() and design.tmax.max() <= high
    assert stats.ks_2samp(rows, drawn.tmax).pvalue > 0.01
    share = np.log(design.cmax[::4] / 1e3) / np.log(100)
    assert stats.kstest(share, "uniform").pvalue > 0.01
    unit = constant("share", {"f": box(0, 1, "logit", 0.3)}, lambda p: p.f)
    design = pop.sobol_design(unit, {"f": pop.logit_sd(1.5)}, n=1024, seed=2)
    z = (np.log(design.f / (1 - design.f)) - np.log(0.3 / 0.7)) / 1.5
    assert stats.kstest(z[::3], "norm").pvalue > 0.01
    ends = pop.sobol_design(unit, {"f": (0.01, 0.5)}, n=1024, seed=2).f
    odds = np.log(ends / (1 - ends))
    assert stats.kstest(odds[::3], "uniform", (odds.min(), np.ptp(odds))).pvalue > 0.01


# --- Morris ---------------------------------------------------------------------------------------


def test_a_linear_quantity_has_its_slopes_as_effects():
    design = pop.morris_design(CUBE, CUBE_RANGES, n=10, seed=1)
    assert design.patients == 10 * 4
    y = 3 * design.x1 - 2 * design.x2
    found = design.indices(y)
    assert found.mu == pytest.approx(np.array([3, -2, 0]) * 2 * np.pi)
    assert found.mu_star == pytest.approx(np.abs(found.mu))
    assert found.sigma == pytest.approx([0, 0, 0], abs=1e-9)
    assert found.ranked() == ("x1", "x2", "x3")
    assert str(found).splitlines()[1].startswith("x1")


def test_effects_are_those_of_the_walks_counted_by_hand():
    spreads = {name: pop.log_sd(sd) for name, sd in ARMS.items()}
    design = pop.morris_design(PRODUCT, spreads, n=30, seed=4, levels=6, middle=0.9)
    kept = pop.run(PRODUCT, design, [0, 1], end)["value"]
    assert np.allclose(kept, design.a * design.b * design.c, rtol=1e-5)
    effects = {name: [] for name in ARMS}
    for start in range(0, 30 * 4, 4):
        for k in range(start, start + 3):
            (moved,) = (i for i in range(3) if design.unit[k, i] != design.unit[k + 1, i])
            step = design.unit[k + 1, moved] - design.unit[k, moved]
            effects[design.varied[moved]].append((kept[k + 1] - kept[k]) / step)
    found = design.indices(kept)
    assert found.mu == pytest.approx([np.mean(effects[name]) for name in ARMS])
    assert found.mu_star == pytest.approx([np.mean(np.abs(effects[name])) for name in ARMS])
    assert found.sigma == pytest.approx([np.std(effects[name], ddof=1) for name in ARMS])
    inside = (found.mu_star_interval[0] <= found.mu_star) & (
        found.mu_star <= found.mu_star_interval[1]
    )
    assert inside.all() and np.all(np.ptp(found.mu_star_interval, axis=0) > 0)
    # The spread goes from its 5th to its 95th percentile.
    assert design.c.min() == pytest.approx(2 * np.exp(-1.644854), rel=1e-5)
    assert design.c.max() == pytest.approx(2 * np.exp(1.644854), rel=1e-5)


def test_yes_and_no_count_as_numbers():
    design = pop.morris_design(PRODUCT, PRODUCT_SPREADS, n=20, seed=1)
    high = design.a * design.b * design.c > 8
    assert np.array_equal(design.indices(high).mu, design.indices(high.astype(float)).mu)


# --- bad input ------------------------------------------------------------------------------------

SPREAD = {"cmax": pop.log_sd(0.5)}
BAD = {
    "nothing varies": (dict(varied={}), "at least one entry"),
    "an unknown parameter": (dict(varied={"cmaxx": (1, 2)}), "did you mean 'cmax'"),
    "a bare number": (dict(varied={"cmax": 0.5}), "a spread that says what it is"),
    "a spread of zero": (dict(varied={"cmax": pop.cv(0)}), "spread above zero"),
    "a mixture": (
        dict(varied={"cmax": pop.mixture((0.5, 1, pop.cv(1)), (0.5, 2, pop.cv(1)))}), "mixture"
    ),
    "a range that falls": (dict(varied={"tmax": (15, 5)}), "rising"),
    "a range beyond the domain": (dict(varied={"tmax": (5, 1e9)}), "rising"),
    "three ends": (dict(varied={"tmax": (5, 6, 7)}), "rising"),
    "text for an end": (dict(varied={"tmax": ("5", 6)}), "an end of tmax"),
    "a logit spread on a log scale": (dict(varied={"cmax": pop.logit_sd(1)}), "log scale"),
    "no whole number": (dict(n=2.5), "n = 2.5"),
    "a seed that is none": (dict(seed=1.5), "seed = 1.5"),
    "a seed of text": (dict(seed="1"), "seed = '1'"),
    "no seed": (dict(seed=None), "seed = None"),
    "another model's base": (dict(base=PRODUCT.parameters_with()), "parameters of stein2019"),
    "many typical patients": (dict(base=M.parameters_with(cmax=[1e4, 2e4])), "single numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("make", [pop.sobol_design, pop.morris_design])
def test_nonsense_is_refused(case, make):
    changes, words = BAD[case]
    given = {"varied": SPREAD, "n": 16, "seed": 1, **changes}
    with pytest.raises(LearnerError, match=words):
        make(M, given.pop("varied"), **given)


def test_numbers_of_points_walks_and_places():
    for n, near in ((1000, 1024), (1, 1024), (0, 1024), (True, 1024), (300, 256)):
        with pytest.raises(LearnerError, match=f"n={near}"):
            pop.sobol_design(M, SPREAD, n=n, seed=1)
    for changes in (dict(n=1), dict(levels=3), dict(levels=0), dict(middle=1), dict(middle=0)):
        with pytest.raises(LearnerError, match=next(iter(changes))):
            pop.morris_design(M, SPREAD, seed=1, **changes)


def test_values_that_do_not_belong_are_refused():
    design = pop.sobol_design(PRODUCT, PRODUCT_SPREADS, n=16, seed=1)
    good = design.a * design.b
    hole = np.where(np.arange(80) == 17, np.nan, good)
    with pytest.raises(LearnerError, match=r"patient 17 with a = .*b = .*c = "):
        design.indices(hole)
    with pytest.raises(LearnerError, match="one row for each of the 80"):
        design.indices(good[:-1])
    with pytest.raises(LearnerError, match="4 in every patient in column 1"):
        design.indices(np.stack([good, np.full(80, 4.0)], axis=1))
    with pytest.raises(LearnerError, match="4 in every patient"):
        design.indices(np.full(80, 4.0))
    with pytest.raises(LearnerError, match="numbers"):
        design.indices(["a"] * 80)
    for share in (0, 1, 95, np.nan):
        with pytest.raises(LearnerError, match="confidence"):
            design.indices(good, confidence=share)


def test_without_salib_there_is_a_word_and_the_rest_works(monkeypatch):
    for name in [*sys.modules, "SALib"]:
        if name.split(".")[0] == "SALib":
            monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "SALib.sample.sobol", None)
    with pytest.raises(LearnerError, match="pip install SALib"):
        pop.sobol_design(M, SPREAD, n=16, seed=1)


def test_salib_loads_on_use():
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; import cgtlearn.population; "
        "print('SALib' in sys.modules, 'scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr
