"""Inputs for functions, drawn after the submissions are in.

    python -m tools.grading.probes SEED NOTEBOOK...    (JSON: exercise -> its data at drawn inputs)

A function is called at the exercise's own inputs and at as many new ones near them, which nobody
could know before. The right values there come from the exercise's source, which is compiled once
more: so the solution is proven right, and each listed wrong answer told apart, at those inputs too.
"""

from __future__ import annotations

import contextlib
import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools import ROOT, students

SPREAD = 0.08  # new inputs lie within 8 % of the exercise's own
TRIES = 4  # each with half the spread of the one before


def near(parts: list[Any], spread: float, draw: Any) -> list[Any]:
    """An input near another. Order, signs, zeros, whole numbers and texts stay as they are.

    A list of zeros and ones says yes and no, and stays, too.
    """
    import numpy as np

    drawn: list[Any] = []
    for part in parts:
        if isinstance(part, float):
            drawn.append(part * float(draw.uniform(1 - spread, 1 + spread)))
        elif isinstance(part, list) and part:
            values = np.asarray(part, dtype=float)
            if np.all((values == 0) | (values == 1)):
                drawn.append(part)
                continue
            rising = values.ndim == 1 and bool(np.all(np.diff(values) > 0))
            size = None if rising else values.shape  # a common factor keeps an order
            factor = draw.uniform(1 - spread, 1 + spread, size)
            drawn.append((values * factor).tolist())
        else:
            drawn.append(part)
    return drawn


@contextlib.contextmanager
def drawn(seed: int) -> Iterator[None]:
    """Let sources declare their functions at drawn inputs too."""
    import numpy as np

    from cgtlearn.exercises import authoring

    original = authoring.function

    def function(reference: Any, probes: Any, *args: Any, **options: Any) -> dict[str, Any]:
        own = original(reference, probes, *args, **options)
        # The same for every learner's variant of an exercise, whose own inputs are the same.
        draw = np.random.default_rng([seed, zlib.crc32(json.dumps(own["probes"]).encode())])
        for attempt in range(TRIES):
            spread = SPREAD / 2**attempt
            new = [near(probe, spread, draw) for probe in own["probes"]]
            new = [probe for probe in new if probe not in own["probes"]]
            both = [tuple(probe) for probe in own["probes"] + new]
            try:
                return original(reference, both, *args, **options)
            except authoring.SpecError:  # not finite there: nearer
                continue
        return own

    authoring.function = function
    students._compile.cache_clear()
    try:
        yield
    finally:
        authoring.function = original
        students._compile.cache_clear()


def functions_at_new_inputs(
    seed: int, notebooks: Sequence[str], root: Path = ROOT
) -> dict[str, dict[str, Any]]:
    """What exercises that ask for a function are at drawn inputs: ``answer, wrong, drawn`` by id.

    A source that cannot be proven at the drawn inputs is left out: its own inputs are used.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in students.sources(root):
        if f"{path.parent.name}/{path.stem}" not in notebooks:
            continue
        for attempt in range(TRIES):
            try:
                with drawn(seed + attempt):
                    items = students.compile_source(path)
            except students.SourceError:
                continue
            for item in items:
                if item.data["answer"]["type"] == "function":
                    found[item.data["id"]] = {
                        name: item.data[name]
                        for name in ("answer", "wrong", "drawn")
                        if name in item.data
                    }
            break
    return found


if __name__ == "__main__":
    json.dump(functions_at_new_inputs(int(sys.argv[1]), sys.argv[2:]), sys.stdout)
