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
# # Exercises: the vector chain, link by link
#
# Type your answer in place of `...` and run the cell. `hint("04.1")` gives a first step, called
# again a second one. `solution("04.1")` opens once you have tried. All people here are simulated,
# and every rate of the vector is a teaching value.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn import ledger
from cgtlearn.exercises import check, given, hint, set_learner, solution

escape = ledger.value("aav_chain.escape_rate")  # 1/d
digestion = ledger.value("aav_chain.endosomal_loss_rate")  # 1/d
cells_per_kg = ledger.value("aav_expression.cells_per_kg")  # liver cells per kg of body weight

# %% [markdown] tags=["exercise"]
# ## 04.1 · How many are read in a cell? · predict · level 1 · 6 min
#
# A person of {{weight:.0f}} kg gets {{dose:.0e}} vg/kg of an AAV. Vector leaves blood into liver
# cells at {{uptake:.2f}} per day and to everywhere else at {{elsewhere:.2f}} per day. A genome
# leaves an endosome to the nucleus at 2 per day and is digested there at 18 per day. Of those in
# the nucleus {{converted:.0%}} become episomes. There are 2 billion liver cells per kg.
#
# No cell dies and no episome is lost. How many episomes has a liver cell in the end, on average?

# %% tags=["answer"]
p = given("04.1")  # p.weight (kg), p.dose (vg/kg), p.uptake, p.elsewhere (1/d), p.converted
episomes = ...  # per liver cell
# --- solution
to_liver = p.uptake / (p.uptake + p.elsewhere)
to_nucleus = escape / (escape + digestion)
episomes = p.dose * to_liver * to_nucleus * p.converted / cells_per_kg
# --- end
check("04.1", episomes)

# %% [markdown] tags=["worked"]
# A box with two doors passes on a share: the rate of one door over the sum of both. The liver gets
# {{liver_percent:.0f}} % of the dose, the nucleus 10 % of that, and {{converted:.0%}} of those
# become episomes. The product of the three is {{per_thousand:.1f}} genomes in a thousand.
#
# Dose and cells are both per kilogram, so the weight drops out: {{answer:.0f}} episomes a cell. How
# *fast* the doors are does not matter for where things end. It matters for when.

# %% tags=["spec"]
odds = p.uptake / p.elsewhere
exercise(
    "04.1",
    kind="predict",
    level=1,
    minutes=6,
    title="How many are read in a cell?",
    answer=number(
        episomes,
        unit="vg/cell",
        rtol=0.02,
        shared_slips=False,
        when_right="The weight was bait: dose and cells are both per kilogram.",
    ),
    wrong=[
        slip(
            episomes * p.weight,
            "per-kilogram",
            "You multiplied the dose by the weight, and not the cells.",
            "Take both for the whole body, or both per kilogram.",
        ),
        slip(
            episomes * (escape / digestion) / to_nucleus,
            "reading",
            "For the endosome you divided one rate by the other. That is an odds: escaped over "
            "digested, not escaped over all.",
            "A share is one rate over the sum of both.",
        ),
        slip(
            episomes * odds / to_liver,
            "reading",
            "For blood you divided one rate by the other. That is an odds: to the liver over "
            "elsewhere, not over all that leaves.",
            "A share is one rate over the sum of both.",
        ),
        slip(
            episomes * odds / to_liver * (escape / digestion) / to_nucleus,
            "reading",
            "Twice you divided one rate by the other. Those are odds, and odds of two to one are a "
            "share of two thirds.",
            "A share is one rate over the sum of both.",
        ),
        slip(
            episomes / p.converted,
            "copies-for-cells",
            "These are the genomes that reach the nucleus. A biopsy counts them all; only some "
            "become episomes.",
            "One link is missing.",
        ),
        slip(
            episomes / to_nucleus,
            "reading",
            "You left out the endosome: every genome that a cell took up reaches the nucleus.",
            "Three boxes come before the episome, each with a share of its own.",
        ),
        slip(
            episomes / to_liver,
            "reading",
            "You sent the whole dose to the liver.",
            "Blood has two doors as well.",
        ),
        slip(
            episomes / to_liver * (1 - to_liver),
            "complement",
            "You took the share that goes elsewhere.",
            "The liver's rate stands above, the sum of both below.",
        ),
        slip(
            episomes / to_nucleus * (1 - to_nucleus),
            "complement",
            "You took the share of the endosome's genomes that is digested.",
            "The rate to the nucleus stands above, the sum of both below.",
        ),
        slip(
            episomes * cells_per_kg,
            "copies-for-cells",
            "These are the episomes in the liver, for each kg of body weight. Asked for is a cell.",
            "Divide by the liver cells per kg.",
        ),
        slip(
            episomes * cells_per_kg * p.weight,
            "copies-for-cells",
            "These are the episomes of the whole liver. Asked for is a cell.",
            "Divide by the cells of the whole liver, or take both per kilogram.",
        ),
        slip(
            episomes / p.weight,
            "per-kilogram",
            "You divided by the weight. The dose and the cells are per kilogram already.",
            "Cancel the units: vg/kg over cells/kg.",
        ),
        slip(
            episomes / to_liver / to_nucleus,
            "reading",
            "You took the share that becomes an episome, but of the whole dose. Only what comes "
            "through blood and endosome reaches the nucleus.",
            "Two boxes come before the nucleus, each with a share of its own.",
        ),
    ],
    hints=[
        "A genome in blood has two doors. Which share of all leaves by the liver's?",
        "Multiply three shares with the dose per kg, and divide by the cells per kg.",
    ],
    draw={
        "weight": among(70.0, 60.0, 80.0, 90.0),
        "dose": among(2e13, 5e12, 3e13, 6e13),
        "uptake": among(0.15, 0.12, 0.18),
        "elsewhere": among(0.1, 0.08, 0.06),
        "converted": among(0.15, 0.2, 0.05),
    },
    shown={
        "liver_percent": 100 * to_liver,
        "per_thousand": 1000 * to_liver * to_nucleus * p.converted,
        "answer": episomes,
    },
)

