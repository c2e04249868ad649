"""Rodas5P, a Rosenbrock method of order 5 for stiff systems, over many patients at once.

G. Steinebach, Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the
Julia Differential Equations package, BIT Numer. Math. 63, 27 (2023). Stiffly accurate, with a
continuous extension of order 4.

Each step solves eight linear systems with W = 1/(h gamma) - J. The Jacobian comes from the traced
model, exactly. Where it is zero for every patient is known beforehand, so the elimination is
written out for the entries that are left, and each of its operations runs over all patients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgtlearn.solve.explicit import Array, wanted, weighted
from cgtlearn.trace.numpy_code import Compiled

GAMMA = 0.21193756319429014
_SIXTH = [-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256,
          0.030198172008377946]  # fmt: skip
# Row i holds the weights of the stages before stage i.
WEIGHTS = tuple(
    np.array(row)
    for row in (
        [],
        [3.0],
        [2.849394379747939, 0.45842242204463923],
        [-6.954028509809101, 2.489845061869568, -10.358996098473584],
        [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
        _SIXTH,
        [*_SIXTH, 1.0],
        [*_SIXTH, 1.0, 1.0],
    )
)
COUPLED = tuple(
    np.array(row)
    for row in (
        [],
        [-14.155112264123755],
        [-17.97296035885952, -2.859693295451294],
        [147.12150275711716, -1.41221402718213, 71.68940251302358],
        [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
        [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125,
         -0.6610691825249471],
        [30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783,
         -19.097331116725623, -28.087943162872662],
        [37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047,
         -40.06618937091002, -54.66780262877968, -9.48861652309627],
    )
)  # fmt: skip
WHEN = (0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1, 1, 1)
TIMED = (0.21193756319429014, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734,
         2.325825639765069, 0, 0, 0)  # fmt: skip
DENSE = np.array(
    [
        [25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204,
         0.524948541321073, 1.1241088310450404, 0.4272876194431874, -0.17202221070155493],
        [-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796,
         20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372],
        [11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643,
         -52.072871366152654, -59.78993625266729, -0.15582684782751913, 4.883087185713722],
    ]
)  # fmt: skip


def elimination_text(entries: tuple[tuple[int, int], ...], size: int) -> str:
    """``factor(J, d)`` and ``substitute(F, x)``, written out for the entries that are not zero.

    W = d - J, where d = 1/(h gamma) stands on the diagonal. The next pivot is always the diagonal
    entry whose row and column make the fewest new entries (Markowitz). Pivots are not exchanged for
    size: where one comes near zero the step is far too long, its error says so, and it is rejected.
    """
    names = {(i, j): f"-J[{k}]" for k, (i, j) in enumerate(entries)}
    lines = []
    for i in range(size):
        names[i, i] = f"d - J[{entries.index((i, i))}]" if (i, i) in entries else "d"
    for (i, j), text in names.items():
        lines.append(f"w{i}_{j} = {text}")
    there, left = set(names), list(range(size))
    order: list[int] = []
    lower: list[tuple[int, int]] = []
    while left:

        def new_entries(k: int) -> int:
            below = sum((i, k) in there for i in left) - 1
            beside = sum((k, j) in there for j in left) - 1
            return below * beside

        k = min(left, key=new_entries)
        left.remove(k)
        order.append(k)
        lines.append(f"v{k} = 1.0 / w{k}_{k}")
        beside = [j for j in left if (k, j) in there]
        for i in left:
            if (i, k) not in there:
                continue
            lower.append((i, k))
            lines.append(f"l{i}_{k} = w{i}_{k} * v{k}")
            for j in beside:
                before = f"w{i}_{j}" if (i, j) in there else ""
                lines.append(f"w{i}_{j} = {before}{' ' if before else ''}- l{i}_{k} * w{k}_{j}")
                there.add((i, j))
    rank = {k: position for position, k in enumerate(order)}
    upper = [(k, j) for k in order for j in order if rank[j] > rank[k] and (k, j) in there]
    kept = [f"l{i}_{k}" for i, k in lower]
    kept += [f"w{k}_{j}" for k, j in upper] + [f"v{k}" for k in order]
    body = "".join(f"    {line}\n" for line in lines)
    names_of = ", ".join(kept)
    solve = [f"x{i} -= l{i}_{k} * x{k}" for i, k in lower]
    for k in reversed(order):
        solve += [f"x{k} -= w{a}_{j} * x{j}" for a, j in upper if a == k]
        solve.append(f"x{k} *= v{k}")
    rows = ", ".join(f"x{i}" for i in range(size))
    return (
        f"def factor(J, d):\n{body}    return ({names_of},)\n\n"
        f"def substitute(F, x):\n    {rows}, = x\n    {names_of}, = F\n"
        + "".join(f"    {line}\n" for line in solve)
    )


def elimination(
    entries: tuple[tuple[int, int], ...], size: int
) -> tuple[Callable[..., Any], Callable[..., None]]:
    """The two functions of :func:`elimination_text`: ``substitute`` changes ``x`` in place."""
    functions: dict[str, Any] = {}
    exec(compile(elimination_text(entries, size), "<elimination>", "exec"), functions)
    return functions["factor"], functions["substitute"]


class Rodas5P:
    """One step of all lanes. ``step`` gives the end of the step and the estimate of its error."""

    name = "Rodas5P"

    def __init__(self, code: Compiled) -> None:
        self.code = code
        self.factor, self.substitute = elimination(code.entries, len(code.program.states))

    def resize(self, states: int, lanes: int) -> None:
        """Room for ``lanes`` patients."""
        self.stages = np.empty((len(WEIGHTS), states, lanes))
        self.end, self.error = np.empty((states, lanes)), np.empty((states, lanes))

    def keep(self, lanes: NDArray[np.intp]) -> None:
        """Go on with these lanes alone."""
        self.resize(self.end.shape[0], len(lanes))

    def restart(self, slopes: Array, lanes: NDArray[Any]) -> None:
        """A step remembers nothing of the one before."""

    def accepted(self, where: NDArray[np.bool_]) -> None:
        """A step remembers nothing of the one before."""

    def step(self, t: Array, z: Array, h: Array, c: Any, g: Any) -> tuple[Array, Array]:
        """(end of the step, estimated error), both (states, N)."""
        code, stages = self.code, self.stages
        inverse = 1.0 / h
        factors = self.factor(code.jacobian(t, z, c, g), inverse * (1 / GAMMA))
        by_time = [h * rate for rate in code.by_time(t, z, c, g)]
        end = z
        for i in range(len(WEIGHTS)):
            if i > 5:  # the weights of the stage before, and one more
                end += stages[i - 1]
            elif i:
                end = weighted(WEIGHTS[i], stages, self.end)
                end += z
            when = t + WHEN[i] * h if code.uses_time and i else t
            code.slopes(when, end, c, g, stages[i])
            if TIMED[i]:
                for row, rate in zip(code.timed, by_time, strict=True):
                    stages[i][row] += TIMED[i] * rate
            if i:
                coupled = weighted(COUPLED[i], stages, self.error)
                coupled *= inverse
                stages[i] += coupled
            self.substitute(factors, stages[i])
        end += stages[-1]
        return end, stages[-1]

    def inside(self, z: Array, h: Array, lane: NDArray[np.intp], share: Array) -> Array:
        """The states within the step, at ``share`` (0 to 1) of it, for pairs of lane and share."""
        z, _, end, stages, lane = wanted(z, h, self.end, self.stages, lane)
        two, three, found = (weighted(row, stages, np.empty_like(z)) for row in DENSE)
        found, rest = found.take(lane, axis=1), 1 - share
        for factor, term in ((share, three), (share, two), (rest, end)):
            found *= factor
            found += term.take(lane, axis=1)
        found *= share
        found += rest * z.take(lane, axis=1)
        return found
