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
# # Exercises: one spread, three stories
#
# Type your answer in place of `...` and run the cell. `hint("04.13")` gives a first step, called
# again a second one. `solution("04.13")` opens once you have tried. All spreads on this page are
# assumed. Nothing here is advice on how to treat a person.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, solution
from cgtlearn.models import aav_expression

# %% [markdown] tags=["exercise"]
# ## 04.13 · A share before the simulation · predict · level 2 · 6 min
#
# In the chain a share $u$ = {{share:.2f}} of what leaves blood is taken up by the liver. Three
# links vary between people, independently and log-normally. The SDs of the logarithms are
# {{uptake_sd}} for the rate of uptake, {{reading_sd}} for the rate of transcription and
# {{clearance_sd}} for the elimination of factor IX. Which share of the variance of log factor IX
# comes from **uptake**? Use elasticities, and give a number between 0 and 1.

# %% tags=["answer"]
p = given("04.13")  # p.uptake_sd, p.reading_sd, p.clearance_sd
typical = aav_expression.model.parameters_with()
taken_up = typical.uptake_rate / (typical.uptake_rate + typical.blood_loss_rate)  # the share u
share = ...  # between 0 and 1
# --- solution
elasticity = 1 - taken_up  # of a rate that competes with another exit
parts = [(elasticity * p.uptake_sd) ** 2, p.reading_sd**2, p.clearance_sd**2]
share = parts[0] / sum(parts)
# --- end
check("04.13", share)

# %% [markdown] tags=["worked"]
# Uptake competes with loss from blood. The share that goes on is $k_{up} / (k_{up} + k_b)$; its
# logarithm has the slope $1 - u$ against $\ln k_{up}$, here a third. Transcription enters with
# elasticity 1, elimination with $-1$; squares lose the sign.
#
# So uptake has $(SD/3)^2$ against the two other squares. A link that looks widest may carry
# little, because the step is nearly complete. With wide spreads the slope changes along the way, so
# this is a good approximation and no more.

