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

# %% [markdown] minutes=4
# # Reading exposure off a curve, and what qPCR and flow each see
#
# *You will be able to* read Cmax, Tmax, AUC and half-life off samples, say what each reading owes
# to the schedule and the assay, and turn copies into cells · *you need* the curve of the first
# notebook, logarithms · *50 minutes*
#
# **The question.** Four sentences about one product lie on your desk. Two come from its label, one
# from a paper, one from a hospital laboratory. A colleague says that they contradict each other,
# and asks you to strike out the wrong ones before the meeting this afternoon.
#
# Run the cell. It prints the sentences. Then write down your guesses in place of `None`.

# %%
from itertools import pairwise

import numpy as np

from cgtlearn import ledger, measure, plot, population
from cgtlearn.exercises import guess
from cgtlearn.explore import explore
from cgtlearn.models import stein2019

flow_peak = 40  # CAR T cells/µL, by flow cytometry; our invention, not a published number

label = ledger.row("uspi_kymriah.all_responders_half_life")
fast = ledger.value("stein2019.reported_initial_half_life")
slow = ledger.value("stein2019.reported_terminal_half_life")
total = ledger.value("uspi_kymriah.all_responders_auc28")
print(f"A  The label:  half-life {label.value} d (geometric mean of {label.n} patients).")
print(f"B  The paper:  half-lives {fast} d and {slow} d.")
print(f"C  The label:  AUC from day 0 to 28 is {total:,} copies/µg × d, by qPCR.")
print(f"D  The hospital: the peak was {flow_peak} CAR T cells/µL, by flow cytometry.\n")

strike_guess = guess("How many of the four must be wrong?", None)  # <- your turn
copies_guess = guess("D in copies/µg, roughly?", None, unit="copies/µg")  # <- your turn

# %% [markdown] tags=["instructor"]
# Read the four sentences aloud and vote by hands which one is wrong. Write the votes down. The
# answer at the end is *none*, and it should cost them something.

# %% [markdown] minutes=3
# ## The highest sample is not the peak
#
# Our patient is the typical one of Stein's model, simulated. The truth is the curve you built in
# the first notebook. A clinic sees it on a few days only.
#
# Cmax is the highest sample. Tmax is its day. Nothing is fitted. Run the cell, then add a visit on
# day 9 and look again.

# %% tags=["slide"]
typical = stein2019.model.parameters_with()


def level_at(t):
    """Transgene of the typical patient (copies/µg) at t (d)."""
    return stein2019.closed_form(np.asarray(t, dtype=float), typical)


visits = np.array([0, 4, 7, 11, 14, 21, 28])  # d <- your turn: add day 9
seen = level_at(visits)
for day, level in zip(visits, seen, strict=True):
    print(f"day {day:>2}: {level:>8,.0f} copies/µg")

highest = seen.max()
print(f"\nread off: Cmax {highest:,.0f} copies/µg on day {visits[seen.argmax()]}")
print(f"in truth: Cmax {typical.cmax:,.0f} copies/µg on day {typical.tmax}")
print(f"Cmax read off is low by {100 * (1 - highest / typical.cmax):.0f} %")

# %% [markdown] tags=["instructor"]
# The stuck point: why does a visit on day 9 not help? Draw the kink. The curve halves faster after
# the peak than a visit schedule can see; two days before or after are both far below.

# %% [markdown] minutes=8
# The visit on day 9 hardly helps: it misses the sharp top on the other side. But Tmax jumps by two
# days. Tmax is always a day on which somebody drew blood.
#
# Without noise, Cmax from samples is never too high. (With noise it can be: the highest of several
# scattered values is chosen because it is high. The last notebook of this chapter meets that.)
#
# ## A straight line over an exponential is too high
#
# The AUC is the area under the curve. Between two samples somebody must say where the curve went.
# The **linear rule** draws a straight line. Its mean height is $(c_1 + c_2)/2$. But cells that
# double, or die at a constant rate, follow an exponential. Its mean height is the *logarithmic
# mean*:
#
# $$\frac{c_1 - c_2}{\ln(c_1 / c_2)} .$$
#
# Work out one interval yourself: one week, in which the level falls from 16,000 to 1,000
# copies/µg as an exponential. Type the formula in place of `None`, with `np.log`.

# %%
by_hand = guess("Area of that week?", None, unit="copies/µg × d")  # <- your turn

week = np.linspace(0, 7, 7001)
tiny_steps = np.sum(16000 * (1000 / 16000) ** (week[:-1] / 7)) * 0.001
by_hand.compare(float(f"{tiny_steps:.3g}"))
straight = 7 * (16000 + 1000) / 2
excess = 100 * (straight / tiny_steps - 1)
print(f"\na straight line gives {straight:,.0f}, too high by {excess:.0f} %")

