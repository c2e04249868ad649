"""The models of the course: one file each, in one contract (``cgtlearn.models.contract``).

    >>> from cgtlearn.models import stein2019
    >>> p = stein2019.model.parameters_with(fold_expansion=1000)

``names()`` lists the models and ``get(name)`` loads one.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from cgtlearn.errors import unknown_name
from cgtlearn.models.contract import Model

__all__ = ["Model", "get", "names"]

_NOT_MODELS = {"__init__", "contract"}


def names() -> tuple[str, ...]:
    """The names of all models, in alphabetical order."""
    files = Path(__file__).parent.glob("*.py")
    return tuple(sorted(f.stem for f in files if f.stem not in _NOT_MODELS))


def get(name: str) -> Model:
    """The model of that name; raises LearnerError with the nearest name when there is none."""
    if name not in names():
        raise unknown_name(name, names(), "model")
    found: Model = import_module(f"cgtlearn.models.{name}").model
    return found
