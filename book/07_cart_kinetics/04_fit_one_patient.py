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

# %% [markdown] minutes=3
# # Fit one patient, with values below the limit of quantification
#
# *You will be able to* fit a curve to one patient's samples, treat values below the limit as what
# they are, and say what the data do not tell · *you need* notebook 01, logarithms, the normal
# distribution · *45 minutes*
#
# **The question.** A study report lists its patients, and for each there is a field: *terminal
# half-life, days*. One patient was followed for a year. Some samples came back as *below 50*: the
# assay cannot put a number on them. Somebody must fill in the field, with a number or with a
# refusal.
#
# The patient is simulated. So we can do what nobody can do with a person: look up the truth at
# the end.

# %%
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares
from scipy.special import log_ndtr, ndtr

from cgtlearn import datasets, estimate, ledger, plot
from cgtlearn.errors import LearnerError
from cgtlearn.exercises import guess
from cgtlearn.explore import explore
from cgtlearn.models import stein2019

table = datasets.load("simulated_tisacel_one")
times, values, censored, lloq = table.curve(1)
print(table.describe())

# %% [markdown] minutes=3
# ## A triangle is a bound, not a number
#
# Look before you compute. Then write down what you would put into the field. The first two
# triangles, nearly on top of each other, come before the cells have grown, the last two when most
# of them are gone.

# %% tags=["slide"]
fig, ax = plot.figure()
ax.semilogy(times[~censored], values[~censored], "o", color=plot.BLUE, label="measured")
ax.semilogy(times[censored], values[censored], "v", color=plot.VERMILLION, label="below the limit")
ax.axhline(lloq, color=plot.BLACK, linewidth=1, linestyle=":")
ax.set(xlabel="time after infusion (d)", ylabel="transgene (copies/µg DNA)")
ax.set_xticks(range(0, 365, 60))
ax.legend(loc="upper right")
plot.show(
    fig,
    caption="The samples of one patient. Simulated.",
    alt=f"{times.size} samples in {times[-1]:.0f} days, {censored.sum()} of them below the limit "
    f"of {lloq:g} copies/µg; the highest is {values.max():,.0f} copies/µg on day "
    f"{times[values.argmax()]:g}.",
)

half_life_guess = guess("What terminal half-life would you report?", None, unit="d")  # <- your turn

# %% [markdown] tags=["instructor"]
# A number or a refusal: both are legitimate entries. Ask who wrote a refusal, and why. They come
# back at the end.

# %% [markdown] minutes=7
# ## A fit needs a distance, and the distance is a logarithm
#
# The curve is that of notebook 01. Six numbers shape it. Fitting means: find the six numbers for
# which the curve passes close to the samples.
#
# Close in what sense? The assay scatters by a factor, not by an amount; the last row below is the
# standard deviation of the natural logarithm. So we compare logarithms. On a plain scale the
# samples near the peak, thousands of copies high, would outvote the tail.
#
# Be the optimiser for a minute. Change the factors and make the sum smaller.

# %%
names = ["fold_expansion", "tmax", "cmax"]
names += ["contraction_rate", "persistent_fraction", "persistence_rate"]
typical = np.array([ledger.value(f"stein2019.{name}") for name in names])
noise = ledger.value("stein2019.residual_sd")
ledger.show(*[f"stein2019.{name}" for name in [*names, "residual_sd"]])


def level_at(t, numbers):
    """Transgene (copies/µg) at t (d) for the six numbers, in the order of `names`."""
    fold, tmax, cmax, alpha, share, beta = numbers
    s = np.maximum(t - tmax, 0)
    rising = cmax * np.exp(np.log(fold) / tmax * np.minimum(t - tmax, 0))
    return rising * ((1 - share) * np.exp(-alpha * s) + share * np.exp(-beta * s))


def distances(numbers):
    """ln(measured) - ln(curve) in units of the noise, measured samples only."""
    seen = ~censored
    return np.log(values[seen] / level_at(times[seen], numbers)) / noise


