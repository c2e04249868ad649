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
# # Three days of chemotherapy first: does it make room, or does it kill tumor?
#
# *You will be able to* take a preconditioning model apart into what rescues and what does not, name
# the experiment that tells two mechanisms apart, go from mg/m² and kidney function to an exposure,
# and judge an "optimal" exposure · *you need* the first notebook's competition, chapter 07's AUC ·
# *80 minutes*
#
# **The question.** A protocol meeting. Before CAR T cells patients get cyclophosphamide and
# {term}`fludarabine` for three days: {term}`lymphodepletion`. It empties the blood of more than
# lymphocytes, and it costs. One voice wants to leave it out: "we have cells enough". One wants more
# of it: "it makes room". One asks why a person with weak kidneys, with a low {term}`eGFR`, gets the
# same mg/m² as all others.
#
# Write down your guesses before you see a curve. The first model below runs 36 cases: four sets of
# parameters, three tumors, three doses of cells.

# %%
import numpy as np

from cgtlearn import ledger, plot
from cgtlearn.exercises import guess
from cgtlearn.explore import explore
from cgtlearn.models import kimmel2021, owens2021
from cgtlearn.proof.recipes import owens2021 as recipes
from cgtlearn.solve import extinction_probability, solve

rescue_guess = guess("With the drug 18 of 36 cases are cured. Without?", None)  # <- your turn
kidney_guess = guess("eGFR 40 instead of 100 mL/min, same mg/m²: AUC, times?", None)  # <- your turn

# %% [markdown] tags=["instructor"]
# Ask for a show of hands on the title: room, tumor, both, something else. Write the counts
# down. The word *lymphodepletion* votes for room. The first model will say tumor, the second room,
# and one number of the first is all that lies between.

# %% [markdown] minutes=8
# ## Half an hour of drug acts for days
#
# Owens and Bozic {cite:p}`owens2021` wrote a model of this treatment. A drug is infused for half
# an hour on three days. It is lost at one rate, and kills T cells and tumor cells alike, at a
# pace that saturates:
#
# $$\frac{dM}{dt} = v(t) - \gamma M, \qquad \text{killing} = K\,(1 - e^{-M}),$$
#
# with $M$ in µM. The numbers come from the ledger. Start with the drug alone, in small steps.

# %% tags=["slide"]
ledger.show(
    "owens2021.drug_rate_printed", "owens2021.drug_loss", "owens2021.drug_kills_tumor",
    "owens2021.drug_kills_t_cells", "owens2021.tumor_growth",
)  # fmt: skip
typical = owens2021.model.parameters_with()
step = typical.infusion_time / 10  # d
five_days = np.arange(0, typical.car_day, step)


def drug_course(p):
    """The drug (nM) at each of `five_days`."""
    drug = [0.0]
    for day in five_days[:-1]:
        flows = day < 3 and (day + step / 2) % 1 < p.infusion_time
        drug.append(drug[-1] + step * (flows * p.drug_rate - p.drug_loss * drug[-1]))
    return np.array(drug)


drug = drug_course(typical)
acts = 1 - np.exp(-drug / typical.drug_unit)  # share of the most that it can do
full_days = acts.sum() * step
print(f"\npeak {drug.max() / 1000:.1f} µM; it acts as much as {full_days:.1f} d at full strength")
assert np.allclose(drug, owens2021.infusions(five_days, typical), atol=20)

# %% [markdown]
# Now the killing, on paper. A kind of cell that the drug kills at $K$, and that grows at $a$, is
# after five days at $e^{5a - K \times \text{full days}}$ of its start. T cells do not grow in those
# days. Tumor cells do. Compute by hand what a tumor does that is left alone to wait. (That two
# numbers below are 3.6 is chance: one is days of drug, the other times the start.)

# %%
wait_guess = guess("The tumor after five days without the drug, times?", None)  # <- your turn
days_before = typical.car_day
t_cells_left = np.exp(-typical.drug_kills_t_cells * full_days)
tumor_left = np.exp(typical.tumor_growth * days_before - typical.drug_kills_tumor * full_days)

print(f"T cells left      {t_cells_left:.0%}")
print(f"tumor, drug       {tumor_left:.2f} times its start")
wait_guess.compare(round(np.exp(typical.tumor_growth * days_before), 1))
assert tumor_left < 0.3 and t_cells_left < 0.2

# %% [markdown] tags=["instructor"]
# Stop here. Three numbers stand on the board: 11 %, 0.28 and 3.6. Ask which of them a treatment
# with CAR T cells will feel. Nobody can know yet; the guess is what counts. Who wants more: why
# does half an hour of drug act for days? Its loss has a half-life of 18 hours, and the exponent
# saturates.

# %% [markdown] minutes=7
# ## The rest of the model fits on one page
#
# Own T cells $E$ and CAR T cells $C$ kill a tumor cell the faster, the more of them there are *for
# each tumor cell*. What they kill recruits them, as long as there is room below a capacity they
# share. The tumor wears them out. Every number of cells is multiplied, step by step, by what it
# gains and loses.


# %% tags=["slide"]
def killing(cells, tumor, most, p):
    """How fast cells kill one tumor cell (1/d)."""
    power = cells**p.lysis_exponent
    return most * power / (p.lysis_half * tumor**p.lysis_exponent + power)


