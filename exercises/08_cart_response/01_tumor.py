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
# # Exercises: CAR T cells and tumor
#
# Type your answer in place of `...`, or change the code, and run the cell. `hint("08.1")` gives a
# first step, called again a second one. `solution("08.1")` opens once you have tried. All patients
# here are simulated. Some numbers can be your own: run `set_learner("your name")` in a new cell
# first.

# %%
import numpy as np

from cgtlearn import ledger
from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 08.1 · A larger tumor, the same T cells · predict · level 2 · 6 min
#
# In Kimmel's model T cells do not feel the tumor. A patient has a probability of cure of
# {{chance:.0%}}. A second patient agrees in every parameter, but has {{fold:g}} times as many tumor
# cells on the day of the infusion. All tumor cells divide and die independently. What is the second
# patient's probability of cure, as a fraction?

# %% tags=["answer"]
p = given("08.1")  # p.chance (a fraction), p.fold
second = ...  # a fraction
# --- solution
second = p.chance**p.fold
# --- end
check("08.1", second)

# %% [markdown] tags=["worked"]
# Each cell of the first day founds a family. The patient is cured if *every* family dies out. The
# families are independent and each has the same chance to do so, since T cells take the same
# course. A tumor {{fold:g}} times as large is {{fold:g}} tumors of the first size, and all of them
# must end: $p^{n}$, here {{chance}} to the power {{fold:g}}, about {{second:.2f}}.
#
# In this model burden does nothing to exposure, and still a great deal to cure. Two patients with
# the same curve of CAR T cells need not have the same chance.