by_hand = typical * [1, 1, 2, 1, 1, 1]  # <- your turn: factors on the six numbers
print(f"\n{np.sum(~censored)} measured samples; sum of squared distances:")
for who, numbers in (("typical patient", typical), ("by hand", by_hand)):
    print(f"  {who:<16} {np.sum(distances(numbers) ** 2):5.1f}")

# %% [markdown] tags=["instructor"]
# Let them be the optimiser for two minutes and write their best sum on the board. Nobody needs to
# beat the computer; everybody should feel that two numbers can trade against each other.

# %% [markdown]
# A computer does the same, faster. It works on logarithms of the six numbers, so that none can
# become negative, and within the range that the ledger allows. It starts from several days of the
# peak: the curve has a kink there, and kinks make traps.

# %%
box = np.log([ledger.row(f"stein2019.{name}").domain for name in names])
starts = [np.log(typical * [1, factor, 1, 1, 1, 1]) for factor in (0.8, 1, 1.2)]


def best(function, begin=starts):
    """The six numbers with the least sum of squares of `function`, and that sum."""
    ends = [
        least_squares(lambda u: function(np.exp(u)), start, bounds=box.T, x_scale="jac", ftol=1e-10)
        for start in begin
    ]
    end = min(ends, key=lambda e: e.cost)
    return np.exp(end.x), 2 * end.cost


def half_life(numbers):
    """Terminal half-life (d), from the last of the six numbers."""
    return np.log(2) / numbers[-1]


def in_days(number):
    """Two significant digits, or that the tail does not fall at all."""
    return f"{float(f'{number:.2g}'):g}" if number < 1000 else "> 1000"


left_out, lowest = best(distances)
for name, number in zip(names, left_out, strict=True):
    print(f"{name:<20} {float(f'{number:.2g}'):>8,g}")
print(f"\nterminal half-life   {in_days(half_life(left_out)):>8} d")
print(f"sum of squares       {lowest:>8.1f}")

# %% [markdown] minutes=6
# This fit left out every sample below the limit. Ask what it saw late in the course: only the
# samples that happened to be high.
#
# ## A sample below the limit speaks too
#
# It does not say *how much*. It says *less than the limit*, and a curve can make that more or
# less probable. If the curve runs at $f$, and the logarithm scatters with standard deviation
# $\sigma$, then
#
# $$P(\text{below}) = \Phi(z), \qquad z = \frac{\ln \text{LLOQ} - \ln f}{\sigma},$$
#
# where $\Phi$ is the normal distribution function and LLOQ the lower limit of quantification.
# Guess: the curve runs exactly at the limit. How probable is *below*? And at twice the limit?

# %% tags=["slide"]
for height in (1, 2, 4):  # times the limit <- your turn: 0.5, 0.25
    probability = ndtr(np.log(1 / height) / noise)
    print(f"curve at {height:g} × the limit: P(below) = {probability:.2f}")

# %% [markdown] tags=["instructor"]
# The stuck point is that P(below) is a half when the curve runs *at* the limit. One sentence:
# scatter is even on the log scale.

# %% [markdown]
# The likelihood multiplies one factor for each sample: the normal density where there is a
# measurement, $\Phi(z)$ where there is a bound. Minus two times its logarithm is, but for a
# constant,
#
# $$\sum_{\text{measured}} z_i^2 \;+\; \sum_{\text{censored}} -2\ln\Phi(z_i).$$
#
# Again a sum of squares, with $\sqrt{-2\ln\Phi(z)}$ as the distance of a censored sample. It is
# near zero while the curve runs well below the limit, and grows as the curve climbs above it. In
# Beal's list of ways to treat such values this one is M3 {cite:p}`beal2001`.

# %%
def with_bounds(numbers, t=times, y=values, flag=censored):
    """Distances of all samples: z where measured, the root of -2 ln Φ(z) where censored (M3)."""
    z = np.log(np.where(flag, lloq, y) / level_at(t, numbers)) / noise
    return np.where(flag, np.sqrt(-2 * log_ndtr(z)), z)


