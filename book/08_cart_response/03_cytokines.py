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
# # Measured IL-6 rises. Has the drug failed?
#
# *You will be able to* derive a cytokine's course from the meetings of two kinds of cells, predict
# what a blocked receptor does to a signal and to a blood sample, tell a model's assumption from its
# finding, and read a table of side effects without ranking · *you need* the burden and dose of the
# second notebook · *75 minutes*
#
# *Cytokines* are proteins by which immune cells call one another. After CAR T cells they can run so
# high that the patient gets ill: {term}`CRS`, cytokine release. {term}`IL-6` is one of them.
#
# **The question.** A data review. A patient with CRS got {term}`tocilizumab` on day 3. It blocks
# the receptor of IL-6. The next morning's IL-6 is far above that of the day before. One reviewer
# writes *treatment failure*. A second writes *as expected*. A third adds: "At least we know from
# our model that the drug leaves the CAR T cells alone." Which of the three can keep their sentence?
#
# Two guesses, both against the same patient *without* the drug. Above 1 is more, below 1 is less.

# %%
import numpy as np

from cgtlearn import ledger, plot, proof
from cgtlearn.exercises import guess
from cgtlearn.explore import explore
from cgtlearn.models import crs_tocilizumab, hardiansyah2019
from cgtlearn.solve import solve

sample_guess = guess("A day after the drug: IL-6 in a sample, times?", None)  # <- your turn
signal_guess = guess("A day after the drug: the signal of IL-6, times?", None)  # <- your turn

# %% [markdown] tags=["instructor"]
# Ask for both guesses before anybody speaks, and write them down as pairs. Watch for pairs of two
# numbers below 1, the sample taken for the signal. Leave them on the board until the two lines of
# turnover.
#
# Say once, at the start: nothing here tells anybody how to treat a patient. The drug is given
# against a syndrome, by rules that weigh far more than one cytokine.

# %% [markdown] minutes=7
# ## A cytokine is made where two kinds of cells meet
#
# The two adults here, {term}`UPN1 and UPN3`, had leukemia and got CAR T cells against CD19. A model
# of their cytokines was fitted to each {cite:p}`hardiansyah2019`. CAR T cells $E$ and tumor cells
# $B$, both in $10^9$ cells, meet in blood. Meetings kill $B$, make $E$ divide, and set a cytokine
# $X$ free:
#
# $$\frac{dX}{dt} = P\,B\,E + d\,(X_0 - X) .$$
#
# $P$ is what the meetings set free, $d$ the rate of loss, $X_0$ the level in quiet times.
#
# Before you run: which peaks first, IL-6 or the CAR T cells? And think of $B\,E$: one factor falls
# while the other rises.
#
# Small steps again. Cells go to and from tissue quickly, so the step is a thousandth of a day. We
# leave memory cells out; they are less than a hundredth of the peak.

# %% tags=["slide"]
STEP = 0.001  # day
DAYS = np.arange(12_000) * STEP


def cells(p, faster=lambda day: 1.0):
    """Tumor cells, CAR T cells in blood (1e9) at every step; faster multiplies their growth."""
    b, e, tissue = float(p.b_cells), 0.0, 0.0
    infusions = {0: p.share_day0, 1000: p.share_day1, 2000: p.share_day2}
    course = []
    for i in range(DAYS.size):
        e += infusions.get(i, 0) * p.dose
        course.append((b, e))
        move = p.to_tissue * e - p.to_blood * tissue
        grow = p.expansion_rate * faster(i * STEP) * b
        b, e, tissue = (
            b + STEP * (p.b_growth - p.b_death - p.killing_rate * e) * b,
            e + STEP * ((grow - p.effector_death) * e - move),
            tissue + STEP * move,
        )
    return np.array(course).T


def turnover(release, loss, start):
    """A level that is released and lost, at every step."""
    level = [start]
    for now in release[:-1]:
        level.append(level[-1] + STEP * (now - loss * level[-1]))
    return np.array(level)


upn1 = hardiansyah2019.model.parameters_with()
b, e = cells(upn1)
meetings = b * e
release = upn1.il6_loss * upn1.il6_baseline + upn1.il6_production * meetings
il6 = turnover(release, upn1.il6_loss, upn1.il6_baseline)

half_life = guess("Half-life of IL-6?", None, unit="h")  # <- your turn: upn1.il6_loss is per day
later = DAYS > 2.1  # each infusion is a short spike in blood
for name, curve in (("meetings", meetings), ("IL-6", il6), ("CAR T cells", e)):
    print(f"{name:<12} peak on day {DAYS[later][curve[later].argmax()]:.1f}")
print(f"highest IL-6: {il6.max():,.0f} pg/mL")
half_life.compare(round(24 * np.log(2) / upn1.il6_loss, 1))
order = [DAYS[later][curve[later].argmax()] for curve in (meetings, il6, e)]
assert order == sorted(order)

# %% [markdown]
# The meetings peak first: they need both factors, and the tumor is already falling. IL-6 follows
# within hours, because its half-life is about four. CAR T cells go on growing while there is tumor
# left, and peak last. So a cytokine's peak marks the meetings, not the cells.

# %% [markdown] minutes=4
# ## IL-10 holds IFN-γ back, a little
#
# In the same meetings {term}`IL-10` and {term}`IFN-γ` are set free. IL-10 brakes the release of
# IFN-γ: a share $a$ cannot be braked, the rest is halved at an IL-10 of $b$. Guess by how many
# percent the brake lowers the highest IFN-γ. Then take it off.

