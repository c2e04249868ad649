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
# # Exercises: factor levels over the years
#
# Type your answer in place of `...`, or change the code, and run the cell. `hint("02.3")` gives a
# first step, called again a second one. `solution("02.3")` opens once you have tried. All data
# here are simulated, and nothing is advice for anybody's treatment.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 02.1 · Carry a fall forward · predict · level 1 · 5 min
#
# After a simulated gene therapy the mean factor level was {{first:.0f}} IU/dL at year 1 and
# {{second:.0f}} IU/dL at year 3. Suppose that it falls as an exponential. Which mean do you
# forecast for year 10?

# %% tags=["answer"]
p = given("02.1")  # p.first at year 1, p.second at year 3, both in IU/dL
year_10 = ...  # IU/dL
# --- solution
falls = (10 - 1) / (3 - 1)  # how many steps of two years
year_10 = p.first * (p.second / p.first) ** falls
# --- end
check("02.1", year_10)

# %% [markdown] tags=["worked"]
# In two years the level was multiplied by {{ratio:.3f}}. From year 1 to year 10 there are nine
# years, so 4.5 such steps: {{first:.0f}} × {{ratio:.3f}} to the power 4.5, about {{answer:.1f}}
# IU/dL.
#
# The step counts from the first mean. At time 0 nobody measured, and the level was still rising.
# And remember what the notebook found: a plateau through the same two points would have said
# nearly {{second:.0f}}.

# %% tags=["spec"]
ratio = p.second / p.first
exercise(
    "02.1",
    kind="predict",
    level=1,
    minutes=5,
    title="Carry a fall forward",
    answer=number(
        year_10,
        unit="IU/dL",
        rtol=0.02,
        when_right="If it is an exponential. Two means cannot say so.",
    ),
    wrong=[
        slip(
            p.first - (p.first - p.second) / 2 * 9,
            "reading",
            "You carried a straight line forward, and it leaves the positive numbers. A level that "
            "is lost at a constant rate loses a share a year, not an amount.",
            "Multiply by the same factor in each step of two years.",
        ),
        slip(
            p.first * ratio**5,
            "forgot-lag",
            "You counted the ten years from the dose. The first mean stands at year 1, so nine "
            "years are left.",
            "Count from the point that you start at: (10 - 1) / 2 steps.",
        ),
        slip(
            p.second * ratio**4.5,
            "reading",
            "The number of steps is that from year 1, and you started from the mean of year 3.",
            "Start at year 1 with 4.5 steps, or at year 3 with 3.5.",
        ),
        slip(
            p.second * ratio**7,
            "reading",
            "You started from year 3, with seven years left. But you took the fall of two years as "
            "the fall of one, and applied it seven times.",
            "From year 3 there are 3.5 steps of two years.",
        ),
        slip(
            p.first - (p.first - p.second) / 2 * 10,
            "reading",
            "You carried a straight line forward, from year 0 at that, and it leaves the positive "
            "numbers. A level that is lost at a constant rate loses a share a year, not an amount.",
            "Multiply by the same factor in each step of two years.",
        ),
        slip(
            p.first * ratio**9,
            "reading",
            "You took the fall of two years as the fall of one, and applied it nine times.",
            "There are nine years, in steps of two.",
        ),
        slip(
            p.second,
            "reading",
            "You kept the last mean: that is a plateau. The exercise asks for an exponential.",
            "Two means give a factor for two years. Apply it again and again.",
        ),
    ],
    hints=[
        "By which factor was the level multiplied between year 1 and year 3?",
        "That factor belongs to two years. From year 1 to year 10 it acts 4.5 times.",
    ],
    draw={
        "first": between(36, 50, step=1, default=40),
        "second": between(20, 29, step=1, default=24),
    },
    shown={"ratio": ratio, "answer": year_10},
)

# %% [markdown] tags=["exercise"]
# ## 02.2 · What would speak against dying cells? · choose · level 2 · 4 min
#
# Liver cells die, their episomes with them, and the cells that replace them have none. Which
# finding would speak against this as the **only** cause of falling levels?

# %% tags=["answer"]
finding = ...  # "a", "b", "c" or "d"
# --- solution
finding = "b"
# --- end
check("02.2", finding)

