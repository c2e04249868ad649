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
# # Exercises: reading exposure off a curve
#
# Type your answer in place of `...`, or change the code, and run the cell. `hint("07.4")` gives a
# first step, called again a second one. `solution("07.4")` opens once you have tried. All patients
# here are simulated.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn import ledger, measure
from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 07.4 · Four samples, one area · fill-in · level 2 · 8 min
#
# A simulated patient was sampled four times:
#
# | day | 2 | 9 | 16 | 30 |
# |---|---|---|---|---|
# | copies/µg | 40 | 16,000 | 4,000 | 500 |
#
# Fill in `area`, so that it gives the area under the curve over all samples when the level follows
# an exponential between any two of them, on the way up and on the way down. Two neighbouring
# samples may be equal. None is zero.

# %% tags=["answer"]
days = np.array([2, 9, 16, 30])
levels = np.array([40, 16000, 4000, 500])


def area(t, c):
    """AUC over all samples; t in d, c in copies/µg, both arrays."""
    return ...
# --- solution


def area(t, c):
    """AUC over all samples; t in d, c in copies/µg, both arrays."""
    width = np.diff(t)
    first, second = c[:-1], c[1:]
    equal = first == second
    fold = np.where(equal, 2.0, first / second)  # any number but 1 where it is not used
    height = np.where(equal, first, (first - second) / np.log(fold))
    return np.sum(width * height)
# --- end
check("07.4", area)

# %% [markdown] tags=["worked"]
# Between two samples the exponential's mean height is the logarithmic mean,
# $(c_1 - c_2)/\ln(c_1/c_2)$. Its sign takes care of itself: on the way up both numerator and
# denominator are negative. Two equal samples give 0/0, so they need their own line: the mean height
# is the level itself.
#
# For the four samples the straight lines give 53 % more than that. Linear-up log-down mends the
# fall and leaves the rise, where most of the excess is: from 40 to 16,000 copies/µg is 400-fold in
# a week.

# %% tags=["spec"]
def with_heights(height):
    """An area function with another mean height between two samples."""

    def wrong(t, c):
        return np.sum(np.diff(t) * height(c[:-1], c[1:]))

    return wrong


def log_mean(a, b, log=np.log):
    with np.errstate(all="ignore"):
        return np.where(a == b, a, (a - b) / log(a / b))


def with_no_one(fold):
    return np.where(fold == 1, 2.0, fold)  # where the result is not used


def straight(a, b):
    return (a + b) / 2


exact = area(days, levels)
assert round(100 * (with_heights(straight)(days, levels) / exact - 1)) == 53

