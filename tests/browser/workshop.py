"""A page of live figures for the tests: kinds that the book has, and some that go wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np

from cgtlearn.explore import explore, web
from cgtlearn.models import aav_chain, gated_memory, muellerschoell2021, ogasawara2021, stein2019
from cgtlearn.models.contract import Model, Output, Parameter, State
from tools.minify import minify

PAGE = """<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<title>Live figures</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="cgtlive.css">
<script defer src="cgtlive.js"></script></head><body><main><h1>Live figures</h1>{figures}</main>
</body></html>"""


def dosed_model():
    """A drug that is given twice: at once at one time, and slowly from another on."""

    def rhs(t, y, p, phase):
        return (-p.loss * y[0],)

    return Model(
        name="dosed",
        title="Two doses",
        states={"amount": State("mg", "drug in the body")},
        parameters={
            "loss": Parameter(0.5, "1/day", (0.01, 10), "log", "rate of loss"),
            "bolus_time": Parameter(2.0, "day", (0, 20), "linear", "day of the bolus"),
            "infusion_time": Parameter(5.0, "day", (0, 20), "linear", "start of the infusion"),
            "infusion_length": Parameter(0.01, "day", (0.001, 5), "log", "length of the infusion"),
        },
        observed={"amount": Output("mg", "drug in the body")},
        rhs=rhs,
        initial=lambda p: (0 * p.loss,),
        outputs=lambda t, y, p, phase: {"amount": y[0]},
        doses=lambda p: (
            (p.bolus_time, "amount", 10),
            (p.infusion_time, "amount", 20, p.infusion_length),
        ),
        time_unit="day",
        window=20,
    )


def threshold_model():
    """A second state that stays at zero until the first one passes a threshold."""
    return Model(
        name="threshold",
        title="Nothing below a threshold",
        states={"cause": State("day", "time so far"), "effect": State("day**2", "what it adds up")},
        parameters={"threshold": Parameter(5.0, "day", (0.1, 19), "log", "threshold")},
        observed={"effect": Output("day**2", "what it adds up")},
        rhs=lambda t, y, p, phase: (1 + 0 * y[0], np.maximum(y[0] - p.threshold, 0)),
        initial=lambda p: (0.0, 0.0),
        outputs=lambda t, y, p, phase: {"effect": y[1]},
        time_unit="day",
        window=20,
    )


def blowing_up_model():
    """dy/dt = rate y²: it leaves the numbers at t = 1 / rate."""
    return Model(
        name="blowing_up",
        title="A model that breaks",
        states={"size": State("1", "size")},
        parameters={"rate": Parameter(0.01, "1/day", (0.001, 10), "log", "rate")},
        observed={"size": Output("1", "size")},
        rhs=lambda t, y, p, phase: (p.rate * y[0] ** 2,),
        initial=lambda p: (1 + 0 * p.rate,),
        outputs=lambda t, y, p, phase: {"size": y[0]},
        time_unit="day",
        window=20,
    )


KINETICS = {
    "fold_expansion": (100, 50_000),
    "tmax": (5, 20),
    "cmax": (1000, 100_000),
    "contraction_rate": (0.05, 0.5),
    "persistent_fraction": (0.001, 0.1),
    "persistence_rate": (0.001, 0.01),
}


def figures():
    """The figures of the page, by name."""
    return {
        "two windows": explore(
            stein2019.model,
            KINETICS,
            panels=[dict(x=(0, 60)), dict(x=(0, 365))],
            reference=28,
            title="Expansion, contraction, persistence",
        ),
        "guess": explore(
            stein2019.model,
            {"fold_expansion": (100, 50_000), "tmax": (5, 20)},
            x=(0, 60),
            predict=dict(question="How high is the peak?", of="peak of transgene"),
        ),
        "guess a change": explore(
            stein2019.model,
            {"tmax": (5, 20)},
            x=(0, 60),
            predict=dict(
                question="And on day 28, when the peak comes on day 15?",
                of="transgene at 28",
                at={"tmax": 15},
            ),
        ),
        "states": explore(
            stein2019.model,
            {"persistent_fraction": (0.001, 0.1), "contraction_rate": (0.05, 0.5)},
            panels=[["transgene", "effector", "memory"]],
            x=(0, 60),
            y_scale="linear",
        ),
        "stiff": explore(
            aav_chain.model,
            {
                "dose": (1e11, 1e14),
                "uptake_rate": (0.1, 20),
                "escape_rate": (0.1, 20),
                "conversion_rate": (1e-4, 0.1),
                "episome_loss_rate": (1e-5, 1e-2),
            },
            panels=[
                dict(show=["blood_vector"], x=(0, 10)),
                dict(show=["fix_activity"], x=(0.1, 1826), x_scale="log"),
            ],
        ),
        "gate": explore(
            gated_memory.model,
            {**KINETICS, "gate_width": (0.05, 3)},
            panels=[dict(x=(0, 60)), dict(x=(0, 365))],
        ),
        "tumour": explore(
            muellerschoell2021.model,
            {
                "initial_cells": (0.01, 10),
                "mtv": (1, 500),
                "expansion_rate": (0.001, 0.05),
                "teff_death": (0.1, 2),
            },
            panels=[["car_t", "teff"], ["tumor"]],
            x=(0, 90),
        ),
        "threshold": explore(threshold_model(), {"threshold": (0.1, 19)}),
        "lag": explore(
            ogasawara2021.model,
            {"lag": (0, 4.5), "doubling_time": (0.4, 2), "cmax": (1000, 100_000)},
            x=(0, 60),
        ),
        "doses": explore(
            dosed_model(),
            {
                "loss": (0.05, 5),
                "bolus_time": (0, 20),
                "infusion_time": (0, 14),
                "infusion_length": (0.001, 5),
            },
            y_scale="linear",
        ),
        "breaks": explore(blowing_up_model(), {"rate": (0.001, 10)}),
    }


def html_of(figure):
    """The figure as the book's page holds it."""
    before = os.environ.get("CGTLEARN_STAGE")
    os.environ["CGTLEARN_STAGE"] = "1"
    try:
        return figure._repr_mimebundle_()[0]["text/html"]
    finally:
        if before is None:
            del os.environ["CGTLEARN_STAGE"]
        else:
            os.environ["CGTLEARN_STAGE"] = before


def write(folder: Path, made, change=None, name="page.html"):
    """A page with these figures; ``change(spec)`` spoils what the page says about the first."""
    parts = [html_of(figure) for figure in made]
    if change:
        head, rest = parts[0].split('<script type="application/json">')
        text, tail = rest.split("</script>", 1)
        spec = json.loads(text)
        change(spec)
        parts[0] = f'{head}<script type="application/json">{json.dumps(spec)}</script>{tail}'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(PAGE.format(figures="\n".join(parts)), encoding="utf-8")
    (folder / "cgtlive.js").write_text(minify(web.page_script()), encoding="utf-8")
    (folder / "cgtlive.css").write_text(web.style(), encoding="utf-8")
