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
# # Exercises: one dose, levels from 2 to 119
#
# Type your answer in place of `...` and run the cell. `hint("02.9")` gives a first step, called
# again a second one. `solution("02.9")` opens once you have tried. All people here are invented.
# Nothing here is advice on how to treat a person.

# %%
from statistics import NormalDist

import numpy as np

from cgtlearn.exercises import check, given, hint, solution

normal = NormalDist()

# %% [markdown] tags=["exercise"]
# ## 02.9 · Somebody below five · predict · level 2 · 6 min
#
# A report prints a mean of {{mean:.0f}} and a median of {{median:.0f}} IU/dL, and {{n}} people.
# Suppose that their levels are log-normal. What is the chance that **at least one** of the {{n}}
# people is below 5 IU/dL? Give a fraction from 0 to 1.

# %% tags=["answer"]
p = given("02.9")  # p.mean, p.median, p.n
chance = ...  # a fraction
# --- solution
omega = np.sqrt(2 * np.log(p.mean / p.median))
one_below = normal.cdf(np.log(5 / p.median) / omega)
chance = 1 - (1 - one_below) ** p.n
# --- end
check("02.9", chance)

# %% [markdown] tags=["worked"]
# Mean over median is $e^{\omega^2/2}$, so $\omega = \sqrt{2 \ln(\text{mean}/\text{median})}$. One
# person is below 5 with the chance $q = \Phi(\ln(5/\text{median})/\omega)$, about one in a hundred.
# Nobody of $n$ is below with $(1-q)^n$; somebody is with the rest.
#
# So a low value that is rare for one person is no rarity in a trial. A printed minimum means
# something only beside the number of people it was taken from.

# %% tags=["spec"]
omega = np.sqrt(2 * np.log(p.mean / p.median))
one_below = normal.cdf(np.log(5 / p.median) / omega)
as_variance = normal.cdf(np.log(5 / p.median) / omega**2)
about_mean = normal.cdf(np.log(5 / p.mean) / omega)
without_two = normal.cdf(np.log(5 / p.median) / np.sqrt(np.log(p.mean / p.median)))
exercise(
    "02.9",
    kind="predict",
    level=2,
    minutes=6,
    title="Somebody below five",
    draw={
        "mean": among(30.0, 28.0, 33.0),
        "median": among(24.0, 22.0, 23.0),
        "n": among(45, 30, 60),
    },
    answer=number(
        1 - (1 - one_below) ** p.n,
        unit="1",
        rtol=0.02,
        when_right="Rare for one person and not for a trial: a minimum needs its number of people.",
    ),
    wrong=[
        slip(
            one_below,
            "reading",
            "That is the chance for one person. The question is about the lowest of them all.",
            "When is nobody below 5? All of them must be above.",
        ),
        slip(
            (1 - one_below) ** p.n,
            "complement",
            "That is the chance that nobody is below 5.",
        ),
        slip(
            p.n * one_below,
            "reading",
            "That is the expected number of people below 5. It counts a trial with two of them "
            "twice, and it can pass 1.",
            "Take the chance that nobody is below, and subtract it from 1.",
        ),
        slip(
            1 - (1 - as_variance) ** p.n,
            "variance-for-sd",
            "You divided by the variance of the logarithm. The normal distribution wants its SD.",
            "Take the square root of 2 ln(mean/median).",
        ),
        slip(
            1 - (1 - about_mean) ** p.n,
            "mean-for-median",
            "You measured from the mean. On a log scale the middle of a log-normal is its median.",
            "How many SDs does ln 5 lie below the logarithm of the median?",
        ),
        slip(
            1 - (1 - without_two) ** p.n,
            "reading",
            "You took the root of ln(mean/median). The 2 of the exponent is lost.",
            "Mean over median is exp(omega² / 2): solve it for omega.",
        ),
        slip(
            one_below**p.n,
            "reading",
            "That is the chance that all of them are below 5.",
            "When is nobody below 5? All of them must be above.",
        ),
    ],
    hints=[
        "Mean over median of a log-normal is exp(omega² / 2). Then ask how many omegas ln 5 lies "
        "below the logarithm of the median.",
        "Nobody is below 5 with the chance (1 - q) to the power n, where q is the chance for one.",
    ],
)

