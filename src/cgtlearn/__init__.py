"""cgtlearn: the models, numbers and measurements behind a course on cell and gene therapies.

The rooms, from the ground up; none imports one above it:

``ledger``      every number, with its unit, source and status
``models``      one file per model: states, parameters, equations, laws and targets
``trace``       a model's functions as a graph: derivatives, JavaScript
``solve``       the time course of one patient, or of several
``measure``     what is read off a curve: Cmax, Tmax, AUC, half-lives
``population``  virtual patients
``datasets``    simulated trials, and the learner's own table
``plot``        one palette, one way to show a figure with its words
``estimate``    fitting one patient's curve
``proof``       runs the laws and targets that models declare
``explore``     the live figure: sliders on a page, solved in the browser
``exercises``   check, hint, solution, guess

Importing the package imports NumPy and nothing else from outside. The rooms load on first use.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_ROOMS = (
    "ledger",
    "models",
    "trace",
    "solve",
    "measure",
    "population",
    "datasets",
    "plot",
    "estimate",
    "proof",
    "explore",
    "exercises",
)
__all__ = [*_ROOMS, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