# %%
il10 = turnover(
    upn1.il10_loss * upn1.il10_baseline + upn1.il10_production * meetings,
    upn1.il10_loss,
    upn1.il10_baseline,
)


def interferon(uninhibited):
    """IFN-γ at every step, when that share of its release cannot be braked."""
    rest = upn1.il10_half_inhibition / (upn1.il10_half_inhibition + il10)
    braked = uninhibited + (1 - uninhibited) * rest
    released = upn1.ifng_loss * upn1.ifng_baseline + upn1.ifng_production * meetings * braked
    return turnover(released, upn1.ifng_loss, upn1.ifng_baseline)


lower = guess("The brake takes how much off the highest IFN-γ?", None, unit="%")  # <- your turn
for share in (upn1.uninhibited_share, 1.0):  # <- your turn: what would 0 be?
    top = interferon(share).max()
    print(f"share that cannot be braked {share:.2f}: IFN-γ up to {top:,.0f} pg/mL")
off = 1 - interferon(upn1.uninhibited_share).max() / interferon(1.0).max()
lower.compare(round(100 * off))
assert 0.15 < off < 0.3

# %% [markdown] tags=["instructor"]
# The unit of this constant was printed in ng where pg is meant. Let someone multiply
# `il10_half_inhibition` by 1,000 and run: the brake is gone. A unit decides whether a feedback
# exists.

# %% [markdown] minutes=4
# ## The package agrees, and misses one peak of six
#
# Three lines. They hold the memory cells that we left out. Equations and values are those that a
# model library transcribed from the paper's supplement.

# %%
course = solve(hardiansyah2019.model, upn1, DAYS[::50])
assert np.allclose(course["il6"][1:], il6[::50][1:], rtol=0.06, atol=2)
print(f"IL-6 up to {course['il6'].max():,.0f} by the package, {il6.max():,.0f} by small steps\n")

print(f"{'':<17}{'ours':>7}{'figure':>9}{'ratio':>7}")
for target in hardiansyah2019.model.targets:
    name = target.row.split(".")[1]
    if name.endswith(("il6_peak", "il10_peak", "ifng_peak")):
        found = proof.score(hardiansyah2019.model, target)
        label = name if name.startswith("upn3") else f"upn1_{name}"
        print(f"{label:<17}{found.ours:>7,.0f}{found.published:>9,.0f}{found.ratio:>7.2f}")
        miss = name == "il10_peak"
        assert (abs(found.ratio - 1) > 0.25) == miss

# %% [markdown]
# The peaks are *repeated*: authors' parameters, authors' equations, authors' figure, read off a
# logarithmic axis to about 30 %. That is a check of our code and not of the model. One misses: the
# IL-10 of UPN1 is two thirds too high. A library that transcribed the same model gets our number,
# so the printed parameters do not give the printed figure. We leave the miss where it is.

# %% [markdown] minutes=7
# ## An eightieth of the dose, a fifth of the burden: which one spared UPN3?
#
# UPN3's highest IL-6 was near 50 pg/mL, UPN1's near 2,800. UPN3 got an eightieth of the dose and
# had about a fifth of the tumor. Give UPN1 one of UPN3's numbers at a time. Guess first: which
# swap takes IL-6 down?

# %% tags=["slide"]
upn3 = upn1.changed(**hardiansyah2019.UPN3)
print(f"dose 1 : {upn1.dose / upn3.dose:.0f}, tumor 1 : {upn1.b_cells / upn3.b_cells:.1f}\n")
WINDOW = np.arange(0, 40.01, 0.05)


def highest(p):
    """The highest IL-6, its day, and the share of tumor cells left on day 40."""
    course = solve(hardiansyah2019.model, p, WINDOW)
    level, tumor = course["il6"], course["b_cells"]
    return level.max(), WINDOW[level.argmax()], tumor[-1] / tumor[0]


SWAPS = {  # <- your turn: add a line, such as {"killing_rate"}; names: list(hardiansyah2019.UPN3)
    "UPN1 as was": set(),
    "with UPN3's dose": {"dose"},
    "with UPN3's tumor": {"b_cells"},
    "UPN3's tumor and cell death": {"b_cells", "effector_death"},
    "all of UPN3 but the tumor": set(hardiansyah2019.UPN3) - {"b_cells"},
    "UPN3": set(hardiansyah2019.UPN3),
}
tops = {}
for words, names in SWAPS.items():
    swapped = upn1.changed(**{n: hardiansyah2019.UPN3[n] for n in names})
    tops[words], _, stays = highest(swapped)
    print(f"{words:<27} IL-6 up to {tops[words]:>6,.0f} pg/mL, tumor left {stays:>4.0%}")
assert tops["with UPN3's dose"] > 0.95 * tops["UPN1 as was"]
assert tops["with UPN3's tumor"] < 0.02 * tops["UPN1 as was"]
assert upn1.expansion_rate * upn3.b_cells < upn1.effector_death
assert 180 < tops["UPN3's tumor and cell death"] < 220

