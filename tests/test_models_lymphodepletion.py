"""Preconditioning: laws that can fail, the equations again in another solver, what is rescued."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from cgtlearn import ledger, proof
from cgtlearn.models import owens2021
from cgtlearn.proof.recipes import owens2021 as recipes
from cgtlearn.solve import solve
from cgtlearn.trace import javascript, trace

M = owens2021.model
P = M.parameters_with()
DAYS = np.linspace(0, M.window, 241)
ALONE = {"preconditioning": 0, "car_day": 0}
SAID = " ".join(M.deviations)


def shifted(state, change):
    def wrong(t, y, p, phase):
        slopes = list(M.rhs(t, y, p, phase))
        slopes[state] = slopes[state] + change(y, p)
        return tuple(slopes)

    return wrong


BREAKS = {
    "no killing: tumor": shifted(0, lambda y, p: 1e-3 * p.tumor_growth * y[0]),
    "drug": shifted(1, lambda y, p: 1e-3 * p.drug_loss * y[1]),
    "no recruitment: CAR T cells": shifted(3, lambda y, p: -1e-3 * p.car_death * y[3]),
    "no recruitment: the patient's own T cells": shifted(
        2, lambda y, p: 1e-3 * p.endogenous_influx
    ),
    "full recruitment: CAR T cells": shifted(3, lambda y, p: -1e-3 * p.car_recruitment * y[3]),
    "the tumor not above an untreated one": shifted(0, lambda y, p: 2 * p.drug_kills_tumor * y[0]),
    "CAR T cells within the capacity": shifted(3, lambda y, p: p.car_lysis * y[3]),
    "units balance": shifted(0, lambda y, p: y[0]),
}


def test_every_law_holds():
    broken = [f"{v} {v.says}" for v in proof.check_laws(M) if not v.ok]
    assert not broken, "\n".join(broken)
    assert {law.name for law in M.laws} <= set(BREAKS)


@pytest.mark.parametrize("law", BREAKS)
def test_every_law_can_fail(law):
    changed = dataclasses.replace(M, rhs=BREAKS[law])
    assert not next(v for v in proof.check_laws(changed) if v.law == law).ok


def test_the_live_figure_stays_small():
    assert len(javascript(trace(M)).encode()) < 2000


# --- the equations as printed, in another solver --------------------------------------------------


def raw(patient, name):
    prefix = "" if patient == "P1" else f"{patient.lower()}_"
    own = name in owens2021.OF_THE_PATIENT
    return float(ledger.value(f"owens2021.{prefix if own else ''}{name}"))


def printed(patient, tumor, dose, drug=True, until=60.0):
    """ln T, M (µM), E and C at ``until``: pieces between the events, an implicit method."""

    def v(name):
        return raw(patient, name)

    def killed(most, cells, tumor_cells):
        ratio = (max(cells, 0) / tumor_cells) ** v("lysis_exponent")
        return most * ratio / (v("lysis_half") + ratio) * tumor_cells

    def recruits(rate, cells, all_cells, lysed):
        share = lysed**2 / (v("half_recruitment") + lysed**2)
        return -rate * np.log(all_cells / v("t_cell_capacity")) * share * cells

    def slopes(t, y, inflow):
        log_tumor, m, e, c = y
        tumor_cells = np.exp(log_tumor)
        by_e = killed(v("endogenous_lysis"), e, tumor_cells)
        by_c = killed(v("car_lysis"), c, tumor_cells)
        toxic = 1 - np.exp(-m)
        worn = v("endogenous_inactivation"), v("car_inactivation")
        poison = v("drug_kills_t_cells") * toxic
        return [
            v("tumor_growth") * (1 - tumor_cells / v("tumor_capacity"))
            - (by_e + by_c) / tumor_cells
            - v("drug_kills_tumor") * toxic,
            inflow - v("drug_loss") * m,
            v("endogenous_influx")
            - (v("endogenous_death") + worn[0] * tumor_cells + poison) * e
            + recruits(v("endogenous_recruitment"), e, e + c, by_e),
            -(v("car_death") + worn[1] * tumor_cells + poison) * c
            + recruits(v("car_recruitment"), c, e + c, by_c),
        ]

    half_hour = v("infusion_hours") / 24
    edges = [0, half_hour, 1, 1 + half_hour, 2, 2 + half_hour, 5, until] if drug else [0, until]
    y = np.array([np.log(tumor), 0, v("endogenous_start"), 0])
    for number, (start, end) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        if end == until:
            y[3] += v("effective_share") * dose
        inflow = v("drug_rate_printed") if drug and number in (0, 2, 4) else 0
        course = solve_ivp(
            slopes, (start, end), y, args=(inflow,), method="BDF",
            rtol=1e-9, atol=[1e-9, 1e-13, 1e-4, 1e-4],
        )  # fmt: skip
        assert course.success
        y = course.y[:, -1].copy()
    return y


@pytest.mark.parametrize("patient", owens2021.PATIENTS)
@pytest.mark.parametrize("drug", [True, False])
def test_as_printed(patient, drug):
    tumor, dose = owens2021.TUMORS[patient][1], owens2021.DOSES[2]
    p = M.parameters_with(**{**owens2021.PATIENTS[patient], "tumor_start": tumor, "dose": dose})
    ours = solve(M, p if drug else p.changed(**ALONE), [0, 30]).states
    log_tumor, m, e, c = printed(patient, tumor, dose, drug, 30.0)
    assert np.log(ours["tumor"][-1]) == pytest.approx(log_tumor, rel=1e-5)
    assert ours["endogenous"][-1] == pytest.approx(e, rel=1e-4)
    assert ours["drug"][-1] / P.drug_unit == pytest.approx(m, abs=1e-9)
    if c > 1:
        assert ours["car"][-1] == pytest.approx(c, rel=1e-4)


# --- what is rescued, and by what -----------------------------------------------------------------


def cures(drug, **changes):
    return np.array([recipes.cured(one, drug, **changes) for one in recipes.cases(P)])


def test_what_the_drug_rescues():
    with_drug, without = cures(True), cures(False)
    assert len(with_drug) == 36 and with_drug.sum() == 18 and without.sum() == 10
    assert (with_drug & ~without).sum() == 8 and not (without & ~with_drug).any()
    assert "18 of 36" in SAID and "10 without it" in SAID
    rescued = (with_drug & ~without).reshape(4, 9).sum(axis=1)
    assert list(rescued) == [2, 3, 3, 0] and "2, 3, 3 and 0" in SAID


def test_what_it_rescues_by():
    assert np.array_equal(cures(True, drug_kills_t_cells=0), cures(True))
    assert not cures(True, drug_kills_tumor=0).any()
    left = solve(M, P.changed(drug_kills_tumor=0), DAYS)["endogenous"]
    fewer = float(left[DAYS == P.car_day][0] / P.endogenous_start)
    assert fewer == pytest.approx(0.14, abs=0.002) and "14 per cent of the patient's" in SAID
    poorer = cures(False, endogenous_start=fewer * P.endogenous_start)
    assert np.array_equal(poorer, cures(False)) and "the same 10" in SAID
    assert P.endogenous_start == 400_000 and P.t_cell_capacity == 1.65e9


def test_other_readings():
    assert cures(True, drug_rate=P.drug_rate / P.infusion_time).all() and "all 36" in SAID
    assert not cures(True, preconditioning=0).any() and "cures none" in SAID


def peak(p):
    return solve(M, p, np.linspace(0, 60, 601))["car_t"].max()


def test_peaks_over_dose_and_burden():
    over_dose, over_burden = [], []
    for own in owens2021.PATIENTS.values():
        p = P.changed(**own)
        low, high = (peak(p.changed(dose=owens2021.DOSES[2] / f)) for f in (16, 1))
        over_dose.append(high / low)
        small, large = (peak(p.changed(tumor_start=p.tumor_start * f)) for f in (1 / 2, 2))
        over_burden.append(large / small)
    assert over_dose == pytest.approx([0.86, 0.76, 0.93, 0.95], abs=0.006)
    assert over_burden == pytest.approx([1.8, 2.9, 1.3, 1.2], abs=0.05)
    assert "0.86, 0.76, 0.93 and 0.95" in SAID and "1.8, 2.9, 1.3 and 1.2" in SAID
