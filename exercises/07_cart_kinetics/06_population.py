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
# # Exercises: from 90 patients to a population
#
# Type your answer in place of `...` and run the cell. `hint("07.16")` gives a first step, called
# again a second one. `solution("07.16")` opens once you have tried. All data are simulated, and
# nothing here is advice on how to treat a person.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, solution

# %% [markdown] tags=["exercise"]
# ## 07.16 · One round of SAEM · order · level 2 · 6 min
#
# The lines of one round of SAEM have been shuffled, and one line does not belong. `u` holds what
# was drawn for each patient in the round before, `kept` the running averages, `step` the size of
# this round's step. Give the letters in order.
#
# - **A** `omega = np.sqrt(kept[1] - kept[0] ** 2)`
# - **B** `drawn = [u.mean(axis=0), (u**2).mean(axis=0)]`
# - **C** `mu = kept[0]`
# - **D** `u = imagine(u, mu, omega, sigma, rng)`
# - **E** `mu, omega = drawn[0], np.sqrt(drawn[1] - drawn[0] ** 2)`
# - **F** `kept = [old + step * (new - old) for old, new in zip(kept, drawn)]`

# %% tags=["answer"]
lines_in_order = ...  # ["A", "B", ...]
# --- solution
lines_in_order = ["D", "B", "F", "C", "A"]
# --- end
check("07.16", lines_in_order)

# %% [markdown] tags=["worked"]
# **D B F C A**, and C and A may change places. Imagine, average, update: first draw patients under
# the present population (D), then describe them (B), then move the running averages a step towards
# that (F), and read the new population off the averages (C, A).
#
# E reads the population off one round's draw. While `step` is 1 that is the same; later it throws
# the averages away, and the answer never settles: it is wherever the last draw happened to be.

# %% tags=["spec"]
lines = {
    "A": "omega = np.sqrt(kept[1] - kept[0] ** 2)",
    "B": "drawn = [u.mean(axis=0), (u**2).mean(axis=0)]",
    "C": "mu = kept[0]",
    "D": "u = imagine(u, mu, omega, sigma, rng)",
    "E": "mu, omega = drawn[0], np.sqrt(drawn[1] - drawn[0] ** 2)",
    "F": "kept = [old + step * (new - old) for old, new in zip(kept, drawn)]",
}
seen = 5 + np.random.default_rng(2).standard_normal(200)  # patients of spread 0.8, noise 0.6


def run_in_order(keys):
    """(mu, omega) at the end, and how much mu still moves, for a population with a known answer."""

    def imagine(u, mu, omega, sigma, rng):
        weight = omega**2 / (omega**2 + sigma**2)
        spread = np.sqrt(weight) * sigma
        return weight * seen + (1 - weight) * mu + spread * rng.standard_normal(seen.size)

    space = {"np": np, "imagine": imagine, "rng": np.random.default_rng(1), "sigma": 0.6}
    space |= {"u": 0 * seen, "mu": 0.0, "omega": 1.0, "kept": [0.0, 1.0], "drawn": [0.0, 1.0]}
    path = []
    for k in range(300):
        space["step"] = 1 if k < 100 else 1 / (k - 99)
        for key in keys:
            exec(lines[key], space)
        path.append(space["mu"])
    return space["mu"], space["omega"], np.std(path[-50:])