# %% [markdown]
# The dose: nothing. The tumor: nearly all. It is the second notebook's lesson, now for a toxicity.
#
# But read the last column. So little tumor does not feed UPN1's CAR T cells: they die faster than
# they divide, and the tumor stays. With UPN3's slower death as well, the tumor goes and IL-6 still
# stays near 200. So a low IL-6 alone does not tell a spared patient from a treatment that did
# nothing.
#
# A law stands behind it. A tumor cell that is killed costs $1/K$ meetings, and each meeting gives
# $P$. So the area of IL-6 above its baseline is, whatever the dose,
#
# $$\int (X - X_0)\,dt = \frac{P}{d\,K}\,\times\text{tumor cells killed} .$$
#
# UPN3's 0.93 gigacells of tumor are nearly all killed. Work out the right side for UPN3.

# %%
def area_by_law(p, killed):
    """Area of IL-6 above its baseline, pg/mL x day."""
    return p.il6_production / (p.il6_loss * p.killing_rate) * killed


mine = guess("UPN3's area by the law?", None, unit="pg/mL × d")  # <- your turn: area_by_law(...)
for name, p in (("UPN1", upn1), ("UPN3", upn3)):
    course = solve(hardiansyah2019.model, p, WINDOW)
    area = np.trapezoid(course["il6"] - p.il6_baseline, WINDOW)
    by_law = area_by_law(p, p.b_cells - course["b_cells"][-1])
    print(f"{name}: area {area:,.0f}, by the law {by_law:,.0f} pg/mL x day")
    assert abs(area / by_law - 1) < 0.07
mine.compare(round(by_law))

# %% [markdown] tags=["instructor"]
# The law is short by a few percent since B cells divide while they are killed. Ask who is missing
# before you say it. Then ask what the law leaves open: the area is fixed, the *height* is not.
# The two areas are fourteenfold apart, the peaks over fiftyfold: UPN3's is spread over weeks.

# %% [markdown] minutes=4
# ## A split dose buys time and knowledge, not a lower peak
#
# Both patients were infused on three days: 10, 30, 60 % of the dose. Try other splits, and one in
# which the second and third part are never given.

# %%
SPLITS = {  # <- your turn: add a split of your own at the end
    "10 / 30 / 60": (0.1, 0.3, 0.6),
    "all at once": (1.0, 0.0, 0.0),
    "60 / 30 / 10": (0.6, 0.3, 0.1),
    "10, then none": (0.1, 0.0, 0.0),
}
print(f"{'% of the dose':<16}{'UPN1: IL-6 up to':>18}{'on day':>8}{'UPN3':>8}{'on day':>8}")
peaks = []
for words, shares in SPLITS.items():
    line = f"{words:<16}"
    for p, width in ((upn1, 18), (upn3, 8)):
        split = dict(zip(("share_day0", "share_day1", "share_day2"), shares, strict=True))
        top, day, _ = highest(p.changed(**split))
        line += f"{top:>{width},.0f}{day:>8.1f}"
        peaks.append((top, day))
    print(line)
heights = np.array([top for top, _ in peaks]).reshape(-1, 2)[:4]  # ours
assert np.all(np.ptp(heights, axis=0) / heights.min(axis=0) < 0.05)

known = solve(hardiansyah2019.model, upn1, [1.99])["il6"][0]
slow = solve(hardiansyah2019.model, upn3, [1.99])["il6"][0]
print(f"\nIL-6 just before the third part: UPN1 {known:,.0f}, UPN3 {slow:.1f} pg/mL")
assert known > 500 and slow < 2

# %% [markdown]
# In this model no split lowers the peak, and withholding nine tenths of the dose does not either.
# A split shifts the peak by a day or so in the first patient, by some days in the second. What it
# buys is a look before the next part: UPN1's IL-6 has gone up several hundredfold by then. UPN3
# shows nothing yet. A model in which cells do not feed on the tumor would say otherwise, as the
# second notebook found.

# %% [markdown] minutes=8
# ## Two lines of turnover, and both signs
#
# Now the drug. IL-6 acts by sitting on its receptor, and part of it is lost with that receptor. The
# antibody sits on the receptor instead. Two lines:
#
# $$\frac{dX}{dt} = R - d\,(1 - s\,O)\,X, \qquad
# S = \frac{X}{K_6}\,F, \quad F = \frac{1}{1 + X/K_6 + c/K_T}, \quad O = \frac{c}{K_T}\,F .$$
#
# $R$ is the release you have built. $F$ is the share of receptors that is free, $O$ the share that
# the drug holds. **The signal $S$ is free IL-6 times free receptors.** $s$ is the share of IL-6's
# loss that goes through the receptor. $K_6$ and $K_T$ are the levels at which IL-6 or the drug,
# alone, would hold half of the receptors. The drug's concentration $c$ falls by one exponential.
#
# Look at both lines and say which sign each gets from a larger $O$. Do it before you run the cell.
# Then find, by hand, the most that a complete blockade can raise IL-6 in the long run: set
# $dX/dt = 0$ with and without the drug.

# %% tags=["slide"]
tocilizumab = crs_tocilizumab.model.parameters_with()  # UPN1; the drug on day 3


