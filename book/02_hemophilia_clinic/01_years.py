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
# # Why does factor IX last and factor VIII fade?
#
# *You will be able to* fit an exponential, a bi-exponential and a plateau to published means,
# forecast with each, and say which explanations the data can tell apart · *you need* logarithms,
# first-order loss, a standard error · *66 minutes*
#
# **The question.** The board of a treatment centre follows people with hemophilia. Some were given
# a gene for factor IX five years ago, some a gene for factor VIII three years ago. Both vectors go
# to the liver. The board asks you for one sentence on year ten, for each product. People will
# plan by it: how often to measure, whether to keep factor concentrate at home.
#
# Levels are given in IU/dL; 100 is normal. Both means stood near 40 in the first year. In trials
# the mean of factor IX then hardly moved in five years. The mean of factor VIII halved in about
# one.
#
# Write your guesses in place of `None`, then run the cell. The third guess is a ratio. Liver cells
# die and are replaced by cells without the gene. If that were the only cause, how many times as
# fast would factor VIII fall?

# %%
import numpy as np

from cgtlearn import estimate, ledger, plot, proof
from cgtlearn.exercises import guess
from cgtlearn.explore import explore
from cgtlearn.models import aav_expression, fix_production
from cgtlearn.proof.recipes import aav_expression as recipes
from cgtlearn.proof.recipes.fix_production import st_jude
from cgtlearn.solve import solve

value = ledger.value
WEEKS = ledger.units.DAYS_PER_YEAR / ledger.units.DAYS_PER_WEEK  # in a year

fix_guess = guess("Mean factor IX at year 10?", None, unit="IU/dL")  # <- your turn
fviii_guess = guess("Mean factor VIII at year 10?", None, unit="IU/dL")  # <- your turn
slope_guess = guess(
    "If dying liver cells were the only cause: loss of FVIII a year, divided by that of FIX?", None
)  # <- your turn

# %% [markdown] tags=["instructor"]
# Collect the three guesses on the board before anybody explains. Who knows the
# products may well say five or ten for the last one. Do not comment; the answer comes at the middle
# of the hour.

# %% [markdown] minutes=4 tags=["slide"]
# ## One decision, a few symbols, and what this chapter leaves out
#
# **The decision of this chapter:** what to tell a board about year ten, for two products, from
# what is public. Not whom to treat.
#
# Hemophilia is a missing clotting factor: VIII in hemophilia A, IX in B. A level of 1 **IU/dL** is
# one per cent of normal. An adeno-associated virus brings the gene to liver cells, where most of
# it stays as *episomes*, beside the chromosomes. They are not copied when a cell divides. Other new
# words stand in the [glossary](../reference/glossary.md).
#
# | symbol | in the code | what it is | unit |
# |---|---|---|---|
# | $t$ | `years` | time after the dose | year |
# | $F$ | `level`, `mean` | factor activity in plasma; its mean over people | IU/dL |
# | SD, SE | `sd`, `se` | spread of people; uncertainty of their mean, SD/$\sqrt{n}$ | IU/dL |
# | $h$ | `half_life` | time in which a level halves | year |
# | $k$ | `loss` | rate of loss, $\ln 2 / h$ | 1/year |
# | $A$, $P$ | `heights` | height of a part at time 0; of a part that stays | IU/dL |
# | $p$ | `keep` | share of production without loss | – |
# | $n$ | `n` | people behind a mean | – |
#
# **Assumed in the whole chapter.** One dose, adults, no antibody against the factor. The level is
# production over clearance: factors leave within a day or two, so years are about production. A
# published mean is taken for what it says, with its assay named.
#
# **Left out.** Age, liver disease, children who grow, and every unpublished course of a person. All
# individual people here are simulated. Nothing here is advice for anybody's treatment.

# %%
rows = (
    "hope_b.fix_month_6",
    "hope_b.fix_year_5",
    "gener8_procedures2023.mean_week_52",
    "gener8_procedures2023.mean_week_104",
    "roctavian_label.mean_month_36",
)
ledger.show(rows)

FIX, FVIII = "factor IX", "factor VIII"
years = {FIX: np.array([0.5, 5]), FVIII: np.array([52 / WEEKS, 104 / WEEKS, 3])}
mean = {FIX: np.array([value(r) for r in rows[:2]]), FVIII: np.array([value(r) for r in rows[2:]])}


def se_of_interval(row):
    """Standard error from a 95 % confidence interval."""
    low, high = ledger.row(row).spread
    return (high - low) / (2 * 1.96)


spread_of = {r: ledger.row(r).spread for r in rows[2:4]}  # SD of people
se = {
    FIX: np.array(
        [
            se_of_interval("pipe2023.rise_month_6"),  # of the rise over baseline, same visit
            value("hope_b.sd_year_5") / np.sqrt(ledger.row("hope_b.fix_year_5").n),
        ]
    ),
    FVIII: np.array(
        [
            spread_of[rows[2]] / np.sqrt(ledger.row(rows[2]).n),
            spread_of[rows[3]] / np.sqrt(ledger.row(rows[3]).n),
            se_of_interval("roctavian_label.mean_month_36"),
        ]
    ),
}
for factor in (FIX, FVIII):
    for t, m, s in zip(years[factor], mean[factor], se[factor], strict=True):
        print(f"{factor:<12} year {t:.2f}: {m:.1f} ± {s:.1f} IU/dL (mean ± SE)")
assert all(ledger.row(r).spread_kind.startswith("SD") for r in rows[2:4])

# %% [markdown] minutes=6
# Five means. That is nearly all that we could read. Etranacogene, factor IX, has two
# {cite:p}`hope_b,pipe2023`; valoctocogene, factor VIII, has three
# {cite:p}`gener8_procedures2023,roctavian_label`. Three of the rows are *transcribed*: read in
# other texts than their source.
#
# The assays differ: one-stage for factor IX, chromogenic for factor VIII. They are two ways to read
# activity, and need not give the same number for the same tube.
#
# ## Any two means make a half-life, and the pair decides which
#
# If a level falls as $F = A\,2^{-t/h}$, two points give $h$. Write the formula in place of `...`:
# from `F1` at `t1` to `F2` at `t2`. (Until you do, the line below it stands in.)
#
# Three kinds of pairs follow. *Means* are levels in one trial. *Rises* are counted over the
# baseline of the same people. *Class* figures pool trials of several products: the share of the
# peak that was left at month 24.

