"""CAR T cells and tumor: laws that can fail, numbers that are said, what dose and burden do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from cgtlearn import ledger, proof
from cgtlearn.models import chaudhury2020, predator_prey, singh2021
from cgtlearn.solve import solve


def shifted(model, state, change):
    def wrong(t, y, p, phase):
        slopes = list(model.rhs(t, y, p, phase))
        slopes[state] = slopes[state] + change(y, p)
        return tuple(slopes)

    return wrong


def from_nowhere(y, p):
    """Complexes that appear before the first CAR T cell has reached the marrow."""
    return 2e-3 * p.release_rate * p.antigens * y[5]


LV, EC, IDE = predator_prey.model, chaudhury2020.model, singh2021.model
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
    (IDE, "no division: effector cells in blood", 0, lambda y, p: 1e-3 * p.to_blood * y[2]),
    (IDE, "no division: effector cells in marrow", 2, lambda y, p: 1e-3 * p.to_blood * y[2]),
    (IDE, "cells are conserved", 3, lambda y, p: p.to_memory * y[2]),
    (IDE, "no killing: tumor", 5, lambda y, p: 1e-3 * p.tumor_growth * y[5]),
    (IDE, "no killing: M-protein", 6, lambda y, p: 1e-3 * p.m_loss * y[6]),
    (IDE, "no more complexes than receptors", 4, from_nowhere),
    (IDE, "no more complexes than antigens", 4, lambda y, p: p.release_rate * p.antigens * y[5]),
    (IDE, "units balance", 2, lambda y, p: y[5]),
]


@pytest.mark.parametrize("model", [LV, EC, IDE], ids=lambda m: m.name)
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


# --- idecabtagene: another copy of the equations, in another solver -------------------------------


def ide(name):
    return ledger.value(f"singh2021.{name}")


def deposited(dose, tumor_start, killed_by="tumor", koff=None):
    """The transgene (copies/µg) from day 1 on, from the raw constants of the transcription."""
    on = ide("kon") * 86_400 / ide("avogadro")
    off = 86_400 * (koff or ide("koff"))

    def slopes(t, y):
        eb, mb, em, mm, x, tumor = y
        conc = max((em + mm) / ide("marrow_volume"), 1e-9)
        grows = ide("expansion") * x / (ide("half_expansion") * conc + x)
        dies = ide("killing") * x / (ide("half_killing") * tumor + x)
        free = conc * ide("receptors") - x, tumor * ide("antigens") - x
        return [
            -(ide("to_marrow") + ide("effector_loss")) * eb + ide("to_blood") * em,
            -(ide("to_marrow") + ide("memory_loss")) * mb + ide("to_blood") * mm,
            ide("to_marrow") * eb + (grows - ide("to_blood") - ide("to_memory")) * em,
            ide("to_marrow") * mb - ide("to_blood") * mm + ide("to_memory") * em,
            on * free[0] * free[1] - off * x,
            ide("tumor_growth") * tumor - dies * (tumor if killed_by == "tumor" else em),
        ]

    def gone(t, y):
        return y[5] - 1

    gone.terminal = True
    found = solve_ivp(
        slopes, (0, 60), [dose, 0, 0, 0, 0, tumor_start], method="BDF", events=gone,
        rtol=1e-8, atol=1e-3, dense_output=True,
    )  # fmt: skip
    days = np.arange(1, found.t[-1], 0.05)
    cells = found.sol(days)[:2].sum(axis=0)
    return days, ide("copies_per_cell_count") * cells / ide("blood_volume"), found.t[-1]


@pytest.mark.parametrize("dose", ["dose_lowest", "dose", "dose_highest"])
def test_idecabtagene_as_deposited(dose):
    days, copies, _ = deposited(ide(dose), ide("tumor_start"))
    ours = solve(IDE, IDE.parameters_with(dose=ide(dose)), days)["transgene"]
    assert ours == pytest.approx(copies, rel=2e-3)


def test_other_readings_give_what_the_deviations_say():
    said = " ".join(IDE.deviations)
    _, copies, last = deposited(ide("dose"), ide("tumor_start"), killed_by="cells")
    assert last == pytest.approx(7.2, abs=0.1) and "after 7 days" in said
    assert copies.max() == pytest.approx(4_400, rel=0.02) and "4,400" in said
    small = [deposited(ide("dose"), start)[1].max() for start in (1e5, 1e7, 1e8)]
    assert max(small) < 40 and "never exceeds 40" in said
    typed = deposited(ide("dose"), ide("tumor_start"), koff=10 * ide("koff"))[1].max()
    assert typed == pytest.approx(1_860, rel=0.01) and "1,860" in said
    usual, large = (deposited(ide("dose"), f * ide("tumor_start"))[1].max() for f in (1, 4))
    assert large / usual == pytest.approx(69, abs=1) and "69 times" in said
    assert usual == pytest.approx(35_600, rel=0.01) and large > 2.4e6
