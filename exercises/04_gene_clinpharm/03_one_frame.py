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
# # Exercises: one frame, two organs, two modalities
#
# Type your answer in place of `...` and run the cell. `hint("04.9")` gives a first step, called
# again a second one. `solution("04.9")` opens once you have tried.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 04.9 · The area that makes the protein · predict · level 1 · 5 min
#
# A dose of messenger RNA in nanoparticles brings {{reached:.0f}} nmol into the endosomes of
# hepatocytes. From there it escapes at {{escape:.2f}} per hour and is degraded at {{loss:.2f}} per
# hour. What has escaped has a half-life of {{half_life:.0f}} h. How large is the area under the
# curve of **free** messenger RNA, from the dose until nothing is left, in nmol × h?

# %% tags=["answer"]
p = given("04.9")  # p.reached (nmol), p.escape, p.loss (1/h), p.half_life (h)
area = ...  # nmol × h
# --- solution
fraction = p.escape / (p.escape + p.loss)
area = p.reached * fraction * p.half_life / np.log(2)
# --- end
check("04.9", area)

# %% [markdown] tags=["worked"]
# Two steps. Of what reaches the endosome the share escape over the sum of both exits gets free:
# {{percent:.0f}} %, that is {{free:.1f}} nmol. Each molecule then stays for one over its rate on
# average, half-life over 0.693: {{stay:.0f}} h. Amount times mean stay is the area,
# {{answer:.0f}} nmol × h.
#
# The pace of infusion, of attachment and of escape does not enter. They shape the curve and leave
# its area alone. And the area is what counts for the protein made in all.

# %% tags=["spec"]
exercise(
    "04.9",
    kind="predict",
    level=1,
    minutes=5,
    title="The area that makes the protein",
    answer=number(
        area,
        unit="nmol × h",
        rtol=0.02,
        when_right="What arrives, times how long it stays. How fast it arrives does not matter.",
    ),
    wrong=[
        slip(
            p.reached * fraction * p.half_life,
            "half-life-for-rate",
            "You multiplied by the half-life. A molecule stays one over its rate on average, and "
            "that is longer than the half-life.",
            "The mean stay is the half-life over ln 2.",
        ),
        slip(
            p.reached * fraction * p.half_life * np.log(2),
            "half-life-for-rate",
            "You multiplied by ln 2. The rate is ln 2 over the half-life, and the stay is one over "
            "the rate.",
        ),
        slip(
            p.reached * (1 - fraction) * p.half_life / np.log(2),
            "complement",
            "This is the share that is degraded in the endosome. It is never free.",
        ),
        slip(
            p.reached * p.half_life / np.log(2),
            "forgot-lag",
            "You let all of it escape. Most of what reaches an endosome ends there.",
            "Two exits empty the endosome. Which share takes the right one?",
        ),
        slip(
            p.reached * p.escape / p.loss * p.half_life / np.log(2),
            "reciprocal",
            "You took one exit over the other. That is odds, not a share.",
            "A share is one exit over the sum of both.",
        ),
        slip(
            p.reached * p.escape * p.half_life / np.log(2),
            "total-for-rate",
            "You multiplied by the rate of escape. A rate is a pace, in 1/h, and no share: with it "
            "the unit would be nmol, not nmol × h.",
            "A share is one exit over the sum of both.",
        ),
        slip(
            p.reached * fraction / (p.escape + p.loss),
            "wrong-phase",
            "You multiplied by the mean stay in the endosome. The area asked for is that of free "
            "messenger RNA, which stays until it decays.",
            "Take the mean stay of what is free: half-life over ln 2.",
        ),
        slip(
            p.reached * fraction,
            "total-for-rate",
            "This is the amount that gets free, in nmol. An area has a time in it.",
            "Multiply by the mean time that a molecule stays.",
        ),
    ],
    hints=[
        "Which share of the molecules in an endosome takes the exit to the cytoplasm?",
        "Amount that gets free, times half-life over ln 2.",
    ],
    draw={
        "reached": among(28.0, 20.0, 35.0, 44.0),
        "escape": among(0.07, 0.05, 0.09),
        "loss": among(0.33, 0.25, 0.4),
        "half_life": among(18.0, 13.0, 24.0),
    },
    shown={
        "percent": 100 * fraction,
        "free": p.reached * fraction,
        "stay": p.half_life / np.log(2),
        "answer": area,
    },
)