print("\nlevels differ   straight line is too high by")
for factor in (1.5, 2, 4, 16, 100, 1000):  # <- your turn
    times_too_high = (factor + 1) / 2 / ((factor - 1) / np.log(factor))
    print(f"{factor:>8g}-fold   {100 * (times_too_high - 1):>8.0f} %")
assert round(100 * (2 + 1) / 2 / (1 / np.log(2))) == 104  # "4 %" below

# %% [markdown] tags=["instructor"]
# Talk through the last table, not the code. Ask: how far apart are two consecutive samples in
# *your* data? Twofold is harmless. Sixteenfold is not.

# %% [markdown]
# The error depends on one thing: how far apart the two levels are. Not on the unit, not on the
# days. A factor of two costs 4 %. That is why the linear rule is harmless in most of pharmacology.
# Cells that double every day and are seen once a week are not most of pharmacology.
#
# Here are the three rules in common use, as one function. Many programs offer the middle one as
# their best. Read the `elif`, and say which half of our curve it gets wrong.

# %%
def area(t, c, rule):
    """AUC over all samples: t in d, c in copies/µg."""
    total = 0.0
    for (t1, c1), (t2, c2) in pairwise(zip(t, c, strict=True)):
        if rule == "linear" or c1 == c2 or min(c1, c2) == 0:  # zero has no logarithm
            height = (c1 + c2) / 2
        elif rule == "linear-up log-down" and c2 > c1:
            height = (c1 + c2) / 2
        else:
            height = (c1 - c2) / np.log(c1 / c2)
        total += (t2 - t1) * height
    return total


rules = ("linear", "linear-up log-down", "log")
peak_day = typical.tmax
designs = {
    "every day, and the peak": np.sort(np.append(np.arange(29), peak_day)),
    "day 0, the peak, day 28": np.array([0, peak_day, 28]),
    "weekly": np.array([0, 7, 14, 21, 28]),
    "your days": np.array([0, 4, 7, 11, 14, 21, 28]),  # <- your turn
}
reference = designs["every day, and the peak"]
true_area = area(reference, level_at(reference), "log")

print(f"true AUC 0-28: {true_area:,.0f} copies/µg × d\n")
print(f"{'per cent of the truth':<26}" + "".join(f"{rule:>20}" for rule in rules))
for name, days in designs.items():
    found = [area(days, level_at(days), rule) for rule in rules]
    print(f"{name:<26}" + "".join(f"{100 * a / true_area:>20.0f}" for a in found))
    assert np.allclose(found, [measure.auc(days, level_at(days), rule=rule) for rule in rules])

# %% [markdown] tags=["instructor"]
# This is the default of much software, and the room will defend it. Let them name the half of the
# curve that it gets wrong: cells *rise* as an exponential too.

# %% [markdown]
# Read the table by rows.
#
# - *Day 0, the peak, day 28.* Three samples. The log rule is nearly exact, because each phase is
#   one exponential. The linear rule doubles the area. The rule in the middle mends the fall and
#   leaves the rise, so half of the excess stays.
# - *Weekly.* Now the peak is missed. The area that nobody sampled is lost, whatever the rule. The
#   linear rule looks best: its error points up and the missing peak points down.
#
# Two errors that cancel are not accuracy. They cancel in this patient and not in the next.

# %% tags=["slide"]
shown = np.array([0, peak_day, 14, 21, 28])
fine = np.sort(np.append(np.linspace(0, 28, 561), peak_day))
lines = area(shown, level_at(shown), "linear")
before_peak = peak_day * typical.cmax / 2 - measure.auc(
    reference, level_at(reference), 0, peak_day, rule="log"
)

fig, ax = plot.figure()
ax.fill_between(
    fine, level_at(fine), np.interp(fine, shown, level_at(shown)), color=plot.ORANGE, alpha=0.4
)
ax.plot(fine, level_at(fine), color=plot.BLUE, label="the curve")
ax.plot(shown, level_at(shown), "o--", color=plot.VERMILLION, label="samples, straight lines")
ax.set(xlabel="time after infusion (d)", ylabel="transgene (copies/µg DNA)", xticks=range(0, 29, 7))
ax.legend()
plot.show(
    fig,
    caption="Straight lines between samples that include the peak. Shaded: area that nobody had. "
    "Simulated.",
    alt=f"The straight lines lie above the curve on the rise and on the fall. They enclose "
    f"{lines / true_area:.1f} times the true area; {100 * before_peak / (lines - true_area):.0f} % "
    "of the excess lies before the peak.",
)

# %% [markdown] minutes=3
# ## Twenty-eight days are a choice
#
# Labels print the area to day 28. A *partial AUC* is the area over a stated window, and windows
# add up. Which week holds most of it? And how much is still to come after day 28? Guess, then run.
# Then move the windows.

# %% tags=["slide"]
later_guess = guess("AUC 0-84 over AUC 0-28, same patient?", None)  # <- your turn

