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
# # Exercises: expansion, contraction, persistence
#
# Type your answer in place of `...` and run the cell. `hint("07.1")` gives a first step, called
# again a second one. `solution("07.1")` opens once you have tried. All patients here are
# simulated.

# %%
import numpy as np

from cgtlearn import ledger
from cgtlearn.exercises import check, hint, solution

fold = ledger.value("stein2019.fold_expansion")
tmax = ledger.value("stein2019.tmax")
cmax = ledger.value("stein2019.cmax")
alpha = ledger.value("stein2019.contraction_rate")
share = ledger.value("stein2019.persistent_fraction")
beta = ledger.value("stein2019.persistence_rate")
rho = np.log(fold) / tmax

# %% [markdown] tags=["exercise"]
# ## 07.1 · Two samples on the rise · predict · level 1 · 4 min
#
# A simulated patient has 12 copies/µg on day 2 and 9,600 copies/µg on day 9. Both samples lie on
# the rise. How long does one doubling take, in days?

# %% tags=["answer"]
doubling_time = ...  # d
# --- solution
doublings = np.log2(9600 / 12)
doubling_time = (9 - 2) / doublings
# --- end
check("07.1", doubling_time)

# %% [markdown] tags=["worked"]
# Two samples on the rise are enough, and neither needs to be the dose or the peak. The level
# grows 800-fold, and $\log_2 800$ is between 9 ($2^9 = 512$) and 10 ($2^{10} = 1024$). So there
# are a bit less than ten doublings in the seven days **between the samples**: about 0.73 d each.
#
# With the growth rate it is the same: $\rho = \ln(800)/7$ per day, doubling time $\ln(2)/\rho$.
# Use one kind of logarithm in both places and the kind does not matter.

