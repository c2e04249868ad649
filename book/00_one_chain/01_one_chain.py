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
# # No single concentration: a gene acts through four links
#
# *You will be able to write the chain from dose to effect, say which assay sees which link, and
# tell a ranking of variability that was found from one that was put in. You need: first-order
# rates, some NumPy. 45 minutes.*

# %% [markdown]
# Ana had one infusion of a gene therapy for hemophilia B. Fifteen months later her factor IX is a
# tenth of what it is in the typical person. Her doctor may order one test, and asks you which.
#
# With a small molecule you would ask for the plasma concentration. It drives the effect, and it
# sits in a tube of blood. Ana's vector left her blood within a day or so. What replaces it?
#
# Ana is simulated, like every person in this course.

# %%
import numpy as np

from cgtlearn import ledger, plot
from cgtlearn.exercises import guess

# %% [markdown]
# ## Your guess comes first
#
# In the phase 3 trial BENEGENE-2, 45 people had the same dose per kilogram. These are the mean and
# the median of their factor IX at 15 months, as the abstract prints them. Write down what you
# expect of the lowest of the 45.

# %%
ledger.show("benegene2.participants", "benegene2.fix_mean", "benegene2.fix_median")
lowest_guess = guess("The lowest of 45 people?", None, unit="IU/dL")  # <- your number for None

# %% [markdown]
# ## The same four links carry a virus, an editor and a cell
#
# **Exposure** is what reaches the target cells. It drives **expression**: what those cells make of
# it. Expression moves a **pathway**, and the pathway makes the **effect**. At each link another
# thing is counted, and another assay counts it.
#
# | link | AAV (a gene) | LNP editor (an edit) | CAR T (a cell) |
# |---|---|---|---|
# | exposure | vector genomes in liver cells; qPCR of blood and biopsy | lipid in plasma, mRNA in liver cells; mass spectrometry, RT-qPCR | CAR T cells in blood; qPCR (copies/µg DNA), flow (cells/µL) |
# | expression | mRNA, then protein made; RT-qPCR of a biopsy | share of alleles edited; sequencing of a biopsy | CAR on the cell's surface; flow |
# | pathway | factor IX in plasma; one-stage or chromogenic assay | the protein that is switched off; ELISA of serum | target cells killed, cytokines; flow, immunoassay |
# | effect | bleeds in a year; a diary | symptoms, function; clinical scores | response, toxicity; imaging, grading |
#
# The idea is that of a review ([10.1111/cts.70430](https://doi.org/10.1111/cts.70430)). The figures
# on this page are our own and computed.

# %% [markdown]
# Is the dose in the equations at all? Ask two models of the course. Answer for yourself before you
# run the cell.

# %%
from cgtlearn.models import aav_chain, stein2019

for model in (aav_chain.model, stein2019.model):
    print(f"{model.title}: dose in the equations? {'dose' in model.parameters}")

# %% [markdown]
# A vector genome is never copied. What the liver holds is a share of what was given, so the dose
# counts. A CAR T cell divides, and the published kinetic model of tisagenlecleucel does without
# the dose. Chapter 07 asks why.

# %% [markdown]
# ## Link 1: one genome in three hundred becomes an episome
#
# Build the chain for the AAV. Each box loses in two ways, onward or for good, and the share that
# goes onward is one rate over the sum of both.

# %%
def v(name):
    """A value of the chain, from the ledger."""
    return ledger.value(f"aav_chain.{name}")


given = ledger.value("benegene2.dose") * v("weight")  # vg
to_liver = v("uptake_rate") / (v("uptake_rate") + v("blood_loss_rate"))
to_nucleus = v("escape_rate") / (v("escape_rate") + v("endosomal_loss_rate"))
to_episome = v("conversion_rate") / (v("conversion_rate") + v("nuclear_loss_rate"))
print(f"given {given:.2g} vg; onward {to_liver:.3f}, then {to_nucleus:.3f}, then {to_episome:.3f}")

# %% [markdown]
# Your turn: write the number of episomes, from the four numbers above, in place of the three dots.
# The cell after it says whether you have it.

# %%
my_episomes = ...  # vg

# %%
episomes = given * to_liver * to_nucleus * to_episome
if my_episomes is not ...:
    print(f"yours {my_episomes:.3g}, ours {episomes:.3g}")