# %% [markdown] tags=["worked"]
# A cell that dies takes its episomes along, whatever gene is on them. So in one kind of cell all
# products lose the same share in a year. Two products with different shares need another cause.
#
# Heights differ by dose, synthesis and clearance, and none of these is in the late slope. People
# may replace their liver cells at different pace. And a protein that leaves in half a day only
# shows sooner what production does.

# %% tags=["spec"]
exercise(
    "02.2",
    kind="choose",
    level=2,
    minutes=4,
    title="What would speak against dying cells?",
    answer=choice(
        {
            "a": "At year 1 the mean of product A is twice that of product B.",
            "b": "From year 2 to year 5 product A loses 5 % of its level a year, product B 30 %, "
            "in the same kind of cell.",
            "c": "One person loses 5 % a year, another with the same product 10 %.",
            "d": "The protein of product B leaves the plasma three times as fast.",
        },
        "b",
        when_right="The loss of cells does not know which gene they carry.",
    ),
    wrong=[
        slip(
            "a",
            "reading",
            "This is about height. Dose, synthesis and clearance set the height; dying cells say "
            "nothing about it.",
            "Look for a finding about the slope.",
        ),
        slip(
            "c",
            "reading",
            "People may replace their liver cells at different pace. Two slopes in two livers are "
            "compatible with dying cells.",
            "Look for two slopes where the cells are of one kind, on average.",
        ),
        slip(
            "d",
            "reading",
            "Clearance sets how high the level gets and how soon it follows production. After "
            "weeks the slope is that of production, for a fast protein and for a slow one.",
            "Compare the two factors that you built in the notebook.",
        ),
    ],
    hints=[
        "What do synthesis, clearance and dose set: the height or the late slope?",
        "Dying cells give every product in them one slope. What would contradict that?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.3 · A part that stays · fit · level 3 · 12 min
#
# Eight simulated means after a gene therapy, all equally certain:
#
# | year | 1 | 1.5 | 2 | 3 | 4 | 5 | 6 | 7 |
# |---|---|---|---|---|---|---|---|---|
# | IU/dL | 43.0 | 33.0 | 27.7 | 20.5 | 17.4 | 14.1 | 12.3 | 11.6 |
#
# Fit $F(t) = P + A\,2^{-(t - 1)/h}$ by least squares: the part $P$ that stays, the part $A$ at
# year 1 that fades, and its half-life $h$.

# %% tags=["answer"]
years = np.array([1, 1.5, 2, 3, 4, 5, 6, 7])
means = np.array([43.0, 33.0, 27.7, 20.5, 17.4, 14.1, 12.3, 11.6])  # IU/dL

found = {"stays": ..., "fades": ..., "half_life": ...}  # IU/dL, IU/dL, years
# --- solution


def heights(h):
    """The best P and A for this half-life, and what is left of squares."""
    shapes = np.column_stack([np.ones(years.size), 2 ** (-(years - 1) / h)])
    best, *_ = np.linalg.lstsq(shapes, means, rcond=None)
    return best, np.sum((means - shapes @ best) ** 2)


half = min(np.linspace(0.2, 5, 4801), key=lambda h: heights(h)[1])
(stays, fades), _ = heights(half)
found = {"stays": stays, "fades": fades, "half_life": half}
# --- end
check("02.3", found)

# %% [markdown] tags=["worked"]
# For a given half-life the two heights are a linear problem, so one line of NumPy solves it. Try
# many half-lives, keep the best: about 11.3 IU/dL stay, 31.0 fade with a half-life of 1.12 years.
# The data were simulated with 12, 32 and 1 year.
#
# Eight means tell a plateau from an exponential: without $P$ the half-life is 2.7 years, and the
# curve misses the last mean by 3 IU/dL. But *stays* means *has stayed until year 7*. A slow part
# with a half-life of twenty years fits these points as well.

# %% tags=["spec"]
from scipy.optimize import curve_fit


def by(curve, start, y=means):
    """Least squares of another curve."""
    return curve_fit(curve, years, y, start, xtol=1e-12, ftol=1e-12)[0]


top, only = by(lambda t, a, h: a * 2 ** (-(t - 1) / h), [40, 2])
line = np.polyfit(years, np.log(means), 1)
from_lowest = np.polyfit(years[:-1], np.log(means[:-1] - means[-1]), 1)
assert [round(x, 2) for x in found.values()] == [11.31, 30.96, 1.12] and round(only, 1) == 2.7


def left_over(slow):
    """Sum of squares when the slow part has this half-life, in place of staying."""

    def curve(t, b, a, h):
        return b * 2 ** (-(t - 1) / slow) + a * 2 ** (-(t - 1) / h)

    return np.sum((means - curve(years, *by(curve, [11, 31, 1]))) ** 2)


assert left_over(20) < 1.1 * left_over(1e9)  # "fits these points as well"
assert round(means[-1] - top * 2 ** (-6 / only)) == 3
exercise(
    "02.3",
    kind="fit",
    level=3,
    minutes=12,
    title="A part that stays",
    answer=fit(
        lambda t, p: p.stays + p.fades * np.exp(-np.log(2) * (t - 1) / p.half_life),
        {
            "stays": (stays, "IU/dL", 0.03),
            "fades": (fades, "IU/dL", 0.03),
            "half_life": (half, "year", 0.03),
        },
        x=years,
        y=means,
        x_name="year",
        x_unit="",
        y_unit="IU/dL",
        when_right="It has stayed until year 7. Nobody has seen year 20.",
    ),
    wrong=[
        slip(
            {"stays": 0.0, "fades": top, "half_life": only},
            "reading",
            "This is one exponential: nothing stays. It misses the first and the last means.",
            "Give the curve a part that does not fall.",
        ),
        slip(
            {"stays": 0.0, "fades": np.exp(line[1] + line[0]), "half_life": -np.log(2) / line[0]},
            "reading",
            "This is a straight line through the logarithms: one exponential. A sum of two parts "
            "is not straight on a log axis.",
            "Give the curve a part that does not fall, and compare levels.",
        ),
        slip(
            {
                "stays": means[-1],
                "fades": np.exp(from_lowest[1] + from_lowest[0]),
                "half_life": -np.log(2) / from_lowest[0],
            },
            "reading",
            "You took the last mean as the plateau and subtracted it. The last mean is one point "
            "with its noise, and the fading part is still in it.",
            "Let the fit find the part that stays, together with the rest.",
        ),
        slip(
            {"stays": fades, "fades": stays, "half_life": half},
            "reading",
            "The numbers are right, and two are exchanged: the larger part fades.",
            "At the end of the table little more than the part that stays is left.",
        ),
        slip(
            {"stays": stays, "fades": fades, "half_life": np.log(2) / half},
            "half-life-for-rate",
            "The parts are right. The third number is the rate of loss in 1/year.",
            "A half-life is ln(2) over the rate.",
        ),
        slip(
            {"stays": stays, "fades": fades, "half_life": half / np.log(2)},
            "ln-log2",
            "The parts are right. The third number is the time constant, in which the fading part "
            "falls to 1/e and not to a half.",
            "Multiply by ln(2).",
        ),
        slip(
            {"stays": stays, "fades": fades * 2 ** (1 / half), "half_life": half},
            "forgot-lag",
            "Your A belongs to time 0. Here the clock starts at year 1.",
            "Write 2 to the power -(t - 1)/h.",
        ),
    ],
    hints=[
        "If you knew the half-life, which kind of problem would P and A be?",
        "For each of many half-lives solve for P and A with np.linalg.lstsq; keep the one with the "
        "smallest sum of squares.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.4 · A forecast that came true · criticise · level 3 · 8 min
#
# A slide for a board says: *"Our exponential model predicted 33.5 % for year five, with a 95 %
# interval from 6.5 to 104.3. We observed 36.7 %. The model is validated."*
#
# In two or three sentences: why does this comparison hardly test the model, and what would tell a
# plateau from a slow decline?

# %% tags=["answer"]
criticism = ...  # your sentences, in quotes
# --- solution
criticism = (
    "The interval is so wide that it also holds a plateau and a loss of half, so nearly every "
    "result would have agreed with it. Longer follow-up of the same people, with their own courses "
    "and with those who left, would tell a plateau from a slow decline."
)
# --- end
check("02.4", criticism)

# %% [markdown] tags=["worked"]
# A test can fail. This interval spans a factor of sixteen: no loss since month 6 lies inside, and
# so does a loss of half. So agreement was nearly certain beforehand, whichever form is right. The
# same numbers would "validate" a plateau.
#
# What would help is what makes the forms differ by more than the uncertainty: later years, more
# people, or above all the courses of the same people, in which differences between them drop out.
# And a word on who left before year five.

# %% tags=["spec"]
exercise(
    "02.4",
    kind="criticise",
    level=3,
    minutes=8,
    title="A forecast that came true",
    answer=text(
        [
            idea(
                "the interval holds nearly everything",
                [
                    "interval|range|it|uncertainty|prediction|forecast wide|broad|large|huge|"
                    "enormous|vague",
                    "wide|broad|large|huge|vague interval|range|uncertainty|prediction|forecast",
                    "factor|fold 16|sixteen",
                    "16|sixteen fold",
                    "accept*|agree* any*|every*|almost|nearly|most|all|both|10|100|plateau|either",
                    "hold*|includ*|contain*|cover*|allow*|span*|admit*|permit* "
                    "both|no|any*|every*|almost|nearly|many|most|all|plateau|loss|decline|half|"
                    "halv*|values|levels|results|39|20|else|other*|too|also|much",
                    "also|too|both|well "
                    "hold*|includ*|contain*|cover*|allow*|inside|within|lie*|fit*",
                    "loss|half|39|20|anything|everything inside|within|fit*|agree*|lie*",
                    "plateau inside|within|agree*|lie*|also|too",
                    "lie*|lay|falls|inside|within well|too|also|both|same",
                    "any*|every*|almost|nearly|many|most|all|no|practically|virtually "
                    "result*|value*|outcome*|mean|number*|agree*|fit*|inside|compatible|pass*",
                    "compatible|consistent|agree* with plateau|both|all|any*|every*|no|it|almost",
                    "both inside|within|compatible|consistent|fit*|agree*",
                    "could|can not|never|hardly|nothing fail*|wrong|lose|miss*",
                    "nothing|never fail*|failed",
                ],
                "Look at the interval: which other results would have lain inside?",
            ),
            idea(
                "what would tell them apart",
                [
                    "long*|later|more|further|extended|additional follow*|year*|time|data|people|"
                    "patient*|participant*|point*|visit*|measurement*|sample*|observation*",
                    "same|individual*|each|every|own people|patient*|person*|participant*|course*|"
                    "data|level*|trajector*|slope*",
                    "within person|patient|individual",
                    "year|years 10|15|20|ten|fifteen|twenty",
                    "longitudinal|repeated|courses",
                    "follow* longer|on|up",
                    "narrow*|smaller interval|uncertainty|sd|se|error",
                ],
                "Say which data would make a plateau and a decline differ by more than the "
                "uncertainty.",
            ),
        ],
        model="The interval is so wide that it also holds a plateau and a loss of half, so nearly "
        "every result would have agreed with it. Longer follow-up of the same people would tell a "
        "plateau from a slow decline.",
        also=[
            "Anything between 6.5 and 104 would have counted as a success, so the forecast could "
            "hardly fail. One needs the individual courses over more years.",
            "No loss at all lies within the same limits and is just as consistent with the data. "
            "Following participants longer, with a narrower uncertainty, would separate the two.",
        ],
        when_right="A test that cannot fail is not a test.",
    ),
    wrong=[
        slip(
            "Observed 36.7 is higher than predicted 33.5, so exponential decay is wrong and there "
            "is a plateau for good.",
            "absence-of-evidence",
            "You read the difference of three points as evidence for a plateau. The interval holds "
            "both numbers and many more.",
            "Ask first what the forecast would have excluded.",
            patterns=[
                "exponential|decay|model is|was wrong|refuted|disproved|rejected|false",
                "so|hence|therefore exponential|decay|model too pessimistic|low|steep|fast",
                "plateau fits better|best",
                "so|proves|shows|hence|therefore plateau|stable|lasts|forever",
                "plateau is|was proven|proved|confirmed",
            ],
        ),
        slip(
            "The observed value is close to the prediction, so the model is validated and we can "
            "use it for twenty years.",
            "correlation-for-agreement",
            "You agree with the slide. Two close numbers say little when the interval between them "
            "and the edge is huge.",
            "Compute what else lies inside the interval.",
            patterns=[
                "model|it is|was validated|confirmed|proven|correct|right|good",
                "so|therefore|hence use|trust|rely model|it",
            ],
        ),
    ],
    hints=[
        "Month 6 was 39. Does *no loss at all* lie inside the interval? Does *half is lost*?",
        "Say that nearly every result was inside. Then name data in which the two forms differ by "
        "more than the uncertainty.",
    ],
)
