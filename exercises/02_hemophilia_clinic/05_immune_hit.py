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
# # Exercises: the immune hit and the steroid
#
# Type your answer in place of `...` and run the cell. `hint("02.17")` gives a first step, called
# again a second one. `solution("02.17")` opens once you have tried. All people are simulated.
# Nothing here is advice on how to treat a person.

# %%
import numpy as np

from cgtlearn import ledger
from cgtlearn.exercises import check, given, hint, solution

# %% [markdown] tags=["exercise"]
# ## 02.17 · How hard must he be hit? · predict · level 2 · 6 min
#
# A man's own ALT is {{baseline:.0f}} U/L, the laboratory's upper limit of normal
# {{upper:.0f}} U/L. In the sketch of the notebook a hit $H$ that lasts brings ALT to
# $1 + aH$ times the own baseline, with $a$ from the ledger. His centre's rule rings at 1.5 times
# the upper limit of normal. At which hit, between 0 and 1, does it ring?

# %% tags=["answer"]
p = given("02.17")  # p.baseline, p.upper (U/L)
a = ledger.value("aav_expression.alt_release")
rule = ledger.value("valoctocogene_liver2024.alt_rule")
needed = ...  # hit, 0 to 1
# --- solution
needed = (rule * p.upper / p.baseline - 1) / a
# --- end
check("02.17", needed)

# %% [markdown] tags=["worked"]
# The rule rings at 1.5 times {{upper:.0f}} U/L, which is {{fold:.2f}} times **his** baseline. Set
# $1 + aH$ equal to that: $H$ is {{fold:.2f}} less 1, over 8, about {{answer:.2f}}.
#
# A rule on his own baseline would ring at $H = 0.5/8$, about 0.06. So the limit of the laboratory
# lets a hit pass that is {{times:.1f}} times as strong. For a man whose baseline lies at the upper
# limit the two rules are one.