one_in = given / episomes
assert round(one_in) == 150 * 2
print(f"{episomes:.2g} episomes: one genome in {one_in:.0f}")

# %% [markdown]
# That ratio is not a finding. No rate of uptake, escape or unpacking measured on an AAV was found
# for this course, so those rows are *teaching values*, and each says why.

# %%
ledger.show("aav_chain.uptake_rate", "aav_chain.escape_rate", "aav_chain.converted_fraction")
ledger.show("wojciechowski2025.rise_half_life", "benefix.half_life", "aav_chain.translation_rate")

# %% [markdown]
# ## Links 2 to 4: a gain, a turnover, a curve that flattens
#
# At a plateau each turnover is production over loss. Bleeds fall with factor IX and then flatten.
# That last curve is a teaching form with two teaching values.

# %%
transcripts = v("transcription_rate") * episomes / v("mrna_loss_rate")
fix_made = v("translation_rate") * transcripts  # IU/day
fix_level = fix_made / (v("fix_loss_rate") * v("fix_volume") * v("weight"))  # IU/dL


def bleeds_in_a_year(level):
    """Bleeds against factor IX (IU/dL): half of them are gone at F50."""
    return v("bleeds_without_factor") / (1 + level / v("half_bleed_level"))


print(f"{fix_made:,.0f} IU a day keep factor IX at {fix_level:.1f} IU/dL")
print(f"bleeds in a year: {bleeds_in_a_year(fix_level):.1f}")

# %% [markdown]
# ## The package gives the same plateau in three lines
#
# `aav_chain` holds the same links as differential equations. If episomes were never lost, its
# course must end on the plateau just written.

# %%
from cgtlearn.solve import solve

p = aav_chain.model.parameters_with(episome_loss_rate=0)
plateau = solve(aav_chain.model, p, [0, 1826])["fix_activity"][-1]

assert np.isclose(plateau, fix_level, rtol=1e-5)
print(f"by hand {fix_level:.3f} IU/dL, with the package {plateau:.3f} IU/dL")

# %% [markdown]
# ## Each link keeps its own time, from an hour to most of a year
#
# Before you run the next cell: on which day does factor IX peak, if the blood is empty on day 2?

# %%
peak_guess = guess("Day of the highest factor IX?", None, unit="d")  # <- your number for None
changed = {"escape_rate": 1.0}  # <- any parameter, any value; try fix_loss_rate or weight

# %%
times = np.geomspace(0.01, 1826, 300)
typical = solve(aav_chain.model, aav_chain.model.parameters_with(), times)
other = solve(aav_chain.model, aav_chain.model.parameters_with(**changed), times)
peak_day = times[typical["fix_activity"].argmax()]
blood_low = times[typical["blood_vector"] < 1e-3 * typical["blood_vector"].max()]
empty_day = blood_low[blood_low > 0.1][0]

fig, axes = plot.figure(4, size="tall", sharex=True)
names = ("blood_vector", "episome", "fix_activity")
labels = ("vector in blood\n(vg/mL)", "episomes\n(vg)", "factor IX\n(IU/dL)")
for ax, name, label in zip(axes, names, labels, strict=False):
    ax.plot(times, typical[name], color=plot.BLUE, linestyle="-", label="typical")
    ax.plot(times, other[name], color=plot.VERMILLION, linestyle="--", label="changed")
    ax.set_ylabel(label)
axes[0].set(yscale="log", ylim=(1e4, 1e11))
axes[3].plot(times, bleeds_in_a_year(typical["fix_activity"]), color=plot.BLUE, linestyle="-")
axes[3].plot(times, bleeds_in_a_year(other["fix_activity"]), color=plot.VERMILLION, linestyle="--")
axes[3].set(ylabel="bleeds\n(1/y)", xlabel="time after the infusion (d)", xscale="log", ylim=0)
axes[0].legend(loc="lower left")
plot.show(
    fig,
    caption="The chain, computed: vector in blood, episomes, factor IX and bleeds of a typical "
    "person, and of one with the change above. Teaching values.",
    alt=f"Vector in blood is down a thousandfold on day {empty_day:.1f}. Factor IX rises over "
    f"months, peaks on day {peak_day:.0f} at {typical['fix_activity'].max():.0f} IU/dL and then "
    "falls slowly; bleeds fall early and stay low.",
)

