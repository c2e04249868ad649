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
# # Exercises: reductions, and what data can tell
#
# Type your answer in place of `...` and run the cell. `hint("04.5")` gives a first step, called
# again a second one. `solution("04.5")` opens once you have tried.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 04.5 · The lag of four boxes · predict · level 1 · 5 min
#
# A chain has one slow step and four fast ones. Vector leaves blood with a half-life of
# {{blood:.1f}} d and the endosome with one of {{endosome:.1f}} h. The messenger RNA has a half-life
# of {{mrna:.0f}} h, the protein one of {{protein:.1f}} d. You replace the four fast boxes by one
# lag. How many **days** is it?

# %% tags=["answer"]
p = given("04.5")  # p.blood (d), p.endosome (h), p.mrna (h), p.protein (d): half-lives
lag = ...  # d
# --- solution
half_lives = np.array([p.blood, p.endosome / 24, p.mrna / 24, p.protein])  # d
lag = np.sum(half_lives / np.log(2))
# --- end
check("04.5", lag)

# %% [markdown] tags=["worked"]
# Whatever leaves at a constant rate stays for $1/k$ on average, and $k = \ln 2$ over the half-life.
# So each wait is the half-life divided by 0.693, and waits in a row add up: {{lag:.1f}} d. Half of
# the molecules are gone after a half-life, but the late half stays long, so the mean is larger.
#
# Waiting times add whatever their order. That is why one lag can stand for four boxes once the
# slow step has begun to dominate.

# %% tags=["spec"]
exercise(
    "04.5",
    kind="predict",
    level=1,
    minutes=5,
    title="The lag of four boxes",
    answer=number(
        lag,
        unit="d",
        rtol=0.02,
        when_right="Mean waits add up, in whatever order the boxes stand.",
    ),
    wrong=[
        slip(
            np.sum(half_lives),
            "half-life-for-rate",
            "You added the half-lives. A half-life is the median wait, and medians do not add up.",
            "The mean wait in a box is one over its rate.",
        ),
        slip(
            np.sum(half_lives) * np.log(2),
            "half-life-for-rate",
            "You multiplied the half-lives by ln 2. The rate is ln 2 over the half-life, and the "
            "wait one over the rate.",
        ),
        slip(
            np.max(half_lives) / np.log(2),
            "forgot-lag",
            "This is the wait in the slowest of the four alone. The others are shorter, and they "
            "come on top.",
        ),
        slip(
            1 / np.sum(np.log(2) / half_lives),
            "reciprocal",
            "You added the rates and took one over the sum. That is the wait in one box with four "
            "exits. Here the boxes stand in a row.",
            "In a row the waits add up, not the rates.",
        ),
        slip(
            np.sum(np.array([p.blood, p.endosome, p.mrna, p.protein]) / np.log(2)),
            "hours-for-days",
            "You added hours to days. Two of the half-lives are in hours.",
        ),
    ],
    hints=[
        "How long does a molecule stay in a box on average, when it leaves at the rate k?",
        "The sum of half-life / ln 2 over the four boxes, all of them in days.",
    ],
    draw={
        "blood": among(2.5, 2.0, 3.0, 1.5),
        "endosome": among(1.5, 1.0, 0.8),
        "mrna": among(12.0, 10.0, 16.0, 7.0),
        "protein": among(1.0, 0.8, 1.2),
    },
    shown={"lag": lag},
)

# %% [markdown] tags=["exercise"]
# ## 04.6 · One step, and a pace that is wrong · find-the-bug · level 2 · 8 min
#
# This function lumps transduction into one step. `waiting` genomes start in nuclei. They become
# episomes at the rate `conversion` or are lost at the rate `loss`; episomes are lost at the rate
# `decline` (all 1/d). The plateau comes out right. But with the rates of the notebook half of the
# plateau is reached after 349 d, and the solver of the full chain says about 35 d. One idea is
# wrong. Mend the function; keep its name and arguments.