def recruited(killed, p):
    """The share of the fastest recruitment that killed tumor cells a day give."""
    return killed**2 / (p.half_recruitment + killed**2)


def by_hand(p, drug_given=True, days=40):
    """Tumor, own T cells and CAR T cells (cells) at every step."""
    start = p.car_day if drug_given else 0.0
    tumor, own, car, m = p.tumor_start, p.endogenous_start, p.effective_share * p.dose, 0.0
    course = []
    for i in range(round(days / step) + 1):
        day, here = i * step, i * step >= start - step / 2
        course.append((tumor, own, here * car))
        by_own = killing(own, tumor, p.endogenous_lysis, p)
        by_car = killing(car, tumor, p.car_lysis, p) if here else 0.0
        room = np.log(p.t_cell_capacity / (own + here * car))
        act = 1 - np.exp(-m / p.drug_unit)
        grows = p.tumor_growth * (1 - tumor / p.tumor_capacity)
        gain = p.endogenous_recruitment * room * recruited(by_own * tumor, p)
        own_rate = p.endogenous_influx / own + gain - p.endogenous_death
        own_rate -= p.endogenous_inactivation * tumor + p.drug_kills_t_cells * act
        car_rate = p.car_recruitment * room * recruited(by_car * tumor, p) - p.car_death
        car_rate -= p.car_inactivation * tumor + p.drug_kills_t_cells * act
        tumor *= np.exp(step * (grows - by_own - by_car - p.drug_kills_tumor * act))
        own *= np.exp(step * own_rate)
        car *= np.exp(step * car_rate * here)
        flows = drug_given and day < 3 and (day + step / 2) % 1 < p.infusion_time
        m += step * (flows * p.drug_rate - p.drug_loss * m)
    return np.array(course).T


patient = typical.changed(dose=owens2021.DOSES[0])  # the lowest dose
with_drug, without = by_hand(patient), by_hand(patient, drug_given=False)
all_days = np.arange(with_drug[0].size) * step  # d
assert without[0].argmin() == 0
print(f"with the drug the tumor is below one cell from day {all_days[with_drug[0] < 1][0]:.0f} on")
print(f"without it the tumor is never below the {without[0].min():.0e} cells of the first day")
peak_guess = guess("CAR T peak with the drug over that without, times?", None)  # <- your turn

# %% [markdown]
# The package's model, in three lines, with and without.

# %%
at = np.arange(0, 40.01, 0.5)
NO_DRUG = {"preconditioning": 0, "car_day": 0}  # nothing to wait for
model = owens2021.model
package = solve(model, patient, at), solve(model, patient.changed(**NO_DRUG), at)

every = round(0.5 / step)
for ours, theirs in zip((with_drug, without), package, strict=True):
    alive = theirs["tumor"] > 1
    assert np.allclose(np.log(ours[0][::every])[alive], np.log(theirs["tumor"])[alive], atol=0.1)
    assert np.allclose(ours[2][::every][12:], theirs["car_t"][12:], rtol=0.05)
print("small steps and the package agree")

fig, axes = plot.figure(1, 2, size="wide", sharex=True)
for course, color, dash, name in (
    (package[0], plot.BLUE, "-", "with the drug"),
    (package[1], plot.VERMILLION, "--", "without"),
):
    axes[0].plot(at, np.maximum(course["tumor"], 0.1), dash, color=color, label=name)
    axes[1].plot(at, np.maximum(course["car_t"], 1), dash, color=color, label=name)
for ax, name in zip(axes, ("tumor (cells)", "CAR T (cells)"), strict=True):
    ax.set(yscale="log", xlabel="time (d)", ylabel=name)
axes[0].axhline(1, color=plot.BLACK, linestyle=":")
axes[0].set(ylim=(0.3, 3e13))
axes[1].set(ylim=(1e3, 1e11))
axes[1].legend(loc="upper right")
peaks = [course["car_t"].max() for course in package]
plot.show(
    fig,
    caption="One simulated patient at the lowest dose. With the drug CAR T cells come on day 5, "
    "without on day 0. Dotted: one cell.",
    alt=f"With the drug the tumor falls below one cell; CAR T cells peak at {peaks[0]:.0e}. "
    f"Without it the tumor grows on, and CAR T cells peak at {peaks[1]:.0e} cells.",
)
peak_guess.compare(round(peaks[0] / peaks[1], 1))

# %% [markdown] minutes=4
# ## Of 36 cases the drug rescues eight
#
# Without the drug CAR T cells rise at once, and yet they lose: the tumor is ahead, and each tumor
# cell more wears them out. That is one patient and one dose. The authors take four patients, three
# tumors and three doses. Cured means here: below one cell.

# %% tags=["slide"]
cases = recipes.cases(typical)
yes = np.array([recipes.cured(case, drug=True) for case in cases]).reshape(4, 9)
no = np.array([recipes.cured(case, drug=False) for case in cases]).reshape(4, 9)

print("patient   cured with   without   rescued   lost   (of 9)")
for name, drugged, plain in zip(owens2021.PATIENTS, yes, no, strict=True):
    rescued, lost = (drugged & ~plain).sum(), (plain & ~drugged).sum()
    print(f"{name:<10}{drugged.sum():>8}{plain.sum():>12}{rescued:>10}{lost:>8}")