# %%
peak_guess.compare(peak_day)

# %% [markdown]
# When factor IX peaks, the blood has been empty for months. A blood sample sees the first link for
# a day or two and nothing of the other three. That is why no concentration stands in for the dose.
#
# The order of the peaks was built in. The slow rise comes from a second-hand half-life, and we chose
# the link on which to lay it.

# %% [markdown]
# ## Covariates belong to the product, the patient or the disease
#
# Sort these before you read on. Write `"product"`, `"patient"` or `"disease"` for None.

# %%
my_sorting = {
    "share of empty capsids": None,
    "antibodies against the capsid": None,
    "tumor burden": None,
    "body weight": None,
    "T-cell fitness at collection": None,
}

# %%
ours = dict(
    zip(my_sorting, ("product", "patient", "disease", "patient", "product and patient"), strict=True)
)
for name, kind in ours.items():
    mine = my_sorting[name]
    print(f"{name:31s}{kind:21s}{'' if mine is None else 'yours: ' + mine}".rstrip())

# %% [markdown]
# The last one is the reason why cells are harder than vectors: when a patient's own cells are the
# raw material, the patient is part of the product.

# %% [markdown]
# ## A ranking of variability returns the spreads you put in
#
# Let people differ at each link. Which link matters most for bleeds? Let one link vary at a time,
# hold the others, and take the variance of the logarithm. Three analysts come with three sets of
# spreads (CV), all of them assumed.

# %%
links = ("delivery", "production", "clearance", "bleeding tendency")
cvs = {  # assumed, every one; change any
    "delivery leads": (0.8, 0.3, 0.2, 0.3),
    "production leads": (0.2, 0.8, 0.3, 0.3),
    "bleeding leads": (0.3, 0.2, 0.3, 0.8),
}
normal = np.random.default_rng(7).standard_normal((4, 20_000))


def chain(delivery, production, clearance, tendency, level=fix_level):
    """Factor IX and bleeds, from factors around the typical person."""
    fix = level * delivery * production / clearance
    return fix, tendency * bleeds_in_a_year(fix)


# %%
def shares(cv, level=fix_level):
    """The share of each link in the variance of log bleeds, one link varied at a time."""
    omega = np.sqrt(np.log(1 + np.square(cv)))  # SD of the logarithm
    alone = []
    for i in range(4):
        factors = [np.exp(omega[j] * normal[j]) if j == i else 1.0 for j in range(4)]
        alone.append(np.var(np.log(chain(*factors, level)[1])))
    return np.array(alone) / np.sum(alone)


for name, cv in cvs.items():
    print(f"{name:17s}" + "".join(f"{n} {s:4.0%}  " for n, s in zip(links, shares(cv), strict=True)))

# %%
fig, ax = plot.figure(size="wide")
colors = (plot.BLUE, plot.ORANGE, plot.GREEN, plot.PURPLE)
start = np.zeros(3)
table = np.array([shares(cv) for cv in cvs.values()])
for i, link in enumerate(links):
    ax.barh(list(cvs), 100 * table[:, i], left=start, color=colors[i], label=link, edgecolor="white")
    start += 100 * table[:, i]
ax.invert_yaxis()
ax.set(xlabel="share of the variance of log bleeds (%)")
ax.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.4, -0.22))
plot.show(
    fig,
    caption="One chain, three sets of assumed spreads, three rankings. Simulated.",
    alt="In each set the link with the largest assumed spread comes first: delivery with "
    f"{table[0, 0]:.0%}, production with {table[1, 1]:.0%}, bleeding tendency with "
    f"{table[2, 3]:.0%} of the variance of log bleeds.",
    unitless="y",
)

# %% [markdown]
# Whoever wins was decided before the simulation. On the log scale the links of a product add up, so
# the share of a link is its own variance over the sum. Check it for the factor IX level alone.

# %%
omega2 = np.log(1 + np.square(cvs["delivery leads"][:3]))
everyone = [np.exp(np.sqrt(w) * z) for w, z in zip(omega2, normal[:3], strict=True)]
simulated = np.var(np.log(chain(*everyone, 1)[0]))
assert np.isclose(simulated, omega2.sum(), rtol=0.03)
print(f"variance of log factor IX: simulated {simulated:.2f}, sum of the inputs {omega2.sum():.2f}")