every_day = np.sort(np.append(np.arange(85), peak_day))
windows = [(0, 7), (7, 14), (14, 21), (21, 28), (28, 84)]  # <- your turn
print()
for start, end in windows:
    part = measure.auc(every_day, level_at(every_day), start, end, rule="log")
    print(f"day {start:>2} to {end:>2}: {100 * part / true_area:>5.1f} % of AUC 0-28")

longer = area(every_day, level_at(every_day), "log") / true_area
print()
later_guess.compare(round(longer, 2))
report = [ledger.value(f"epar_kymriah2018.pool_responders_auc{day}") for day in (84, 28)]
print(f"\nEuropean report: {report[0]:,} over {report[1]:,} = {report[0] / report[1]:.2f}")
assert longer < 1.15 < 1.5 < report[0] / report[1]

# %% [markdown] tags=["instructor"]
# Do not explain the report's 1.5 yet. Somebody may say "other patients". Write it on the board; it
# comes back under *Those who leave*.

# %% [markdown] minutes=4
# The typical patient gains little after day 28. The report's two numbers differ by half. Keep that
# in mind: those two geometric means are not over the same patients. We come back to it.
#
# ## At the label's half-life nothing would be left after a year
#
# Now sentence A against sentence B. Take A at its word. From day 28 to day 364 the label's
# half-life passes twenty times. Run the cell. It shows no curve until you have typed or dragged
# your guess.
#
# Then move the sliders. Which one shifts the bend? Which one tilts what comes after it? At last
# give this patient a *true* terminal half-life of sentence A. A rate is $\ln 2$ over a half-life.

# %%
on_day_28 = level_at(28)
halvings = (364 - 28) / label.value
print(f"at {label.value} d: {on_day_28:,.0f} / 2^{halvings:.0f} = {on_day_28 / 2**halvings:.1g}")

figure = explore(
    stein2019.model,
    sliders={
        "persistent_fraction": (0.0005, 0.1),
        "persistence_rate": (0.001, 0.05),
        "contraction_rate": (0.03, 0.6),
    },
    panels=[dict(x=(0, 364), y=(1e-5, 1e5))],
    reference=28,
    title="One year after the infusion",
    predict=dict(
        question=f"On day 28 this patient has {on_day_28:,.0f} copies/µg. And on day 364?",
        of="transgene at 364",
    ),
)
figure

# %% [markdown] minutes=7
# The curve bends around day 40. Then it is nearly flat, and after a year 61 copies/µg are left. By
# sentence A it would be a thousandth of a copy. A true terminal half-life of 16.8 d, a slow decline
# of 0.041 a day, makes another patient, with less than one copy/µg before day 150. So A is the rate
# of nothing in this patient. Where can it come from?
#
# ## You can make the label's half-life yourself
#
# A terminal half-life is the slope of a straight line through
# the last logarithms. Which samples are *last* is decided by when people stop drawing blood, and
# by the limit of the assay.
#
# Change `until` and `lloq`. Your task: make the line come out near the label's value, from a
# patient whose true half-lives are those of sentence B. It can be done in more than one way.

# %%
schedule = np.array([14, 21, 28, 35, 42, 49, 56, 70, 84, 112, 168, 252, 336])


def last_three(until, lloq):
    """Days and levels of the last three samples that the assay can quantify."""
    days = schedule[schedule <= until]
    days = days[level_at(days) >= lloq][-3:]
    return days, level_at(days)


def half_life_of(days, levels):
    """ln(2) over the slope of the logarithms, in d; NaN for fewer than three samples."""
    if len(days) < 3:
        return np.nan  # not a number: there is no line
    return np.log(2) / -np.polyfit(days, np.log(levels), 1)[0]


until = 56  # d <- your turn
lloq = ledger.value("cart_sampling.qpcr_lloq")  # copies/µg <- your turn: type 170, 400
days, levels = last_three(until, lloq)
own = f"{half_life_of(days, levels):.1f} d" if len(days) == 3 else "none, it takes three samples"
print(f"samples on days {', '.join(map(str, days))}: half-life {own}")
print(f"label: {label.value} d\n")

print("half-life (d)    limit 50   limit 170   limit 400 copies/µg")
for stop in (28, 42, 56, 70, 84, 112, 168, 336):
    cells = [f"{half_life_of(*last_three(stop, limit)):>10.1f}" for limit in (50, 170, 400)]
    print(f"stop on day {stop:<4}" + "  ".join(cells))

# %% [markdown] tags=["instructor"]
# Give them five minutes with `until` and `lloq` alone; whoever has made the label's value says how.
# There are several ways. Then ask whether the label is wrong. It is not: it answers a question
# nobody asked.

# %% [markdown]
# One patient, one truth, and a table of half-lives between 4.6 and 217 days. Nobody erred.
# Where the line crosses from the fast phase to the slow one it reports something in between, which
# belongs to neither. Such a number is an **artefact** of the schedule. A limit that hides the tail
# never lets you leave the fast phase.

