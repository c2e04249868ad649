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
# # Exercises: four half-lives
#
# Type your answer in place of `...`, or change the code, and run the cell. `hint("02.5")` gives a
# first step, called again a second one. `solution("02.5")` opens once you have tried. All people
# and reports here are invented.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 02.5 · Two reports, two assays · predict · level 2 · 6 min
#
# A first report says: mean factor VIII {{first:.0f}} IU/dL at week 52, chromogenic assay. A second
# one, of the same people: mean {{second:.0f}} IU/dL at week 104, one-stage assay. In this product
# the one-stage assay reads {{ratio:.1f}} times the chromogenic. Which half-life do the two means
# give, in weeks?

# %% tags=["answer"]
p = given("02.5")  # p.first (week 52), p.second (week 104), p.ratio
weeks = ...  # half-life of the mean, in weeks
# --- solution
chromogenic = p.second / p.ratio  # both by one assay
weeks = 52 * np.log(2) / np.log(p.first / chromogenic)
# --- end
check("02.5", weeks)

# %% [markdown] tags=["worked"]
# First bring both to one assay. {{second:.0f}} IU/dL one-stage is {{same:.1f}} IU/dL chromogenic.
# From {{first:.0f}} to that in 52 weeks is {{halvings:.2f}} halvings, so one takes {{answer:.0f}}
# weeks. It does not matter which assay both are brought to: a factor on both cancels.
#
# Without the conversion the same two numbers give {{mixed:.0f}} weeks. A product would seem far
# more lasting because a laboratory changed.

# %% tags=["spec"]
right = weeks
LN2 = np.log(2)
exercise(
    "02.5",
    kind="predict",
    level=2,
    minutes=6,
    title="Two reports, two assays",
    answer=number(
        right,
        unit="week",
        rtol=0.02,
        when_right="A constant factor between assays cancels, once it stands on both sides.",
    ),
    wrong=[
        slip(
            52 * LN2 / np.log(p.first / p.second),
            "one-stage-chromogenic",
            "You set a chromogenic level beside a one-stage level. The second reads higher, so the "
            "fall looks slower than it is.",
            "Bring both means to one assay, then take the logarithm.",
        ),
        slip(
            52 * LN2 / np.log(p.first / (p.second * p.ratio)),
            "one-stage-chromogenic",
            "You multiplied the one-stage mean where it should be divided: it is the larger of the "
            "two readings. Your level rises, so the half-life is negative.",
            "Chromogenic is one-stage over the ratio.",
        ),
        slip(
            52 * LN2 / np.log(p.first / p.second) / p.ratio,
            "one-stage-chromogenic",
            "You made a half-life of two assays and divided it by their ratio. The ratio belongs "
            "to a level, not to a half-life.",
            "Divide the one-stage mean by the ratio first, then take the logarithm.",
        ),
        slip(
            52 * np.log10(2) / np.log(p.first / chromogenic),
            "log10-for-ln2",
            "The levels are right. You took log10(2) over a natural logarithm.",
        ),
        slip(
            np.log(p.first / chromogenic) / 52,
            "half-life-for-rate",
            "This is the rate, in 1/week. Asked for is the half-life.",
        ),
        slip(
            52 * 0.5 * p.first / (p.first - chromogenic),
            "reading",
            "You drew a straight line between the two means and looked when it has lost half. An "
            "exponential loses the same share in each week, not the same amount.",
            "Take the logarithm of the ratio of the two levels.",
        ),
        slip(
            104 * LN2 / np.log(p.first / chromogenic),
            "reading",
            "The fall is right. You spread it over 104 weeks, the time since the infusion. The two "
            "levels are 52 weeks apart.",
            "Subtract the two weeks.",
        ),
    ],
    hints=[
        "Two assays stand there. Which of the two means must be changed before you compare?",
        "Divide the one-stage mean by the ratio. Then 52 × ln 2 over the logarithm of the ratio.",
    ],
    draw={
        "first": among(42.0, 45.0, 44.0),
        "second": among(39.0, 40.0, 41.0),
        "ratio": among(1.6, 1.5, 1.4),
    },
    shown={
        "same": p.second / p.ratio,
        "halvings": np.log2(p.first / chromogenic),
        "answer": right,
        "mixed": 52 * LN2 / np.log(p.first / p.second),
    },
)

