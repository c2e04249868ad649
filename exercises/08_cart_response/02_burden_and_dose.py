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
# # Exercises: burden and dose
#
# Type your answer in place of `...`, or change the code, and run the cell. `hint("08.5")` gives a
# first step, called again a second one. `solution("08.5")` opens once you have tried. All patients
# here are simulated. Some numbers can be your own: run `set_learner("your name")` in a new cell
# first.

# %%
import numpy as np

from cgtlearn import ledger, measure, models
from cgtlearn.exercises import check, given, hint, set_learner, solution
from cgtlearn.solve import solve

# %% [markdown] tags=["exercise"]
# ## 08.5 · What pays for the peak? · predict · level 1 · 5 min
#
# A tumor of {{tumor:,.0f}} cells/µL does not grow. Each CAR T cell kills tumor cells at a rate of
# {{killing}} per day for each tumor cell/µL, and divides at {{expansion}} per day for each. CAR T
# cells hardly die in the few days until the peak, so leave their death out. The dose gives
# {{start:.0f}} CAR T cells/µL. How high is the peak, in cells/µL, once all tumor is killed?

# %% tags=["answer"]
p = given("08.5")  # p.tumor, p.start (cells/µL), p.expansion, p.killing (1/day per cell/µL)
peak = ...  # cells/µL
# --- solution
peak = p.start + p.expansion / p.killing * p.tumor
# --- end
check("08.5", peak)

# %% [markdown] tags=["worked"]
# Divide the two equations: $dC/dU = -\rho/\delta$. So every tumor cell that is killed pays for
# $\rho/\delta$ CAR T cells, {{pays:.0f}} here, and the dose is added once:
# $C_{max} = C_0 + (\rho/\delta)\,U_0$.
#
# The dose is a rounding error of the peak. Double it, and the peak rises by the dose and no more.

