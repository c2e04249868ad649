"""One palette, a few figure sizes, and one way to show a figure with its words.

A figure in the course has a caption, an alternative text that carries its message with a number in
it, and a label with a unit on every axis. :func:`show` asks for all three. Matplotlib loads on the
first call.

>>> from cgtlearn import plot
>>> fig, ax = plot.figure()
>>> _ = ax.plot(times, transgene, color=plot.BLUE)
>>> _ = ax.set(xlabel="time after dose (d)", ylabel="transgene (copies/µg DNA)", yscale="log")
>>> plot.show(fig, caption="...", alt=f"The curve peaks at {peak:,.0f} copies/µg on day {day:.0f}.")

The colours are those of Okabe and Ito (Color Universal Design, 2008), which stay apart in the
common forms of colour blindness; lines differ in their dashes too.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import LearnerError, one_of

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "ORANGE",
    "PALETTE",
    "PURPLE",
    "SIZES",
    "VERMILLION",
    "figure",
    "show",
    "style",
]

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
BLACK = "#000000"

PALETTE = {
    "blue": BLUE,
    "vermillion": VERMILLION,
    "green": GREEN,
    "purple": PURPLE,
    "orange": ORANGE,
    "black": BLACK,
}

# Width and height in inches. Narrow, so that letters stay readable on a phone: the widest figure
# shown 360 px wide still has letters of 9 px.
SIZES = {
    "single": (5.4, 3.5),
    "wide": (6.2, 3.3),
    "tall": (5.4, 6.2),
    "square": (4.6, 4.6),
}
FONT_SIZE = 11
DPI = 200
SCREEN_DPI = 110  # how large the picture is shown where the screen has room

_PICTURE = "[a picture: run this cell to draw it]"
_styled = False


def style() -> None:
    """Set the course's look for every figure made from now on."""
    global _styled
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcParams.update(
        {
            "figure.figsize": SIZES["single"],
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "axes.facecolor": "white",
            "axes.prop_cycle": cycler(
                color=list(PALETTE.values()),
                linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2))],
            ),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.6,
            "axes.axisbelow": True,
            "lines.linewidth": 2.0,
            "font.size": FONT_SIZE,
            "axes.titlesize": FONT_SIZE,
            "axes.labelsize": FONT_SIZE,
            "xtick.labelsize": FONT_SIZE - 1,
            "ytick.labelsize": FONT_SIZE - 1,
            "legend.fontsize": FONT_SIZE - 1,
            "legend.frameon": False,
            "font.family": "DejaVu Sans",
            "mathtext.fontset": "dejavusans",
        }
    )
    _styled = True


def figure(rows: int = 1, columns: int = 1, size: str = "single", **options: Any) -> Any:
    """A new figure in the course's style: ``fig, ax`` as from ``plt.subplots``.

    ``size`` is a key of :data:`SIZES`; further options go to ``plt.subplots``.
    """
    import matplotlib.pyplot as plt

    one_of("size", size, SIZES)
    if not _styled:
        style()
    options.setdefault("figsize", SIZES[size])
    options.setdefault("layout", "constrained")
    return plt.subplots(rows, columns, **options)


def _has_unit(label: str) -> bool:
    """A unit stands in round or square brackets at the end of the label, as in "time (d)"."""
    return re.search(r"[(\[][^()\[\]]+(?:\([^()]*\)[^()\[\]]*)*[)\]]\s*$", label) is not None


def _label(ax: Any, which: str) -> str:
    """The label of an axis, its own or one it shares with other panels of the figure."""
    figure = ax.figure
    own = getattr(ax, f"get_{which}label")().strip()
    if own:
        return own
    common = getattr(figure, f"_sup{which}label", None)
    if common is not None and common.get_text().strip():
        return str(common.get_text()).strip()
    group = getattr(ax, f"get_shared_{which}_axes")()
    for other in figure.axes:
        if other is not ax and group.joined(ax, other):
            shared = getattr(other, f"get_{which}label")().strip()
            if shared:
                return str(shared)
    return ""