# %% tags=["slide"]
far = half_life_of(*last_three(336, 50))
near = half_life_of(*last_three(28, 50))
assert round(near, 1) == 4.6 and round(far) == 217

# What was said about the live figure.
share, fall = typical.persistent_fraction, typical.contraction_rate - typical.persistence_rate
bend = peak_day + np.log((1 - share) / share) / fall
quicker = typical.changed(persistence_rate=np.log(2) / label.value)
assert round(bend) == 40 and round(float(level_at(364))) == 61
assert round(on_day_28 / 2**halvings, 3) == 0.001
assert round(quicker.persistence_rate, 3) == 0.041 and stein2019.closed_form(150, quicker) < 1

long_days = np.linspace(0, 200, 801)
fig, ax = plot.figure()
ax.semilogy(long_days, level_at(long_days), color=plot.BLACK, linewidth=1.2, label="the curve")
looks = [("--", plot.BLUE), ("-", plot.VERMILLION), (":", plot.GREEN)]
made = {}
for stop, (line, color) in zip((28, 56, 168), looks, strict=True):
    days, levels = last_three(stop, 50)
    slope, height = np.polyfit(days, np.log(levels), 1)
    made[stop] = half_life_of(days, levels)
    reach = np.array([days[0] - 8, days[-1] + 12])
    ax.semilogy(reach, np.exp(height + slope * reach), line, color=color)
    ax.semilogy(days, levels, "o", color=color, label=f"stop on day {stop}: {made[stop]:.0f} d")
ax.set(xlabel="time after infusion (d)", ylabel="transgene (copies/µg DNA)", ylim=(50, 5e4))
ax.legend()
plot.show(
    fig,
    caption="Lines through the last three samples, for three ends of follow-up. Simulated.",
    alt="One curve, three straight lines. The half-life is "
    + ", ".join(f"{made[stop]:.0f} d when stopped on day {stop}" for stop in made)
    + ". The middle line cuts across the bend and fits neither phase.",
)

# %% [markdown]
# A label averages patients. So let a trial make the artefact. We simulate 300 children, with the
# spread between them read as standard deviations (the last notebook asks whether one may), with
# assay noise, and stop on different days. All 300 are simulated; the days and the limit are ours,
# because the trials' own are not published.

# %%
rich = np.array(ledger.value("cart_sampling.rich_days"), dtype=float)
spread = population.spread_of(stein2019.model, population.log_sd)
how = dict(
    residual_log_sd=ledger.value("stein2019.residual_sd"),
    lloq=ledger.value("cart_sampling.qpcr_lloq"),
    seed=7,
    course=stein2019.closed_form,
)
print("followed to   geometric mean half-life   children with one")
found = {}
for stop in (28, 56, 84, 112, 168, 364):  # <- your turn
    children = population.trial(stein2019.model, 300, spread, rich[rich <= stop], **how)
    half_life = children.described()["half_life"]
    averaged = found[stop] = half_life.geometric_mean
    print(f"day {stop:>4} {averaged:>20.0f} d {half_life.n:>18} of {half_life.of}")
print(f"\nlabel: {label.value} d, {label.n} patients")
assert found.get(84, 0) < label.value < found.get(112, np.inf)  # "about three months"

# %% [markdown] minutes=3
# Follow-up of about three months turns 4.3 and 220 into a number like the label's. We do not know
# that this is how the label's came about. We know that it need not contradict the paper. The
# European report says it itself: the half-life depends on the date of data cut-off
# {cite:p}`epar_kymriah2018`.
#
# ## Below the limit is not zero
#
# Another simulated child has a low peak and hardly a tail. Some samples are below the limit of
# quantification, BLQ. The report says `< 50`. Somebody must put something there. Before you run:
# which of the three columns will care?

# %%
quiet = typical.changed(cmax=typical.cmax / 2, persistent_fraction=typical.persistent_fraction / 4)
days = np.array([0, 2, 4, 7, 9, 11, 14, 21, 28, 42, 56, 84, 112])
truth = stein2019.closed_form(days, quiet)
limit = ledger.value("cart_sampling.qpcr_lloq")  # <- your turn: qpcr_lloq_low, a better assay
below = truth < limit
print(f"below {limit}: days {', '.join(str(day) for day in days[below])}\n")

stand_ins = {
    "truth": (days, truth),
    "zero": (days, np.where(below, 0, truth)),
    "limit / 2": (days, np.where(below, limit / 2, truth)),
    "limit": (days, np.where(below, limit, truth)),
    "left out": (days[~below], truth[~below]),
}
print(f"{'':<10}{'AUC 0-28':>13}{'AUC 0-112':>13}{'half-life, last three':>24}")
for name, (t, c) in stand_ins.items():
    early = t <= 28
    auc28 = area(t[early], c[early], "log") if t[0] == 0 else np.nan
    whole = f"{area(t, c, 'log'):,.0f}" if t[-1] == days[-1] and t[0] == 0 else "not covered"
    first = f"{auc28:,.0f}" if np.isfinite(auc28) else "not covered"
    tail = c[-3:]
    flat = tail.min() == 0 or tail[0] / tail[-1] < 1.001
    found = "none" if flat else f"{half_life_of(t[-3:], tail):.0f} d"
    print(f"{name:<10}{first:>13}{whole:>13}{found:>24}")