print(f"all       {yes.sum():>8}{no.sum():>12}{(yes & ~no).sum():>10}{(no & ~yes).sum():>8}")
rescue_guess.compare(int(no.sum()))
assert (yes.sum(), no.sum()) == (18, 10) and (yes & ~no).sum() == 8

# %% [markdown] minutes=6
# Four sets of parameters, and not 36 people: a count of corners on a grid, no response rate. The
# paper's own count was not read; its summary says that preconditioning rescues cases that fail.
#
# ## Take the drug apart, and one half is idle
#
# In a model a drug can be given that kills only T cells, or only tumor. Guess, then run.

# %% tags=["slide"]
idle_guess = guess("A drug that kills no T cells: how many of 36 cured?", None)  # <- your turn
TAKEN_APART = {
    "the drug as it is": {},
    "kills no T cells": {"drug_kills_t_cells": 0},
    "kills no tumor": {"drug_kills_tumor": 0},
    "no drug, but wait 5 days": {"preconditioning": 0},
    # your turn: add "half as strong": {"drug_kills_t_cells": 0.3, "drug_kills_tumor": 0.35}
}
cured = {
    name: sum(recipes.cured(case.changed(**changes), drug=True) for case in cases)
    for name, changes in TAKEN_APART.items()
}
cured["no drug, no wait"] = int(no.sum())
for name, count in cured.items():
    print(f"{name:<26}{count:>3} of 36 cured")
idle_guess.compare(cured["kills no T cells"])
assert list(cured.values())[:4] == [18, 18, 0, 0] and cured["no drug, no wait"] == 10

# %% [markdown]
# A drug that kills no T cell rescues the same number. A drug that empties the body of T cells and
# spares the tumor cures nobody: the tumor grows for five days while everybody waits. In this
# model *lymphodepletion* is a misnomer. It is chemotherapy of a tumor, with a delay.
#
# Why does room do nothing here? Look at how full the body is.

# %%
own, capacity = typical.endogenous_start, typical.t_cell_capacity
room_before = np.log(capacity / own)
room_after = np.log(capacity / (t_cells_left * own))
print(f"own T cells {own:.1e} in room for {capacity:.2e}: {own / capacity:.2%} full")
print(f"recruitment goes with ln(room): {room_before:.1f} before, {room_after:.1f} after the drug")
assert own / capacity < 1e-3

# %% [markdown] tags=["instructor"]
# The finding is not *lymphodepletion is useless*. It is: these authors count only T cells that
# fight the tumor. An almost empty room cannot be emptied. Ask what would make the other half of
# the drug matter, before going on. Somebody will say: fill the room.

# %% [markdown] minutes=4
# ## Fill the room with bystanders, and both halves are needed
#
# $E$ counts T cells that fight this tumor. Most T cells of a body do not; they take
# what CAR T cells would live on. So keep every equation, and let the own T cells be many, and no
# killers. Choose how many. The control is the model's own number, as bystanders.

# %% tags=["slide"]
bystanders = 1e9  # cells <- your turn: 1e8, 3e8
long = np.linspace(0, owens2021.model.window, 481)
ends = {}
for crowd in (own, bystanders):
    full = typical.changed(endogenous_start=crowd, endogenous_lysis=0, endogenous_inactivation=0)
    print(f"{crowd:.0e} bystanders: {crowd / capacity:.2%} of the room is taken")
    for name in ("the drug as it is", "kills no T cells", "kills no tumor"):
        course = solve(model, full.changed(**TAKEN_APART[name]), long)
        ends[crowd, name] = course["tumor"].min() < 1
        word = "cured" if ends[crowd, name] else "not cured"
        print(f"  {name:<18} peak {course['car_t'].max():>8.1e} cells, {word}")
assert list(ends.values())[:3] == [True, True, False]
assert list(ends.values())[3:] == [True, False, False] or bystanders != 1e9

# %% [markdown] minutes=8
# Same equations, another number, another mechanism. With 400,000 bystanders the drug need not kill
# T cells; with a billion it must do both. So the sentence "the rescue comes from the tumor" is
# about one number of the model: how many T cells compete. 400,000 is in the paper's text; what one
# counts decides it.
#
# ## In Kimmel's model it is all room
#
# Kimmel's model {cite:p}`kimmel2021`, from the first notebook, makes the other choice. $N$ counts
# *all* normal T cells, 250 billion in a healthy body; lymphodepletion leaves 3 billion. No drug
# touches the tumor. Guess first, then move the number of T cells that are left.

# %%
explore(
    kimmel2021.model,
    sliders={"normal_start": (1e9, 2.5e11, 3e9), "car_start": (2e7, 2e9)},
    panels=[
        dict(show=["car_t", "normal_t"], y=(1e-2, 1e3)),
        dict(show=["tumor_cells"], y=(1e-3, 1e13)),
    ],
    x=(0, 90),
    predict=dict(
        question="3 billion normal T cells left, and CAR T cells peak at 30 cells/µL. "
        "With 30 billion left, how high is the peak?",
        of="peak of car_t",
        at={"normal_start": 3e10},
    ),
)

# %% [markdown]
# From which number on do CAR T cells not grow at all? Read it off the equation,
# $dC/dt = -r_C\,C \ln\frac{N + C}{K_C}$, and the first row of the table below; write it down. Then
# the whole range, with the chance of cure that the first notebook computed.

