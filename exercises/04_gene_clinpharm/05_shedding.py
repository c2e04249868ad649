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
# # Exercises: cleared by week 12?
#
# Type your answer in place of `...`, or change the code, and run the cell. `hint("04.17")` gives a
# first step, called again a second one. `solution("04.17")` opens once you have tried. All people
# here are simulated, and nothing here is advice.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 04.17 · A better laboratory · predict · level 1 · 4 min
#
# Late after an infusion total vector DNA in saliva falls with a half-life of {{half_life:.0f}} d. A
# laboratory whose limit of quantification is {{coarse:,.0f}} vg/mL sees it fall below that limit.
# How many **weeks** later does it fall below {{fine:,.0f}} vg/mL, the limit of a better laboratory?

# %% tags=["answer"]
p = given("04.17")  # p.half_life (d), p.coarse, p.fine (vg/mL)
weeks_later = ...  # week
# --- solution
halvings = np.log2(p.coarse / p.fine)
weeks_later = halvings * p.half_life / 7
# --- end
check("04.17", weeks_later)

# %% [markdown] tags=["worked"]
# From {{coarse:,.0f}} to {{fine:,.0f}} vg/mL takes {{halvings:.2f}} halvings of {{half_life:.0f}} d
# each: {{days:.0f}} d, or {{answer:.1f}} weeks. The better laboratory calls the same person cleared
# that much later, and nothing in the person is different.

# %% tags=["spec"]
right = np.log2(p.coarse / p.fine) * p.half_life / 7
exercise(
    "04.17",
    kind="predict",
    level=1,
    minutes=4,
    title="A better laboratory",
    answer=number(
        right,
        unit="week",
        rtol=0.02,
        when_right="One person, two limits: a difference that is neither biology nor error.",
    ),
    wrong=[
        slip(
            7 * right,
            "weeks-for-days",
            "These are days. Asked for are weeks.",
        ),
        slip(
            np.log10(p.coarse / p.fine) * p.half_life / 7,
            "log2-log10",
            "You took one half-life for each factor of ten. A half-life divides by two.",
        ),
        slip(
            np.log(p.coarse / p.fine) * p.half_life / 7,
            "ln-log2",
            "You used ln(ratio) times the half-life. ln goes with the time constant, "
            "half-life / ln(2).",
        ),
        slip(
            p.coarse / p.fine * p.half_life / 7,
            "reading",
            "You took one half-life for each fold of the limits, as on a straight line. The "
            "level falls by half in each.",
            "Count how many times you must halve the first limit to reach the second.",
        ),
        slip(
            p.coarse / p.fine / 2 * p.half_life / 7,
            "reading",
            "You divided the ratio by two once. Each half-life divides what is left by two again.",
            "Count how many times you must halve the first limit to reach the second.",
        ),
        slip(
            0.0,
            "reading",
            "The person is the same, but the day on which the level passes a lower limit is not.",
            "Count how many times you must halve the first limit to reach the second.",
        ),
    ],
    hints=[
        "How many times must you halve the first limit to reach the second?",
        "log2(coarse / fine) half-lives, in days; then divide by seven.",
    ],
    draw={
        "half_life": among(140.0, 90.0, 110.0, 170.0, 200.0),
        "coarse": among(2000.0, 1000.0, 5000.0),
        "fine": among(50.0, 100.0, 20.0),
    },
    shown={"halvings": np.log2(p.coarse / p.fine), "days": 7 * right, "answer": right},
)

# %% [markdown] tags=["exercise"]
# ## 04.18 · Cleared before it began · find-the-bug · level 2 · 8 min
#
# A matrix counts as cleared at the first of three **consecutive** samples below the limit,
# **after** the highest sample. It is dated to the first of the three. For the series below, this
# function says week 4. Right is week 12. There are three bugs. Mend the function; keep its name and
# arguments. Each series holds three such samples.

# %% tags=["answer"]
weeks = np.array([0, 1, 2, 4, 6, 8, 10, 12, 14, 16])
stool = np.array([0, 900, 15, 12, 300, 15, 40, 11, 9, 6])


def clearance(times, values, limit):
    """Time of the first of three consecutive samples below the limit, after the highest."""
    below = values < limit
    count = 0
    for index in range(len(values)):
        if below[index]:
            count += 1
        if count == 3:
            return times[index]
# --- solution


