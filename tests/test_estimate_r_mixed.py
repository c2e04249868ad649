"""Mixed models beside R: straight lines beside nlme::lme, a bi-exponential beside nlme and nlmer.

lme4's nlmer and our FOCE approximate the same integral in the same way: the second derivatives of
the curve are left out of the Hessian at the mode. With an additive error of ln(DV) interaction
makes no difference. So they agree to the digits of their optimisers. nlme's algorithm (Lindstrom
and Bates) is another approximation, and SAEM has none: they agree to a fraction of a standard
error.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from cgtlearn import estimate
from tests import estimation_cases as cases
from tests.r.remake import results

R, SOURCE = results()
EFFECTS = ("a", "alpha", "b", "beta")


@pytest.fixture(scope="module")
def lines() -> estimate.Study:
    return estimate.Study.from_columns(cases.linear_study())


@pytest.fixture(scope="module")
def decline() -> estimate.Study:
    return estimate.Study.from_columns(cases.biexponential_study())


def line(t, p):
    return p.intercept + p.slope * t


STRAIGHT = {"intercept": "linear", "slope": "linear"}


def straight() -> estimate.Mixed:
    return estimate.Mixed(
        line,
        random={"intercept": 1.0, "slope": 0.3},
        start={"intercept": 5.0, "slope": 0.5},
        scales=STRAIGHT,
        error="additive",
    )


def biexponential() -> estimate.Mixed:
    return estimate.Mixed(
        cases.biexponential,
        random={"a": 0.3, "beta": 0.3},
        estimated=["alpha", "b"],
        start={"a": 60.0, "alpha": 2.0, "b": 20.0, "beta": 0.05},
    )


def test_straight_lines_are_those_of_lme(lines):
    """For a linear model FOCE is exact, and so is lme with method ML."""
    fit, r = estimate.foce(straight(), lines, progress=False), R["lme_ml"]
    rows = {row["parameter"]: row for row in fit.table()}
    for name in ("intercept", "slope"):
        assert fit[name] == pytest.approx(r["fixed"][name], rel=1e-3), SOURCE
        assert fit.sd[name] == pytest.approx(r["sd"][name], rel=2e-3), SOURCE
        assert rows[name]["se"] == pytest.approx(r["errors"][name], rel=0.04), SOURCE
    assert fit["residual_sd"] == pytest.approx(r["sigma"], rel=1e-3), SOURCE
    assert fit.log_likelihood == pytest.approx(r["loglik"], abs=2e-4), SOURCE


def test_laplace_is_exact_for_straight_lines_too(lines):
    fit = estimate.laplace(straight(), lines, starts=1, progress=False)
    assert fit.log_likelihood == pytest.approx(R["lme_ml"]["loglik"], abs=2e-4), SOURCE


def test_foce_is_nlmer(decline):
    fit, r = estimate.foce(biexponential(), decline, progress=False), R["nlmer"]
    for name in EFFECTS:
        assert math.log(fit[name]) == pytest.approx(r["fixed"][name], abs=1e-3), SOURCE
    for name in ("a", "beta"):
        assert fit.sd[name] == pytest.approx(r["sd"][name], rel=4e-3), SOURCE
    assert fit["residual_log_sd"] == pytest.approx(r["sigma"], rel=1e-3), SOURCE
    assert fit.log_likelihood == pytest.approx(r["loglik"], abs=2e-3), SOURCE


def errors_of(fit) -> np.ndarray:
    return np.sqrt(np.diag(fit.covariance))[:4]


def test_standard_errors_are_near_those_of_nlmer(decline):
    fit, r = estimate.foce(biexponential(), decline, starts=1, progress=False), R["nlmer"]
    assert errors_of(fit) == pytest.approx([r["errors"][n] for n in EFFECTS], rel=0.1), SOURCE


@pytest.mark.parametrize("method", ["foce", "laplace", "saem"])
def test_all_are_near_nlme(decline, method):
    """Another approximation of the same likelihood: closer than a third of a standard error."""
    fit, r = getattr(estimate, method)(biexponential(), decline, progress=False), R["nlme"]
    se = np.array([r["errors"][n] for n in EFFECTS])
    ours = np.log([fit.estimates[n] for n in EFFECTS])
    assert (np.abs(ours - [r["fixed"][n] for n in EFFECTS]) < se / 3).all(), SOURCE
    for name in ("a", "beta"):
        assert fit.sd[name] == pytest.approx(r["sd"][name], rel=0.03), SOURCE
    assert fit["residual_log_sd"] == pytest.approx(r["sigma"], rel=0.01), SOURCE
    assert fit.log_likelihood == pytest.approx(r["loglik"], abs=0.5), SOURCE
