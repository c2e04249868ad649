"""Peers that solve one patient after the other: SciPy, CVODE, libRoadRunner, numba."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from peers.equations import People

RTOL, ATOL = 1e-6, 1e-12


def looped(integrate: Callable, group: People) -> np.ndarray:
    """States (n, N, T): the integration is cut where something is given."""
    factory = group.equations.factory(group.names)
    inner = [i for i, name in enumerate(group.names) if name != "inflow"]
    start, grid = group.start(), group.grid
    found = np.empty((len(start), group.count, len(grid)))
    for person in range(group.count):
        slopes = factory(*group.values[inner, person].tolist())
        y, course = start[:, person].copy(), found[:, person]
        for begin, end, inflow, given in group.stretches(person):
            for state, amount in given:
                y[state] += amount
            inside = (grid >= begin) & (grid <= end)
            points = grid[inside]
            head, tail = points[:1] != begin, points[-1:] != end
            points = np.concatenate([[begin] if head.all() else [], points,
                                     [end] if tail.all() else []])  # fmt: skip
            solved = integrate(slopes, y, points, inflow)
            first = int(head.all())
            course[:, inside] = solved[:, first : first + int(inside.sum())]
            y = solved[:, -1].copy()
    return found


def odeint(group: People) -> np.ndarray:
    from scipy.integrate import odeint

    def run(slopes, y, points, inflow):
        return odeint(slopes, y, points, args=(inflow,), tfirst=True, rtol=RTOL, atol=ATOL,
                      mxstep=50_000).T  # fmt: skip

    return looped(run, group)


def solve_ivp(group: People) -> np.ndarray:
    from scipy.integrate import solve_ivp

    def run(slopes, y, points, inflow):
        return solve_ivp(slopes, (points[0], points[-1]), y, "LSODA", points, args=(inflow,),
                         rtol=RTOL, atol=ATOL).y  # fmt: skip

    return looped(run, group)


def sundae(group: People) -> np.ndarray:
    from sksundae.cvode import CVODE

    def run(slopes, y, points, inflow):
        def rhs(t, y, yp):
            yp[:] = slopes(t, y.tolist(), inflow)

        solver = CVODE(rhs, rtol=RTOL, atol=ATOL, max_num_steps=50_000, method="BDF")
        return solver.solve(points, y).y.T

    return looped(run, group)


class RoadRunner:
    """libRoadRunner: the model compiled once, CVODE, parameters set for each patient."""

    def __init__(self, group: People) -> None:
        import antimony
        import roadrunner

        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        antimony.clearPreviousLoads()
        if antimony.loadAntimonyString(group.equations.antimony(group.names)) < 0:
            raise RuntimeError(antimony.getLastError())
        self.runner = roadrunner.RoadRunner(antimony.getSBMLString("m"))
        self.runner.integrator.relative_tolerance = RTOL
        self.runner.integrator.absolute_tolerance = ATOL
        self.runner.integrator.maximum_num_steps = 50_000
        self.runner.timeCourseSelections = list(group.equations.states)
        ids = list(self.runner.model.getGlobalParameterIds())
        self.constants = [ids.index(name) for name in group.names]
        self.states = [ids.index(name) for name in group.equations.states]

    def __call__(self, group: People) -> np.ndarray:
        runner, start = self.runner, group.start()
        for day, state, amount in group.equations.boluses:
            if day == 0:
                start[group.equations.states.index(state)] += group.values[
                    group.names.index(amount)
                ]
        found = np.empty((len(start), group.count, len(group.grid)))
        times = group.grid.tolist()
        for person in range(group.count):
            runner.reset()
            model = runner.model
            model.setGlobalParameterValues(self.constants, group.values[:, person])
            model.setGlobalParameterValues(self.states, start[:, person])
            found[:, person] = np.asarray(runner.simulate(times=times)).T
        return found


class Numba:
    """Dormand and Prince's method written by hand and compiled by numba: a loop over patients.

    Steps as in cgtlearn: relative error of every state, no absolute tolerance to speak of.
    """

    def __init__(self, group: People) -> None:
        import numba

        from cgtlearn.solve import explicit

        space: dict = {}
        exec(group.equations.flat(group.names), space)
        slopes = numba.njit(space["slopes"])
        size, stages = len(group.equations.states), len(explicit.WEIGHTS)
        weights = np.zeros((stages, stages))
        for i, row in enumerate(explicit.WEIGHTS):
            weights[i, : len(row)] = row
        errors, dense = explicit.ERROR.copy(), explicit.DENSE.copy()

        @numba.njit
        def stretch(y, q, inflow, begin, end, grid, at, out):
            k, new = np.empty((stages, size)), np.empty(size)
            peak = np.abs(y)
            slopes(y, q, inflow, k[0])
            rate = 1e-300
            for i in range(size):
                if peak[i] > 0:
                    rate = max(rate, abs(k[0, i]) / peak[i])
            t, h = begin, min(1e-2 / rate, 1e-4 * (end - begin))
            while t < end:
                last = h >= (end - t) * (1 - 1e-9)
                step = end - t if last else h
                for s in range(1, stages):
                    for i in range(size):
                        total = 0.0
                        for r in range(s):
                            total += weights[s, r] * k[r, i]
                        new[i] = y[i] + step * total
                    slopes(new, q, inflow, k[s])
                worst = 0.0
                for i in range(size):
                    total = 0.0
                    for s in range(stages):
                        total += errors[s] * k[s, i]
                    allowed = RTOL * max(abs(y[i]), abs(new[i])) + 1e-20 * peak[i] + 1e-300
                    if peak[i] > 0:
                        worst = max(worst, abs(step * total) / allowed)
                factor = 10.0 if worst == 0 else min(10.0, max(0.2, 0.9 * worst**-0.2))
                if not worst <= 1:
                    h = step * min(factor, 0.9)
                    continue
                after = end if last else t + step
                while at < len(grid) and grid[at] < after:
                    share = (grid[at] - t) / step
                    for i in range(size):
                        extra = 0.0
                        for s in range(stages):
                            extra += dense[s] * k[s, i]
                        rise = new[i] - y[i]
                        first = step * k[0, i] - rise
                        final = rise - step * k[stages - 1, i] - first
                        rest = 1 - share
                        out[i, at] = y[i] + share * (
                            rise + rest * (first + share * (final + rest * extra * step))
                        )
                    at += 1
                for i in range(size):
                    y[i] = new[i]
                    peak[i] = max(peak[i], abs(y[i]))
                    k[0, i] = k[stages - 1, i]
                t, h = after, step * factor
            return at

        self.stretch = stretch

    def __call__(self, group: People) -> np.ndarray:
        start, grid = group.start(), group.grid
        found = np.empty((len(start), group.count, len(grid)))
        for person in range(group.count):
            y, q = start[:, person].copy(), group.values[:, person].copy()
            out, at = np.empty((len(start), len(grid))), 0
            for begin, end, inflow, given in group.stretches(person):
                for state, amount in given:
                    y[state] += amount
                if at < len(grid) and grid[at] == begin:
                    out[:, at] = y
                    at += 1
                at = self.stretch(y, q, inflow, begin, end, grid, at, out)
            out[:, -1] = y
            found[:, person] = out
        return found
