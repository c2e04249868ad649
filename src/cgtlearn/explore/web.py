"""The figure's script and style, put together from ``web/``: for the widget, for a plain page."""

from __future__ import annotations

import base64
import io
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cgtlearn.explore.words import amount, answer
from cgtlearn.solve import stiff

if TYPE_CHECKING:
    from cgtlearn.explore.spec import Figure

__all__ = ["module", "page_html", "page_script", "style"]

WEB = Path(__file__).parent / "web"
SCRIPTS = ("solver.js", "words.js", "draw.js", "figure.js")


def _coefficients() -> str:
    """The coefficients of Rodas5P, which Python's own solver holds, as JavaScript."""

    def rows(table: Any) -> list[list[float]]:
        return [row.tolist() for row in table]

    tables = {
        "GAMMA": stiff.GAMMA,
        "A": rows(stiff.WEIGHTS[:6]),
        "C": rows(stiff.COUPLED),
        "WHEN": stiff.WHEN,
        "D": stiff.TIMED,
        "H": rows(stiff.DENSE),
    }
    return "".join(f"const {name} = {json.dumps(table)};\n" for name, table in tables.items())


@cache
def _parts() -> str:
    return _coefficients() + "".join((WEB / name).read_text(encoding="utf-8") for name in SCRIPTS)


def module() -> str:
    """An ES module with ``render``, as anywidget asks for."""
    return _parts() + "export default { render };\n"


def page_script() -> str:
    """A classic script that brings every figure of a page to life; works from a file, too."""
    ready = (
        'if (document.readyState === "loading") addEventListener("DOMContentLoaded", mountPage);\n'
        "else mountPage();\n"
    )
    return '"use strict";\n(() => {\n' + _parts() + ready + "})();\n"


@cache
def style() -> str:
    """The style sheet, in both themes."""
    return (WEB / "live.css").read_text(encoding="utf-8")


def page_html(figure: Figure, words: str) -> str:
    """The figure for a plain page: its spec, and a picture with words where scripts are off."""
    # "<" never stands in the data, so that nothing in it can end the script element.
    data = json.dumps(figure.spec, ensure_ascii=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )
    picture = base64.b64encode(_picture(figure)).decode("ascii")
    image = f'<img alt="{escape(words)}" src="data:image/svg+xml;base64,{picture}">'
    still = f"{image}<p>{escape(words)}</p>"
    asked = figure.spec["predict"]
    if asked:
        result = figure.solve(figure.start.changed(**asked["at"]))
        found = answer(figure.spec, result.times, figure.curves(result))
        told = f"The model: {amount(found, asked['unit'])}."
        if asked["at"]:
            told += " The picture shows the figure as it begins."
        still = (
            f"<p>{escape(asked['question'])}</p>"
            f"<details><summary>Show the answer</summary><p>{escape(told)}</p>{still}</details>"
        )
    return (
        f'<div class="cgt-live cgt-still"><p class="cgt-title">{escape(figure.spec["title"])}</p>'
        f'{still}<script type="application/json">{data}</script></div>'
    )


def _picture(figure: Figure) -> bytes:
    """The figure as it begins, as SVG."""
    import matplotlib.pyplot as plt

    from cgtlearn import plot

    spec = figure.spec
    result = figure.solve(figure.start)
    curves = figure.curves(result)
    count = len(spec["panels"])
    fig, axes = plot.figure(1, count, size="wide" if count > 1 else "single", squeeze=False)
    for ax, panel in zip(axes[0], spec["panels"], strict=True):
        low, high = panel["x"]
        inside = (result.times >= low) & (result.times <= high)
        for k in panel["show"]:
            # Every third point is enough for a still picture.
            t, v = result.times[inside], curves[k][inside]
            kept = np.unique([*range(0, len(t), 3), int(np.argmax(v)), len(t) - 1])
            ax.plot(t[kept], v[kept], label=spec["curves"][k]["name"])
        unit = spec["curves"][panel["show"][0]]["unit"]
        name = "level" if len(panel["show"]) > 1 else spec["curves"][panel["show"][0]]["name"]
        ax.set(xlabel=f"time ({spec['time']})", ylabel=f"{name} ({unit})" if unit else name)
        ax.set(title=panel["title"], xlim=(low, high))
        ax.set(xscale="log" if panel["xlog"] else "linear")
        ax.set(yscale="log" if panel["ylog"] else "linear")
        top = max(float(curves[k][inside].max()) for k in panel["show"])
        if panel["y"]:
            ax.set_ylim(*panel["y"])
        elif panel["ylog"] and top > 0:
            ax.set_ylim(bottom=max(ax.get_ylim()[0], top * 1e-7))
        if len(panel["show"]) > 1:
            ax.legend()
        ax.minorticks_off()
    buffer = io.BytesIO()
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": spec["id"]}):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    plt.close(fig)
    # A tenth of a point is enough, and half the size.
    text = re.sub(r"\d+\.\d{2,}", lambda m: f"{float(m[0]):.1f}", buffer.getvalue().decode("utf-8"))
    return re.sub(r"\s*\n\s*", " ", text).encode("utf-8")
