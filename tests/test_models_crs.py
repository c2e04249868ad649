"""Cytokine release: laws for both patients, what was printed otherwise, burden against dose."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cgtlearn import ledger, measure, proof
from cgtlearn.errors import LearnerError
from cgtlearn.models import hardiansyah2019 as crs
from cgtlearn.proof.recipes import hardiansyah2019 as recipes
from cgtlearn.solve import solve

M = crs.model
UPN1 = M.parameters_with()
UPN3 = M.parameters_with(**crs.UPN3)
PATIENTS = {"": UPN1, "upn3_": UPN3}
DAYS = [0, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 30, 60]


def value(name):
    return ledger.value(f"hardiansyah2019.{name}")


def as_default(values):
    """The model with other default parameters."""
    parameters = {
        name: dataclasses.replace(parameter, default=values.get(name, parameter.default))
        for name, parameter in M.parameters.items()
    }
    return dataclasses.replace(M, parameters=parameters)


# --- laws ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [M, as_default(crs.UPN3)], ids=["UPN1", "UPN3"])
def test_every_law_holds_in_both_patients(model):
    broken = [f"{v} {v.says}" for v in proof.check_laws(model) if not v.ok]
    assert not broken, "\n".join(broken)


def as_printed(t, y, p, phase):
    """Equation 7 as the supplement prints it: memory cells gain from memory cells."""
    b, effector, _, memory, *_ = y
    slopes = list(M.rhs(t, y, p, phase))
    slopes[3] = slopes[3] + p.to_memory * (memory - effector) * (1 - b / (b + p.half_conversion))
    return tuple(slopes)


def shifted(state, change):
    def wrong(t, y, p, phase):
        slopes = list(M.rhs(t, y, p, phase))
        slopes[state] = slopes[state] + change(y, p)
        return tuple(slopes)

    return wrong


BREAKS = {
    "CAR T cells are conserved": as_printed,
    "blood and tissue, closed form": shifted(1, lambda y, p: 1e-4 * p.to_tissue * y[1]),
    "every B cell killed pays for the same number of CAR T cells": shifted(
        0, lambda y, p: -1e-3 * p.killing_rate * y[0] * y[1]
    ),
    "no dose: B cells": shifted(0, lambda y, p: 1e-3 * p.b_growth * y[0]),
    "no dose: cytokines": shifted(5, lambda y, p: 1e-3 * p.il6_loss * y[5]),
    "IL-6 and IL-10 follow the same meetings": shifted(
        5, lambda y, p: 1e-3 * p.il6_production * y[0] * y[1]
    ),
    "IFN-γ that IL-10 cannot hold back": shifted(
        7, lambda y, p: -1e-3 * p.ifng_production * y[0] * y[1]
    ),
    "B cells not above untreated ones": shifted(0, lambda y, p: p.b_growth * y[0]),
    "IL-6 not below its baseline": shifted(5, lambda y, p: -1e-3 * p.il6_loss * y[5]),
    "units balance": shifted(3, lambda y, p: y[5]),
}


@pytest.mark.parametrize("law", BREAKS)
def test_every_law_can_fail(law):
    changed = dataclasses.replace(M, rhs=BREAKS[law])
    assert not next(v for v in proof.check_laws(changed) if v.law == law).ok


def test_each_law_of_the_model_is_broken_by_one_change():
    assert {law.name for law in M.laws} <= set(BREAKS)


# --- what the supplement prints otherwise ---------------------------------------------------------


def said(text):
    assert text in " ".join(M.deviations), text


def test_equation_7_as_printed_has_no_memory_cells():
    printed = dataclasses.replace(M, rhs=as_printed)
    course = solve(printed, printed.parameters_with(), DAYS)
    assert np.all(course["memory"] == 0)
    assert recipes.memory_peak(UPN1) == pytest.approx(7.3e-3, rel=0.01)
    said("memory cells stay at zero for ever")
    said("7.3e-3 gigacells")


def test_other_readings_of_h_miss_the_memory_cells_of_the_figure():
    cells = recipes.memory_peak(UPN1.changed(half_conversion=1e5 / 1e9))
    litres = recipes.memory_peak(UPN1.changed(half_conversion=1e5 * 5000 / 1e9))
    assert cells == pytest.approx(8e-7, rel=0.05) and litres == pytest.approx(2.3e-3, rel=0.01)
    said("Read as 1e5 cells it gives 8e-7; as 1e5 cells/mL in 5 L of blood, 2.3e-3")
    assert value("memory_peak") == 7e-3


def test_b_g_in_nanograms_takes_the_inhibition_away():
    in_ng = UPN1.changed(il10_half_inhibition=650 * 1000)
    assert recipes.ifng_peak(UPN1) == pytest.approx(828, abs=0.5)
    assert recipes.ifng_peak(in_ng) == pytest.approx(1073, abs=0.5)
    said("IFN-γ of UPN1 peaks at 828 pg/mL, and at 700 in the figure")
    said("the peak is 1,073")


def test_the_switch_of_conversion_never_moves():
    course = solve(M, UPN1, DAYS)
    most = course["b_cells"].max() / (course["b_cells"].max() + UPN1.half_conversion)
    assert most < 1e-4


def test_printed_production_and_the_model_s_are_the_same_quantity():
    for prefix in PATIENTS:
        for cytokine in ("il6", "il10", "ifng"):
            printed = ledger.row(f"hardiansyah2019.{prefix}{cytokine}_production_printed")
            used = ledger.row(f"hardiansyah2019.{prefix}{cytokine}_production")
            assert ledger.convert(f"{printed.value} {printed.unit}", used.unit) == pytest.approx(
                used.value
            )


def test_peaks_do_not_depend_on_the_baselines_that_were_read_off():
    for p in PATIENTS.values():
        higher = p.changed(il6_baseline=1.3 * p.il6_baseline)
        assert recipes.peak(higher, "il6") / recipes.peak(p, "il6") == pytest.approx(1, abs=0.01)


def test_the_reason_for_il10_says_what_the_code_gives():
    (miss,) = [t for t in M.targets if t.ratio is not None]
    assert miss.row == "hardiansyah2019.il10_peak"
    share = 1 - 39 / 100
    lower = recipes.il10_peak(UPN1.changed(il10_production=share * UPN1.il10_production))
    assert "39 %" in ledger.row("hardiansyah2019.il10_production_printed").note
    assert lower / value("il10_peak") == pytest.approx(1.02, abs=0.005)
    assert recipes.il10_peak(UPN1) == pytest.approx(915, abs=0.5)
    assert "915" in miss.reason and "1.02" in miss.reason and "39 %" in miss.reason


# --- beside another implementation of the same equations ------------------------------------------


@pytest.mark.parametrize("prefix", PATIENTS)
def test_the_library_s_simulation_is_ours(prefix):
    p = PATIENTS[prefix]
    every_tenth = np.arange(0, 281) / 10
    course = solve(M, p, every_tenth)
    peak = measure.cmax(every_tenth, course["il6"])
    assert peak == pytest.approx(value(f"library_{prefix}il6_peak"), rel=1e-3)
    area = measure.auc(every_tenth, course["car_t"], rule="log")
    assert area == pytest.approx(value(f"library_{prefix}auc28"), rel=6e-3)


@pytest.mark.parametrize("prefix", PATIENTS)
def test_burden_matters_and_dose_hardly(prefix):
    """Four times the burden against four times the dose: the authors' point."""
    p = PATIENTS[prefix]

    def ratio(name):
        half, twice = (p.changed(**{name: f * getattr(p, name)}) for f in (0.5, 2))
        return recipes.peak(twice, "il6") / recipes.peak(half, "il6")

    assert ratio("b_cells") == pytest.approx(value(f"library_{prefix}burden_ratio"), rel=0.01)
    assert ratio("dose") == pytest.approx(1, abs=0.03)


