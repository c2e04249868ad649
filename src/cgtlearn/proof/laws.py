"""Runs the laws of a model: those it declares, and those that every model must keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cgtlearn.ledger.units import registry
from cgtlearn.models.contract import Bound, Law, Model, Parameters
from cgtlearn.solve import phase_at, solve

__all__ = ["Verdict", "check_laws"]

FLOOR = 1e-9
"""Below this share of its peak a value is compared with the floor, not with itself."""


@dataclass(frozen=True)
class Verdict:
    """One law, and how far the model is from it (0 is perfect, 1 is the limit of what passes)."""

    model: str
    law: str
    says: str
    error: float
    limit: float

    @property
    def ok(self) -> bool:
        return bool(self.error <= self.limit)

    def __str__(self) -> str:
        mark = "holds" if self.ok else "BROKEN"
        return f"{self.model}: {self.law}: {mark} (error {self.error:.1e}, limit {self.limit:.1e})"


def check_laws(model: Model) -> tuple[Verdict, ...]:
    """All laws of ``model``: its own, and units, solvers and positivity, which every model owes."""
    found = [_units(model), _solvers(model), _positive(model)]
    for law in model.laws:
        found.append(_law(model, law) if isinstance(law, Law) else _bound(model, law))
    return tuple(found)


def difference(ours: Any, other: Any) -> float:
    """The largest relative difference, with a floor of 1e-9 of the peak under the divisor."""
    a, b = np.broadcast_arrays(np.asarray(ours, float), np.asarray(other, float))
    peak = np.max(np.abs(b))
    if peak == 0:
        return float(np.max(np.abs(a)))
    return float(np.max(np.abs(a - b) / np.maximum(np.abs(b), FLOOR * peak)))


def _grid(model: Model, p: Parameters) -> Any:
    """Times over the window: dense early, on both sides of switches, even afterwards."""
    times = np.concatenate([np.linspace(0, model.window, 401), np.geomspace(1e-4, 1, 41)])
    marks = [float(m) for m in model.switches(p)] + [float(d[0]) for d in model.doses(p)]
    near = [m + shift for m in marks if np.isfinite(m) for shift in (-1e-6, 0.0, 1e-6)]
    times = np.concatenate([times, np.array(near)])
    return np.unique(times[(times >= 0) & (times <= model.window)])


def _course(model: Model, p: Parameters, **settings: Any) -> tuple[Any, tuple[Any, ...], Any]:
    times = _grid(model, p)
    result = solve(model, p, times, **settings)
    if not result.ok:
        raise RuntimeError(f"{model.name}: {result.status[0]}")
    return times, tuple(result.states.values()), phase_at(model, p, times)


def _changed(model: Model, where: Any) -> Parameters:
    ends = {"low": 0, "high": 1}
    values = {
        name: model.parameters[name].domain[ends[v]] if v in ("low", "high") else v
        for name, v in where.items()
    }
    return model.parameters_with(**values)


def _law(model: Model, law: Law) -> Verdict:
    p = _changed(model, law.where)
    times, y, phase = _course(model, p)
    error = difference(law.left(times, y, p, phase), law.right(times, y, p, phase))
    return Verdict(model.name, law.name, law.says, error, law.tolerance)


def _bound(model: Model, bound: Bound) -> Verdict:
    p = model.parameters_with()
    times, y, phase = _course(model, p)
    value = np.asarray(bound.of(times, y, p, phase), float)
    slack = max(FLOOR * max(1.0, float(np.max(np.abs(value)))), bound.tolerance)
    outside = max(bound.low - value.min(), value.max() - bound.high, 0.0)
    return Verdict(model.name, bound.name, bound.says, float(outside), slack)


def _solvers(model: Model) -> Verdict:
    p = model.parameters_with()
    stiff = _course(model, p, method="Radau", rtol=1e-9)[1]
    usual = _course(model, p)[1]
    error = max(difference(a, b) for a, b in zip(usual, stiff, strict=True))
    return Verdict(
        model.name,
        "independent of the solver",
        "Two methods of different families give the same course.",
        error,
        1e-4,
    )


def _positive(model: Model) -> Verdict:
    y = _course(model, model.parameters_with())[1]
    worst = max(float(np.max(-state)) / max(float(np.max(np.abs(state))), 1e-300) for state in y)
    return Verdict(
        model.name,
        "never negative",
        "Amounts and numbers of cells stay at zero or above.",
        max(worst, 0.0),
        FLOOR,
    )


def _units(model: Model) -> Verdict:
    """Feed quantities with units through the equations: each slope must be a state over a time."""
    units = registry()
    time = units.Unit(model.time_unit)

    def quantity(value: float, unit: str) -> Any:
        return units.Quantity(value, "dimensionless" if unit == "1" else unit)

    class WithUnits:
        def __getattr__(self, name: str) -> Any:
            parameter = model.parameters[name]
            return quantity(parameter.default, parameter.unit)

    says = "Every term of every equation has the unit of its state over time."
    wrong = []
    y = tuple(quantity(1.0, state.unit) for state in model.states.values())

    def compare(call: Callable[[], Any], wanted: list[Any], where: str) -> None:
        try:
            values = call()
        except Exception as problem:  # pint's own words say which dimensions do not fit
            wrong.append(f"{where}: {problem}")
            return
        for value, unit in zip(values, wanted, strict=True):
            if not units.Quantity(value).is_compatible_with(unit):
                wrong.append(f"{where}: {units.Quantity(value).units} instead of {unit}")

    def unit(text: str) -> Any:
        return units.Unit("dimensionless" if text == "1" else text)

    p = WithUnits()
    state_units = [unit(s.unit) for s in model.states.values()]
    compare(lambda: model.initial(p), state_units, "initial")
    now = quantity(1.0, model.time_unit)
    for phase in range(1 + len(model.switches(model.parameters_with()))):
        compare(
            lambda phase=phase: model.rhs(now, y, p, phase),  # type: ignore[misc]
            [u / time for u in state_units],
            f"rhs in phase {phase}",
        )
    compare(
        lambda: [model.outputs(now, y, p, 0)[k] for k in model.observed],
        [unit(o.unit) for o in model.observed.values()],
        "outputs",
    )
    if wrong:
        says = f"{says} {'; '.join(wrong)}"
    return Verdict(model.name, "units balance", says, float(len(wrong)), 0.0)