# %%
def half_life(t1, F1, t2, F2):
    """Half-life of the exponential through two points, in the unit of t."""
    mine = ...  # <- your turn
    return (t2 - t1) * np.log(2) / np.log(F1 / F2) if mine is ... else mine


test = half_life(0, 40, 3, 10)
assert np.isclose(test, 1.5), f"40 to 10 in 3 years is a half-life of 1.5; yours gives {test:.3g}"

peak_kept = {FIX: value("aav_meta2024.fix_kept"), FVIII: value("aav_meta2024.fviii_kept")}
rise6, rise18 = value("pipe2023.rise_month_6"), value("pipe2023.rise_month_18")
pairs = {
    "FIX, means, month 6 to year 5": (0.5, mean[FIX][0], 5, mean[FIX][1]),
    "FIX, same trial, rises, month 6 to 18": (0.5, rise6, 1.5, rise18),
    "FIX, class, % of peak, if peak at month 6": (0.5, 100, 2, peak_kept[FIX]),
    "FVIII, means, week 52 to 104": (years[FVIII][0], mean[FVIII][0], 104 / WEEKS, mean[FVIII][1]),
    "FVIII, means, week 104 to month 36": (104 / WEEKS, mean[FVIII][1], 3, mean[FVIII][2]),
    "FVIII, class, % of peak, if peak at month 6": (0.5, 100, 2, peak_kept[FVIII]),
    "FVIII, class, if peak at the infusion": (0, 100, 2, peak_kept[FVIII]),
}
found = {name: half_life(*pair) for name, pair in pairs.items()}
for name, h in found.items():
    print(f"{name:<45}{h:>6.1f} years {h * WEEKS:>7,.0f} weeks")

# %% [markdown] tags=["instructor"]
# Ask which of the seven numbers a press release would take. Then ask which is wrong. None is: each
# belongs to its pair. The next notebook takes four half-lives of one product apart; stop before
# the room does it here.

# %% [markdown]
# The class figures, 95.7 % and 55.8 % of peak after 24 months, come from twenty trials of products
# that differ in capsid, dose and protein {cite:p}`aav_meta2024`. They are *shown*, not reproduced:
# the abstract prints no interval, and the day of the peak is not one day. So each becomes several
# half-lives.
#
# Now the uncertainty. Forty years for factor IX rest on a fall of 2.9 IU/dL. How short could the
# half-life be, and how long? Guess before you run.

# %% tags=["slide"]
shortest_guess = guess("Shortest half-life of FIX inside 95 %?", None, unit="year")  # <- your turn

fall = np.log(mean[FIX][0] / mean[FIX][1])
fall_se = np.hypot(*(se[FIX] / mean[FIX]))  # as if the two means were of different people
steepest, flattest = fall + 1.96 * fall_se, fall - 1.96 * fall_se
shortest = 4.5 * np.log(2) / steepest
print(f"\nfall of the logarithm in 4.5 years: {fall:.3f} ± {fall_se:.3f}")
print(f"95 %: from a half-life of {shortest:.1f} years to a level that grows")
print(f"by {100 * (np.exp(-flattest / 4.5) - 1):.1f} % a year")
assert flattest < 0  # no upper limit: a rise is inside
shortest_guess.compare(round(shortest, 1))

fig, ax = plot.figure()
for factor, color, marker in ((FIX, plot.BLUE, "o"), (FVIII, plot.VERMILLION, "s")):
    ax.errorbar(
        years[factor], mean[factor], 1.96 * se[factor], color=color, marker=marker,
        linestyle="none", capsize=4, label=f"{factor}, mean and 95 %",
    )  # fmt: skip
grid = np.linspace(0.5, 5, 50)
ax.fill_between(
    grid,
    mean[FIX][0] * np.exp(-steepest * (grid - 0.5) / 4.5),
    mean[FIX][0] * np.exp(-flattest * (grid - 0.5) / 4.5),
    color=plot.BLUE,
    alpha=0.15,
)
on = grid[grid > 1]
drawn_on = mean[FVIII][0] * 2 ** (-(on - 1) / found["FVIII, means, week 52 to 104"])
ax.plot(on, drawn_on, "--", color=plot.VERMILLION, label="half-life of 58 weeks")
ax.set(xlabel="time after the dose (years)", ylabel="mean activity (IU/dL)", yscale="log")
ax.set(ylim=(2, 80), xlim=(0, 5.3), yticks=[2, 5, 10, 20, 40, 80])
ax.yaxis.set_major_formatter("{x:g}")
ax.minorticks_off()
ax.legend(loc="lower left")
plot.show(
    fig,
    caption="Published means with 95 % intervals. Shaded: slopes of factor IX that its two means "
    "allow. Dashed: the fall of factor VIII from week 52 to 104, continued.",
    alt=f"Factor IX falls from {mean[FIX][0]:.0f} to {mean[FIX][1]:.1f} IU/dL in 4.5 years. "
    f"Factor VIII falls from {mean[FVIII][0]:.1f} to {mean[FVIII][1]:.1f} in one year and then to "
    f"{mean[FVIII][2]:.1f}, above the dashed line.",
)
assert round(found["FVIII, means, week 52 to 104"] * WEEKS) == 58

