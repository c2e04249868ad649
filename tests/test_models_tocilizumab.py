"""Tocilizumab on cytokine release: the signal falls, measured IL-6 rises, cells are left alone."""

from __future__ import annotations

import ast
import dataclasses
import inspect

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from cgtlearn import ledger, proof
from cgtlearn.errors import LearnerError
from cgtlearn.models import crs_tocilizumab as crs
from cgtlearn.models import hardiansyah2019
from cgtlearn.solve import solve

M = crs.model
PATIENTS = {"UPN1": {}, "UPN3": crs.UPN3}
DAYS = np.arange(0, 601) / 20
EARLY_LATE = {"UPN1": (1, 3, 6), "UPN3": (10, 19, 25)}
CELLS = tuple(hardiansyah2019.model.states)[:5]


def course(patient, days=DAYS, **changes):
    found = solve(M, M.parameters_with(**{**PATIENTS[patient], **changes}), days)
    assert found.ok
    return found


def area(values, days=DAYS):
    return float(np.trapezoid(values, days))


# --- both signs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("patient", PATIENTS)
def test_the_signal_falls_and_measured_il6_rises(patient):
    for day in EARLY_LATE[patient]:
        found = course(patient, tocilizumab_time=day)
        after = DAYS > day
        assert np.all(found["signal"][after] < found["signal_untreated"][after])
        assert np.all(found["il6"][after] > found["il6_untreated"][after])
        a_day_later = np.searchsorted(DAYS, day + 1)
        assert found["signal"][a_day_later] < 0.2 * found["signal_untreated"][a_day_later]
        assert found["il6"][a_day_later] > 2 * found["il6_untreated"][a_day_later]


@pytest.mark.parametrize("patient", PATIENTS)
@pytest.mark.parametrize("binding", [0.01, 0.3, 10])
@pytest.mark.parametrize("il6_binding", [10, 1000, 1e5])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_signs_do_not_depend_on_the_values_we_chose(patient, binding, il6_binding, share):
    chosen = {
        "tocilizumab_half_binding": binding,
        "il6_half_binding": il6_binding,
        "receptor_share": share,
        "tocilizumab_time": EARLY_LATE[patient][1],
    }
    found = course(patient, DAYS[::10], **chosen)
    after = DAYS[::10] > EARLY_LATE[patient][1]
    assert np.all(found["signal"][after] < found["signal_untreated"][after])
    assert np.all(found["il6"][after] > found["il6_untreated"][after])


def test_weak_binding_and_a_share_near_one_turn_the_sign_later():
    found = course("UPN1", tocilizumab_half_binding=10, receptor_share=0.95, il6_half_binding=1e5)
    ratio = found["signal"] / found["signal_untreated"]
    assert ratio[DAYS == 3.5] < 0.5 and ratio[DAYS > 5].max() > 1.05
    assert "low at first, is later above the untreated one" in " ".join(M.deviations)


def test_if_all_il6_left_through_its_receptor_the_signal_would_come_back():
    """With few receptors bound, loss through them must match the release, blocked or not."""
    at = {"receptor_share": 1, "dose": 0, "tocilizumab_time": 0, "clearance": 0}
    long = course("UPN3", [60.0], il6_half_binding=1e5, tocilizumab_half_binding=100, **at)
    assert long["occupancy"][0] > 0.6
    assert long["signal"][0] == pytest.approx(long["signal_untreated"][0], rel=1e-3)
    half = course(
        "UPN3", [60.0], il6_half_binding=1e5, tocilizumab_half_binding=100,
        **{**at, "receptor_share": 0.5},
    )  # fmt: skip
    assert half["signal"][0] < 0.8 * half["signal_untreated"][0]
    assert "the signal would come back" in crs.__doc__


@pytest.mark.parametrize("patient", PATIENTS)
def test_the_earlier_the_less_signal_in_all(patient):
    areas = [area(course(patient, tocilizumab_time=d)["signal"]) for d in EARLY_LATE[patient]]
    untreated = area(course(patient)["signal_untreated"])
    assert areas == sorted(areas) and areas[-1] < untreated


def test_a_steroid_lowers_both_and_adds_to_tocilizumab():
    e = ledger.value("crs_tocilizumab.steroid_example")
    alone = course("UPN1", tocilizumab_per_kg=0, steroid_effect=e, steroid_time=1)
    after = DAYS > 1
    for cytokine in ("il6", "il10", "ifng"):
        untreated = course("UPN1", tocilizumab_per_kg=0)
        assert np.all(alone[cytokine][after] < untreated[cytokine][after])
    assert np.all(alone["signal"][after] < alone["signal_untreated"][after])
    toci = course("UPN1", tocilizumab_time=1)
    both = course("UPN1", tocilizumab_time=1, steroid_effect=e, steroid_time=1)
    assert np.all(both["signal"][after] < toci["signal"][after])
    assert np.all(both["il6"][after] < toci["il6"][after])


