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
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn import ledger
from cgtlearn.exercises import check, given, hint, set_learner, solution

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
# A simulated patient has {{first:.0f}} copies/µg on day 2 and {{second:,.0f}} copies/µg
# on day {{late:.0f}}. Both samples lie on the rise. How long does one doubling take, in days?

# %% tags=["answer"]
p = given("07.1")  # p.first copies/µg on day 2, p.second copies/µg on day p.late
doubling_time = ...  # d
# --- solution
doublings = np.log2(p.second / p.first)
doubling_time = (p.late - 2) / doublings
# --- end
check("07.1", doubling_time)

# %% [markdown] tags=["worked"]
# Two samples on the rise are enough, and neither needs to be the dose or the peak. The level
# grows {{fold:,.0f}}-fold, which lies between $2^{ {{lower:.0f}} }$ and $2^{ {{upper:.0f}} }$. So
# there are some {{doublings:.1f}} doublings in the {{days:.0f}} days **between the samples**: about
# {{answer:.2f}} d each.
#
# With the growth rate it is the same: $\rho = \ln({{fold:.0f}})/{{days:.0f}}$ per day, doubling
# time $\ln(2)/\rho$.
# Use one kind of logarithm in both places and the kind does not matter.

# %% tags=["spec"]
fold_seen, gap = p.second / p.first, p.late - 2
exercise(
    "07.1",
    kind="predict",
    level=1,
    minutes=4,
    title="Two samples on the rise",
    answer=number(
        doubling_time,
        unit="d",
        rtol=0.01,
        when_right="Any two samples on the rise give it; neither the dose nor the peak is needed.",
    ),
    wrong=[
        slip(
            p.late / doublings,
            "forgot-lag",
            "You divided {{late:.0f}} days by the doublings. But the {{first:.0f}} copies/µg were "
            "there on day 2.",
            "Count the days between the two samples.",
        ),
        slip(
            gap / np.log(fold_seen),
            "ln-log2",
            "You divided by ln({{fold:.0f}}), which counts e-foldings: the time in which the level "
            "grows 2.7-fold.",
        ),
        slip(
            gap / np.log10(fold_seen),
            "log2-log10",
            "You divided by log10({{fold:.0f}}), which counts tenfold steps: the time in which the "
            "level grows tenfold.",
            "A doubling needs the logarithm to base 2, or ln({{fold:.0f}}) / ln(2).",
        ),
        slip(
            np.log(fold_seen) / gap,
            "half-life-for-rate",
            "This is the growth rate, in 1/d. It is asked how long a doubling takes.",
            "doubling time = ln(2) / rate.",
        ),
        slip(
            np.log(2) * np.log(fold_seen) / gap,
            "half-life-for-rate",
            "You multiplied the growth rate by ln(2). It goes the other way round.",
            "doubling time = ln(2) / rate.",
        ),
        slip(
            np.log10(fold_seen) / gap,
            "log2-log10",
            "This is a growth rate in tenfold steps a day. It is asked how long a doubling takes.",
            "Count doublings with log2, then divide the days by them.",
        ),
        slip(
            doublings,
            "total-for-rate",
            "This is how many doublings there are between the samples, which is right so far.",
            "Divide the days between the samples by it.",
        ),
        slip(
            gap / np.log2(p.second),
            "reading",
            "You counted the doublings from one copy up to {{second:,.0f}}. The rise starts at "
            "{{first:.0f}}.",
            "Ask how many times as high the second sample is.",
        ),
        slip(
            p.late / np.log2(p.second),
            "reading",
            "You used the second sample alone, as if there had been one copy on day 0.",
            "Both samples are needed: the ratio of the levels, and the days between them.",
        ),
        slip(
            gap / np.log2(p.second - p.first),
            "reading",
            "You took the difference of the levels. Doublings are counted from their ratio.",
            "Ask how many times as high the second sample is.",
        ),
        slip(
            (gap + 1) / doublings,
            "reading",
            "You counted both ends. From day 2 to day {{late:.0f}} it is {{days:.0f}} days.",
            "Subtract the two times.",
        ),
        slip(
            gap / np.floor(doublings),
            "reading",
            "You rounded the doublings down to {{lower:.0f}}. Cells do not double all at once, so "
            "{{doublings:.1f}} make sense.",
            "Keep all digits until the end.",
        ),
        slip(
            gap / np.ceil(doublings),
            "reading",
            "You rounded the doublings up to {{upper:.0f}}. Cells do not double all at once, so "
            "{{doublings:.1f}} make sense.",
            "Keep all digits until the end.",
        ),
        slip(
            tmax / np.log2(fold),
            "reading",
            "This is the doubling time of the typical patient in the notebook, not of this one.",
            "Use the two samples of the statement.",
        ),
        slip(
            gap / fold_seen,
            "linear-auc",
            "You divided the days by {{fold:.0f}}. The level grows {{fold:.0f}}-fold, which is not "
            "{{fold:.0f}} doublings.",
            "Ask how often you must multiply by 2 to reach {{fold:.0f}}.",
        ),
        slip(
            np.log10(2) * gap / np.log(fold_seen),
            "log10-for-ln2",
            "The growth rate came from a natural logarithm, and you divided log10(2) by it.",
        ),
        slip(
            2 * gap / fold_seen,
            "linear-auc",
            "You took {{fold:.0f}}-fold as half as many doublings. That is counting on a straight "
            "line; doublings multiply: 2, 4, 8, 16.",
            "Ask how often you must multiply by 2 to reach {{fold:.0f}}.",
        ),
    ],
    hints=[
        "How many times as high is the second sample? How often must you double to get there?",
        "There are log2(second / first) doublings. Divide the days between the samples by that.",
    ],
    draw={
        "first": among(12.0, 6.0, 24.0),
        "second": among(9600.0, 8500.0, 10800.0, 13900.0, 15500.0, 17200.0, 19600.0),
        "late": among(9.0, 7.0, 12.0),
    },
    shown={
        "fold": fold_seen,
        "days": gap,
        "doublings": doublings,
        "lower": np.floor(doublings),
        "upper": np.ceil(doublings),
        "answer": doubling_time,
    },
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
# one sentence about dose and expansion into its plan. Which one do the data carry?

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

# %% [markdown] tags=["exercise"]
# ## 07.19 · A quarter of the cells, in your words · explain · level 2 · 6 min
#
# A colleague from small molecules asks: *she got a quarter of the cells; why do you not expect a
# quarter of the peak?* Answer in two or three sentences. What makes up for the missing cells? And
# what would have to end the growth for that to hold?

# %% tags=["answer"]
explanation = ...  # your sentences, in quotes
# --- solution
explanation = (
    "CAR T cells divide, so a quarter of the cells is only two doublings behind. If the growth "
    "ends when the antigen is gone, the peak comes a day or two later and is as high."
)
# --- end
check("07.19", explanation)

# %% [markdown] tags=["worked"]
# A tablet is all there is; it can only become less. A CAR T cell divides some twelve times, and two
# more doublings make a quarter whole. That is the first half.
#
# The second half decides: **what ends the growth?** If it is the antigen, cells go on until it is
# gone, and fewer cells get there later and as high. If it is a clock, they stop on a day and stay
# fewer. The curve alone does not tell the two apart, and the trial's interval excludes
# proportionality, not a smaller loss.

# %% tags=["spec"]
exercise(
    "07.19",
    kind="explain",
    level=2,
    minutes=6,
    title="A quarter of the cells, in your words",
    answer=text(
        [
            idea(
                "the cells divide",
                [
                    "cell*|they|it divid*|double*|multipl*|expand*|grow*|proliferat*|replicat*",
                    "doubling*|division*|divisions|divide|doublings|proliferation",
                    "self replicat*|renew*",
                ],
                "Say what a CAR T cell does in the body that a tablet does not.",
            ),
            idea(
                "the antigen ends the growth",
                [
                    "antigen*|target*|tumor|tumour|burden|leukemia|leukaemia|disease|cd19|b "
                    "end*|stop*|limit*|drive*|drives|gone|clear*|runs|run|decid*|determin*|set*|"
                    "control*|left|eliminat*|kill*|exhaust*|disappear*|used",
                    "end*|stop*|grow*|expan*|divid*|driven|until|limited|determined|depend*|"
                    "decided|set|controlled|clear*|run|without|no|remov*|proliferat*|remaining "
                    "antigen*|target*|tumor|tumour|burden|leukemia|leukaemia|disease|cd19",
                    "out|long|amount antigen*|target*|tumor|tumour|burden|leukemia|leukaemia",
                ],
                "Say what the cells grow on, and what therefore makes them stop.",
            ),
        ],
        model="CAR T cells divide, so a quarter of the cells is only two doublings behind. If the "
        "growth ends when the antigen is gone, the peak comes a day or two later and is as high.",
        also=[
            "The cells multiply after the infusion and two extra doublings make up for the "
            "fourfold smaller dose. This needs expansion that goes on until the target is cleared, "
            "and not for a fixed number of days.",
            "Expansion depends on tumor burden, not on how many were infused, because they "
            "proliferate when they meet it.",
        ],
        when_right="And if a clock ended the growth, the missing factor would stay.",
    ),
    wrong=[
        slip(
            "The peak will be a quarter as well, because exposure is always proportional to dose.",
            "dose-proportional",
            "You carry the rule of the tablet over: proportional exposure belongs to what cannot "
            "multiply.",
            patterns=[
                "always|still|also|too proportional",
                "so|because|therefore|hence exposure|peak|cmax|auc proportional",
                "quarter cells give*|mean*|makes|yields quarter",
                "fewer|less cells so|mean*|therefore lower|less|smaller peak|exposure|expansion",
            ],
        ),
        slip(
            "The trial found that the dose does not matter, so there is nothing to explain here.",
            "absence-of-evidence",
            "You take *no relation was observed* for *dose does nothing*. The interval still "
            "allows that a quarter of the dose nearly halves the peak.",
            "Say what the cells do, and what the argument needs.",
            patterns=[
                "dose is|does|has not|no|never matter*|effect|influence|role|relevant|count",
                "dose irrelevant|unimportant",
            ],
        ),
        slip(
            "The cells divide for a fixed time, so the peak is the same.",
            "reading",
            "In a fixed time all grow by the same factor. Then a quarter stays a quarter.",
            "Ask what must end the growth so that fewer cells can catch up.",
            patterns=[
                "fixed|certain|set time|period|days so|and|then same|as|catch*|equal*",
                "fixed|certain|set time|period|days so|and|then peak|level|exposure same|as|equal*",
            ],
        ),
    ],
    hints=[
        "How many doublings does it take to make up for a factor of four?",
        "Say that the cells divide; then name what they divide on, and what happens when it is "
        "gone.",
    ],
)
