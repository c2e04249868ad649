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
# # Exercises: dose, titre and harm
#
# Type your answer in place of `...`, or change the code, and run the cell. `hint("04.21")` gives a
# first step, called again a second one. `solution("04.21")` opens once you have tried. All trials
# here are invented, and nothing here is advice.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 04.21 · What the antibodies leave · predict · level 1 · 5 min
#
# A person has a titre of 1:{{titre:,.0f}}. Half of this vector is caught at a titre of
# 1:{{half:,.0f}}, and the steepness is $h = {{h:.0f}}$. The dose is {{tens:.0f}}·10¹² vg/kg. What
# is the **effective** dose, the part left free, in units of 10¹² vg/kg?

# %% tags=["answer"]
p = given("04.21")  # p.titre, p.half, p.h, p.tens (1e12 vg/kg)
effective = ...  # 1e12 vg/kg
# --- solution
share = 1 / (1 + (p.titre / p.half) ** p.h)
effective = share * p.tens
# --- end
check("04.21", effective)

# %% [markdown] tags=["worked"]
# The titre is {{fold:.2f}} times the half titre, and that to the power {{h:.0f}} is {{power:.3g}}.
# So $\varphi = 1/(1 + {{power:.3g}})$, {{percent:.1f}} % of the dose stay free: {{answer:.3g}}·10¹²
# vg/kg. To be treated like somebody without antibodies this person would need {{price:.3g}} times
# the dose, and all of it goes into the blood.

# %% tags=["spec"]
fold = p.titre / p.half
power = fold**p.h
right = p.tens / (1 + power)
exercise(
    "04.21",
    kind="predict",
    level=1,
    minutes=5,
    title="What the antibodies leave",
    answer=number(
        right,
        unit="1e12 vg/kg",
        rtol=0.02,
        when_right="The effect goes with this part. What goes with the rest is another question.",
    ),
    wrong=[
        slip(
            p.tens * power / (1 + power),
            "complement",
            "This is the part that is caught, or the half titre over the titre. Asked for is the "
            "part left free.",
        ),
        slip(
            p.tens / (1 + fold),
            "reading",
            "You left out the steepness: the ratio of the titres is taken to the power h.",
            "Raise titre / half to the power h before you add 1.",
        ),
        slip(
            p.tens / (1 + p.h * fold),
            "reading",
            "You multiplied by the steepness. It is an exponent.",
            "Raise titre / half to the power h before you add 1.",
        ),
        slip(
            p.tens / power,
            "reading",
            "You divided by the power alone. At low titres that would leave more than was given.",
            "Add 1 to the power: without antibody all of the dose is free.",
        ),
        slip(
            p.tens * (1 + power),
            "reading",
            "This is the dose that would make up for the antibodies. Asked for is what is left of "
            "the dose given.",
            "Divide by 1 + (titre / half)^h.",
        ),
        slip(
            1 / (1 + power),
            "reading",
            "This is the share left free. Asked for is the dose that it leaves.",
            "Multiply the share by the dose, in 1e12 vg/kg.",
        ),
        slip(
            100 / (1 + power),
            "reading",
            "This is the share left free, in per cent. Asked for is the dose that it leaves.",
            "Multiply the share, as a fraction, by the dose.",
        ),
        slip(
            right * 1e12,
            "reading",
            "This is the effective dose in vg/kg. The answer counts in units of 1e12 vg/kg.",
            "Leave the 1e12 out: the dose given is p.tens of these units.",
        ),
        slip(
            p.tens * fold / (1 + fold),
            "complement",
            "You left out the steepness, and took the part that is caught. Asked for is the part "
            "left free.",
            "Raise titre / half to the power h, add 1, and divide the dose by that.",
        ),
    ],
    hints=[
        "Which share is left free at the half titre itself, and which at no titre?",
        "share = 1 / (1 + (titre / half) ** h); then times the dose.",
    ],
    draw={
        "titre": among(2500.0, 1900.0, 2700.0, 3000.0),
        "half": among(1200.0, 1000.0, 1600.0),
        "h": among(3.0, 2.0),
        "tens": among(20.0, 50.0, 60.0),
    },
    shown={
        "fold": fold,
        "power": power,
        "percent": 100 * right / p.tens,
        "answer": right,
        "price": 1 + power,
    },
)