# %% [markdown] tags=["exercise"]
# ## 02.6 · A half-life that grew with the limit · find-the-bug · level 3 · 10 min
#
# A laboratory reports the levels (IU/dL) of nine simulated people at two visits. It writes 0 where
# a level was below its limit; a 0 is a flag, not a level. This function should give the half-life
# of the **median of all people**. It gives about 73 weeks. From the true levels, which nobody has
# seen, it is 51. All nine came to both visits, and at each visit more than half have a measured
# level. Mend the function; keep its name and arguments.

# %% tags=["answer"]
first = np.array([0, 6.0, 9.0, 14.0, 26.0, 33.0, 48.0, 70.0, 120.0])
second = np.array([0, 0, 0, 3.9, 12.8, 15.0, 21.0, 40.0, 88.0])


def half_life(first, second, weeks):
    """Half-life (weeks) of the median of all people, from two visits `weeks` apart."""
    before = np.median(first[first > 0])  # a flag is not a level
    after = np.median(second[second > 0])
    return weeks * np.log(2) / np.log(before / after)
# --- solution


def half_life(first, second, weeks):
    """Half-life (weeks) of the median of all people, from two visits `weeks` apart."""
    before = np.median(first)  # the flag is lower than any level, so the ranks are right
    after = np.median(second)
    return weeks * np.log(2) / np.log(before / after)
# --- end
check("02.6", half_life)

# %% [markdown] tags=["worked"]
# The selection drops people. At the second visit it drops three, and they are the three lowest. The
# median of the other six is the level of somebody higher up, so the fall looks slow. It is the
# half-life of those who stayed measurable.
#
# A median needs ranks, not values. Whoever is below the limit is at the bottom, and the flag 0
# puts them there. The person in the middle is then the right one, and was measured. This fails as
# soon as half of the people are below: then the median itself is *below the limit*, and no
# half-life can be given. And the 0 is harmless only because nobody averages it.

# %% tags=["spec"]
LN2, LOG2 = np.log(2), np.log10(2)


def by(summary, two=LN2):
    """A half-life function that sums up each visit by `summary`."""

    def wrong(first, second, weeks):
        return weeks * two / np.log(summary(first) / summary(second))

    return wrong


def of_measured(summary):
    return lambda x: summary(x[x > 0])


def complete(first, second, weeks):
    both = (first > 0) & (second > 0)
    return weeks * np.log(2) / np.log(np.median(first[both]) / np.median(second[both]))


def paired(first, second, weeks):
    both = (first > 0) & (second > 0)
    return np.median(weeks * np.log(2) / np.log(first[both] / second[both]))