# %% [markdown] minutes=7
# From a half-life of twelve and a half years to no fall at all: that is what two means of about 50
# people can say about factor IX. And we were strict with ourselves. Most of these people stand in
# both means, so the difference is better known than this. How much better was not read.
#
# ## Three forms pass through the same points
#
# Three forms are in use.
#
# - **Exponential**: $A\,2^{-t/h}$. All production is lost at one rate.
# - **Bi-exponential**: $A_1 2^{-t/h_1} + A_2 2^{-t/h_2}$. A fast part and a slow one.
# - **Plateau**: $P + A\,2^{-t/h}$, or $P$ alone. A part stays for good.
#
# They are one family: a plateau is a part whose half-life is infinite. For given half-lives the
# heights are a linear problem, so weighted least squares is one line of NumPy. Each mean counts
# with its SE. The misfit is the sum of squared distances, in SE: a form that misses
# one mean by two SE has a misfit of 4.
#
# Guess first: how large is the misfit of one exponential to the three means of factor VIII?

# %%
misfit_guess = guess("Misfit of one exponential to three means of FVIII?", None)  # <- your turn


def fit(factor, *half_lives):
    """Heights at time 0 of parts with these half-lives (years), and the misfit."""
    t, m, s = years[factor], mean[factor], se[factor]
    shapes = np.column_stack([2.0 ** (-t / h) for h in half_lives])
    heights, *_ = np.linalg.lstsq(shapes / s[:, None], m / s, rcond=None)
    return heights, np.sum(((m - shapes @ heights) / s) ** 2)


def level(t, heights, half_lives):
    """The curve at t (years)."""
    return sum(A * 2.0 ** (-np.asarray(t) / h) for A, h in zip(heights, half_lives, strict=True))


def with_slow(factor, slow):
    """The best fast half-life beside this slow one, by trying many."""
    tried = np.geomspace(0.04, 1.2, 800)
    best = min(tried, key=lambda fast: fit(factor, fast, slow)[1])
    return (best, slow)


single = min(np.linspace(0.5, 5, 4501), key=lambda h: fit(FVIII, h)[1])

print("\nfactor VIII        misfit    year 5   year 10   year 20 (IU/dL)")
forms = {"one exponential": (single,)}
published = value("mahlangu2023.production_half_life") / WEEKS  # years, fitted from week 76 on
for slow in (published, 4, 10):  # years <- your turn: try 3 and 30
    forms[f"slow part {slow * WEEKS:,.0f} wk"] = with_slow(FVIII, slow)
forms["plateau"] = with_slow(FVIII, np.inf)
for name, half_lives in forms.items():
    heights, misfit = fit(FVIII, *half_lives)
    ahead = level([5, 10, 20], heights, half_lives)
    print(f"{name:<18}{misfit:>7.2f}" + "".join(f"{x:>10.2g}" for x in ahead))
print(f"\nthe single half-life is {single * WEEKS:.0f} weeks")
assert round(found["FVIII, means, week 104 to month 36"] * WEEKS) == 165
assert fit(FVIII, *with_slow(FVIII, 170 / WEEKS))[1] < 0.01 and fit(FVIII, single)[1] < 3.84
misfit_guess.compare(round(float(fit(FVIII, single)[1]), 1))

# %% [markdown] tags=["instructor"]
# The stuck point: *bi-exponential fits exactly, so it is right*. Count with the room: three means,
# four numbers. An exact fit with more numbers than points is no evidence at all.

# %% [markdown]
# Even the exponential passes: with one point to spare, 95 of 100 misfits of a true form are below
# 3.8. Every slow half-life beyond 165 weeks, the fall between the last two means, fits
# exactly. **The points do not choose.** They are three, and the bi-exponential has four numbers.
#
# The package fits the exponential in one call. With the SEs as known noise it also gives the
# interval of the half-life.

# %%
fitted = estimate.fit_one(
    lambda t, p: p.start * 2 ** (-t / p.half_life), years[FVIII], mean[FVIII],
    error="additive", residual_sd=1, weights=1 / se[FVIII] ** 2,
    start={"start": 40, "half_life": 1},
)  # fmt: skip
assert np.isclose(fitted.estimates["half_life"], single, rtol=1e-3)
interval = fitted.intervals["half_life"]
print(f"half-life {fitted.estimates['half_life'] * WEEKS:.0f} weeks, 95 % interval")
print(f"{interval.low * WEEKS:.0f} to {interval.high * WEEKS:.0f}, if an exponential is the truth")

# %% [markdown] minutes=7
# The interval looks narrow, and it is conditional: *if* an exponential is the truth. Such an
# interval does not contain the doubt about the form.
#
# ## At year ten the form decides for one factor, the person for the other
#
# Now factor IX. One exponential passes through both means. The plateau is their weighted average.
# The third form is borrowed from fidanacogene, another product for factor IX. In its analysis 72 %
# of people keep their production and the rest lose it with a half-life of 423 weeks
# {cite:p}`wojciechowski2025` (read second-hand). Change `keep`: how far does year ten move, and
# from which misfit on would you say no?

# %% tags=["slide"]
keep = value("wojciechowski2025.constant_share")  # <- your turn: 0.3, 0.9
classes = (np.inf, value("wojciechowski2025.loss_half_life") / WEEKS)


def scaled(factor, heights, half_lives):
    """Heights of a form whose shape is given, scaled to the means; and the misfit."""
    shape, m, s = level(years[factor], heights, half_lives), mean[factor], se[factor]
    scale = np.sum(shape * m / s**2) / np.sum(shape**2 / s**2)
    return scale * np.asarray(heights), np.sum(((m - scale * shape) / s) ** 2)


fix_single = half_life(*pairs["FIX, means, month 6 to year 5"])
fix_forms = {
    "exponential": (fit(FIX, fix_single), (fix_single,)),
    "two classes": (scaled(FIX, (keep, 1 - keep), classes), classes),
    "plateau": (fit(FIX, np.inf), (np.inf,)),
}
four = with_slow(FVIII, 4)
stays = with_slow(FVIII, np.inf)
fviii_forms = {
    "exponential": (fit(FVIII, single), (single,)),
    "slow part 4 years": (fit(FVIII, *four), four),
    "plateau": (fit(FVIII, *stays), stays),
}
forecast = {}
for factor, these in ((FIX, fix_forms), (FVIII, fviii_forms)):
    print(f"{factor:<21}misfit   year 5  year 10  year 20 (IU/dL)")
    for name, ((heights, misfit), half_lives) in these.items():
        ahead = level([5, 10, 20], heights, half_lives)
        forecast[factor, name] = ahead
        print(f"  {name:<19}{misfit:>6.2f}" + "".join(f"{x:>9.2g}" for x in ahead))
