"""Dormand and Prince's explicit method of order 5, over many patients at once.

J. R. Dormand, P. J. Prince, A family of embedded Runge-Kutta formulae, J. Comput. Appl. Math. 6, 19
(1980); continuous extension of order 4 as in E. Hairer, S. P. Norsett, G. Wanner, Solving Ordinary
Differential Equations I, section II.6. The last stage of a step is the first of the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.trace.numpy_code import Compiled

Array = NDArray[np.float64]

FEWEST = 8
"""Lanes side by side, at least: NumPy would take the sum of a single one in another order."""
# Row i holds the weights of the stages before stage i; the last row is the step itself.
WEIGHTS = tuple(
    np.array(row)
    for row in (
        [],
        [1 / 5],
        [3 / 40, 9 / 40],
        [44 / 45, -56 / 15, 32 / 9],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    )
)
WHEN = (0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)
ERROR = np.array([71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])
DENSE = np.array(
    [
        -12715105075 / 11282082432,
        0,
        87487479700 / 32700410799,
        -10690763975 / 1880347072,
        701980252875 / 199316789632,
        -1453857185 / 822651844,
        69997945 / 29380423,
    ]
)


def weighted(weights: Array, stages: Array, out: Array) -> Array:
    """The sum over stages of weight times stage. ``stages`` is (s, n, N), ``out`` (n, N).

    Every patient's sum is taken in the same order, whoever stands beside.
    """
    count = len(weights)
    np.einsum("s,sx->x", weights, stages[:count].reshape(count, -1), out=out.reshape(-1))
    return out


def carried(new: Array, old: Array, stay: NDArray[np.intp]) -> Array:
    """``new``, with the columns of ``old`` for the lanes that stay where they are: few, mostly."""
    if len(stay):
        new[:, stay] = old[:, stay]
    return new


def wanted(
    z: Array, h: Array, end: Array, stages: Array, lane: NDArray[np.intp]
) -> tuple[Array, Array, Array, Array, NDArray[np.intp]]:
    """What dense output works on: every lane, or a copy for each pair where these are the fewer.

    Gives ``z``, ``h``, ``end``, ``stages`` and, for each pair, its place in them.
    """
    if not FEWEST <= len(lane) < len(h):
        return z, h, end, stages, lane
    z, h, end, stages = (part.take(lane, axis=-1) for part in (z, h, end, stages))
    return z, h, end, stages, np.arange(len(lane))


class DormandPrince:
    """One step of all lanes. ``step`` gives the end of the step and the estimate of its error."""

    name = "DP5"

    def __init__(self, code: Compiled) -> None:
        self.code = code

    def resize(self, states: int, lanes: int) -> None:
        """Room for ``lanes`` patients."""
        self.stages = np.empty((len(WEIGHTS), states, lanes))
        self.end, self.error = np.empty((states, lanes)), np.empty((states, lanes))

    def keep(self, lanes: NDArray[np.intp]) -> None:
        """Go on with these lanes alone."""
        first = self.stages[0][:, lanes]
        self.resize(first.shape[0], len(lanes))
        self.stages[0] = first

    def restart(self, slopes: Array, lanes: NDArray[Any]) -> None:
        """Something changed at the start of these lanes' next step: its slopes are given."""
        self.stages[0][:, lanes] = slopes

    def step(self, t: Array, z: Array, h: Array, c: Any, g: Any) -> tuple[Array, Array]:
        """(end of the step, estimated error), both (states, N)."""
        for i in range(1, len(WEIGHTS)):
            end = weighted(WEIGHTS[i], self.stages, self.end)
            end *= h
            end += z
            when = t + WHEN[i] * h if self.code.uses_time else t
            self.code.slopes(when, end, c, g, self.stages[i])
        weighted(ERROR, self.stages, self.error)
        self.error *= h
        return self.end, self.error

    def accepted(self, where: NDArray[np.bool_]) -> None:
        """These lanes go on from the end of the step."""
        self.stages[0] = carried(self.stages[-1], self.stages[0], np.flatnonzero(~where))

    def inside(self, z: Array, h: Array, lane: NDArray[np.intp], share: Array) -> Array:
        """The states within the step, at ``share`` (0 to 1) of it, for pairs of lane and share."""
        z, h, end, stages, lane = wanted(z, h, self.end, self.stages, lane)
        rise = end - z
        first = h * stages[0]
        first -= rise
        last = rise - first
        last -= h * stages[-1]
        found = weighted(DENSE, stages, np.empty_like(z))
        found *= h
        found, rest = found.take(lane, axis=1), 1 - share
        for factor, term in ((rest, last), (share, first), (rest, rise), (share, z)):
            found *= factor
            found += term.take(lane, axis=1)
        return found
