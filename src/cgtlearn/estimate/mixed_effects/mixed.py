r"""A mixed-effects model: a curve, which parameters differ between patients, and the noise.

Every parameter is estimated on a scale without ends: u = ln θ, logit θ, or θ itself. There

.. math:: u_i = \mu + X_i\beta + \eta_i, \qquad \eta_i \sim N(0, \Omega),

with patient i's covariates in :math:`X_i`. A parameter that does not differ has :math:`\eta = 0`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn import ledger
from cgtlearn.datasets.reader import MISSING
from cgtlearn.errors import LearnerError, one_number, one_of, short, unknown_name
from cgtlearn.estimate.mixed_effects.noise import ERRORS, Noise
from cgtlearn.estimate.mixed_effects.study import Study
from cgtlearn.estimate.problem import from_u, to_u
from cgtlearn.ledger.units import parse_unit
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.population.spread import Mixture, Spread
from cgtlearn.solve import solve

__all__ = ["FORMS", "Bound", "Coefficient", "Mixed"]

Numbers = NDArray[np.float64]

FORMS = {
    "power": "β ln(covariate / median): on a log scale the parameter goes with covariate^β",
    "linear": "β (covariate - median)",
    "category": "one β for each level but the most frequent",
}
"""How a covariate may act, on the parameter's scale u."""

SCALES = ("log", "logit", "linear")
RTOL = 1e-5
"""Relative tolerance of the solver within a fit: far below the noise of any assay."""
STEP, SOLVED_STEP = 1e-5, 1e-2
"""Half-width of a central difference in u: of a written curve, and of one from the solver, whose
steps are chosen anew each time."""


@dataclass(frozen=True)
class Coefficient:
    """One regression coefficient: the typical value of a parameter, or a covariate's effect."""

    parameter: str
    covariate: str = ""
    form: str = ""
    level: str = ""
    reference: float | str = ""

    @property
    def name(self) -> str:
        """``cmax``, ``cmax ~ weight``, ``cmax ~ sex = f``."""
        if not self.covariate:
            return self.parameter
        level = f" = {self.level}" if self.level else ""
        return f"{self.parameter} ~ {self.covariate}{level}"