spans = {}
for factor in (FIX, FVIII):
    tens = [x[1] for (which, _), x in forecast.items() if which == factor]
    spans[factor] = (min(tens), max(tens))
    print(f"{factor}: year 10 from {spans[factor][0]:.2g} to {spans[factor][1]:.2g} IU/dL")

ahead = (10 - 5) / (5 - 0.5)  # how far year 10 lies beyond both means, over their distance
log_sd = np.hypot(*(np.array([ahead, 1 + ahead]) * se[FIX] / mean[FIX]))
center = forecast[FIX, "exponential"][1]
wide = center * np.exp(np.array([-1.96, 1.96]) * log_sd)
print(f"factor IX, the exponential with its uncertainty: {wide[0]:.0f} to {wide[1]:.0f} IU/dL")
assert [round(x) for x in wide] == [25, 44]

long = np.linspace(0, 19.5, 200)
fig, axes = plot.figure(1, 2, size="wide", sharey=True)
looks = (("-", plot.BLUE), ("--", plot.VERMILLION), (":", plot.GREEN))
for ax, factor, these in zip(axes, (FIX, FVIII), (fix_forms, fviii_forms), strict=True):
    for (name, ((heights, _), half_lives)), (line, color) in zip(these.items(), looks, strict=True):
        from_first = years[factor][0] + long
        ax.plot(from_first, level(from_first, heights, half_lives), line, color=color, label=name)
    ax.errorbar(
        years[factor], mean[factor], 1.96 * se[factor], color=plot.BLACK, marker="o",
        markersize=5, linestyle="none", capsize=3,
    )  # fmt: skip
    ax.set(title=factor, xlabel="time after the dose (years)", yscale="log", ylim=(0.2, 90))
    ax.set(xticks=range(0, 21, 5))
    ax.legend(loc="lower left" if factor == FIX else "upper right", fontsize=9)
middle, one_sd = mean[FIX][1], value("hope_b.sd_year_5")
axes[0].axhspan(middle - one_sd, middle + one_sd, color=plot.BLUE, alpha=0.12)
axes[0].text(10.5, 58, "± SD of people", fontsize=9, color=plot.BLUE)
axes[0].set(ylabel="mean activity (IU/dL)", yticks=[0.3, 1, 3, 10, 30])
axes[0].yaxis.set_major_formatter("{x:g}")
plot.show(
    fig,
    caption="Three forms through the published means, to year 20. Band: the mean of year 5 and one "
    "SD of people on both sides.",
    alt=f"Factor IX at year 10: {spans[FIX][0]:.0f} to {spans[FIX][1]:.0f} IU/dL, all inside the "
    f"spread of people. Factor VIII: {spans[FVIII][0]:.1f} to {spans[FVIII][1]:.0f} IU/dL.",
)
low_keep = scaled(FIX, (0.3, 0.7), classes)  # named below
assert round(float(level(10, low_keep[0], classes))) == 26 and 3.7 < low_keep[1] < 3.84
assert round(one_sd) == 16 and spans[FVIII][0] < 1 and round(spans[FVIII][1]) == 17

# %% [markdown]
# For factor IX the three forms differ by a few IU/dL at year ten. That is less than the uncertainty
# of one of them, 25 to 44. (With `keep = 0.3` the means hardly object yet, and year ten is 26.)
# People differ by an SD of 16. So a person's year ten depends on the person more than on the form.
#
# For factor VIII it is the other way: by the form, the *mean* of year ten lies anywhere from below
# 1 to 17 IU/dL.
#
# What would tell the forms apart? Time, or people. How many people does a mean at a later year
# need, so that exponential and plateau of factor IX are told apart four times in five? By the usual
# formula, $n = (1.96 + 0.84)^2\,\mathrm{SD}^2/\mathrm{gap}^2$, as if both curves were known. Guess
# for year ten.

# %%
people_guess = guess("People needed at year 10?", None)  # <- your turn

sd = value("hope_b.sd_year_5")


def needed(year):
    """Plateau and exponential of factor IX at this year, and the people to tell them apart."""
    (plateau, _), half_lives = fix_forms["plateau"]
    flat = level(year, plateau, half_lives)
    (falling, _), half_lives = fix_forms["exponential"]
    decay = level(year, falling, half_lives)
    return flat, decay, np.ceil((1.96 + 0.84) ** 2 * sd**2 / (flat - decay) ** 2)


for year in (5, 7, 10, 15, 20):  # <- your turn
    flat, decay, n = needed(year)
    print(f"year {year:>2}: {flat:.1f} against {decay:.1f}, gap {flat - decay:.1f} IU/dL: ", end="")
    print(f"{n:,.0f} people")
print(f"the trial treated {ledger.row('hope_b.fix_month_6').n}")
people_guess.compare(needed(10)[2])

# %% [markdown] minutes=3
# A mean of different people needs more than the trial has, until well after year ten. Following
# *the same* people is worth far more: differences between them drop out. That needs their courses,
# and those are not public. (Chapter 06 will forecast from courses, and score the forecast.)
#
# ## Those who leave can hide more than the forms differ by
#
# The mean of year 5 is of 50 people. Fifty-four were dosed. We did not read why four are missing. A
# person who has lost the factor and goes back to prophylaxis may leave the count. Let `left_level`
# be the mean level of those four. Where does the half-life go?

# %%
n_start, n_stay = (ledger.row(f"hope_b.fix_{when}").n for when in ("month_6", "year_5"))
all_people = {}
for left_level in (mean[FIX][1], 10, 2):  # IU/dL <- your turn
    everybody = (n_stay * mean[FIX][1] + (n_start - n_stay) * left_level) / n_start
    all_people[left_level] = everybody
    h = half_life(0.5, mean[FIX][0], 5, everybody)
    print(f"the four at {left_level:>4g} IU/dL: mean {everybody:.1f}, half-life {h:.0f} years")