# %% [markdown] tags=["exercise"]
# ## 04.22 · How many until one is seen · fill-in · level 2 · 6 min
#
# A harm comes to each treated person with probability `risk`, one independent of the other. Fill in
# `people`: how many must be treated so that **at least one** case is seen with probability
# `chance`? No need to round.


# %% tags=["answer"]
def people(risk, chance):
    """People treated until at least one case is seen with probability `chance`."""
    return ...


# --- solution
def people(risk, chance):
    """People treated until at least one case is seen with probability `chance`."""
    return np.log(1 - chance) / np.log(1 - risk)


# --- end
check("04.22", people)

# %% [markdown] tags=["worked"]
# Nobody of $n$ is harmed with probability $(1 - p)^n$. Set it to $1 - c$ and take logarithms: $n =
# \ln(1 - c) / \ln(1 - p)$. For 1 in 1,000 and 95 % these are 2,995 people, for 1 in 100 it is 298.
#
# Read backwards it is the rule of three: when $n$ people show no case, risks above about $3/n$ are
# excluded with 95 %, and smaller ones are not.

# %% tags=["spec"]
assert np.ceil(people(0.001, 0.95)) == 2995 and round(people(0.01, 0.95)) == 298
exercise(
    "04.22",
    kind="fill-in",
    level=2,
    minutes=6,
    title="How many until one is seen",
    answer=function(
        people,
        probes=[(0.1, 0.95), (0.01, 0.8), (0.002, 0.5)],
        rtol=1e-4,
        when_right="A trial sees what is common. For the rest there is follow-up after approval.",
    ),
    wrong=[
        slip(
            lambda risk, chance: 1 / risk,
            "reading",
            "This many are treated for one case on average. In more than a third of such groups "
            "there is none.",
            "Ask for the probability of none, and set it to 1 - chance.",
        ),
        slip(
            lambda risk, chance: chance / risk,
            "reading",
            "You divided the chance by the risk, as if each person added the same to it. The "
            "chance bends as it nears 1.",
            "Ask for the probability of none, and set it to 1 - chance.",
        ),
        slip(
            lambda risk, chance: -np.log(1 - chance) / risk,
            "assumption-as-result",
            "You put `risk` for -ln(1 - risk). The two are alike for small risks only, and here a "
            "risk of 1 in 10 is tried as well.",
            "Keep np.log(1 - risk) in the denominator.",
        ),
        slip(
            lambda risk, chance: np.ceil(np.log(1 - chance) / np.log(1 - risk)),
            "reading",
            "The formula is right; the rounding up is one step too many. The text asks for the "
            "number before it is rounded.",
            "Leave np.ceil out.",
        ),
        slip(
            lambda risk, chance: 1 - (1 - risk) ** chance,
            "reading",
            "You took `chance` for the number of people. It is the probability of seeing a case; "
            "the number of people is what is asked.",
            "Call it n, write (1 - risk)^n = 1 - chance, and solve for n.",
        ),
        slip(
            lambda risk, chance: np.log(chance) / np.log(1 - risk),
            "complement",
            "You set the probability of *no* case to `chance`. It is 1 - chance.",
        ),
        slip(
            lambda risk, chance: np.log(1 - chance) / np.log(risk),
            "complement",
            "This is the number of people who are all harmed. Nobody is harmed with probability "
            "(1 - risk) to the power n.",
        ),
        slip(
            lambda risk, chance: np.log10(1 - chance) / np.log(1 - risk),
            "ln-log10",
            "You mixed the decimal and the natural logarithm. Any will do, if both are the same.",
        ),
        slip(
            lambda risk, chance: -np.log(1 - chance) / np.log(1 - risk),
            "sign",
            "The size is right and the sign is wrong: both logarithms are negative.",
        ),
        slip(
            lambda risk, chance: 3 / risk,
            "assumption-as-result",
            "This is the rule of three. It holds for a chance of 95 % and small risks only.",
        ),
    ],
    hints=[
        "With which probability is nobody of n people harmed?",
        "(1 - risk)^n = 1 - chance; take logarithms on both sides.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.23 · A slope in a review · choose · level 2 · 6 min
#
# A review takes seven trials of six AAV products, each at a dose of its own, and regresses *rise of
# ALT, yes or no* on the logarithm of dose. It finds an odds ratio of 3.0 for ten times the dose, 95
# % interval 1.4 to 6.8. What may the abstract say?
#
# - `effect`: Ten times the dose triples the odds of a rise of ALT.
# - `lower`: A product given at a tenth of its dose would have a third of the odds.
# - `nothing`: Dose has no effect on ALT; the finding comes from confounding.
# - `association`: Products given at higher doses had more rises; what else differed between them
#   is not separated from dose.
# - `more`: The interval excludes 1, and more products will settle the effect of dose.

# %% tags=["answer"]
answer = ...
# --- solution
answer = "association"
# --- end
check("04.23", answer)

# %% [markdown] tags=["worked"]
# The trials differ in capsid, disease, age, purity, steroid rule and in what they call a rise. Dose
# was not given by lot; it came with the product. So the slope is an **association between
# products**. It cannot say what another dose of the same product would do, in either direction: an
# effect of dose may well be there, and stronger.
#
# More products do not help, since each new one brings its own differences. One product at several
# doses does, best by lot.

# %% tags=["spec"]
exercise(
    "04.23",
    kind="choose",
    level=2,
    minutes=6,
    title="A slope in a review",
    answer=choice(
        {
            "effect": "Ten times the dose triples the odds of a rise of ALT.",
            "lower": "A product given at a tenth of its dose would have a third of the odds.",
            "nothing": "Dose has no effect on ALT; the finding comes from confounding.",
            "association": "Products given at higher doses had more rises; what else differed "
            "between them is not separated from dose.",
            "more": "The interval excludes 1, and more products will settle the effect of dose.",
        },
        "association",
        when_right="Between products, not within one. The interval knows nothing of that.",
    ),
    wrong=[
        slip(
            "effect",
            "association-as-effect",
            "Nobody's dose was changed here: products were compared, and more than dose differs "
            "between them.",
        ),
        slip(
            "lower",
            "association-as-effect",
            "This says what one product would do at another dose. No product was given at two "
            "doses in a way that tells.",
        ),
        slip(
            "nothing",
            "absence-of-evidence",
            "Confounding may have made the slope, or hidden a steeper one. The review cannot show "
            "that dose does nothing.",
        ),
        slip(
            "more",
            "assumption-as-result",
            "The interval counts patients and takes them for one population. More products bring "
            "more differences between products.",
        ),
    ],
    hints=[
        "What was varied from trial to trial, apart from dose?",
        "Ask whether any sentence about one product at two doses can rest on this table.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 04.24 · None of 45 · decide · level 3 · 9 min
#
# A draft protocol: *"With this capsid no liver failure occurred in 45 adults at 5·10¹¹ vg/kg. We
# will dose six children at 10¹⁴ vg/kg, one a week, and expect no hepatic risk."* Decide whether you
# sign. In three or four sentences: what the 45 show, what they do not, and what you put into the
# protocol instead. Name at least three things.

# %% tags=["answer"]
decision = ...
# --- solution
decision = (
    "I do not sign. None of 45 only excludes a risk above about 7 percent. The dose is 200 times "
    "higher and these are children, so the 45 adults say little about them. Liver failure came "
    "weeks to months after the dose, so one child a week is too fast; I would wait longer between "
    "children, monitor ALT and bilirubin, and stop at the first case of liver failure."
)
# --- end
check("04.24", decision)

# %% [markdown] tags=["worked"]
# **The zero.** The upper limit of 0 of 45 is 6.4 %, by the rule of three 6.7 %: a risk of 1 in 20
# would fit. **The distance.** The dose is 200 times higher, and the people are others; a shared
# capsid shares its hazard, not its safety at another dose. **The interval.** Deaths of liver
# failure were named at week 5 and as late as week 40, so with one child a week five or six are
# dosed before the first harm can show. **The rule.** State what is watched, for how long, and what
# stops the trial. *Expect no hepatic risk* is struck out.

# %% tags=["spec"]
exercise(
    "04.24",
    kind="decide",
    level=3,
    minutes=9,
    title="None of 45",
    answer=text(
        [
            idea(
                "a zero has an upper limit",
                [
                    "upper limit|bound",
                    "rule of three",
                    "risk|rate up to",
                    "as high as",
                    "exclude*|excluding|rule*|rules risk*|rate*|above|out",
                    "6|7|six|seven percent|%",
                    "not mean|prove|show zero|no|none|safe",
                    "does not rule|exclude",
                    "3 45|n",
                    "interval|confidence",
                    "1 in 15|20",
                    "too few|small",
                ],
                "None of 45 is a number with an interval. Up to which risk does it reach?",
            ),
            idea(
                "another dose, other people",
                [
                    "dose higher|larger|different|fold|times",
                    "200 times|fold|higher",
                    "higher|different|another|other dose",
                    "200x|200 x|fold",
                    "children|kids much|far higher|more",
                    "children|kids not adult*",
                    "not same dose|people|age",
                    "children adult*|other|different",
                    "adult* children",
                    "other|different people|population|disease*|patients",
                ],
                "Compare the 45 with the six: who are they, and what do they get?",
            ),
            idea(
                "time between people",
                [
                    "wait*|interval|stagger*|pause*|gap longer|between|week*|month*",
                    "one week fast|short",
                    "a week too",
                    "too fast|soon|short",
                    "between children|people|patients|participants|doses",
                    "weeks|months after",
                    "late*|delayed",
                    "sentinel",
                ],
                "When did liver failure come after the dose, and how many are dosed by then?",
            ),
            idea(
                "what is monitored and what stops the trial",
                [
                    "stop*|stopping|halt*",
                    "monitor*|watch*|follow*",
                    "alt|bilirubin|platelet*|enzyme*",
                    "data safety|monitoring board|committee",
                ],
                "What would you look for, and at what would nobody be dosed any more?",
            ),
        ],
        model=decision,
        needed=3,
        also=[
            "Not signed. By the rule of three zero out of 45 still allows a risk of 6.7 %. The new "
            "dose is 200-fold higher. I want a stopping rule and four months between the children.",
            "The sample is too small to see a rare harm, and adults at a low dose are different "
            "people. Monitor liver enzymes weekly and stop at any liver failure.",
        ],
    ),
    wrong=[
        slip(
            "I sign, because no case among 45 people shows that it is safe for the liver.",
            "absence-of-evidence",
            "None seen is not none there. Compute the largest risk under which none of 45 is still "
            "no surprise.",
            patterns=[
                "prove*|show*|means safe",
                "capsid|it is safe",
                "sign no|zero risk",
                "yes sign",
                "enough show|prove|safe",
                "less than 1|one in 45",
            ],
        ),
        slip(
            "I sign if the dose is given per child and not per kilogram: the total is lower.",
            "reading",
            "A smaller total was not shown to be safer: infants who died had been given less in "
            "all than adults after other products. Ask what the 45 can tell.",
            patterns=["total lower|smaller|less", "per child"],
        ),
    ],
    hints=[
        "Three numbers to look up: the upper limit of 0 of 45, the ratio of the doses, the weeks "
        "until liver failure came.",
        "Say what the zero excludes, who is different, how long you wait, what stops the trial.",
    ],
)
