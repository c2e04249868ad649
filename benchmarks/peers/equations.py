"""The models once more, as a user would write them down: for every peer that cannot read ours.

Each model is a few lines of text, in the syntax that Python and Antimony share. ``constants`` are
computed for all patients beforehand, so that no peer computes them at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Constants = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Equations:
    """States, what stands in their slopes, how they start, and what is given when.

    ``constants`` makes the numbers of each patient from the model's parameters. ``start`` names a
    constant or a number for each state. ``boluses`` are (day, state, constant), on days that all
    patients share. The constants ``inflow`` and ``lasts``, where there are, are an infusion into
    the first state from time 0 on; a slope that holds ``inflow`` sees zero after it.
    """

    constants: Callable[[Mapping[str, Any]], dict[str, Any]]
    slopes: dict[str, str]
    start: dict[str, str]
    local: dict[str, str]
    boluses: tuple[tuple[float, str, str], ...] = ()
    infused: bool = False

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.slopes)

    def of(self, p: Any, size: int) -> dict[str, np.ndarray]:
        """The constants of every patient."""
        made = self.constants(p.as_dict())
        return {k: np.ascontiguousarray(np.broadcast_to(v, size), float) for k, v in made.items()}

    def factory(self, names: tuple[str, ...]) -> Callable[..., Callable[..., list[Any]]]:
        """``factory(*constants)`` gives ``slopes(t, y, inflow)``: plain Python over floats."""
        inner = [f"        {', '.join(self.states)}, = y"]
        inner += [f"        {name} = {text}" for name, text in self.local.items()]
        inner += [f"        return [{', '.join(self.slopes.values())}]"]
        inside = ", ".join(name for name in names if name != "inflow")
        head = f"def factory({inside}):\n    def slopes(t, y, inflow):\n"
        space: dict[str, Any] = {}
        exec(head + "\n".join(inner) + "\n    return slopes\n", space)
        return space["factory"]

    def flat(self, names: tuple[str, ...]) -> str:
        """The text of ``slopes(y, q, inflow, out)``: everything in arrays, for a compiler."""
        lines = [f"    {s} = y[{i}]" for i, s in enumerate(self.states)]
        lines += [f"    {n} = q[{i}]" for i, n in enumerate(names) if n != "inflow"]
        lines += [f"    {name} = {text}" for name, text in self.local.items()]
        lines += [f"    out[{i}] = {text}" for i, text in enumerate(self.slopes.values())]
        return "def slopes(y, q, inflow, out):\n" + "\n".join(lines) + "\n"

    def antimony(self, names: tuple[str, ...]) -> str:
        """The model as Antimony: rate rules, and events for what is given."""
        lines = [f"{name} = 0;" for name in names]
        lines += [f"{name} := {text};" for name, text in self.local.items()]
        lines += [f"{s} = {value};" for s, value in self.start.items()]
        lines += [f"{s}' = {text};" for s, text in self.slopes.items()]
        if self.infused:
            lines += ["over: at (time >= lasts): inflow = 0;"]
        for i, (day, state, amount) in enumerate(self.boluses):
            if day > 0:
                lines += [f"bolus{i}: at (time >= {day}): {state} = {state} + {amount};"]
        return "model m()\n" + "\n".join(lines) + "\nend\n"


def _muellerschoell2021(p: Mapping[str, Any]) -> dict[str, Any]:
    low = p["low_expander"]
    reference = p["expansion_rate"] * p["cd4cd8"] ** p["cd4cd8_exponent"]
    speed = low * p["expansion_rate_low"] + (1 - low) * reference
    return {
        "v1": speed * (1 + p["asct_effect"] * p["asct"]),
        "km1": p["expansion_half_saturation"],
        "k12": p["tn_to_tcm"], "k23": p["tcm_to_tem"], "k34": p["tem_to_teff"],
        "net1": p["tn_proliferation"] - p["tn_to_tcm"] - p["memory_death"],
        "net2": p["memory_proliferation"] - p["tcm_to_tem"] - p["memory_death"],
        "net3": p["memory_proliferation"] - p["tem_to_teff"] - p["memory_death"],
        "ke4": p["teff_death"],
        "v51": p["tn_killing"], "v52": p["tcm_killing"], "v53": p["tem_killing"],
        "v54": p["teff_killing"], "km5": p["killing_half_saturation"],
        "k5": p["tumor_growth"], "top": p["tumor_capacity"],
        "cells0": p["initial_cells"], "tumor0": p["mtv"],
    }  # fmt: skip


def _aav_chain(p: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "k_up": p["uptake_rate"], "k_b": p["blood_loss_rate"],
        "k_esc": p["escape_rate"], "k_e": p["endosomal_loss_rate"],
        "k_c": p["conversion_rate"], "k_n": p["nuclear_loss_rate"],
        "k_ep": p["episome_loss_rate"], "k_tx": p["transcription_rate"],
        "k_m": p["mrna_loss_rate"], "k_fix": p["fix_loss_rate"],
        "k_tl": p["translation_rate"] / (p["fix_volume"] * p["weight"]),
        "lasts": p["infusion_duration"],
        "inflow": p["dose"] * p["weight"] / p["infusion_duration"],
    }  # fmt: skip


def _hardiansyah2019(p: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "growth": p["b_growth"] - p["b_death"], "kill": p["killing_rate"],
        "r_e": p["expansion_rate"], "d_e": p["effector_death"],
        "a_e": p["to_memory"], "a_m": p["to_effector"], "h": p["half_conversion"],
        "net_m": p["memory_growth"] - p["memory_death"],
        "k_in": p["to_tissue"], "k_out": p["to_blood"],
        "p6": p["il6_production"], "p10": p["il10_production"], "pg": p["ifng_production"],
        "d6": p["il6_loss"], "d10": p["il10_loss"], "dg": p["ifng_loss"],
        "a_g": p["uninhibited_share"], "b_g": p["il10_half_inhibition"],
        "bl6": p["il6_baseline"], "bl10": p["il10_baseline"], "blg": p["ifng_baseline"],
        "b0": p["b_cells"],
        "first": p["share_day0"] * p["dose"], "second": p["share_day1"] * p["dose"],
        "third": p["share_day2"] * p["dose"],
    }  # fmt: skip


MODELS = {
    "muellerschoell2021": Equations(
        constants=_muellerschoell2021,
        local={"antigen": "v1 * tumor"},
        slopes={
            "tn": "antigen * tn / (km1 + tn) + net1 * tn",
            "tcm": "antigen * tcm / (km1 + tcm) + net2 * tcm + k12 * tn",
            "tem": "antigen * tem / (km1 + tem) + net3 * tem + k23 * tcm",
            "teff": "k34 * tem - ke4 * teff",
            "tumor": "k5 * tumor * (1 - tumor / top)"
            " - (v51 * tn + v52 * tcm + v53 * tem + v54 * teff) * tumor / (km5 + tumor)",
        },
        start={"tn": "cells0", "tcm": "cells0", "tem": "cells0", "teff": "cells0",
               "tumor": "tumor0"},
    ),
    "aav_chain": Equations(
        constants=_aav_chain,
        local={},
        slopes={
            "blood": "inflow - (k_up + k_b) * blood",
            "endosome": "k_up * blood - (k_esc + k_e) * endosome",
            "nucleus": "k_esc * endosome - (k_c + k_n) * nucleus",
            "episome": "k_c * nucleus - k_ep * episome",
            "mrna": "k_tx * episome - k_m * mrna",
            "factor": "k_tl * mrna - k_fix * factor",
            "lost": "k_b * blood + k_e * endosome + k_n * nucleus + k_ep * episome",
        },
        start=dict.fromkeys(
            ("blood", "endosome", "nucleus", "episome", "mrna", "factor", "lost"), "0"
        ),
        infused=True,
    ),
    "hardiansyah2019": Equations(
        constants=_hardiansyah2019,
        local={
            "meetings": "effector * b",
            "antigen": "b / (b + h)",
            "converted": "a_e * effector * (1 - antigen) - a_m * memory * antigen",
            "leaving": "k_in * effector - k_out * effector_tissue",
            "leaving_m": "k_in * memory - k_out * memory_tissue",
        },
        slopes={
            "b": "growth * b - kill * meetings",
            "effector": "r_e * meetings - d_e * effector - leaving - converted",
            "effector_tissue": "leaving",
            "memory": "net_m * memory - leaving_m + converted",
            "memory_tissue": "leaving_m",
            "il6": "d6 * (bl6 - il6) + p6 * meetings",
            "il10": "d10 * (bl10 - il10) + p10 * meetings",
            "ifng": "dg * (blg - ifng) + pg * meetings * (a_g + (1 - a_g) * b_g / (il10 + b_g))",
        },
        start={"b": "b0", "effector": "0", "effector_tissue": "0", "memory": "0",
               "memory_tissue": "0", "il6": "bl6", "il10": "bl10", "ifng": "blg"},
        boluses=((0, "effector", "first"), (1, "effector", "second"), (2, "effector", "third")),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class People:
    """Some patients of a model, as the peers see them."""

    equations: Equations
    names: tuple[str, ...]
    values: np.ndarray  # (constants, N)
    grid: np.ndarray

    @property
    def count(self) -> int:
        return self.values.shape[1]

    def first(self, count: int) -> People:
        return People(self.equations, self.names, self.values[:, :count], self.grid)

    def start(self) -> np.ndarray:
        """(states, N), without what is given at time 0."""
        rows = [
            self.values[self.names.index(text)] if text in self.names else float(text)
            for text in self.equations.start.values()
        ]
        return np.stack([np.broadcast_to(row, self.count) for row in rows])

    def stretches(self, person: int) -> list[tuple[float, float, float, list[tuple[int, float]]]]:
        """(begin, end, inflow, what is given at its begin) of one patient."""
        eq, end = self.equations, float(self.grid[-1])
        value = dict(zip(self.names, self.values[:, person].tolist(), strict=True))
        given = [(day, eq.states.index(s), value[amount]) for day, s, amount in eq.boluses]
        edges = {0.0, end} | {float(day) for day, _, _ in given if day < end}
        if eq.infused:
            edges.add(min(value["lasts"], end))
        cuts = sorted(edges)
        found = []
        for begin, until in zip(cuts[:-1], cuts[1:], strict=True):
            inflow = value["inflow"] if eq.infused and begin < value["lasts"] else 0.0
            found.append((begin, until, inflow, [(i, a) for day, i, a in given if day == begin]))
        return found


def people(name: str, p: Any, size: int, grid: np.ndarray) -> People:
    """The patients of ``p`` (a set of Parameters) in the peers' form."""
    equations = MODELS[name]
    constants = equations.of(p, size)
    return People(equations, tuple(constants), np.stack(list(constants.values())), grid)