# %% [markdown] minutes=1
# The area to day 28 hardly notices: it lives in the two weeks around the peak. The half-life is
# destroyed. Three zeros have no slope, nor have three limits. Leaving samples out hands you the
# fast phase, and takes the window away: day 0 is gone, so day 0 to 28 is no longer covered.
#
# A stand-in is not a measurement, so none belongs in a half-life. The fourth
# notebook uses the BLQ samples for what they say: *less than the limit*.
#
# ## Three lines of the package do the same
#
# `measure.exposure` reads it all at once, and says by which rule. Check it against your own
# functions. Then change `blq` to `"half"`, and to a word that does not exist, and read the answer.

# %%
units = dict(unit="copies/µg", time_unit="d")
blq = "zero"  # <- your turn
read = measure.exposure(days, truth, (0, 28), rule="log", lloq=limit, blq=blq, **units)
print(read)

t, c = stand_ins["limit / 2" if blq == "half" else blq]
early = t <= 28
assert np.isclose(read.auc, area(t[early], c[early], "log"))
assert (read.cmax, read.tmax) == (c.max(), t[c.argmax()])
t, c = stand_ins["left out"]
chosen = measure.terminal_half_life(t, c, points=3)
assert np.isclose(chosen.half_life, half_life_of(t[-3:], c[-3:]))
usual = measure.terminal_half_life(t, c)
for which, phase in (("the package's points", usual), ("the last three", chosen)):
    print(f"{which}: days {', '.join(f'{day:g}' for day in phase.times)}: {phase.half_life:.2f} d")

# %% [markdown] minutes=5 tags=["slide"]
# The package chose its points by the usual rule, the best adjusted R². Other points, another
# number. So a half-life comes with its points, or it says little.
#
# ## Three numbers stand between copies and cells
#
# Sentences C and D. C is an area and D a height, so we set D beside the height of the same curve,
# the paper's peak. The units still differ.
#
# qPCR counts copies of the transgene in a microgram of DNA. A vector wrote this gene into the DNA
# of each CAR T cell, once or several times. Flow cytometry counts CAR-positive cells in a
# microlitre of blood. Between them stand:
#
# | from | to | needs |
# |---|---|---|
# | copies per µg of DNA | copies per nucleated cell | the mass of one cell's DNA |
# | copies per nucleated cell | share of cells that are CAR T cells | vector copies per CAR T cell |
# | share of cells | CAR T cells per µL | nucleated cells per µL of blood |
#
# The DNA of a sample comes from **every** cell with a nucleus, not only from T cells. And there
# are few of these cells at first: lymphodepletion has just removed most lymphocytes. Nobody printed
# the vector copies of the hospital's batch, so we borrow those of another product. Walk the steps.
# Then try `copies_per_cell = 1`.

# %%
ledger.show(
    "physics.dna_per_genome",
    "ari0001.vector_copies",
    "gandler2025.lymphocytes_at_infusion",
    "gandler2025.lymphocytes_peak",
)
dna = ledger.value("physics.dna_per_genome")  # pg in one cell
copies_per_cell = np.median(ledger.value("ari0001.vector_copies"))  # <- your turn
count = 600  # nucleated cells/µL on the day of the peak; assumed <- your turn

genomes = 1e6 / dna  # 1e6 pg in a µg
per_nucleated = typical.cmax / genomes
share = per_nucleated / copies_per_cell
cells = share * count
print(f"\n1 µg of DNA: {genomes:,.0f} cells' worth")
print(f"{typical.cmax:,.0f} copies/µg = {per_nucleated:.3f} copies per nucleated cell")
print(f"at {copies_per_cell:g} copies in each: {100 * share:.1f} % of the cells are CAR T cells")
print(f"at {count} cells/µL: {cells:.0f} CAR T cells/µL")
assert np.isclose(
    cells,
    measure.copies_per_ug_to_cells_per_ul(
        typical.cmax,
        vector_copies_per_cell=copies_per_cell,
        dna_per_genome_pg=dna,
        nucleated_cells_per_ul=count,
    ),
)

# %% [markdown] tags=["instructor"]
# Units first: say "copies in a microgram of DNA" each time, in full. The slip is to divide by the
# vector copies twice, or to forget that every nucleated cell gives DNA.

# %% [markdown]
# About forty, for a plausible pair. Is that a confirmation? Turn the question round: for which
# pairs would the hospital's peak and the paper's peak agree?

# %%
print(f"{flow_peak} cells/µL and {typical.cmax:,.0f} copies/µg agree if")
for copies in (0.5, 1, 2, 4):  # <- your turn
    needed = flow_peak * copies * genomes / typical.cmax
    print(f"  {copies:>3g} copies per CAR T cell and {needed:>5,.0f} nucleated cells/µL")