# %% [markdown]
# ### Three kinds of rows
#
# Setup for the next exercise. Of 40 invented people 9 are known as "< 3" only, 30 stand in the band
# from 5 to 40, and one has a measured level of 61 IU/dL.

# %%
low = [0, 5, 61]
high = [3, 40, 61]
count = [9, 30, 1]


def share_below(x, median, log_sd):
    """Share of a log-normal below x."""
    return normal.cdf(np.log(x / median) / log_sd) if x > 0 else 0.0


def density(x, median, log_sd):
    """Density of a log-normal at x."""
    return normal.pdf(np.log(x / median) / log_sd) / (x * log_sd)


# %% [markdown] tags=["exercise"]
# ## 02.10 · The fit that is too sure of itself · find-the-bug · level 2 · 8 min
#
# This function should give the log-likelihood of the 40 people above. Its best median comes out too
# high and its spread too narrow. One line says something about nine people that nobody knows. Mend
# it; keep the name and the arguments.

# %% tags=["answer"]
def log_likelihood(median, log_sd):
    """Log-likelihood of the rows (low, high, count); both arguments are single numbers."""
    total = 0.0
    for a, b, k in zip(low, high, count, strict=True):
        if a == b or a == 0:
            chance = density(b, median, log_sd)
        else:
            chance = share_below(b, median, log_sd) - share_below(a, median, log_sd)
        total += k * np.log(chance)
    return total
# --- solution


def log_likelihood(median, log_sd):
    """Log-likelihood of the rows (low, high, count); both arguments are single numbers."""
    total = 0.0
    for a, b, k in zip(low, high, count, strict=True):
        if a == b:
            chance = density(b, median, log_sd)
        else:
            chance = share_below(b, median, log_sd) - share_below(a, median, log_sd)
        total += k * np.log(chance)
    return total
# --- end
check("02.10", log_likelihood)

# %% [markdown] tags=["worked"]
# `or a == 0` sends "< 3" to the density: nine people are said to have been measured at exactly 3.
# Take it away. Then "< 3" is the band from 0 to 3, and `share_below(0, ...)` is zero.
#
# Nine people at one place pull the low end together, so the spread comes out narrow and the median
# high. With 1.5 instead of 3 the bias turns round and the invention stays. Dropping the nine is
# worse: they are the low ones.

# %% tags=["spec"]
def variant(nine):
    """The log-likelihood with another term for the nine people below 3."""

    def wrong(median, log_sd):
        band = share_below(40, median, log_sd) - share_below(5, median, log_sd)
        return nine(median, log_sd) + 30 * np.log(band) + np.log(density(61, median, log_sd))

    return wrong