m3, lowest = best(with_bounds)
print(f"terminal half-life with the bounds {in_days(half_life(m3)):>5} d")
print(f"                   without them    {in_days(half_life(left_out)):>5} d")

# %% [markdown] tags=["instructor"]
# The one line to talk through is `np.where(flag, np.sqrt(-2 * log_ndtr(z)), z)`. Two kinds of
# sample, two kinds of evidence, one sum.

# %% [markdown] minutes=7
# ## One patient cannot show which way is wrong, forty can
#
# The two differ. Which is closer to the truth? One patient cannot tell, because luck is larger
# than the difference. Simulate forty patients with one curve, whose tail crosses the limit:
# half-life 100 d. Fit each of them in five ways that are in daily use:
#
# 1. M3: keep the bound.
# 2. Leave the sample out.
# 3. Write zero. (Zero has no logarithm. Whoever wants it writes a 1.)
# 4. Write half the limit.
# 5. Write the limit.
#
# By what factor does leaving out lengthen the half-life? Write it down before you run.

# %% tags=["slide"]
factor_guess = guess("Left out: how many times too long?", None)  # <- your turn

rules = ["M3", "left out", "zero, as 1", "half the limit", "the limit"]
true_half_life = 100.0  # d <- your turn: 30


def fit_by(rule, y, flag, begin):
    """The six numbers for one patient by one rule."""
    if rule == "M3":
        return best(lambda numbers: with_bounds(numbers, times, y, flag), begin)[0]
    stand_in = {"zero, as 1": 1.0, "half the limit": lloq / 2}.get(rule, lloq)
    filled = np.where(flag, stand_in, y)
    kept = ~flag if rule == "left out" else np.ones(flag.size, bool)

    def as_if_measured(numbers):
        return (np.log(filled / level_at(times, numbers)) / noise)[kept]

    return best(as_if_measured, begin)[0]


truth = np.append(typical[:-1], np.log(2) / true_half_life)
rng = np.random.default_rng(7)
found = {rule: [] for rule in rules}
for _ in range(40):
    y = level_at(times, truth) * np.exp(noise * rng.normal(size=times.size))
    for rule in rules:
        found[rule].append(half_life(fit_by(rule, y, y < lloq, [np.log(truth)])))

quarters = {rule: np.percentile(found[rule], [25, 50, 75]) for rule in rules}
print(f"\nhalf-life (d), truth {true_half_life:g}")
print(f"{'':<18}{'lower quarter':>14}{'median':>10}{'upper quarter':>15}")
for i, rule in enumerate(rules, start=1):
    low, middle, high = (in_days(q) for q in quarters[rule])
    print(f"{i} {rule:<16}{low:>14}{middle:>10}{high:>15}")

# %% [markdown] tags=["instructor"]
# Ask for the factor before the run. Leaving out sounds careful, and it is the one that removes
# evidence in one direction. Change `true_half_life` to 30 with the room: *half the limit* was luck.

# %% [markdown]
# Read the medians. M3 is the closest. Leaving out lengthens the half-life, because late in the
# course only the high samples survive. Writing the limit lengthens it too: the tail lies flat at
# the limit. Zero shortens it: the tail plunges. Half the limit is a compromise that happens to do
# well with this tail. Change `true_half_life` to 30: so few late samples are measured that every
# stand-in makes a flat tail, half the limit too, and M3 becomes shaky.
#
# Now read the other two columns. Even the best way leaves a single patient uncertain.

# %% tags=["slide"]
factor_guess.compare(float(f"{quarters['left out'][1] / true_half_life:.2g}"))

fig, ax = plot.figure()
for i, rule in enumerate(rules):
    low, middle, high = np.minimum(quarters[rule], 1000)
    ax.plot([low, high], [i, i], "-", color=plot.BLUE, linewidth=5, alpha=0.4)
    ax.plot(middle, i, "o", color=plot.BLUE)