mean, spread, moved = run_in_order(["D", "B", "F", "C", "A"])
assert abs(mean - seen.mean()) < 0.02 and abs(spread - np.sqrt(seen.var() - 0.36)) < 0.05
assert np.isclose(run_in_order(["D", "B", "F", "A", "C"])[0], mean)
assert run_in_order(["D", "B", "E"])[2] > 5 * moved
exercise(
    "07.16",
    kind="order",
    level=2,
    minutes=6,
    title="One round of SAEM",
    answer=order(
        lines,
        ["D", "B", "F", "C", "A"],
        also=[["D", "B", "F", "A", "C"]],
        when_right="Imagine, average, update.",
    ),
    wrong=[
        slip(
            ["D", "B", "F", "C", "A", "E"],
            "overfit",
            "All is in order, and then E overwrites it with the last draw.",
            "Leave the line out that does not belong.",
        ),
        slip(
            ["D", "B", "E", "F", "C", "A"],
            "overfit",
            "E reads the population off the last draw, and C and A overwrite it. One line is too "
            "many.",
            "Leave the line out that does not belong.",
        ),
        slip(
            ["D", "B", "C", "A", "F"],
            "wrong-phase",
            "You update the population before the averages have moved: each round answers with the "
            "round before.",
            "Which lines need what F makes?",
        ),
        slip(
            ["B", "F", "C", "A", "D"],
            "wrong-phase",
            "You describe patients before any was drawn under this population. The first round "
            "would average whatever `u` held at the start.",
            "The round begins by imagining.",
        ),
        slip(
            ["B", "D", "F", "C", "A"],
            "wrong-phase",
            "B describes the patients of the round before; then D draws new ones, and nobody looks "
            "at them.",
            "Draw first, then describe.",
        ),
    ],
    hints=[
        "Three steps in this order: imagine, average, update. Which line is the first of them?",
        "The population is read off the running averages, not off one round's draw. So one line "
        "does not belong.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.17 · Too wide, too narrow · predict · level 2 · 5 min
#
# The logarithms of a parameter spread between patients with an SD of {{omega}}. Fitted alone, each
# patient's logarithm has a standard error of {{error}}. What is the SD of the estimates, over very
# many patients, if each is fitted alone? And if each is the mixture that borrows, with the weight
# $\omega^2/(\omega^2 + s^2)$ on its own estimate? Give both, as a list.

# %% tags=["answer"]
p = given("07.17")  # p.omega, p.error
spreads = ...  # [fitted alone, borrowing]
# --- solution
alone = np.sqrt(p.omega**2 + p.error**2)
borrowing = p.omega**2 / (p.omega**2 + p.error**2) * alone
spreads = [alone, borrowing]
# --- end
check("07.17", spreads)

# %% [markdown] tags=["worked"]
# An estimate of a patient alone is its truth plus its error. Squares add:
# $\sqrt{\omega^2 + s^2}$ = {{alone:.2f}}. That is what two-stage reports as the spread between
# patients.
#
# The mixture multiplies each patient's deviation by the weight, {{weight:.2f}}, and so the spread:
# {{borrowing:.2f}}. That is less than $\omega$ = {{omega}}. The individual estimates of a
# population fit huddle together, and the shrinkage is $1 - {{borrowing:.2f}}/{{omega}}$.
#
# The truth lies between the two. A population fit estimates it as a number of its own, not as
# the SD of anybody's estimates.

# %% tags=["spec"]
weight = p.omega**2 / (p.omega**2 + p.error**2)
exercise(
    "07.17",
    kind="predict",
    level=2,
    minutes=5,
    title="Too wide, too narrow",
    draw={
        "omega": among(0.9, 0.7, 0.8, 1.1),
        "error": between(1.4, 2.0, step=0.1, default=1.5),
    },
    shown={"alone": alone, "borrowing": borrowing, "weight": weight},
    answer=array(
        [alone, borrowing],
        unit="1",
        rtol=0.02,
        when_right="One is too wide and the other too narrow; the truth lies between.",
    ),
    wrong=[
        slip(
            [borrowing, alone],
            "swapped-arguments",
            "Both numbers are right and stand the wrong way round: borrowing draws patients "
            "together.",
            "Put the wider spread first: each patient fitted alone.",
        ),
        slip(
            [p.omega + p.error, p.omega],
            "variance-for-sd",
            "You added standard deviations for the first. And the second is the spread of the "
            "truth; estimates that borrow spread less.",
            "Variances add. Then multiply by the weight.",
        ),
        slip(
            [p.omega + p.error, weight * (p.omega + p.error)],
            "variance-for-sd",
            "You added standard deviations. Truth and error are independent, so their variances "
            "add.",
            "Square both, add, take the root.",
        ),
        slip(
            [alone**2, weight * alone**2],
            "variance-for-sd",
            "The squares are added rightly, and the root is left out: these are variances.",
            "Take the root of the sum.",
        ),
        slip(
            [alone, p.omega],
            "reading",
            "The first is right. The second is the spread of the truth; the mixtures spread less.",
            "Each mixture is the weight times the patient's own deviation.",
        ),
        slip(
            [alone, weight * p.omega],
            "reading",
            "The first is right. For the second, the weight multiplies the patient's own "
            "*estimate*, whose spread is the first number, not the truth's.",
            "Multiply the weight with your first number.",
        ),
        slip(
            [alone, (1 - weight) * alone],
            "complement",
            "The first is right. For the second you took the weight of the typical value.",
            "The patient's own estimate has the weight ω²/(ω² + s²).",
        ),
        slip(
            [p.omega, weight * p.omega],
            "reading",
            "You left the error of the estimates out: their SD holds the patients' spread and "
            "the error.",
            "Variances add.",
        ),
    ],
    hints=[
        "An estimate is truth plus error, and they are independent. What adds up?",
        "The mixture is: typical value + weight × (own estimate - typical value). The weight "
        "scales your first number.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.18 · A sentence for the report · explain · level 3 · 7 min
#
# A growth rate with the drug was 0.97 times that without, 95 % interval 0.8 to 1.2. A
# draft says: *Tocilizumab does not affect the expansion of CAR T cells.* In two or three sentences:
# what is wrong with this, what do the data allow to be said, and which data would tell more?

# %% tags=["answer"]
explanation = ...  # "..."
# --- solution
explanation = (
    "Not detected is not absent: the interval also holds a growth rate that is a fifth lower or "
    "higher. The report may say that no effect was detected, and print the interval. Daily samples "
    "around the drug, in patients who get it by lot, would tell more."
)
# --- end
check("07.18", explanation)

# %% [markdown] tags=["worked"]
# The draft turns *we did not see it* into *it is not there*. The interval holds 1, and it also
# holds 0.8 and 1.2: rates that would matter. So the report says that no effect was
# **detected**, prints the interval, and says how little the design could see: a handful of samples
# between drug and peak.
#
# More patients of the same kind make the interval narrower and keep the comparison between unlike
# patients. Samples every day, before and after the drug, compare each patient with itself. A drug
# given by lot compares like with like.

# %% tags=["spec"]
exercise(
    "07.18",
    kind="explain",
    level=3,
    minutes=7,
    title="A sentence for the report",
    answer=text(
        [
            idea(
                "the interval holds other values",
                [
                    "hold*|includ*|contain*|cover*|allow*|span*|reach*|goes|runs|leaves "
                    "lower|higher|slower|faster|below|above|fifth|either|also|other|larger|smaller|"
                    "room|8|20|many|effects",
                    "compatible|consistent with",
                    "not|cannot exclude*|ruled|rule",
                    "not excluded|ruled",
                    "interval|estimate|range|it wide|uncertain|imprecise",
                    "wide|uncertain|imprecise interval|estimate|range",
                    "fifth|20|twenty percent|lower|higher|slower|faster|change*|either|up|down|way",
                    "lower|higher|slower|faster fifth|20|twenty|15",
                    "change*|effect* fifth|20|twenty",
                    "could|may|might slow*|speed*|chang*|raise|lower|miss*",
                ],
                "Read the interval: which growth rates does it hold besides 1?",
            ),
            idea(
                "not detected is not absent",
                [
                    "not|no|none|nothing|never|without detect*|seen|see|show*|found|find|observed|"
                    "evidence",
                    "detect*|found|find|saw|see|seen no|not|none|nothing effect|difference",
                    "no|an effect|difference|influence detect*|found|seen|observed",
                    "absence evidence",
                    "not same|mean*|equal*|prov*|imply|implies",
                    "not|cannot conclude|claim|infer|say",
                    "claims|claim zero|absence|none",
                    "miss|missed|overlook* effect|change|it|difference",
                    "unknown|undecided|open|inconclusive",
                ],
                "What is the difference between an effect that was not seen and one that is not "
                "there? Write what may be said.",
            ),
            idea(
                "data that would tell more",
                [
                    "more|daily|additional|frequent|dense*|extra sampl*|measur*|data|day*|often",
                    "sampl*|measur*|blood daily|around|between|before|every|often|near|close",
                    "before after",
                    "randomi*|random|randomly",
                    "by lot|chance",
                    "larger|bigger|more trial|study|patient*",
                    "within|same|each|every patient*|child|person",
                    "control* group|arm|trial",
                ],
                "Say which samples, or which trial, would tell more.",
            ),
        ],
        model="Not detected is not absent: the interval also holds a growth rate that is lower or "
        "higher by a fifth. The report may say that no effect was detected, and print the "
        "interval. Daily samples around the drug, in patients who get it by lot, would tell more.",
        also=[
            "The confidence interval includes 1 but also clearly slower and faster growth, so we "
            "cannot conclude that the drug does nothing. One may write that no effect was found in "
            "this trial. A randomised trial with frequent sampling would answer it.",
            "Absence of evidence: the estimate is uncertain and an effect of either sign is not "
            "excluded. We only know that none was seen. Samples before and after the drug in the "
            "same patient are needed.",
        ],
        when_right="An interval says what is not excluded; *no effect* is not what it says.",
    ),
    wrong=[
        slip(
            "The interval holds 1, therefore there is no effect of the drug on the growth rate and "
            "the sentence in the draft is fine.",
            "absence-of-evidence",
            "That is the draft's mistake: an interval that holds 1 does not make the effect zero.",
            "Name the other values in the interval.",
            patterns=[
                "there is|was no effect|difference",
                "has|had no effect|influence",
                "therefore|so|hence|thus no effect|difference",
                "draft|sentence|statement fine|right|correct|true|ok",
            ],
        ),
        slip(
            "The higher peak in the treated shows that the drug makes the cells grow, so the draft "
            "is wrong because there is an effect.",
            "association-as-effect",
            "The treated have higher peaks because the drug is given to those whose cells have "
            "expanded. That is no evidence for an effect on growth.",
            patterns=[
                "higher peak*|cmax show*|prov*|mean*",
                "drug|tocilizumab makes|make|causes|increases|raises|boosts cells|growth|expansion",
            ],
        ),
    ],
    hints=[
        "Which growth rates lie within the interval? Would one of them matter?",
        "Three parts: what the interval does not exclude; the sentence with *detected* in it; the "
        "samples or the trial that could tell.",
    ],
)