low, high = (
    measure.cells_per_ul_to_copies_per_ug(
        flow_peak,
        vector_copies_per_cell=copies,
        dna_per_genome_pg=dna,
        nucleated_cells_per_ul=white,
    )
    for copies, white in ((0.5, 2000), (4, 300))
)
print(f"\nD may be anything from {low:,.0f} to {high:,.0f} copies/µg; beside the middle of that:")
copies_guess.compare(float(f"{np.sqrt(low * high):.1g}"))

# %% [markdown] minutes=4
# The two sentences cannot contradict each other, and for the same reason they cannot confirm each
# other. Without vector copies and a cell count of the same day there is nothing to compare.
#
# ## The white count bends the curve
#
# The count moves while you sample. In 45 adults with lymphoma the median lymphocyte count was low
# at infusion and seven times higher at its peak, ten days later {cite:p}`gandler2025`. Part of that
# rise is the CAR T cells themselves.
#
# Give a simulated patient CAR T cells per µL with a rounded peak, the growth and decline rates of
# the paper, and a lymphocyte count that rises between those two medians. Extract the DNA from
# lymphocytes. What will qPCR see?

# %% tags=["slide"]
earlier_guess = guess("Median recovery: qPCR's peak, days earlier?", None, unit="d")  # <- your turn

before = ledger.value("gandler2025.lymphocytes_at_infusion")
after = ledger.value("gandler2025.lymphocytes_peak")
full_after = ledger.value("gandler2025.lymphocytes_peak_day")
growth = stein2019.growth_rate(typical)  # 1/d
decline = typical.contraction_rate  # 1/d
quarters = np.arange(0, 28.01, 0.05)


def flow_curve(t):
    """CAR T cells/µL: growth turns into decline smoothly, at `flow_peak` on `peak_day`."""
    since = t - peak_day + np.log(growth / decline) / (growth + decline)
    shape = 1 / (np.exp(-growth * since) + np.exp(decline * since))
    return flow_peak * shape / shape.max()


def lymphocytes(t, top):
    """Lymphocytes/µL: exponential recovery to `top` on day `full_after`, then level."""
    return before * (top / before) ** (np.minimum(t, full_after) / full_after)


def both_assays(top):
    """The same cells by flow (cells/µL) and by qPCR (copies/µg)."""
    by_flow = flow_curve(quarters)
    by_qpcr = measure.cells_per_ul_to_copies_per_ug(
        by_flow,
        vector_copies_per_cell=copies_per_cell,
        dna_per_genome_pg=dna,
        nucleated_cells_per_ul=lymphocytes(quarters, top),
    )
    return by_flow, by_qpcr


def seen_at(top):
    """Tmax and doubling time (d) by flow, then by qPCR."""
    return [
        (measure.tmax(quarters, curve), measure.doubling_time(quarters, curve, 1, 5))
        for curve in both_assays(top)
    ]


print()
for top in (before, after, 10 * after):  # <- your turn; 10 × after: the highest of the 45
    print(f"count {before} to {top:,} cells/µL")
    for assay, (peak, doubling) in zip(("flow", "qPCR"), seen_at(top), strict=True):
        print(f"   {assay}: Tmax {peak:.1f} d, doubling time {doubling:.2f} d")
(flow_tmax, flow_doubling), (qpcr_tmax, qpcr_doubling) = seen_at(after)
shift, slower = flow_tmax - qpcr_tmax, qpcr_doubling / flow_doubling
assert after == 7 * before and ledger.row("gandler2025.lymphocytes_peak").spread[1] == 10 * after
print()
earlier_guess.compare(round(shift, 1))

by_flow, by_qpcr = both_assays(after)
fig, ax = plot.figure()
for curve, line, color, name in (
    (by_flow, "-", plot.BLUE, "flow: cells/µL"),
    (by_qpcr, "--", plot.VERMILLION, "qPCR: copies/µg"),
):
    ax.semilogy(quarters, 100 * curve / curve.max(), line, color=color, label=name)
    ax.plot(quarters[curve.argmax()], 150, "v", color=color, markersize=9)
ax.set(xlabel="time after infusion (d)", ylabel="share of its own peak (%)", xticks=range(0, 29, 7))
ax.set(ylim=(0.05, 250))
ax.legend(loc="lower right")
plot.show(
    fig,
    caption="The same CAR T cells by two assays, while the lymphocyte count recovers from "
    f"{before} to {after} cells/µL. Triangles: peaks. Simulated.",
    alt=f"By qPCR the curve starts nearer to its peak, peaks {shift:.1f} d earlier and looks as if "
    f"doubling took {100 * (slower - 1):.0f} % longer; after day {full_after} both fall in step.",
)