# %% tags=["answer"]
def episomes(t, waiting, conversion, loss, decline):
    """Episomes at t (d), from genomes that wait in nuclei at time 0."""
    rise = conversion
    chance = conversion / (conversion + loss)
    return waiting * chance * rise / (rise - decline) * (np.exp(-decline * t) - np.exp(-rise * t))


# --- solution
def episomes(t, waiting, conversion, loss, decline):
    """Episomes at t (d), from genomes that wait in nuclei at time 0."""
    rise = conversion + loss  # a box empties through all of its exits
    chance = conversion / (conversion + loss)
    return waiting * chance * rise / (rise - decline) * (np.exp(-decline * t) - np.exp(-rise * t))


# --- end
check("04.6", episomes)

# %% [markdown] tags=["worked"]
# A box with two exits empties at the **sum** of their rates. The share that takes one exit is that
# exit's rate over the sum. The starter had the share right and the pace wrong: it let episomes
# arrive as slowly as the conversion alone, although most genomes are degraded long before that.
# Nothing can arrive from a box that is empty.
#
# So the pace of the rise tells nothing about the rate of conversion. A fast rise may be a fast
# loss.


# %% tags=["spec"]
def one_step(t, waiting, onward, pace, decline, chance=1.0):
    return waiting * chance * onward / (pace - decline) * (np.exp(-decline * t) - np.exp(-pace * t))


grid = np.linspace(0.5, 2000, 40_000)
c, n = 0.00198609, 0.0178748
reached = [
    grid[np.argmax(one_step(grid, 1.0, k, k, 1e-9) >= 0.5 * one_step(1e6, 1.0, k, k, 1e-9))]
    for k in (c, c + n)
]
assert round(float(reached[0])) == 349 and round(float(reached[1])) == 35