def test_a_steroid_that_comes_later_changes_nothing_before():
    later = course("UPN1", steroid_effect=1, steroid_time=8)
    never = course("UPN1")
    before = DAYS <= 8
    np.testing.assert_allclose(later["il6"][before], never["il6"][before], rtol=1e-6)
    assert later["il6"][-1] < 0.5 * never["il6"][-1]


# --- on top of hardiansyah2019 --------------------------------------------------------------------


@pytest.mark.parametrize("patient", PATIENTS)
def test_without_drugs_every_output_is_that_of_hardiansyah2019(patient):
    ours = course(patient, tocilizumab_per_kg=0)
    theirs = solve(
        hardiansyah2019.model, hardiansyah2019.model.parameters_with(**PATIENTS[patient]), DAYS
    )
    for name in hardiansyah2019.model.observed:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-6)
    np.testing.assert_array_equal(ours["tocilizumab"], 0)


@pytest.mark.parametrize("patient", PATIENTS)
def test_slopes_of_cells_are_the_same_numbers_whatever_the_drugs(patient):
    """The assumption, in the code: exactly, not to a tolerance."""
    p = M.parameters_with(**PATIENTS[patient], steroid_effect=0.9)
    y = (1.0, 0.5, 20.0, 0.01, 0.4, 900.0, 300.0, 200.0, 800.0)
    for drug, phase in ((0.0, 0), (170.0, 0), (170.0, 1)):
        slopes = M.rhs(4.0, (*y, drug, 0.0), p, phase)
        theirs = hardiansyah2019.rhs(4.0, y[:8], p, 0)
        assert slopes[:5] == theirs[:5]
    assert "assumption, not a finding" in " ".join(M.deviations)
    assert "not a\nfinding" in crs.__doc__


def test_no_equation_of_the_cells_is_written_twice():
    tree = ast.parse(inspect.getsource(crs.rhs))
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert "release" in used and "rhs" in used
    assert not used & {"expansion_rate", "killing_rate", "effector_death", "il6_production"}


def test_against_equations_written_out_here():
    """Another solver, and IL-6 with its receptors by hand."""
    p = M.parameters_with(tocilizumab_time=2.5, steroid_effect=0.4, steroid_time=4)
    fine = np.arange(30 * 1000 + 1) / 1000
    cells = solve(hardiansyah2019.model, hardiansyah2019.model.parameters_with(), fine)
    meetings = cells.states["effector"] * cells.states["b_cells"]

    def slope(t, x):
        c = 560 / p.volume * np.exp(-p.clearance / p.volume * (t - 2.5)) if t >= 2.5 else 0.0
        held = c / (c + p.tocilizumab_half_binding * (1 + x[0] / p.il6_half_binding))
        made = p.il6_loss * p.il6_baseline + p.il6_production * np.interp(t, fine, meetings)
        stopped = 0.4 if t >= 4 else 0.0
        return [made * (1 - stopped) - p.il6_loss * (1 - p.receptor_share * held) * x[0]]

    ours = solve(M, p, DAYS)
    other = solve_ivp(slope, (0, 30), [p.il6_baseline], t_eval=DAYS, rtol=1e-7, max_step=0.02).y[0]
    np.testing.assert_allclose(ours["il6"], other, rtol=0.01)


# --- laws -----------------------------------------------------------------------------------------


def as_default(values):
    parameters = {
        name: dataclasses.replace(parameter, default=values.get(name, parameter.default))
        for name, parameter in M.parameters.items()
    }
    return dataclasses.replace(M, parameters=parameters)


@pytest.mark.parametrize("patient", PATIENTS)
def test_every_law_holds_in_both_patients(patient):
    broken = [f"{v} {v.says}" for v in proof.check_laws(as_default(PATIENTS[patient])) if not v.ok]
    assert not broken, "\n".join(broken)


def shifted(state, change):
    def wrong(t, y, p, phase):
        slopes = list(M.rhs(t, y, p, phase))
        slopes[state] = slopes[state] + change(t, y, p, phase)
        return tuple(slopes)

    return dataclasses.replace(M, rhs=wrong)


def weaker(t, y, p, phase):
    """Outputs of a drug that loses a thousandth on the way."""
    return 1e-3 * p.clearance / p.volume * y[9]