exercise(
    "02.10",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="The fit that is too sure of itself",
    answer=function(
        log_likelihood,
        probes=[(10.0, 1.0), (14.0, 0.8), (6.0, 1.6), (20.0, 1.2)],
        rtol=1e-6,
        when_right="Nine people are known to be below 3, and nothing else is said about them.",
    ),
    wrong=[
        slip(
            variant(lambda m, s: 9 * np.log(density(1.5, m, s))),
            "blq-as-lloq",
            "Now nine people are said to have been measured at exactly 1.5. Half the limit is a "
            "value that nobody read.",
            "A band needs no value: take the share below 3.",
        ),
        slip(
            variant(lambda m, s: 0.0),
            "survivor",
            "You left the nine out. They are the low ones, so what remains is too high.",
            "They say something: they are below 3. Give that its chance.",
        ),
        slip(
            variant(lambda m, s: np.log(share_below(3, m, s))),
            "reading",
            "The chance is right, for one person. There are nine.",
            "Multiply the logarithm by the count of the row.",
        ),
        slip(
            lambda m, s: (
                np.log(share_below(3, m, s))
                + np.log(share_below(40, m, s) - share_below(5, m, s))
                + np.log(density(61, m, s))
            ),
            "reading",
            "Each row counts once here. There are nine people in one and thirty in another.",
            "Multiply the logarithm by the count of the row.",
        ),
        slip(
            variant(lambda m, s: 9 * np.log(1 - share_below(3, m, s))),
            "complement",
            "That is the chance to be above 3.",
        ),
        slip(
            variant(lambda m, s: 9 * np.log(share_below(5, m, s))),
            "reading",
            "You closed the gap: the nine are said to be below 5. The assay says below 3.",
            "Each row keeps its own limits; that nobody stands from 3 to 5 is information too.",
        ),
    ],
    hints=[
        "Follow the first row, low 0 and high 3, through the `if`. Which line does it reach?",
        "A density belongs to a measured level. What belongs to a band?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.11 · Which table can show two groups? · choose · level 2 · 6 min
#
# A mixture of two log-normals has five parameters, all unknown. You want to fit it, and to be able
# to see that it does **not** fit. Which data can do both?

# %% tags=["answer"]
table = ...  # "A", "B", "C" or "D"
# --- solution
table = "D"
# --- end
check("02.11", table)

# %% [markdown] tags=["worked"]
# **D.** Each measured value is a number of its own, and the "< 3" are a band; 110 numbers against
# five.
#
# Four bands carry three numbers, however many people stand in them: more people make the three more
# precise and do not add a fourth. Six bands carry five, so the mixture goes through all of them
# whether it is true or not. Mean, SD, median, lowest and highest are five summaries, with the same
# trouble, and the last two also depend on the number of people.
#
# That D *can* carry a mixture does not make it true. A lean to the low side without any groups is
# found as a mixture too.

# %% tags=["spec"]
exercise(
    "02.11",
    kind="choose",
    level=2,
    minutes=6,
    title="Which table can show two groups?",
    answer=choice(
        {
            "A": "Four bands of 10,000 people.",
            "B": "Six bands of 134 people.",
            "C": "Mean, SD, median, lowest and highest of 45 people.",
            "D": "110 measured levels and 24 times '< 3'.",
        },
        "D",
        when_right="Single values leave numbers over, and only those can contradict a model.",
    ),
    wrong=[
        slip(
            "A",
            "overfit",
            "Ten thousand people in four bands give three numbers, very precisely. Five parameters "
            "are not in them.",
            "Count numbers, not people: k bands of one report carry k - 1.",
        ),
        slip(
            "B",
            "overfit",
            "Six bands carry five numbers. Five parameters go through all of them, true or not.",
            "Ask what is left over after the fit. Only that can contradict it.",
        ),
        slip(
            "C",
            "overfit",
            "Five summaries for five parameters: whatever they are, something fits them, and "
            "nothing is left to contradict it.",
            "Ask what is left over after the fit. Only that can contradict it.",
        ),
    ],
    hints=[
        "How many independent numbers does each table hold? The counts of bands add up to a known "
        "whole.",
        "To see that a model fails you need more numbers than it has parameters.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.12 · An answer for a person · explain · level 3 · 7 min
#
# Of 132 people, three years after one dose of valoctocogene, 14 had a factor VIII level of 40 IU/dL
# or more, 74 between 5 and 40, 12 from 3 to 5, and 32 less than 3 (chromogenic test). The mean was
# about 18. A person asks: *what will my level be?* Answer in two or three plain sentences.
# Recommend nothing.

# %% tags=["answer"]
answer = ...  # your sentences, in quotes
# --- solution
answer = (
    "Nobody can tell you beforehand. Three years after the dose, 32 of 132 people had less than 3, "
    "most had something between 5 and 40, and 14 had 40 or more. A few high levels pull the mean "
    "up, so it says little about one person."
)
# --- end
check("02.12", answer)

# %% [markdown] tags=["worked"]
# Three things belong in it. The **spread**, in people: how many were low, in between and high. The
# **low end**, by itself: about one in four was below what the assay can read. And that **nobody
# knows beforehand** in which group one person will be.
#
# The mean does not belong in it as a forecast. In the notebook's mixture one person in eight is
# within a fifth of it, and two in three are below.

# %% tags=["spec"]
exercise(
    "02.12",
    kind="explain",
    level=3,
    minutes=7,
    title="An answer for a person",
    answer=text(
        [
            idea(
                "it cannot be known beforehand",
                [
                    "nobody|noone tell|know*|predict*|say|foresee|promise",
                    "no one|doctor|model|test tell|know*|predict*|say|foresee|promise",
                    "not tell|know*|known|predict*|say|foresee|promise|possible|clear|sure|certain",
                    "impossible|unable|hard tell|know*|predict*|say|foresee|promise",
                    "unknown|uncertain|unpredictable|unclear",
                    "no way tell*|know*|predict*|say*",
                ],
                "Say whether anybody can tell beforehand where one person will end.",
            ),
            idea(
                "the low end",
                [
                    "less|lower|fewer than 3|three|measur*|limit",
                    "below|under|beneath 3|three|limit|detect*|measur*",
                    "32|thirty|quarter|fourth below|less|under|low*|hardly|little|none",
                    "quarter|fourth|24",
                    "one in|of four",
                    "almost|hardly|barely|nearly|next nothing|no|none|any|zero",
                    "undetectable|unmeasurable",
                ],
                "Say how many ended at the low end. It is the part a mean hides.",
            ),
            idea(
                "a range of people, not one number",
                [
                    "between|from 5|3|five|three|2",
                    "most|more|majority|half|74|many between|from|5|had|of|people",
                    "14|ten|tenth|some|few|others 40|forty|more|high*",
                    "40|forty or|and more|above|higher",
                    "range*|spread|wide*|differ*|varied",
                ],
                "Give the range in people: how many were low, in between and high.",
            ),
        ],
        model="Nobody can tell you beforehand. Three years after the dose, 32 of 132 people had "
        "less than 3, most had something between 5 and 40, and 14 had 40 or more. A few high "
        "levels pull the mean up, so it says little about one person.",
        also=[
            "We cannot predict it for one person. In the trial about a quarter had less than 3 "
            "after three years, more than half had between 5 and 40, and one in ten 40 or more.",
            "People differed widely: 14 of 132 were at 40 or above, 74 from 5 to 40, 32 below 3. "
            "It is not known in advance which group somebody will be in.",
        ],
        when_right="A range in people, its low end by name, and what nobody knows.",
    ),
    wrong=[
        slip(
            "Your level will be about 18 after three years, since that is the mean of the trial.",
            "mean-for-median",
            "The mean is nobody's level: few people are near it, and two in three are below.",
            "Say how many people were low, in between and high.",
            patterns=[
                "you*|level will|would|should be|have|get about|around|near|roughly|18|eighteen",
                "expect about|around|roughly|18|eighteen",
                "will be|have 18|eighteen",
            ],
        ),
        slip(
            "Most of the people who respond stay between 5 and 40, so you will be fine with that.",
            "survivor",
            "Those who hardly responded are left out, and they are one in four. And a level is not "
            "a promise.",
            "Count all 132, and say how many were below 3.",
            patterns=[
                "people|patients|those|men who respond*",
                "will be fine|well|ok|okay|safe",
                "responders only|stay*|have|had|keep*",
            ],
        ),
        slip(
            "With a quarter below 3 I would not take it; you should stay with what you have now.",
            "reading",
            "The question was about the level. A recommendation is not yours to give, and a level "
            "does not make one.",
            "Say what happened to others and what is not known. Stop there.",
            patterns=[
                "i would not|never|take|recommend|do|choose|advise",
                "you should|must|ought|better",
                "recommend*|advise*",
            ],
        ),
    ],
    hints=[
        "What happened to 132 people, counted in people? Where is the mean among them?",
        "Name the low group, the middle and the high one, and what cannot be known beforehand.",
    ],
)
