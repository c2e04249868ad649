"""What is read off a curve, with no model behind it (non-compartmental analysis).

A curve is ``times`` (T,) and ``values`` (T,); ``cmax``, ``tmax``, ``tlast``, ``clast``, ``auc`` and
``exposure`` also take many curves (N, T) that share their times.  NumPy only.

- height and time: :func:`cmax`, :func:`tmax`, :func:`tlast`, :func:`clast`
- area: :func:`auc` over a window, by the rules in :data:`RULES`
- straight lines through logarithms: :func:`rise`, :func:`doubling_time`, :func:`lag_time`,
  :func:`terminal_half_life`, :func:`half_lives`
- below the limit of quantification: :func:`censor`, :func:`treat_below_limit`, :data:`BLQ_RULES`
- all in one record: :func:`exposure`
- spread: :func:`geometric_mean`, :func:`geometric_cv`, and conversions between CV, SD and variance
- qPCR and flow: :func:`copies_per_ug_to_cells_per_ul`, its inverse, and the ceiling

Bad input raises :class:`~cgtlearn.errors.LearnerError`: what was given, what was expected, what to
do.
"""

from .areas import RULES, auc
from .assays import (
    above_ceiling,
    cells_per_ul_to_copies_per_ug,
    copies_per_ug_to_cells_per_ul,
    genomes_per_ug,
)
from .curves import clast, cmax, tlast, tmax
from .limits import BLQ_RULES, censor, treat_below_limit
from .phases import (
    HalfLives,
    Rise,
    TerminalPhase,
    doubling_time,
    half_lives,
    lag_time,
    rise,
    terminal_half_life,
)
from .record import Exposure, exposure
from .spread import (
    cv_from_log_sd,
    cv_from_log_variance,
    geometric_cv,
    geometric_mean,
    log_sd_from_cv,
    log_sd_from_log_variance,
    log_sd_from_quartiles,
    log_variance_from_cv,
    log_variance_from_log_sd,
)

__all__ = [
    "BLQ_RULES",
    "RULES",
    "Exposure",
    "HalfLives",
    "Rise",
    "TerminalPhase",
    "above_ceiling",
    "auc",
    "cells_per_ul_to_copies_per_ug",
    "censor",
    "clast",
    "cmax",
    "copies_per_ug_to_cells_per_ul",
    "cv_from_log_sd",
    "cv_from_log_variance",
    "doubling_time",
    "exposure",
    "genomes_per_ug",
    "geometric_cv",
    "geometric_mean",
    "half_lives",
    "lag_time",
    "log_sd_from_cv",
    "log_sd_from_log_variance",
    "log_sd_from_quartiles",
    "log_variance_from_cv",
    "log_variance_from_log_sd",
    "rise",
    "terminal_half_life",
    "tlast",
    "tmax",
    "treat_below_limit",
]