class Mixed:
    r"""A population model, ready to be fitted by :func:`saem`, :func:`foce` and the others.

    Parameters
    ----------
    model : a model in the contract, or your own function ``f(t, p)`` of times and of parameters by
        attribute, made of operations that act on arrays element by element.
    random : parameter -> SD of its random effect at the start of the fit. A number is an SD on the
        parameter's scale: of ln(θ) for a log-normal parameter. ``log_sd(...)``, ``cv(...)`` and
        ``logit_sd(...)`` of the population room say it in words; a ``mixture(...)`` of two groups
        or more makes groups that nobody can tell apart (SAEM only).
    estimated : parameters that are estimated and are the same in all patients.
    fixed : parameters that are held: names, or name -> value. All that are named nowhere are held
        at the model's values.
    course : the closed form of the model, such as ``stein2019.closed_form``; without it the
        differential equations are solved.
    error : "log" (SD of ln(DV)), "additive", "proportional" or "combined".
    covariates : (parameter, covariate, form), form one of :data:`FORMS`. A covariate of the study
        that has the name of a held parameter of the model is handed to the model patient by
        patient.
    correlated : groups of parameters whose random effects may be correlated.
    output : of the model, the first unless named.
    start : first guess of typical values; the model's values unless given. A function of your own
        needs all its parameters here.
    scales : name -> "log", "logit" or "linear"; the model's unless given, and "log" for a function.
    domain : name -> (low, high), within which every patient's parameter stays.
    error_start : first guess of the error parameters, by name: ``{"residual_log_sd": 0.5}``.
    dose : the parameter that takes each patient's dose (AMT, one dose at time 0).
    rtol : tolerance of the solver within a fit.

    Raises LearnerError for names that do not exist, a parameter in two places, a start outside the
    domain, SDs that are not positive.
    """

    def __init__(
        self,
        model: Model | Callable[[Any, Any], Any],
        *,
        random: Mapping[str, float | Spread | Mixture],
        estimated: Iterable[str] = (),
        fixed: Mapping[str, float] | Iterable[str] = (),
        course: Callable[[Any, Any], Any] | None = None,
        error: str = "log",
        covariates: Sequence[tuple[str, str, str]] = (),
        correlated: Sequence[Sequence[str]] = (),
        output: str | None = None,
        start: Mapping[str, float] | None = None,
        scales: Mapping[str, str] | None = None,
        domain: Mapping[str, tuple[float, float]] | None = None,
        error_start: Mapping[str, float] | None = None,
        dose: str | None = None,
        rtol: float = RTOL,
    ) -> None:
        self.model = model if isinstance(model, Model) else None
        self.title = self.model.name if self.model else getattr(model, "__name__", "your function")
        self.function: Callable[[Any, Any], Any] | None = course
        if not isinstance(model, Model):
            self.function = model
        if self.function is not None and not callable(self.function):
            raise LearnerError(
                given=f"model = {short(model)}",
                expected="a model in the contract, or a function f(t, p)",
                do="pass for example stein2019.model, with course=stein2019.closed_form",
            )
        held = dict(fixed) if isinstance(fixed, Mapping) else dict.fromkeys(fixed)
        starts = dict(start or {})
        if self.model is not None:
            known = list(self.model.parameters)
        else:
            known = list(dict.fromkeys([*starts, *[k for k, v in held.items() if v is not None]]))
        asked = [*random, *estimated]
        for name in [
            *asked,
            *held,
            *starts,
            *(scales or {}),
            *(domain or {}),
            *([] if dose is None else [dose]),
        ]:
            if name not in known:
                if self.model is None and name in asked:
                    raise LearnerError(
                        given=f"no start for {name}",
                        expected="a first guess for every parameter of your own function",
                        do=f'add it: start={{"{name}": ..., ...}}',
                    )
                raise unknown_name(name, known, f"parameter of {self.title}")
        twice = [n for n in dict.fromkeys(asked) if asked.count(n) + (n in held) > 1]
        if twice:
            raise LearnerError(
                given=f"{twice[0]} in two of random, estimated and fixed",
                expected="each parameter in one of them; a random one is estimated anyway",
                do=f"take {twice[0]} out of one",
            )
        if not asked:
            raise LearnerError(
                given="a model in which nothing is estimated",
                expected="parameters in random or estimated",
                do='write for example random={"cmax": 0.5}',
            )
        self.names = tuple(n for n in known if n in asked)
        self.random = tuple(n for n in self.names if n in random)
        self.scales = {n: self._scale(n, scales or {}) for n in self.names}
        self.domain = {n: self._domain(n, domain or {}) for n in self.names}
        self.units = {n: self.model.parameters[n].unit if self.model else "" for n in self.names}
        self.start = {n: self._start(n, starts) for n in self.names}
        self.mixtures: dict[str, Mixture] = {}
        self.start_sd = {n: self._sd(n, random[n]) for n in self.random}
        self.held = self._held(known, held, starts)
        self.error = one_of("error", error, ERRORS)
        self.error_start = {k: one_number(k, v, above=0) for k, v in (error_start or {}).items()}
        for name in self.error_start:
            if name not in ERRORS[self.error]:
                raise unknown_name(name, ERRORS[self.error], "error parameter")
        self.covariates = tuple(self._covariate(c) for c in covariates)
        pairs = [(parameter, name.lower()) for parameter, name, _ in self.covariates]
        for pair in pairs:
            if pairs.count(pair) > 1:
                raise LearnerError(
                    given=f"the covariate {pair[1]} of {pair[0]}, named twice",
                    expected="one form for each covariate of a parameter",
                    do="choose the form, and leave the other out",
                )
        self.correlated = self._blocks(correlated)
        self.dose = dose
        self.rtol = one_number("rtol", rtol, above=0)
        self.output = ""
        if self.model is not None:
            self.output = one_of("output", output or next(iter(self.model.observed)),
                                 self.model.observed)  # fmt: skip

    def _scale(self, name: str, given: Mapping[str, str]) -> str:
        default = self.model.parameters[name].scale if self.model else "log"
        return one_of(f"the scale of {name}", given.get(name, default), SCALES)

    def _domain(self, name: str, given: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        ends = {"log": (0.0, math.inf), "logit": (0.0, 1.0), "linear": (-math.inf, math.inf)}
        default = self.model.parameters[name].domain if self.model else ends[self.scales[name]]
        low, high = given.get(name, default)
        if not low < high:
            raise LearnerError(
                given=f"domain of {name} = ({low}, {high})",
                expected="(low, high), the low end first",
                do=f'write domain={{"{name}": (low, high)}}',
            )
        return float(low), float(high)

    def _start(self, name: str, given: Mapping[str, float]) -> float:
        default = self.model.parameters[name].default if self.model else math.nan
        value = one_number(f"start of {name}", given.get(name, default))
        low, high = self.domain[name]
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = low < value < high and math.isfinite(float(to_u(value, self.scales[name])))
        if not inside:
            raise LearnerError(
                given=f"a start of {value:g} for {name}, on the {self.scales[name]} scale",
                expected=f"a value within {low:g} to {high:g}, and one that this scale holds",
                do=f'give another: start={{"{name}": ...}}, or scales={{"{name}": "linear"}}',
            )
        return value

    def _sd(self, name: str, given: Any) -> float:
        scale = self.scales[name]
        if isinstance(given, Mixture):
            if given.scale != scale:
                raise LearnerError(
                    given=f"{given!r} for {name}, a parameter on the {scale} scale",
                    expected=f"spreads on the {scale} scale",
                    do="use log_sd for a log-normal parameter, logit_sd for a logit-normal one",
                )
            self.mixtures[name] = given
            return one_number(f"SD of {name}", given.spreads[0].sd, above=0)
        if isinstance(given, Spread):
            if given.scale != scale:
                raise LearnerError(
                    given=f"{given!r} for {name}, a parameter on the {scale} scale",
                    expected=f"a spread on the {scale} scale, or a plain number: the SD there",
                    do="use log_sd for a log-normal parameter, logit_sd for a logit-normal one",
                )
            given = given.sd
        return one_number(f"SD of {name}", given, above=0)

    def _held(
        self, known: list[str], held: Mapping[str, Any], starts: Mapping[str, float]
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name in known:
            if name in self.names:
                continue
            given = held.get(name)
            if given is None:
                given = starts.get(name)
            if given is None and self.model is not None:
                given = self.model.parameters[name].default
            if given is None:
                raise LearnerError(
                    given=f"{name} held, without a value",
                    expected="a value for a parameter that is not estimated",
                    do=f'write fixed={{"{name}": ...}}',
                )
            values[name] = float(given)
        return values

    def _covariate(self, given: Any) -> tuple[str, str, str]:
        if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 3:
            raise LearnerError(
                given=f"the covariate {short(given)}",
                expected="(parameter, covariate, form)",
                do='write for example ("cmax", "weight", "power")',
            )
        parameter, covariate, form = given
        if parameter not in self.names:
            raise unknown_name(parameter, self.names, "estimated parameter")
        if parameter in self.mixtures:
            raise LearnerError(
                given=f"a covariate on {parameter}, which is a mixture",
                expected="a covariate on another parameter: groups and covariate explain the same",
                do="leave one of them out",
            )
        return parameter, str(covariate), one_of("form", form, FORMS)

    def _blocks(self, given: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
        blocks: list[tuple[str, ...]] = []
        for group in given:
            if isinstance(group, str) or len(group) < 2:
                raise LearnerError(
                    given=f"correlated = {short(given)}",
                    expected="groups of two parameters or more",
                    do='write for example correlated=[("cmax", "tmax")]',
                )
            for name in group:
                if name not in self.random:
                    raise unknown_name(name, self.random, "parameter with a random effect")
                if name in self.mixtures or any(name in b for b in blocks):
                    raise LearnerError(
                        given=f"{name} in a correlated group"
                        + (" and a mixture" if name in self.mixtures else " twice"),
                        expected="each parameter in one group, and none that is a mixture",
                        do="join the groups, or take it out of one",
                    )
            blocks.append(tuple(n for n in self.random if n in group))
        return tuple(blocks)

    def __repr__(self) -> str:
        fixed = [n for n in self.names if n not in self.random]
        also = f"; the same in all: {', '.join(fixed)}" if fixed else ""
        return f"Mixed model of {self.title}: random {', '.join(self.random)}{also}; {self.error}"


class Bound:
    """A mixed model bound to a study: what every method of estimation needs.

    ``design`` (N, d, q) gives u of the typical patient with patient i's covariates: design @ theta.
    ``r`` and ``f`` number the parameters with and without a random effect.
    """

    def __init__(self, mixed: Mixed, study: Study) -> None:
        if not isinstance(mixed, Mixed) or not isinstance(study, Study):
            raise LearnerError(
                given=f"{short(mixed)} and {short(study)}",
                expected="a Mixed model and a Study, in this order",
                do="write saem(Mixed(model, random={...}), Study(table))",
            )
        if study.size < 2 and mixed.random:
            raise LearnerError(
                given="a study of one patient",
                expected="two patients or more: one patient has no spread between patients",
                do="use estimate.fit_one for one patient",
            )
        self.mixed, self.study = mixed, study
        self.noise = Noise(mixed.error, study)
        self.slow = mixed.function is None
        self.rtol = mixed.rtol
        self.step = SOLVED_STEP if self.slow else STEP
        self.names = mixed.names
        self.scales = [mixed.scales[n] for n in self.names]
        self.r = [i for i, n in enumerate(self.names) if n in mixed.random]
        self.f = [i for i, n in enumerate(self.names) if n not in mixed.random]
        ends = np.array([mixed.domain[n] for n in self.names])
        with np.errstate(divide="ignore", invalid="ignore"):
            self.low = np.array([to_u(v, s) for v, s in zip(ends[:, 0], self.scales, strict=True)])
            self.high = np.array([to_u(v, s) for v, s in zip(ends[:, 1], self.scales, strict=True)])
        self.coefficients, self.design = _design(mixed, study)
        of_random = [mixed.names.index(c.parameter) in self.r for c in self.coefficients]
        self.q_random = np.flatnonzero(of_random)
        self.q_fixed = np.flatnonzero(~np.array(of_random))
        self.given = self._given()
        self.warnings = [*study.warnings, *self._units()]
        if study.samples <= len(self.coefficients) + len(self.r) + len(self.noise.names):
            raise LearnerError(
                given=f"{study.samples} samples for {len(self.coefficients)} coefficients, "
                f"{len(self.r)} random effects and the noise",
                expected="more samples than parameters",
                do="hold parameters: fixed=[...]",
            )
        # A solver works on times that all patients share.
        self.grid, place = np.unique(study.times, return_inverse=True)
        self.place = place.reshape(study.times.shape)
        if mixed.function is None and self.grid[0] < 0:
            raise LearnerError(
                given=f"a sample at {self.grid[0]:g}",
                expected="times from 0 on: a model starts at time 0",
                do="shift times so that the dose is at 0, and leave out what came before",
            )
        self._try()

    def _given(self) -> dict[str, Numbers]:
        """Held parameters that are patients' own: covariates of the model, and the dose."""
        mixed, study = self.mixed, self.study
        own = {}
        lower = {name.lower(): name for name in study.covariates}
        for name in mixed.held:
            if name.lower() in lower:
                own[name] = _numbers(study, lower[name.lower()])
        if mixed.dose is not None:
            bad = [
                p for p, d in zip(study.patients, study.doses, strict=True)
                if len(d) != 1 or d[0][0] != 0
            ]  # fmt: skip
            if bad:
                raise LearnerError(
                    given=f"doses of patient {bad[0]} that are not one dose at time 0",
                    expected="one dose at time 0 for each patient",
                    do="write a function f(t, p) that superposes the doses",
                )
            own[mixed.dose] = np.array([d[0][1] for d in study.doses])
        return own

    def _units(self) -> list[str]:
        """Units that the table states, against those of the model: nothing is converted."""
        mixed, model = self.mixed, self.mixed.model
        if model is None:
            return []
        time = self.study.units.get("TIME", "")
        if _differ(time, model.time_unit):
            raise LearnerError(
                given=f"times in {ledger.pretty(time)} for a model in "
                f"{ledger.pretty(model.time_unit)}",
                expected="one unit of time: nothing is converted",
                do=f"convert TIME, and load it with units={{'TIME': '{model.time_unit}'}}",
            )
        dv, own = self.study.units.get("DV", ""), model.observed[mixed.output].unit
        if not _differ(dv, own):
            return []
        return [
            f"values are in {ledger.pretty(dv)}, and {mixed.output} of the model is in "
            f"{ledger.pretty(own)}: nothing is converted, and estimates carry the model's units"
        ]

    def _try(self) -> None:
        """The curves at the start, once, before an algorithm sees them."""
        u = self.typical(self.start_theta())[None]
        f = self.curve(u)
        bad = ~np.isfinite(f[0]) & self.study.taken
        if bad.any():
            i, j = np.argwhere(bad)[0]
            raise LearnerError(
                given=f"a curve that is {f[0, i, j]} at time {self.study.times[i, j]:g} for "
                f"patient {self.study.patients[i]}, at the start values",
                expected="a finite curve at the start",
                do="give better start values: start={...}",
            )

    def start_theta(self) -> Numbers:
        """The coefficients at the start: typical values, covariates without an effect."""
        first = {n: to_u(v, self.mixed.scales[n]) for n, v in self.mixed.start.items()}
        return np.array([0.0 if c.covariate else first[c.parameter] for c in self.coefficients])

    def start_error(self) -> Numbers:
        """The error parameters at the start: half a log unit, or half of a typical value."""
        measured = self.study.values[self.noise.measured]
        found = self.noise.start(0.5, float(np.median(np.abs(measured))) or 1.0)
        for i, name in enumerate(self.noise.names):
            found[i] = self.mixed.error_start.get(name, found[i])
        return found

    def typical(self, theta: Numbers) -> Numbers:
        """u of the typical patient with each patient's covariates: (..., N, d)."""
        return np.asarray(np.einsum("idq,...q->...id", self.design, theta))

    def inside(self, u: Numbers) -> NDArray[np.bool_]:
        """Which patients' parameters lie within their domains (..., N)."""
        return np.asarray(((u >= self.low) & (u <= self.high)).all(axis=-1))

    def natural(self, u: Numbers) -> dict[str, Numbers]:
        """Parameters by name, from u (..., d)."""
        named = zip(self.names, self.scales, strict=True)
        return {n: from_u(u[..., j], s) for j, (n, s) in enumerate(named)}

    def curve(
        self, u: Numbers, times: Numbers | None = None, who: NDArray[np.intp] | None = None
    ) -> Numbers:
        """f (..., N, T) for parameters u (..., N, d), at the study's times or at ``times`` (T',).

        With ``who`` (M,), each patient by itself: u is (..., M, 1, d) and f (..., M, 1, T).
        Parameters outside their domain are taken at its end. NaN where a curve cannot be computed.
        """
        u = np.clip(u, self.low, self.high)
        values = self.natural(u)
        given, own, place = self.given, self.study.times, self.place
        if who is not None:
            given = {k: v[who][:, None] for k, v in given.items()}
            own, place = own[who][:, None], place[who][:, None]
        if self.mixed.function is None:
            return self._solved(u, values, given, None if times is not None else place, times)
        t = own if times is None else times
        columns: dict[str, Any] = {k: v[..., None] for k, v in values.items()}
        columns |= {k: v[..., None] for k, v in given.items()}
        with np.errstate(all="ignore"):
            f = np.asarray(self.mixed.function(t, self._parameters(columns)), float)
        shape = (*u.shape[:-1], t.shape[-1])
        if f.shape != shape:
            raise LearnerError(
                given=f"curves of shape {f.shape} for parameters of shape {(*u.shape[:-1], 1)} and "
                f"times of shape {t.shape}",
                expected=f"one value for each patient and time, {shape}: a function that acts on "
                "arrays element by element",
                do="use NumPy's functions, np.where instead of if, no sum and no loop over times",
            )
        return f

    def _parameters(self, values: dict[str, Any]) -> Any:
        every = {**self.mixed.held, **values}
        if self.mixed.model is None:
            return SimpleNamespace(**every)
        return Parameters(self.mixed.model, {n: every[n] for n in self.mixed.model.parameters})

    def _solved(
        self,
        u: Numbers,
        values: dict[str, Numbers],
        given: dict[str, Numbers],
        place: NDArray[np.intp] | None,
        times: Numbers | None,
    ) -> Numbers:
        """All patients of all chains in one call of the batched solver."""
        model = self.mixed.model
        assert model is not None
        lanes = u.shape[:-1]
        flat: dict[str, Any] = {k: np.ravel(v) for k, v in values.items()}
        flat |= {k: np.broadcast_to(v, lanes).ravel() for k, v in given.items()}
        grid = self.grid if times is None else times
        with warnings.catch_warnings():
            # A failed try is a proposal that is not accepted; only the result counts.
            warnings.simplefilter("ignore", RuntimeWarning)
            p = self._parameters(flat)
            found = solve(model, p, grid, rtol=self.rtol)[self.mixed.output]
        found = found.reshape(*lanes, grid.size)
        if place is None:
            return found
        index = np.broadcast_to(place, (*lanes, place.shape[-1]))
        return np.asarray(np.take_along_axis(found, index, axis=-1))

    def scaled(self, u: Numbers, who: NDArray[np.intp] | None = None) -> Numbers:
        """F, the curve on the scale of the error (..., N, T)."""
        return self.noise.scaled(self.curve(u, who=who))

    def slopes(
        self,
        u: Numbers,
        columns: Sequence[int],
        who: NDArray[np.intp] | None = None,
        F: Numbers | None = None,
    ) -> tuple[Numbers, Numbers]:
        """F and its derivatives by some columns of u: (..., N, T) and (..., N, T, k).

        Differences are central, or one-sided where F is known.
        """
        k = len(columns)
        if F is not None:
            shift = np.zeros((k, *([1] * (u.ndim - 1)), u.shape[-1]))
            for a, j in enumerate(columns):
                shift[a, ..., j] = self.step
            return F, np.moveaxis(self.scaled(u + shift, who) - F, 0, -1) / self.step
        shift = np.zeros((2 * k + 1, *([1] * (u.ndim - 1)), u.shape[-1]))
        for a, j in enumerate(columns):
            shift[1 + a, ..., j], shift[1 + k + a, ..., j] = self.step, -self.step
        F = self.scaled(u + shift, who)
        return F[0], np.moveaxis(F[1 : k + 1] - F[k + 1 :], 0, -1) / (2 * self.step)


def _differ(stated: str, own: str) -> bool:
    """Whether two units are known, and not the same. What cannot be read is not judged."""
    if not stated or ledger.pretty(stated) == ledger.pretty(own):
        return False
    try:
        return bool(parse_unit(stated) != parse_unit(own))
    except (LearnerError, ValueError):
        return False


def _numbers(study: Study, name: str) -> Numbers:
    """A covariate as numbers, none of them missing."""
    column = study.covariate(name)
    if column.dtype.kind not in "fiub":
        raise LearnerError(
            given=f"the covariate {name} with entries such as {short(column[0])}",
            expected="numbers",
            do='use the form "category", or code it as numbers',
        )
    values = column.astype(float)
    if not np.isfinite(values).all():
        i = int(np.argmax(~np.isfinite(values)))
        raise LearnerError(
            given=f"no {name} for patient {study.patients[i]}",
            expected="a value for every patient",
            do="leave that patient out, or fill the value in and say how",
        )
    return values


def _design(mixed: Mixed, study: Study) -> tuple[tuple[Coefficient, ...], Numbers]:
    """The coefficients, and the design (N, d, q): u = design @ theta."""
    found: list[tuple[Coefficient, int, Numbers]] = []
    for j, name in enumerate(mixed.names):
        found.append((Coefficient(name), j, np.ones(study.size)))
        for parameter, covariate, form in mixed.covariates:
            if parameter == name:
                for coefficient, column in _columns(study, parameter, covariate, form):
                    found.append((coefficient, j, column))
        _independent(name, [(c, column) for c, i, column in found if i == j])
    design = np.zeros((study.size, len(mixed.names), len(found)))
    for q, (_, j, column) in enumerate(found):
        design[:, j, q] = column
    return tuple(c for c, _, _ in found), design


def _independent(name: str, columns: list[tuple[Coefficient, Numbers]]) -> None:
    """Say so where covariates of one parameter carry the same information."""
    matrix = np.array([column for _, column in columns])
    size = np.sqrt((matrix * matrix).sum(axis=1, keepdims=True))
    if np.linalg.matrix_rank(matrix / size, tol=1e-8) < len(columns):
        raise LearnerError(
            given=f"covariates of {name} that say the same: "
            + ", ".join(dict.fromkeys(c.covariate for c, _ in columns[1:])),
            expected="covariates of which none follows from the others",
            do="leave one of them out: these data cannot tell their effects apart",
        )


def _columns(
    study: Study, parameter: str, name: str, form: str
) -> list[tuple[Coefficient, Numbers]]:
    column = study.covariate(name)
    if len(set(column.tolist())) < 2:
        raise LearnerError(
            given=f"the covariate {name}, which is {short(column[0].item())} in every patient",
            expected="a covariate that differs between patients",
            do="leave it out: these data cannot show its effect",
        )
    if form == "category":
        own = _levels(study, name, column)
        levels, counts = np.unique(own, return_counts=True)
        if counts.max() == 1 and levels.size > 2:
            raise LearnerError(
                given=f"the covariate {name}, with a level of its own for each patient",
                expected="levels that several patients share",
                do="use the form 'power' or 'linear', or make a few classes of it",
            )
        order = [str(v) for v in levels[np.argsort(-counts, kind="stable")]]
        return [
            (Coefficient(parameter, name, form, v, order[0]), (own == v).astype(float))
            for v in order[1:]
        ]
    values = _numbers(study, name)
    middle = float(np.median(values))
    if form == "power":
        if values.min() <= 0:
            raise LearnerError(
                given=f"{name} = {values.min():g}, and the form 'power'",
                expected="a covariate above zero: its logarithm is used",
                do="use the form 'linear' or 'category'",
            )
        return [(Coefficient(parameter, name, form, "", middle), np.log(values / middle))]
    return [(Coefficient(parameter, name, form, "", middle), values - middle)]


def _levels(study: Study, name: str, column: NDArray[Any]) -> NDArray[np.str_]:
    """A category of each patient as text, none of them missing."""
    if column.dtype.kind == "f":
        values = _numbers(study, name)
        return np.array([f"{v:g}" for v in values])
    own = np.array([str(v).strip() for v in column.tolist()])
    gap = np.isin(own, list(MISSING))
    if gap.any():
        raise LearnerError(
            given=f"no {name} for patient {study.patients[int(np.argmax(gap))]}",
            expected="a level for every patient",
            do='leave that patient out, or write a level such as "unknown"',
        )
    return own