bug = by(of_measured(np.median))
assert round(bug(first, second, 52)) == 73 and round(half_life(first, second, 52)) == 51
exercise(
    "02.6",
    kind="find-the-bug",
    level=3,
    minutes=10,
    title="A half-life that grew with the limit",
    answer=function(
        half_life,
        probes=[
            (first.tolist(), second.tolist(), 52.0),
            (
                [0.0, 5.0, 11.0, 24.0, 39.0, 60.0, 95.0],
                [0.0, 0.0, 3.4, 7.0, 22.0, 30.0, 51.0],
                106.0,
            ),
        ],
        rtol=1e-4,
        when_right="A median asks only how many are below, and you counted them.",
    ),
    wrong=[
        slip(
            complete,
            "survivor",
            "You kept only people who were measured at both visits. That compares the same people, "
            "and they are those who ended high. All people were asked for.",
            "Keep everybody; those below the limit stand at the bottom of the ranks.",
        ),
        slip(
            paired,
            "survivor",
            "You took each person's own half-life and then the median. Whoever fell below the "
            "limit has none, so the fastest are left out; and the median of half-lives is not the "
            "half-life of the median.",
            "Take the median of all people at each visit first.",
        ),
        slip(
            by(np.mean),
            "mean-for-median",
            "Everybody is counted. But you averaged, and a mean follows those at the top; it also "
            "makes a level of each flag.",
            "Use np.median.",
        ),
        slip(
            by(of_measured(np.mean)),
            "mean-for-median",
            "This is the half-life of a mean, and of those who were measured at that.",
            "Use np.median, and count those below the limit.",
        ),
        slip(
            by(np.median, LOG2),
            "log10-for-ln2",
            "The medians are right. You divided log10(2) by a natural logarithm.",
        ),
        slip(
            lambda first, second, weeks: np.log(2) / half_life(first, second, weeks),
            "half-life-for-rate",
            "The medians are right. This is the rate in 1/week.",
        ),
    ],
    hints=[
        "How many people does the function count at the second visit? Which ones are missing?",
        "A median needs to know only that the flagged people are the lowest. Count all nine.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.7 · Confirmed by a meta-analysis · criticise · level 2 · 8 min
#
# A slide says: *The half-life of valoctocogene is 123 weeks. A meta-analysis of factor VIII gene
# therapies confirms it: 55.8 % of peak at 24 months, which is 124 weeks.* The 124 counts from the
# day of the infusion. Write two or three sentences to its author. Why is this no confirmation? Name
# at least two ways in which the two numbers differ.

# %% tags=["answer"]
letter = ...  # your sentences, in quotes
# --- solution
letter = (
    "The 123 weeks hold for one product and start at week 76; the 124 weeks are made from a "
    "share of the peak of several products, as if the peak stood at the infusion. Counted from a "
    "peak at month 6 the same share gives 93 weeks. So the agreement is a coincidence."
)
# --- end
check("02.7", letter)

# %% [markdown] tags=["worked"]
# Two numbers can only confirm each other if they estimate the same thing. Here they differ in
# almost everything:
#
# - **start**: week 76 against the infusion. With the peak at month 6 the 124 weeks become 93;
# - **people and product**: one trial of one product against eight trials of several;
# - **quantity**: a rate of a production model for a typical person, against a share of peak;
# - **assay and interval**: chromogenic with 84 to 232 weeks, against neither named in the abstract.
#
# An interval from 84 to 232 weeks would have agreed with 93 as well. What agrees with everything
# confirms little.

# %% tags=["spec"]
exercise(
    "02.7",
    kind="criticise",
    level=2,
    minutes=8,
    title="Confirmed by a meta-analysis",
    answer=text(
        [
            idea(
                "the start differs",
                [
                    "week 76",
                    "start*|begin*|count*|from|since|origin different|other|another|infusion|peak",
                    "different|other|another|same start*|time|window|origin|period",
                    "month 6|six",
                    "93",
                    "peak month*|later|not|infusion",
                    "from|since|at infusion",
                ],
                "From which week on does each of the two numbers count?",
            ),
            idea(
                "what or whom they describe differs",
                [
                    "several|many|other|different|various|eight|class|mixed|all "
                    "product*|trial*|vector*|therap*|capsid*|drug*|dose*",
                    "product*|trial*|vector*|therap*|capsid*|population*|people|patients "
                    "differ*|different|mixed|not",
                    "one|single|only product|trial|therapy|vector",
                    "typical|production|model|system|parameter*",
                    "share|percent*|fraction peak",
                    "assay* not|unknown|unstated|differ*|different|missing|no",
                    "no|without|not|which assay*",
                    "estimand* differ*|different|not|another|other",
                    "different|other|another|same estimand*|quantit*|thing*",
                ],
                "Whose levels are these, and is it a level, a share of a peak or a model's rate?",
            ),
        ],
        model=letter,
        also=[
            "You compare a parameter of a production model from week 76 with a percentage of peak "
            "in other trials. If you count from month 6 it is 93 weeks, so nothing is confirmed.",
            "The meta-analysis mixes different products and no assay is given, and its clock "
            "starts at infusion rather than at week 76. Numbers that look alike are not the same.",
        ],
        when_right="Numbers confirm each other only where they estimate the same thing.",
    ),
    wrong=[
        slip(
            "The slide is fine, because the two numbers come from independent sources and they "
            "agree with each other, so I would believe it.",
            "correlation-for-agreement",
            "They agree in the number and in nothing else. Counted from a peak at month 6 the same "
            "percentage gives 93 weeks.",
            "Ask what each number estimates, and from when on.",
            patterns=[
                "slide|it|this|claim|author fine|right|correct|ok|valid",
                "two|both|independent source*|number*|analys* agree*|same|confirm*",
                "agree*|this|it supports|strengthens it|this|claim|number|slide|123",
            ],
        ),
        slip(
            "One should average the two and write 123.5 weeks, as both estimate the half-life.",
            "reading",
            "An average of two different things is a third thing that nobody measured.",
            "Show both, each with its start, its assay and its people.",
            patterns=[
                "average*|mean|pool*|combin* two|both|them|numbers|values",
                "should|could|can|better average*|pool*|combine*",
            ],
        ),
        slip(
            "The factor between assays is 1.6, so the half-life by one-stage would be 197 weeks.",
            "one-stage-chromogenic",
            "A factor that is the same at every visit cancels in a half-life. It changes levels "
            "and bands.",
            "Look at the start of each number, and at the products behind it.",
            patterns=[
                "half life one|stage|chromogenic be|is longer|larger|197",
                "one stage be|is longer|larger|197|weeks",
            ],
        ),
    ],
    hints=[
        "From which week on does 123 weeks hold? And from when on was the 124 counted?",
        "Name the start of each, and the products or the quantity behind each; then say what the "
        "same percentage gives from a peak at month 6.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.8 · What goes into the contract? · decide · level 3 · 7 min
#
# A payer wants back part of the price for **each treated person who is below 5 IU/dL at year 5**.
# You are asked which number the budget should rest on. At year 3 the published bands have 33 % at
# 5 IU/dL or below, by the chromogenic assay. Five proposals lie on the table. Which one answers
# the question?

# %% tags=["answer"]
proposal = ...  # "A", "B", "C", "D" or "E"
# --- solution
proposal = "D"
# --- end
check("02.8", proposal)

# %% [markdown] tags=["worked"]
# **D.** The payer counts people, so the forecast must be a distribution over people, with the assay
# and the rule for those who left. It starts from the bands at year 3, because they are closest in
# kind. And it shows how much depends on what nobody knows: the rate between years 3 and 5.
#
# A lets one number, the mean, stand for everybody. The mean stays above 5 long after a third of the
# people are below it. B takes a typical person, with the same flaw. C averages four things that are
# not estimates of one. E counts another event: loss of response may need bleeds and a return to
# prophylaxis, while the contract pays by the level alone.

# %% tags=["spec"]
exercise(
    "02.8",
    kind="decide",
    level=3,
    minutes=7,
    title="What goes into the contract?",
    answer=choice(
        {
            "A": "Let the mean at month 36 fall with 88 weeks. At year 5 it is still above "
            "5 IU/dL, so nearly nobody will be below.",
            "B": "Use 123 weeks: it comes from a model of everybody's data, so it is the true "
            "half-life, and a typical person stays above 5 IU/dL.",
            "C": "Average the four half-lives to 77 weeks and apply that to the share at year 3.",
            "D": "Forecast how many people will be below: start from the bands of year 3, let "
            "people differ in how fast they fall, count those back on prophylaxis by a stated "
            "rule, and show the range over rates that the data allow.",
            "E": "Use the published durability of 11 to 17 years: by its median, fewer than half "
            "are lost at year 5.",
        },
        "D",
        when_right="The question counts people, so the answer is a share with its range.",
    ),
    wrong=[
        slip(
            "A",
            "mean-for-median",
            "A mean can lie above 5 IU/dL while half of the people lie below: a few high levels "
            "carry it. A third were at 5 or below when the mean was 18.",
            "Count people, not IU/dL.",
        ),
        slip(
            "B",
            "reading",
            "It is a rate of a typical person from week 76 on, with an interval from 84 to 232 "
            "weeks. It says nothing about how levels are spread, and the low end costs money.",
            "Ask whose level decides about a payment.",
        ),
        slip(
            "C",
            "reading",
            "The four differ in start, in summary and in people. Their average belongs to no time "
            "and to nobody.",
            "Choose by the question, do not average.",
        ),
        slip(
            "E",
            "other-numbers",
            "Loss of response there is judged from the level, bleeds and prophylaxis together. The "
            "contract pays by the level alone, and by the bands a third had reached it at year 3.",
            "Compare the two definitions of what is counted.",
        ),
    ],
    hints=[
        "What is counted in the contract: IU/dL, weeks, or people?",
        "Which proposal gives a share of people, by the level alone, and says what is not known?",
    ],
)