# %% [markdown]
# What does the model add, then? Its shape. Bleeds flatten above mild disease, so the same spreads
# rank differently at another level. Guess which link gains when the level is low, then run.

# %%
level = 0.5  # IU/dL  <- change it: 0.5, 5, 50
for name, cv in cvs.items():
    low, typical_shares = shares(cv, level), shares(cv)
    print(f"{name:17s}bleeding tendency: {typical_shares[3]:4.0%} at the typical level, {low[3]:4.0%} here")

# %% [markdown]
# So a variance decomposition answers two questions. *Where do people differ?* comes from data.
# *Where does it matter?* comes from the model. A ranking without the first is a ranking of
# assumptions.

# %% [markdown]
# ## One log-normal cannot hold BENEGENE-2
#
# Take the spread from data, then. For a log-normal with SD ω of the logarithm, mean over median is
# exp(ω²/2). So two printed numbers give the spread. Write ω² in terms of `mean` and `median`.

# %%
mean, median = ledger.value("benegene2.fix_mean"), ledger.value("benegene2.fix_median")
my_omega2 = ...  # <- from mean and median

# %%
omega = np.sqrt(2 * np.log(mean / median))
cv = np.sqrt(np.exp(omega**2) - 1)
if my_omega2 is not ...:
    print(f"yours: {my_omega2:.3f}, ours: {omega**2:.3f}")
assert np.isclose(cv, ledger.value("benegene2.cv"), rtol=1e-3)
print(f"omega = {omega:.3f}, so the CV is {cv:.0%}")

# %% [markdown]
# The abstract also prints the range. Draw 45 people from this log-normal, four thousand times, and
# see how low and how high they reach.

# %%
lowest, highest = ledger.value("benegene2.fix_lowest"), ledger.value("benegene2.fix_highest")
people = ledger.value("benegene2.participants")
z = np.random.default_rng(45).standard_normal((4000, people))
trials = median * np.exp(omega * z)
lows, highs = trials.min(axis=1), trials.max(axis=1)
print(f"lowest of 45:  simulated median {np.median(lows):5.1f}, printed {lowest:5.1f} IU/dL")
print(f"highest of 45: simulated median {np.median(highs):5.1f}, printed {highest:5.1f} IU/dL")
lowest_guess.compare(lowest)

# %%
fig, ax = plot.figure()
bins = np.geomspace(1, 400, 60)
ax.hist(lows, bins, color=plot.BLUE, alpha=0.8, label="lowest of 45")
ax.hist(highs, bins, color=plot.ORANGE, alpha=0.8, hatch="//", label="highest of 45")
for value, color in ((lowest, plot.BLUE), (highest, plot.VERMILLION)):
    ax.axvline(value, color=color, linestyle="--")
    ax.annotate(f"printed {value:g}", (value, 390), ha="center", va="bottom", annotation_clip=False)
ax.set(xscale="log", xlabel="factor IX (IU/dL)", ylabel="simulated trials (count)", ylim=(0, 385))
ax.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
ax.legend(loc="upper center", bbox_to_anchor=(0.45, 1.0))
reach_low, reach_high = np.mean(lows <= lowest), np.mean(highs >= highest)
plot.show(
    fig,
    caption="Lowest and highest factor IX in 4,000 simulated trials of 45 people, from the "
    "log-normal that the printed mean and median imply; dashed: the printed range of BENEGENE-2.",
    alt=f"The simulated lowest values centre on {np.median(lows):.1f} IU/dL; {reach_low:.1%} of "
    f"trials reach the printed {lowest:g}. The simulated highest values centre on "
    f"{np.median(highs):.0f}; {reach_high:.0%} reach the printed {highest:g}.",
)

# %% [markdown]
# The top of the range is unusual, the bottom is out of reach. But mean and median of 45 people
# are uncertain too: perhaps ω is larger, and the two printed numbers lie close by luck. Try every
# ω. For each, how often does a trial have both a mean over median as small *and* a lowest value as
# low as printed?

# %%
print("  SD of log   mean/median as small   lowest as low   both")
both_best = 0.0
for sd in np.arange(0.5, 1.25, 0.1):
    trial = median * np.exp(sd * z)
    close = trial.mean(axis=1) / np.median(trial, axis=1) <= mean / median
    low = trial.min(axis=1) <= lowest
    both_best = max(both_best, np.mean(close & low))
    print(f"  {sd:9.1f}   {close.mean():20.1%}   {low.mean():13.1%}   {np.mean(close & low):4.1%}")
