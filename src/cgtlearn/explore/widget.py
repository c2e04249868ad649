"""The live figure as an ipywidgets widget: it is looked at, observed, linked, and read back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import traitlets
from numpy.typing import ArrayLike

from cgtlearn.errors import LearnerError, one_number, unknown_name
from cgtlearn.explore import web, words
from cgtlearn.explore.spec import Figure, make
from cgtlearn.models.contract import Model, Parameters
from cgtlearn.solve import Result, solve

__all__ = ["LiveFigure", "explore"]

FOR_PAGE = "CGTLEARN_STAGE"
"""Set to 1 while the book's notebooks are executed: figures then bring their page's HTML along."""


def explore(
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
) -> LiveFigure:
    """A live figure of ``model``: move its sliders and see, in JupyterLab and on the page.

    Parameters
    ----------
    model : a model in the contract, such as ``stein2019.model``.
    sliders : ``{"tmax": (5, 20)}``; each starts at the model's default, or at a third number.
    show : outputs and states to draw; by default every output.
    panels : one entry a panel: a list of names, or a dict with any of ``show, x, x_scale, y,
        y_scale, title``; what is left out is that of the figure. By default one panel.
    x : the window, in ``model.time_unit``; by default from 0 to the model's own.
    y_scale, x_scale : "log" or "linear".
    fixed : parameters that are not the model's defaults and have no slider.
    predict : ``dict(question="...", of="peak of transgene")``: the curve is hidden until the reader
        has guessed. ``of`` is 'peak of NAME', 'time of peak of NAME' or 'NAME at TIME'. With
        ``at={"tmax": 15}`` the first curve is shown, and the question is about the sliders there.
    reference : the time with which the words compare the peak; by default the end.
    title : by default the model's.
    points : of time, in each panel; switches, doses and edges of infusions are added to them.
    units : another unit for a curve, ``{"fix_activity": "IU/mL"}``; its values are converted.

    Raises LearnerError for names that do not exist, ranges that are empty or leave the domain of
    their parameter, curves of different units in one panel, and a model that cannot be traced or
    solved at the start.
    """
    return LiveFigure(
        make(
            model,
            sliders,
            show,
            panels=panels,
            y_scale=y_scale,
            x=x,
            x_scale=x_scale,
            fixed=fixed,
            predict=predict,
            reference=reference,
            title=title,
            points=points,
            units=units,
        )
    )


class LiveFigure(anywidget.AnyWidget):
    """A figure whose curves are solved where it is read. Made by :func:`explore`.

    Traits, to be read, set, observed and linked like those of any ipywidget:

    ``values``  where the sliders stand: ``{"tmax": 9.3, ...}``
    ``guess``   the reader's prediction, or None
    ``shown``   what is drawn: ``words``, ``times``, ``curves`` by name, and ``failed`` with the
                reason when there is no curve; empty until a browser has drawn
    """

    _esm = web.module()
    _css = web.style()
    _spec = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    guess = traitlets.Float(None, allow_none=True).tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        super().__init__(
            _spec=figure.spec, values={s["name"]: s["at"] for s in figure.spec["sliders"]}
        )

    @traitlets.validate("values")
    def _inside(self, proposal: Any) -> dict[str, float]:
        given = proposal["value"]
        ranges = {s["name"]: (s["low"], s["high"]) for s in self._figure.spec["sliders"]}
        for name in given:
            if name not in ranges:
                raise unknown_name(name, ranges, "slider")
        stand = {**getattr(self, "_trait_values", {}).get("values", {}), **given}
        checked = {}
        for name, (low, high) in ranges.items():
            value = one_number(name, stand[name])
            if not low <= value <= high:
                raise LearnerError(
                    f"{name} = {value:g}",
                    f"a value on the slider, {low:g} to {high:g}",
                    "Give a value inside, or make the figure with a wider slider.",
                )
            checked[name] = value
        return checked

    @property
    def model(self) -> Model:
        """The model that is shown."""
        return self._figure.model

    @property
    def parameters(self) -> Parameters:
        """The parameters where the sliders stand."""
        return self._figure.parameters(self.values)

    def result(self, times: ArrayLike | None = None) -> Result:
        """The course where the sliders stand, solved in Python.

        ``times`` are those of the figure unless others are given.
        """
        p = self.parameters
        return self._figure.solve(p) if times is None else solve(self.model, p, times)

    @property
    def words(self) -> str:
        """What is drawn, in words, solved in Python."""
        result = self.result()
        if not result.ok:
            return f"There is no curve: {result.status[0].reason}."
        curves = self._figure.curves(result)
        return " ".join(words.sentences(self._figure.spec, result.times, curves))

    def __repr__(self) -> str:
        """The figure in words, as it begins."""
        spec = self._figure.spec
        sliders = "; ".join(
            f"{s['name']} from {words.said(s['low'])} to {words.amount(s['high'], s['unit'])}, "
            f"now {words.said(s['at'])}"
            for s in spec["sliders"]
        )
        lines = [f"Live figure: {spec['title']}", f"Sliders: {sliders}."]
        if spec["predict"]:
            lines.append(f"Guess first: {spec['predict']['question']}")
        lines += [f"In words: {line}" for line in spec["words"]]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        # The words are what a notebook stores; script and HTML come when the book is built.
        plain = {"text/plain": repr(self)}
        if os.environ.get(FOR_PAGE) == "1":
            html = web.page_html(self._figure, " ".join(self._figure.spec["words"]))
            return {**plain, "text/html": html}, {}
        found = super()._repr_mimebundle_(**kwargs)
        if found is None:
            return plain, {}
        data, metadata = found
        return {**data, **plain}, metadata
