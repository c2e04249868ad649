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
# # Exercises: exposure, response and what confounds them
#
# Type your answer in place of `...`, or change the code, and run the cell. `hint("08.13")` gives a
# first step, called again a second one. `solution("08.13")` opens once you have tried. All people
# here are simulated or made up. Some numbers can be your own: run `set_learner("your name")` in a
# new cell first.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 08.13 · Two hundred with much tumor · predict · level 2 · 8 min
#
# A registry of 400 people, half with low and half with high burden. Severe cytokine release:
#
# | burden | usual dose | high dose |
# |---|---|---|
# | low (200 people) | {{low_usual:.0f}} of 160 | {{low_high:.0f}} of 40 |
# | high (200 people) | {{high_usual:.0f}} of 40 | {{high_high:.0f}} of 160 |
#
# Standardise to all 400: by how many **percentage points** does the risk differ, high dose less
# usual dose?

# %% tags=["answer"]
p = given("08.13")  # p.low_usual, p.low_high, p.high_usual, p.high_high: people with severe CRS
difference = ...  # percentage points
# --- solution
risk_usual = 0.5 * p.low_usual / 160 + 0.5 * p.high_usual / 40
risk_high = 0.5 * p.low_high / 40 + 0.5 * p.high_high / 160
difference = 100 * (risk_high - risk_usual)
# --- end
check("08.13", difference)

# %% [markdown] tags=["worked"]
# Within low burden the risks are {{at_low_usual:.1f}} % and {{at_low_high:.1f}} %, within high
# burden {{at_high_usual:.1f}} % and {{at_high_high:.1f}} %. Half of all people have either burden,
# so each difference counts half: {{answer:.2f}} points.
#
# The crude difference is {{crude:.1f}} points. It compares 200 people of whom four in five have
# much tumor with 200 of whom one in five has.