assert both_best < 0.02

# %% [markdown]
# No spread does both. What a single log-normal lacks is a low tail: people in whom a link has
# failed, not people at the edge of a crowd. A mixture would fit. So would a gene that was silenced,
# an immune loss, or one link with a skewed spread of its own. Four printed numbers cannot choose
# among them. Chapters 02 and 05 come back with more data.

# %% [markdown]
# ## Four broken links give one and the same factor IX
#
# Back to Ana, whose factor IX is a tenth of the typical. Four simulated people share that result.
# In each, one link was turned down tenfold. Predict, for each, which of four assays would be low.

# %%
q = aav_chain.model.parameters_with()
broken = {
    "a tenth was infused": {"dose": q.dose / 10},
    "few genomes escape": {"escape_rate": q.escape_rate / 10},
    "silent episomes": {"transcription_rate": q.transcription_rate / 10},
    "fast clearance": {"fix_loss_rate": q.fix_loss_rate * 10},
}
month15 = ledger.value("benegene2.fix_time", "day")
assays = {"blood_vector": 0, "liver_vector": 1, "transcripts": 1, "fix_activity": 1}
samples = [0.25, month15]  # blood after 6 hours, all else after 15 months

# %%
reference = solve(aav_chain.model, q, samples)
print(f"{'relative to the typical person':32s}" + "".join(f"{a:>14s}" for a in assays))
for name, change in broken.items():
    person = solve(aav_chain.model, q.changed(**change), samples)
    row = [person[a][i] / reference[a][i] for a, i in assays.items()]
    assert abs(row[-1] - 0.1) < 0.02
    print(f"{name:32s}" + "".join(f"{value:14.2f}" for value in row))

# %% [markdown]
# Each assay is blind to what happens after its own link. Vector in blood, the nearest thing to a
# concentration, sees only the dose. Factor IX sees that something is wrong and not where. Only a
# biopsy splits delivery from silence, and it counts genomes that will never be read, too.

# %% [markdown]
# ## Decide: which one test for Ana?
#
# Ask what each result would change. If factor IX is cleared fast, infused factor IX will vanish fast
# as well: a test dose and a few blood samples show it, without a biopsy. If that is normal, the
# fault lies upstream, and a biopsy is worth its risk only where delivery or silence would be
# treated differently.
#
# Write down your vote in one sentence, with the link it tests.

# %%
my_vote = ""  # <- one sentence
print(my_vote or "no vote yet")

# %% [markdown]
# **What this model cannot tell.** How often each link fails: nothing here was fitted to people. How
# the losses split between blood, endosome and nucleus: factor IX does not see it. Whether bleeds
# follow our curve. *Context of use:* to learn which link an assay sees. Not to choose a dose, and
# not for any patient.
#
# **In other products the chain keeps its links and changes what stands at them.**
#
# - *TCR-T cells* see peptides from inside a cell, on one HLA type. Expression of the target and HLA
#   become patient covariates.
# - *TIL* are many clones, so one transgene assay no longer counts them. Exposure needs the sequence
#   of each T-cell receptor.
# - *NK cells* mostly do not expand for long. Dose and repeated dosing come back into the equations.
# - *In vivo CAR* puts the AAV or LNP links before the CAR T links. The dose is in vectors or lipid,
#   the exposure is still in cells.
# - *Edited stem cells* join expression to engraftment. The share of edited cells in blood settles
#   over months and is the exposure from then on.

# %% [markdown]
# ## What to keep
#
# - A gene or a cell has no single concentration. Four links have four quantities and four assays.
# - Vector genomes are never copied, so the dose counts; CAR T cells divide, so it may not.
# - Blood sees the first day of an AAV. An assay is blind to every link after its own.
# - A ranking of variability returns the spreads that were assumed. The model adds where they matter.
# - Mean and median of BENEGENE-2 imply one spread, its range another: one log-normal is not enough.
#
# **Reading.** Cuker 2024 (BENEGENE-2) and Wojciechowski 2025 (its population model) are in the
# bibliography. Next: the solvers that this page took on trust.