def il6_and_signal(release, p, drug_day=None):
    """Measured IL-6 (pg/mL), signal and receptors held by the drug (shares), at every step."""
    x, course = p.il6_baseline, []
    peak = p.tocilizumab_per_kg * p.weight / p.volume  # mg/L
    for day, made in zip(DAYS, release, strict=True):
        given = drug_day is not None and day >= drug_day
        c = peak * np.exp(-p.clearance / p.volume * (day - drug_day)) if given else 0.0
        free = 1 / (1 + x / p.il6_half_binding + c / p.tocilizumab_half_binding)
        held = c / p.tocilizumab_half_binding * free
        course.append((x, x / p.il6_half_binding * free, held))
        x += STEP * (made - p.il6_loss * (1 - p.receptor_share * held) * x)
    return np.array(course).T


print(f"s is {tocilizumab.receptor_share}, chosen")
at_most = guess("In the long run, IL-6 at most times?", None)  # <- your turn: from s
without = il6_and_signal(release, tocilizumab)
with_drug = il6_and_signal(release, tocilizumab, drug_day=3.0)

next_day = 4000  # the step of day 4
times = [with_drug[k][next_day] / without[k][next_day] for k in (0, 1)]
print(f"the drug holds {with_drug[2][next_day]:.1%} of the receptors")
print(f"a day later, measured IL-6 times {times[0]:.1f}, signal times {times[1]:.3f}\n")
sample_guess.compare(round(times[0], 1))
signal_guess.compare(round(times[1], 3))
at_most.compare(round(1 / (1 - tocilizumab.receptor_share), 1))
assert times[0] > 2 and times[1] < 0.2

# %% tags=["slide"]
fig, (left, right) = plot.figure(1, 2, size="wide")
shown = slice(None, 10_000, 20)
for ax, k, factor in ((left, 0, 1), (right, 1, 100)):
    ax.plot(DAYS[shown], factor * without[k][shown], "--", color=plot.VERMILLION, label="without")
    ax.plot(DAYS[shown], factor * with_drug[k][shown], color=plot.BLUE, label="drug on day 3")
    ax.axvline(3, color="0.6", linestyle=":")
    ax.set(xlabel="time (d)")
left.set(yscale="log", ylabel="measured IL-6 (pg/mL)")
right.set(ylabel="signal (% of receptors)")
left.legend()
plot.show(
    fig,
    caption="IL-6 in a blood sample, and what it does at its receptor, with tocilizumab on day 3 "
    "and without (simulated, UPN1; the drug's part is a teaching model).",
    alt=f"After day 3 measured IL-6 with the drug runs up to {with_drug[0].max():,.0f} pg/mL, "
    f"above the {without[0].max():,.0f} without it, while the signal falls from "
    f"{100 * without[1].max():.0f} % of the receptors to near zero.",
)

# %% [markdown] tags=["instructor"]
# The stuck point is *free times free*. Draw a row of receptors: some empty, some with IL-6, some
# with the antibody. Blocking takes away seats; those who stand are counted in the sample.
#
# Who asks "where is the extra IL-6 from?" has understood: from nowhere. Release is the same; loss
# is slower.

# %% [markdown] minutes=4
# Up in the sample, down at the receptor. The rise of IL-6 after this drug was measured in arthritis
# and in Castleman disease, and put down to the blocked loss through the receptor
# {cite:p}`nishimoto2008`. By how much it rises after CAR T cells we have not read.
#
# ## The package's model is ours, and says so
#
# `crs_tocilizumab` is a **teaching model of this course**. Nobody has published it. Which of its
# numbers are chosen, and which are read?

# %%
ledger.show(
    "le2018.tocilizumab_per_kg",
    *(
        f"crs_tocilizumab.{name}"
        for name in ("clearance", "volume", "tocilizumab_half_binding", "il6_half_binding",
                     "receptor_share")
    ),
)  # fmt: skip
course = solve(crs_tocilizumab.model, tocilizumab, DAYS[::50])
for k, name in enumerate(("il6", "signal", "occupancy")):
    assert np.allclose(course[name][1:], with_drug[k][::50][1:], rtol=0.06, atol=0.02 * (1 + k))
print(f"\nIL-6 up to {course['il6'].max():,.0f} by the package, {with_drug[0].max():,.0f} by hand")

for share in (0.2, 0.8, 0.95):  # <- your turn: another receptor_share
    other = solve(crs_tocilizumab.model, tocilizumab.changed(receptor_share=share), [4.0])
    up = other["il6"][0] / other["il6_untreated"][0]
    down = other["signal"][0] / other["signal_untreated"][0]
    print(f"share lost through the receptor {share}: IL-6 times {up:.2f}, signal times {down:.3f}")
    assert up > 0.999 > down
assert 2250 < other["il6_untreated"][0] < 2350  # without the drug, on day 4

# %% [markdown]
# The size of the rise is what we chose. Both signs hold over all that range; the model's tests try
# a far wider one. So take the signs and leave the sizes.

# %% [markdown] minutes=5
# ## Play: the day, the dose, and a steroid beside it
#
# A steroid works elsewhere: less of every cytokine is released. Here it stops a share of the
# release, from day 3 on. The figure starts with the drug on the last day. Give it on day 3: how
# high will the sample of day 4 be? Without the drug it is near 2,300 pg/mL.

# %%
explore(
    crs_tocilizumab.model,
    sliders={
        "tocilizumab_time": (0.5, 12, 12),
        "tocilizumab_per_kg": (0.02, 16),
        "steroid_effect": (0, 0.9),
    },
    panels=[
        dict(show=["il6", "il6_untreated"], y=(1, 2e4), title="in a sample"),
        dict(
            show=["signal", "signal_untreated"], y=(0, 1), y_scale="linear",
            title="at the receptor",
        ),
    ],
    x=(0, 12),
    predict=dict(
        question="How high is measured IL-6 on day 4 when the drug is given on day 3?",
        of="il6 at 4",
        at={"tocilizumab_time": ledger.value("crs_tocilizumab.tocilizumab_time")},
    ),
)