# %% tags=["spec"]
crude = 100 * ((p.low_high + p.high_high) / 200 - (p.low_usual + p.high_usual) / 200)
in_the_high_arm = 100 * (
    0.2 * (p.low_high / 40 - p.low_usual / 160) + 0.8 * (p.high_high / 160 - p.high_usual / 40)
)
in_the_usual_arm = 100 * (
    0.8 * (p.low_high / 40 - p.low_usual / 160) + 0.2 * (p.high_high / 160 - p.high_usual / 40)
)
exercise(
    "08.13",
    kind="predict",
    level=2,
    minutes=8,
    title="Two hundred with much tumor",
    draw={
        "low_usual": among(16.0, 12.0, 14.0),
        "low_high": among(8.0, 9.0, 10.0),
        "high_usual": among(22.0, 23.0, 21.0),
        "high_high": among(94.0, 93.0, 95.0, 96.0, 97.0),
    },
    shown={
        "at_low_usual": 100 * p.low_usual / 160,
        "at_low_high": 100 * p.low_high / 40,
        "at_high_usual": 100 * p.high_usual / 40,
        "at_high_high": 100 * p.high_high / 160,
        "crude": crude,
        "answer": difference,
    },
    answer=number(
        difference,
        unit="1",
        rtol=0.005,
        atol=0.005,
        shared_slips=False,
        when_right="Most of the crude difference was burden.",
    ),
    wrong=[
        slip(
            crude,
            "association-as-effect",
            "That is the crude difference. The arms differ in burden: four in five of those with "
            "a high dose have much tumor.",
            "Compare within each burden first.",
        ),
        slip(
            in_the_high_arm,
            "other-numbers",
            "You weighted the classes as they occur among those with the high dose. That answers "
            "a question about them alone.",
            "The question asks for all 400, and half of these have low burden.",
        ),
        slip(
            in_the_usual_arm,
            "other-numbers",
            "You weighted the classes as they occur among those with the usual dose. That answers "
            "a question about them alone.",
            "The question asks for all 400, and half of these have low burden.",
        ),
        slip(
            risk_high / risk_usual,
            "reading",
            "That is the risk ratio. The question asks for the difference of the two risks.",
            "Subtract, and give percentage points.",
        ),
        slip(
            difference / 100,
            "percent-for-fraction",
            "That is a fraction. The question asks for percentage points.",
        ),
        slip(
            2 * difference,
            "total-for-rate",
            "You added the two differences. Each class holds half of the people, so each counts "
            "half.",
            "The weights add up to 1.",
        ),
        slip(
            -difference,
            "sign",
            "You subtracted the other way round.",
            "High dose less usual dose.",
        ),
    ],
    hints=[
        "Four risks first: one for each cell of the table.",
        "Take the difference within low and within high burden. Each counts by the share of all "
        "400 who have that burden.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.14 · Weights that make it worse · find-the-bug · level 2 · 8 min
#
# `weighted_difference` should compare the exposed with the others after inverse-probability
# weighting. `chance` holds each person's probability of being *exposed*, given the burden. On a
# registry in which dose does nothing it reports as much harm as the crude difference. Find the bug.

# %% tags=["answer"]
def weighted_difference(events, exposed, chance):
    """Risk of the exposed less that of the others, weighted; each argument (n,)."""
    y, a, p = np.asarray(events), np.asarray(exposed) == 1, np.asarray(chance)
    w = 1 / p
    return np.average(y[a], weights=w[a]) - np.average(y[~a], weights=w[~a])
# --- solution


def weighted_difference(events, exposed, chance):
    """Risk of the exposed less that of the others, weighted; each argument (n,)."""
    y, a, p = np.asarray(events), np.asarray(exposed) == 1, np.asarray(chance)
    w = np.where(a, 1 / p, 1 / (1 - p))
    return np.average(y[a], weights=w[a]) - np.average(y[~a], weights=w[~a])
# --- end
check("08.14", weighted_difference)

# %% [markdown] tags=["worked"]
# The weight is one over the probability of the exposure that the person *had*. For those who were
# not exposed that is $1 - p$. With $1/p$ for all, the arm that was not exposed is shifted to people
# who were unlikely to be exposed, and so even farther from the other arm.
#
# A check that needs no truth: in each arm the weights should add up to about the number of all
# people.

# %% tags=["spec"]
def with_weights(rule):
    """The function with other weights: rule(a, p)."""

    def wrong(events, exposed, chance):
        y, a, p = np.asarray(events), np.asarray(exposed) == 1, np.asarray(chance)
        w = rule(a, p)
        return np.average(y[a], weights=w[a]) - np.average(y[~a], weights=w[~a])

    return wrong


def sums_over_all(events, exposed, chance):
    """The right weights, divided by the number of people."""
    y, a, p = np.asarray(events), np.asarray(exposed) == 1, np.asarray(chance)
    w = np.where(a, 1 / p, 1 / (1 - p))
    return (w * y)[a].sum() / len(y) - (w * y)[~a].sum() / len(y)


exercise(
    "08.14",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="Weights that make it worse",
    answer=function(
        weighted_difference,
        probes=[
            ([1, 0, 1, 0, 0, 1], [1, 1, 1, 0, 0, 0], [0.8, 0.3, 0.6, 0.2, 0.5, 0.7]),
            ([0, 1, 1, 1, 0, 0, 1], [0, 1, 0, 1, 1, 0, 0], [0.9, 0.4, 0.1, 0.5, 0.25, 0.6, 0.3]),
            ([1, 1, 0, 0], [1, 0, 1, 0], [0.2, 0.3, 0.7, 0.6]),
        ],
        rtol=1e-9,
        when_right="Each person speaks for those like them who had the other exposure.",
    ),
    wrong=[
        slip(
            with_weights(lambda a, p: np.where(a, p, 1 - p)),
            "reciprocal",
            "You weight by the probability and not by one over it: the usual people count more, "
            "and the rare ones, who are needed, less.",
        ),
        slip(
            with_weights(lambda a, p: np.where(a, 1 / (1 - p), 1 / p)),
            "swapped-arguments",
            "You gave each arm the weights of the other.",
            "Whoever was exposed had a chance of p to be so.",
        ),
        slip(
            with_weights(lambda a, p: np.where(a, 1.0, p / (1 - p))),
            "reading",
            "These weights make the others look like the exposed. That answers a question about "
            "the exposed alone.",
            "Both arms should look like all people: each weight is one over a probability.",
        ),
        slip(
            sums_over_all,
            "total-for-rate",
            "The weights are right. You divided the weighted sums by the number of people, and the "
            "weights of an arm add up to that only on average.",
            "Divide by the sum of the weights, as np.average does.",
        ),
        slip(
            with_weights(lambda a, p: 1 / (1 - p)),
            "complement",
            "Now the others are right and the exposed are wrong. Each arm has a probability of its "
            "own.",
            "Write np.where(a, ..., ...).",
        ),
        slip(
            with_weights(lambda a, p: np.ones(len(p))),
            "association-as-effect",
            "Without weights it is the crude difference.",
            "Weight each person by one over the probability of the exposure that they had.",
        ),
    ],
    hints=[
        "What was the probability that somebody who was *not* exposed was not exposed?",
        "1/p belongs to the exposed. The others had a chance of 1 - p.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.15 · What goes into the model? · choose · level 2 · 6 min
#
# You believe this drawing: burden → dose, burden → Cmax, burden → CRS, dose → Cmax, Cmax → CRS,
# CRS → ferritin. You ask: by how much would the risk of severe CRS change if everybody's dose were
# doubled? Which regression of CRS on dose answers that best?

# %% tags=["answer"]
model = ...  # "A", "B", "C" or "D"
# --- solution
model = "B"
# --- end
check("08.15", model)

# %% [markdown] tags=["worked"]
# **B.** Burden is the common cause of dose and CRS; with it the way *dose ← burden → CRS* is
# closed. Nothing else needs closing.
#
# A leaves that way open. C closes it, and closes as well *dose → Cmax → CRS*, which is the effect
# that was asked for. D adds what the outcome has caused: whoever is compared at one ferritin is
# compared at nearly one outcome. A covariate is not added because it is associated, or because it
# is there.

# %% tags=["spec"]
exercise(
    "08.15",
    kind="choose",
    level=2,
    minutes=6,
    title="What goes into the model?",
    answer=choice(
        {
            "A": "dose alone; adjusting would spoil a clean comparison",
            "B": "dose and burden",
            "C": "dose, burden and Cmax",
            "D": "dose, burden, Cmax and ferritin: all that was measured",
        },
        "B",
        when_right="The common cause goes in; what dose acts through stays out.",
    ),
    wrong=[
        slip(
            "A",
            "association-as-effect",
            "Those with more dose have more tumor. Alone, dose gets the credit for both.",
            "Look for arrows that end at dose.",
        ),
        slip(
            "C",
            "reading",
            "With Cmax held, dose can no longer act through it. In this drawing the answer would "
            "be *none*, although dose does harm.",
            "Trace the ways that begin with an arrow out of dose. These must stay open.",
        ),
        slip(
            "D",
            "overfit",
            "Ferritin is caused by the event. People of one ferritin have nearly one outcome, so "
            "holding it hides what you look for. And Cmax is on the way.",
            "Ask of each covariate: does dose or the event change it?",
        ),
    ],
    hints=[
        "Which ways lead from dose to CRS, along arrows in any direction?",
        "Close the ways that begin with an arrow into dose. Leave open those that begin with an "
        "arrow out of it.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.16 · Persist, and stay well? · criticise · level 3 · 10 min
#
# An abstract: *"Responders in whom CAR T cells persisted for six months or more had a much longer
# response, counted from day 0 (hazard ratio 0.2, 95 % interval 0.1 to 0.3). Blood was tested until
# relapse. Persistence keeps patients in response."* In three to five sentences: what went wrong
# with the clock, what would you do instead, and what could still not be concluded?

# %% tags=["answer"]
review = ...  # a few sentences in quotes
# --- solution
review = (
    "Whoever is in the group that persisted had to stay in response for six months to be seen "
    "there, so those months are immortal time, and early relapses all fall into the other group. "
    "I would use a landmark: start the clock at six months with those still in response. Or I "
    "would let persistence change with time in a Cox model. Even then it is an association: low "
    "burden or good T cells may lead to both, so persistence need not be the cause."
)
# --- end
check("08.16", review)

# %% [markdown] tags=["worked"]
# To be counted as *persisted*, one must have been tested at six months, and blood was tested until
# relapse. So nobody in that group can relapse earlier: immortal time. In the notebook's 3,000
# people persistence does nothing, and this analysis gives a hazard ratio near 0.2.
#
# A landmark at six months, or a Cox model in which persistence changes when the loss is seen, gives
# about 1 there. Neither makes an effect of it: whatever keeps cells and prevents relapse, such as
# fewer tumor cells, still confounds.

# %% tags=["spec"]
exercise(
    "08.16",
    kind="criticise",
    level=3,
    minutes=10,
    title="Persist, and stay well?",
    answer=text(
        [
            idea(
                "immortal time: who persisted had to stay in response to be seen",
                [
                    "immortal*", "had|have|must|need* stay|survive|live|remain",
                    "cannot|could not|not relapse*", "early relaps*|event*|failure*",
                    "not at risk", "guarantee*", "grouped|group* future", "by definition",
                    "relapse* before six|6|month*|test*", "looks ahead",
                    "no chance|way be|get|enter|appear|persist*", "relapse* early",
                    "relapse* first month*|half|weeks", "relapse* never persist*|group|counted",
                    "early|first months put|fall*|land*|end|ended other|no|without",
                    "known only later|afterwards",
                ],
                "Could somebody in the group that persisted have relapsed in month two?",
            ),
            idea(
                "a landmark, or persistence that changes with time",
                [
                    "landmark*", "time varying", "time dependent", "varying",
                    "change* with|over time",
                    "start* clock|follow*|count* six|6|month*|later", "from six|6 month*|on",
                    "split*", "at six|6 months", "from month six|6",
                    "start* when|after know*|known", "start* later",
                ],
                "Which two analyses avoid it?",
            ),
            idea(
                "still an association",
                [
                    "associat*", "confound*", "caus*", "burden", "common cause", "random*",
                    "not effect|prove*|show*", "t cell* fitness|quality", "correlat*",
                    "other|another|third factor*|cause*|reason*|variable*", "explain both",
                    "lead*|behind both",
                ],
                "Suppose the clock is right. May we say that persistence keeps patients well?",
            ),
        ],
        model=review,
        also=[
            "This is immortal time bias because those who persisted could not relapse in the first "
            "six months. Use a landmark analysis at six months. It would still be confounded by "
            "tumor burden.",
            "The groups are made with knowledge of the future: to persist for six months you must "
            "remain in response. A time-varying covariate repairs that, and yet an association "
            "does not prove that persistence protects.",
            "Patients who relapse early have no chance to be in the persistence group. One should "
            "count time from month 6 only. Correlation is not causation.",
            "Early relapses can never be in the persisting group. The clock should start when we "
            "know who persisted. Other factors such as tumour load could explain both.",
            "Those who relapse in the first months are put in the other group automatically. "
            "Restrict to people in remission at 6 months. It could be reverse causation.",
        ],
    ),
    wrong=[
        slip(
            "The hazard ratio is far below one and the interval is narrow, so persistence clearly "
            "protects patients, and one should try to keep the cells there for longer.",
            "association-as-effect",
            "You take a hazard ratio far from 1 for an effect. A narrow interval says nothing "
            "about how the groups were made.",
            patterns=[
                "persistence clear* protect*", "persistence protect*|keep*|cause* patient*|respon*",
                "so persistence protect*|help*|work*",
            ],
        ),
    ],
    hints=[
        "When is it known to which group a patient belongs, and from when are they counted?",
        "Read the left panel of the notebook's figure: why is one curve flat for 180 days? Then "
        "name the analysis of the right panel.",
    ],
)
