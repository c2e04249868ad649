r"""Normalised prediction distribution errors: where a sample stands among simulated ones.

The share of simulated values below a sample is uniform if the model is true. A patient's samples
belong together, so that their shares do too; before counting, samples and simulations are therefore
decorrelated with the mean and covariance of the simulations,
:math:`y^* = L^{-1}(y - \bar y_{sim})`, :math:`LL^\top = Cov_{sim}`. The share's normal deviate,
:math:`\Phi^{-1}`, is the npde (Brendel et al., Pharm Res 2006).

A sample below the limit gets a share drawn evenly between 0 and the simulated chance of that, and
the value which belongs to it; simulated values below the limit are drawn anew in the same way
(Nguyen, Comets and Mentré, J Pharmacokinet Pharmacodyn 2012).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn.errors import LearnerError, one_of
from cgtlearn.estimate.diagnostics.samples import Numbers, Samples, bins_of, samples, simulations
from cgtlearn.estimate.report import aligned, to_csv, to_json
from cgtlearn.population.patients import checked_seed

__all__ = ["NPDE", "npde"]

PER_SAMPLE = 20
"""Replicates for each sample of the patient who has most: below, their covariance is too rough."""


@dataclass(frozen=True)
class NPDE:
    """What :func:`npde` found for n samples. ``print(result)`` shows :meth:`summary`.

    ``npde`` (n,) standard normal under the model, nearly independent within a patient; ``npd`` (n,)
    the same without decorrelation: standard normal one by one, but not independent. ``tests`` by
    name: P of mean 0 (Wilcoxon's signed ranks), of variance 1 (chi-square), of a normal shape
    (Shapiro and Wilk), and of all three together (the smallest times three).
    """

    npde: Numbers
    npd: Numbers
    mean: float
    sd: float
    tests: dict[str, float]
    replicates: int
    scale: str
    samples: Samples = field(repr=False)

    def table(self) -> list[dict[str, Any]]:
        """One row a sample: id, time, npde, npd, censored."""
        s = self.samples
        columns = {"id": s.id, "time": s.time, "npde": self.npde, "npd": self.npd,
                   "censored": s.censored}  # fmt: skip
        rows = zip(*(c.tolist() for c in columns.values()), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def summary(self) -> str:
        n, below = self.npde.size, int(self.samples.censored.sum())
        head = f"Normalised prediction distribution errors: {n} samples"
        head += f", {below} of them below the limit" if below else ""
        rows = [("", "found", "under the model")]
        rows += [("mean", f"{self.mean:.3f}", f"0 ± {1.96 / np.sqrt(n):.3f}")]
        rows += [("SD", f"{self.sd:.3f}", f"1 ± {1.96 / np.sqrt(2 * n):.3f}")]
        lines = [head + f"; {self.replicates} simulated trials", "", *aligned(rows, right=(1, 2))]
        lines.append("")
        named = (f"{k} {'< 0.001' if p < 0.001 else f'{p:.3f}'}" for k, p in self.tests.items())
        return "\n".join([*lines, "P: " + ", ".join(named)])

    def __str__(self) -> str:
        return self.summary()

    @property
    def alt(self) -> str:
        """The message of :meth:`plot` in words, with its numbers."""
        p = self.tests["all"]
        told = "differ from" if p < 0.05 else "do not visibly differ from"
        shown = "below 0.001" if p < 0.001 else f"{p:.2f}"
        return (
            f"The {self.npde.size} prediction distribution errors {told} a standard normal "
            f"distribution: mean {self.mean:.2f}, SD {self.sd:.2f}, P of all tests {shown}."
        )

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write :meth:`table` as CSV."""
        return to_csv(path, self.table())

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write the numbers and the table as JSON."""
        about = {
            "mean": self.mean,
            "sd": self.sd,
            "tests": self.tests,
            "replicates": self.replicates,
            "scale": self.scale,
            "rows": self.table(),
        }
        return to_json(path, about)

    def plot(self, time_unit: str = "") -> Any:
        """Histogram, quantiles against normal ones, and errors over time with their percentiles."""
        from scipy import stats

        from cgtlearn import plot

        fig, axes = plot.figure(2, 2, size="tall")
        grid = axes[1, 0].get_gridspec()
        for ax in axes[1]:
            ax.remove()
        left, right, lower = axes[0, 0], axes[0, 1], fig.add_subplot(grid[1, :])
        n = self.npde.size
        x = np.linspace(-3.5, 3.5, 141)
        left.hist(self.npde, bins=np.arange(-4, 4.01, 0.5).tolist(), density=True, alpha=0.4,
                  color=plot.BLUE)  # fmt: skip
        left.plot(x, stats.norm.pdf(x), color=plot.BLACK, linestyle="-", linewidth=1.2)
        left.set(xlabel="npde (SD)", ylabel="density (per SD)")
        rank = np.arange(1, n + 1)
        normal = stats.norm.ppf((rank - 0.5) / n)
        ends = [stats.norm.ppf(stats.beta.ppf(q, rank, n + 1 - rank)) for q in (0.025, 0.975)]
        right.fill_between(normal, *ends, color=plot.BLACK, alpha=0.15, linewidth=0)
        right.plot(normal, np.sort(self.npde), ".", color=plot.BLUE, markersize=4)
        right.plot(normal, normal, color=plot.BLACK, linestyle="-", linewidth=1)
        right.set(xlabel="normal quantile (SD)", ylabel="npde (SD)")
        time, seen = self.samples.time, ~self.samples.censored
        shown = {"s": 10, "alpha": 0.5, "linewidths": 0}
        lower.scatter(time[seen], self.npde[seen], color=plot.BLUE, **shown)
        if not seen.all():
            lower.scatter(
                time[~seen], self.npde[~seen], color=plot.PURPLE, marker="v", **shown,
                label="below the limit: drawn at random",
            )  # fmt: skip
            lower.legend(loc="upper right")
        which, edges = bins_of(time)
        parts = [which == b for b in range(len(edges))]
        middle = [np.median(time[part]) for part in parts]
        for q in (0.1, 0.5, 0.9):
            found = [np.quantile(self.npde[part], q) for part in parts]
            lower.plot(middle, found, color=plot.VERMILLION, linestyle="-" if q == 0.5 else "--")
            lower.axhline(stats.norm.ppf(q), color=plot.BLACK, linestyle=":", linewidth=1)
        lower.set(xlabel=self.samples.axis("time", "TIME", time_unit), ylabel="npde (SD)")
        return fig


def npde(
    data: Any,
    simulated: ArrayLike | None = None,
    *,
    scale: str = "log",
    replicates: int = 1000,
    seed: int = 0,
) -> NPDE:
    """Normalised prediction distribution errors, with samples below the limit.

    Parameters
    ----------
    data : a population fit, or a mapping of columns (n,): ``id``, ``time``, ``dv``, and
        ``censored`` and ``lloq`` where there is a limit.
    simulated : (replicates, n) values of the same samples in simulated trials, not cut at the
        limit: that is done here. A fit simulates them itself.
    scale : "log" decorrelates logarithms, as suits values that span decades; "linear" the values
        themselves, as the method was first described.
    replicates : simulated trials, 1000 or more for a result to report.
    seed : of the simulations, and of the draws for samples below the limit.

    Returns
    -------
    NPDE. The share of a sample with r of K simulated values below it is (r + 1/2)/(K + 1), which
    is never 0 or 1.

    Raises LearnerError for fewer than 100 replicates or than 20 for each sample of a patient, for
    simulations of another shape, for values of zero or below with ``scale="log"``, for samples
    that the simulations cannot tell apart.
    """
    one_of("scale", scale, ("log", "linear"))
    given = samples(data)
    if given.dv.size < 3:
        raise LearnerError(
            given=f"{given.dv.size} samples",
            expected="at least three",
            do="give the samples of all patients",
        )
    trials = simulations(data, simulated, replicates, seed, given)
    patients, who = np.unique(given.id, return_inverse=True)
    most = int(np.bincount(who).max())
    if trials.shape[0] < PER_SAMPLE * most:
        raise LearnerError(
            given=f"{trials.shape[0]} replicates and a patient with {most} samples",
            expected=f"at least {PER_SAMPLE} replicates for each of them, {PER_SAMPLE * most}",
            do="simulate more: the covariance of a patient's samples is taken from the replicates",
        )
    values, limit = given.dv, given.lloq
    if scale == "log":
        values, trials, limit = _logs(given, trials)
    rng = np.random.default_rng(checked_seed(seed))
    values, trials = _complete(values, trials, limit, given.censored, rng)
    npd, errors = np.empty(values.size), np.empty(values.size)
    for i, patient in enumerate(patients):
        own = np.flatnonzero(who == i)
        own = own[np.argsort(given.time[own], kind="stable")]
        y, s = values[own], trials[:, own]
        npd[own] = _standing(y, s)
        errors[own] = _standing(*_decorrelated(y, s, patient))
    return NPDE(
        errors, npd, float(errors.mean()), float(errors.std(ddof=1)), _tests(errors),
        trials.shape[0], scale, given,
    )  # fmt: skip


def _logs(given: Samples, trials: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    for name, array in (("dv", given.dv), ("simulated", trials)):
        if np.any(array <= 0):
            i = tuple(int(j) for j in np.argwhere(array <= 0)[0])
            raise LearnerError(
                given=f"{name}[{', '.join(map(str, i))}] = {array[i]:g}",
                expected='values above zero with scale="log"',
                do='use scale="linear", or flag samples below the limit as censored',
            )
    return np.log(given.dv), np.log(trials), np.log(given.lloq)


def _complete(
    values: Numbers,
    trials: Numbers,
    limit: Numbers,
    censored: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[Numbers, Numbers]:
    """A value for every sample below the limit, observed or simulated."""
    values, trials = values.copy(), trials.copy()
    size = trials.shape[0]
    for j in np.flatnonzero(np.isfinite(limit)):
        column = np.sort(trials[:, j])
        below = trials[:, j] < limit[j]
        # The distribution below the limit, through the middle of each simulated step.
        count = int(below.sum())
        shares = np.append(np.arange(count) + 0.5, max(count, 0.5)) / size
        places = np.append(column[:count], limit[j])
        trials[below, j] = np.interp(rng.uniform(0, count / size, count), shares, places)
        if censored[j]:
            values[j] = np.interp(rng.uniform(0, shares[-1]), shares, places)
            if count == 0:  # lower than any simulated value
                values[j] = min(limit[j], column[0])
    return values, trials


def _decorrelated(y: Numbers, s: Numbers, patient: Any) -> tuple[Numbers, Numbers]:
    mean, sd = s.mean(axis=0), s.std(axis=0, ddof=1)
    try:
        if np.any(sd == 0):
            raise np.linalg.LinAlgError
        z = (s - mean) / sd
        root = np.linalg.cholesky(z.T @ z / (len(s) - 1))
        if np.diag(root).min() < 1e-6:
            raise np.linalg.LinAlgError
    except np.linalg.LinAlgError:
        raise LearnerError(
            given=f"simulated samples of patient {patient!r}, one of which the others say without "
            "error",
            expected="simulations with residual error, in which no two samples are the same",
            do="add the residual error to every simulated value; check for a sample given twice",
        ) from None
    # The inverse of a few rows: a solver that starts threads takes longer than its sums.
    back = np.linalg.inv(root).T
    return (y - mean) / sd @ back, z @ back


def _standing(y: Numbers, s: Numbers) -> Numbers:
    """The normal deviate of the share of simulated values (K, n) below each sample (n,)."""
    from scipy.special import ndtri

    lower = (s < y).sum(axis=0) + (s == y).sum(axis=0) / 2
    return np.asarray(ndtri((lower + 0.5) / (len(s) + 1)))


def _tests(errors: Numbers) -> dict[str, float]:
    from scipy import stats

    n = errors.size
    fall = stats.chi2.cdf((n - 1) * errors.var(ddof=1), n - 1)
    found = {
        "mean": float(stats.wilcoxon(errors).pvalue),
        "variance": float(2 * min(fall, 1 - fall)),
        # Shapiro and Wilk's P holds up to 5000 values; of more, every second (third, ...) is taken.
        "shape": float(stats.shapiro(errors[:: -(-n // 5000)]).pvalue),
    }
    return {**found, "all": min(1.0, 3 * min(found.values()))}