# %% [markdown] tags=["instructor"]
# Let pairs find a setting in which a steroid and tocilizumab together leave measured IL-6 about
# where it was without either. Then ask what the sample tells. Nothing: that is the point.

# %% [markdown] minutes=7
# ## Early or late: a drug cannot take back what has been
#
# Sum the signal over all days, without any drug: that is 100 %. Now give tocilizumab, or a steroid
# that stops 70 % of the release, on ever later days. The gray area is the signal that had been
# spent before that day. Guess: where does tocilizumab's curve run beside its edge?

# %% tags=["slide"]
fine = np.arange(0, 40.01, 0.05)
stops = ledger.value("crs_tocilizumab.steroid_example")
assert stops == 0.7  # as the text says
given_on = {"UPN1": np.arange(0, 10.1, 0.5), "UPN3": np.arange(0, 36, 1.5)}
left_over, spent = {}, {}
for name, changes in (("UPN1", {}), ("UPN3", crs_tocilizumab.UPN3)):
    days = given_on[name]
    usual = {**changes, "tocilizumab_time": days}
    none = {**usual, "tocilizumab_per_kg": 0 * days}
    for drug, p in (
        ("tocilizumab", usual),
        ("steroid", {**none, "steroid_effect": stops, "steroid_time": days}),
    ):
        course = solve(crs_tocilizumab.model, crs_tocilizumab.model.parameters_with(**p), fine)
        whole = np.trapezoid(course["signal_untreated"], fine)
        left_over[name, drug] = 100 * np.trapezoid(course["signal"], fine) / whole
    untreated = course["signal_untreated"][0]
    so_far = np.concatenate([[0], np.cumsum((untreated[1:] + untreated[:-1]) / 2 * 0.05)])
    spent[name] = 100 * np.interp(days, fine, so_far) / so_far[-1]

fig, axes = plot.figure(1, 2, size="wide")
for ax, name in zip(axes, given_on, strict=True):
    days = given_on[name]
    ax.fill_between(days, spent[name], color="0.85", label="spent before")
    ax.plot(days, left_over[name, "tocilizumab"], color=plot.BLUE, label="tocilizumab")
    ax.plot(days, left_over[name, "steroid"], "--", color=plot.VERMILLION, label="steroid")
    ax.set(xlabel="given at (d)", ylabel="signal in all (%)", ylim=(0, 103), title=name)
axes[1].legend()
at3 = {n: np.interp(3, given_on[n], left_over[n, "tocilizumab"]) for n in given_on}
plot.show(
    fig,
    caption="Signal over 40 days with a drug given on the day shown, of the signal without "
    "(simulated, two patients; both drugs' effects are teaching values).",
    alt=f"Given on day 3, tocilizumab leaves {at3['UPN1']:.0f} % of the signal in UPN1 and "
    f"{at3['UPN3']:.0f} % in UPN3, whose signal comes weeks later; its curve runs just above what "
    "was spent before, and the steroid's runs higher until late.",
)
day = 6  # <- your turn: another day, up to 10
for name in given_on:
    at = [np.interp(day, given_on[name], left_over[name, d]) for d in ("tocilizumab", "steroid")]
    before = np.interp(day, given_on[name], spent[name])
    print(f"{name}, day {day}: spent {before:.0f} %; in all with tocilizumab {at[0]:.0f} %, with "
          f"the steroid {at[1]:.0f} %")
    assert np.all(left_over[name, "tocilizumab"] > spent[name] - 0.5)
assert at3["UPN1"] > 20 and at3["UPN3"] < 10
assert left_over["UPN3", "tocilizumab"][0] > at3["UPN3"]

# %% [markdown]
# What can be saved is what has not been spent. Day 6 is late for one patient and early for the
# other, so *day* is a poor clock; the signal itself would be the clock, and nobody samples it. In
# UPN3 the first day is not even the best: part of the drug is gone when the signal comes.
#
# Three limits, before somebody quotes the curve. *Signal* is no fever and no grade: what harm
# follows from it is not in the model. The steroid's 70 % is chosen. And a drug given early costs
# hardly anything here because we left its costs out. One thing left out deserves a section.

# %% [markdown] minutes=6
# ## "It leaves the CAR T cells alone" is what we typed in
#
# The third reviewer's sentence. Look for the drug in `cells`, the function you built: it is not
# there. No arrow was drawn from the drug to the cells, so expansion must be the same to the last
# digit. Then draw one: Stein's model of tisagenlecleucel {cite:p}`stein2019` has a factor on the
# growth rate after tocilizumab.

# %%
ledger.show("stein2019.tocilizumab_factor", "stein2019.steroid_factor")

state = (1.0, 0.5, 20.0, 0.01, 0.4, 900.0, 300.0, 200.0)  # a state, made up
no_drug, much = (
    crs_tocilizumab.model.rhs(4.0, (*state, 800.0, c, 0.0), tocilizumab, 1) for c in (0.0, 170.0)
)
print(f"\nslopes of the five kinds of cells the same, every digit: {no_drug[:5] == much[:5]}")
print(f"slopes of IL-6 the same: {no_drug[5] == much[5]}\n")
assert no_drug[:5] == much[:5] and no_drug[5] != much[5]