def test_twice_the_burden_is_thirteen_times_the_cells():
    twice = recipes.car_t_peak(UPN1.changed(b_cells=2 * UPN1.b_cells))
    assert round(twice / recipes.car_t_peak(UPN1)) == 13
    assert "thirteen times" in ledger.row("hardiansyah2019.b_cells").note


# --- doses, patients, errors ----------------------------------------------------------------------


def test_a_withheld_infusion_is_a_share_of_zero():
    course = solve(M, UPN1.changed(share_day2=0), [1.99, 2.0])
    both = solve(M, UPN1, [1.99, 2.0])
    step = both["car_t"][1] - both["car_t"][0]
    assert step > 0.5 * UPN1.dose * UPN1.share_day2 > course["car_t"][1] - course["car_t"][0]


def test_shares_add_up_to_the_dose():
    assert sum(amount for _, _, amount in M.doses(UPN1)) == pytest.approx(UPN1.dose)
    assert crs.infused(np.array([0, 1, 2]), UPN1)[-1] == pytest.approx(UPN1.dose)


def test_the_window_ends_before_effector_cells_are_fractions_of_a_cell():
    at_end = 1e9 * solve(M, UPN1, [M.window])["car_t"][0]
    effectors = 1e9 * solve(M, UPN1, [M.window]).states["effector"][0]
    assert 1 < effectors < 100 < at_end


def test_both_patients_together_equal_each_alone():
    both = M.parameters_with(
        **{name: np.array([UPN1.as_dict()[name], UPN3.as_dict()[name]]) for name in M.parameters}
    )
    together = solve(M, both, DAYS)
    for i, p in enumerate(PATIENTS.values()):
        alone = solve(M, p, DAYS)
        for output in M.observed:
            np.testing.assert_allclose(together[output][i], alone[output], rtol=1e-6, atol=1e-9)


def test_bad_parameters_are_named():
    for changes, words in (
        ({"b_cells": 0}, "b_cells = 0"),
        ({"dose": -1}, "dose = -1"),
        ({"share_day1": 30}, "share_day1 = 30"),
        ({"il6_los": 3}, "il6_loss"),
        ({"b_cells": "4.14e9 1/mL"}, "4.14e9 1/mL"),
    ):
        with pytest.raises(LearnerError, match=words):
            M.parameters_with(**changes)
    assert M.parameters_with(b_cells="4.14e9 cell").b_cells == pytest.approx(4.14)