# %% [markdown] tags=["exercise"]
# ## 04.2 · Genomes that vanish · find-the-bug · level 2 · 8 min
#
# `change` gives the rates of change (vg/d) of the genomes in blood, endosomes, nuclei, episomes and
# *lost*, after the infusion. Cells die at a rate of `dying` per day, and take their genomes with
# them, wherever in the cell these are. The five numbers should add up to zero, and they do not.
# Mend the function; keep its name and arguments.

# %% tags=["answer"]
k_up, k_b = 0.17, 0.09  # 1/d, blood to the liver and to elsewhere
k_esc, k_e = escape, digestion  # 1/d, out of the endosome and digested in it
k_c, k_n = 0.002, 0.018  # 1/d, to episomes and degraded in the nucleus


def change(genomes, dying):
    """Rates of change of blood, endosome, nucleus, episome and lost."""
    blood, endosome, nucleus, episome, lost = genomes
    return np.array(
        [
            -(k_up + k_b) * blood,
            k_up * blood - (k_esc + k_e + dying) * endosome,
            k_esc * endosome - (k_c + k_n + dying) * nucleus,
            k_c * nucleus - dying * episome,
            k_b * blood + k_e * endosome + k_n * nucleus + dying * episome,
        ]
    )
# --- solution


def change(genomes, dying):
    """Rates of change of blood, endosome, nucleus, episome and lost."""
    blood, endosome, nucleus, episome, lost = genomes
    with_cells = dying * (endosome + nucleus + episome)
    return np.array(
        [
            -(k_up + k_b) * blood,
            k_up * blood - (k_esc + k_e + dying) * endosome,
            k_esc * endosome - (k_c + k_n + dying) * nucleus,
            k_c * nucleus - dying * episome,
            k_b * blood + k_e * endosome + k_n * nucleus + with_cells,
        ]
    )
# --- end
check("04.2", change)

# %% [markdown] tags=["worked"]
# Write each loss twice: with a minus where a genome leaves, with a plus where it arrives. `dying`
# stands with a minus in three boxes and with a plus in *lost* for one of them only. The genomes of
# dying cells that had not become episomes yet vanish from the books.
#
# Episomes and factor IX are right all the same. Nothing but the sum shows the leak.
#
# Taking `dying` out of endosome and nucleus balances the books too, and changes the biology: cells
# would then die of T cells, and the genomes that wait in them would live on.

# %% tags=["spec"]
def with_flows(
    of_blood=0.0, endosome_dies=1.0, nucleus_dies=1.0, to_lost=(1.0, 1.0, 1.0), blood_to_lost=None
):
    """The function with the death of cells booked in another way."""
    arriving = of_blood if blood_to_lost is None else blood_to_lost

    def wrong(genomes, dying):
        blood, endosome, nucleus, episome, lost = genomes
        return np.array(
            [
                -(k_up + k_b + of_blood * dying) * blood,
                k_up * blood - (k_esc + k_e + endosome_dies * dying) * endosome,
                k_esc * endosome - (k_c + k_n + nucleus_dies * dying) * nucleus,
                k_c * nucleus - dying * episome,
                k_b * blood
                + k_e * endosome
                + k_n * nucleus
                + dying * (arriving * blood)
                + dying * (to_lost[0] * endosome + to_lost[1] * nucleus + to_lost[2] * episome),
            ]
        )

    return wrong