def _check_axes(fig: Any, unitless: bool | str) -> None:
    panels = [ax for ax in fig.axes if ax.axison and ax.get_visible()]
    for number, ax in enumerate(panels, start=1):
        if ax.get_label() == "<colorbar>":
            if not (ax.get_xlabel().strip() or ax.get_ylabel().strip()):
                raise LearnerError(
                    given="a colour bar without a label",
                    expected="a label with its unit",
                    do='write colorbar.set_label("transgene (copies/µg DNA)")',
                )
            continue
        for which in ("x", "y"):
            if not getattr(ax, f"{which}axis").get_visible():
                continue
            label = _label(ax, which)
            name = f"the {which} axis" + (f" of panel {number}" if len(panels) > 1 else "")
            if not label:
                raise LearnerError(
                    given=f"{name} without a label",
                    expected="a label with its unit on every axis",
                    do=f'write ax.set_{which}label("what it shows (unit)")',
                )
            if unitless is True or (isinstance(unitless, str) and which in unitless):
                continue
            if not _has_unit(label):
                raise LearnerError(
                    given=f'{name} with the label "{label}" and no unit',
                    expected="the unit in brackets at the end of the label",
                    do=f'write ax.set_{which}label("{label} (unit)"); for a pure number or a list '
                    f'of names use plot.show(..., unitless="{which}")',
                )


def _check_words(caption: str, alt: str) -> None:
    for name, text in (("caption", caption), ("alt", alt)):
        if not isinstance(text, str) or not text.strip():
            raise LearnerError(
                given=f"a figure with an empty {name}",
                expected="a caption, and an alt text that says what the figure shows",
                do=f'write plot.show(fig, caption="...", alt="..."), with words for {name}',
            )
    if not re.search(r"\d", alt):
        raise LearnerError(
            given=f'the alt text "{alt}", without a number',
            expected="the figure's message with at least one number, for who cannot see it",
            do='glue it from the code: alt=f"The peak is {peak:,.0f} copies/µg on day {day:.0f}."',
        )
    if "nan" in re.findall(r"[a-z]+", alt.lower()):
        raise LearnerError(
            given=f'the alt text "{alt}", with NaN in it',
            expected="a number that was computed",
            do="find out where the NaN came from",
        )


def show(fig: Any, caption: str, alt: str, unitless: bool | str = False) -> None:
    """Show a figure with its words, and close it.

    ``caption`` says what is drawn; ``alt`` says in words, with at least one number, what one would
    see. Every axis needs a label with its unit in brackets; ``unitless`` is True, ``"x"``, ``"y"``
    or ``"xy"`` for axes that have none. Raises LearnerError where one of these is missing.

    In a notebook the picture appears, then its words. Elsewhere only the words are printed.
    """
    import matplotlib.pyplot as plt

    try:
        _check_words(caption, alt)
        if unitless not in (True, False, "x", "y", "xy"):
            one_of("unitless", unitless, ["x", "y", "xy"])
        _check_axes(fig, unitless)
        caption = " ".join(caption.split())
        alt = " ".join(alt.split())
        _display(fig, caption, alt)
        print(f"Figure: {caption}")
        print(f"In words: {alt}")
    finally:
        plt.close(fig)


def _display(fig: Any, caption: str, alt: str) -> None:
    import sys

    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        return
    import base64
    import io

    from IPython.display import display

    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
    data = buffer.getvalue()
    # A PNG holds its width and height in pixels at bytes 16 to 23.
    width = int.from_bytes(data[16:20], "big") * SCREEN_DPI // DPI
    height = int.from_bytes(data[20:24], "big") * SCREEN_DPI // DPI
    display(
        {"image/png": base64.b64encode(data).decode("ascii"), "text/plain": _PICTURE},
        raw=True,
        metadata={
            "image/png": {"width": width, "height": height},
            "cgtlearn": {"caption": caption, "alt": alt},
        },
    )
