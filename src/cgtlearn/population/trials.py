r"""Simulated CAR T trials in which an association is not the effect, and both are known.

``confounded``           burden moves dose, Cmax, severe CRS and response: dose looks harmful
``survival``             how long responses last, with a persistence that is seen only while they do
``informative_dropout``  curves of the level that end when the disease comes back

Every person is simulated. Person i depends on the seed and on i, and on nothing else: the same
seed with another dose (``do={"dose": 2}``) gives the same people under an intervention. What an
intervention does is therefore known by carrying it out, and not by a formula.

Published anchors (ledger): the geometric mean and CV of Cmax, +208 % with high burden (split at the
median: an assumption), 46.6 % with severe CRS (that this share belongs to the geometric mean of
Cmax is an assumption), remission by burden of another product, JULIET's size. All else is in
``ledger/data/confounded_trial.toml``, chosen by us.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cgtlearn import ledger
from cgtlearn.errors import LearnerError, positive, short, unknown_name
from cgtlearn.population.patients import checked_seed, drawn_of
from cgtlearn.population.trial import dropout

__all__ = [
    "Confounded", "Curves", "Responses", "confounded", "informative_dropout", "survival",
]  # fmt: skip

Numbers = NDArray[np.float64]

BETWEEN_HALVES = 2 * np.sqrt(2 / np.pi)
"""Means of the upper and the lower half of a normal variable differ by so many SDs."""


class Confounded(NamedTuple):
    """A trial of n simulated people, each field (n,).

    ``burden`` and ``dose`` are relative to the typical ones, ``cmax`` is in copies/µg; ``crs`` (of
    grade 3 or 4) and ``response`` are 0 or 1. ``crs_risk`` and ``response_risk`` are the
    probabilities behind them, which no trial shows.
    """

    burden: Numbers
    dose: Numbers
    cmax: Numbers
    crs: Numbers
    response: Numbers
    crs_risk: Numbers
    response_risk: Numbers


class Responses(NamedTuple):
    """Those who responded in a trial, each field (m,), days from the start of the response.

    ``stop`` is the day of the relapse where ``event`` is 1, of the last visit where it is 0.
    ``persistence`` is the last day on which the transgene was known to be there, and ``lost`` is 1
    where it was seen to go: nobody looks after ``stop``. ``patient`` is the number in the trial.
    """

    patient: NDArray[np.int64]
    cmax: Numbers
    stop: Numbers
    event: Numbers
    persistence: Numbers
    lost: Numbers


class Curves(NamedTuple):
    """Levels of n people on T days: ``truth`` (n, T), and ``seen`` with NaN after ``left`` (n,)."""

    times: Numbers
    truth: Numbers
    seen: Numbers
    left: Numbers


def cmax_log_sd() -> float:
    """SD of ln(Cmax), from the published geometric CV."""
    cv = ledger.row("epar_kymriah2018.b2202_responders_cmax").spread
    return float(np.sqrt(np.log(1 + cv**2)))


def cmax_on_burden() -> float:
    """Change of ln(Cmax) with one SD of ln(burden), from the published excess of high over low."""
    excess = ledger.value("epar_kymriah2018.high_burden_cmax_excess")
    return float(np.log(1 + excess) / BETWEEN_HALVES)


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def _expit(x: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-x)))


def confounded(
    n: int,
    seed: int,
    *,
    dose_odds_ratio: float = 1.0,
    cmax_odds_ratio: float | None = None,
    burden_odds_ratio: float | None = None,
    dose_with_burden: float | None = None,
    dose_on_cmax: float = 0.0,
    do: Mapping[str, ArrayLike] | None = None,
) -> Confounded:
    r"""A trial in which burden z moves everything: dose, Cmax, severe CRS and response.

    .. math::

       \ln D &= s_D (r z + \sqrt{1 - r^2}\, e_1) \\
       \ln C_{max} &= \ln 36100 + a z + b \ln D + e_2 \\
       logit\, P(CRS) &= logit\, 0.466 + \beta_D \log_2 D + \beta_C \log_2 (C_{max}/36100)
                        + \beta_B z \\
       logit\, P(response) &= \alpha - \beta_R z

    with z standard normal, the logarithm of burden over its SD.

    Parameters
    ----------
    n, seed : how many people, and which. People with the same seed are the same people.
    dose_odds_ratio : the true odds ratio of severe CRS for twice the dose by way of nothing but
        itself, at the same burden and Cmax. 1: dose does nothing, however harmful it looks.
    cmax_odds_ratio : the same for twice the Cmax; the ledger's unless given.
    burden_odds_ratio : the same for one SD of ln(burden); the ledger's unless given.
    dose_with_burden : r, from -1 to 1; 0 makes it a trial that randomised its doses.
    dose_on_cmax : b. 1: twice the dose, twice the Cmax. 0, as observed: no relation.
    do : {"dose": x} or {"cmax": x}, one number or (n,): everybody, whatever their burden, is
        given that. The people, and their luck, stay the same.
    """
    count, start = _count(n), checked_seed(seed)
    who = np.arange(count)

    def normal(name: str) -> Numbers:
        return drawn_of(start, f"confounded {name}", who, (count,), "standard_normal")

    r = _given("dose_with_burden", dose_with_burden)
    if not -1 <= r <= 1:
        raise LearnerError(
            given=f"dose_with_burden = {r:g}",
            expected="a correlation from -1 to 1",
            do="0 for doses at random, 0.6 for more dose where there is more disease",
        )
    set_to = _interventions(do, count)
    z = normal("burden")
    log_dose = ledger.value("confounded_trial.dose_log_sd") * (
        r * z + np.sqrt(1 - r**2) * normal("dose")
    )
    if "dose" in set_to:
        log_dose = np.log(set_to["dose"])
    slope = cmax_on_burden()
    rest = np.sqrt(cmax_log_sd() ** 2 - slope**2)
    above = slope * z + dose_on_cmax * log_dose + rest * normal("cmax")
    typical = ledger.value("epar_kymriah2018.b2202_responders_cmax")
    if "cmax" in set_to:
        above = np.log(set_to["cmax"] / typical)
    odds = (
        _logit(ledger.value("epar_kymriah2018.severe_crs_share"))
        + _log_ratio("dose_odds_ratio", dose_odds_ratio) * log_dose / np.log(2)
        + _log_ratio("cmax_odds_ratio", cmax_odds_ratio) * above / np.log(2)
        + _log_ratio("burden_odds_ratio", burden_odds_ratio) * z
    )
    low, high = (
        _logit(ledger.value(f"felix_burden.remission_{x}_burden")) for x in ("low", "high")
    )
    crs_risk = _expit(odds)
    response_risk = _expit((low + high) / 2 - (low - high) / BETWEEN_HALVES * z)

    def luck(name: str) -> Numbers:
        return drawn_of(start, f"confounded {name}", who, (count,), "random")

    return Confounded(
        burden=np.exp(ledger.value("confounded_trial.burden_log_sd") * z),
        dose=np.exp(log_dose),
        cmax=typical * np.exp(above),
        crs=(luck("crs") < crs_risk).astype(float),
        response=(luck("response") < response_risk).astype(float),
        crs_risk=crs_risk,
        response_risk=response_risk,
    )


def survival(
    n: int,
    seed: int,
    *,
    hr_per_doubling: float = 1.0,
    hr_persistent: float = 1.0,
    response_share: float | None = None,
    follow_up: tuple[float, float] | None = None,
) -> Responses:
    r"""How long responses last in a trial of n people, about half of whom respond.

    .. math::

       h(t) = h_0(t)\, HR_C^{\log_2(C_{max}/36100)}\, HR_P^{[t < L]}, \qquad
       H_0(t) = -\ln S_1 \left(\frac{t}{365}\right)^k

    with L the day on which the transgene is lost, exponential and independent of all else.
    Response does not depend on Cmax, and nothing is confounded here. What misleads is time:
    persistence is seen only while the response lasts.

    Parameters
    ----------
    n, seed : how many people are treated, and which.
    hr_per_doubling : the true hazard ratio for twice the Cmax. 1: Cmax does nothing.
    hr_persistent : the true hazard ratio while the transgene is there. 1: persistence does nothing.
    response_share, follow_up : the ledger's unless given; days from the start of the response.
    """
    count, start = _count(n), checked_seed(seed)
    who = np.arange(count)

    def drawn(name: str, kind: str) -> Numbers:
        return drawn_of(start, f"survival {name}", who, (count,), kind)

    share = _given("response_share", response_share)
    first, last = ledger.value("confounded_trial.follow_up") if follow_up is None else follow_up
    doublings = cmax_log_sd() * drawn("cmax", "standard_normal") / np.log(2)
    until = first + (last - first) * drawn("entry", "random")
    median = ledger.value("confounded_trial.persistence_median")
    loss = median / np.log(2) * drawn("loss", "standard_exponential")
    shape = ledger.value("confounded_trial.duration_shape")
    scale = -np.log(ledger.value("confounded_trial.still_in_response"))
    relative = positive("hr_per_doubling", hr_per_doubling) ** doublings
    persistent = float(positive("hr_persistent", hr_persistent))
    # The relapse comes when the hazard that has built up reaches the patient's own draw.
    reserve = drawn("relapse", "standard_exponential") / relative / scale
    until_loss = (loss / 365) ** shape
    while_there = reserve / persistent
    later = reserve + (1 - persistent) * until_loss
    relapse = 365 * np.where(while_there < until_loss, while_there, later) ** (1 / shape)
    stop = np.minimum(relapse, until)
    responded = drawn("response", "random") < share
    typical = ledger.value("epar_kymriah2018.b2202_responders_cmax")
    columns = (
        typical * 2**doublings, stop, (relapse <= until).astype(float),
        np.minimum(loss, stop), (loss < stop).astype(float),
    )  # fmt: skip
    return Responses(np.flatnonzero(responded), *(c[responded] for c in columns))


def informative_dropout(n: int, seed: int, *, hr_per_tenfold_lower: float = 3.0) -> Curves:
    r"""Levels that fall by one exponential each, followed until the disease comes back.

    The hazard of leaving after each sample is that of the level seen there:

    .. math:: h = \frac{\ln 2}{t_{1/2}}\, HR^{\log_{10}(typical/level)}

    so those whose cells go fast leave early, and the mean of those who stay falls too slowly. With
    ``hr_per_tenfold_lower=1`` people leave at random. ``truth`` holds what would have been seen had
    nobody left: the same people.
    """
    count, start = _count(n), checked_seed(seed)
    who = np.arange(count)

    def normal(name: str) -> Numbers:
        return drawn_of(start, f"curves {name}", who, (count,), "standard_normal")

    ratio = float(positive("hr_per_tenfold_lower", hr_per_tenfold_lower))
    times = np.asarray(ledger.value("confounded_trial.sampling_days"), float)
    typical = ledger.value("epar_kymriah2018.b2202_responders_cmax")
    cmax = typical * np.exp(cmax_log_sd() * normal("cmax"))
    half_life = ledger.value("confounded_trial.curve_half_life") * np.exp(
        ledger.value("confounded_trial.curve_half_life_log_sd") * normal("half-life")
    )
    truth = cmax[:, None] * 2 ** (-times / half_life[:, None])
    base = np.log(2) / ledger.value("confounded_trial.progression_median")
    there = typical * 2 ** (-28 / ledger.value("confounded_trial.curve_half_life"))
    left = dropout(times, truth, lambda v, t: base * ratio ** np.log10(there / v), seed=start)
    return Curves(times, truth, np.where(times > left[:, None], np.nan, truth), left)


def _count(n: int) -> int:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 2:
        raise LearnerError(
            given=f"n = {short(n)}",
            expected="a whole number of people, two or more",
            do="n=111 is a trial of the size of JULIET",
        )
    return int(n)


def _given(name: str, value: float | None) -> float:
    return float(ledger.value(f"confounded_trial.{name}") if value is None else value)


def _log_ratio(name: str, value: float | None) -> float:
    return float(np.log(positive(name, _given(name, value))))


def _interventions(do: Mapping[str, ArrayLike] | None, n: int) -> dict[str, Numbers]:
    found = {}
    for name, value in (do or {}).items():
        if name not in ("dose", "cmax"):
            raise unknown_name(name, ("dose", "cmax"), "thing to set")
        array = positive(name, value)
        if array.shape not in ((), (n,)):
            raise LearnerError(
                given=f"do = {{{name!r}: {short(array)}}}",
                expected=f"one number, or one for each of {n} people",
                do="the same dose for all: do={'dose': 2}",
            )
        found[name] = np.broadcast_to(array, (n,))
    return found
