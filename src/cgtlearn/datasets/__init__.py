"""Tables of samples and doses: those of this package, and the learner's own.

>>> from cgtlearn import datasets
>>> table = datasets.load("my_patient.csv", columns={"TIME": "day", "DV": "copies"},
...                       units={"TIME": "d", "DV": "copies/µg"}, lloq=50)  # doctest: +SKIP
>>> times, values, censored, lloq = table.curve(table.patients()[0])  # doctest: +SKIP

Columns are those of NONMEM (:data:`STANDARD`).  Individual data of this package are simulated; the
card of each data set says so, and says how.
"""

from .cards import Card, card, names
from .reader import load
from .table import STANDARD, Curve, Table, from_columns

__all__ = ["STANDARD", "Card", "Curve", "Table", "card", "from_columns", "load", "names"]