if 2 in all_people:
    assert round(all_people[2], 1) == 33.6  # named below

# %% [markdown] tags=["instructor"]
# Let them compute the last line on paper: (50 × 36.1 + 4 × 2)/54. Then ask which number of a table
# in a paper would settle it. It is *n* with the reasons of those who left, not another decimal.

# %% [markdown] minutes=4
# Four people can halve the half-life, and no model of the liver was involved. If they stood at
# 2 IU/dL, the mean of all at year 5 would be 33.6. *Who stays* belongs in each sentence about
# durability.
#
# ## A forecast that came true tests little
#
# Early on, an exponential was fitted to people's courses of etranacogene and predicted 33.5 % at
# year 5. The interval was 6.5 to 104.3. What came was 36.7 {cite:p}`kim2026`. The authors say that
# the exponential may be too low. Is that a point against decay?
#
# Guess a share. Levels from 1 to 150 IU/dL are drawn on a log axis. How much of that axis lies
# inside the interval, and so would have agreed with the forecast?

# %% tags=["slide"]
range_guess = guess("Share of 1 to 150 IU/dL inside the interval?", None, unit="%")  # <- your turn

ledger.show("kim2026.predicted_year_5", "kim2026.refitted_year_5", "kim2026.observed_year_5")
low, high = ledger.row("kim2026.predicted_year_5").spread
predicted, observed = value("kim2026.predicted_year_5"), value("kim2026.observed_year_5")
at_6 = mean[FIX][0]
width = np.log(high / low) / (2 * 1.96)  # SD of the logarithm, if it is normal
print(f"\n95 % interval {low} to {high}: a log-SD of {width:.2f}")
for name, came in (("observed", observed), ("no loss at all", at_6), ("half of month 6", at_6 / 2)):
    print(f"{name:<16}{came:>5.1f} %: {np.log(came / predicted) / width:+.2f} SD from the forecast")
share = 100 * np.log(high / low) / np.log(150)
print()
range_guess.compare(round(share))
assert low < at_6 / 2 < at_6 < high

# %% [markdown] minutes=10
# Inside: what was seen, no loss at all, and a loss of half. A forecast whose interval holds all
# three has not been tested by any of them. So this comparison cannot tell decay from plateau. (A
# refit with the data of year 5 gave 32.4; the abstract does not say whether the interval is of a
# mean or of a person.)
#
# ## Cells that die take every product down alike
#
# Now the cause. Liver cells die and are replaced. The episomes of a dead cell are gone, and its
# replacement has none. That is the simplest mechanism of a decline, and its prediction is sharp.
# Build it: waiting genomes $W$ become episomes $E$, episomes are lost with their cell at rate $k$,
# factor $F$ is made from episomes and cleared:
#
# $$\dot W = -r W - k W, \quad \dot E = r W - k E, \quad \dot F = s E - c F .$$
#
# Factor VIII is cleared 2.6 times as fast as factor IX. Does it fade faster? Find the line of each
# of the three equations in the code, then run. Change `make`: which numbers move, which do not?

# %%
def build(loss, synthesis, clearance, days=1826, step=0.05):
    """Euler's method: factor activity each day (IU/dL), for rates in 1/day."""
    ready = np.log(2) / value("wojciechowski2025.rise_half_life")
    waiting, episomes, factor, course = 1.0, 0.0, 0.0, []
    per_day = round(1 / step)
    for number in range(days * per_day):
        if number % per_day == 0:
            course.append(factor)
        d_waiting = -(ready + loss) * waiting
        d_episomes = ready * waiting - loss * episomes
        d_factor = synthesis * episomes - clearance * factor
        waiting += step * d_waiting
        episomes += step * d_episomes
        factor += step * d_factor
    return np.array(course)


loss_by_age = 1 / (value("hepatocyte_age2022.mean_age") * ledger.units.DAYS_PER_YEAR)
gone = {FIX: "protein_loss_rate", FVIII: "fviii_loss_rate"}
clear = {factor: value(f"aav_expression.{row}") for factor, row in gone.items()}  # 1/day
make = {FIX: 30, FVIII: 90}  # IU/dL a day, heights to be seen side by side <- your turn
course = {factor: build(loss_by_age, make[factor], clear[factor]) for factor in make}

print("year   " + "".join(f"{factor:>14}" for factor in course) + "   IU/dL")
for year in (0.5, 1, 2, 3, 5):
    day = round(year * 365.25) - 1
    print(f"{year:>4}   " + "".join(f"{c[day]:>14.1f}" for c in course.values()))
slopes = {f: np.log(c[1095] / c[1825]) / (730 / 365.25) for f, c in course.items()}
for factor, slope in slopes.items():
    lost = 100 * (1 - np.exp(-slope))
    print(f"{factor:<12} loses {lost:.0f} % a year: ln(level) falls by {slope:.3f}")
print()
slope_guess.compare(round(slopes[FVIII] / slopes[FIX], 2))
assert np.isclose(slopes[FIX], loss_by_age * 365.25, rtol=0.01)
assert round(clear[FVIII] / clear[FIX], 1) == 2.6

# %% [markdown] tags=["instructor"]
# This is the middle of the hour. Go back to the third guess on the board. Ask: what in the three
# equations knows which gene it is? Synthesis and clearance do, and both only set the height. The
# loss does not know.

# %% [markdown]
# **The same slope, whatever the transgene.** Synthesis and clearance set the height; after some
# months only $k$ is left in the slope. The package's chain has eleven states, antibodies, T cells
# and two products. It says the same.

# %%
checked = np.array([0, 365.25 / 2, 3 * 365.25, 5 * 365.25])
chain = aav_expression.model.parameters_with(turnover_rate=loss_by_age)
whole = {FIX: chain, FVIII: chain.changed(**aav_expression.FVIII)}
kept = {f: solve(aav_expression.model, p, checked)["activity"] for f, p in whole.items()}

