"""How much a parameter differs between patients, said so that it cannot be misread.

A printed 0.38 may be a standard deviation, a variance or a coefficient of variation, and the three
differ a lot. So a spread is never a bare number here: write ``log_sd(0.38)``,
``log_variance(0.38)`` or ``cv(0.38)``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, one_number, short, unknown_name
from cgtlearn.measure import cv_from_log_sd, log_sd_from_cv, log_sd_from_log_variance
from cgtlearn.models.contract import Model

__all__ = [
    "Mixture",
    "Spread",
    "cv",
    "log_sd",
    "log_variance",
    "logit_sd",
    "mixture",
    "spread_of",
]

LARGEST_CV = 20.0
"""A CV beyond this is taken for per cent: 155 % is cv(1.55)."""


@dataclass(frozen=True)
class Spread:
    """A spread between patients: ``sd`` on the scale ``"log"`` or ``"logit"``, and how it was said.

    Make one with :func:`log_sd`, :func:`log_variance`, :func:`cv` or :func:`logit_sd`.
    """

    sd: float
    scale: str
    said: str

    @property
    def cv(self) -> float:
        """Coefficient of variation of the log-normal, sqrt(exp(sd²) - 1), as a ratio."""
        if self.scale != "log":
            raise LearnerError(
                given=f"the CV of {self.said}",
                expected="a log-normal spread; a logit-normal one has no fixed CV",
                do="simulate with population.sample and describe what comes out",
            )
        return cv_from_log_sd(self.sd)

    def __repr__(self) -> str:
        return self.said


def _not_negative(name: str, value: Any) -> float:
    number = one_number(name, value)
    if number < 0:
        raise LearnerError(
            given=f"{name}({number:g})",
            expected="a spread of zero or above; zero means that all patients are alike",
            do="check the sign; a spread cannot be negative",
        )
    return number


def log_sd(value: float) -> Spread:
    """Standard deviation of ln(parameter): patients = typical × exp(value × N(0, 1))."""
    number = _not_negative("log_sd", value)
    return Spread(number, "log", f"log_sd({number:g})")


def log_variance(value: float) -> Spread:
    """Variance of ln(parameter): the SD is its square root."""
    number = _not_negative("log_variance", value)
    return Spread(float(log_sd_from_log_variance(number)), "log", f"log_variance({number:g})")


def cv(value: float) -> Spread:
    """Coefficient of variation of a log-normal parameter, as a ratio: 155 % is ``cv(1.55)``.

    Formula: the SD of the logarithm is sqrt(ln(1 + value²)).
    """
    number = _not_negative("cv", value)
    if number > LARGEST_CV:
        raise LearnerError(
            given=f"cv({number:g})",
            expected="a ratio: a CV of 155 % is cv(1.55)",
            do=f"write cv({number / 100:g}); if the CV really is {number:.0%}, "
            f"write log_sd({math.sqrt(math.log1p(number**2)):.4g})",
        )
    return Spread(log_sd_from_cv(number), "log", f"cv({number:g})")


def logit_sd(value: float) -> Spread:
    """Standard deviation of ln(x / (1 - x)), for a parameter that is a share between 0 and 1."""
    number = _not_negative("logit_sd", value)
    return Spread(number, "logit", f"logit_sd({number:g})")


@dataclass(frozen=True)
class Mixture:
    """Groups of patients that nobody can tell apart: each with a share, a level and a spread.

    Make one with :func:`mixture`. Group k has the typical value times ``factors[k]`` (on the logit
    scale: the odds), and varies around it by ``spreads[k]``.
    """

    shares: tuple[float, ...]
    factors: tuple[float, ...]
    spreads: tuple[Spread, ...]

    @property
    def scale(self) -> str:
        """``"log"`` or ``"logit"``, the same in all groups."""
        return self.spreads[0].scale

    def __repr__(self) -> str:
        parts = zip(self.shares, self.factors, self.spreads, strict=True)
        return f"mixture({', '.join(f'({a:g}, {b:g}, {c!r})' for a, b, c in parts)})"


def mixture(*groups: tuple[float, float, Spread]) -> Mixture:
    """A mixture of groups, each ``(share, factor, spread)``.

    ``mixture((0.8, 1, cv(0.5)), (0.2, 0.1, cv(0.3)))``: four in five patients vary around the
    typical value, one in five around a tenth of it.

    Raises LearnerError for fewer than two groups, shares that do not add up to 1, factors that are
    not above zero, and spreads that are none or on different scales.
    """
    for group in groups:
        if not isinstance(group, tuple) or len(group) != 3 or not isinstance(group[2], Spread):
            raise LearnerError(
                given=f"the group {short(group)}",
                expected="(share, factor, spread), with a spread that says what it is",
                do="write for example mixture((0.8, 1, cv(0.5)), (0.2, 0.1, cv(0.3)))",
            )
    if len(groups) < 2 or len({group[2].scale for group in groups}) > 1:
        raise LearnerError(
            given=f"mixture of {short(groups, 200)}",
            expected="two groups or more, with spreads on one scale",
            do="use log_sd, log_variance or cv in all groups, or logit_sd in all",
        )
    shares = tuple(_not_negative("share", group[0]) for group in groups)
    if not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise LearnerError(
            given=f"shares that add up to {sum(shares):g}",
            expected="shares that add up to 1",
            do="divide each by their sum; per cent are divided by 100",
        )
    factors = tuple(one_number("factor", group[1], above=0) for group in groups)
    return Mixture(shares, factors, tuple(group[2] for group in groups))


_KINDS: dict[str, Callable[[float], Spread]] = {
    "variance": log_variance,
    "cv": cv,
    "sd": log_sd,
}


def _printed(model: Model, name: str) -> tuple[float | None, str]:
    """The spread that the ledger has for a parameter, and its kind in lower case.

    It stands in the parameter's own row, or in a row of the same source called omega_<name>. Two
    numbers are the ends of an interval, not a spread between patients.
    """
    id = model.parameters[name].row
    if id is None:
        return None, ""
    row = ledger.row(id)
    if row.spread is not None and not _is_interval(row.spread):
        return float(row.spread), row.spread_kind.lower()
    wanted = f"{row.source}.omega_{row.name}"
    for other in ledger.rows(row.source):
        if other.id == wanted:
            ambiguous = other.status == "ambiguous"
            return float(other.value), "ambiguous" if ambiguous else other.spread_kind.lower()
    return None, ""


def _is_interval(spread: Any) -> bool:
    return isinstance(spread, (list, tuple))


def _intervals(model: Model, names: list[str]) -> str:
    """What the ledger has for these parameters instead of a spread, as text."""
    said = []
    for name in names:
        row = ledger.row(str(model.parameters[name].row))
        low, high = row.spread
        said.append(f"{name} {low:g} to {high:g} ({row.spread_kind})")
    return ", ".join(said)


def spread_of(
    model: Model, read_as: Callable[[float], Spread], **readings: Callable[[float], Spread]
) -> dict[str, Spread]:
    """The spreads printed in the ledger for the parameters of ``model``, under a stated reading.

    Parameters
    ----------
    model : a model in the contract.
    read_as : ``log_sd``, ``log_variance`` or ``cv``: how to read a spread that the ledger calls
        ambiguous. A spread whose kind the ledger knows is read as that kind, whatever is said here.
    readings : another reading for single parameters: ``spread_of(model, log_variance,
        tmax=log_sd)``.

    Returns
    -------
    A mapping from parameter to Spread, for :func:`cgtlearn.population.sample`.

    Raises LearnerError for a reading that is not one of the three functions, an unknown parameter,
    a reading for a parameter without a printed spread or whose kind is known, and a model without
    any printed spread. A row that prints an interval, such as a confidence interval of the mean,
    says how well a typical value is known and not how much patients differ: it is left out, with a
    UserWarning that names it.
    """
    known: dict[str, tuple[Callable[[float], Spread], float]] = {}
    unclear: dict[str, float] = {}
    intervals: list[str] = []
    for name in model.parameters:
        value, kind = _printed(model, name)
        if value is None:
            id = model.parameters[name].row
            if id is not None and _is_interval(ledger.row(id).spread):
                intervals.append(name)
            continue
        if kind.startswith("ambiguous"):
            unclear[name] = value
            continue
        words = kind.replace("-", " ").replace(",", " ").split()
        for word, said in _KINDS.items():
            if word in words:
                known[name] = said, value
                break
        else:
            raise LearnerError(
                given=f"a spread of {name} in the ledger whose kind is {kind!r}",
                expected="a kind that says variance, CV or SD",
                do=f"give the spread yourself: {{{name!r}: log_sd(...)}}",
            )
    for name, read in (("read_as", read_as), *readings.items()):
        if read not in (log_sd, log_variance, cv):
            raise LearnerError(
                given=f"{name} = {short(read)}",
                expected="one of the functions log_sd, log_variance or cv",
                do="write spread_of(model, log_sd), without calling log_sd",
            )
    for name in readings:
        if name not in model.parameters:
            raise unknown_name(name, model.parameters, f"parameter of {model.name}")
        if name not in unclear:
            raise LearnerError(
                given=f"a reading for {name}",
                expected=f"one of: {', '.join(unclear) or 'none'}; the ledger has no ambiguous "
                "spread for any other",
                do="leave it out, or give its spread yourself: {**spread_of(...), "
                f"{name!r}: log_sd(...)}}",
            )
    if not known and not unclear:
        raise LearnerError(
            given=f"the model {model.name}, for which the ledger has no spread between patients"
            + (f", only intervals: {_intervals(model, intervals)}" if intervals else ""),
            expected="a model whose source printed one",
            do='give spreads yourself: {"name": log_sd(0.5), ...}',
        )
    if intervals:
        warnings.warn(
            f"{model.name}: left out, because an interval is no spread between patients: "
            f"{_intervals(model, intervals)}.",
            UserWarning,
            stacklevel=2,
        )
    found = {}
    for name in model.parameters:
        if name in unclear:
            found[name] = readings.get(name, read_as)(unclear[name])
        elif name in known:
            said, value = known[name]
            found[name] = said(value)
    return found