# %% tags=["spec"]
exercise(
    "08.5",
    kind="predict",
    level=1,
    minutes=5,
    title="What pays for the peak?",
    draw={
        "tumor": among(500.0, 800.0, 300.0, 1200.0),
        "start": among(25.0, 18.0, 35.0),
        "expansion": among(0.002, 0.003, 0.0012),
        "killing": among(0.0001, 0.0002, 0.00015),
    },
    shown={"pays": p.expansion / p.killing},
    answer=number(peak, unit="cells/µL", rtol=0.02, when_right="Prey pays; the dose is change."),
    wrong=[
        slip(
            p.start * p.expansion / p.killing,
            "dose-for-burden",
            "You let the dose pay for the peak. The tumor that is killed pays for it.",
        ),
        slip(
            p.start + p.killing / p.expansion * p.tumor,
            "reciprocal",
            "You turned the ratio round: a CAR T cell costs δ/ρ, and a tumor cell pays ρ/δ.",
            "Check with numbers: a tumor cell that dies pays for more than one CAR T cell here.",
        ),
        slip(
            p.start + p.expansion * p.tumor,
            "reading",
            "ρ U is a rate, per day. Divide ρ by δ to get CAR T cells for each tumor cell killed.",
            "Check the unit of what you computed.",
        ),
        slip(
            p.start + p.tumor,
            "reading",
            "You let each tumor cell pay for one CAR T cell. It pays for ρ/δ of them.",
        ),
    ],
    hints=[
        "Divide dC/dt by dU/dt. What is left, when no CAR T cell dies?",
        "C rises by ρ/δ for each tumor cell that U falls. All of the tumor falls.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.6 · A flag that never waves · find-the-bug · level 2 · 8 min
#
# `too_many` should count the values of a curve, in copies/µg, that are beyond what a microgram of
# DNA can hold, at `per_cell` vector copies in a CAR T cell. A diploid genome weighs 6.6 pg. It has
# let a curve of 2.4 million copies/µg pass. Find the bug.

# %% tags=["answer"]
genome = ledger.value("physics.dna_per_genome")  # pg


def too_many(copies, per_cell):
    """How many values of copies (copies/µg) are above the ceiling; per_cell is a number."""
    genomes = 1e9 / genome  # in a microgram of DNA
    return np.sum(np.asarray(copies) > per_cell * genomes)
# --- solution


def too_many(copies, per_cell):
    """How many values of copies (copies/µg) are above the ceiling; per_cell is a number."""
    genomes = 1e6 / genome  # in a microgram of DNA
    return np.sum(np.asarray(copies) > per_cell * genomes)
# --- end
check("08.6", too_many)

# %% [markdown] tags=["worked"]
# A microgram is a million picograms, not a milliard: $10^6 / 6.6$ is about 151,500 genomes. The
# factor of 1,000 came from nanograms. More vector copies in a cell raise the ceiling, since each
# cell then brings more transgene with its genome.

# %% tags=["spec"]
def ceiling_at(in_ug, power=1):
    """The function with another number of picograms in a microgram, or another use of copies."""

    def wrong(copies, per_cell):
        return np.sum(np.asarray(copies) > per_cell**power * in_ug / genome)

    return wrong


def per_cell_forgotten(copies, per_cell):
    return np.sum(np.asarray(copies) > 1e6 / genome)


exercise(
    "08.6",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="A flag that never waves",
    answer=function(
        too_many,
        probes=[
            ([1e4, 1.4e5, 1.6e5, 2.4e6], 1.0),
            ([1e5, 2e5, 3.4e5, 3.6e5, 1e8], 2.32),
            ([5e4, 7e4, 8e4], 0.5),
            ([150.0, 200.0, 1e3], 1.0),
        ],
        rtol=1e-9,
        when_right="The ceiling is 151,500 copies/µg at one copy a cell.",
    ),
    wrong=[
        slip(
            ceiling_at(1e3),
            "prefix-1000",
            "Your genome weighs 6.6 ng. It is picograms, and a microgram has a million of them.",
        ),
        slip(
            ceiling_at(1e6, power=-1),
            "reciprocal",
            "You divide by the copies in a cell. A cell with two copies brings twice as much "
            "transgene for the same DNA, so the ceiling rises.",
            "Ask which way the ceiling moves when every cell holds one copy more.",
        ),
        slip(
            per_cell_forgotten,
            "reading",
            "Right for one copy a cell. With more copies in each cell the ceiling is higher.",
            "Use `per_cell`.",
        ),
    ],
    hints=[
        "How many picograms are in a microgram?",
        "Compute the ceiling for one copy a cell. Chapter 07 found about 151,500 copies/µg.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.7 · Two stories, one experiment · choose · level 2 · 6 min
#
# In one story CAR T cells live on antigen. In the other they grow into the room that
# lymphodepletion made. Both give a peak of 30 cells/µL in a usual patient. Which comparison of
# peaks tells the stories apart best?

# %% tags=["answer"]
comparison = ...  # "A", "B", "C" or "D"
# --- solution
comparison = "B"
# --- end
check("08.7", comparison)

# %% [markdown] tags=["worked"]
# **B.** By lot, at one burden, only dose differs. Cells that live on antigen then peak at nearly
# the same height; cells that grow into room peak higher with more of them: in the models of this
# chapter, 1.0-fold against 5-fold for sixteen times the dose.
#
# A shows an association that either story allows: burden comes with earlier treatment, and that
# with the T cells a patient has left. C finds both stories in agreement, since both give a usual
# peak. D cannot separate them either, because the day of the peak moves with dose in both.

# %% tags=["spec"]
exercise(
    "08.7",
    kind="choose",
    level=2,
    minutes=6,
    title="Two stories, one experiment",
    answer=choice(
        {
            "A": "Patients with high against patients with low burden, as they come.",
            "B": "Two doses given by lot to patients of about one burden.",
            "C": "The usual peak against the peak that each model computes.",
            "D": "The day of the peak at a high and at a low dose.",
        },
        "B",
        when_right="Same burden, other dose, given by lot: only one story moves.",
    ),
    wrong=[
        slip(
            "A",
            "association-as-effect",
            "Patients who differ in burden differ in much else, such as the T cells that many "
            "treatments have left. Either story could show such a difference.",
        ),
        slip(
            "C",
            "overfit",
            "Both models give the usual peak: it was used to choose their parameters. It cannot "
            "choose between them.",
            "Look for a comparison that neither model has seen.",
        ),
        slip(
            "D",
            "reading",
            "The day moves in both stories: more cells at the start are sooner at any height.",
            "Write down what each story expects. Where both expect the same, nothing is learned.",
        ),
    ],
    hints=[
        "For each comparison say what the first story expects, then what the second does.",
        "The stories differ in what raises the peak. Which comparison changes one cause only?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.8 · Flat, therefore idle? · explain · level 3 · 10 min
#
# A sponsor writes: *"The model's exposure is flat from 50 to 800 million cells. Therefore the dose
# does not matter, and we will treat all further patients with 50 million."* In three to five
# sentences: what is right, and name at least two things that do not follow.

# %% tags=["answer"]
reply = ...  # a few sentences in quotes
# --- solution
reply = (
    "In this model exposure hardly depends on dose, because cells live on the tumor; that is an "
    "assumption of the model and not a finding in patients. The model was fitted to one burden; "
    "at another it explodes, so it cannot be used there. At 50 million cells only 1 of 3 patients "
    "responded, an interval from 1 to 91 %, which neither shows nor rules out an effect of dose. "
    "And a lower dose peaks almost three days later, which may matter when a tumor grows fast."
)
# --- end
check("08.8", reply)

# %% [markdown] tags=["worked"]
# Right: in Singh's model the exposure at 800 million cells is 1.03 times that at 50 million.
#
# What does not follow. That flatness is put in by the assumption that cells live on antigen. It was
# fitted at one burden. Flat exposure is not a flat response: 1 of 3 against 3 of 3, with intervals
# that overlap, says neither. And a lower dose peaks later.

# %% tags=["spec"]
exercise(
    "08.8",
    kind="explain",
    level=3,
    minutes=10,
    title="Flat, therefore idle?",
    answer=text(
        [
            idea(
                "flatness is an assumption of the model",
                [
                    "assum*", "model says|shows|gives|has", "in the|this|that model", "put in*",
                    "built in*", "by construction",
                    "live|lives|feed*|grow* on|off tumo*|antigen*|target*",
                    "model not patient*|data|people", "simulat*", "equation*", "structur*",
                    "antigen*|tumor|tumour|burden|target driv*|depend*|limited", "model* exposure",
                    "tumor|tumour|antigen* drives|limits|feeds|determines|pays",
                    "driven|limited|fed by antigen*|tumo*|burden|target*",
                ],
                "Where does the flatness come from: from patients, or from what the model assumes?",
            ),
            idea(
                "too few patients to tell a response by dose",
                [
                    "1|one of|out 3|three", "3|three patient*|people", "n 3", "only 3|three",
                    "few patient*|people|case*|person*|responder*", "interval*",
                    "small number*|sample*|cohort*", "respon* not|neither*|un*",
                    "nothing response*|efficacy", "not mean|imply response*|respon*|efficacy",
                    "exposure not response*", "overlap*", "not show*|rule*|prove* effect*",
                ],
                "What do the responses by dose say, with their intervals?",
            ),
            idea(
                "another limit: burden, time of the peak, or how doses were given",
                [
                    "1|one|this|that|other|another|higher|high|its|own|same|different burden*",
                    "burden* fit*|calibrat*|differ*|other*", "later", "delay*", "slow*",
                    "days later|earlier|delay*|matter*|count*", "time|day peak*", "earl* peak*",
                    "peak* earl*", "not random*", "non random*", "sequential*", "escalat*",
                    "by lot", "range", "fast* tumor*|tumour*|grow*", "extrapolat*",
                    "fitted|fit|calibrated one|single*",
                ],
                "Name one more limit: at which burden was it fitted, or when does the peak come?",
            ),
        ],
        model=reply,
        also=[
            "The flat exposure comes from the model, where cells feed on the tumor. It was fitted "
            "at one burden only. With 1 of 3 responding at the lowest dose we cannot say anything, "
            "and the peak is later.",
            "True in the model, which assumes that antigen drives growth. But three patients at 50 "
            "million are too few, and the doses were not randomized.",
            "Exposure does not depend on dose since expansion is antigen-driven, which is a "
            "property of Singh's equations. With so few patients at 50 million the response rate "
            "is uncertain. Slower kinetics at low dose could let the tumor progress.",
            "Right: simulated exposure is flat. Wrong: that says nothing about efficacy, since "
            "only 3 patients had the low dose. Dose escalation was sequential, so the groups are "
            "not comparable.",
        ],
    ),
    wrong=[
        slip(
            "The dose does not matter because the exposure is the same at all doses, so patients "
            "will respond in the same way and the low dose of 50 million is enough for all.",
            "absence-of-evidence",
            "You repeat the sponsor's step from flat exposure to flat response. The trial's few "
            "patients neither show an effect of dose nor rule one out.",
            patterns=["dose not matter*", "low* dose enough", "respon* same", "dose no effect*"],
        ),
    ],
    hints=[
        "Ask of each half of the sentence: is that the model, or the patients?",
        "Look at the counts at 50 and at 800 million cells, at the day of the peak, and at the "
        "burden at which the model was fitted.",
    ],
)
