"""Exposure-response against R on the same data; and the machinery that makes R's results.

With R the results are those that `python -m tests.r.remake` has just made; without, those stored.
"""

from __future__ import annotations

import copy
import json
import warnings

import numpy as np
import pytest

from cgtlearn import estimate
from tests.r import cases, remake

RESULTS, ORIGIN = remake.results()


def test_which_results_of_r_these_are():
    """In the summary at the end of the run: compared with fresh or with stored results."""
    versions = RESULTS["versions"]
    assert set(versions) == {"R", "nlme", "lme4", "survival"}
    said = ", ".join(f"{k} {v}" for k, v in versions.items())
    if "stored" in ORIGIN:
        warnings.warn(f"compared with results of R that are {ORIGIN}: {said}", stacklevel=1)


def test_stored_results_belong_to_these_data():
    told = remake.differences({"data": remake.stored()["data"]}, {"data": cases.fingerprint()})
    assert not told, "run `python -m tests.r.remake --store` where R is:\n" + "\n".join(told)


def test_stored_and_new_results_agree():
    told = remake.differences(remake.stored(), RESULTS)
    assert not told, "R's results have changed:\n" + "\n".join(told)


def test_a_changed_result_is_told():
    changed = copy.deepcopy(remake.stored())
    changed["cox"]["coefficients"]["age"] += 0.001
    changed["versions"]["R"] = "9.9"
    del changed["nlmer"]["sigma"]
    told = remake.differences(remake.stored(), changed)
    assert len(told) == 2
    assert told[0].startswith("cox / coefficients / age: stored -0.008")
    assert told[1].startswith("nlmer / sigma") and "now None" in told[1]


def test_numbers_that_belong_to_other_data_are_not_used(tmp_path, monkeypatch):
    other = copy.deepcopy(remake.stored())
    other["data"]["events"]["age"][1] += 1
    (tmp_path / "fresh.json").write_text(json.dumps(other), encoding="utf-8")
    monkeypatch.setattr(remake, "FRESH", tmp_path / "fresh.json")
    assert "stored" in remake.results()[1]


def agree(ours, theirs, *, intercept=False, rtol=1e-5, errors=1e-4):
    """Coefficients, standard errors, log-likelihood."""
    for name in theirs["coefficients"]:
        if name == "intercept":
            assert not intercept
            continue
        term = ours[name]
        assert term.coefficient == pytest.approx(theirs["coefficients"][name], rel=rtol, abs=1e-7)
        assert term.standard_error == pytest.approx(theirs["errors"][name], rel=errors)
    assert ours.log_likelihood == pytest.approx(theirs["loglik"], abs=1e-5)


def columns(case, *outcome):
    data = cases.CASES[case]()
    return [data[k] for k in (*outcome, "exposure")], {"covariates": {"age": data["age"]}}, data


def test_logistic_against_glm():
    given, options, _ = columns("events", "event")
    agree(estimate.logistic(*given, **options), RESULTS["logistic"])


def test_negative_binomial_against_the_likelihood_in_r():
    given, options, data = columns("counts", "count")
    found = estimate.negative_binomial(*given, follow_up=data["follow_up"], **options)
    theirs = RESULTS["negative_binomial"]
    agree(found, theirs, rtol=2e-4, errors=1e-3)
    assert found.extra["dispersion"] == pytest.approx(theirs["dispersion"], rel=1e-4)


def test_cox_with_ties_against_survival():
    given, options, data = columns("survival", "stop", "event")
    assert len(np.unique(data["stop"][data["event"] == 1])) < data["event"].sum()
    agree(estimate.cox(*given, **options), RESULTS["cox"])


def test_cox_with_an_exposure_that_changes_against_survival():
    given, options, data = columns("stretches", "stop", "event")
    found = estimate.cox(*given, start=data["start"], id=data["id"], **options)
    agree(found, RESULTS["cox_varying"])


def test_frailty_against_survival():
    given, options, data = columns("recurrent", "stop", "event")
    found = estimate.cox(*given, start=data["start"], id=data["id"], frailty=True, **options)
    theirs = RESULTS["cox_frailty"]
    for name, value in theirs["coefficients"].items():
        assert found[name].coefficient == pytest.approx(value, abs=2e-4)
        # R's holds the variance of the frailty at its estimate; ours does not.
        assert found[name].standard_error == pytest.approx(theirs["errors"][name], rel=0.03)
    assert found.extra["variance of the frailty"] == pytest.approx(theirs["theta"], rel=1e-3)
    assert found.log_likelihood == pytest.approx(theirs["loglik"], abs=1e-3)


@pytest.mark.parametrize(("reml", "key"), [(False, "lme_ml"), (True, "lme_reml")])
def test_linear_mixed_model_of_statsmodels_against_nlme(reml, key):
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams

    data = cases.linear_study()
    x = np.column_stack([np.ones(data["TIME"].size), data["TIME"]])
    free = MixedLMParams.from_components(fe_params=np.ones(2), cov_re=np.eye(2))
    model = MixedLM(data["DV"], x, data["ID"], exog_re=x)
    found = model.fit(reml=reml, free=free, method="lbfgs")
    theirs = RESULTS[key]
    np.testing.assert_allclose(found.fe_params, list(theirs["fixed"].values()), rtol=1e-4)
    np.testing.assert_allclose(found.bse_fe, list(theirs["errors"].values()), rtol=1e-3)
    sd = np.sqrt(np.diag(found.cov_re))
    np.testing.assert_allclose(sd, list(theirs["sd"].values()), rtol=2e-3)
    assert np.sqrt(found.scale) == pytest.approx(theirs["sigma"], rel=1e-3)
    assert found.llf == pytest.approx(theirs["loglik"], abs=1e-3)


def test_two_programs_in_r_agree_on_the_bi_exponential():
    """nlme and nlmer approximate the likelihood differently; on these data by little."""
    a, b = RESULTS["nlme"], RESULTS["nlmer"]
    for key in a["fixed"]:
        assert a["fixed"][key] == pytest.approx(b["fixed"][key], abs=0.01)
    for key in a["sd"]:
        assert a["sd"][key] == pytest.approx(b["sd"][key], abs=0.01)
