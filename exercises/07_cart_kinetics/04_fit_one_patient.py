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
            "blq-as-zero",
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
# Which criticism goes to the root? Answer with its letter, as text.

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
            "blq-as-zero",
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