# %% [markdown] tags=["instructor"]
# If the room stalls: a rising number divided by a rising number. Half of the apparent slowing has
# nothing to do with CAR T cells.

# %% [markdown] minutes=2
# While the white cells recover, qPCR divides a growing number by a growing number. Growth looks
# slower, the peak comes earlier, and none of it is biology of the CAR T cell. Two laboratories that
# disagree on Tmax by a day may both be right. Note our assumption: lymphocytes only. From whole
# blood the other white cells enter too, and we have no curve for them here.
#
# ## A lognormal can print what nature cannot hold
#
# A microgram of DNA is full when every nucleated cell is a CAR T cell. A label's geometric mean and
# geometric CV describe a lognormal, and a lognormal has no ceiling. What share of patients would
# stand above it, at one copy in each CAR T cell? Then try two copies.

# %%
above_guess = guess("Patients above the ceiling?", None, unit="%")  # <- your turn

peak_row = ledger.row("uspi_kymriah.all_responders_cmax")
log_sd = np.sqrt(np.log(1 + peak_row.spread**2))  # from a CV, as a fraction
rng = np.random.default_rng(1)
drawn = peak_row.value * np.exp(log_sd * rng.standard_normal(100_000))
copies = 1  # <- your turn
impossible = measure.above_ceiling(drawn, vector_copies_per_cell=copies, dna_per_genome_pg=dna)
print(f"\nceiling: {copies * genomes:,.0f} copies/µg; the geometric mean is {peak_row.value:,}")
above_guess.compare(float(round(100 * impossible.mean())))

# %% [markdown] minutes=3
# So either most products carry more than one copy, or the upper tail is not lognormal, or both. A
# simulation that samples from label numbers should look at its highest patients before it believes
# its mean.
#
# ## Those who leave take their curve along
#
# Some children progress, or die, or receive another therapy. Their curve ends. If those with little
# expansion leave first, whoever is left has expanded well.
#
# We let 400 simulated children leave in three ways. Nobody leaves. `strength 0`: leaving is blind.
# `strength 1`: half the area doubles the rate of leaving. Rate and link are teaching values. Areas
# are in thousands of copies/µg × d. Say which columns will move before you run.

# %% tags=["slide"]
n = 400
children = population.trial(stein2019.model, n, spread, rich, **how)
reported = np.where(children.censored, 0, children.values)
areas = measure.auc(rich, reported, 0, 28)
luck = np.random.default_rng(3).exponential(size=n)
typical_stay = 150  # d, mean time to leaving of a child with the median area


def read_off(leaves):
    """AUC 0-28, AUC 0-84 and half-life of each child until it leaves; NaN where there is none."""
    found = np.full((n, 3), np.nan)
    for i in range(n):
        kept = rich <= leaves[i]
        t, c = rich[kept], reported[i, kept]
        for column, end in ((0, 28), (1, 84)):
            if t[-1] >= end:
                found[i, column] = measure.auc(t, c, 0, end)
        if t.size > 1 and c.any():
            found[i, 2] = measure.exposure(t, c, (0, t[-1])).half_life
    return found


def middle(values):
    """Geometric mean of what there is, and how many."""
    there = values[np.isfinite(values) & (values > 0)]
    return measure.geometric_mean(there), there.size


never = np.full(n, np.inf)
stays = {"nobody leaves": never}
for strength in (0, 1):  # <- your turn: 2 in place of 1
    link = (areas / np.median(areas)) ** strength
    stays[f"strength {strength}"] = typical_stay * luck * link

print(f"{'':<15}{'AUC 0-28 (n)':>15}{'AUC 0-84 (n)':>15}{'half-life (n)':>15}{'AUC 84/28':>11}")
ratio, kept_half = {}, {}
for name, leaves in stays.items():
    (a28, n28), (a84, n84), (half, nh) = (middle(column) for column in read_off(leaves).T)
    ratio[name], kept_half[name] = a84 / a28, half
    cells = [f"{a28 / 1000:.0f} k ({n28})", f"{a84 / 1000:.0f} k ({n84})", f"{half:.0f} d ({nh})"]
    print(f"{name:<15}" + "".join(f"{cell:>15}" for cell in cells) + f"{ratio[name]:>11.2f}")
print(f"{'report':<63}{report[0] / report[1]:>4.2f}")
if set(ratio) == {"nobody leaves", "strength 0", "strength 1"}:
    assert 0.3 < kept_half["strength 0"] / kept_half["nobody leaves"] < 0.4  # "about a third"
    assert list(ratio.values()) == sorted(ratio.values())
day84, day28 = (ledger.row(f"epar_kymriah2018.pool_responders_auc{day}") for day in (84, 28))
assert day84.n == 66 and "80 patients" in day28.note

# %% [markdown] tags=["instructor"]
# Blind leaving leaves the mean area alone and shortens the half-life; leaving by the curve does
# both. Ask which column could be checked in a real report (n, always).

