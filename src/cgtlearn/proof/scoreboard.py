"""The scoreboard: published value, ours, their ratio, and whether that passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from cgtlearn import ledger, models
from cgtlearn.errors import unknown_name
from cgtlearn.models.contract import Model, Parameters, Target

__all__ = ["KINDS", "Score", "recipe", "score", "scoreboard", "turned_red"]

KINDS = ("recovered", "repeated", "predicted", "calibrated", "shown")
KNOWN_MISS = 0.03
"""A known miss keeps its ratio; the row turns red when the ratio moves by more than this share."""


@dataclass(frozen=True)
class Score:
    """One row of the scoreboard."""

    model: str
    target: Target
    published: float
    ours: float

    @property
    def ratio(self) -> float:
        """Ours over published."""
        return self.ours / self.published

    @property
    def hit(self) -> bool:
        """Within the target's tolerance, or within the printed spread where it has none."""
        if self.target.tolerance is None:
            low, high = ledger.row(self.target.row).spread
            return bool(low <= self.ours <= high)
        return abs(self.ratio - 1) <= self.target.tolerance

    @property
    def ok(self) -> bool:
        """As declared: a hit, or a known miss whose ratio has not moved."""
        if self.target.ratio is None:
            return self.hit
        return not self.hit and abs(self.ratio / self.target.ratio - 1) <= KNOWN_MISS


def recipe(name: str) -> Callable[[Parameters], float]:
    """The function behind a target: ``model.quantity`` stands in ``proof.recipes.<model>``."""
    where, _, quantity = name.partition(".")
    module = import_module(f"cgtlearn.proof.recipes.{where}")
    if not hasattr(module, quantity):
        raise unknown_name(quantity, module.__all__, f"recipe of {where}")
    found: Callable[[Parameters], float] = getattr(module, quantity)
    return found


@cache
def _ours(model: str, name: str, changes: tuple[tuple[str, float], ...]) -> float:
    return float(recipe(name)(models.get(model).parameters_with(**dict(changes))))


def score(model: Model, target: Target, **changes: Any) -> Score:
    """Compute one row, with changed parameters if any are given."""
    published = float(ledger.value(target.row))
    return Score(
        model.name,
        target,
        published,
        _ours(model.name, target.recipe, tuple(sorted(changes.items()))),
    )


def turned_red(model: Model, target: Target) -> Score:
    """The same row after the change that must turn it red."""
    name = target.turns_red
    changed = model.parameters[name].default * (1 + target.change)
    return score(model, target, **{name: changed})


def scoreboard() -> tuple[Score, ...]:
    """Every row of every model, in the order of models and of their targets."""
    return tuple(
        score(models.get(name), target)
        for name in models.names()
        for target in models.get(name).targets
    )