# %% tags=["slide"]
ledger.show("kimmel2021.car_capacity", "kimmel2021.normal_capacity", "kimmel2021.cells_per_count")
usual = kimmel2021.model.parameters_with()
no_growth = guess("No growth from how many billion normal T cells on?", None)  # <- your turn
days = np.arange(0, 400.1, 0.5)


def kimmel(p):
    """Peak (cells/µL), and the chance that the last tumor cell dies within 400 days."""
    course = solve(kimmel2021.model, p, days)
    car = course.states["car"]
    dies = p.killing_rate * car / (p.half_killing + car)
    divides = np.full(days.size, p.tumor_growth)
    gone = extinction_probability(days, divides, dies, p.tumor_start)
    return course["car_t"].max(), gone[-1]


left = np.append(np.geomspace(5e8, 6e9, 20), np.geomspace(1e10, 2.5e11, 8))
peaks, chances = np.array([kimmel(usual.changed(normal_start=n)) for n in left]).T
blood = left / usual.cells_per_count  # normal T cells/µL

fig, axes = plot.figure(1, 2, size="wide")
axes[0].plot(blood, peaks, "-", color=plot.BLUE)
axes[0].set(yscale="log", ylabel="CAR T peak (cells/µL)")
axes[1].plot(blood, 100 * chances, "-", color=plot.BLUE)
axes[1].set(ylabel="chance of cure (%)")
for ax in axes:
    ax.axvline(usual.normal_start / usual.cells_per_count, color=plot.BLACK, linestyle=":")
    ax.set(xscale="log", xlabel="normal T left (cells/µL)")
sure, cliff = blood[chances > 0.99].max(), blood[chances < 0.01].min()
top, floor = peaks.max(), peaks.min()
plot.show(
    fig,
    caption="Kimmel's usual patient, with more or fewer normal T cells left by lymphodepletion. "
    "Dotted: the model's own value.",
    alt=f"The peak falls from {top:.0f} to {floor:.2f} cells/µL. The chance of cure falls from all "
    f"to none between {sure:.1f} and {cliff:.1f} normal T cells/µL.",
)
for n in (1e9, 3e9, 4e9, 1e10, 1e11):
    height, chance = kimmel(usual.changed(normal_start=n))
    print(f"{n:.0e} left: peak {height:>6.2f} cells/µL, chance of cure {chance:.0%}")
no_growth.compare(usual.car_capacity / 1e9)
assert kimmel(usual.changed(normal_start=4e9))[1] < 1e-6 and chances[-1] < 1e-6
assert peaks[left > usual.car_capacity].max() < 0.37  # the infused cells, and no more

# %% [markdown] tags=["instructor"]
# Two cells/µL more or less decide between cure and none: a cliff no data could place. Ask whether
# such a model may choose a dose of fludarabine. It ranks; it cannot place. And ask what happens in
# a *full* body: the CAR T cells there fall more slowly than with 100 billion left, since the same
# pace that lymphopenia lends to growth is lent to decline. An oddity of the form, no finding.

# %% [markdown] minutes=7
# CAR T cells do not grow from $N = K_C$ on, 70 billion. With a third more left than the
# model's own 3 billion the cure is gone: two cells/µL decide. No count of T cells is that exact.
#
# ## One clinical act, two mechanisms: only a cross tells them apart
#
# Patients get both halves in one bag. Let the models answer a cross of four arms, of which we read
# no trial: empty only, debulk only (shrink the tumor), both, nothing. For Owens' patient the drug
# loses one half; for Kimmel's, normal T cells are left at 3 or at 250 billion, and the tumor is
# left, or brought to the share that Owens' drug leaves.

# %% tags=["slide"]
small = solve(model, patient, [0, typical.car_day])["tumor"]
share = small[-1] / small[0]  # tumor on the day of the CAR T cells over that at the start
full_body = usual.normal_capacity  # <- your turn: 1e11
ARMS = {
    "both": ({}, dict(tumor_start=share * usual.tumor_start)),
    "empty only": ({"drug_kills_tumor": 0}, {}),
    "debulk only": (
        {"drug_kills_t_cells": 0},
        dict(tumor_start=share * usual.tumor_start, normal_start=full_body),
    ),
    "nothing": (NO_DRUG, dict(normal_start=full_body)),
}
cross = {}
print("peak over that of both halves, and cure")
print(f"{'':<13}{'Owens':>9}{'cured':>8}{'Kimmel':>11}{'cured':>8}")
for arm, (in_owens, in_kimmel) in ARMS.items():
    course = solve(model, patient.changed(**in_owens), long)
    height, chance = kimmel(usual.changed(**in_kimmel))
    cross[arm] = course["car_t"].max(), course["tumor"].min() < 1, height, chance
    first = cross["both"]
    print(
        f"{arm:<13}{cross[arm][0] / first[0]:>9.2f}{'yes' if cross[arm][1] else 'no':>8}"
        f"{height / first[2]:>11.2g}{chance:>8.0%}"
    )