# %% [markdown] minutes=2
# Blind leaving does nothing to the mean area to day 28. It cuts the half-life to about a third,
# because follow-up is shorter. Leaving that depends on the curve moves the mean area itself: it can
# only be computed for those who stayed, and they expanded.
#
# It also widens the gap between AUC 0-84 and AUC 0-28, in the direction of the report, whose mean
# to day 84 rests on 66 of 80 patients. A possible reason, not a proven one. The remedy
# is to print *n* with every mean, and to say what became of the others.
#
# ## A label table is read row by row
#
# Here is what labels and articles print, product by product
# {cite:p}`uspi_kymriah,smpc_breyanzi,smpc_abecma,carvykti_jnj,yescarta_fl_approval,kimmel2021`.
# *Shown*, not reproduced. ALL is a leukemia; DLBCL, LBCL and FL are lymphomas. Before you compare
# two rows, look at the disease, the kind of average, the spread, *n* and the assay.

# %%
AVERAGES = {"geometric mean": "geo mean", "arithmetic mean": "mean", "": "not said"}
PRODUCTS = {
    "uspi_kymriah.all_responders_": "Kymriah, ALL, response",
    "uspi_kymriah.all_nonresponders_": "Kymriah, ALL, none",
    "uspi_kymriah.dlbcl_responders_": "Kymriah, DLBCL, response",
    "uspi_kymriah.fl_responders_": "Kymriah, FL, response",
    "smpc_breyanzi.responders_": "Breyanzi, LBCL, response",
    "smpc_breyanzi.nonresponders_": "Breyanzi, LBCL, none",
    "smpc_breyanzi.": "Breyanzi, LBCL, all",
    "smpc_abecma.": "Abecma, myeloma",
    "carvykti_jnj.": "Carvykti, myeloma",
    "yescarta_fl_approval.": "Yescarta, FL",
    "kimmel2021.": "Yescarta, LBCL",
}
known = {row.id: row for row in ledger.rows()}


def spread_text(row):
    """The spread with its kind; a geometric CV in per cent."""
    if row.spread is None:
        return "-"
    if row.spread_kind == "geometric CV":
        return f"geo CV {100 * row.spread:.0f} %"
    if isinstance(row.spread, list):
        return f"{row.spread_kind} {row.spread[0]:g} to {row.spread[1]:g}"
    return f"{row.spread_kind} {row.spread:,g}"


for quantity in ("cmax", "auc28", "tmax", "half_life", "car_cells_day7"):
    rows = {name: known.get(start + quantity) for start, name in PRODUCTS.items()}
    rows = {name: row for name, row in rows.items() if row is not None}
    first = next(iter(rows.values()))
    print(f"{first.symbol}, in {ledger.pretty(first.unit)}")
    for name, row in rows.items():
        average = AVERAGES.get(row.average, row.average)
        size = "n ?" if row.n is None else f"n {row.n}"
        assay = row.assay.split()[0].strip(",") if row.assay else "not said"
        value = f"{row.value:,.0f}" if row.value > 1000 else f"{row.value:g}"
        print(f"  {name:<25}{value:>8}  {average:<9}{spread_text(row):<22}", end="")
        print(f"{size:<6}{assay:<9}{row.status}")

breyanzi = [known[f"smpc_breyanzi.{group}_cmax"].value for group in ("responders", "nonresponders")]
assert 2.5 < breyanzi[0] / breyanzi[1] < 3.5  # "threefold" below
assert known["uspi_kymriah.all_responders_tmax"].spread[0] == 0.008

# %% [markdown] minutes=1 tags=["slide"]
# What must not be compared across rows:
#
# - **Mean with geometric mean with median.** In a skewed quantity the mean lies above the others.
# - **Responders with all patients.** Breyanzi's two groups differ threefold in the median.
# - **Myeloma with leukemia.** Other antigen, other burden, other patients, other sampling.
# - **qPCR with flow**, and one laboratory's qPCR with another's without a common standard.
# - **A range that starts at 0.008 d with any other.** A sample taken minutes after the infusion was
#   the highest of that patient.
#
# ## What you may strike out
#
# **Nothing.**

# %%
strike_guess.compare(0)
print("\nA and B: one curve gives both; the half-life in A depends on when sampling stopped.")
print(f"A: {label.value} d could be read off a trial followed for about three months.")
print("C and D: agree or not, depending on two numbers that nobody printed.")

# %% [markdown]
# **What to write instead.** *The four statements are compatible. A is a half-life over a mixture of
# phases and must not be used to predict the level after a year. C and D can be compared once the
# laboratory gives the vector copies per cell of the batch and the white count of the day.*
#
# **What we assumed.** Noise-free curves except where said. One schedule for all. DNA from
# lymphocytes in the section on the white count. A teaching limit of the assay.
#
# **What these readings cannot tell.** Where the cells are that are not in blood. Whether a copy
# belongs to a living cell. Why one patient's area is ten times another's: the last notebook of this
# chapter asks that.