arrow = ledger.value("stein2019.tocilizumab_factor")  # <- your turn: another factor
drawn = {}
for factor in (1.0, arrow):
    _, e_arrow = cells(upn1, faster=lambda day, f=factor: f if day >= 1 else 1.0)
    drawn[factor] = e_arrow
    top = e_arrow[later].max()
    print(f"growth times {factor} from day 1: {top:.2f} gigacells at the peak, "
          f"{top / e[later].max():.2f} times as many")
assert np.array_equal(drawn[1.0], e)

# %% [markdown]
# With a factor of 1, *every* digit is the same. With a fifth more growth the peak is half as high
# again. The model cannot find out which is right: one types it in.
#
# **That tocilizumab leaves expansion alone is an assumption of
# this model, and no run of it is evidence.** The third reviewer cannot keep the sentence.

# %% [markdown] minutes=6
# ## What data say, and why they say so little
#
# Exposure of tisagenlecleucel in children, with a drug over without, as two regulators print it.

# %%
pairs = {
    "tocilizumab, AUC": "tocilizumab_auc28_excess",
    "tocilizumab, Cmax": "tocilizumab_cmax_excess",
    "steroid, AUC": "steroid_auc28_excess",
}
print(f"{'with over without':<20}{'US label':>10}{'EU report':>11}")
for words, id in pairs.items():
    us, eu = (1 + ledger.value(f"{source}.{id}") for source in ("uspi_kymriah", "epar_kymriah2018"))
    print(f"{words:<20}{us:>10.2f}{eu:>11.2f}")
factors = [ledger.value(f"stein2019.{drug}_factor") for drug in ("tocilizumab", "steroid")]
print(f"\ngrowth rate within a child, after over before: {factors[0]} and {factors[1]}")

# %% [markdown]
# For tocilizumab the two agree roughly. For the steroid they do not: 3.8 against 1.7. The cuts of
# the data and the pools differ, we cannot say more; so neither number is *the* number.
#
# Fourfold exposure with tocilizumab: does it drive expansion? Chapter 07 met this. Here we build
# the cause as well. In 400 simulated patients only the burden and the killing rate differ. The
# sickest get a drug that does **nothing**: those with the highest IL-6, with luck mixed in. Then
# the same 400, with the drug by lot. What ratio do you expect for each?

# %% tags=["slide"]
rng = np.random.default_rng(8)
n, treated, untreated = 400, 28, 46
assert f"{treated} patients with and {untreated}" in (
    ledger.row("uspi_kymriah.tocilizumab_cmax_excess").note
)
many = hardiansyah2019.model.parameters_with(
    b_cells=0.6 * upn1.b_cells * np.exp(0.4 * np.clip(rng.standard_normal(n), -2.5, 2.5)),
    killing_rate=upn1.killing_rate * np.exp(0.3 * rng.standard_normal(n)),
)
month = np.arange(0, 28.01, 0.25)
trial = solve(hardiansyah2019.model, many, month)
exposure = np.trapezoid(trial["car_t"], month, axis=1)
il6_top = trial["il6"].max(axis=1)

luck = np.exp(0.6 * rng.standard_normal(n))  # <- your turn: 0 is none, 10 nearly a lottery
sickness = il6_top * luck
by_need = sickness >= np.quantile(sickness, untreated / (treated + untreated))
by_lot = rng.permutation(by_need)


def ratio(drug):
    """Geometric mean of exposure with the drug over that without."""
    return np.exp(np.log(exposure[drug]).mean() - np.log(exposure[~drug]).mean())


print(f"given to the sick: exposure times {ratio(by_need):.1f}")
print(f"given by lot:      exposure times {ratio(by_lot):.1f}")
fig, ax = plot.figure(size="single")
for who, mark, color, label in (
    (~by_need, "o", plot.VERMILLION, "without"),
    (by_need, "^", plot.BLUE, "with a drug that does nothing"),
):
    ax.plot(il6_top[who], exposure[who], mark, color=color, markersize=4, alpha=0.7, label=label)
ax.set(xscale="log", yscale="log")
ax.set(xlabel="highest IL-6 (pg/mL)", ylabel="AUC, days 0 to 28 (gigacell × d)")
ax.legend()
plot.show(
    fig,
    caption="Exposure and highest IL-6 of 400 simulated patients; the sick got a drug without "
    "effect.",
    alt=f"Both rise together because both come from burden; those with the drug sit top right, "
    f"and their exposure is {ratio(by_need):.1f} times that of the others.",
)
assert "31 of 45" in ledger.row("le2018.resolved_share").note
no_luck = il6_top >= np.quantile(il6_top, untreated / (treated + untreated))
assert ratio(no_luck) > 2.5 and abs(ratio(by_lot) - 1) < 0.4

# %% [markdown] tags=["instructor"]
# This is {term}`confounding by indication`: need chooses the drug. Ask for both halves: the label's
# number is no evidence that the drug drives expansion, and none that it does not. Notebook 04 takes
# the arrows apart.