ax.axvline(true_half_life, color=plot.BLACK, linewidth=1, linestyle=":")
ax.set(xscale="log", xlabel="terminal half-life (d)", ylabel="rule")
ax.set_xticks([30, 100, 300, 1000], ["30", "100", "300", "1000"])
ax.set_yticks(range(len(rules)), rules)
ax.invert_yaxis()
plot.show(
    fig,
    caption="Median (dot) and middle half (bar) of the half-lives of forty simulated patients. The "
    "dotted line is the truth; the axis is cut at 1000 d. Simulated.",
    alt=f"The truth is {true_half_life:g} d. The median is {in_days(quarters['M3'][1])} d by M3, "
    f"{in_days(quarters['left out'][1])} d when samples are left out, "
    f"{in_days(quarters['zero, as 1'][1])} d with zero and {in_days(quarters['the limit'][1])} d "
    "with the limit in their place.",
    unitless="y",
)

# %% [markdown] minutes=8
# ## A profile says what the data do not tell
#
# Back to the one patient. The optimiser gave one half-life. How much worse are the others? Hold
# the half-life at a value, let the five other numbers adapt, and note how far the sum of squares
# rises. Where it rises by less than 3.84, the 95 % quantile of chi-square with one degree of
# freedom, the data do not object.
#
# Reports are often written before the year is over. So we do it twice: with all samples, and with
# those of the first 90 days. What will be the best half-life from 90 days alone?

# %%
early_guess = guess("Best half-life from the first 90 days?", None, unit="d")  # <- your turn

allowed = 3.84
tried = np.geomspace(9, 2500, 25)


def profile(until):
    """Best half-life, and the rise of the sum of squares at each of `tried`."""
    some = times <= until
    data = times[some], values[some], censored[some]
    numbers, lowest = best(lambda x: with_bounds(x, *data))
    rise, held = [], numbers
    for rate in np.log(2) / tried[::-1]:  # from the longest down, each from where the last ended
        begin = [np.clip(np.log(held), *box.T)]
        held, least = best(lambda x, rate=rate: with_bounds(np.append(x[:-1], rate), *data), begin)
        rise.append(least - lowest)
    return half_life(numbers), np.array(rise[::-1])


def allowed_range(rise):
    """Shortest and longest of `tried` that are allowed; infinity when the last one is."""
    inside = tried[rise < allowed]
    return inside[0], np.inf if inside[-1] == tried[-1] else inside[-1]


year, year_rise = profile(364)
early, early_rise = profile(90)
early_guess.compare(float(f"{early:.2g}"))
print()
limits = {"a year": allowed_range(year_rise), "90 days": allowed_range(early_rise)}
for name, value in (("a year", year), ("90 days", early)):
    low, high = (in_days(end) for end in limits[name])
    print(f"{name:<8} best {in_days(value):>4} d, allowed from about {low} d to {high} d")

# %% [markdown] tags=["instructor"]
# 22 d looks like a result. Have a learner read out the allowed range instead, including "no upper
# limit".

# %% tags=["slide"]
reported = ledger.value("stein2019.reported_terminal_half_life")
fig, ax = plot.figure()
ax.semilogx(tried, year_rise, color=plot.BLUE, label="a year of samples")
ax.semilogx(tried, early_rise, "--", color=plot.VERMILLION, label="90 days of samples")
ax.axhline(allowed, color=plot.BLACK, linewidth=1, linestyle=":")
ax.axvline(reported, color=plot.BLACK, linewidth=1, linestyle=":")
ax.text(20, allowed + 0.2, "95 % limit")
ax.set(xlabel="half-life held at (d)", ylabel="rise of -2 ln likelihood", ylim=(-0.3, 9))
ax.set_xticks([10, 100, 1000], ["10", "100", "1000"])
ax.legend(loc="upper right")
plot.show(
    fig,
    caption="Profile of the terminal half-life of one simulated patient. Under the horizontal line "
    f"the data do not object; the vertical line marks the {reported:g} d of the paper.",
    alt=f"With a year of samples the profile is a valley, allowed from about "
    f"{in_days(limits['a year'][0])} to {in_days(limits['a year'][1])} d. With 90 days it is a "
    f"step: half-lives below about {in_days(limits['90 days'][0])} d are excluded, and none above.",
    unitless="y",
)
assert 20 < early < 24 and limits["90 days"][1] == np.inf
assert limits["a year"][0] < reported < limits["a year"][1]