ten_fold = solve(model, typical, long)["car_t"].max()
ten_fold /= solve(model, typical.changed(**NO_DRUG), long)["car_t"].max()
print(f"\nOwens, ten times the dose: peak with the drug over without {ten_fold:.2f}")
assert ten_fold < 1 and cross["debulk only"][1] and not cross["empty only"][1]
assert cross["empty only"][3] > 0.5 > cross["debulk only"][3]

# %%
fig, ax = plot.figure(size="single")
for row, arm in enumerate(ARMS):
    for place, color, mark in ((0, plot.BLUE, "o"), (2, plot.VERMILLION, "s")):
        height = cross[arm][place] / cross["both"][place]
        name = {0: "Owens", 2: "Kimmel"}[place] if row == 0 else None
        lift = 0.12 if place else -0.12
        ax.plot(height, row + lift, mark, color=color, markersize=9, label=name)
ax.set_yticks(range(len(ARMS)), list(ARMS))
ax.set(xscale="log", xlabel="CAR T peak over that of both (1)", ylabel="arm", ylim=(3.6, -0.6))
ax.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.4, -0.2))
owens_low = cross["empty only"][0] / cross["both"][0]
kimmel_low = cross["debulk only"][2] / cross["both"][2]
plot.show(
    fig,
    caption="Peaks of two models in four arms, each over its own arm with both halves (simulated).",
    alt=f"With the drug that only empties, Owens' peak is {owens_low:.2f} of that with both and "
    f"Kimmel's is the same; with the one that only debulks, Kimmel's is {kimmel_low:.2g} and "
    "Owens' nearly the same.",
    unitless="y",
)

# %% [markdown] minutes=4
# With against without lymphodepletion both models expect a higher peak in this patient. That
# comparison cannot choose between them.
#
# At ten times the dose Owens' peak is lower with the drug: what is killed recruits, and less tumor
# is less to kill. So what Owens' model expects hangs on the dose: no sign to bet on. The single
# halves can choose, and there the two models swap places.
#
# ## What data say: an association in 22 people
#
# Kochenderfer and others gave low-dose chemotherapy and CAR T cells to 22 people
# {cite:p}`kochenderfer2017`. Blood lymphocytes fell; {term}`IL-15`, which T cells consume, rose.

# %%
ledger.show(
    "kochenderfer2017.patients", "kochenderfer2017.peak_remission",
    "kochenderfer2017.peak_no_remission", "kochenderfer2017.il15_peak_p",
)  # fmt: skip
ratio = ledger.value("kochenderfer2017.peak_remission") / ledger.value(
    "kochenderfer2017.peak_no_remission"
)
print(
    f"\npeak, remission over none: {ratio:.1f}; with high IL-15 went a high peak, "
    f"P = {ledger.value('kochenderfer2017.il15_peak_p')}\n"
)
without_guess = guess("How many of the 22 had no chemotherapy?", None)  # <- your turn
without_guess.compare(0)

# %% [markdown] tags=["instructor"]
# The blank is zero. Let them say what follows: no comparison of with and without. Then collect
# reasons why IL-15 and peak may go together though one does not make the other: inflammation by
# the tumor, kidneys (next section), more drug reaching both.

# %% [markdown] minutes=9
# None. Owens' model holds no IL-15; Kimmel's *room* is a stand-in for it. So the association speaks
# for room, a little. But all 22 had the drug. Who had more IL-15 differed in more than that: drug
# exposure may have raised IL-15 *and* shrunk the tumor. **An association.** What would tell: the
# tumor imaged *between* drug and cells, T cells and IL-15 on the day of the infusion, and two
# regimens by lot.
#
# ## The same mg/m², and twice the exposure
#
# How long a person is exposed is not what the bag says. Fludarabine becomes F-ara-A, and kidneys
# clear part of that; {term}`eGFR` says how well they filter. One population model prints both parts
# {cite:p}`langenhorst2019`:
#
# $$CL = CL_{rest} + k_{renal} \cdot eGFR, \qquad AUC = \frac{\text{dose}}{CL} .$$

# %%
ledger.show(
    "langenhorst2019.nonrenal_clearance", "langenhorst2019.renal_slope",
    "langenhorst2019.renal_share", "lymphodepletion.fludarabine_daily",
    "lymphodepletion.fludarabine_days", "lymphodepletion.active_share", "lymphodepletion.surface",
)  # fmt: skip
print("\n" + ledger.row("langenhorst2019.renal_slope").note)
rest, slope = (ledger.value(f"langenhorst2019.{r}") for r in ("nonrenal_clearance", "renal_slope"))


def clearance(egfr):
    """Clearance of F-ara-A (L/h) at an eGFR in mL/min, in an adult of 70 kg."""
    return rest + slope * egfr * 60 / 1000  # mL/min to L/h


usual_dose = ledger.value("lymphodepletion.fludarabine_daily")


def exposure(egfr, daily=usual_dose):
    """AUC of F-ara-A (mg h/L) over all days; daily in mg/m² of fludarabine phosphate."""
    amount = daily * ledger.value("lymphodepletion.surface")
    amount = amount * ledger.value("lymphodepletion.fludarabine_days")
    return amount * ledger.value("lymphodepletion.active_share") / clearance(egfr)


# %% [markdown]
# Two checks before use. Does the formula give the printed renal share, and does an area really not
# care about the volume? Infuse on three days in small steps, into two different volumes.