BREAKS = {
    "no drug": shifted(5, lambda t, y, p, phase: 1e-4 * p.il6_loss * y[5]),
    "IL-6 that does not leave through its receptor": shifted(
        5, lambda t, y, p, phase: 1e-3 * p.il6_loss * y[5] * crs.bound(y[5], y[9], p)[0]
    ),
    "complete blockade, closed form": shifted(
        5, lambda t, y, p, phase: 1e-3 * p.il6_loss * crs.bound(y[5], y[9], p)[0] * y[5]
    ),
    "complete blockade: receptors": shifted(
        9, lambda t, y, p, phase: -1e3 * p.clearance / p.volume * y[9]
    ),
    "a steroid that stops all release": shifted(
        5, lambda t, y, p, phase: 1e-3 * p.il6_loss * p.il6_baseline
    ),
    "tocilizumab is conserved": shifted(9, weaker),
    "tocilizumab, closed form": shifted(9, weaker),
    "cells pay for cells as before": shifted(
        1, lambda t, y, p, phase: 1e-3 * p.expansion_rate * y[0] * y[1]
    ),
    "measured IL-6 not below the untreated one": shifted(
        5, lambda t, y, p, phase: -1e-3 * p.il6_loss * y[5]
    ),
    "signal not above the untreated one": shifted(
        5, lambda t, y, p, phase: 1e-3 * p.il6_loss * y[5]
    ),
}


@pytest.mark.parametrize("law", BREAKS)
def test_every_law_can_fail(law):
    assert not next(v for v in proof.check_laws(BREAKS[law]) if v.law == law).ok


def test_each_law_is_broken_by_one_change_but_the_one_that_no_slope_can_break():
    """Two shares with one divisor cannot exceed 1; that bound guards ``bound`` itself."""
    assert {law.name for law in M.laws} - set(BREAKS) == {"shares of the receptors"}
    held, signal = crs.bound(np.geomspace(1e-3, 1e9, 50), 170.0, M.parameters_with())
    assert np.all((held >= 0) & (signal >= 0) & (held + signal <= 1))


# --- ledger, patients, errors ---------------------------------------------------------------------


def test_derived_and_chosen_rows_are_what_they_say():
    clearance = ledger.row("crs_tocilizumab.clearance")
    from_label = ledger.row("actemra_pi.linear_clearance")
    assert ledger.convert(f"{from_label.value} {from_label.unit}", "L/day") == pytest.approx(
        clearance.value
    )
    rise = ledger.value("actemra_pi.peak") - ledger.value("actemra_pi.trough")
    dose = ledger.value("le2018.tocilizumab_per_kg") * ledger.value("crs_tocilizumab.weight")
    assert dose / rise == pytest.approx(ledger.value("crs_tocilizumab.volume"), abs=0.05)
    assert crs.dose(M.parameters_with()) == dose
    assert 31 / 45 == pytest.approx(ledger.value("le2018.resolved_share"), abs=0.005)


def test_a_usual_dose_holds_nearly_all_receptors_for_weeks():
    found = course("UPN1", [3.01, 24.0])
    assert np.all(found["occupancy"] > 0.99 - 0.01) and found["occupancy"][1] > 0.97


def test_patients_together_equal_each_alone():
    days = [2.0, 4.0, 8.0]
    pairs = (({}, 1), (crs.UPN3, 3))
    each = [M.parameters_with(**patient, tocilizumab_time=day) for patient, day in pairs]
    both = M.parameters_with(
        **{name: np.array([p.as_dict()[name] for p in each]) for name in M.parameters}
    )
    together = solve(M, both, days)
    for i, p in enumerate(each):
        alone = solve(M, p, days)
        for name in M.observed:
            np.testing.assert_allclose(together[name][i], alone[name], rtol=1e-5, atol=1e-9)


def test_bad_parameters_are_named():
    for changes, words in (
        ({"receptor_share": 1.2}, "receptor_share = 1.2"),
        ({"steroid_effect": 70}, "steroid_effect = 70"),
        ({"tocilizumab_per_kg": -8}, "tocilizumab_per_kg = -8"),
        ({"tocilizumab_tim": 3}, "tocilizumab_time"),
    ):
        with pytest.raises(LearnerError, match=words):
            M.parameters_with(**changes)


def test_the_window_ends_when_il6_is_low_again():
    for patient in PATIENTS:
        days = np.arange(0, 801) / 20
        untreated = course(patient, days)["il6_untreated"]
        assert days[-1] == M.window and untreated[-1] < untreated.max() / 20
