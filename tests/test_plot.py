"""Figures: words, labels and units are asked for; colours stay apart; letters stay readable."""

from __future__ import annotations

import itertools
import subprocess
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest

from cgtlearn import plot
from cgtlearn.errors import LearnerError
from tools import notebooks

ALT = "The line rises from 1 to 90."


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def labelled(**options):
    fig, ax = plot.figure(**options)
    ax.plot([0, 1], [1, 90])
    ax.set(xlabel="time (d)", ylabel="size (copies/µg DNA)")
    return fig, ax


def test_a_figure_prints_its_words_and_is_closed(capsys):
    fig, _ = labelled()
    plot.show(fig, caption="Growth\n  over time.", alt=ALT)
    assert capsys.readouterr().out == f"Figure: Growth over time.\nIn words: {ALT}\n"
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"caption": "", "alt": ALT}, "empty caption"),
        ({"caption": "Growth.", "alt": "  "}, "empty alt"),
        ({"caption": "Growth.", "alt": "The line rises."}, "without a number"),
        ({"caption": "Growth.", "alt": "The line rises to nan after 3 d."}, "NaN"),
        ({"caption": None, "alt": ALT}, "empty caption"),
    ],
)
def test_missing_words_are_named(words, message):
    fig, _ = labelled()
    with pytest.raises(LearnerError, match=message):
        plot.show(fig, **words)
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"xlabel": ""}, "the x axis without a label"),
        ({"ylabel": " "}, "the y axis without a label"),
        ({"xlabel": "time"}, 'the x axis with the label "time" and no unit'),
        ({"ylabel": "size (log) of cells"}, "no unit"),
    ],
)
def test_an_axis_without_label_or_unit_is_named(change, message):
    fig, ax = labelled()
    ax.set(**change)
    with pytest.raises(LearnerError, match=message.replace("(", r"\(").replace(")", r"\)")):
        plot.show(fig, caption="Growth.", alt=ALT)


def test_the_panel_is_named():
    fig, axes = plot.figure(1, 2, size="wide")
    axes[0].set(xlabel="time (d)", ylabel="size [cells/µL]")
    axes[1].set(xlabel="time (d)")
    with pytest.raises(LearnerError, match="the y axis of panel 2"):
        plot.show(fig, caption="Two.", alt=ALT)


@pytest.mark.parametrize("unitless", [True, "x", "xy"])
def test_an_axis_may_have_no_unit_if_one_says_so(unitless, capsys):
    fig, ax = labelled()
    ax.set(xlabel="product")
    plot.show(fig, caption="Products.", alt=ALT, unitless=unitless)
    assert "Products" in capsys.readouterr().out


def test_no_unit_on_y_does_not_excuse_x():
    fig, ax = labelled()
    ax.set(xlabel="product")
    with pytest.raises(LearnerError, match="the x axis"):
        plot.show(fig, caption="Products.", alt=ALT, unitless="y")
    with pytest.raises(LearnerError, match="unitless"):
        plot.show(labelled()[0], caption="Products.", alt=ALT, unitless="z")


def test_shared_and_common_labels_and_hidden_axes_count():
    fig, axes = plot.figure(2, 1, size="tall", sharex=True)
    axes[1].set(xlabel="time (d)", ylabel="size (1)")
    axes[0].set(ylabel="rate (1/d)")
    plot.show(fig, caption="Two.", alt=ALT)
    fig, axes = plot.figure(1, 2, size="wide")
    fig.supxlabel("time (d)")
    fig.supylabel("size (1)")
    plot.show(fig, caption="Two.", alt=ALT)
    fig, ax = plot.figure()
    ax.axis("off")
    plot.show(fig, caption="A drawing.", alt=ALT)


def test_a_colour_bar_needs_a_label():
    fig, ax = labelled()
    picture = ax.imshow(np.eye(2))
    bar = fig.colorbar(picture)
    with pytest.raises(LearnerError, match="colour bar"):
        plot.show(fig, caption="Map.", alt=ALT)
    fig, ax = labelled()
    bar = fig.colorbar(ax.imshow(np.eye(2)))
    bar.set_label("share (1)")
    plot.show(fig, caption="Map.", alt=ALT)


def test_an_unknown_size_is_refused():
    with pytest.raises(LearnerError, match="single"):
        plot.figure(size="singel")


def _linear(colour):
    channel = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)


# Machado, Oliveira, Fernandes 2009, full severity: how a colour looks without one of the cones.
BLINDNESS = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_stay_apart_for_colour_blind_eyes(kind):
    seen = {name: np.array(BLINDNESS[kind]) @ _linear(c) for name, c in plot.PALETTE.items()}
    for one, other in itertools.combinations(seen, 2):
        gap = np.abs(np.clip(seen[one], 0, 1) ** 0.45 - np.clip(seen[other], 0, 1) ** 0.45)
        assert gap.max() > 0.09, (one, other)
    assert len(plot.PALETTE) == 6


def test_letters_are_readable_on_a_phone():
    for width, _ in plot.SIZES.values():
        assert plot.FONT_SIZE / 72 * 360 / width >= 8.5


def test_lines_differ_without_colour_too():
    plot.style()
    dashes = [str(style) for style in matplotlib.rcParams["axes.prop_cycle"].by_key()["linestyle"]]
    assert len(set(dashes)) == len(plot.PALETTE)
    assert matplotlib.rcParams["savefig.facecolor"] == "white"


def test_matplotlib_loads_on_the_first_figure_only():
    code = "import sys; from cgtlearn import plot; print('matplotlib' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=notebooks.kernel_environment(),
    )
    assert done.stdout.strip() == "False"


def test_in_a_notebook_the_picture_carries_its_words(monkeypatch):
    import base64

    import IPython
    from IPython.core import display_functions

    shown = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(
        display_functions, "display", lambda data, **options: shown.append((data, options))
    )
    monkeypatch.setattr(IPython.display, "display", display_functions.display)
    plot.show(labelled()[0], caption="Growth.", alt=ALT)
    data, options = shown[0]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert options["metadata"]["cgtlearn"] == {"caption": "Growth.", "alt": ALT}
    assert options["metadata"]["image/png"]["width"] < 800
    assert "0x" not in data["text/plain"]
