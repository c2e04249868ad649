# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises: fit one patient
#
# Type your answer in place of `...` and run the cell. `hint("07.10")` gives a first step, called
# again a second one. `solution("07.10")` opens once you have tried. All patients here are
# simulated.

# %%
import numpy as np
from scipy.optimize import least_squares
from scipy.special import log_ndtr, ndtr

from cgtlearn import ledger
from cgtlearn.exercises import check, hint, solution

noise = ledger.value("stein2019.residual_sd")  # standard deviation of ln(measured)

# %% [markdown] tags=["exercise"]
# ## 07.10 · One line for a bound · fill-in · level 2 · 6 min
#
# This function gives what one sample adds to the log-likelihood. The measured case is done. Fill
# in the case of a sample below the limit: `curve` is the level that the model predicts, `lloq`
# the limit, `noise` the standard deviation of the logarithm. When `below` is True, `value` says
# nothing: laboratories fill it in differently. `ndtr(x)` is the normal distribution
# function $\Phi(x)$, `log_ndtr(x)` its logarithm.

# %% tags=["answer"]
def contribution(value, below, curve, lloq, noise):
    """Log-likelihood of one sample; `below` is True when it is below the limit."""
    if below:
        return ...
    z = np.log(value / curve) / noise
    return -(z**2) / 2 - np.log(noise * np.sqrt(2 * np.pi))
# --- solution


def contribution(value, below, curve, lloq, noise):
    """Log-likelihood of one sample; `below` is True when it is below the limit."""
    if below:
        return log_ndtr(np.log(lloq / curve) / noise)
    z = np.log(value / curve) / noise
    return -(z**2) / 2 - np.log(noise * np.sqrt(2 * np.pi))
# --- end
check("07.10", contribution)

# %% [markdown] tags=["worked"]
# The sample says one thing: the logarithm of the measurement fell below $\ln \text{LLOQ}$. That
# logarithm is normal around $\ln f$ with standard deviation $\sigma$. So the probability is
# $\Phi((\ln \text{LLOQ} - \ln f)/\sigma)$, and its logarithm is added to the sum.
#
# Test it at three places. Curve at the limit: $\ln 0.5$, about −0.69. Curve far below: the sample
# was sure to come out like that, and the contribution is near 0. Curve far above: a large
# negative number, because the data contradict the curve.
#
# `log_ndtr` instead of `np.log(ndtr(...))`: far above the limit $\Phi$ is so small that it is
# rounded to zero, and the logarithm of zero stops the fit.

# %% tags=["spec"]
def if_below(formula):
    """A contribution with another formula for the censored case."""

    def wrong(value, below, curve, lloq, noise):
        if below:
            return formula(curve, lloq, noise)
        return contribution(value, False, curve, lloq, noise)

    return wrong