exercise(
    "07.4",
    kind="fill-in",
    level=2,
    minutes=8,
    title="Four samples, one area",
    answer=function(
        area,
        probes=[
            ([2.0, 9.0, 16.0, 30.0], [40.0, 16000.0, 4000.0, 500.0]),
            ([0.0, 7.0, 14.0], [100.0, 100.0, 50.0]),
            ([0.0, 1.0], [10.0, 1000.0]),
        ],
        rtol=1e-4,
        when_right="Exact for cells that double and then die at constant rates.",
    ),
    wrong=[
        slip(
            with_heights(straight),
            "linear-auc",
            "You drew straight lines. For these samples that is 53 % too much, most of it on the "
            "rise, where the level grows 400-fold in a week.",
        ),
        slip(
            with_heights(lambda a, b: np.where(b > a, straight(a, b), log_mean(a, b))),
            "linear-auc",
            "The fall is right. On the rise you still draw a straight line: this is the rule "
            "linear-up log-down, made for drugs that are absorbed, not for cells that double.",
            "Use the logarithmic mean in both directions.",
        ),
        slip(
            with_heights(lambda a, b: np.where(b > a, log_mean(a, b), straight(a, b))),
            "linear-auc",
            "The rise is right. On the fall you still draw a straight line, and that is too high.",
            "Use the logarithmic mean in both directions.",
        ),
        slip(
            with_heights(lambda a, b: np.where(a == b, a, (a - b) / np.log(with_no_one(b / a)))),
            "sign",
            "The size is right and the sign is wrong. If a - b stands above, a / b belongs below.",
            "An area between two positive levels is positive.",
        ),
        slip(
            with_heights(lambda a, b: a),
            "linear-auc",
            "You kept each level until the next sample came. On the rise that is too low, on the "
            "fall too high, and here the fall wins.",
            "The mean height over an interval is (a - b) / ln(a / b).",
        ),
        slip(
            with_heights(lambda a, b: log_mean(a, b, np.log10)),
            "ln-log10",
            "The formula is right and the logarithm is decimal: every unequal interval is 2.303 "
            "times too large.",
        ),
        slip(
            with_heights(lambda a, b: np.sqrt(a * b)),
            "arithmetic-geometric-mean",
            "You took the geometric mean of two levels as the mean height. That is the height in "
            "the middle of the interval, and an exponential's mean lies above it.",
            "The mean height over an interval is (a - b) / ln(a / b).",
        ),
    ],
    hints=[
        "What is the mean height of an exponential that goes from c1 to c2? The notebook has it.",
        "Add up width times (c1 - c2) / ln(c1 / c2), and treat c1 = c2 on a line of its own.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.5 · Whose DNA is in the tube? · choose · level 2 · 6 min
#
# On day 10 a laboratory reports {{copies:,.0f}} copies of the transgene in a µg of DNA, extracted
# from whole blood. The batch has {{carried:.1f}} vector copies in each CAR-positive cell. The blood
# count of that day says {{nucleated:,.0f}} nucleated cells/µL, among them {{lymphocytes:.0f}}
# lymphocytes/µL. At infusion, ten days before, there were 400 nucleated cells/µL. A diploid genome
# has a mass of {{dna:.2g}} pg. Choose the numbers you need: how many CAR-positive cells are in a µL
# of blood?

# %% tags=["answer"]
p = given("07.5")  # p.copies (in a µg of DNA), p.carried, p.nucleated, p.lymphocytes
dna = ledger.value("physics.dna_per_genome")  # pg in one cell
cells = ...  # CAR-positive cells/µL
# --- solution
genomes = 1e6 / dna  # in a µg of DNA
share = p.copies / genomes / p.carried  # of all nucleated cells
cells = share * p.nucleated
# --- end
check("07.5", cells)

# %% [markdown] tags=["worked"]
# Write the unit behind every step. {{copies:,.0f}} copies/µg divided by about {{genomes:,.0f}}
# genomes/µg is {{copies_per_cell:.3f}} copies per nucleated cell. With {{carried:.1f}} copies in
# each CAR-positive cell, {{percent:.1f}} % of the nucleated cells are CAR-positive. There are
# {{nucleated:,.0f}} nucleated cells/µL on the day of the sample: about {{answer:.0f}} cells/µL.
#
# Two of the counts were bait. Whole blood brings the DNA of granulocytes and monocytes too, so the
# lymphocytes alone are too few. And the count of another day belongs to another sample.
# `measure.copies_per_ug_to_cells_per_ul` does the same, and refuses to run without each of these
# numbers.

# %% tags=["spec"]
sample = {
    "vector_copies_per_cell": p.carried,
    "dna_per_genome_pg": dna,
    "nucleated_cells_per_ul": p.nucleated,
}
right = measure.copies_per_ug_to_cells_per_ul(p.copies, **sample)
exercise(
    "07.5",
    kind="choose",
    level=2,
    minutes=6,
    title="Whose DNA is in the tube?",
    answer=number(
        right,
        unit="cells/µL",
        rtol=0.03,
        when_right="Three numbers stand between the two assays, and the last one moves by the day.",
    ),
    wrong=[
        *assay_slips(p.copies, right, **sample, lymphocytes_per_ul=p.lymphocytes),
        slip(
            p.copies * dna / 1e6,
            "copies-for-cells",
            "These are the copies in a nucleated cell, on average. Asked for are cells in a µL.",
            "Divide by the copies in a CAR-positive cell, and multiply by the count of the day.",
        ),
        slip(
            right * p.carried * p.lymphocytes / p.nucleated,
            "qpcr-flow",
            "Two slips at once: you counted each copy as a cell, and you multiplied by the "
            "lymphocytes, though the DNA came from every nucleated cell.",
            "Divide by the copies in a cell; use the count of the cells whose DNA was extracted.",
        ),
        slip(
            right * 400 / p.nucleated,
            "reading",
            "You multiplied by the count at infusion. The copies were measured ten days later, "
            "among more cells.",
            "Both assays must look at the blood of one day.",
        ),
        slip(
            100 * right / p.nucleated,
            "percent-for-fraction",
            "This is the share of nucleated cells that are CAR-positive, in per cent. Asked for "
            "are cells in a µL.",
            "Multiply the share, as a fraction, by the count of the day.",
        ),
    ],
    hints=[
        "How many cells gave their DNA to one µg? And how many copies does one of them hold?",
        "Copies per nucleated cell, divided by copies per CAR cell, times the right count.",
    ],
    draw={
        "copies": among(8000.0, 6400.0, 10000.0, 12500.0, 5100.0),
        "carried": among(2.0, 1.6, 1.2),
        "nucleated": among(1500.0, 1300.0, 1800.0),
        "lymphocytes": among(300.0, 270.0, 350.0),
    },
    shown={
        "dna": dna,
        "genomes": 1e6 / dna,
        "copies_per_cell": p.copies * dna / 1e6,
        "percent": 100 * right / p.nucleated,
        "answer": right,
    },
)

# %% [markdown] tags=["exercise"]
# ## 07.6 · A half-life out of nothing · find-the-bug · level 3 · 10 min
#
# This function should give the half-life from the last three **measured** samples after the peak.
# For the patient below it gives 29 days. The true fast and slow half-lives of this patient are 4.3
# and 220 d; the assay's limit hid the tail. One idea is wrong. Mend the function; keep its name and
# arguments. `levels` holds what the assay would have said without a limit, so everything below
# `lloq` must count as not measured.

# %% tags=["answer"]
days = np.array([7, 11, 14, 21, 28, 35, 42, 49])
levels = np.array([3100, 18300, 11400, 3850, 1370, 560, 300, 210])
lloq = 400  # copies/µg


def half_life(days, levels, lloq):
    """Half-life (d) from the last three measured samples after the peak."""
    after = np.arange(len(days)) > np.argmax(levels)
    t, c = days[after], np.maximum(levels[after], lloq)
    slope = np.polyfit(t[-3:], np.log(c[-3:]), 1)[0]
    return np.log(2) / -slope
# --- solution


def half_life(days, levels, lloq):
    """Half-life (d) from the last three measured samples after the peak."""
    after = np.arange(len(days)) > np.argmax(levels)
    use = after & (levels >= lloq)  # a sample below the limit is not a measurement
    t, c = days[use], levels[use]
    slope = np.polyfit(t[-3:], np.log(c[-3:]), 1)[0]
    return np.log(2) / -slope
# --- end
check("07.6", half_life)

# %% [markdown] tags=["worked"]
# `np.maximum(levels, lloq)` writes 400 copies/µg wherever the assay said *less than 400*. The line
# then runs through points that nobody measured, and they are flat. A flat tail has a long
# half-life. So the limit of the assay was reported as biology. It even looks like a number from a
# label.
#
# Select instead: keep what is after the peak **and** not below the limit. Then take the last three.
# That gives about 5 d. It is honest, and it is still not the slow half-life: the samples that could
# show it are below the limit. The right report is *initial half-life about 5 d; the terminal
# half-life cannot be told with this assay*.

# %% tags=["spec"]
LN2 = np.log(2)


def through(select, count, log=np.log, two=LN2):
    """A half-life function that treats the limit by `select` and uses `count` points."""

    def wrong(days, levels, lloq):
        after = np.arange(len(days)) > np.argmax(levels)
        t, c = select(days[after], levels[after].astype(float), lloq)
        return two / -np.polyfit(t[-count:], log(c[-count:]), 1)[0]

    return wrong


def measured(t, c, limit):
    return t[c >= limit], c[c >= limit]


def halved(t, c, limit):
    return t, np.where(c >= limit, c, limit / 2)


def limited(t, c, limit):
    return t, np.maximum(c, limit)


bug = through(limited, 3)
assert round(bug(days, levels, lloq)) == 29 and round(half_life(days, levels, lloq)) == 5

exercise(
    "07.6",
    kind="find-the-bug",
    level=3,
    minutes=10,
    title="A half-life out of nothing",
    answer=function(
        half_life,
        # At most two of the last three are below the limit: three equal stand-ins have no slope.
        probes=[
            (
                [7.0, 11, 14, 21, 28, 35, 42, 49],
                [3100.0, 18300, 11400, 3850, 1370, 560, 300, 210],
                400.0,
            ),
            ([1.0, 8, 12, 20, 30, 40, 50], [50.0, 9000, 6000, 1500, 300, 70, 20], 60.0),
        ],
        rtol=1e-3,
        when_right="Honest, and still only the fast phase: the limit hid the slow one.",
    ),
    wrong=[
        slip(
            lambda days, levels, lloq: np.log(2) / half_life(days, levels, lloq),
            "half-life-for-rate",
            "This is the rate in 1/d. The samples are the right ones.",
            "A half-life is ln(2) over the rate.",
        ),
        slip(
            through(halved, 3),
            "blq-as-lloq",
            "Half the limit is a stand-in as well. Two of them in a row are flat, and a flat tail "
            "has a long half-life, whatever its height.",
            "Leave these samples out of the line altogether.",
        ),
        slip(
            through(lambda t, c, limit: (t, np.where(c >= limit, c, 1.0)), 3),
            "blq-as-zero",
            "You put next to nothing (1, since zero has no logarithm) for the samples below the "
            "limit. The line now falls off a cliff that nobody measured.",
        ),
        slip(
            through(measured, 4),
            "reading",
            "The samples below the limit are gone, as they should be. The line now runs through "
            "four samples, and the last three were asked for.",
            "Look at the slice in np.polyfit.",
        ),
        slip(
            through(measured, 3, two=np.log10(2)),
            "log10-for-ln2",
            "The points are right. You divided log10(2) by a slope of natural logarithms.",
        ),
        slip(
            through(lambda t, c, limit: (t, c), 3),
            "wrong-phase",
            "You used the last three samples whether measured or not. The assay never reported "
            "those levels: they are below its limit.",
            "Keep only levels >= lloq, then take the last three.",
        ),
    ],
    hints=[
        "Print t and c inside the function. Which of these values did the assay measure?",
        "Select the samples with levels >= lloq after the peak; then use the last three of them.",
    ],
)