# %% tags=["slide"]
for egfr in (60, 100, 128):  # <- your turn
    print(f"eGFR {egfr}: CL {clearance(egfr):.1f} L/h, renal {1 - rest / clearance(egfr):.0%}")
bag = exposure(100) * clearance(100) / 3  # mg of F-ara-A a day
for volume in (40, 110):  # L, ours
    level, area = 0.0, 0.0
    for i in range(24_000):  # hundredths of an hour
        level += bag / volume if i in (0, 2400, 4800) else 0.0
        level *= np.exp(-clearance(100) / volume * 0.01)
        area += level * 0.01
    print(f"volume {volume} L: AUC {area:.1f} mg h/L; dose over clearance {exposure(100):.1f}")
    assert abs(area / exposure(100) - 1) < 0.02
kidney_guess.compare(round(exposure(40) / exposure(100), 2))
assert 1.4 < exposure(40) / exposure(100) < 1.7

# %% [markdown]
# The renal share is as printed at an eGFR of 128 mL/min; our simulated adults below have less.
# Now draw it, with the exposure that was called optimal in one group of patients
# {cite:p}`scordo2023`, and the cut in others with leukemia {cite:p}`fabrizio2022`; a second group
# with leukemia has its own, close by {cite:p}`dekker2022`.

# %% tags=["slide"]
low, high = (ledger.value(f"scordo2023.optimal_{end}") for end in ("from", "until"))
egfr = np.linspace(25, 140, 1000)
inside = egfr[(exposure(egfr) > low) & (exposure(egfr) < high)]
fig, ax = plot.figure()
for daily, color, dash in ((usual_dose, plot.BLUE, "-"), (0.8 * usual_dose, plot.VERMILLION, "--")):
    ax.plot(egfr, exposure(egfr, daily), dash, color=color, label=f"{daily:g} mg/m² on three days")
ax.axhspan(low, high, color="0.85", label="called optimal, lymphoma")
ax.axhline(
    ledger.value("fabrizio2022.optimal_from"), color=plot.BLACK, linestyle=":",
    label="cut, leukemia",
)  # fmt: skip
ax.set(xlabel="eGFR (mL/min)", ylabel="AUC of F-ara-A (mg h/L)", ylim=(8, 34))
ax.legend()
plot.show(
    fig,
    caption="Exposure of a typical adult at one dose for each square metre, and a fifth less.",
    alt=f"At 30 mg/m² the exposure falls from {exposure(30):.0f} mg h/L at an eGFR of 30 to "
    f"{exposure(120):.0f} at 120; the band from {low} to {high} is crossed between an eGFR of "
    f"{inside.min():.0f} and {inside.max():.0f} mL/min only.",
)
print(f"in the band from eGFR {inside.min():.0f} to {inside.max():.0f} mL/min")

# %% [markdown]
# One dose for each square metre is many exposures. Would a dose by kidney function bring all into
# the band? Simulated adults, with a spread that is ours. Change what is left once eGFR is known.

# %%
ledger.show(
    "lymphodepletion.egfr_median", "lymphodepletion.egfr_omega", "lymphodepletion.clearance_omega"
)
rng = np.random.default_rng(8)
people = 20_000
kidneys = ledger.value("lymphodepletion.egfr_median") * np.exp(
    ledger.value("lymphodepletion.egfr_omega") * rng.standard_normal(people)
)
omega = ledger.value("lymphodepletion.clearance_omega")  # <- your turn: 0.05, 0.1
others = np.exp(omega * rng.standard_normal(people))

by_area = exposure(kidneys) / others
by_kidney = (low + high) / 2 / others  # the dose for the middle of the band, were eGFR all
print(f"\n{'':<24}{'below':>7}{'in the band':>13}{'above':>7}")
shares = {}
for name, area in (("one dose for each m²", by_area), ("dose by kidney", by_kidney)):
    below, above = (area < low).mean(), (area > high).mean()
    within = shares[name] = 1 - below - above
    print(f"{name:<24}{below:>7.0%}{within:>13.0%}{above:>7.0%}")
assert shares["dose by kidney"] < 0.3 or omega < 0.2

# %% [markdown]
# With our spread, knowing the kidney helps less than one hopes: the band is a tenth wide, and
# people of one eGFR differ by more. That 0.2 is an input and no finding: with 0.1 and 0.05 in
# its place, more and more land in the band. What eGFR does not tell, a measured level could. But
# should one want the band?

# %% [markdown] tags=["instructor"]
# Ask: what would measuring take? It is a three-day drug; a result on day four comes too late. Then:
# which AUC did the papers use? An *estimated* one, from dose, weight and eGFR. Let the room find
# out what that means for the next section before you say it.

# %% [markdown] minutes=10
# ## An optimum that was looked for will be found
#
# Three groups of exposure, 199 adults, as printed, with intervals. Too little drug, too much drug?
# Write down what you would tell the meeting.

# %%
GROUPS = {"low": "below 18", "optimal": "18 to 20", "high": "above 20"}
print("AUC (mg h/L)   relapse by 6 months   alive, not progressed at a year")
for group, words in GROUPS.items():
    ill, well = (ledger.row(f"scordo2023.{what}_{group}") for what in ("relapse", "pfs"))
    shown = [f"{row.value:.0%} ({row.spread[0]:.0%} to {row.spread[1]:.0%})" for row in (ill, well)]
    print(f"{words:<15}{shown[0]:<22}{shown[1]}")