# %% [markdown]
# Look at the dashed line. The best value from 90 days is some 22 d. It looks like a result, it
# has decimals, and it is ten times too short. The profile tells: everything above a shortest
# half-life is allowed, 220 d and *never* included. Ninety days of one patient cannot tell 220 d.
#
# Why not? Look at curves without noise: 90 days of the typical patient, and the year. Halve the
# rate of the slow decline, so that the half-life doubles to 430 d. What does day 90 read then?
# Guess, and see how much the first picture moves. Then set that rate to 0.031, a half-life of 22 d,
# and mend the first 90 days with the other two sliders, until day 90 is some 160-fold below the
# peak again.

# %%
slower = typical * [1, 1, 1, 1, 1, 0.5]
before = f"Day 90 reads {level_at(90, typical):.0f} copies/µg."
explore(
    stein2019.model,
    sliders={
        "persistence_rate": (0.0008, 0.064),
        "persistent_fraction": (0.002, 0.1),
        "contraction_rate": (0.08, 0.32),
    },
    panels=[dict(x=(0, 90), y=(1, 1e5)), dict(x=(0, 364), y=(1, 1e5))],
    reference=90,
    predict=dict(
        question=f"{before} The half-life doubles: what does day 90 read?",
        of="transgene at 90",
        at={"persistence_rate": slower[-1]},
    ),
)

# %%
print("day   half-life 220 d   430 d   ratio")
for day in (90, 180, 364):  # <- your turn
    as_is, slow = level_at(day, typical), level_at(day, slower)
    print(f"{day:>3} {as_is:>14.0f} {slow:>9.0f} {slow / as_is:>8.2f}")
print(f"\none sample scatters by a factor of {np.exp(noise):.2f}")
assert round(half_life(typical), -1) == 220 and round(half_life(slower), -1) == 430
assert round(np.log(2) / 0.031) == 22
assert round(typical[2] / level_at(90, typical), -1) == 160

# %% [markdown] minutes=4
# A doubled half-life moves day 90 by less than a single sample scatters. Only the late samples see
# it, and only the late samples see what is wrong with 22 d. No method takes out of samples what is
# not in them.
#
# ## Three lines of the package do all of it
#
# `estimate.fit_one` fits with M3, from several starts, with a profile for each number.

# %%
data = dict(lloq=lloq, censored=censored, residual_log_sd=noise, course=stein2019.closed_form)
fit = estimate.fit_one(stein2019.model, times, values, **data)
print(fit)

assert np.allclose([fit[name] for name in names], m3, rtol=0.01)
rate = fit.intervals["persistence_rate"]
shortest, longest = np.log(2) / rate.high, np.log(2) / rate.low
print(f"\nterminal half-life: {in_days(shortest)} to {in_days(longest)} d")
grid_step = tried[1] / tried[0]
assert shortest <= limits["a year"][0] <= shortest * grid_step
assert longest / grid_step <= limits["a year"][1] <= longest

# %% [markdown]
# The six numbers are ours, and so is the interval, without the coarse grid. Are they right? The
# patient was simulated from the typical patient, so the truth is in the ledger. Count how many of
# the six intervals hold it. Then cut the table at 90 days: the package warns by itself.

# %% tags=["slide"]
for name, true in zip(names, typical, strict=True):
    _, low, high = fit.intervals[name]
    print(f"{name:<20} truth {true:>8,g}  {'inside' if low <= true <= high else 'outside'}")

short = times <= 90  # <- your turn: 180, 270
data["censored"] = censored[short]
fit_early = estimate.fit_one(stein2019.model, times[short], values[short], **data)
early_rate = fit_early.intervals["persistence_rate"]
at_most = "no upper limit"
if early_rate.low > 0:
    at_most = f"at most {in_days(np.log(2) / early_rate.low)} d"
early_says = f"at least {in_days(np.log(2) / early_rate.high)} d, {at_most}"
print(f"\nafter {times[short][-1]:g} d: terminal half-life {early_says}")
for warning in fit_early.warnings:
    print(f"warning: {warning}")