# %% [markdown] tags=["exercise"]
# ## 04.10 · Doses that nobody has given yet · find-the-bug · level 2 · 8 min
#
# `after_one` gives the protein at `t` hours after a single dose of a messenger RNA drug. Particles
# are so fast that two rates are left: the decay of messenger RNA and that of protein.
#
# `protein` should add up the doses given every `every` hours, the first at hour 0, `doses` in all.
# Once all doses are given, it is right. Before that it gives negative and huge values. Mend it;
# keep name and arguments.


# %% tags=["answer"]
def after_one(t, mrna_rate, protein_rate):
    """Protein at t (h) after one dose, over dose and translation rate."""
    two = np.exp(-protein_rate * t) - np.exp(-mrna_rate * t)
    return two / (mrna_rate - protein_rate)


def protein(t, every, doses, mrna_rate, protein_rate):
    """Protein at t (h) of a course of doses, over one dose and translation rate."""
    total = 0.0
    for number in range(int(doses)):
        total = total + after_one(t - number * every, mrna_rate, protein_rate)
    return total


# --- solution
def protein(t, every, doses, mrna_rate, protein_rate):
    """Protein at t (h) of a course of doses, over one dose and translation rate."""
    total = 0.0
    for number in range(int(doses)):
        since = t - number * every
        given_by_then = since > 0  # before its time a dose adds nothing
        total = total + given_by_then * after_one(max(since, 0), mrna_rate, protein_rate)
    return total


# --- end
check("04.10", protein)

# %% [markdown] tags=["worked"]
# Superposition adds curves, each from its own start. Before that start the curve is zero. The
# formula of one dose does not know this: at negative times its exponentials grow. So a dose that is
# due next week already shows today, below zero.
#
# Once all doses have been given, nothing is negative and the starter is right. A check at the end
# of the course would never have found it.


# %% tags=["spec"]
def one_dose(t, m, g):
    return (np.exp(-g * t) - np.exp(-m * t)) / (m - g)


def summed(weight):
    """A course that adds dose `i` of `n` as `weight(since, i, n, m, g)` says."""

    def wrong(t, every, doses, m, g):
        return sum(weight(t - i * every, i, int(doses), m, g) for i in range(int(doses)))

    return wrong


def right(since, i, n, m, g):
    return one_dose(since, m, g) if since > 0 else 0.0


def last_only(t, every, doses, m, g):
    given_so_far = [t - i * every for i in range(int(doses)) if t - i * every > 0]
    return one_dose(given_so_far[-1], m, g) if given_so_far else 0.0


def one_too_many(t, every, doses, m, g):
    return summed(right)(t, every, doses + 1, m, g)


def first_late(t, every, doses, m, g):
    return sum(right(t - i * every, i, doses, m, g) for i in range(1, int(doses) + 1))