# %% tags=["spec"]
fold = rule * p.upper / p.baseline
exercise(
    "02.17",
    kind="predict",
    level=2,
    minutes=6,
    title="How hard must he be hit?",
    draw={
        "baseline": between(15.0, 27.0, step=1.0, default=20.0),
        "upper": among(40.0, 45.0, 35.0, 50.0),
    },
    shown={"fold": fold, "answer": needed, "times": needed / ((rule - 1) / a)},
    answer=number(
        needed,
        unit="1",
        rtol=0.01,
        when_right="The lower his own baseline, the more a rule on the laboratory's limit misses.",
    ),
    wrong=[
        slip(
            (rule - 1) / a,
            "reading",
            "This hit brings ALT to 1.5 times his own baseline. The rule counts from the upper "
            "limit of normal.",
            "How many U/L are 1.5 times the upper limit? And how many times his own ALT is that?",
        ),
        slip(
            fold / a,
            "reading",
            "You left out the 1 of 1 + aH: without any hit ALT is at its baseline, not at zero.",
            "Take 1 from the fold before you divide by a.",
        ),
        slip(
            (p.upper / p.baseline - 1) / a,
            "reading",
            "At this hit ALT reaches the upper limit of normal. The rule rings at 1.5 times that.",
            "Multiply the limit by the rule first.",
        ),
        slip(
            (rule * p.upper - p.baseline) / a,
            "reading",
            "You took U/L from U/L and have U/L left. ALT counts over the own baseline here.",
            "Divide the limit in U/L by his own ALT in U/L first.",
        ),
        slip(
            fold,
            "reading",
            "This is how many times his ALT must rise. Asked for is the hit that makes it.",
            "Solve 1 + aH = that fold for H.",
        ),
        slip(
            fold - 1,
            "reading",
            "This is aH, the rise in baselines. One step is missing: the hit itself.",
            "Divide by a.",
        ),
        slip(
            (fold - 1) * a,
            "reading",
            "You multiplied by a. In 1 + aH = fold the hit is multiplied by a, so divide.",
            "H = (fold - 1) / a.",
        ),
        slip(
            rule * p.upper,
            "reading",
            "This is the ALT, in U/L, at which the rule rings. Asked for is the hit, 0 to 1.",
            "Divide by his own ALT, take 1 off, divide by a.",
        ),
        slip(
            (rule * p.upper - 1) / a,
            "reading",
            "You put U/L into 1 + aH, which counts ALT in baselines.",
            "Divide the limit in U/L by his own ALT in U/L first.",
        ),
    ],
    hints=[
        "At how many U/L does the rule ring? How many times his own baseline is that?",
        "Set 1 + a H equal to rule * upper / baseline, and solve for H.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.18 · Everybody rang on day 0 · find-the-bug · level 2 · 8 min
#
# `alt` holds weekly samples, a row for each person, a column for each week, counted over the own
# baseline. The function should give the share of **all** people whose **first** sample at the limit
# or above came in week `until` or before. Weeks count from 0; `until` need not be whole. For the
# five people below, a limit of 1.5 and week 2, it gives 0.8, though two of the five never reach the
# limit. Mend it; keep its name and its arguments.

# %% tags=["answer"]
weekly = np.array(
    [
        [1.0, 1.1, 1.6, 2.2, 1.8, 1.2],
        [1.1, 0.9, 1.0, 1.1, 1.2, 1.0],
        [0.9, 1.0, 1.2, 1.4, 1.9, 2.6],
        [1.7, 1.0, 1.1, 0.9, 1.0, 1.1],
        [1.0, 1.0, 0.9, 1.2, 1.3, 1.1],
    ]
)


def share_with_alarm(alt, limit, until):
    """Share (0 to 1) of people with their first alarm in week `until` or before."""
    first = np.argmax(alt >= limit, axis=1)
    return np.mean(first <= until)


# --- solution
def share_with_alarm(alt, limit, until):
    """Share (0 to 1) of people with their first alarm in week `until` or before."""
    high = alt >= limit
    first = np.where(high.any(axis=1), high.argmax(axis=1), np.inf)
    return np.mean(first <= until)


# --- end
check("02.18", share_with_alarm)

# %% [markdown] tags=["worked"]
# `np.argmax` of a row that is nowhere true gives 0. So whoever never rang is counted as ringing in
# week 0, the earliest alarm of all. The mend says *never* in words that compare well: infinity.
#
# The better a rule is at staying silent, the more early alarms this bug invents. Tables made with
# it look plausible, since a rule that rings early looks like a good rule. Test such a function on
# somebody who never rings.


# %% tags=["spec"]
def buggy(alt, limit, until):
    return np.mean(np.argmax(alt >= limit, axis=1) <= until)


def firsts(high):
    """First True of each row, or infinity."""
    return np.where(high.any(axis=1), high.argmax(axis=1), np.inf)


def among_those_who_ring(alt, limit, until):
    first = firsts(alt >= limit)
    rang = np.isfinite(first)
    return np.mean(first[rang] <= until) if rang.any() else 0.0


def never_as_zero_left_out(alt, limit, until):
    first = np.argmax(alt >= limit, axis=1)
    return np.mean((first > 0) & (first <= until))


assert np.isclose(buggy(weekly, rule, 2), 0.8)
assert np.isclose(share_with_alarm(weekly, rule, 2), 0.4)
exercise(
    "02.18",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="Everybody rang on day 0",
    answer=function(
        share_with_alarm,
        probes=[
            (weekly.tolist(), 1.5, 2.0),
            (weekly.tolist(), 1.6, 2.0),
            (weekly[::-1, :].tolist() + [[1.0, 1.2, 1.55, 1.0, 1.9, 1.0]], 1.3, 2.0),
            (weekly.tolist(), 1.5, 5.5),
        ],
        rtol=1e-6,
        when_right="Never is later than every week, and now the function says so.",
    ),
    wrong=[
        slip(
            among_those_who_ring,
            "survivor",
            "You divide by those who rang. The share was asked of all people, and those who never "
            "ring belong to them.",
            "np.mean over everybody, with a first alarm of infinity for who never rings.",
        ),
        slip(
            never_as_zero_left_out,
            "reading",
            "Now nobody rings in week 0. Somebody really did, and you threw that person out with "
            "those who never ring.",
            "Ask each row whether it rings at all: high.any(axis=1).",
        ),
        slip(
            lambda alt, limit, until: np.mean((alt >= limit).any(axis=1)),
            "reading",
            "This is the share that rings at any time. Only first alarms up to week `until` count.",
            "Keep the comparison with until.",
        ),
        slip(
            lambda alt, limit, until: np.mean(alt[:, int(until)] >= limit),
            "reading",
            "You look at the sample of week `until` alone. An alarm in any week before counts as "
            "well, even where ALT is normal again by then.",
            "Find the first alarm of each row, then compare it with until.",
        ),
        slip(
            lambda alt, limit, until: np.mean(firsts(alt >= limit) < until),
            "reading",
            "You left out those whose first alarm came in week `until` itself.",
            "In week until *or before* is <=.",
        ),
        slip(
            lambda alt, limit, until: np.mean(firsts(alt > limit) <= until),
            "reading",
            "A sample exactly at the limit is an alarm too: *at the limit or above*.",
            "Compare with >=.",
        ),
        slip(
            lambda alt, limit, until: 1 - np.mean(firsts(alt >= limit) <= until),
            "complement",
            "This is the share without an alarm by that week.",
        ),
        slip(
            lambda alt, limit, until: 100 * np.mean(firsts(alt >= limit) <= until),
            "percent-for-fraction",
            "The people are the right ones. You gave per cent, and a share from 0 to 1 was asked.",
        ),
        slip(
            lambda alt, limit, until: float(np.sum(firsts(alt >= limit) <= until)),
            "total-for-rate",
            "This is how many people. Asked for is their share of all.",
        ),
    ],
    hints=[
        "Print first for the five people. What does np.argmax give for a row without any True?",
        "Where a row is nowhere True, put something later than any week (-1 would be the earliest "
        "of all): np.where(high.any(axis=1), ..., np.inf).",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.19 · What comes when · order · level 1 · 5 min
#
# One person of the sketch: the strongest T cells, no steroid, factor IX rising after the dose. Put
# the lines that happen into their order in time. Two of the seven do not happen.

# %% tags=["answer"]
course = ...  # a list of letters, as in ["A", "B"]
# --- solution
course = ["C", "F", "B", "G", "D"]
# --- end
check("02.19", course)

# %% [markdown] tags=["worked"]
# **C, F, B, G, D.** Pieces are there within days (C). T cells need weeks to multiply; ALT passes
# 1.5-fold on day 29 (F), while the hit is still growing towards its height on day 45 (B). A loss
# adds up, so a fifth is missing after that, on day 50 (G). ALT comes back last (D), because the
# pieces have faded, and with a third of factor IX gone.
#
# A does not happen: cells that replace the killed ones hold no gene. E does not happen either: the
# vector that still waits in nuclei lifts the level all the time. The order is the sketch's; its
# days rest on teaching values.

# %% tags=["spec"]
from cgtlearn.models import aav_expression
from cgtlearn.solve import solve

sketch = aav_expression.model
every_day = np.arange(0, 181.0)
hit_person = sketch.parameters_with(t_cell_response=1)
with_hit = solve(sketch, hit_person, every_day)
without = solve(sketch, sketch.parameters_with(), every_day)["activity"]
half = hit_person.half_antigen * hit_person.weight
seen = with_hit["capsid"] / (with_hit["capsid"] + half)
missing = 1 - with_hit["activity"][1:] / without[1:]
happens = {
    "C": int(seen.argmax()),
    "F": int(np.argmax(with_hit["alt"] >= rule)),
    "B": int((with_hit["t_cells"] * seen).argmax()),
    "G": int(np.argmax(missing > 0.2)) + 1,
    "D": int(every_day[with_hit["alt"] > 1.1][-1]) + 1,
}
assert sorted(happens, key=happens.get) == course
assert [happens[key] for key in "FBG"] == [29, 45, 50] and 1 / 3 < missing[happens["D"]] < 0.4
assert (np.diff(with_hit["activity"]) > -1e-9).all()  # E does not happen
exercise(
    "02.19",
    kind="order",
    level=1,
    minutes=5,
    title="What comes when",
    answer=order(
        {
            "A": "New cells bring back the factor that the killed ones made.",
            "B": "The hit is at its highest.",
            "C": "Pieces of the capsid are seen most on liver cells.",
            "D": "ALT is within a tenth of its own baseline again.",
            "E": "The measured factor IX begins to fall.",
            "F": "ALT passes 1.5 times its own baseline.",
            "G": "A fifth of factor IX is missing, against the same person without T cells.",
        },
        ["C", "F", "B", "G", "D"],
        when_right="ALT speaks first. And the loss shows only beside a curve that nobody has.",
    ),
    wrong=[
        slip(
            ["C", "G", "F", "B", "D"],
            "reading",
            "You let the loss come before ALT. ALT follows the killing of the day; the loss is "
            "what has added up.",
            "How much was lost in the notebook on the day ALT reached 1.5-fold?",
        ),
        slip(
            ["C", "F", "B", "G", "D", "A"],
            "reading",
            "The order is right, and A does not happen: new cells have no gene.",
            "Leave A out.",
        ),
        slip(
            ["C", "F", "B", "E", "G", "D"],
            "reading",
            "The order is right, and E does not happen: vector that still waits in nuclei lifts "
            "the level all the time.",
            "Leave E out.",
        ),
        slip(
            ["C", "F", "B", "E", "G", "D", "A"],
            "reading",
            "The five are in order. A and E do not happen: new cells have no gene, and the "
            "measured level never falls.",
            "Leave A and E out.",
        ),
        slip(
            ["C", "F", "B", "G", "D", "E", "A"],
            "reading",
            "The five are in order, and you used all seven lines. Two do not happen: one has the "
            "measured level fall, one has it come back.",
            "Leave A and E out.",
        ),
        slip(
            ["C", "F", "B", "G", "D", "E"],
            "reading",
            "The order is right, and E does not happen, at the end as little as before: the "
            "measured level rises to a plateau.",
            "Leave E out.",
        ),
        slip(
            ["C", "F", "B", "G", "E", "D"],
            "reading",
            "The order is right, and E does not happen: a loss is a level that rises less than it "
            "would, not one that falls.",
            "Leave E out.",
        ),
        slip(
            ["C", "B", "F", "G", "D"],
            "forgot-lag",
            "You let ALT follow the height of the hit. It lags by about three days, but 1.5-fold "
            "is reached on the way up, long before the height.",
            "On which day was the hit highest, and on which did the alarm ring?",
        ),
        slip(
            ["C", "F", "G", "B", "D"],
            "reading",
            "You let a fifth be gone before the hit is at its highest. What is lost adds up, day "
            "by day, and goes on after the height.",
            "Which of B and G is a rate of that day, and which a sum over days?",
        ),
        slip(
            ["C", "F", "B", "D", "G"],
            "reading",
            "You let ALT be normal before a fifth is lost. By then a third is gone.",
            "What does a normal ALT say about what was lost before?",
        ),
    ],
    hints=[
        "Which of the lines is a rate of this day, and which adds up over days?",
        "First pieces, then the alarm of ALT. The hit is highest on day 45 in the notebook.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 02.20 · Did the steroid help? · decide · level 3 · 8 min
#
# Ten centres want to know whether a steroid, given when ALT rises after an AAV vector, preserves
# factor IX. So far some doctors give it at the rule's alarm and others wait. Your vote: which plan
# can answer the question?

# %% tags=["answer"]
plan = ...  # "A", "B", "C" or "D"
# --- solution
plan = "C"
# --- end
check("02.20", plan)

# %% [markdown] tags=["worked"]
# **C.** Lots are drawn among people who have the same reason for a steroid, so nothing else decides
# who gets it. They are compared as drawn, and not as treated. Whether one may draw lots there is a
# question for others.
#
# A is the record of the notebook: the treated had 3 IU/dL less although the steroid gave them 6
# more, and a larger record is more certain of it. B sounds careful. But the steroid itself lowers
# the peak of ALT. In the sketch the strongest T cells with a steroid from day 28 peak no higher
# than weaker ones without, so B compares people with different T cells: it would find 3 % of
# the level saved where 28 % are. D credits the steroid with the vector that still unpacks:
# after the alarm factor IX rises without any steroid.

# %% tags=["spec"]
from cgtlearn.models import aav_expression
from cgtlearn.solve import solve

sketch = aav_expression.model
treated_one = sketch.parameters_with(t_cell_response=1, steroid_start=28)
strengths = np.linspace(0.4, 1, 61)
grid = np.append(np.arange(0, 181.0), 365.0)
untreated = solve(sketch, sketch.parameters_with(t_cell_response=strengths), grid)
lived = solve(sketch, treated_one, grid)
never_hit = solve(sketch, sketch.parameters_with(), grid)["activity"][-1]
kept = lived["activity"][-1] / never_hit
twin = np.interp(lived["alt"].max(), untreated["alt"].max(axis=1), np.arange(strengths.size))
twin_kept = untreated["activity"][round(twin), -1] / never_hit
really = untreated["activity"][-1, -1] / never_hit
assert [round(100 * (kept - other)) for other in (twin_kept, really)] == [3, 28]  # as said above
assert untreated["activity"][-1, 180] > 1.5 * untreated["activity"][-1, 29]  # credited by plan D
exercise(
    "02.20",
    kind="decide",
    level=3,
    minutes=8,
    title="Did the steroid help?",
    answer=choice(
        {
            "A": "Pool the records of all ten centres and compare factor IX at one year between "
            "people with and without a steroid.",
            "B": "As A, but compare people with and without a steroid whose ALT had the same peak.",
            "C": "Among people whose ALT meets the rule, draw lots: a steroid now or not unless it "
            "rises further. Compare factor IX at one year as drawn.",
            "D": "In each person who got a steroid, compare factor IX on the day of the alarm with "
            "factor IX at one year.",
        },
        "C",
        when_right="Same reason for a steroid, lots for who gets it, compared as drawn.",
    ),
    wrong=[
        slip(
            "A",
            "association-as-effect",
            "People got the steroid because T cells were at work. Ten centres make the wrong "
            "comparison more certain, not less wrong.",
            "Ask who the people without a steroid are.",
        ),
        slip(
            "B",
            "association-as-effect",
            "The steroid lowers the peak of ALT. An equal peak with and without it means stronger "
            "T cells in the treated.",
            "Never adjust for what the treatment itself has changed.",
        ),
        slip(
            "D",
            "association-as-effect",
            "In the months after the dose factor IX rises anyway, with a hit and without a "
            "steroid. This plan would credit the steroid with the rise.",
            "What would the same person have reached without it?",
        ),
    ],
    hints=[
        "For each plan ask: in what do the two groups differ besides the steroid?",
        "One plan lets chance alone decide among people with the same alarm.",
    ],
)