def clearance(times, values, limit):
    """Time of the first of three consecutive samples below the limit, after the highest."""
    below = values < limit
    count = 0
    for index in range(int(np.argmax(values)), len(values)):
        count = count + 1 if below[index] else 0  # a sample above the limit starts anew
        if count == 3:
            return times[index - 2]
# --- end
check("04.18", clearance)

# %% [markdown] tags=["worked"]
# Three things were wrong. The loop began at the infusion, where all is below the limit, so it must
# begin at the highest sample. The count was never set back to zero, so it took any three samples.
# And `times[index]` is the third sample, the day on which one knows. The first of the three lies
# two samples back, at `index - 2`.
#
# In the series the level is below 20 in weeks 2 and 4, and in week 8, and comes back each time.
# Only from week 12 on are three in a row below.

# %% tags=["spec"]
def variant(start, reset, back=2):
    """The rule with parts of it wrong: where it starts, what it resets, how far it looks back."""

    def wrong(times, values, limit):
        below = values < limit
        peak, count = int(np.argmax(values)), 0
        for index in range(peak if start else 0, len(values)):
            count = count + 1 if below[index] else 0 if reset else count
            if count == 3:
                return times[index - back]

    return wrong


assert variant(False, False, 0)(weeks, stool, 20) == 4 and clearance(weeks, stool, 20) == 12
exercise(
    "04.18",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="Cleared before it began",
    answer=function(
        clearance,
        probes=[
            (
                [0.0, 1, 2, 4, 6, 8, 10, 12, 14, 16],
                [0.0, 900, 15, 12, 300, 15, 40, 11, 9, 6],
                20.0,
            ),
            (
                [0.0, 1, 2, 3, 5, 8, 9, 11, 15, 20, 25],
                [2.0, 3, 1, 4, 800, 30, 7, 60, 4, 6, 2],
                10.0,
            ),
        ],
        rtol=1e-6,
        shared_slips=False,
        when_right="The first of three, in a row, after the peak.",
    ),
    wrong=[
        slip(
            variant(True, False, 2),
            "reading",
            "Start and date are mended. You still take any three samples: they must be in a row.",
            "A sample above the limit sets the count to zero.",
        ),
        slip(
            variant(False, True, 2),
            "reading",
            "The count is mended. You still count samples from before the peak. On day 0 all is "
            "below the limit, and nobody calls that clearance.",
            "Start the loop at np.argmax(values).",
        ),
        slip(
            variant(True, True, 0),
            "reading",
            "This is the third sample of the three: the day on which one knows. The rule dates "
            "clearance to the first of them.",
            "When the count is three, the first lies two samples back.",
        ),
        slip(
            variant(True, True, 3),
            "reading",
            "You look one sample too far back: that one is above the limit.",
            "When the count is three, the first lies two samples back.",
        ),
        slip(
            variant(False, True, 0),
            "reading",
            "The count starts anew above the limit, which is right. Two bugs are left: samples "
            "from before the peak count, and the date is that of the third sample.",
            "Mend one of them, and see what the series of the text gives.",
        ),
        slip(
            variant(True, False, 0),
            "reading",
            "The loop starts at the peak, which is right. Two bugs are left: the three are not in "
            "a row, and the date is that of the third sample.",
            "Mend one of them, and see what the series of the text gives.",
        ),
        slip(
            variant(False, False, 2),
            "reading",
            "The date lies two samples back, which is right. Two bugs are left: samples from "
            "before the peak count, and the three are not in a row.",
            "Mend one of them, and see what the series of the text gives.",
        ),
        slip(
            variant(True, True, 1),
            "reading",
            "This is the second sample of the three. You look one sample back, and not two.",
            "When the count is three, the first lies two samples back.",
        ),
    ],
    hints=[
        "Follow `count` by hand along the series. When should it go back to zero?",
        "Start at np.argmax(values), reset the count above the limit, return times[index - 2].",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.19 · Droplets to copies · fill-in · level 2 · 6 min
#
# A digital PCR reads `n` droplets of `volume` nL each, and `positives` of them light up. The
# sample was diluted `dilution`-fold before. Fill in `copies`, so that it gives the copies in a
# **µL** of the undiluted sample. Copies fall into droplets at random; at least one droplet stays
# dark.

# %% tags=["answer"]
def copies(positives, n, volume, dilution):
    """Copies in a µL of the undiluted sample; volume in nL."""
    return ...
# --- solution
def copies(positives, n, volume, dilution):
    """Copies in a µL of the undiluted sample; volume in nL."""
    per_droplet = -np.log(1 - positives / n)
    return per_droplet / volume * 1000 * dilution
# --- end
check("04.19", copies)

# %% [markdown] tags=["worked"]
# The share of dark droplets is $e^{-\lambda}$, with $\lambda$ copies in a droplet on average. So
# $\lambda = -\ln(1 - k/n)$. A droplet of $v$ nL holds $\lambda$ copies, a µL is 1000 nL, and the
# dilution multiplies: $1000\,\lambda\,d/v$.
#
# With few positives, $\lambda$ is close to $k/n$, and who counts positives gets away with it. With
# three quarters of the droplets positive, 46 % of the copies are missed.

# %% tags=["spec"]
def with_load(load, unit=1000.0, diluted=lambda d: d):
    """The function with another mean number of copies in a droplet."""

    def wrong(positives, n, volume, dilution):
        return load(positives / n) / volume * unit * diluted(dilution)

    return wrong


def poisson(share):
    return -np.log(1 - share)


assert round(100 * (1 - 0.75 / poisson(0.75))) == 46
exercise(
    "04.19",
    kind="fill-in",
    level=2,
    minutes=6,
    title="Droplets to copies",
    answer=function(
        copies,
        probes=[
            (15000.0, 20000.0, 0.85, 10.0),
            (4000.0, 18500.0, 0.85, 2.0),
            (18000.0, 20000.0, 0.5, 50.0),
        ],
        rtol=1e-4,
        when_right="No standard curve was needed, only an honest zero: the dark droplets.",
    ),
    wrong=[
        slip(
            with_load(lambda share: share),
            "reading",
            "You counted each positive droplet as one copy. A droplet can hold several.",
            "The share of dark droplets is exp(-λ). Solve it for λ.",
        ),
        slip(
            with_load(lambda share: -np.log(share)),
            "complement",
            "You took the logarithm of the share of positive droplets. Those that are dark obey "
            "exp(-λ).",
        ),
        slip(
            with_load(lambda share: -np.log10(1 - share)),
            "ln-log10",
            "The formula is right and the logarithm is decimal. exp(-λ) needs the natural one.",
        ),
        slip(
            with_load(poisson, diluted=lambda d: 1.0),
            "reading",
            "This is the concentration in the diluted sample. Asked for is the undiluted one.",
            "Multiply by the dilution.",
        ),
        slip(
            with_load(poisson, diluted=lambda d: 1 / d),
            "reciprocal",
            "You divided by the dilution. The undiluted sample holds more, not less.",
        ),
        slip(
            with_load(poisson, unit=1.0),
            "prefix-1000",
            "These are copies in a nL. A µL is 1000 nL.",
        ),
        slip(
            lambda positives, n, volume, dilution: (
                poisson(positives / n) * volume * 1000 * dilution
            ),
            "reading",
            "You multiplied by the volume of a droplet. The same copies in a smaller droplet are a "
            "higher concentration.",
            "Divide by the volume.",
        ),
        slip(
            lambda positives, n, volume, dilution: (
                poisson(positives / n) * n / volume * 1000 * dilution
            ),
            "reading",
            "You divided the copies of the whole well by the volume of one droplet.",
            "Copies in a droplet over the volume of a droplet.",
        ),
        slip(
            lambda positives, n, volume, dilution: poisson(positives / n) * n * dilution,
            "reading",
            "These are the copies in the whole well, times the dilution. Asked for is a µL.",
            "Copies in a droplet over the volume of a droplet; 1000 nL are a µL.",
        ),
        slip(
            lambda positives, n, volume, dilution: positives / volume * 1000 * dilution,
            "reading",
            "You took each positive droplet as one copy, and all of them over the volume of one "
            "droplet.",
            "The share of dark droplets is exp(-λ), with λ copies in one droplet.",
        ),
        slip(
            with_load(lambda share: np.log(1 - share)),
            "sign",
            "The size is right and the sign is wrong: the logarithm of a share is negative.",
        ),
    ],
    hints=[
        "Which droplets tell about zero copies, and what share of them does Poisson's law expect?",
        "λ = -ln(1 - positives / n) copies in a droplet; then per volume, per µL, times dilution.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.20 · One sentence in a report · criticise · level 3 · 8 min
#
# *"Vector DNA was cleared from semen by week 12 in all participants."* You review this sentence. In
# two or three sentences: which things must it say so that another laboratory could check it?
# Name at least three.

# %% tags=["answer"]
review = ...
# --- solution
review = (
    "It must say which assay was used, since total DNA and DNA in whole capsids clear at very "
    "different times. It must give the limit of quantification, because a lower limit makes "
    "clearance later. And it must say on which days samples were taken and how many samples in a "
    "row below the limit count as cleared."
)
# --- end
check("04.20", review)

# %% [markdown] tags=["worked"]
# Four things are missing. **The assay**: all vector DNA, or only what is inside whole capsids.
# **The limit** of quantification. **The calendar**: clearance is known only as a bracket between
# two visits. **The rule**: one sample below, or three in a row. How much each matters depends on
# the slope at the limit, so a reader wants to see the curve too.

# %% tags=["spec"]
exercise(
    "04.20",
    kind="criticise",
    level=3,
    minutes=8,
    title="One sentence in a report",
    answer=text(
        [
            idea(
                "which assay",
                [
                    "assay",
                    "which|what test|method|technique",
                    "capsid*|encapsid*|particle*|virion*|virus",
                    "total dna|vector",
                    "immunocapture|nuclease",
                    "qpcr|ddpcr|pcr",
                    "intact",
                ],
                "Vector DNA is found in two states. Which of them was counted?",
            ),
            idea(
                "the limit of quantification",
                [
                    "limit*",
                    "lloq|loq|lod",
                    "sensitiv*",
                    "detect*",
                    "threshold*|cutoff",
                    "below|under what|which concentration|level|value|number|amount",
                    "what|which concentration|level|value called|counts negative|cleared|zero",
                ],
                "Below what did the laboratory stop giving numbers?",
            ),
            idea(
                "the visits",
                [
                    "visit*|calendar|schedule*|interval*|bracket*",
                    "sampling|sampled|samples day*|week*|often|taken",
                    "days samples",
                    "how often|frequent*|regular*",
                    "often|frequent*|frequency sampl*|test*|measur*|look*",
                    "when samples",
                    "every day*|week*|month*",
                ],
                "When did anybody look, and when was the last look before week 12?",
            ),
            idea(
                "the rule",
                [
                    "in a row|consecutive",
                    "three|3 samples",
                    "how many samples|results|negative*",
                    "rule|definition|defined|define*",
                    "what|how cleared|clearance mean*|means|meant|counted|count*",
                    "one single|sample enough",
                    "repeat*|confirm*",
                ],
                "How many results below make a person cleared?",
            ),
        ],
        model=review,
        needed=3,
        also=[
            "Was this total DNA or encapsidated DNA? What was the LLOQ, and how often were samples "
            "taken? Was it three consecutive samples below the limit?",
            "Which test was used, what is the LOQ of the test, how frequently did they sample, and "
            "what does cleared mean here?",
            "It does not say whether the DNA was in whole particles or not. Below which level is "
            "a sample called negative? How often did men come?",
            "The definition of clearance is missing, and so is the detection limit of the lab. The "
            "schedule of visits decides the week as well.",
        ],
    ),
    wrong=[
        slip(
            "Semen below the limit of detection means that no virus is left and it is zero.",
            "blq-as-zero",
            "Below the limit is small and unknown. The sentence must not be read as zero.",
            patterns=PATTERNS["blq-as-zero"],
        ),
        slip(
            "The sentence is fine, because all participants were cleared and nothing is missing.",
            "reading",
            "Ask what a second laboratory would need in order to find week 12 as well.",
            patterns=[
                "sentence|report|it fine|good|complete|ok",
                "nothing missing",
                "accept the sentence|report|it",
            ],
        ),
        slip(
            "By week 12 nobody can infect a partner, so men may stop using condoms and give blood.",
            "reading",
            "The sentence is about what an assay found in a tube. It does not say what could "
            "infect anybody, and what a person should do stands in the label.",
            "Ask what a second laboratory would need in order to find week 12 as well.",
            patterns=["stop using|use condom*", "not|nobody|cannot infect*", "give|donate blood"],
        ),
    ],
    hints=[
        "What could a second laboratory do differently, with the same tubes?",
        "State of the DNA, the limit, the days of visits, the number of results in a row.",
    ],
)