# %% tags=["spec"]
exercise(
    "08.1",
    kind="predict",
    level=2,
    minutes=6,
    title="A larger tumor, the same T cells",
    draw={
        "chance": among(0.66, 0.7, 0.73, 0.6, 0.55),
        "fold": among(3.0, 4.0, 5.0),
    },
    shown={"second": p.chance**p.fold},
    answer=number(
        second,
        unit="1",
        rtol=0.02,
        shared_slips=False,
        when_right="All of the tumors must end: multiply the chances.",
    ),
    wrong=[
        slip(
            p.chance / p.fold,
            "dose-proportional",
            "You divided the chance by the size. Chances of independent ends multiply.",
            "Cut the larger tumor into tumors of the first size. Which of them must end?",
        ),
        slip(
            p.chance,
            "assumption-as-result",
            "You left the chance as it was. Burden does not change the T cells here, but more "
            "cells must die before the last one has.",
            "What does not act on exposure may still act on the end.",
        ),
        slip(
            1 - (1 - p.chance) ** p.fold,
            "complement",
            "That is the chance that *at least one* part of the tumor ends. All parts must.",
        ),
        slip(
            1 - p.chance**p.fold,
            "complement",
            "That is the chance of a relapse.",
        ),
        slip(
            1 - p.chance,
            "complement",
            "That is the first patient's chance of a relapse.",
            "You need the cure of the second patient: the chance that every part ends.",
        ),
        slip(
            100 * p.chance**p.fold,
            "percent-for-fraction",
            "Your number is in per cent. A fraction was asked for: divide by 100.",
        ),
        slip(
            1 - p.fold * (1 - p.chance),
            "reading",
            "You multiplied the chance of a relapse. Chances of *at least one* do not add up like "
            "that; with a large tumor yours falls below zero.",
            "Ask for the chance that no part survives, and multiply those.",
        ),
        slip(
            p.chance ** (1 / p.fold),
            "reciprocal",
            "Your chance rises with the tumor: you took the root in place of the power.",
        ),
    ],
    hints=[
        "Think of the larger tumor as several tumors of the first size, side by side.",
        "The patient is cured only if the first of them ends, and the second, and so on.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.2 · Cured on average · find-the-bug · level 2 · 8 min
#
# `share_cured` gets whole numbers of tumor cells of many copies of a patient, one row for each
# copy, one column for each day, and should give the share of copies that are cured at the end. For
# the copies below it says 0, though five of eight have no cell left. Find the bug.

# %% tags=["answer"]
runs = np.array([
    [90, 8, 0, 0], [90, 5, 1, 0], [90, 9, 4, 60], [90, 3, 0, 0],
    [90, 7, 2, 0], [90, 12, 9, 300], [90, 2, 0, 0], [90, 6, 3, 24],
])  # fmt: skip


def share_cured(cells):
    """Share of copies without a tumor cell at the end; cells (copies, days)."""
    average = np.mean(cells, axis=0)
    return float(average[-1] < 1)
# --- solution


def share_cured(cells):
    """Share of copies without a tumor cell at the end; cells (copies, days)."""
    at_the_end = np.asarray(cells)[:, -1]
    return float(np.mean(at_the_end == 0))
# --- end
check("08.2", share_cured)

# %% [markdown] tags=["worked"]
# The code averages first and judges then. The average of the last day is 48 cells, so it says that
# nobody is cured. But nobody has 48 cells on average: five have none, three have many. Judge each
# copy first, then average the verdicts.
#
# The same order of steps turns a trial of cured and uncured people into one *typical patient* who
# is neither.

# %% tags=["spec"]
def not_cured(cells):
    return float(np.mean(np.asarray(cells)[:, -1] > 0))


def below_a_limit(cells):
    return float(np.mean(np.asarray(cells)[:, -1] < 100))


def typical_copy(cells):
    return float(np.median(np.asarray(cells)[:, -1]) < 1)


def mean_of_a_row(cells):
    return float(np.mean(np.mean(cells, axis=1) < 1))


def last_row(cells):
    return float(np.mean(np.asarray(cells)[-1] == 0))


def number_of_copies(cells):
    return float(np.sum(np.asarray(cells)[:, -1] == 0))


def all_days(cells):
    return float(np.mean(np.asarray(cells) == 0))


_draws = np.random.default_rng(82)
_probes = [
    (runs,),
    (np.array([[50, 4, 0], [50, 9, 150], [50, 2, 7], [50, 3, 0]]),),
    (np.column_stack([
        np.full(40, 80), _draws.poisson(8, 40) + 1, _draws.poisson(2, 40),
        _draws.poisson(0.9, 40) * _draws.integers(1, 300, 40),
    ]),),
    (np.array([[70, 10, 400], [70, 12, 90], [70, 9, 5000]]),),
    (np.array([[60, 7, 0], [60, 3, 0], [60, 11, 0], [60, 1, 0]]),),
]  # fmt: skip
for _one in _probes:  # a family that has ended stays ended
    for _column in range(1, _one[0].shape[1]):
        _one[0][_one[0][:, _column - 1] == 0, _column] = 0

exercise(
    "08.2",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="Cured on average",
    answer=function(
        share_cured,
        probes=_probes,
        rtol=1e-9,
        when_right="Judge each copy, then average the verdicts.",
    ),
    wrong=[
        slip(
            not_cured,
            "complement",
            "You count the copies that still have cells at the end.",
        ),
        slip(
            below_a_limit,
            "blq-as-zero",
            "You call fewer than 100 cells cured. Nobody sees 99 cells, and they can grow back.",
            "Cured means that not one cell is left.",
        ),
        slip(
            typical_copy,
            "mean-for-median",
            "You judge the median copy. Its verdict is 0 or 1 and no share.",
            "Compare each copy with zero first.",
        ),
        slip(
            mean_of_a_row,
            "reading",
            "You average the days of each copy. A copy that began with 90 cells never averages "
            "below 1.",
            "The end is the last column, `[:, -1]`; look at nothing else.",
        ),
        slip(
            last_row,
            "reading",
            "You take the last row. A row is a copy; the last *day* is a column.",
            "`[:, -1]` is the last column.",
        ),
        slip(
            number_of_copies,
            "reading",
            "You count the cured copies. A share is that number divided by all copies.",
        ),
        slip(
            all_days,
            "reading",
            "You count days without a cell, over all copies. Only the last column is the end.",
            "Take the last column, `[:, -1]`, before you compare.",
        ),
    ],
    hints=[
        "Compute the average of the last column by hand. Does any copy look like it?",
        "Compare with zero first, then take the mean of the True and False.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.3 · Not detected on day 60 · decide · level 2 · 7 min
#
# A lymphoma patient of a trial has no tumor on imaging on day 60, and an assay of blood, which
# would find a million tumor cells in the body, reads *not detected*. In Kimmel's model copies of
# the usual patient have 6 cells on that day, on average, and two thirds are cured in the end. Which
# sentence may go into the report?

# %% tags=["answer"]
sentence = ...  # "A", "B", "C" or "D"
# --- solution
sentence = "C"
# --- end
check("08.3", sentence)

# %% [markdown] tags=["worked"]
# **C.** The assay excludes a million cells, and that is all. Whether 0, 6 or 900,000 are left it
# cannot tell, and in the model these have different ends.
#
# A takes a limit for a zero. B takes an average of 6 for a fact about each patient: most will have
# none in the end. D carries a probability for copies of one simulated patient to a person.

# %% tags=["spec"]
exercise(
    "08.3",
    kind="decide",
    level=2,
    minutes=7,
    title="Not detected on day 60",
    answer=choice(
        {
            "A": "The patient is cured: no tumor cell is left.",
            "B": "Six tumor cells are left, so a relapse is to be expected.",
            "C": "Fewer than a million tumor cells; whether any is left is not known.",
            "D": "The patient's probability of cure is two thirds.",
        },
        "C",
        when_right="A limit is a limit. What lies below it the assay does not know.",
    ),
    wrong=[
        slip(
            "A",
            "blq-as-zero",
            "You read *not detected* as none. A million cells lie between the two.",
            "Say what the assay would have read with half a million cells left.",
        ),
        slip(
            "B",
            "other-numbers",
            "Six is the mean over copies: many have none, some have more, and nobody has measured "
            "six in this patient.",
            "What can differ between two patients with the same mean?",
        ),
        slip(
            "D",
            "assumption-as-result",
            "Two thirds belongs to exact copies of one simulated patient. This person's growth, "
            "killing and room for T cells are not known, and the chance is steep in them.",
            "Look at how far the chance moves when growth changes by a third.",
        ),
    ],
    hints=[
        "For each sentence ask: who measured that, and in whom?",
        "Two sentences use the model for this person. One uses the assay for more than it can see.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.4 · More killing for the clone · criticise · level 3 · 10 min
#
# After relapses without CD19 a company writes: *"Relapse shows that killing was too weak. Our next
# product carries the same CD19 receptor and kills CD19-positive cells twice as fast. By our model
# of predator and prey this prevents relapse."* In three to five sentences: what is wrong, and what
# would you ask for instead?

# %% tags=["answer"]
reply = ...  # a few sentences in quotes
# --- solution
reply = (
    "The relapsing cells do not carry CD19, so a stronger CD19 receptor does not see them; they "
    "die only as bystanders. In Liu's example twice the killing leaves the same 13,000 cells of "
    "the clone, because faster killing also takes away the target on which CAR T cells live. A "
    "model of predator and prey has only one kind of tumor cell, so it cannot describe this "
    "relapse at all, and it has no end: its tumor always returns. I would ask which "
    "relapses had lost CD19, and for a second target on the clone, tested in patients and "
    "not in a model alone."
)
# --- end
check("08.4", reply)

# %% [markdown] tags=["worked"]
# The clone is not seen. It dies as a bystander, and bystander killing ends when the CD19-positive
# cells do. In Liu's example twice the killing leaves as many cells of the clone as before, about
# 13,000: far from where luck could end it.
#
# The model does not fit the claim. Predator and prey know one kind of tumor cell and no end, so
# they cannot show this relapse, let alone prevent it.
#
# To ask for: CD19 on the cells of each relapse, since most relapses may be of the other kind (in
# the 166 of the notebook 98 were); a second target that the clone carries; and patients, as a
# model of two examples proves nothing.

# %% tags=["spec"]
exercise(
    "08.4",
    kind="criticise",
    level=3,
    minutes=10,
    title="More killing for the clone",
    answer=text(
        [
            idea(
                "the relapsing cells do not show the target",
                [
                    "not see|recognise|recognize|bind|find|reach|target|carry|have|show|express*",
                    "lost|lose|loses|losing|lack*|without|missing cd19|target|antigen", "invisible",
                    "cd19 negative", "negative clone|cell*|relapse*", "bystander*",
                    "no cd19|target|antigen",
                    "antigen|cd19|target loss|lost|escape*|negative",
                ],
                "Which cells came back, and can the receptor see them?",
            ),
            idea(
                "the model cannot describe this relapse",
                [
                    "1|one|single kind|type|sort|population", "predator* not|cannot|never*",
                    "prey not|cannot|never*", "model not|cannot|never|lack*|wrong|no|assumes",
                    "always return*|back|relapse*|come*", "no end",
                    "never|not|cannot|without end|ends|extinct*|extinction|cure*",
                    "circle*|cycle*|oscillat*",
                    "no clone", "two|second kind|type|population",
                ],
                "Does a model of predator and prey know two kinds of tumor cells, or an end?",
            ),
            idea(
                "what to ask for instead",
                [
                    "second|other|another|two|dual|different|new target*|antigen*|receptor*",
                    "cd22|cd20|bispecific|tandem", "ask which", "flow",
                    "test|measure|ask|check|count cd19|relapse*|which",
                    "trial*|patient*|data", "sequence|stain|examine|look cd19|relapse*",
                    "share|fraction relapse*",
                ],
                "What would you measure in the relapses, or change in the product?",
            ),
        ],
        model=reply,
        also=[
            "The leukemia that came back had lost CD19, so killing CD19-positive cells faster does "
            "nothing to it. The predator-prey model has one population of tumor cells only. I "
            "would look for a second antigen and test it in a trial.",
            "These cells are invisible to the receptor. The model cannot have a CD19-negative "
            "clone. First measure how many relapses are of that kind.",
        ],
    ),
    wrong=[
        slip(
            "A relapse means that too few tumor cells were killed, so a product that kills faster "
            "or a higher dose will lower the number of relapses, as the model says.",
            "assumption-as-result",
            "You repeat the company's step from relapse to weak killing. The cells that came back "
            "are not killed by this receptor at all, whatever its strength.",
            "Ask which cells came back, and what the model knows about them.",
            patterns=[
                "kill* faster lower|prevent|reduce*", "higher dose lower|prevent|help*|reduce*",
                "too few kill*", "more killing help*|lower*|prevent*|reduce*",
                "fewer|less relapse*", "product will work|help*", "kill* mean* fewer|less",
                "dose raise*|increase*", "kill* sooner fewer",
            ],
        ),
    ],
    hints=[
        "Which cells came back? What does the receptor need to see a cell?",
        "Say how many kinds of tumor cells the company's model has, and whether its tumor can end.",
    ],
)
