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
# # Exercises: how many bleeds is 24 IU/dL?
#
# Type your answer in place of `...` and run the cell. `hint("02.13")` gives a first step, called
# again a second one. `solution("02.13")` opens once you have tried. Nothing here is advice on how
# to treat a person.

# %%
import numpy as np

from cgtlearn import ledger
from cgtlearn.exercises import check, given, hint, solution

# %% [markdown] tags=["exercise"]
# ## 02.13 · After an infusion on top of a gene · predict · level 2 · 6 min
#
# A man's liver makes factor VIII-SQ from a transgene: {{made}} IU/dL, chromogenic. Before an
# operation he infuses factor VIII-SQ; it adds {{infused}} IU/dL, chromogenic. One-stage over
# chromogenic is 1.6 for what is made and 0.61 for what is infused; his own gene gives nothing. The
# one-stage assay reads the mixture. What does it read, in IU/dL?

# %% tags=["answer"]
p = given("02.13")  # p.made, p.infused
made_ratio = ledger.value("rosen2020.one_stage_over_chromogenic")
infused_ratio = ledger.value("abrantes2017.one_stage_over_chromogenic")
one_stage = ...  # IU/dL
# --- solution
one_stage = made_ratio * p.made + infused_ratio * p.infused
# --- end
check("02.13", one_stage)

# %% [markdown] tags=["worked"]
# Each part is read with its own ratio, and the parts add: 1.6 times what is made, plus 0.61 times
# what is infused.
#
# There is no *ratio of this tube*. It lies between 0.61 and 1.6, and moves as the infused part is
# cleared while the liver goes on. A conversion factor written into a patient's file is wrong as
# soon as he infuses.