exercise(
    "04.6",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="One step, and a pace that is wrong",
    answer=function(
        episomes,
        probes=[
            (30.0, 1000.0, 0.002, 0.018, 0.0002),
            (200.0, 1000.0, 0.01, 0.01, 0.001),
            (60.0, 50.0, 0.03, 0.01, 0.0),
        ],
        rtol=1e-6,
        shared_slips=False,
        when_right="A box empties through all of its exits at once.",
    ),
    wrong=[
        slip(
            lambda t, w, c, n, d: one_step(t, w, n, n, d, c / (c + n)),
            "reading",
            "Now the pace is that of the loss alone. Genomes leave by both exits at once.",
            "At which rate does a box with two exits empty?",
        ),
        slip(
            lambda t, w, c, n, d: one_step(t, w, c + n, c + n, d),
            "complement",
            "The pace is right, and every genome becomes an episome. The plateau was right before.",
            "Put the share of the genomes that take the right exit back.",
        ),
        slip(
            lambda t, w, c, n, d: one_step(t, w, c, c + n, d, c / (c + n)),
            "reading",
            "The pace is right, but the share counts twice: conversion over the sum of the exits "
            "stands there as the chance, and once more in the first fraction.",
            "Set `rise` once, and leave the other lines as they were.",
        ),
        slip(
            lambda t, w, c, n, d: one_step(t, w, *2 * [np.log(2) / (c + n)], d, c / (c + n)),
            "half-life-for-rate",
            "You set the rise to ln 2 over the sum: that is a half-life. The function wants the "
            "rate.",
            "Use the sum of the exits as it is.",
        ),
        slip(
            lambda t, w, c, n, d: one_step(t, w, c + n + d, c + n + d, d, c / (c + n)),
            "reading",
            "You let genomes in nuclei be lost at the decline of the episomes as well. Here only "
            "conversion and loss empty the nucleus.",
            "Read the statement again: which rates belong to the waiting genomes?",
        ),
        slip(
            lambda t, w, c, n, d: w * c / (c + n) * (1 - np.exp(-(c + n) * t)),
            "forgot-lag",
            "The rise is right, and the episomes now last for ever. Their decline is gone.",
            "Only the pace of the rise had to change.",
        ),
    ],
    hints=[
        "The plateau is right, so the share is. Which line sets how fast the plateau is reached?",
        "A box with two exits empties at the sum of both rates. Set rise to that.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.7 · A tenth of the level · choose · level 2 · 5 min
#
# A simulated person has a tenth of the typical factor IX at month six. Infused factor IX leaves at
# the usual pace. Two explanations stand: few genomes **arrived**, or genomes arrived and are hardly
# **read**. You may add one kind of measurement. Which one tells the two apart, by itself, beside
# the factor IX?
#
# - `a` · Factor IX once a week for another year
# - `b` · Vector DNA in blood, from a frozen sample of each day of the first three weeks
# - `c` · Vector genomes in a biopsy of the liver
# - `d` · Messenger RNA in a biopsy of the liver

# %% tags=["answer"]
choice_made = ...  # "a", "b", "c" or "d"
# --- solution
choice_made = "c"
# --- end
check("04.7", choice_made)

# %% [markdown] tags=["worked"]
# Factor IX is proportional to arrival times reading. To separate them you need an assay that one of
# them moves and the other does not. Genomes in a biopsy move with arrival alone: `c`.
#
# Messenger RNA stands behind both: it is a tenth in either story. Beside the genomes it would be
# worth much, because then it says where the reading is lost. Vector in blood shows how fast vector
# leaves, not where it goes. More factor IX makes the product more precise, and only the product.
#
# Not even `c` is clean: its qPCR counts genomes that still wait outside the nucleus.

# %% tags=["spec"]
exercise(
    "04.7",
    kind="choose",
    level=2,
    minutes=5,
    title="A tenth of the level",
    answer=choice(
        {
            "a": "Factor IX once a week for another year",
            "b": "Vector DNA in blood, from a frozen sample of each day of the first three weeks",
            "c": "Vector genomes in a biopsy of the liver",
            "d": "Messenger RNA in a biopsy of the liver",
        },
        "c",
        when_right="It moves with arrival and not with reading.",
    ),
    wrong=[
        slip(
            "a",
            "overfit",
            "More samples of one quantity make the product more precise. Its two factors stay "
            "tied, however many there are.",
            "Look for an assay that sees one factor and not the other.",
        ),
        slip(
            "b",
            "qpcr-flow",
            "Blood shows how fast vector leaves it, the sum of all exits. It does not show which "
            "part went to the liver, and nothing of what came later.",
            "Look for an assay behind arrival and before reading.",
        ),
        slip(
            "d",
            "reading",
            "Messenger RNA is low in both stories: with few genomes, and with many that are hardly "
            "read. It stands behind both.",
            "Look for an assay behind arrival and before reading.",
        ),
    ],
    hints=[
        "Write the chain from dose to factor IX and mark the two broken links. What lies between?",
        "For each assay ask: would it be low in the first story? And in the second?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.8 · A chance with an interval · criticise · level 3 · 8 min
#
# A report says: *We fitted the whole chain to five years of factor IX. Uptake, escape,
# transcription, translation and all losses were fixed at values from the literature. The chance
# that a genome in the nucleus becomes an episome is 10 % (95 % interval 9.4 to 10.6 %).* Write two
# or three sentences to its authors. What did their data tell, where does the narrow interval come
# from, and which measurement would they need?

# %% tags=["answer"]
critique = ...  # your sentences, in quotes
# --- solution
critique = (
    "Factor IX tells only the product of all chances and rates, so the factor itself is not "
    "identified. The interval is narrow because every other rate was fixed, and it leaves out "
    "their uncertainty. Genomes counted in a liver biopsy would separate arrival from reading."
)
# --- end
check("04.8", critique)

# %% [markdown] tags=["worked"]
# The data told the plateau: a product of chances and rates, within some per cent. Whoever fixes
# nine factors of ten gets the tenth with the same few per cent, whatever the nine are. With twice
# the transcription rate the chance would be 5 %, and the interval as narrow. So the interval is
# that of the product, under an assumption. Its honest form names the fixed values, or lets them
# vary.
#
# A biopsy with vector genomes breaks the first tie, arrival against reading. It does not reach the
# chance in the nucleus by itself: that also needs the share that gets there. So the report could
# print the plateau, which it knows.

# %% tags=["spec"]
exercise(
    "04.8",
    kind="criticise",
    level=3,
    minutes=8,
    title="A chance with an interval",
    answer=text(
        [
            idea(
                "only the product is told",
                [
                    "product|combination|plateau|lump|multipl*",
                    "not|cannot|never|un identif*|identif*",
                    "unidentifi*|nonidentifi*",
                    "not|cannot|never separat*|tell|told|disentangl*|distinguish*|split",
                    "tied|confound*|trade*|flat",
                    "only level|height|plateau|product|scale|amplitude|overall",
                ],
                "What does a plateau of factor IX tell of the factors that it is made of?",
            ),
            idea(
                "the interval rests on what was fixed",
                [
                    "fix*|held|assum*|literature|given|set narrow*|interval|uncertain*|"
                    "precis*|confidence|small|tight",
                    "narrow*|interval|uncertain*|precis*|confidence|tight|ignor*|leaves|omits|"
                    "depend*|conditional fix*|held|assum*|literature|rates|values|others|chosen",
                    "conditional on",
                    "parameter*|rate*|values|everything|others|rest constant",
                    "only|one|single|sole free|unknown|unfixed parameter*|rate*|number",
                    "uncertain*|interval|precis*|confidence understat*|underestimat*|tiny",
                    "another|other|different|twice|double|half "
                    "rate*|value*|literature|transcription|chance",
                    "because|since|as|only rates|values|others|other|rest|all|everything "
                    "fix*|froz*|freez*|held|assum*|known|pinned|given",
                    "fix*|froz*|freez*|hold*|held|assum*|pin* "
                    "false|fake|spurious|illusion|artificial*|overconfiden*|borrow*|precision",
                    "false|fake|spurious|illusory|borrowed precision|certainty|confidence",
                ],
                "Why is the interval so narrow? Think of what was not allowed to move.",
            ),
            idea(
                "a measurement between the links",
                [
                    "biops*|tissue|liver",
                    "genome*|copies|vector|dna|mrna|transcript*|rna "
                    "count*|measur*|assay*|liver|tissue|cell*|biops*|qpcr",
                    "count*|measur*|assay*|qpcr genome*|copies|vector|dna|mrna|transcript*|rna",
                ],
                "Which measurement lies between arrival and reading?",
            ),
        ],
        model="Factor IX tells only the product of all chances and rates, so the factor itself is "
        "not identified. The interval is narrow because every other rate was fixed, and it leaves "
        "out their uncertainty. Genomes counted in a liver biopsy would separate arrival from "
        "reading.",
        also=[
            "The plateau cannot be split into its factors. With another transcription rate the "
            "same data give another chance, so your precision is borrowed from what you assumed. "
            "Please measure vector copies in liver tissue.",
            "Your data know the combination of all links and not one of them. The confidence "
            "interval depends on the fixed values from the literature. A biopsy with qPCR would "
            "help.",
        ],
        when_right="A factor looks measured as soon as all others are held.",
    ),
    wrong=[
        slip(
            "The interval is narrow, so the chance is known well, and five years of data are "
            "certainly enough to estimate a single parameter of the chain.",
            "overfit",
            "You took a narrow interval for knowledge. It is narrow because nothing else was "
            "allowed to move.",
            "Ask what the chance would be with twice the transcription rate.",
            patterns=[
                "narrow so|therefore|means|hence known|well|precise|reliable",
                "enough|sufficient estimate*|data|to",
                "well estimated|known|determined",
            ],
        ),
        slip(
            "They should have drawn factor IX more often and followed people for ten years, since "
            "more samples would make the chance more certain.",
            "overfit",
            "More factor IX tells the product better, and the factor no better at all.",
            "Look for an assay that sees one link and not the others.",
            patterns=[
                "more|longer|additional|frequent samples|followup|patients|people|years",
                "more often",
            ],
        ),
    ],
    hints=[
        "Double one of the fixed rates in your head. What happens to the fit, and to the chance?",
        "Say three things: product and factor, where the narrowness comes from, which assay.",
    ],
)