for factor, c in kept.items():
    by_package = np.log(c[2] / c[3]) / 2
    assert np.isclose(by_package, slopes[factor], rtol=0.01)
    print(f"{factor:<12} ln(level) falls by {by_package:.3f} a year; ", end="")
    print(f"{100 * c[3] / c[1]:.0f} % of month 6 are left at year 5")
ledger.show("hepatocyte_age2022.mean_age", "aav_expression.turnover_rate")
assert all(round(100 * c[3] / c[1]) == 23 for c in kept.values())

# %% [markdown]
# Here $k$ came from a measurement: by radiocarbon, human liver cells are on average less than three
# years old {cite:p}`hepatocyte_age2022`. If each cell dies with the same chance every day, the mean
# age is $1/k$. Then more than a quarter of the cells is replaced in a year, and both factors keep
# 23 % of month 6 at year 5. Factor IX kept 93 %. So episomes are not lost at that pace. (Some liver
# cells are replaced several times as fast as others; the vector may sit in the slow ones. No data
# that we read say so.)
#
# ### Try it: one liver, two factors
#
# The figure opens with the slow decline of the model's default, 8 % a year. Let cells die at the
# pace of their measured age: where is factor IX at year 5 (day 1826)? Then slide on. Which slider
# moves the height, which the slope? *Degradation in the nucleus* competes with getting ready, so it
# decides how fast the level gets up, and how high.

# %%
explore(
    aav_expression.model,
    sliders={"turnover_rate": (0.0001, 0.002), "nuclear_loss_rate": (0.005, 0.08)},
    x=(0, 1826),
    reference=183,
    title="Factor IX (FIX-Padua), one chain, five years",
    panels=[dict(show="activity", y=(0.3, 200))],
    predict=dict(
        question="Liver cells die at the pace of their measured age. Factor IX at day 1826?",
        of="activity at 1826",
        at={"turnover_rate": loss_by_age},
    ),
)

# %% [markdown] minutes=4
# Factor IX lands at 7.7 IU/dL. Factor VIII in the same chain, with its own dose, synthesis and
# clearance, would stand at 8.8: it starts a little higher, and both fall to 23 % of their month 6.
#
# ## One loss cannot serve both factors
#
# Turn the question round. Take the loss from one factor's means and predict the other's. Which
# of the two misses will be larger?

# %% tags=["slide"]
assert [round(c[3], 1) for c in kept.values()] == [7.7, 8.8]  # named above

rate = {
    "factor IX's own means": np.log(2) / found["FIX, means, month 6 to year 5"],
    "fidanacogene, those who lose": np.log(2) / classes[1],
    "factor VIII's weeks 52 to 104": np.log(2) / found["FVIII, means, week 52 to 104"],
    "age of liver cells": loss_by_age * 365.25,
}
print(f"{'loss (1/year) from':<38}FIX year 5   FVIII week 104 (IU/dL)")
left = {}
for name, k in rate.items():
    fix5 = mean[FIX][0] * np.exp(-k * 4.5)
    fviii2 = mean[FVIII][0] * np.exp(-k * (years[FVIII][1] - years[FVIII][0]))
    left[name] = (fix5, fviii2)
    print(f"{name:<31}{k:>6.3f} {fix5:>10.1f} {fviii2:>12.1f}")
print(f"{'published':<37} {mean[FIX][1]:>10.1f} {mean[FVIII][1]:>12.1f}")
far = [(m - p) / s for p, m, s in zip(
    (left["factor VIII's weeks 52 to 104"][0], left["factor IX's own means"][1]),
    (mean[FIX][1], mean[FVIII][1]), (se[FIX][1], se[FVIII][1]), strict=True)]  # fmt: skip
print(f"in SE: factor IX is {far[0]:+.0f} away, factor VIII {far[1]:+.0f}")
assert min(abs(x) for x in far) > 5 and round(left["age of liver cells"][1]) == 30
assert round(mean[FVIII][0] * np.exp(-rate["age of liver cells"] * (3 - years[FVIII][0]))) == 22

fig, ax = plot.figure()
since = np.linspace(0, 4.6, 100)
looks = ((":", plot.GREEN), ("-.", plot.PURPLE), ("--", plot.ORANGE))
for (name, k), (line, color) in zip(list(rate.items())[1:], looks, strict=True):
    ax.plot(since, 100 * np.exp(-k * since), line, color=color, label=f"loss from {name}")
for factor, color, marker in ((FIX, plot.BLUE, "o"), (FVIII, plot.VERMILLION, "s")):
    ax.errorbar(
        years[factor] - years[factor][0], 100 * mean[factor] / mean[factor][0],
        1.96 * 100 * se[factor] / mean[factor][0], color=color, marker=marker, linestyle="none",
        capsize=4, label=f"{factor}, 95 %",
    )  # fmt: skip
ax.set(xlabel="time since the first mean (years)", ylabel="left of the first mean (%)")
ax.set(yscale="log", ylim=(4, 150), yticks=[5, 10, 20, 50, 100])
ax.yaxis.set_major_formatter("{x:g}")
ax.minorticks_off()
ax.legend(fontsize=9, loc="lower left")
plot.show(
    fig,
    caption="Both products relative to their first mean, beside three rates of loss.",
    alt="Lines with one rate each, and none passes both: factor IX keeps "
    f"{100 * mean[FIX][1] / mean[FIX][0]:.0f} % after 4.5 years, factor VIII "
    f"{100 * mean[FVIII][1] / mean[FVIII][0]:.0f} % after one.",
)

# %% [markdown] minutes=7
# One rate cannot serve both. So whatever the liver loses in common, **something else acts on
# one of them**. That is all that the means show. It is not yet an explanation.
#
# Look at the last row again. The age of liver cells alone takes factor VIII to 30 where 23 ± 3 were
# seen, and to 22 at month 36 where 18 ± 3 were seen. That is nearer than any common loss comes to
# factor IX. Then *why does factor IX last?* would be the better question. Both readings are open.
#
# ## Rivals remain, and public data tell few of them apart
#
# Try four stories in the chain; the first is its default. Before you run: which of them will change
# the slope after year 3?