# %% tags=["spec"]
made_ratio = ledger.value("rosen2020.one_stage_over_chromogenic")
infused_ratio = ledger.value("abrantes2017.one_stage_over_chromogenic")
exercise(
    "02.13",
    kind="predict",
    level=2,
    minutes=6,
    title="After an infusion on top of a gene",
    draw={
        "made": among(10.0, 8.0, 6.0, 12.0),
        "infused": between(35.0, 75.0, step=5.0, default=50.0),
    },
    shown={"sum": p.made + p.infused},
    answer=number(
        made_ratio * p.made + infused_ratio * p.infused,
        unit="IU/dL",
        rtol=0.01,
        when_right="Two proteins of one sequence, two ratios, and they add.",
    ),
    wrong=[
        slip(
            made_ratio * (p.made + p.infused),
            "one-stage-chromogenic",
            "You read the whole tube with the ratio of what the liver makes. The infused part "
            "reads lower by one-stage, not higher.",
            "Give each part its own ratio, then add.",
        ),
        slip(
            infused_ratio * (p.made + p.infused),
            "one-stage-chromogenic",
            "You read the whole tube with the ratio of what is infused. What his liver makes reads "
            "higher by one-stage.",
            "Give each part its own ratio, then add.",
        ),
        slip(
            p.made + p.infused,
            "one-stage-chromogenic",
            "This is the chromogenic reading of the mixture. The one-stage assay was asked for.",
            "Multiply each part by its ratio first.",
        ),
        slip(
            infused_ratio * p.made + made_ratio * p.infused,
            "swapped-arguments",
            "The two ratios stand in each other's place: 1.6 belongs to what the liver makes.",
            "Made reads higher by one-stage, infused reads lower.",
        ),
        slip(
            infused_ratio * p.infused,
            "reading",
            "That is the infused part alone. His liver's part is in the same tube.",
            "Give each part its own ratio, then add.",
        ),
        slip(
            made_ratio * p.made,
            "reading",
            "That is the part his liver makes, alone. The infused part is in the same tube.",
            "Give each part its own ratio, then add.",
        ),
        slip(
            p.made / made_ratio + p.infused / infused_ratio,
            "one-stage-chromogenic",
            "You divided by the ratios. They are one-stage *over* chromogenic, and you have the "
            "chromogenic readings.",
            "From chromogenic to one-stage one multiplies.",
        ),
        slip(
            (made_ratio + infused_ratio) / 2 * (p.made + p.infused),
            "one-stage-chromogenic",
            "You used the mean of the two ratios. The parts are not equal, so their ratios do not "
            "count alike.",
            "Give each part its own ratio, then add.",
        ),
    ],
    hints=[
        "Which part of the factor VIII in the tube has which ratio?",
        "One-stage reading = 1.6 times what is made + 0.61 times what is infused.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.14 · Who stays free · fill-in · level 2 · 7 min
#
# People of one level have `rate` joint bleeds in a year on average. Each has a frailty of their
# own: gamma distributed over people, mean 1, variance `phi`, the same for life. Fill in the share
# of people without a bleed in `years` years.

# %% tags=["answer"]
def free_of_bleeds(rate, years, phi):
    """Share of people (0 to 1) without a bleed in that time."""
    return ...


# --- solution
def free_of_bleeds(rate, years, phi):
    """Share of people (0 to 1) without a bleed in that time."""
    return (1 + phi * rate * years) ** (-1 / phi)


# --- end
check("02.14", free_of_bleeds)

# %% [markdown] tags=["worked"]
# A person of frailty $u$ stays free with probability $e^{-u\mu}$, where $\mu$ is the rate times the
# years. Over a gamma with mean 1 and variance $\varphi$ this averages to
# $(1 + \varphi\mu)^{-1/\varphi}$.
#
# The time belongs *inside*, with the rate. $(1 + \varphi h)^{-T/\varphi}$ looks nearly the same and
# says something else: everybody draws a new frailty each year. Then few stay free for long. People
# who were free last year are likely to be free again, because they are the ones with low frailty.

# %% tags=["spec"]
exercise(
    "02.14",
    kind="fill-in",
    level=2,
    minutes=7,
    title="Who stays free",
    answer=function(
        free_of_bleeds,
        probes=[(0.5, 1.0, 2.6), (1.0, 5.0, 2.6), (2.0, 2.0, 0.5), (0.3, 10.0, 1.0)],
        rtol=1e-6,
        when_right="Same mean, and many more free than Poisson leaves.",
    ),
    wrong=[
        slip(
            lambda rate, years, phi: np.exp(-rate * years),
            "reading",
            "This is Poisson: all people alike. It leaves too few free, because it spreads the "
            "bleeds of a few over all.",
            "Average exp(-u rate years) over the gamma of u.",
        ),
        slip(
            lambda rate, years, phi: (1 + phi * rate) ** (-years / phi),
            "reading",
            "Here everybody draws a new frailty each year. A person's frailty stays for life.",
            "The years belong to the expected number of bleeds, inside the bracket.",
        ),
        slip(
            lambda rate, years, phi: (1 + phi * rate) ** (-1 / phi),
            "total-for-rate",
            "This is one year. The longer one looks, the fewer are free.",
            "The bracket holds the bleeds expected in the whole time.",
        ),
        slip(
            lambda rate, years, phi: 1 - (1 + phi * rate * years) ** (-1 / phi),
            "complement",
            "This is the share of people with a bleed.",
        ),
        slip(
            lambda rate, years, phi: (1 + phi * rate * years) ** (-phi),
            "reciprocal",
            "The bracket is right. The exponent is minus the shape of the gamma, and phi is its "
            "variance.",
            "Let phi go to zero: the share should become Poisson's, and here it becomes 1.",
        ),
        slip(
            lambda rate, years, phi: (1 + rate * years / phi) ** (-phi),
            "reciprocal",
            "You took phi for the shape of the gamma. It is its variance, one over the shape.",
            "Let phi go to zero: the share should become Poisson's.",
        ),
        slip(
            lambda rate, years, phi: (1 + phi**2 * rate * years) ** (-1 / phi**2),
            "variance-for-sd",
            "You squared phi. It is the variance of the frailty already.",
        ),
    ],
    hints=[
        "Put a count of zero into the notebook's log-likelihood: one term is left. Or average the "
        "chance of a person with frailty u to stay free, exp(-u rate years).",
        "The average of exp(-u m) over a gamma with mean 1 and variance phi is "
        "(1 + phi m) ** (-1 / phi). What is m?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.15 · Ninety per cent fewer bleeds · criticise · level 2 · 6 min
#
# A slide on etranacogene says: *4.16 bleeds a year before, 0.40 in year 5. The gene takes away 90
# % of the bleeds, and more with each year.* The congress abstract prints: adjusted 4.16 in the
# lead-in and 1.52 in months 7 to 60, rate ratio 0.37 (95 % interval 0.18 to 0.76); and the rates
# of years 1 to 5: 1.33, 0.91, 0.83, 0.40, 0.40. Mean factor IX was 39 IU/dL at month 6 and 36 at
# year 5. Which criticism is right?

# %% tags=["answer"]
criticism = ...  # "A", "B", "C" or "D"
# --- solution
criticism = "C"
# --- end
check("02.15", criticism)

# %% [markdown] tags=["worked"]
# **C.** The adjusted 1.52 is higher than each of the five yearly rates, so it cannot be an average
# of them. The two series answer two questions, by two methods. A quotient of one number from each
# answers neither. The abstract's own comparison is 0.37, and its interval reaches to 0.76.
#
# *More with each year* is a second claim. Factor IX did not rise, so the level cannot be the
# reason; joints, habits, reporting and who stays in follow-up are left, and the five points do not
# choose.
#
# A mends the arithmetic and keeps the mixture. B takes a missing explanation for a refutation: the
# rates were published, and a model that fails does not make them wrong. D puts one explanation of
# several in the place of a finding.

# %% tags=["spec"]
assert ledger.value("hope_b.bleeds_months_7_60") > ledger.value("hope_b.bleeds_year_1")
year_5, lead_in = ledger.value("hope_b.bleeds_year_5"), ledger.value("hope_b.bleeds_lead_in")
assert round(1 - year_5 / lead_in, 1) == 0.9
exercise(
    "02.15",
    kind="criticise",
    level=2,
    minutes=6,
    title="Ninety per cent fewer bleeds",
    answer=choice(
        {
            "A": "One year is too few. One must divide the mean of the five yearly rates, 0.78, by "
            "4.16: 81 % fewer bleeds, with all that was counted in it.",
            "B": "Factor IX did not rise. So the fall from 1.33 to 0.40 must be an error of "
            "counting, and nothing can be said about bleeds at all.",
            "C": "4.16 belongs to an adjusted comparison with 1.52; the yearly rates are other "
            "estimands. And the level did not rise, so it cannot be why bleeds fell on.",
            "D": "The numbers are right. What is missing is the reason for the fall from year to "
            "year: with less bleeding the joints heal, and bleed less again.",
        },
        "C",
        when_right="Each estimand stays with its own comparison, and the reason stays open.",
    ),
    wrong=[
        slip(
            "A",
            "reading",
            "Still one number from each series. The adjusted 1.52 is higher than every yearly "
            "rate, so the yearly rates are not made as 4.16 was.",
            "Which number does the abstract itself set beside 4.16?",
        ),
        slip(
            "B",
            "absence-of-evidence",
            "That a model of the level cannot explain a fall does not show that there was none. "
            "More than the level can change in five years.",
            "Look at what goes into 4.16 and what goes into 0.40.",
        ),
        slip(
            "D",
            "association-as-effect",
            "Healing joints is one explanation that fits; habits, reporting and who stays fit too, "
            "and the 90 % is made from two estimands.",
            "Compare 1.52 with the yearly rates first.",
        ),
    ],
    hints=[
        "Compare 1.52 with each of the five yearly rates. Can it be their average?",
        "Which pair of numbers was made by one model? And did the level change in the direction "
        "that the slide needs?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.16 · What water can do · explain · level 3 · 8 min
#
# A trial without a control group admits people with hemophilia who had at least two bleeds in the
# last half year. After a new treatment their rate is a third lower than in that half year. A
# colleague writes: *the treatment works*. Write two or three sentences to the colleague. Why would
# the rate fall without any treatment? And what should the trial have counted or done instead?

# %% tags=["answer"]
letter = ...  # your sentences, in quotes
# --- solution
letter = (
    "People were let in because they had many bleeds, and some of that was chance, so their rate "
    "falls back to their own mean even under water. Count the lead-in after entry, or compare with "
    "a control group drawn by lot."
)
# --- end
check("02.16", letter)

# %% [markdown] tags=["worked"]
# A count over half a year holds a person's own rate and chance. Who is admitted *because* the
# count was high had, on average, bad luck; the next half year has ordinary luck. That is
# regression to the mean. In the notebook's scenario water gave a fall of a third.
#
# Two remedies: count the rate before treatment in a **lead-in after entry**, which did not decide
# on admission; or have a **control group**, by lot, which regresses just as much. The fall says
# neither that the treatment works nor that it does not.

# %% tags=["spec"]
exercise(
    "02.16",
    kind="explain",
    level=3,
    minutes=8,
    title="What water can do",
    answer=text(
        [
            idea(
                "admitted because of a high count",
                [
                    "regress* mean|average",
                    "fall*|fell|drop*|return*|go|goes|move*|revert* back|toward*|to mean|average|"
                    "usual|normal|own|typical|lower",
                    "chance|luck|unlucky|bad|worse|randomness",
                    "random* variation|fluctuat*|swing*|up|noise|spell|period",
                    "select*|admit*|chosen|picked|enter*|entry|let|includ*|recruit* "
                    "because|high|many|bleed*|bled|bad|worst|after|when",
                    "bleed*|bled|rate|count* down|fall*|lower|less|fewer anyway|itself|own|without",
                ],
                "Say why these people had so many bleeds in the half year that decided on entry.",
            ),
            idea(
                "a fairer comparison",
                [
                    "lead|run in|leadin",
                    "count*|measur*|observ*|baseline|watch*|record* after entry|admission|enrol*|"
                    "inclusion|admit*|entering|entered|screening",
                    "control|placebo|untreated|comparison|comparator|parallel group|arm|people",
                    "randomi*|randomly|lot|allocat*|blind*",
                    "with|use|add|need*|have|a|against control|placebo|controls",
                    "longer|several|second|new baseline|years|period|time|observation",
                ],
                "Say which counting before treatment, or which comparison, would avoid this.",
            ),
        ],
        model="People were let in because they had many bleeds, and some of that was chance, so "
        "their rate falls back to their own mean even under water. Count the lead-in after entry, "
        "or compare with a control group drawn by lot.",
        also=[
            "This is regression to the mean: the half year was picked since it was bad. A "
            "randomised placebo arm would show the same fall.",
            "They entered in an unlucky period, so the next one is better anyway. I would count "
            "bleeds in a new baseline period after enrolment.",
        ],
        when_right="The fall speaks neither for the treatment nor against it.",
    ),
    wrong=[
        slip(
            "The rate fell by a third in the same people, so the treatment must have lowered it.",
            "association-as-effect",
            "The same people before and after are not enough when the time before was chosen for "
            "its bleeds. Water would give that fall too.",
            patterns=[
                "so|therefore|hence|thus|must|clearly treatment|it|drug must|works|work|worked|"
                "lowered|lowers|reduced|reduces|effective",
                "treatment|drug|it must|clearly lowered|reduced|work|works|worked|have|effective",
                "treatment|drug|it is|was|works|worked effective|works|success*",
            ],
        ),
        slip(
            "It is all regression to the mean, so the treatment has no effect whatsoever on them.",
            "absence-of-evidence",
            "Now you claim zero. That chance could explain the fall does not show that it explains "
            "all of it.",
            "Say that the fall speaks neither for nor against, and what would.",
            patterns=[
                "so|therefore|hence|thus|proves|shows treatment|drug|it|there no|not|nothing "
                "effect|work*|lower*|help*",
                "so|therefore|hence|thus|proves|shows treatment|drug|it does|did nothing",
            ],
        ),
        slip(
            "The trial was too small: with more people of the same kind the fall would be certain.",
            "reading",
            "More people make the fall more certain and no less misleading. It is a bias, not "
            "noise.",
            "What decided who was let in?",
            patterns=["too small|few", "more people|patients|participants", "larger|bigger trial",
                      "sample|trial|study|group small|underpowered"],
        ),
    ],
    hints=[
        "Two people have the same own rate. One had a bad half year. Which one is admitted?",
        "What do you expect of that person's next half year, with no treatment at all? Then: count "
        "before treatment in a time that did not decide on entry.",
    ],
)