# %% tags=["spec"]
exercise(
    "07.1",
    kind="predict",
    level=1,
    minutes=4,
    title="Two samples on the rise",
    answer=number(
        7 / np.log2(800),
        unit="d",
        rtol=0.01,
        when_right="Any two samples on the rise give it; neither the dose nor the peak is needed.",
    ),
    wrong=[
        slip(
            9 / np.log2(800),
            "forgot-lag",
            "You divided nine days by the doublings. But the 12 copies/µg were there on day 2.",
            "Count the days between the two samples.",
        ),
        slip(
            7 / np.log(800),
            "ln-log2",
            "You divided by ln(800), which counts e-foldings: the time in which the level grows "
            "2.7-fold.",
        ),
        slip(
            7 / np.log10(800),
            "ln-log10",
            "You divided by log10(800), which counts tenfold steps: the time in which the level "
            "grows tenfold.",
            "A doubling needs the logarithm to base 2, or ln(800) / ln(2).",
        ),
        slip(
            np.log(800) / 7,
            "half-life-for-rate",
            "This is the growth rate, in 1/d. It is asked how long a doubling takes.",
            "doubling time = ln(2) / rate.",
        ),
        slip(
            np.log(2) * np.log(800) / 7,
            "half-life-for-rate",
            "You multiplied the growth rate by ln(2). It goes the other way round.",
            "doubling time = ln(2) / rate.",
        ),
        slip(
            np.log10(800) / 7,
            "ln-log10",
            "This is a growth rate in tenfold steps a day. It is asked how long a doubling takes.",
            "Count doublings with log2, then divide the days by them.",
        ),
        slip(
            np.log2(800),
            "total-for-rate",
            "This is how many doublings there are between the samples, which is right so far.",
            "Divide the days between the samples by it.",
        ),
        slip(
            7 / np.log2(9600),
            "reading",
            "You counted the doublings from one copy up to 9,600. The rise starts at 12.",
            "Ask how many times as high the second sample is.",
        ),
        slip(
            9 / np.log2(9600),
            "reading",
            "You used the second sample alone, as if there had been one copy on day 0.",
            "Both samples are needed: the ratio of the levels, and the days between them.",
        ),
        slip(
            7 / np.log2(9600 - 12),
            "reading",
            "You took the difference of the levels. Doublings are counted from their ratio.",
            "Ask how many times as high the second sample is.",
        ),
        slip(
            8 / np.log2(800),
            "reading",
            "You counted eight days, both ends included. From day 2 to day 9 seven days pass.",
            "Subtract the two times.",
        ),
        slip(
            7 / 9,
            "reading",
            "You rounded down to nine doublings. Cells do not double all at once, so 9.6 make "
            "sense.",
            "Keep all digits until the end.",
        ),
        slip(
            7 / 10,
            "reading",
            "You rounded up to ten doublings. Cells do not double all at once, so 9.6 make sense.",
            "Keep all digits until the end.",
        ),
        slip(
            tmax / np.log2(fold),
            "reading",
            "This is the doubling time of the typical patient in the notebook, not of this one.",
            "Use the two samples of the statement.",
        ),
        slip(
            7 / 800,
            "linear-auc",
            "You divided the days by 800. The level grows 800-fold, which is not 800 doublings.",
            "Ask how often you must multiply by 2 to reach 800.",
        ),
        slip(
            np.log10(2) * 7 / np.log(800),
            "log10-for-ln2",
            "The growth rate came from a natural logarithm, and you divided log10(2) by it.",
        ),
        slip(
            7 / 400,
            "linear-auc",
            "You took 800-fold as 400 doublings. That is counting on a straight line; doublings "
            "multiply: 2, 4, 8, 16.",
            "Ask how often you must multiply by 2 to reach 800.",
        ),
    ],
    hints=[
        "How many times as high is the second sample? How often must you double to get there?",
        "There are log2(second / first) doublings. Divide the days between the samples by that.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.2 · The curve that falls off a cliff · find-the-bug · level 2 · 7 min
#
# This function should give the transgene of the typical patient. Up to the peak it does. Just
# after the peak it falls off a cliff, within minutes. One idea is wrong, in one line. Mend it;
# keep the name and the argument.

# %% tags=["answer"]
def transgene(t):
    """Transgene in copies/µg at time t (d), one number or an array."""
    rising = cmax / fold * np.exp(rho * np.minimum(t, tmax))
    since = np.where(t > tmax, t, 0)
    falling = (1 - share) * np.exp(-alpha * since) + share * np.exp(-beta * since)
    return rising * falling
# --- solution


def transgene(t):
    """Transgene in copies/µg at time t (d), one number or an array."""
    rising = cmax / fold * np.exp(rho * np.minimum(t, tmax))
    since = np.where(t > tmax, t - tmax, 0)  # the clock of the decline starts at the peak
    falling = (1 - share) * np.exp(-alpha * since) + share * np.exp(-beta * since)
    return rising * falling
# --- end
check("07.2", transgene)

# %% [markdown] tags=["worked"]
# The decline starts at the peak, so its clock must start there too: `t - tmax`, not `t`. With `t`
# the curve behaves as if it had been falling since the infusion. At the peak it jumps down by the
# whole decline of the first nine days, to about 23 % of the peak.
#
# How to find such a bug: look at the place where two formulas meet. A level of cells cannot jump.
# Evaluate both sides a hair before and a hair after `tmax` and compare. That one test finds most
# mistakes in piecewise models.

# %% tags=["spec"]
def before_and_after(falling):
    """A transgene function with another rule for the decline."""

    def wrong(t):
        return cmax / fold * np.exp(rho * np.minimum(t, tmax)) * np.where(t > tmax, falling(t), 1)

    return wrong


def decline(fast_clock, slow_clock):
    return (1 - share) * np.exp(-alpha * fast_clock) + share * np.exp(-beta * slow_clock)


exercise(
    "07.2",
    kind="find-the-bug",
    level=2,
    minutes=7,
    title="The curve that falls off a cliff",
    answer=function(
        transgene,
        probes=[[0.0, 5.0, 9.0, 9.4, 14.0, 28.0, 90.0, 365.0], 20.0],
        rtol=1e-4,
        when_right="Both sides of the peak now meet. A test at the seam finds most such bugs.",
    ),
    wrong=[
        slip(
            lambda t: (
                cmax
                / fold
                * np.exp(rho * np.minimum(t, tmax))
                * decline(np.asarray(t) - tmax, np.asarray(t) - tmax)
            ),
            "wrong-phase",
            "After the peak it is right. Before the peak the clock now shows negative times, and "
            "the early levels are too high.",
            "Keep np.where: until the peak the clock of the decline stands at 0.",
        ),
        slip(
            before_and_after(lambda t: decline(t - tmax, t)),
            "wrong-phase",
            "The fast decline now starts at the peak. The slow one still starts at the infusion, "
            "so the tail is a few per cent too low.",
            "One clock serves both exponentials.",
        ),
        slip(
            before_and_after(lambda t: decline(tmax - t, tmax - t)),
            "sign",
            "The clock now runs backwards: after the peak the curve rises.",
        ),
        slip(
            before_and_after(lambda t: decline(t, t) / decline(tmax, tmax)),
            "forgot-lag",
            "You scaled the curve so that it meets the peak. The first weeks then look right, and "
            "the tail is four times too high: the slow part was scaled up with the fast one.",
            "Do not mend the height, mend the clock: count the time since the peak.",
        ),
        slip(
            before_and_after(lambda t: np.exp(-alpha * (t - tmax))),
            "wrong-phase",
            "The clock is right, but only the fast decline is left. The tail is missing.",
            "Keep both exponentials.",
        ),
    ],
    hints=[
        "Compute the level a hair before and a hair after the peak. Which of the two is wrong?",
        "How long has the decline been going on at time t? Compare that with `since`.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.3 · What an r² near zero allows · decide · level 2 · 5 min
#
# Among the patients of ELIANA the share of the variance of expansion that goes with dose was
# below 0.001. Doses differed 27-fold and were not assigned by chance. A project team must write
# one sentence about dose and expansion into its plan. Which one do the data carry? Answer with
# its letter, as text.

# %% tags=["answer"]
sentence = ...  # "A", "B", "C" or "D"
# --- solution
sentence = "C"
# --- end
check("07.3", sentence)

# %% [markdown] tags=["worked"]
# **C.** Three questions decide it.
#
# *Which effects are inside the interval?* With some 66 patients a correlation of 0.03 comes with
# a 95 % interval of about ±0.25. The notebook turned its upper end into a slope: a fourfold dose
# goes with less than twice the peak. Proportionality is outside, no effect is inside, and so is a
# smaller one. So A claims too much, and B claims what is excluded.
#
# *For which doses?* For those that were infused. Below the lowest there is no patient.
#
# *What could distort it?* Whoever makes few cells may make weak ones, or be sicker, or weigh
# less. That is a reason to say "in this trial", as C does. D turns the possibility into a
# finding.

# %% tags=["spec"]
exercise(
    "07.3",
    kind="decide",
    level=2,
    minutes=5,
    title="What an r² near zero allows",
    answer=choice(
        {
            "A": "Dose has no effect on expansion, so a lower dose loses nothing.",
            "B": "Expansion is proportional to dose; the scatter between patients hides it.",
            "C": "In this trial, within the doses infused, expansion was not proportional to dose; "
            "a smaller effect is not excluded.",
            "D": "Sicker patients were given more cells, and this cancelled the effect of dose.",
        },
        "C",
        when_right="It names the trial, the range, what is excluded and what is not.",
    ),
    wrong=[
        slip(
            "A",
            "absence-of-evidence",
            "A correlation near zero is an estimate with an interval. This one still allows that "
            "a fourfold lower dose nearly halves the peak. Below the lowest dose there is no "
            "patient at all.",
        ),
        slip(
            "B",
            "dose-proportional",
            "Scatter widens the interval, but the notebook computed it, scatter included: a "
            "proportional effect lies outside.",
        ),
        slip(
            "D",
            "association-as-effect",
            "Other factors may distort the relation, in either direction. That they cancelled it "
            "is a guess, and nothing in the sentence about the trial supports it.",
        ),
    ],
    hints=[
        "For each sentence ask: which effects would have to be excluded for it to be true?",
        "One sentence claims zero, one claims proportional, one claims a cause. What is left?",
    ],
)
