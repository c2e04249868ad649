"""What a live figure is made of, checked: one plain dictionary that JavaScript reads.

Every mistake an author can make raises :class:`~cgtlearn.errors.LearnerError` here, when the
notebook runs, not later in a reader's browser.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, one_number, one_of, short, unknown_name
from cgtlearn.explore import words
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.solve import Result, phase_at, solve
from cgtlearn.trace import Program, javascript, trace

__all__ = ["Figure", "make"]

SCALES = ("log", "linear")
_PANEL_KEYS = ("show", "x", "x_scale", "y", "y_scale", "title")
_PREDICT_KEYS = ("question", "of", "at")
_ASKED = re.compile(r"^(?:(peak|time of peak) of (\w+)|(\w+) at ([0-9.eE+-]+))$")
# Two grid times closer than this part of the window are one.
_SAME = 1e-9


@dataclass(frozen=True)
class Figure:
    """A checked figure: its model, what JavaScript gets, and the parameters at the start."""

    model: Model
    spec: dict[str, Any]
    start: Parameters

    def parameters(self, values: Mapping[str, float]) -> Parameters:
        """Parameters where the sliders stand at ``values``."""
        return self.start.changed(**values)

    def times(self, p: Parameters) -> NDArray[np.float64]:
        """The times of every panel, and each switch, dose and reference time among them."""
        return grid(self.model, self.spec, p)

    def solve(self, p: Parameters) -> Result:
        """The course at the figure's own times."""
        return solve(self.model, p, self.times(p))

    def curves(self, result: Result) -> list[NDArray[np.float64]]:
        """The values of every curve that is shown, in the unit that is shown."""
        return [result[c["key"]] * c["factor"] for c in self.spec["curves"]]


def grid(model: Model, spec: dict[str, Any], p: Parameters) -> NDArray[np.float64]:
    n = spec["points"]
    share = np.arange(n) / (n - 1)
    base: list[float] = []
    for panel in spec["panels"]:
        low, high = panel["x"]
        spread = low * (high / low) ** share if panel["xlog"] else low + (high - low) * share
        base += [*spread[:-1], high]
    start, end = min(base), max(base)
    edges = [float(s) for s in model.switches(p)]
    for time, _, _, *rest in model.doses(p):
        edges += [float(time), float(time + (rest[0] if rest else 0))]
    edges += spec["stops"]
    kept = sorted({e for e in edges if start <= e <= end})
    near = _SAME * (end - start)
    every = sorted([t for t in set(base) if all(abs(t - e) > near for e in kept)] + kept)
    alone = [every[0]] + [b for a, b in zip(every, every[1:], strict=False) if b > a]
    return np.array(alone)


def _pair(name: str, value: Any, *, log: bool = False) -> tuple[float, float]:
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise LearnerError(
            f"{name} = {short(value)}", "two numbers, (low, high)", "Give both ends."
        )
    ends = [one_number(name, v) for v in value]
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise LearnerError(
            f"{name} = {short(tuple(ends))}",
            "two numbers, the lower one first",
            f"Write {name} as (low, high).",
        )
    if log and ends[0] <= 0:
        raise LearnerError(
            f"{name} from {ends[0]:g} on a log axis",
            "a start above zero",
            "Start later, or use a linear scale.",
        )
    return ends[0], ends[1]


