"""CAR T cells and tumor: laws that can fail, numbers that are said, what dose and burden do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from cgtlearn import ledger, proof
from cgtlearn.models import chaudhury2020, predator_prey
from cgtlearn.solve import solve


def shifted(model, state, change):
    def wrong(t, y, p, phase):
        slopes = list(model.rhs(t, y, p, phase))
        slopes[state] = slopes[state] + change(y, p)
        return tuple(slopes)

    return wrong


LV, EC = predator_prey.model, chaudhury2020.model
BREAKS = [
    (LV, "courses are closed", 0, lambda y, p: 1e-3 * p.lv_contraction * y[0]),
    (LV, "no meetings: CAR T cells", 0, lambda y, p: 1e-3 * p.lv_contraction * y[0]),
    (LV, "no killing: tumor", 1, lambda y, p: 1e-3 * p.lv_tumor_growth * y[1]),
    (LV, "the tumor not above an untreated one", 1, lambda y, p: p.lv_tumor_growth * y[1]),
    (LV, "units balance", 0, lambda y, p: y[0]),
    (EC, "no division: effector cells", 0, lambda y, p: -1e-3 * p.contraction * y[0]),
    (EC, "no division: all cells", 1, lambda y, p: 1e-3 * p.to_persistent * y[0]),
    (EC, "no killing: tumor", 2, lambda y, p: -1e-3 * p.tumor_growth * y[2]),
    (EC, "the tumor not above an untreated one", 2, lambda y, p: 2 * p.killing * y[2]),
    (EC, "units balance", 2, lambda y, p: y[2]),
]


@pytest.mark.parametrize("model", [LV, EC], ids=lambda m: m.name)
def test_every_law_holds_and_has_a_break(model):
    broken = [f"{v} {v.says}" for v in proof.check_laws(model) if not v.ok]
    assert not broken, "\n".join(broken)
    assert {law.name for law in model.laws} <= {law for m, law, *_ in BREAKS if m is model}


@pytest.mark.parametrize(("model", "law", "state", "change"), BREAKS)
def test_every_law_can_fail(model, law, state, change):
    changed = dataclasses.replace(model, rhs=shifted(model, state, change))
    assert not next(v for v in proof.check_laws(changed) if v.law == law).ok


def value(name):
    return ledger.value(f"chaudhury2020.{name}")


def test_the_saturating_form_as_the_file_writes_it():
    """Written again from the file's equations, in another solver."""
    growing = {"C": value("expansion"), "U": value("tumor_growth")}

    def before(t, y):
        c, _, u = y
        return [growing["C"] * c * u / (value("half_expansion") + c + u), 0, tumor(c, u)]

    def after(t, y):
        c, memory, u = y
        leaves = value("to_persistent") + value("contraction")
        fed = value("to_persistent") * c - value("persistent_loss") * memory
        return [-leaves * c, fed, tumor(c, u)]

    def tumor(c, u):
        cure = 1 / (1 + (value("critical_tumor") / u) ** value("cure_steepness"))
        top = np.log(value("tumor_capacity"))
        dies = value("killing") * c * u / (value("half_killing") + c + u)
        return cure * growing["U"] * u * (top - np.log(u)) / top - dies

    start = [value("car_start"), 0, value("tumor_start")]
    settings = {"method": "DOP853", "rtol": 1e-10, "atol": 1e-10}
    rise = solve_ivp(before, (0, value("tmax")), start, **settings)
    fall = solve_ivp(after, (value("tmax"), 60), rise.y[:, -1], **settings)
    ours = solve(EC, EC.parameters_with(), [value("tmax"), 60])
    assert ours["car_t"][0] == pytest.approx(rise.y[0, -1], rel=1e-5)
    assert ours["car_t"][1] == pytest.approx(fall.y[0, -1] + fall.y[1, -1], rel=1e-5)
    assert ours["tumor"][1] == pytest.approx(fall.y[2, -1], rel=1e-4)


def peak(model, **factors):
    p = model.parameters_with()
    changed = p.changed(**{name: getattr(p, name) * factor for name, factor in factors.items()})
    return solve(model, changed, np.arange(0, 60, 0.1))["car_t"].max()


def test_burden_acts_and_dose_does_not():
    for model, low, high in ((LV, 3.1, 3.3), (EC, 3.4, 3.6)):
        usual = peak(model)
        assert low < peak(model, tumor_start=4) / usual < high
        doses = peak(model, car_start=4) / peak(model, car_start=0.25)
        assert 0.8 < doses < 1.02


def test_peaks_that_the_deviations_name():
    assert peak(LV) == pytest.approx(14_600, rel=0.01) and "14,600" in LV.deviations[-1]
    assert peak(EC) == pytest.approx(22_800, rel=0.01) and "22,800" in EC.deviations[-1]
    seen = ledger.value("kimmel2021.car_cells_day7")
    assert peak(LV) / seen > 200 and peak(EC) / seen > 200