probe = ([3e14, 2e13, 5e13, 1e13, 6e14], 0.05)
assert abs(np.sum(change(np.array(probe[0]), probe[1]))) < 1e3  # of 1e15
exercise(
    "04.2",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="Genomes that vanish",
    answer=function(
        change,
        probes=[probe, ([1e15, 0.0, 0.0, 0.0, 0.0], 0.01), ([1e13, 1e12, 8e13, 5e12, 9e14], 0.2)],
        rtol=1e-6,
        when_right="Each loss stands twice, with a minus and with a plus.",
    ),
    wrong=[
        slip(
            with_flows(endosome_dies=0.0, nucleus_dies=0.0, to_lost=(0.0, 0.0, 1.0)),
            "reading",
            "The sum is zero now, and the biology has changed: genomes that wait in a cell "
            "survive its death.",
            "Leave the four boxes as they are, and mend what arrives in *lost*.",
        ),
        slip(
            with_flows(of_blood=1.0),
            "reading",
            "Now blood loses genomes with dying cells as well. Those in blood are in no cell.",
            "Only endosome, nucleus and episome are inside a cell.",
        ),
        slip(
            with_flows(blood_to_lost=1.0),
            "reading",
            "*Lost* gains from blood as well now. No genome leaves blood because a cell dies.",
            "Which of the four boxes have a minus with `dying`?",
        ),
        slip(
            with_flows(to_lost=(-1.0, -1.0, -1.0)),
            "sign",
            "All three losses are there, with a minus. What leaves a box arrives in *lost* with a "
            "plus.",
        ),
        slip(
            with_flows(to_lost=(0.0, 1.0, 1.0)),
            "reading",
            "The nucleus is booked now. The genomes in endosomes of dying cells still vanish.",
            "How many boxes have a minus with `dying`?",
        ),
        slip(
            with_flows(to_lost=(1.0, 0.0, 1.0)),
            "reading",
            "The endosome is booked now. The genomes in nuclei of dying cells still vanish.",
            "How many boxes have a minus with `dying`?",
        ),
        slip(
            with_flows(to_lost=(1.0, 1.0, 0.0)),
            "reading",
            "Endosome and nucleus are booked now, and the episomes of dying cells are not.",
            "Three boxes have a minus with `dying`, so *lost* needs three times a plus.",
        ),
        slip(
            with_flows(to_lost=(-1.0, -1.0, 1.0)),
            "sign",
            "The two losses that were missing are there, with a minus. What leaves a box arrives "
            "in *lost* with a plus.",
        ),
    ],
    hints=[
        "Add up the five numbers by hand, letter by letter. Which terms have no partner?",
        "`dying` leaves three boxes. In `lost` it arrives from one.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.3 · Which comes first? · order · level 2 · 6 min
#
# Think of the typical simulated person of the notebook, with blood emptying at 0.26 per day and a
# rise with a half-life of 35 days. Put the events in their order, from the first to the last. One
# of them never happens to this person; leave it out.

# %% tags=["answer"]
events = ...  # for example ["A", "B", "C", "D", "E"]
# --- solution
events = ["C", "E", "A", "F", "B"]
# --- end
check("04.3", events)

# %% [markdown] tags=["worked"]
# Blood is half empty after three days. Bleeds avoided come next, after a week: the last link
# flattens, so 2 % of activity are enough for half of what can be had. Nuclei hold most genomes on
# day 11. Activity reaches half of its peak around day 38, since genomes leave the nucleus with a
# half-life of 35 days. Only after four months are most genomes in a biopsy episomes.
#
# D never happens, because reading does not use up an episome. The place in the chain is not the
# place in time: the last link comes second. The order is calibrated, since the rate of blood and
# the pace of the rise were chosen.

# %% tags=["spec"]
from cgtlearn.models import aav_expression
from cgtlearn.solve import solve

clock = np.append(np.linspace(0, 200, 2001), 1826)
person = solve(aav_expression.model, aav_expression.model.parameters_with(), clock)
untreated = ledger.value("aav_expression.bleeds_without_factor")
avoided = untreated - person["bleeding_rate"]
waiting = person["endosome"] + person["nucleus"]
later = clock > 0.1


def first(condition):
    return clock[np.argmax(condition & later)]


days_of = {
    "C": first(person["blood"] < person["blood"].max() / 2),
    "E": first(avoided > avoided.max() / 2),
    "A": clock[person["nucleus"].argmax()],
    "F": first(person["activity"] > person["activity"].max() / 2),
    "B": first((person["episome"] > waiting) & (clock > 1)),
}
assert sorted(days_of, key=days_of.get) == events
assert [round(day) for day in days_of.values()] == [3, 7, 11, 38, 125]

exercise(
    "04.3",
    kind="order",
    level=2,
    minutes=6,
    title="Which comes first?",
    answer=order(
        {
            "A": "The nuclei hold more genomes than ever again.",
            "B": "Most genomes that a biopsy counts are episomes.",
            "C": "Blood holds half of what it held at its peak.",
            "D": "Half of the episomes have been used up by reading.",
            "E": "Bleeds avoided reach half of the most that they will reach.",
            "F": "Activity reaches half of its peak.",
        },
        events,
        when_right="The last link of the chain is the second in time, because it flattens.",
    ),
    wrong=[
        slip(
            ["C", "A", "B", "F", "E"],
            "wrong-phase",
            "That is the order of the links. A link late in the chain can be half-way early in "
            "time.",
            "Bleeds are half avoided at 2 % of activity, biopsies hold waiting genomes for months.",
        ),
        slip(
            ["C", "A", "F", "E", "B"],
            "wrong-phase",
            "The curve of bleeds flattens, so it is half-way long before activity is.",
            "How much activity halves the bleeds? And how much is the peak?",
        ),
        slip(
            ["C", "A", "E", "F", "B"],
            "wrong-phase",
            "Nearly: bleeds avoided are half-way even before the nuclei are fullest. A little of "
            "the activity is enough.",
            "Blood feeds the nuclei for days, and 2 % of activity is there after a week.",
        ),
        slip(
            ["C", "E", "F", "A", "B"],
            "wrong-phase",
            "Activity cannot be half-way before the nuclei are fullest: each episome comes out of "
            "a nucleus.",
            "The genomes leave the nucleus with a half-life of 35 days.",
        ),
        slip(
            ["C", "E", "A", "B", "F"],
            "copies-for-cells",
            "A biopsy counts waiting genomes too, and there are many: in week 6 nine of ten wait.",
            "Half of the final episomes are there long before most genomes are episomes.",
        ),
        slip(
            ["C", "E", "A", "F", "B", "D"],
            "reading",
            "The order is right, and one line is too many. An episome is read and stays.",
            "Leave out what never happens.",
        ),
        slip(
            ["E", "C", "A", "F", "B"],
            "wrong-phase",
            "Activity is there late: after a week there are 2 %. Blood is half empty by then.",
            "Which half-life belongs to 0.26 per day?",
        ),
        slip(
            ["B", "F", "A", "E", "C"],
            "sign",
            "You gave the last event first.",
            "Turn the order round.",
        ),
    ],
    hints=[
        "Two half-lives help: 2.7 days for blood, 35 days for the genomes in the nucleus.",
        "Bleeds are halved at 2 % of activity, and the peak is near 38 %. Which comes early?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.4 · A report about half-lives · criticise · level 3 · 7 min
#
# A report says: *Factor IX has a half-life of 22 hours, and vector DNA is below the limit in blood
# after some weeks. The effect of this gene therapy will therefore be gone within months, and the
# patient will need another dose.* Write two or three sentences to its author. What do these two
# numbers not see, and what sets the pace at which activity falls?

# %% tags=["answer"]
critique = ...  # your sentences, in quotes
# --- solution
critique = (
    "Factor IX is made all the time by the episomes in the liver, so its own half-life does not "
    "show in the curve. Vector DNA in blood says nothing about the genomes that have reached the "
    "liver. Activity falls at the pace of the slowest step upstream, the loss of episomes."
)
# --- end
check("04.4", critique)

# %% [markdown] tags=["worked"]
# Both numbers are right, and both belong to other links. The 22 hours are the clock of a molecule
# that is no longer made. Here it is made every day. A box that is fed slowly and emptied quickly
# falls at the pace of what feeds it: flip-flop. Blood is the first box; an assay of blood cannot
# see what the liver holds.
#
# How long the effect lasts is set by the episomes and the cells that carry them. The mean activity
# of HOPE-B at year 5 was close to that at month 6. That is no promise for a person.

# %% tags=["spec"]
exercise(
    "04.4",
    kind="criticise",
    level=3,
    minutes=7,
    title="A report about half-lives",
    answer=text(
        [
            idea(
                "factor IX is made all the time",
                [
                    "made|produc*|synthes*|secret*|replac*|replenish* all|every|continu*|steadil*|"
                    "constant*|still|always|again|new|ongoing|daily",
                    "continu*|ongoing|constant*|still|keep*|goes|go|steady|always|new|fresh "
                    "made|produc*|synthes*|mak*|express*|secret*|supply",
                    "cell*|liver|episome*|gene|hepatocyte*|genome* make*|making|produc*|express*|"
                    "feed*|secret*|read|synthes*",
                    "made|produced|fed|synthesi*|expressed by|from|in|inside "
                    "episome*|liver|cell*|gene|hepatocyte*|genome*",
                    "production|synthesis|expression|supply "
                    "continu*|goes|go|last*|persist*|remain*|stay*",
                    "production|synthesis|expression|supply not|never stop*|end*|cease*|over",
                    "not|never stop*|cease*",
                    "flip flop",
                ],
                "Infused factor IX vanishes in days. What is different after a gene therapy?",
            ),
            idea(
                "blood does not show what the liver holds",
                [
                    "blood not see*|say*|tell*|show*|measur*|reflect*|know|reveal*",
                    "blood nothing|blind|silent|only|cannot|just|irrelevant",
                    "blind liver|tissue|episome*|cell*|after|later",
                    "genome*|dna|vector|episome*|copies in|inside|reach*|reside*|remain*|stay* "
                    "liver|tissue|cell*|hepatocyte*|nuclei|nucleus",
                    "liver|tissue|hepatocyte*|nuclei|nucleus hold*|contain*|keep*|has|have|still "
                    "genome*|dna|vector|episome*|copies",
                    "not liver|tissue|biopsy",
                    "another|other|different|first link|box|compartment|analyte|matrix",
                    "biopsy need*|would|see*|show*|tell*|count*",
                ],
                "Where are the genomes that matter, and does an assay of blood see them?",
            ),
            idea(
                "the slowest step upstream sets the pace",
                [
                    "slowest|slow|limiting|longest step|link|box|process|loss|"
                    "clock|half|one|compartment|decay",
                    "pace|rate|speed|half|clock|decline|fall*|duration|slope of|by|with|at "
                    "episome*|cell*|slowest|upstream|turnover|feed*|genome*|death",
                    "episome*|cell*|turnover|hepatocyte*|genome*|death set*|decide*|determine*|"
                    "govern*|control*|limit*",
                    "loss|death|lifetime|turnover|silencing|persistence|decay|dilution|life "
                    "of|in episome*|cell*|liver|hepatocyte*|genome*",
                    "episome*|cell*|genome* "
                    "last|lasts|lost|die|dies|persist*|stay*|remain*|survive*",
                    "transgene|gene|dna|vector|genome* lost|disappear*|vanish*|lose|silenced "
                    "from|in|by hepatocyte*|liver|cell*|nuclei",
                    "upstream",
                ],
                "Activity is the last of a row of boxes. Which one sets the pace of its fall?",
            ),
        ],
        model="Factor IX is made all the time by the episomes in the liver, so its own half-life "
        "does not show in the curve. Vector DNA in blood says nothing about the genomes that have "
        "reached the liver. Activity falls at the pace of the slowest step upstream, the loss of "
        "episomes.",
        also=[
            "The protein keeps being produced, so 22 hours would only matter if that stopped. "
            "An assay of blood is blind to what the liver cells contain. The decline follows the "
            "turnover of cells that carry episomes.",
            "Liver cells go on making factor IX for years. Blood is only the first compartment and "
            "does not show the tissue. The slowest link, the episomes, decides how long it lasts.",
        ],
    ),
    wrong=[
        slip(
            "The report is right, because a protein with a half-life of 22 hours is gone after a "
            "week and the vector has left the blood as well, so a new dose is needed.",
            "half-life-for-rate",
            "You took the clock of infused factor IX for that of a factor IX that is made every "
            "day.",
            "Ask what feeds the plasma, and how long that lasts.",
            patterns=[
                "gone|vanish*|disappear* after|within|in week*|days|months",
                "report|author is right|correct",
                "i|yes|fully agree*",
                "new|another|second dose is|will needed|necessary",
            ],
        ),
        slip(
            "The author is mistaken, since one gene therapy lasts for the whole life of the "
            "patient and the factor level will never fall again after such a cure.",
            "absence-of-evidence",
            "That no decline was seen in five years does not show that there is none.",
            "Name what sets the pace, and leave open how long it lasts.",
            patterns=[
                "never fall*|decline*|drop*|end*",
                "last*|stays|persist* for|the whole|ever|life|lifelong",
                "lifelong|forever|permanent cure|effect",
            ],
        ),
    ],
    hints=[
        "Ask of each of the two numbers: which box of the chain is it the clock of?",
        "Plasma is fed by the liver. What would have to vanish for activity to fall?",
    ],
)