def never_ends(t, every, doses, m, g):
    return sum(right(t - i * every, i, doses, m, g) for i in range(int(t // every) + 1))


def clipped(t, every, doses, m, g):
    return max(0, sum(one_dose(t - i * every, m, g) for i in range(int(doses))))


def counted(t, every, doses, m, g):
    return sum(t - i * every > 0 for i in range(int(doses))) * one_dose(t, m, g)


assert summed(lambda s, i, n, m, g: one_dose(s, m, g))(10, 168, 4, 0.0385, 0.0243) < 0
probes = [
    (100.0, 72.0, 5.0, 0.0385, 0.0243),
    (30.0, 48.0, 4.0, 0.03, 0.01),
    (500.0, 72.0, 5.0, 0.0385, 0.0243),
    (250.0, 100.0, 3.0, 0.02, 0.05),
]
exercise(
    "04.10",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="Doses that nobody has given yet",
    answer=function(
        protein,
        probes=probes,
        rtol=1e-6,
        shared_slips=False,
        when_right="Each curve begins at its own dose. Then adding them up is all there is to it.",
    ),
    wrong=[
        slip(
            last_only,
            "forgot-lag",
            "You kept the last dose alone. What earlier doses left behind is still there.",
            "Add up all doses that have been given by then.",
        ),
        slip(
            one_too_many,
            "reading",
            "Doses to come are out, as they should be. But you give one dose too many: the first "
            "one at hour 0 counts.",
            "`doses` in all: their numbers run from 0 to doses - 1.",
        ),
        slip(
            first_late,
            "reading",
            "Doses to come are out, as they should be. But your first dose comes at hour `every`; "
            "it should come at hour 0.",
            "The numbers run from 0 to doses - 1.",
        ),
        slip(
            never_ends,
            "reading",
            "Doses to come are out, as they should be. But your course never ends: it goes on "
            "after `doses` have been given.",
            "Let the numbers run from 0 to doses - 1, and leave out those that are to come.",
        ),
        slip(
            clipped,
            "sign",
            "You cut the sum off at zero. The doses to come are still in it, and pull it down.",
            "Leave each coming dose out before you add.",
        ),
        slip(
            counted,
            "dose-proportional",
            "You multiplied one curve by the number of doses. They were not all given at hour 0.",
            "Each dose has a clock of its own: t less its start.",
        ),
        slip(
            summed(lambda s, i, n, m, g: abs(one_dose(s, m, g))),
            "sign",
            "You made the negative values positive. A dose that is not given yet adds nothing, "
            "neither below nor above zero.",
        ),
        slip(
            summed(lambda s, i, n, m, g: one_dose(abs(s), m, g)),
            "sign",
            "You took the time to a coming dose as if it were the time since. It adds nothing yet.",
        ),
    ],
    hints=[
        "Print t - number * every for t = 10. What does after_one say at a negative time?",
        "Leave out each dose for which t - number * every is below zero.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.11 · Whose 18 hours? · decide · level 2 · 6 min
#
# A messenger RNA drug makes an enzyme that goes into plasma. Infused as a protein, the enzyme has
# a half-life of 9 h. After the drug its activity in plasma falls with a half-life of 18 h, from day
# 3 to day 6, in all animals. A colleague writes: *our enzyme has twice the half-life; the new
# signal sequence works.* What do you do next?

# %% tags=["answer"]
decision = ...  # "A", "B", "C" or "D"
# --- solution
decision = "B"
# --- end
check("04.11", decision)

# %% [markdown] tags=["worked"]
# An enzyme that halves in 9 h can show 18 h if it is *fed* with a half-life of 18 h. The slowest
# link rules the last slope, and here it may be the messenger RNA. Samples of the liver tell: they
# hold the messenger RNA and no plasma enzyme.
#
# A longer sampling of plasma adds nothing, since the slope has settled. A higher dose shifts the
# curve up and keeps its slope, in the model. Infusing the *new* enzyme as a protein would answer
# the colleague's question too. It was not on the list.

# %% tags=["spec"]
exercise(
    "04.11",
    kind="decide",
    level=2,
    minutes=6,
    title="Whose 18 hours?",
    answer=choice(
        {
            "A": "Accept it. Half-lives in plasma are those of the protein in plasma.",
            "B": "Measure messenger RNA in livers on the same days, before anybody writes it.",
            "C": "Sample plasma until day 14, for the true last slope.",
            "D": "Give twice the dose and see whether the half-life doubles again.",
        },
        "B",
        when_right="If the liver's messenger RNA halves in 18 h as well, the slope is its own.",
    ),
    wrong=[
        slip(
            "A",
            "wrong-phase",
            "An infused protein is not fed. This one is, for as long as its messenger RNA lasts. "
            "The slope belongs to the slower of the two.",
            "Which other clock of this chain could be 18 h?",
        ),
        slip(
            "C",
            "wrong-phase",
            "From day 3 to day 6 the slope is one and the same in all animals. It has settled, and "
            "a longer curve would show 18 h again, without saying whose.",
            "You need another assay, not another day.",
        ),
        slip(
            "D",
            "dose-proportional",
            "In a chain of first-order steps twice the dose doubles the height and keeps every "
            "slope. Either story predicts that.",
            "Choose an experiment on which the two stories differ.",
        ),
    ],
    hints=[
        "Two stories give 18 h: a protein that lasts, or one that is fed for longer.",
        "Which sample sees the messenger RNA, and not the enzyme in plasma?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.12 · More protein from each copy · criticise · level 3 · 8 min
#
# A slide says: *From week 12 to week 60 vector copies in muscle fell from 1.56 to 0.94 per nucleus
# (SD 1.51 and 1.25), micro-dystrophin from 23.8 to 19.1 % of normal (SD 39.8 and 36.4). So each
# copy makes a third more protein: the transgene becomes more active with time.* The doses of this
# part were mixed; 20 boys gave the first biopsy and 18 the second. Write two or three sentences to
# its author. What do the copies count, and what do these means not show?

# %% tags=["answer"]
critique = ...  # your sentences, in quotes
# --- solution
critique = (
    "Copies in a biopsy count every genome, also those that wait in nuclei or endosomes and are "
    "not read; when these are degraded the copies fall while expression per episome stays as it "
    "was. The means are of groups with mixed doses and an SD as large as the mean, and not the "
    "same boys, so a ratio of two means says nothing about a boy's cells."
)
# --- end
check("04.12", critique)

# %% [markdown] tags=["worked"]
# Two things are missing. First, qPCR counts DNA, not reading. In our chain 28 % of the copies of
# week 12 are episomes, and nearly all in week 60. Copies fall to a third there while protein rises,
# and no gene becomes more active. That is a story which fits, not a proof.
#
# Second, a ratio of means over groups is no ratio in a boy. Doses were mixed, two boys are missing
# from the second biopsy, and the SD is larger than the mean of the protein. A few boys carry it.

# %% tags=["spec"]
exercise(
    "04.12",
    kind="criticise",
    level=3,
    minutes=8,
    title="More protein from each copy",
    answer=text(
        [
            idea(
                "copies count genomes that are not read",
                [
                    "wait*|idle|unread|silent|inactive|degrad* "
                    "genome*|copies|copy|dna|vector|nucle*|endosome*",
                    "genome*|copies|copy|dna|vector wait*|idle|unread|silent|inactive|degrad*",
                    "not|never|without read|reading|episome*|transcribed",
                    "copies|genome*|dna|some|those|them not|never active|expressed|functional",
                    "not yet|still active|expressed|functional|producing|working",
                    "qpcr|pcr|assay|biopsy|count*|copies all|every|any|total|also|both "
                    "dna|genome*|copies|vector",
                    "count*|include* dna|genome*|those|ones",
                    "episome* not|only|fraction|share|part|few|minority",
                    "only|fraction|share|part|few|minority|some episome*|read",
                    "cannot|not tell|distinguish|separate episome*",
                ],
                "Which genomes does a qPCR of a biopsy count? Are all of them read?",
            ),
            idea(
                "means of such groups do not show what happens in a boy",
                [
                    "mean*|average*|ratio*|group* not|nothing|different|mixed|hide*|mislead*|mask*",
                    "not|nothing|never mean*|average*|ratio*|same|paired|individual*|boy*|patient*",
                    "different|other|missing|fewer|lost|mixed boy*|patient*|dose*|children|group*",
                    "mixed|mix|several|various dose*|doses",
                    "sd|sds|spread|variab*|scatter|deviation* "
                    "large*|larger|big|huge|wide|enormous|exceed*|as",
                    "large*|huge|wide|big|enormous sd|sds|spread|variab*|scatter|deviation*",
                    "skew*",
                    "noise|uncertain*|outlier*",
                    "boy*|patient*|children missing|absent|gone|dropped|left|drop*|lack*",
                    "18 20",
                    "20 18",
                ],
                "Who was biopsied each time, at which dose? How large is the SD beside the mean?",
            ),
        ],
        model="Copies in a biopsy count every genome, also those that wait in nuclei or endosomes "
        "and are not read; when these are degraded the copies fall while expression per episome "
        "stays as it was. The means are of groups with mixed doses and an SD as large as the mean, "
        "and not the same boys, so a ratio of two means says nothing about a boy's cells.",
        also=[
            "qPCR counts all vector DNA, read or not. The genomes that were still waiting in week "
            "12 are gone by week 60. Besides, the doses were mixed and two boys dropped out, so I "
            "would not compare the means.",
            "The ratio of two averages with such a large SD is not a ratio in any patient. And "
            "the copies include genomes that never become episomes, which disappear over time.",
            "Some of the copies in the first biopsy were not yet active and got degraded later. "
            "The spread is huge, larger than the mean, and the two groups are not the same boys.",
            "Copy number measures all vector genomes and not only active ones. Two boys are "
            "missing and the SDs are enormous.",
        ],
    ),
    wrong=[
        slip(
            "The transgene was silenced between week 12 and week 60, because both numbers fell, "
            "and the promoter should be replaced by a stronger one.",
            "assumption-as-result",
            "Silencing is one more story about the cells. These numbers show neither that the gene "
            "became more active nor that it was silenced.",
            "First ask what the two assays count, and in whom.",
            patterns=[
                "gene|transgene|promoter|expression was|is|were|been silenced",
                "silencing proves|explains|shows",
            ],
        ),
        slip(
            "The fall from 23.8 to 19.1 is not significant, so there is no difference and that "
            "claim about activity must be wrong.",
            "absence-of-evidence",
            "A difference that is not significant is not a difference of zero. The claim can be "
            "questioned without that step.",
            "Say what the copies count and what a mean of such groups hides.",
            patterns=PATTERNS["absence-of-evidence"],
        ),
    ],
    hints=[
        "Follow a genome through the chain. Where can it be when the biopsy is taken?",
        "Name two things: genomes that are counted and not read; and what is unlike between the "
        "two biopsies.",
    ],
)