hazard = ledger.row("scordo2023.relapse_hazard_ratio")
print(
    f"\nhazard of relapse, optimal over low, adjusted: {hazard.value} "
    f"({hazard.spread[0]} to {hazard.spread[1]})"
)
cuts = [ledger.value(f"{paper}.optimal_from") for paper in ("fabrizio2022", "dekker2022")]
assert [low, *cuts] == [18, 13.8, 14]  # three groups of patients, three cuts

# %% [markdown]
# These are not levels from blood. The exposure was *computed* by a population model, and such a
# model knows dose, body and kidneys. So a group of exposure is, in part, a group of kidneys under
# another name. The hazard ratio is adjusted; for what, we did not read. Build a world where
# fludarabine does **nothing**: older people have weaker kidneys, and, in this world, slower tumors.
# Everything in this cell is ours. Then compare within five years of age.

# %% tags=["slide"]
rng = np.random.default_rng(9)
n = 20_000
pull = 0.05  # how much age moves relapse, on the scale of log odds a year <- your turn: 0
age = rng.uniform(40, 80, n)
kidney = 85 * np.exp(-0.012 * (age - 60) + 0.2 * rng.standard_normal(n))
area = exposure(kidney)
relapses = rng.random(n) < 1 / (1 + np.exp(pull * (age - 60)))
group = np.digitize(area, [low, high])


def standardised(which):
    """Relapse in a group of exposure, averaged over the ages of all."""
    five = np.digitize(age, [45, 50, 55, 60, 65, 70, 75])
    rates = [relapses[(five == k) & (group == which)].mean() for k in range(8)]
    return np.average(rates, weights=np.bincount(five, minlength=8))


crude = [relapses[group == k].mean() for k in range(3)]
adjusted = [standardised(k) for k in range(3)]
print("AUC (mg h/L)     crude   standardised for age   truth: no effect")
for words, one, other in zip(GROUPS.values(), crude, adjusted, strict=True):
    print(f"{words:<15}{one:>7.0%}{other:>19.0%}")
assert crude[0] > crude[2] + 0.05 or pull < 0.03
assert max(adjusted) - min(adjusted) < 0.05

# %% [markdown]
# With a common cause a drug that does nothing has a crude benefit; with a pull of 0 it has none.
# Age can be adjusted for, since it was written down. What was not written down cannot.
#
# And there is a second trap. The cut points were found *in the same patients*. How often is an
# "optimal" band found among 199 people when nothing at all acts? Before you run: guess, of 100.

# %%
found_guess = guess("Of 100 idle drugs, how many seem to have an optimum?", None)  # <- your turn


size = int(ledger.value("scordo2023.patients"))


def best_band(seed, bands=(14, 16, 18, 20, 22)):
    """The largest z of any 2-unit band against all below it; the drug does nothing."""
    random = np.random.default_rng(seed)
    areas = exposure(85 * np.exp(0.3 * random.standard_normal(size)))
    ill = random.random(size) < 0.45
    z = [0.0]
    for start in bands:
        a, b = ill[(areas >= start) & (areas < start + 2)], ill[areas < start]
        if min(a.size, b.size) > 15:
            both = (a.sum() + b.sum()) / (a.size + b.size)
            error = np.sqrt(both * (1 - both) * (1 / a.size + 1 / b.size))
            z.append((b.mean() - a.mean()) / error)
    return max(z)


trials = 400  # z beyond 1.96: by chance in one of forty, where one band is tested
one_band = np.mean([best_band(s, bands=(18,)) > 1.96 for s in range(trials)])  # <- your turn
searched = np.mean([best_band(s) > 1.96 for s in range(trials)])
print(f"band fixed beforehand: {one_band:.0%} of idle drugs look better in it")
print(f"best of five bands:    {searched:.0%}\n")
found_guess.compare(float(round(100 * searched)))
assert 0.06 < searched < 0.13 and searched > one_band

# %% [markdown] tags=["slide"]
# **Neither trap proves the finding wrong.** Three groups of patients, two diseases, and low
# exposure did worse in each: 18, 13.8 and 14 mg h/L. That is worth a trial by lot. It is not an
# effect, and the three numbers are not one number.

# %% [markdown] minutes=3
# ## What it costs, one sentence each
#
# Each from what we read. Some costs are of the chemotherapy, some of the CAR T cells, most of both.
#
# - **{term}`Cytopenia <cytopenia>` that lasts.** After two CD19 products most people had long
#   neutropenia, and low platelets before the infusion went with it {cite:p}`rejeski2021`;
#   the early part is mostly laid to the chemotherapy {cite:p}`jain2023`.
# - **Infection.** In 475 people, deaths without relapse came mostly from neurotoxicity until
#   day 28, and from infection in the two months after {cite:p}`ahmed2024`.
# - **Too much drug.** Above 20 mg h/L neurotoxicity was more frequent, and three of those people
#   died of it: an association, read in a society's summary of {cite:t}`scordo2023`.
# - **{term}`B-cell aplasia`.** CD19 CAR T cells remove healthy B cells as long as they last
#   {cite:p}`maude2018`: at once a cost and a sign that they are there.
# - **{term}`IEC-HS`.** A hyperinflammation like hemophagocytic lymphohistiocytosis is among the
#   causes of early cytopenia {cite:p}`jain2023`.
# - **T-cell malignancy.** The US regulator requires a boxed warning for all CD19 and {term}`BCMA`
#   products approved then: such tumors, some with the CAR, may come within weeks and may be fatal
#   {cite:p}`fda_tcell2024`. Counts of reports are no rate, and show no cause in a single person.