# %%
base = aav_expression.model.parameters_with(**aav_expression.FVIII)
rivals = {
    "cells die": base,
    "episomes are lost": base.changed(turnover_rate=0, episome_loss_rate=base.turnover_rate),
    "T cells, first months": base.changed(t_cell_response=0.5),  # <- your turn: 1
    "assay reads 1.6 times": base.changed(
        activity_gain=value("rosen2020.one_stage_over_chromogenic")
    ),
}
rival_courses = {name: solve(aav_expression.model, p, checked) for name, p in rivals.items()}
print(f"{'':<24}month 6   year 5   loss a year   copies/cell left, years 3 to 5")
late = {}
for name, c in rival_courses.items():
    a, copies = c["activity"], c["copies_per_cell"]
    late[name] = np.log(a[2] / a[3]) / 2
    print(f"{name:<24}{a[1]:>7.1f}{a[3]:>9.1f}{late[name]:>14.3f}", end="")
    print(f"{100 * copies[3] / copies[2]:>16.0f} %")
assert max(late.values()) / min(late.values()) - 1 < 0.03  # "one slope"
assert np.isclose(value("gener8_shedding.dose") / value("hope_b.dose"), 3)

# %% [markdown] tags=["instructor"]
# Four stories, one slope: let the room look for a column that separates them. Copies per cell do
# not (in the first two). ALT in the first months would name the third. Two assays on one tube name
# the fourth. Ask what would be needed for silencing: copies that stay and RNA that falls.

# %% [markdown] tags=["slide"]
# Four stories, and from year 3 on one slope. A level in plasma sees the product of all links.
#
# | rival | predicts | public data | told apart? |
# |---|---|---|---|
# | death of cells | one slope for all | two slopes | not the *only* cause |
# | stress of the cell | who makes most loses most | no courses by person | no |
# | promoter silencing | copies stay, RNA falls | five biopsies, each at one time | no |
# | loss of episomes | copies fall, as when cells die | the same five | no |
# | immune loss | a step, with ALT | ALT rises, no courses | an early step yes, a slow fall no |
# | assay | a constant ratio, no slope | about 1.6, over time | yes, if reagents stayed |
# | start point | a steeper first year | 58, then 165 weeks | it is there; how much, no |
# | who stays | means that rise or stay | *n* at some visits | no |
#
# *Stress*: factor VIII is hard to fold, and a cell that makes much of it may suffer. *Silencing*:
# the DNA stays and is no longer read. *ALT* leaks from hurt liver cells. A hint: with another
# vector 16 of 18 people kept their factor VIII for up to four years {cite:p}`george2021`. So a gene
# for factor VIII need not fade.
#
# The biopsies are those of five men {cite:p}`fong2022`. Etranacogene and valoctocogene share a
# capsid, AAV5. They differ in the gene, in the protein, in the dose (threefold) and in the people.
# Two products that differ in four things cannot say which of the four it was.

# %% [markdown] minutes=3
# ## "Predicted" is a word to look behind
#
# HOPE-B is etranacogene's trial. The scoreboard of this course calls its year 5 *predicted*, by a
# small model, `fix_production`: production gets ready, a share of people keeps it, the others lose
# it at one rate. Guess how many of three variants lie within one SE of what was seen.

# %%
variants_guess = guess("Of three variants, within one SE of 36.1?", None)  # <- your turn


def factor_ix(years_after, **changes):
    p = fix_production.model.parameters_with(**changes)
    return float(solve(fix_production.model, p, [0, years_after * WEEKS])["fix_activity"][-1])


variants = {
    "as it stands": {},
    "nobody loses": {"constant_share": 1},
    "everybody loses": {"constant_share": 0},
}
five = {}
print(f"\n{'fix_production':<18}month 6   year 5   off, in SE")
for name, changes in variants.items():
    five[name] = factor_ix(5, **changes)
    off = (five[name] - mean[FIX][1]) / se[FIX][1]
    print(f"{name:<18}{factor_ix(0.5, **changes):>7.1f}{five[name]:>9.1f}{off:>12.1f}")
print(f"{'published':<18}{mean[FIX][0]:>7.1f}{mean[FIX][1]:>9.1f}")
print()
variants_guess.compare(sum(abs(x - mean[FIX][1]) <= se[FIX][1] for x in five.values()))
assert round(five["as it stands"], 1) == 36.6 and round(one_sd / se[FIX][1]) == 7

# %% [markdown] minutes=3
# The height was tuned to month 6. The loss is another product's. So year 5 was not fitted, and 36.6
# beside 36.1 is a prediction, and an easy one. Without any loss the model is two SE off, with a
# loss in everybody four, and one SD of people is seven SE. The row speaks against a loss in
# everybody at that rate. It does not choose between a slow loss in all and a faster one in a few,
# and hardly against none.
#
# ## Ten times the dose gave three times the level
#
# The longest follow-up is St Jude's: ten men, wild-type factor IX, three doses, 13 years
# {cite:p}`reiss2025`. Levels stayed. But a model with production in proportion to the dose,
# set to the high dose, must give a tenth at a tenth of the dose.

# %% tags=["slide"]
p = fix_production.model.parameters_with()
doses = np.array([value(f"reiss2025.{d}_dose") for d in ("low", "middle", "high")])
seen = np.array([value(f"reiss2025.fix_{d}") for d in ("low", "middle", "high")])
people = [ledger.row(f"reiss2025.fix_{d}").n for d in ("low", "middle", "high")]
proportional = np.array([st_jude(p, d) for d in ("low", "middle", "high")])
own = 1  # IU/dL of the person's own factor: the most that severe hemophilia allows <- your turn
with_own = own + proportional * (seen[2] - own) / seen[2]
power = np.polyfit(np.log(doses), np.log(seen), 1)[0]
print("dose (vg/kg)   n   seen   proportional   with own factor")
for d, n, s, x, o in zip(doses, people, seen, proportional, with_own, strict=True):
    print(f"{d:>10.0e}{n:>6}{s:>7.1f}{x:>12.2f}{o:>16.2f}")
print(f"a line on log axes: level rises as dose to the power {power:.2f}")