# %% [markdown] tags=["instructor"]
# Show that the package warned. A result that carries its warning is worth more than a decimal.

# %% [markdown] minutes=4
# ## Your own table goes the same way
#
# A table has a row for each sample: time, value, a flag for values below the limit. Other column
# names are no problem; say which is which. Here the table is written into a temporary folder. Put
# the path of your own file in its place. It stays on your machine. These numbers are invented.

# %%
text = """day,copies,below
1,20,1
4,310,0
7,5200,0
10,21800,0
14,9400,0
21,3100,0
28,1250,0
42,260,0
56,120,0
70,74,0
84,20,1
"""
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "my_patient.csv"
path.write_text(text, encoding="utf-8")

columns = {"TIME": "day", "DV": "copies", "CENS": "below"}
mine = datasets.load(path, columns=columns, units={"TIME": "d", "DV": "copies/µg"}, lloq=20)
print(mine.describe())

t, y, flag, limit = mine.curve(1)
data = dict(lloq=limit, censored=flag, residual_log_sd=noise, course=stein2019.closed_form)
fit_of_mine = estimate.fit_one(stein2019.model, t, y, **data, intervals="none")
peak = round(fit_of_mine["cmax"], -3)
print(f"\npeak about {peak:,.0f} copies/µg near day {fit_of_mine['tmax']:.0f}")

# %% [markdown]
# Tables from real life have faults. Guess what the loader says to each of these three. Then add
# one of your own.

# %%
faults = {
    "text for a bound": ("1,20,1", "1,<20,1"),
    "a bound without a flag": ("84,20,1", "84,13,0"),
    "rows out of order": ("4,310,0\n7,5200,0", "7,5200,0\n4,310,0"),  # <- your turn: one more
}
for fault, (right, wrong) in faults.items():
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    try:
        datasets.load(path, columns=columns, lloq=20)
        print(f"--- {fault}\nloaded without a word")
    except LearnerError as error:
        print(f"--- {fault}\n{error}")
folder.cleanup()

# %% [markdown] tags=["instructor"]
# Learners who brought a table may try it now. It stays on their machine. Plan three minutes more if
# several did.

# %% [markdown] minutes="2,1" tags=["slide"]
# ## What this fit may be used for
#
# The guideline ICH M15 asks for a few sentences before anybody relies on a model
# {cite:p}`ich_m15`. In its words, for this fit:
#
# - **Question of interest.** How long does the transgene persist in this patient's blood?
# - **Context of use.** To describe one course in a listing, with intervals. Not to predict
#   response or relapse, not to choose a treatment.
# - **Model influence.** Low: the samples stand beside it.
# - **Consequence of a wrong decision.** Low for a listing. High if follow-up were stopped because
#   of it.
# - **Model risk.** Low in this use. In another it must be judged anew.
# - **Technical criteria.** All starts end together; the profile is shown; censored samples are
#   kept as bounds.
# - **Limits.** One noise for all levels, taken from the paper. A kink at the peak. Blood as one
#   compartment. A patient who left the study for a reason is not like one who stayed.
#
# ## What we write into the field

# %%
half_life_guess.compare(float(f"{year:.2g}"))
ends = f"{in_days(shortest)} to {in_days(longest)} d"
print(f"\nAfter {times[short][-1]:g} days: {early_says}")
print(f"After a year: {in_days(year)} d, 95 % interval {ends}")
print(f"Truth: {in_days(half_life(typical))} d")
assert abs(half_life(left_out) - half_life(typical)) < abs(year - half_life(typical))

# %% [markdown]
# On this patient, leaving the samples out came closer to the truth than M3 did. That was luck,
# and only the forty showed it.
#
# A report that prints the best value alone would have said 22 d at 90 days. Collect such numbers
# from many patients, print their mean in a product's table, and the artefact becomes a fact.
#
# What helps? A longer follow-up, a more sensitive assay, or other patients: a population model
# lends the single patient what the others know.