# %%
for id in (
    "rejeski2021.profound_neutropenia",
    "rejeski2021.prolonged_neutropenia",
    "maude2018.aplasia_6_months",
    "epar_kymriah2018.b_cell_recovery_hazard_ratio",
):
    row = ledger.row(id)
    spread = f" ({row.spread[0]} to {row.spread[1]})" if row.spread else ""
    print(f"{row.value:.2f}{spread:<16} {row.meaning} [{row.status}, {id.split('.')[0]}]")
doubling = ledger.value("epar_kymriah2018.b_cell_recovery_hazard_ratio")
print()
# if each doubling counts alike, and as an association:
fourfold = guess("Hazard of B-cell recovery with 4 times the AUC, times?", None)  # <- your turn
fourfold.compare(round(doubling**2, 2))

# %% [markdown] minutes=3
# ## Decide: what the meeting may write down
#
# **Leave it out?** Both models lose cures without it, for opposite reasons. We did not read that
# either was fitted to people who went without. In Owens' model waiting alone cures none of the 36.
#
# **More of it?** More room in one model; in the other, a smaller tumor. No model here holds a cost.
# Above the band relapse was no rarer and neurotoxicity more frequent: associations, and the reason
# for a trial by lot.
#
# **The same mg/m² for weak kidneys?** The same dose is not the same exposure: that is mass balance
# and needs no trial. Which exposure is best is not known.
#
# **Your guesses.** Scroll up. If you voted for *room*, one number of a model would have made you
# right.
#
# **Left out.** Cyclophosphamide; antibodies against the CAR; regulatory T cells; the time for which
# counts stay low; antigen set free by dying tumor; what chemotherapy does to T cells *before* they
# are collected.

# %% [markdown] minutes=3
# ## What this chapter may be used for
#
# ### Limits
#
# - Blood and one mixed tumor. Most models here were fitted to one group at one burden.
# - Cures are equations below one cell, or chance around them; nobody was cured in a model's data.
# - Cytokines of two people; tocilizumab by a declared teaching model.
# - Confounding is shown in worlds that we made. In a registry nobody knows the drawing.
# - Exposure of fludarabine by a model for transplant patients, with an eGFR whose unit we inferred.
# - Costs are named and not modeled. No curve of neutrophils, infection or malignancy is in here.
#
# ### Context of use, in the words of ICH M15
#
# | term {cite:p}`ich_m15` | here |
# |---|---|
# | Question of interest | Does exposure cause response and harm, or does burden cause all three? |
# | Context of use | Published models, simulated trials, to choose comparisons and measurements. |
# | Outside it | Choosing a dose of cells or of chemotherapy; judging a product; a person. |
# | Model influence | Low: it says what an observed association cannot show; trials decide. |
# | Consequence of a wrong decision | High for a dose, which is outside; low for a plan. |
# | Model risk | Low inside this use, from the two lines above; high outside it. |
# | Model evaluation | Laws, targets with misses, all models against the observed slope of burden. |
#
# ### Key points
#
# - A tumor below one cell is a matter of chance. Exact copies of a patient end differently.
# - Where CAR T cells live on antigen, burden moves the peak and dose hardly does. Where they live
#   on room, it is the other way round. Each model is good for a range.
# - Measured IL-6 rises when its receptor is blocked: a level is not a signal.
# - Burden moves exposure, response and harm. A crude odds ratio of dose or Cmax is an association.
# - Nobody is at risk before they are in the set: immortal time, and who is left, bend curves.
# - Lymphodepletion is one act and at least two mechanisms. Their halves must be crossed to be told
#   apart; with against without does not do it.
# - Which mechanism a model shows can hang on one number that nobody looks at.
# - Same mg/m², other kidney, other exposure. A computed exposure is in part kidney function
#   renamed.
# - An optimum searched for in the patients that it describes is a hypothesis.
#
# ### Reading
#
# - {cite:t}`owens2021` and {cite:t}`kimmel2021`: the two models of this notebook. Read how each
#   counts T cells.
# - {cite:t}`kochenderfer2017`: chemotherapy, IL-15 and peaks in 22 people.
# - {cite:t}`langenhorst2019`: fludarabine, body and kidneys. {cite:t}`scordo2023`,
#   {cite:t}`fabrizio2022` and {cite:t}`dekker2022`: its exposure before CAR T cells.
# - {cite:t}`chaudhury2020`, {cite:t}`singh2021`, {cite:t}`hardiansyah2019` and
#   {cite:t}`liu2022`: the other models of the chapter.
# - {cite:t}`epar_kymriah2018`: exposure, response and harm as a regulator prints them.
# - {cite:t}`fda_tcell2024`: the warning in its own words. {cite:t}`jain2023`: cytopenias, early and
#   late.
# - {cite:t}`ich_m15`: what to write down before a model is relied on.