def _sliders(model: Model, sliders: Any, fixed: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(sliders, Mapping) or not sliders:
        raise LearnerError(
            f"sliders = {short(sliders)}",
            "at least one slider: a name and its range",
            'Write sliders={"tmax": (5, 20)}.',
        )
    made = []
    names = list(model.parameters)
    for name, range_ in sliders.items():
        if name not in model.parameters:
            raise unknown_name(name, names, f"parameter of {model.name}")
        if name in fixed:
            raise LearnerError(
                f"{name} both as a slider and as fixed",
                "one of the two",
                "Take it out of fixed; a third number in its range says where the slider starts.",
            )
        parameter = model.parameters[name]
        if isinstance(range_, (str, Mapping)) or not isinstance(range_, Sequence):
            range_ = (range_,)
        if len(range_) not in (2, 3):
            raise LearnerError(
                f"the range {short(range_)} of the slider {name}",
                "(low, high), or (low, high, start)",
                f'Write sliders={{"{name}": (low, high)}}.',
            )
        low, high = _pair(f"the range of the slider {name}", range_[:2])
        at = (
            one_number(f"the start of the slider {name}", range_[2])
            if len(range_) == 3
            else (parameter.default)
        )
        unit = ledger.pretty(parameter.unit)
        inside = parameter.domain
        for end in (low, high):
            if not inside[0] <= end <= inside[1]:
                raise LearnerError(
                    f"a slider for {name} that reaches {end:g}",
                    f"a range within {inside[0]:g} to {inside[1]:g} ({unit}), where {model.name} "
                    "may be used",
                    "Narrow the range; check the unit first.",
                )
        if not low <= at <= high:
            raise LearnerError(
                f"a slider for {name} from {low:g} to {high:g} that starts at {at:g}",
                "a start within the range",
                f'Give a start: sliders={{"{name}": ({low:g}, {high:g}, start)}}.',
            )
        made.append(
            {
                "i": names.index(name),
                "name": name,
                "label": parameter.meaning,
                "unit": "" if unit == "–" else unit,
                "low": low,
                "high": high,
                "at": at,
                "log": parameter.scale == "log" and low > 0 and high / low > 3,
            }
        )
    return made


def _curves(model: Model, names: Sequence[str], units: Mapping[str, str]) -> list[dict[str, Any]]:
    for name in units:
        if name not in names:
            raise unknown_name(name, names, "curve with a unit")
    made = []
    for key in names:
        output = model.observed[key] if key in model.observed else model.states[key]
        assay = getattr(output, "assay", "")
        unit, factor = output.unit, 1.0
        if key in units:
            factor = ledger.convert(f"1 {output.unit}", units[key])
            unit = units[key]
        pretty = ledger.pretty(unit)
        made.append(
            {
                "key": key,
                "name": key.replace("_", " "),
                "label": output.meaning + (f", {assay}" if assay else ""),
                "unit": "" if pretty == "–" else pretty,
                "factor": factor,
                # An output has its own number; a state has the number after all outputs.
                "from": (
                    list(model.observed).index(key)
                    if key in model.observed
                    else len(model.observed) + list(model.states).index(key)
                ),
            }
        )
    return made


def _names(model: Model, value: Any, what: str) -> list[str]:
    known = [*model.observed, *(s for s in model.states if s not in model.observed)]
    given = [value] if isinstance(value, str) else list(value)
    if not given:
        raise LearnerError(f"{what} without a name", "at least one output or state", "Name one.")
    for name in given:
        if name not in known:
            raise unknown_name(name, known, f"output or state of {model.name}")
    return list(dict.fromkeys(given))


def _panels(
    model: Model, show: list[str], panels: Any, defaults: dict[str, Any]
) -> list[dict[str, Any]]:
    if panels is None:
        panels = [{}]
    if isinstance(panels, (str, Mapping)) or not isinstance(panels, Iterable) or not list(panels):
        raise LearnerError(
            f"panels = {short(panels)}",
            "a list with one entry for each panel",
            'Write panels=[dict(x=(0, 28)), dict(x=(0, 365))], or panels=[["transgene"], [...]].',
        )
    made = []
    for number, panel in enumerate(panels, start=1):
        if not isinstance(panel, Mapping):
            panel = {"show": panel}
        for key in panel:
            if key not in _PANEL_KEYS:
                raise unknown_name(key, _PANEL_KEYS, f"setting of panel {number}")
        own = {**defaults, **panel}
        x_scale = one_of("x_scale", own["x_scale"], SCALES)
        y_scale = one_of("y_scale", own["y_scale"], SCALES)
        x = _pair("x", own["x"], log=x_scale == "log")
        if x[0] < 0:
            raise LearnerError(
                f"x = {x}", f"times from 0 on, in {model.time_unit}", "A model starts at time 0."
            )
        y = own.get("y")
        made.append(
            {
                "show": _names(model, own.get("show", show), f"panel {number}"),
                "title": str(own.get("title", "")),
                "x": list(x),
                "xlog": x_scale == "log",
                "y": None if y is None else list(_pair("y", y, log=y_scale == "log")),
                "ylog": y_scale == "log",
            }
        )
    return made


def _predict(
    model: Model,
    predict: Any,
    curves: list[dict[str, Any]],
    sliders: list[dict[str, Any]],
    span: tuple[float, float],
) -> dict[str, Any] | None:
    if predict is None:
        return None
    if not isinstance(predict, Mapping):
        raise LearnerError(
            f"predict = {short(predict)}",
            "a question and what it asks for",
            'Write predict=dict(question="How high is the peak?", of="peak of transgene").',
        )
    for key in predict:
        if key not in _PREDICT_KEYS:
            raise unknown_name(key, _PREDICT_KEYS, "setting of predict")
    question, of = predict.get("question", ""), predict.get("of", "")
    if not isinstance(question, str) or not question.strip():
        raise LearnerError(
            "predict without a question", "a question in words", "Write question=..."
        )
    found = _ASKED.match(of) if isinstance(of, str) else None
    forms = "'peak of NAME', 'time of peak of NAME' or 'NAME at TIME'"
    if not found:
        raise LearnerError(
            f"predict of = {short(of)}", forms, 'Write for example of="peak of transgene".'
        )
    key = found[2] or found[3]
    keys = [c["key"] for c in curves]
    if key not in keys:
        raise unknown_name(key, keys, "curve that is asked for")
    kind = {"peak": "peak", "time of peak": "time", None: "at"}[found[1]]
    time = one_number("the time that is asked for", float(found[4])) if kind == "at" else None
    if time is not None and not span[0] <= time <= span[1]:
        raise LearnerError(
            f"a question about time {time:g}",
            f"a time from {span[0]:g} to {span[1]:g}",
            "Ask for a time that the figure shows.",
        )
    curve = keys.index(key)
    change = dict(predict.get("at") or {})
    for name, value in change.items():
        own = [s for s in sliders if s["name"] == name]
        if not own:
            raise unknown_name(name, [s["name"] for s in sliders], "slider")
        if not own[0]["low"] <= one_number(name, value) <= own[0]["high"]:
            raise LearnerError(
                f"predict at {name} = {value:g}",
                f"a value within the slider, {own[0]['low']:g} to {own[0]['high']:g}",
                "Widen the slider or ask about another value.",
            )
    return {
        "question": " ".join(question.split()),
        "kind": kind,
        "curve": curve,
        "time": time,
        "unit": ledger.pretty(model.time_unit) if kind == "time" else curves[curve]["unit"],
        "at": {name: float(value) for name, value in change.items()},
    }


def probes(program: Program, result: Result, start: Parameters, sliders: Any) -> list[Any]:
    """Inputs and the numbers that the model's Python functions give for them.

    Each is [p, start, switches, doses, t, z, phase, slopes, outputs]; the browser computes the same
    and refuses to draw when it gets something else.
    """
    model = program.model
    logs = [name in model.log_states for name in model.states]
    found = []
    # Every phase once, reached or not; then the sliders' ends.
    many = len(model.switches(start)) + 1
    for number, ends in enumerate([*[None] * many, "low", "high"]):
        p = start if ends is None else start.changed(**{s["name"]: s[ends] for s in sliders})
        k = (2 * number + 1) * len(result.times) // (2 * many + 4)
        t = float(result.times[k])
        phase = number if ends is None else int(phase_at(model, p, [t])[0])
        # States of the course, moved off zero so that no term is silent.
        y = tuple(
            float(v[k]) if v[k] > 0 else 1e-3 * float(np.max(np.abs(v)) or 1.0)
            for v in result.states.values()
        )
        slopes = [
            float(slope) / y[i] if logs[i] else float(slope)
            for i, slope in enumerate(model.rhs(t, y, p, phase))
        ]
        read = model.outputs(t, y, p, phase)
        doses = []
        for time, _, given, *rest in model.doses(p):
            doses += [float(time), float(given), float(rest[0] if rest else 0)]
        found.append(
            [
                _plain(p.as_dict().values()),
                _plain(model.initial(p)),
                _plain(model.switches(p)),
                _plain(doses),
                t,
                [math.log(v) if log else v for v, log in zip(y, logs, strict=True)],
                phase,
                _plain(slopes),
                _plain(read[name] for name in model.observed),
            ]
        )
    return found


def _plain(values: Iterable[Any]) -> list[Any]:
    """Numbers that JSON can hold; infinity as its JavaScript name."""
    return [
        v if math.isfinite(v) else str(v).replace("inf", "Infinity") for v in map(float, values)
    ]


def make(
    model: Model,
    sliders: Mapping[str, Any],
    show: Sequence[str] | str | None = None,
    *,
    panels: Sequence[Any] | None = None,
    y_scale: str = "log",
    x: tuple[float, float] | None = None,
    x_scale: str = "linear",
    fixed: Mapping[str, Any] | None = None,
    predict: Mapping[str, Any] | None = None,
    reference: float | None = None,
    title: str | None = None,
    points: int = 300,
    units: Mapping[str, str] | None = None,
) -> Figure:
    """Check everything and make the figure. See :func:`cgtlearn.explore.explore`."""
    if not isinstance(model, Model):
        raise LearnerError(
            f"model = {short(model)}",
            "a model in the contract, such as stein2019.model",
            "from cgtlearn.models import stein2019; explore(stein2019.model, ...)",
        )
    if isinstance(points, bool) or not isinstance(points, int) or not 20 <= points <= 2000:
        raise LearnerError(
            f"points = {short(points)}", "a whole number from 20 to 2000", "Leave it out: 300."
        )
    program = trace(model)
    fixed = dict(fixed or {})
    start = model.parameters_with(**fixed)
    made = _sliders(model, sliders, fixed)
    start = start.changed(**{s["name"]: s["at"] for s in made})
    if start.patients is not None:
        raise LearnerError(
            "arrays over patients in fixed", "single numbers", "A live figure shows one patient."
        )
    names = _names(model, list(model.observed) if show is None else show, "show")
    defaults = {"x": x or (0.0, model.window), "x_scale": x_scale, "y_scale": y_scale}
    drawn = _panels(model, names, panels, defaults)
    every = list(dict.fromkeys(name for panel in drawn for name in panel["show"]))
    curves = _curves(model, every, dict(units or {}))
    for number, panel in enumerate(drawn, start=1):
        panel["show"] = [every.index(name) for name in panel["show"]]
        if len({curves[k]["unit"] for k in panel["show"]}) > 1:
            listed = ", ".join(f"{curves[k]['key']} ({curves[k]['unit']})" for k in panel["show"])
            raise LearnerError(
                f"curves of different units in panel {number}: {listed}",
                "one unit in a panel",
                "Give each its own panel: panels=[[...], [...]].",
            )
        for k in panel["show"]:
            low, high = curves[k].get("span", panel["x"])
            curves[k]["span"] = [min(low, panel["x"][0]), max(high, panel["x"][1])]
    span = min(p["x"][0] for p in drawn), max(p["x"][1] for p in drawn)
    if reference is not None and not span[0] <= one_number("reference", reference) <= span[1]:
        raise LearnerError(
            f"reference = {reference:g}",
            f"a time from {span[0]:g} to {span[1]:g}",
            "Compare the peak with a time that the figure shows.",
        )
    asked = _predict(model, predict, curves, made, span)
    stops = [reference] if reference is not None else []
    stops += [asked["time"]] if asked and asked["time"] is not None else []
    spec: dict[str, Any] = {
        "title": " ".join((title or model.title).split()),
        "model": model.name,
        "clock": model.time_unit,
        "time": ledger.pretty(model.time_unit),
        "script": javascript(program),
        "logs": [int(s in model.log_states) for s in model.states],
        "m": len(model.observed),
        "events": [e.direction for e in model.events],
        "p": _plain(start.as_dict().values()),
        "sliders": made,
        "panels": drawn,
        "curves": curves,
        "points": points,
        "stops": [float(s) for s in stops],
        "reference": None if reference is None else float(reference),
        "predict": asked,
    }
    figure = Figure(model, spec, start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = figure.solve(start)
    if not result.ok:
        raise LearnerError(
            f"{model.name} at the sliders' start cannot be solved: {result.status[0].reason}",
            "a model that can be solved where the reader begins",
            "Choose other starts, or look at the model with solve(...).",
        )
    spec["probes"] = probes(program, result, start, made)
    spec["words"] = words.sentences(spec, result.times, figure.curves(result))
    digest = hashlib.sha256(
        json.dumps({k: v for k, v in spec.items() if k not in ("probes", "words")}).encode()
    )
    spec["id"] = digest.hexdigest()[:8]
    return figure