# %% [markdown]
# A drug that does nothing, and about the label's ratio. Need chose the drug, and need came with
# expansion: {term}`confounding by indication`. We chose how much burden and luck vary, so the size
# is ours; with other spreads it is another. That need alone can make such a ratio is the point.
#
# So the label's number is an **association**. It fits a drug without effect, a weak stimulant or a
# weak brake.
#
# Looking within a child, before and after, gave 1.2 and 1.0 for the growth rate, and the paper
# calls that no detectable effect. Chapter 07 showed how wide such an estimate is.
#
# Of 45 patients in the regulators' summary, 31 were through
# with CRS two weeks after tocilizumab {cite:p}`le2018`. No control group: what came after a drug is
# not yet what came *from* it.

# %% [markdown] minutes=7
# ## Rates by product: shown, and not ranked
#
# How often do CRS and neurotoxicity come? Neurotoxicity after CAR T cells, {term}`ICANS`, is a
# toxicity of its own. No model of this chapter computes it, and we offer none.
#
# The trials are shown here, without a model beside them. A percentage is often all that is printed.
# For an exact interval, {term}`Clopper-Pearson's <Clopper-Pearson interval>`, one needs the count.
# How many counts fit "23 % of 115"?

# %%
def counts(percent, n):
    """All k of n that are printed as this percentage, without decimals."""
    return [k for k in range(n + 1) if f"{100 * k / n:.0f}" == f"{percent:.0f}"]


fitting = guess("How many counts fit 23 % of 115?", None)  # <- your turn
print(f"23 % of 115: {counts(23, 115)}; 77 % of 75: {counts(77, 75)}; 42 % of 269: "
      f"{counts(42, 269)}")
fitting.compare(len(counts(23, 115)))


def limits(*ids):
    """Share and exact 95 % interval of one row, or of rows that add up; widest if k is unsure."""
    from scipy.stats import binomtest

    n = ledger.row(ids[0]).n
    if all(proof.counted(id) for id in ids):
        found = [sum(proof.counted(id)[0] for id in ids)]
    else:
        (id,) = ids
        found = counts(100 * ledger.value(id), n)
    ends = [binomtest(k, n).proportion_ci(0.95, method="exact") for k in (found[0], found[-1])]
    return found[0] / n, found[-1] / n, ends[0].low, ends[1].high


assert np.allclose(limits("maude2018.crs_any")[2:], proof.share_interval("maude2018.crs_any"))

# %% tags=["slide"]
RATES = {  # trial: (disease, any grade, grade 3 or above)
    "ELIANA": ("tisa-cel, B-ALL", ["maude2018.crs_any"],
               ["maude2018.crs_grade3", "maude2018.crs_grade4"]),
    "JULIET": ("tisa-cel, large B-cell", ["uspi_kymriah.juliet_crs_any"],
               ["uspi_kymriah.juliet_crs_severe"]),
    "ELARA": ("tisa-cel, follicular", ["uspi_kymriah.elara_crs_any"],
              ["uspi_kymriah.elara_crs_severe"]),
    "TRANSCEND": ("liso-cel, large B-cell", ["abramson2020.crs_any"], ["abramson2020.crs_severe"]),
    "KarMMa": ("ide-cel, myeloma", ["munshi2021.crs_any"], ["munshi2021.crs_severe"]),
    "CRB-401": ("ide-cel, myeloma", ["crb401.crs_any"], ["crb401.crs_grade3"]),
    "Seattle": ("centre's own, several", ["hay2017.crs_any"],
                [f"hay2017.crs_grade{g}" for g in (3, 4, 5)]),
}  # fmt: skip

fig, ax = plot.figure(size="tall")
print(f"{'CRS, %':<11}{'product, disease':<24}{'n':>4}{'any grade':>17}{'grade 3 or more':>18}")
for at, (trial_name, (what, *both)) in enumerate(RATES.items()):
    line = f"{trial_name:<11}{what:<24}{ledger.row(both[0][0]).n:>4}"
    for ids, color, shift, mark, width in (
        (both[0], plot.BLUE, -0.12, "o", 17), (both[1], plot.VERMILLION, 0.12, "s", 18),
    ):  # fmt: skip
        first, last, low, high = (100 * x for x in limits(*ids))
        middle = (first + last) / 2
        line += f"{f'{middle:.0f} ({low:.0f} to {high:.0f})':>{width}}"
        ax.plot([low, high], [at + shift] * 2, "-", color=color)
        ax.plot(middle, at + shift, mark, color=color)
    print(line)
ax.set_yticks(range(len(RATES)), [f"{t}\n{what}" for t, (what, *_) in RATES.items()])
ax.set(ylim=(len(RATES) - 0.5, -0.5), xlim=(-2, 102))
ax.set(xlabel="patients with CRS (%)", ylabel="trial")
ax.plot([], [], "o-", color=plot.BLUE, label="any grade")
ax.plot([], [], "s-", color=plot.VERMILLION, label="grade 3 or above")
ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.13), ncols=2)
print("CRB-401 prints grade 3 alone")
least, most = (100 * limits(*RATES[t][2])[1] for t in ("ELARA", "ELIANA"))
any_grade = [100 * limits(*ids)[0] for _, ids, _ in RATES.values()]
plot.show(
    fig,
    caption="CRS by trial with exact 95 % intervals: published rates, TRANSCEND's read in a "
    "secondary text; counts from percentages, the widest interval where several fit. "
    "Scales, diseases and rules differ, so this is no ranking.",
    alt=f"The share with CRS of grade 3 or above runs from {least:.0f} % to {most:.0f} % within "
    f"one product, tisa-cel, by trial; any grade from {min(any_grade):.0f} to "
    f"{max(any_grade):.0f} % over all trials.",
    unitless="y",
)
assert least == 0 and 46 < most < 47