exercise(
    "07.10",
    kind="fill-in",
    level=2,
    minutes=6,
    title="One line for a bound",
    answer=function(
        contribution,
        probes=[
            (120.0, False, 100.0, 50.0, 0.5),
            (50.0, True, 50.0, 50.0, 0.5),
            (50.0, True, 20.0, 50.0, 0.5),
            (50.0, True, 400.0, 50.0, 0.5),
            (10.0, True, 10.0, 10.0, 0.8),
            (10.0, True, 35.0, 10.0, 0.8),
            (4.0, True, 35.0, 10.0, 0.8),
        ],
        rtol=1e-4,
        when_right="A bound now counts for exactly what it says.",
    ),
    wrong=[
        slip(
            if_below(lambda f, c, s: contribution(c, False, f, c, s)),
            "blq-as-lloq",
            "You used the density at the limit. That treats the sample as if it had been measured "
            "there.",
            "Use the probability of everything below the limit, Φ.",
        ),
        slip(
            if_below(lambda f, c, s: log_ndtr(np.log(f / c) / s)),
            "sign",
            "You computed the probability of lying above the limit.",
            "When the curve runs far below the limit, the contribution must be near zero.",
        ),
        slip(
            if_below(lambda f, c, s: ndtr(np.log(c / f) / s)),
            "log-scale",
            "This is the probability itself, but contributions to a log-likelihood are added.",
            "Take the logarithm of Φ.",
        ),
        slip(
            if_below(lambda f, c, s: log_ndtr(np.log10(c / f) / s)),
            "ln-log10",
            "You took a decimal logarithm, but `noise` is the spread of the natural one.",
        ),
        slip(
            if_below(lambda f, c, s: log_ndtr(np.log(c / f) / s**2)),
            "variance-for-sd",
            "You divided by the variance. A distance is counted in standard deviations.",
        ),
        slip(
            if_below(lambda f, c, s: log_ndtr((c - f) / (s * f))),
            "log-scale",
            "You measured the distance on the plain scale. The scatter belongs to the logarithm.",
            "Compare ln(lloq) with ln(curve).",
        ),
        slip(
            lambda v, below, f, c, s: contribution(v, below, f, v if below else c, s),
            "reading",
            "You used `value` where the limit belongs. For a sample below the limit `value` is "
            "what a laboratory happened to fill in.",
            "Only `lloq` says where the sample lies: below it.",
        ),
        slip(
            if_below(lambda f, c, s: log_ndtr(np.log(c / f))),
            "reading",
            "You took the distance as if the noise were 1.",
            "Divide ln(lloq / curve) by `noise`.",
        ),
        slip(
            if_below(lambda f, c, s: -log_ndtr(np.log(c / f) / s)),
            "sign",
            "You changed the sign. A log-likelihood is to be made large, and the logarithm of a "
            "probability is never above zero.",
        ),
        slip(
            if_below(lambda f, c, s: -2 * log_ndtr(np.log(c / f) / s)),
            "sign",
            "This is a term of the sum of squares, -2 ln Φ, which is to be made small. The "
            "function returns the log-likelihood itself.",
            "Leave the factor -2 out.",
        ),
        slip(
            if_below(lambda f, c, s: 0.0),
            "survivor",
            "You gave the sample no weight. That is the same as leaving it out.",
        ),
    ],
    hints=[
        "What is the probability that a normal number with mean ln(curve) is below ln(lloq)?",
        "z = (ln(lloq) - ln(curve)) / noise. The contribution is the logarithm of Φ(z).",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.11 · Who is left in the tail? · predict · level 2 · 6 min
#
# Late in the course a simulated curve runs at 25 copies/µg. The limit of the assay is 50
# copies/µg, and the logarithm scatters with the standard deviation `noise`. A hundred such
# samples are taken. How many come back as a number, that is, above the limit?

# %% tags=["answer"]
measured = ...  # of 100
# --- solution
z = (np.log(50) - np.log(25)) / noise
measured = 100 * (1 - ndtr(z))
# --- end
check("07.11", measured)

# %% [markdown] tags=["worked"]
# The limit lies $\ln(50/25) = \ln 2$ above the curve on the log scale. In standard deviations
# that is $z = \ln 2 / \sigma$, about 1.2. The part of a normal distribution above that is
# $1 - \Phi(z)$, about 11 %: eleven samples of a hundred.
#
# Now think of who these eleven are. Every one of them reads more than 50, while the curve runs at
# 25. Leave the other 89 out, draw a line through the eleven, and the tail is more than twice too
# high. The later the sample, the worse it gets, so the tail also looks too flat. That is why
# leaving out lengthens a half-life.

# %% tags=["spec"]
exercise(
    "07.11",
    kind="predict",
    level=2,
    minutes=6,
    title="Who is left in the tail?",
    answer=number(
        100 * (1 - ndtr(np.log(2) / noise)),
        unit="of 100",
        rtol=0.06,
        when_right="And each of them lies at least twice too high.",
    ),
    wrong=[
        slip(
            100 * ndtr(np.log(2) / noise),
            "complement",
            "These are the samples below the limit. How many come back as a number?",
        ),
        slip(
            round(1 - ndtr(np.log(2) / noise), 2),
            "percent-for-fraction",
            "This is the share of the samples. How many is that of a hundred?",
        ),
        slip(
            0.0,
            "blq-as-zero",
            "The curve runs below the limit, but the samples scatter around the curve, and some "
            "come out above.",
            "Ask how many standard deviations the limit lies above the curve.",
        ),
        slip(
            100 * (1 - ndtr(np.log10(2) / noise)),
            "ln-log10",
            "You took log10(50/25), but `noise` is the spread of the natural logarithm.",
        ),
        slip(
            100 * (1 - ndtr(np.log(2) / noise**2)),
            "variance-for-sd",
            "You divided by the variance. A distance is counted in standard deviations.",
        ),
        slip(
            100 * (1 - ndtr(1 / noise)),
            "log-scale",
            "You took 1 as the distance: (50 - 25)/25, or the logarithm to base 2. On the scale of "
            "the noise, natural logarithms, it is ln(50/25) = 0.69.",
            "The scatter belongs to the logarithm, so the distance must be one of logarithms.",
        ),
        slip(
            100 * (1 - ndtr(np.log(2))),
            "reading",
            "You took the distance on the log scale as if the noise were 1.",
            "Divide the distance by `noise`.",
        ),
        slip(
            50.0,
            "reading",
            "Half of the samples would come out above if the curve ran at the limit itself. It "
            "runs at half of it.",
            "Ask how many standard deviations the limit lies above the curve.",
        ),
    ],
    hints=[
        "How far above the curve is the limit, on the scale of natural logarithms?",
        "Divide ln(50/25) by `noise`. What part of a normal distribution lies above that?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.12 · The cells of the new process vanish faster · criticise · level 3 · 6 min
#
# Two trials of one product. In the first the assay's limit was 50 copies/µg, in the second, with
# a new manufacturing process and a new assay, it is 5. In both, samples below the limit were left
# out and a half-life was read off what remained. The median half-life of the second trial is half
# that of the first. The draft report says: *cells of the new process are lost twice as fast.*
# Which criticism goes to the root?

# %% tags=["answer"]
criticism = ...  # "A", "B", "C" or "D"
# --- solution
criticism = "B"
# --- end
check("07.12", criticism)

# %% [markdown] tags=["worked"]
# **B.** Two things changed together, the process and the assay. The notebook showed what leaving
# out does with a limit that the tail crosses: the half-life came out twice too long and more.
# With a limit ten times lower the tail is seen for longer, and the same cells look shorter-lived.
# The difference may be the old assay's error, not the new process.
#
# The remedy is not to stop comparing. Fit both trials with the samples below the limit kept as
# bounds, each with its own limit, and compare again, with intervals.
#
# A is true of heights, and a half-life is a slope: a constant factor cancels. C asks for more of
# the same error. D gives up where a better analysis is at hand.

# %% tags=["spec"]
exercise(
    "07.12",
    kind="criticise",
    level=3,
    minutes=6,
    title="The cells of the new process vanish faster",
    answer=choice(
        {
            "A": "The new assay may read lower than the old one by a constant factor, and that "
            "makes half-lives shorter.",
            "B": "Leaving out samples below the limit lengthens half-lives, and more so with the "
            "higher limit; keep them as bounds in both trials and compare again.",
            "C": "Half-lives scatter so much that only a larger second trial can settle it.",
            "D": "Two trials with different assays can never be compared.",
        },
        "B",
        when_right="Process and assay changed together, and the analysis lets the assay speak.",
    ),
    wrong=[
        slip(
            "A",
            "total-for-rate",
            "A constant factor moves the whole curve up or down. A half-life is a slope on the log "
            "scale, and there the factor cancels.",
            "Ask which error changes a slope.",
        ),
        slip(
            "C",
            "survivor",
            "A larger trial makes the interval narrower, but around a biased value: the left-out "
            "samples are left out there as well.",
            "Ask what happens to the samples below the limit, in each of the two trials.",
        ),
        slip(
            "D",
            "absence-of-evidence",
            "Different limits are a difficulty with a known remedy: a bound says what it says, "
            "whatever the limit.",
            "Ask what each sample below its own limit tells about the curve.",
        ),
    ],
    hints=[
        "What changed between the trials besides the process?",
        "Think of 07.11: which samples are left in the tail, and does it depend on the limit?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.20 · The likelihood, line by line · order · level 2 · 6 min
#
# This function should return the log-likelihood of one patient's samples by M3. `below` is True
# where a sample is below the limit; there `values` says nothing. Put the lines of its body in
# order. Two of them do not belong: each is a rule that the notebook warns of.

# %% tags=["answer"]
my_order = ...  # the letters in order, as in ["A", "B", "C"]
# --- solution
my_order = ["E", "G", "B", "D", "A"]
# --- end
check("07.20", my_order)

# %% [markdown] tags=["worked"]
# First the place of each sample on the axis: the measurement, or the limit. Then its distance from
# the curve, in units of the noise. Then a density for every sample, as if all were measured. Where
# there is a bound, a probability takes its place. Last, add up.
#
# The line with `lloq / 2` puts a number where there is a bound. The line that cuts `z` leaves the
# bounds out. Both run without an error, and both shift the tail. That is why they live so long.

# %% tags=["spec"]
lines = {
    "A": "return np.sum(terms)",
    "B": "terms = -(z**2) / 2 - np.log(noise * np.sqrt(2 * np.pi))",
    "C": "place = np.where(below, lloq / 2, values)",
    "D": "terms[below] = log_ndtr(z[below])",
    "E": "place = np.where(below, lloq, values)",
    "F": "z, below = z[~below], below[~below]",
    "G": "z = np.log(place / level_at(times, numbers)) / noise",
}


def in_order(keys):
    """The log-likelihood that the lines give in this order, for three samples; NaN if they fail."""
    body = "\n".join("    " + lines[key] for key in keys)
    space = {"np": np, "log_ndtr": log_ndtr, "level_at": lambda t, k: 300 * np.exp(-k * t)}
    head = "def likelihood(times, values, below, lloq, noise, numbers):\n"
    exec(head + body, space)
    three = np.array([5.0, 20.0, 40.0]), np.array([200.0, 90.0, 9.0]), np.array([0, 0, 1]) > 0
    try:
        return float(space["likelihood"](*three, 50.0, noise, 0.05))
    except NameError:
        return np.nan


by_hand = sum(
    log_ndtr(np.log(50 / level) / noise)
    if below
    else -((np.log(value / level) / noise) ** 2) / 2 - np.log(noise * np.sqrt(2 * np.pi))
    for value, below, level in zip(
        (200, 90, 9), (0, 0, 1), 300 * np.exp(-0.05 * np.array([5, 20, 40])), strict=True
    )
)
halved, left_out = list("ECGBDA"), list("EGFBDA")
assert np.isclose(in_order("EGBDA"), by_hand) and np.isclose(in_order("CEGBDA"), by_hand)
assert not any(np.isclose(in_order(keys), by_hand) for keys in (halved, left_out))
assert np.isnan(in_order("EGDBA"))
exercise(
    "07.20",
    kind="order",
    level=2,
    minutes=6,
    title="The likelihood, line by line",
    answer=order(
        lines,
        list("EGBDA"),
        when_right="Two kinds of sample, two kinds of evidence, one sum.",
    ),
    wrong=[
        slip(
            halved,
            "blq-as-lloq",
            "With line C a sample below the limit is taken as half the limit, which nobody "
            "measured.",
            "The bound itself goes into z: where a sample is below, its place is the limit.",
        ),
        slip(
            list("CEGBDA"),
            "reading",
            "The result is right, and one line is too many: what C sets, E overwrites at once.",
            "Leave out the lines that do not belong.",
        ),
        slip(
            left_out,
            "survivor",
            "With line F the samples below the limit are gone before they have said anything. In "
            "the tail only those are left that happened to be high.",
            "Keep every sample, and let each add what it knows.",
        ),
        slip(
            list("ECGFBDA"),
            "blq-as-lloq",
            "Both lines that do not belong are in: C invents a number for the bounds, and F throws "
            "them away again.",
            "Five lines make M3.",
        ),
        slip(
            list("EGDBA"),
            "reading",
            "D puts something into `terms`, and there are no `terms` before B.",
            "First a term for every sample, then another one where there is a bound.",
        ),
    ],
    hints=[
        "z needs a place for each sample. Which line says what that is, without inventing one?",
        "From z comes a term for every sample; then the bounds get theirs; then the sum. Neither "
        "half the limit nor leaving out is M3.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.21 · A slow phase with two bounds · fit · level 3 · 12 min
#
# Late in the course of a simulated patient only the slow phase is left:
# $f(t) = L \cdot 2^{-(t - 60)/h}$, with the level $L$ on day 60 and the half-life $h$. The limit is
# 50 copies/µg. The standard deviation of the logarithm, `noise`, is known.
#
# | day | 60 | 75 | 90 | 120 | 150 | 180 | 240 | 300 | 364 |
# |---|---|---|---|---|---|---|---|---|---|
# | copies/µg | 125 | 259 | 198 | 209 | 59 | 184 | 66 | below 50 | below 50 |
#
# Fit $L$ and $h$ by M3, all nine samples at once.

# %% tags=["answer"]
days = np.array([60, 75, 90, 120, 150, 180, 240, 300, 364])
levels = np.array([125, 259, 198, 209, 59, 184, 66, 50, 50])  # 50 where it is below
below = np.array([False] * 7 + [True] * 2)
lloq = ledger.value("cart_sampling.qpcr_lloq")  # copies/µg

found = {"level": ..., "half_life": ...}  # copies/µg on day 60, d
# --- solution


def distances(u):
    """One for each sample: z where measured, the root of -2 ln Φ(z) where below (M3)."""
    curve = np.exp(u[0]) * 2 ** (-(days - 60) / np.exp(u[1]))
    z = np.log(np.where(below, lloq, levels) / curve) / noise
    return np.where(below, np.sqrt(-2 * log_ndtr(z)), z)


level, half = np.exp(least_squares(distances, np.log([200, 100])).x)
found = {"level": level, "half_life": half}
# --- end
check("07.21", found)

# %% [markdown] tags=["worked"]
# Two unknowns, on the log scale so that both stay positive, and a start that is read off the table:
# some 200 copies/µg on day 60, halved after some 100 days. The seven measured samples give $z$, the
# two bounds $\sqrt{-2\ln\Phi(z)}$, and `least_squares` does the rest: about 228 copies/µg and 89 d.
#
# Without the two bounds the half-life is about 130 d, and that curve lies *nearer* to the seven
# measured samples. Of course it does: it has nothing else to please. The bounds say that the curve
# must have come down by day 300. The patient was simulated with 250 copies/µg and 90 d.

# %% tags=["spec"]
def fitted(residual):
    """Level and half-life by another rule."""
    end = least_squares(residual, np.log([200, 100]), xtol=1e-12, ftol=1e-12)
    return dict(zip(("level", "half_life"), np.exp(end.x), strict=True))


def slow(u):
    return np.exp(u[0]) * 2 ** (-(days - 60) / np.exp(u[1]))


def stand_in(number):
    """Every sample below the limit replaced by a number."""
    return fitted(lambda u: np.log(np.where(below, number, levels) / slow(u)) / noise)


kept = fitted(lambda u: np.log(levels / slow(u))[~below])
plain_scale = fitted(lambda u: (levels - slow(u))[~below])
assert round(level) == 228 and round(half) == 89 and 125 < kept["half_life"] < 135
exercise(
    "07.21",
    kind="fit",
    level=3,
    minutes=12,
    title="A slow phase with two bounds",
    answer=fit(
        lambda t, p: p.level * np.exp(-np.log(2) * (t - 60) / p.half_life),
        {"level": (level, "copies/µg", 0.02), "half_life": (half, "d", 0.02)},
        x=days[~below],
        y=levels[~below],
        x_name="day",
        x_unit="",
        y_unit="copies/µg",
        when_right="A curve closer to the seven measured samples exists. It contradicts the other "
        "two.",
    ),
    wrong=[
        slip(
            kept,
            "survivor",
            "You left the samples below the limit out. Those that are left late in the course are "
            "the high ones, and the tail comes out too flat.",
            "Let each bound add sqrt(-2 ln Φ(z)).",
        ),
        slip(
            stand_in(lloq),
            "blq-as-lloq",
            "You took the bounds as measurements at the limit, so the tail lies flat on it.",
        ),
        slip(
            stand_in(lloq / 2),
            "blq-as-lloq",
            "You put half the limit for the bounds. Here that lands near the right numbers, by "
            "luck: nobody measured 25.",
            "Let each bound add sqrt(-2 ln Φ(z)).",
        ),
        slip(
            stand_in(1.0),
            "blq-as-zero",
            "You wrote next to nothing (1, since zero has no logarithm) for the bounds. The tail "
            "falls off a cliff.",
        ),
        slip(
            plain_scale,
            "linear-for-log-residuals",
            "You left the bounds out, and compared levels instead of their logarithms.",
            "Compare logarithms, and let each bound add sqrt(-2 ln Φ(z)).",
        ),
        slip(
            {"level": level * 2 ** (60 / half), "half_life": half},
            "forgot-lag",
            "The half-life is right. Your level is that of day 0, to which this phase does not "
            "even reach.",
            "The clock of this curve starts on day 60.",
        ),
    ],
    hints=[
        "Write a function of (ln L, ln h) that returns nine distances, as the notebook's does.",
        "z = ln(measured or limit, over curve) / noise. Where a sample is below, put "
        "sqrt(-2 * log_ndtr(z)) in its place; then least_squares.",
    ],
)