# %% tags=["spec"]
e = 1 - taken_up
others = p.reading_sd**2 + p.clearance_sd**2
right = (e * p.uptake_sd) ** 2 / ((e * p.uptake_sd) ** 2 + others)
exercise(
    "04.13",
    kind="predict",
    level=2,
    minutes=6,
    title="A share before the simulation",
    draw={
        "uptake_sd": among(0.8, 0.6, 0.65, 0.7, 0.75),
        "reading_sd": among(0.55, 0.5, 0.6),
        "clearance_sd": among(0.23, 0.3),
    },
    shown={"share": taken_up},
    answer=number(
        right,
        unit="1",
        rtol=0.01,
        when_right="The widest spread of the three, damped to a third before it is squared.",
    ),
    wrong=[
        slip(
            p.uptake_sd**2 / (p.uptake_sd**2 + others),
            "spread-in-for-spread-out",
            "You squared the spreads as they are. Only part of the spread in uptake comes through: "
            "the step has two exits.",
            "Multiply each SD by its elasticity before you square it. For uptake that is 1 - u.",
        ),
        slip(
            e * p.uptake_sd / (e * p.uptake_sd + p.reading_sd + p.clearance_sd),
            "variance-for-sd",
            "You added standard deviations. Variances of independent terms add; standard "
            "deviations do not.",
            "Square each term, then divide.",
        ),
        slip(
            p.uptake_sd / (p.uptake_sd + p.reading_sd + p.clearance_sd),
            "variance-for-sd",
            "You added standard deviations, and left out the elasticity of uptake.",
            "Multiply by the elasticity, then square.",
        ),
        slip(
            (taken_up * p.uptake_sd) ** 2 / ((taken_up * p.uptake_sd) ** 2 + others),
            "complement",
            "You took u for the elasticity. It is 1 - u: the more complete a step, the less its "
            "rate matters.",
            "Think of a step that takes everything: would a faster one take more?",
        ),
        slip(
            (e * p.uptake_sd) ** 2 / others,
            "reading",
            "You divided by the two other squares. A share is a part over the whole, so uptake's "
            "own square stands below as well.",
            "Divide by the sum of all three squares.",
        ),
        slip(
            (e * p.uptake_sd) ** 2,
            "reading",
            "This is the variance that comes from uptake, and no share of the variance yet.",
            "Divide by the sum of all three squares.",
        ),
        slip(
            e * p.uptake_sd**2 / (e * p.uptake_sd**2 + others),
            "spread-in-for-spread-out",
            "You multiplied the variance by the elasticity. The elasticity belongs to the SD, and "
            "is squared with it.",
            "Square the product of elasticity and SD.",
        ),
    ],
    hints=[
        "Logarithms add along the chain. What is the slope of ln(k / (k + b)) against ln k?",
        "The slope is 1 - u. The share is its (slope × SD)² over the sum of three such squares.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.14 · A share below zero · find-the-bug · level 2 · 7 min
#
# Two populations A and B were drawn. `f_a` and `f_b` are their answers; in `f_mixed` parameter $i$
# comes from B and all others from A. The function should return the **first** Sobol index of $i$,
# with the estimator of the notebook; `middle` is its $m$. On a chain where $i$ rules it returns
# -0.7. Mend it.


# %% tags=["answer"]
def first_index(f_a, f_b, f_mixed):
    """Share of the variance that parameter i explains alone."""
    both = np.concatenate([f_a, f_b])
    middle, variance = np.mean(both), np.var(both)
    return np.mean((f_a - middle) * (f_mixed - f_a)) / variance


# --- solution
def first_index(f_a, f_b, f_mixed):
    """Share of the variance that parameter i explains alone."""
    both = np.concatenate([f_a, f_b])
    middle, variance = np.mean(both), np.var(both)
    return np.mean((f_b - middle) * (f_mixed - f_a)) / variance


# --- end
check("04.14", first_index)

# %% [markdown] tags=["worked"]
# B and the mixture share parameter $i$ and nothing else. So their answers go together exactly as
# far as $i$ rules: that is the product of `f_b - middle` with `f_mixed`. A shares nothing with B,
# so the product with `f_a` is what chance gives, and it is taken off.
#
# The bug multiplied by A. A and the mixture share everything *but* $i$; the estimate was then
# minus the total index. A share below zero is the symptom. Small negative values are noise and
# harmless; -0.7 is not.


# %% tags=["spec"]
def over_variance(f_a, f_b, top, power=1.0):
    """The mean of a product over the variance of all answers; ``top`` gets deviations as well."""
    both = np.concatenate([f_a, f_b])
    return np.mean(top(np.mean(both))) / np.var(both) ** power


exercise(
    "04.14",
    kind="find-the-bug",
    level=2,
    minutes=7,
    title="A share below zero",
    answer=function(
        first_index,
        probes=[
            ([0.4, -1.1, 0.7, 1.9, -0.2], [1.2, 0.3, -0.8, 0.6, -1.5], [0.9, -0.2, 0.1, 1.4, -1.2]),
            ([3.1, 2.6, 4.0, 3.3], [2.2, 3.9, 3.5, 4.4], [2.4, 3.6, 3.8, 4.1]),
        ],
        rtol=1e-6,
        when_right="B and the mixture share parameter i alone, so their product measures it.",
    ),
    wrong=[
        slip(
            lambda f_a, f_b, f_mixed: over_variance(f_a, f_b, lambda m: (f_a - f_mixed) ** 2 / 2),
            "reading",
            "This is the total index: what parameter i does with all its interactions. The first "
            "was asked for.",
            "Which population shares parameter i with the mixture, and nothing else?",
        ),
        slip(
            lambda f_a, f_b, f_mixed: over_variance(
                f_a, f_b, lambda m: (f_a - m) * (f_a - f_mixed)
            ),
            "sign",
            "You turned the sign. What comes out is positive, and it is the total index by another "
            "name: A and the mixture share all parameters but i.",
            "Do not mend the sign; look at which population is multiplied.",
        ),
        slip(
            lambda f_a, f_b, f_mixed: over_variance(
                f_a, f_b, lambda m: (f_b - m) * (f_mixed - f_a), power=0.5
            ),
            "variance-for-sd",
            "The product is right. You divided by a standard deviation; a share is variance over "
            "variance.",
        ),
        slip(
            lambda f_a, f_b, f_mixed: over_variance(
                f_a, f_b, lambda m: (f_b - m) * (f_mixed - f_b)
            ),
            "swapped-arguments",
            "The factor in front is right. In the bracket you took off B, with which the mixture "
            "shares i; take off A, with which it shares nothing of B.",
            "The bracket is the mixture less A.",
        ),
        slip(
            lambda f_a, f_b, f_mixed: over_variance(f_a, f_b, lambda m: f_b * f_mixed),
            "reading",
            "The product of B and the mixture is right, but it holds the squared mean as well. "
            "Something must be taken off.",
            "The product of B and A holds the same squared mean, and no share of i.",
        ),
        slip(
            lambda f_a, f_b, f_mixed: over_variance(f_a, f_b, lambda m: f_b * (f_mixed - f_a)),
            "reading",
            "The right population is multiplied, but you left out the mean. With many people that "
            "makes no difference; with few it adds noise, and the estimator of the notebook takes "
            "it off.",
            "Keep `- middle` as the starter has it.",
        ),
        slip(
            lambda f_a, f_b, f_mixed: over_variance(f_a, f_b, lambda m: (f_b - m) * (f_mixed - m)),
            "reading",
            "This estimates the same index, with more noise: chance lets A and B go together a "
            "little, and nothing takes that off.",
            "Leave the bracket as the starter has it: the mixture less A.",
        ),
    ],
    hints=[
        "With which population does the mixture share parameter i and nothing else?",
        "The product should go with what shares i: multiply the bracket by that population's "
        "answers.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.15 · What holds whatever the spreads are? · choose · level 2 · 6 min
#
# Two groups used one chain and met one CV. One reports *transcription has 72 % of the
# variance*, the other *escape has 72 %*. Neither measured a spread. Which statement does **not**
# depend on whose spreads are right?

# %% tags=["answer"]
holds = ...  # "A", "B", "C" or "D"
# --- solution
holds = "B"
# --- end
check("04.15", holds)

# %% [markdown] tags=["worked"]
# **B.** An elasticity is a property of the chain: uptake takes two thirds of what leaves blood, so
# its rate comes through with one third, while escape, a step that mostly fails, comes through with
# nine tenths. Equal spreads in would give unequal spreads out, whoever is right.
#
# A is a ranking and needs the spreads. C as well: copies lie after escape and before transcription,
# so they explain factor IX under one report and hardly under the other. That is why they should be
# measured, and no reason to know the result. D takes the slope at the typical carrier for the
# population: those few far up the curve may own most of the variance of the logarithm.

# %% tags=["spec"]
assert round(taken_up, 2) == 0.67
escaped = typical.escape_rate / (
    typical.escape_rate + typical.endosomal_loss_rate + typical.turnover_rate
)
assert round(1 - escaped, 1) == 0.9
exercise(
    "04.15",
    kind="choose",
    level=2,
    minutes=6,
    title="What holds whatever the spreads are?",
    answer=choice(
        {
            "A": "Transcription contributes more to the variance than uptake does.",
            "B": "If uptake and escape varied equally, escape would move factor IX more.",
            "C": "Copies in a biopsy will explain most of factor IX.",
            "D": "The titre has no share, because at the typical carrier the antibody curve is "
            "flat.",
        },
        "B",
        when_right="An elasticity belongs to the chain; a share needs spreads as well.",
    ),
    wrong=[
        slip(
            "A",
            "assumption-as-result",
            "That is a ranking. Give uptake four times the SD of transcription and it turns round.",
            "Look for a statement about slopes alone.",
        ),
        slip(
            "C",
            "assumption-as-result",
            "Under the report with escape they would, under that with transcription hardly: it "
            "comes after the copies. So copies can tell the reports apart, and nobody knows yet "
            "what they will say.",
            "Look for a statement that is true under both reports.",
        ),
        slip(
            "D",
            "spread-in-for-spread-out",
            "A slope at the typical person is blind to people far from typical. In the notebook "
            "two carriers in a hundred owned most of the variance of the logarithm.",
            "Which statement speaks about the chain, and not about people?",
        ),
    ],
    hints=[
        "Which of these can be read off the equations, without a population?",
        "Elasticities are in the chain. Shares need elasticities and spreads.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.16 · A note on the slide · explain · level 3 · 8 min
#
# The slide: *a Sobol analysis of 10,000 virtual patients shows that transduction explains 72 % of
# the variability of factor IX. It reproduces the CV of the trial.* Write two or three sentences to
# its author. Where does the 72 % come from? Why is the reproduced CV no support? What would one
# measure?

# %% tags=["answer"]
note = ...  # your sentences, in quotes
# --- solution
note = (
    "The 72 % return the spreads that were assumed, and nobody has measured how much transduction "
    "differs between people. Other sets of spreads give the same CV with another link in front, so "
    "the CV cannot support this one. Measure titres before the dose and copies in a biopsy."
)
# --- end
check("04.16", note)

# %% [markdown] tags=["worked"]
# A decomposition multiplies the model's slopes by the spreads that were typed in. If those are
# assumed, so is the ranking; 10,000 patients make its digits firm and not its truth.
#
# The CV is one number, and each of three stories had one parameter free to meet it. What can tell
# the stories apart lies before the end of the chain: titres before the dose, copies and mRNA in a
# biopsy.

# %% tags=["spec"]
exercise(
    "04.16",
    kind="explain",
    level=3,
    minutes=8,
    title="A note on the slide",
    answer=text(
        [
            idea(
                "the ranking returns assumed spreads",
                [
                    "assum*|guess*|chosen|invented|typed|input*|made|teaching|arbitrar*|postulat* "
                    "spread*|cv*|sd*|variance*|variabilit*|distribution*|number*|standard",
                    "spread*|cv*|sd*|variance*|variabilit*|distribution*|ranking|share|72 "
                    "assum*|guess*|chosen|invented|typed|input*|put|made|arbitrar*|postulat*",
                    "put in",
                    "not|nobody|never|no measured|know*|data",
                    "unmeasured|unknown spread*|variab*",
                    "return*|reflect*|echo* input*|assum*|spread*",
                    "circular*",
                    "prior|priors",
                ],
                "Say where the spreads of the virtual patients came from.",
            ),
            idea(
                "other spreads give the same CV",
                [
                    "other|another|different|rival|many|several|three|alternative "
                    "set*|spread*|stor*|assumption*|link*|combination*|explanation*|model*|"
                    "parameter*|source*|input*|number*|cause* "
                    "same|reproduce*|give*|match*|fit*|reach*|explain*|consistent|meet*|yield*",
                    "same|equal|identical cv|spread|total|variability|overall "
                    "other|another|different|rival|many|several|three|alternative",
                    "same|identical|one cv|spread|total with|from|by|under",
                    "same|identical|equal cv|spread|total|variability "
                    "would|could|come|comes|came|result*|arise*|emerge*|possible",
                    "antibod*|transcription|biology|clearance would|could|can|may "
                    "give|explain*|produce*|match*|yield*|reproduce*",
                    "cv|spread|total cannot|not|cant|never|nothing "
                    "tell|distinguish*|separate*|choose|support*|discriminat*|decide*|prove*",
                    "tuned|tune*|tuning|adjusted|calibrated|fitted cv|match*|trial|same",
                    "cv|trial tuned|fitted|adjusted|calibrated",
                    "one number cannot|many|several",
                ],
                "Say whether other assumptions could have met the same CV.",
            ),
            idea(
                "a measurement at a link",
                [
                    "measur*|collect*|take|test|assay*|record|biops* "
                    "titre*|titer*|antibod*|copies|biops*|mrna|transcript*",
                    "titre*|titer*|antibod*|copies|mrna|transcript* "
                    "before|biops*|measur*|would|tell|assay*",
                    "biops*|titre*|titer*",
                ],
                "Name a measurement before the end of the chain.",
            ),
        ],
        model="The 72 % return the spreads that were assumed, and nobody has measured how much "
        "transduction differs between people. Other sets of spreads give the same CV with another "
        "link in front, so the CV cannot support this one. Measure titres before the dose and "
        "copies in a biopsy.",
        also=[
            "Your ranking reflects the CVs you put in. Three different sets of assumptions match "
            "the same overall CV, with antibodies or transcription on top instead. A liver biopsy "
            "for vector copies would separate them.",
            "The spreads are guesses, so the share is a guess too. Matching the trial proves "
            "little because the total spread cannot distinguish the stories; I would record "
            "antibody titres before dosing.",
        ],
        when_right="What went in, what the total cannot tell, and what would.",
    ),
    wrong=[
        slip(
            "Ten thousand virtual patients are too few, so the share of 72 % is still uncertain "
            "and one needs more of them.",
            "assumption-as-result",
            "More virtual patients make the digits firmer. The spreads that they were drawn from "
            "stay assumed.",
            "Ask what would change if the spreads typed in were others.",
            patterns=[
                "patients|people too few|small",
                "need*|more|larger virtual|simulated patients|people|sample*",
            ],
        ),
        slip(
            "Since the simulation reproduces the CV of the trial, its assumptions are confirmed "
            "and transduction is the cause.",
            "overfit",
            "One printed number was met with a spread that was free to be tuned. Rival "
            "assumptions meet it as well.",
            "Could the same CV come about with another link in front?",
            patterns=[
                "reproduce*|match*|agree*|fits so|hence|therefore|confirm*|validat*",
                "assumption*|model|simulation|it confirmed|validated|proven|correct",
            ],
        ),
        slip(
            "So one should improve the escape of the capsid from the endosome, which explains most "
            "of the factor IX level.",
            "association-as-effect",
            "A share of variance between people, were it known, would not say what lifts the level "
            "of all. A link in which nobody differs may be the one to improve.",
            "First ask where the 72 % come from.",
            patterns=[
                "improve*|engineer*|better|change|optimi* escape|capsid|transduction|vector",
            ],
        ),
    ],
    hints=[
        "Which numbers did the author have to type in before the first patient was drawn?",
        "Three parts: the spreads were assumed; other spreads meet the same CV; name an assay that "
        "lies before factor IX.",
    ],
)