# %% [markdown] tags=["instructor"]
# Watch for a ranking. Then ask for the two ends of the red marks: both are the same product. Ask
# what differs between them: disease, age, burden, scale, and the rule by which tocilizumab is given
# before a grade gets worse.

# %% [markdown]
# The same product has no case of grade 3 or above in one trial, and almost half in another.
# Diseases differ, and ages, and burdens. For neurotoxicity the trials do not even print the same
# grades:

# %%
NEURO = {  # trial: (any grade, what else is printed, its row)
    "ELIANA": ("maude2018.neuro_any", "grade 3", "maude2018.neuro_grade3"),
    "TRANSCEND": ("abramson2020.neuro_any", "grade 3 or more", "abramson2020.neuro_severe"),
    "KarMMa": ("munshi2021.neuro_any", "grade 3", "munshi2021.neuro_grade3"),
    "CRB-401": ("crb401.neuro_any", "grade 4", "crb401.neuro_grade4"),
}
print(f"{'neurotoxicity, %':<18}{'any grade':>15}   also printed")
for trial_name, (any_id, what, id) in NEURO.items():
    first, last, low, high = (100 * x for x in limits(any_id))
    worse = [100 * x for x in limits(id)]
    print(f"{trial_name:<18}{f'{(first + last) / 2:.0f} ({low:.0f} to {high:.0f})':>15}   {what}: "
          f"{(worse[0] + worse[1]) / 2:.0f} ({worse[2]:.0f} to {worse[3]:.0f})")

# %% [markdown]
# Scales differ too, and for that there is a clean experiment: physicians graded the patients of
# *one* trial again. CRS had the scales Penn, Lee and {term}`ASTCT`; neurotoxicity had
# {term}`CTCAE` and ASTCT. Guess the share of events that keep their grade, then print it.

# %%
again = {
    "CRS, US label": "uspi_kymriah.juliet_crs_any",
    "CRS, Penn scale": "juliet_crs_grades2020.crs_penn",
    "CRS, Lee scale": "juliet_crs_grades2020.crs_lee",
    "CRS, ASTCT": "juliet_crs_grades2020.crs_astct",
    "neurotoxicity, FDA": "juliet_neuro_grades2020.neuro_fda",
    "neurotoxicity, CTCAE": "juliet_neuro_grades2020.neuro_ctcae",
    "neurotoxicity, ASTCT": "juliet_neuro_grades2020.neuro_astct",
}
print("JULIET, one trial (label and FDA: other cuts of its data)")
for words, id in again.items():
    low, high = proof.share_interval(id)
    count = "{} of {}".format(*proof.counted(id))
    print(f"{words:<22}{count:>11}{ledger.value(id):>7.0%}   {low:.0%} to {high:.0%}")
for scale in ("lee", "astct"):  # <- your turn: print the share that keeps its grade
    down, total = proof.counted(f"juliet_crs_grades2020.{scale}_lower")
    up = proof.counted(f"juliet_crs_grades2020.{scale}_higher")[0]
    print(f"{scale.upper():<6} against Penn: {down} lower, {up} higher, {total - down - up} the "
          f"same of {total}")

print("\ngiven tocilizumab")
for name in ("maude2018", "juliet_crs_grades2020"):
    print(f"{name:<22}{'{} of {}'.format(*proof.counted(f'{name}.tocilizumab')):>11}"
          f"{ledger.value(f'{name}.tocilizumab'):>7.0%}")
assert ledger.value("juliet_neuro_grades2020.neuro_ctcae") > 2.5 * (
    ledger.value("juliet_neuro_grades2020.neuro_astct")
)

# %% [markdown]
# One trial, and 74 or 58 % with CRS, by who counts. Two of five events change their grade with the
# scale {cite:p}`juliet_crs_grades2020`.
# Neurotoxicity falls from 45 to 17 % without one patient feeling better
# {cite:p}`juliet_neuro_grades2020`. A difference of that size between two products may be a
# difference between two rulers.

# %% [markdown] minutes=3
# ## What we may answer
#
# **Treatment failure?** Not from that sample. With the receptor blocked, measured IL-6 rises while
# its signal falls; a higher IL-6 may tell slower loss and nothing else. It does not tell success
# either: the patient's state does, and it is not in the model.
#
# **As expected?** That reviewer may keep the sentence, if it is about the sign. How much it rises
# depends on a share of loss that we chose.
#
# **It leaves the CAR T cells alone?** That was typed in. Data with confounding by indication do not
# settle it; a comparison within patients saw no effect, and could have missed a moderate one.
#
# **Early or late?** In the model, what has been spent cannot be saved. It holds no harm of the drug
# and no benefit of CRS left untreated, so it cannot weigh early against late.
#
# **What is left out.** Fever, blood pressure, grades; soluble receptors; the myeloid cells that
# release IL-6 too; ICANS; all patients but two.
#
# **What it may be used for.** To know which way a sample moves when its own receptor is blocked,
# and to plan what to measure beside it. Not to treat anybody.
#
# Your guesses stand with their answers under *Two lines of turnover*. If both were below 1, you
# took the sample for the signal.