fig, ax = plot.figure(size="square")
ax.loglog(doses, seen, "o", color=plot.BLACK, label="seen, mean over 13 years")
ax.loglog(doses, proportional, "-", color=plot.BLUE, label="proportional to the dose")
ax.loglog(doses, with_own, "--", color=plot.VERMILLION, label=f"and {own} IU/dL of one's own")
for d, s, n in zip(doses, seen, people, strict=True):
    ax.text(d, s * 1.15, f"n = {n}", ha="center", fontsize=10)
ax.set(xlabel="dose (vg/kg)", ylabel="factor IX (IU/dL)", ylim=(0.3, 10), xlim=(1.3e11, 3e12))
ax.set(yticks=[0.3, 1, 3, 10], xticks=doses, xticklabels=["2e11", "6e11", "2e12"])
ax.minorticks_off()
ax.yaxis.set_major_formatter("{x:g}")
ax.legend(loc="lower right", fontsize=9)
plot.show(
    fig,
    caption="St Jude's three doses: what was seen, and what a dose-proportional model gives.",
    alt=f"At the low dose {seen[0]} IU/dL were seen where the proportional line gives "
    f"{proportional[0]:.2f}; at the middle dose {seen[1]} and {proportional[1]:.2f}.",
)
assert [round(x, 2) for x in proportional[:2]] == [0.48, 1.44] and 0.4 < power < 0.5

# %% [markdown] minutes=3
# The model misses: 0.48 and 1.44 where 1.7 and 2.3 were seen. Up to 1 IU/dL of own factor, which
# the assay reads along, would explain most of it. What is left rests on two men a dose. A power of
# 0.45 fits, and is not a mechanism: with three points and a baseline it has nothing to answer to.
#
# ## The same capsid and dose: a gain of five or six, not nine
#
# AMT-060 and etranacogene share capsid and dose; the first carries wild-type factor IX, the second
# FIX-Padua, one amino acid apart and more active {cite:p}`amt060,zou2022`. What is the ratio of
# their means? Others print gains from 5 to 12.

# %%
gain_guess = guess("Etranacogene's mean over AMT-060's?", None)  # <- your turn

printed = ledger.row("zou2022.padua_gain")
wild, wild_low = value("amt060.fix_high"), value("amt060.fix_low")
low_gain, high_gain = printed.spread
print(f"\nprinted for scaling: {printed.value} ({low_gain} to {high_gain}). {printed.note}")
for when, m in zip(("month 6", "year 5"), mean[FIX], strict=True):
    print(f"etranacogene at {when} over AMT-060: {m / wild:.1f}-fold")
wild_type = aav_expression.model.parameters_with()
for dose, recipe, seen_level in (
    ("high", recipes.fix_wild_type, wild),
    ("low", recipes.fix_wild_type_low, wild_low),
):
    print(f"AMT-060, {dose} dose: the chain gives {recipe(wild_type):.1f}, seen {seen_level} IU/dL")
print(f"a fourth of the dose gave {100 * wild_low / wild:.0f} % of the level")
gain_guess.compare(round(mean[FIX][0] / wild, 1))
compared = ("hope_b.", "reiss2025.", "amt060.", "gener8_procedures2023.mean")
print(f"\n{'row':<37}{'kind':<12}{'ours':>6}{'published':>11}")
for model in (fix_production.model, aav_expression.model):
    print(f"by {model.name}:")
    for target in model.targets:
        if target.row.startswith(compared):
            row = proof.score(model, target)
            word = "" if row.hit else "  a miss"
            print(f"{target.row:<37}{target.kind:<12}{row.ours:>6.1f}{row.published:>11.1f}{word}")
assert "5 to 8" in printed.note and 5 < mean[FIX][1] / wild < mean[FIX][0] / wild < 6

# %% [markdown] tags=["instructor"]
# The chain took the printed gain of 9.1, so it is too low for the wild type by a third. Ask whether
# to change 9.1 to 5.7. Two trials with five and 54 people, at unknown times after the dose: one
# may, as a choice that is written down. The disagreement stays on the board.

# %% [markdown] minutes=2
# About 5- to 6-fold between two trials of 5 and 54 people. That is not the 9 that others use for
# scaling between species, and it is inside the 5 to 8 of a manufacturer. The chain took 9.1. It
# misses AMT-060, and misses the low dose by more: here too level is not proportional to dose. We
# leave the miss where it is.
#
# The table holds this notebook's rows of the course's [scoreboard](../reference/scoreboard.md).
# *Calibrated* rows were tuned to. *Predicted* rows were not, and among them are the misses. The
# last is the question of this notebook: with one slow loss for both, factor VIII hardly falls.
#
# ## Decide: two sentences for the board
#
# Your guesses come back. Nobody knows the answers; beside them stands the middle form.

# %%
fix_guess.compare(round(forecast[FIX, "two classes"][1]))
fviii_guess.compare(round(forecast[FVIII, "slow part 4 years"][1]))
print("\nThe forms, year 10:")
for factor, (low_ten, high_ten) in spans.items():
    print(f"  {factor:<12} {low_ten:.2g} to {high_ten:.2g} IU/dL")

# %% [markdown] tags=["slide"]
# **What to write.** *Factor IX: the mean of those who stayed was 36 IU/dL at year five. Three forms
# that pass through the data put it between 33 and 37 at year ten; with the uncertainty of the means
# one of them alone says 25 to 44. People differ by an SD of 16, and a person's own course says more
# than any form.*
#
# *Factor VIII: the mean was 18 at year three. Forms that the data do not rule out put year ten
# anywhere from below 1 to 17. We cannot give a number, and we measure again.*
#
# **Why one fades.** *Death of liver cells alone would take both down alike and does not. What else
# takes factor VIII down, or spares factor IX, is not known from public data.*
#
# **What these models cannot tell.** Which form is right. What a person's level will be. Whether
# those who left had lost the factor. Any cause: a mean that fits a mechanism is compatible with it,
# and with its rivals.
#
# The next notebook takes the half-life of factor VIII alone, and finds four.
