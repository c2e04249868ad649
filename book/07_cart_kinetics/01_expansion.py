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
# # Expansion, contraction, persistence from scratch
#
# *You will be able to* derive doubling time and half-lives and build the curve of a cell that
# divides · *you need* logarithms, first-order decline, a little NumPy · *40 minutes*
#
# **The question.** A child with leukemia waits for tisagenlecleucel, a CAR T cell product. The
# bag arrives. It holds a quarter of the planned cells. Is a quarter of the exposure to be
# expected?
#
# CAR T cells are T cells of the child's own, given the gene of a *chimeric antigen receptor*. With
# it they find CD19, a protein on B cells and on the leukemia that came from them, and kill.
#
# For a tablet the answer is yes: a quarter of the dose, a quarter of the exposure. This chapter
# asks why that answer fails for cells that divide. Behind it stands a decision: infuse what there
# is, or make the product again while the leukemia grows? We do not take that decision here. We
# find out what a model can say about one part of it.
#
# Write your guesses down first. Put numbers in place of `None`, then run the cell. They come back
# at the end.

# %%
import numpy as np

from cgtlearn import ledger, measure, plot, proof
from cgtlearn.exercises import guess
from cgtlearn.explore import explore
from cgtlearn.models import stein2019
from cgtlearn.solve import solve

fewer = 4  # one cell in the bag where four were planned

peak_guess = guess("How many times lower is the peak in blood?", None)  # <- your turn
delay_guess = guess("How many days later does it come?", None, unit="d")  # <- your turn

# %% [markdown] tags=["instructor"]
# Let everybody write both numbers before anybody speaks. "Four times lower, no delay" is the
# tablet's answer. Keep a tally; the end of the notebook needs it.

# %% [markdown] minutes=3 tags=["slide"]
# ## A handful of numbers describes the curve
#
# A CAR T cell that meets its antigen, here CD19, divides. When the antigen is gone most of the
# cells die within weeks, and a few stay for months. Those that kill and die are called *effector
# cells*, those that stay *memory cells*. Stein and colleagues fitted this to children and young
# adults of two trials {cite:p}`stein2019`.
#
# | symbol | in the code | what it is | unit |
# |---|---|---|---|
# | $t$ | `t`, `days` | time after infusion | d |
# | $R_0$ | `start` | level at time 0 | copies/µg |
# | foldx | `fold` | peak over the level at time 0 | – |
# | $T_{max}$, $C_{max}$ | `tmax`, `cmax` | time and height of the peak | d, copies/µg |
# | $\rho$ | `rho` | growth rate before the peak | 1/d |
# | $\alpha$ | `alpha` | rate of the fast decline | 1/d |
# | $\beta$ | `beta` | rate of the slow decline | 1/d |
# | FB | `share` | share of the peak that declines slowly | – |
# | $k$ | `leak` | rate at which effector cells become memory cells | 1/d |
# | $E$, $M$ | `effector`, `memory` | transgene in effector and in memory cells | copies/µg |
#
# The unit is part of the quantity. A qPCR assay counts copies of the *transgene*, the gene that was
# put in, in a microgram of DNA. That is not a number of cells in a microlitre of blood; the next
# notebook converts one into the other.
#
# The typical values stand in the ledger of this course. Read the column *status*. `transcribed`
# means that we read the number in somebody's copy of the table, not in the paper.

# %%
ledger.show(
    "stein2019.fold_expansion",
    "stein2019.tmax",
    "stein2019.cmax",
    "stein2019.contraction_rate",
    "stein2019.persistent_fraction",
    "stein2019.persistence_rate",
)
fold = ledger.value("stein2019.fold_expansion")
tmax = ledger.value("stein2019.tmax")
cmax = ledger.value("stein2019.cmax")
alpha = ledger.value("stein2019.contraction_rate")
share = ledger.value("stein2019.persistent_fraction")
beta = ledger.value("stein2019.persistence_rate")
start = cmax / fold

print(f"\nlevel at time 0: {start:.1f} copies/µg")
print(f"Is the dose among the model's parameters? {'dose' in stein2019.model.parameters}")

# %% [markdown] tags=["instructor"]
# Point at the column *status*. `transcribed` is not a defect, it is a fact: nobody here has read
# the table itself. Ask what they would have to do before they used the number at work.

# %% [markdown] minutes=4
# Look at the last line. The authors tried the dose as a covariate and did not keep it; so says
# the copy of the table that we read. Remember that.
#
# ## Twelve doublings lie between infusion and peak
#
# How often must cells double to become `fold` times as many? Each doubling multiplies by two, so
# we need the logarithm to base two. Guess the doubling time before you run the cell.

# %% tags=["slide"]
doubling_guess = guess("How long does one doubling take?", None, unit="d")  # <- your turn

doublings = np.log2(fold)
doubling_time = tmax / doublings
print(f"{doublings:.1f} doublings in {tmax} d\n")
doubling_guess.compare(doubling_time)
assert round(doublings) == 12

# %% [markdown] tags=["instructor"]
# The stuck point is which logarithm. Base two counts doublings, base e goes with a rate. Write 2^12
# = 4096 beside foldx; it takes the fear away.

# %% [markdown]
# Growth at a constant rate is $dE/dt = \rho E$, with the solution $E = R_0\,e^{\rho t}$. At the
# peak $e^{\rho T_{max}}$ must equal foldx. Hence
#
# $$\rho = \frac{\ln \text{foldx}}{T_{max}}, \qquad \text{doubling time} = \frac{\ln 2}{\rho}.$$
#
# The logarithm is now the natural one, because it goes with $e$. The doubling time must not care.

# %%
rho = np.log(fold) / tmax
per_doubling = np.log(2) / rho
print(f"growth rate {rho:.3f} 1/d, doubling time {per_doubling:.2f} d = {24 * per_doubling:.0f} h")
assert np.isclose(per_doubling, doubling_time)

# %% [markdown] minutes=3
# ## A computer takes steps, and long steps cut corners
#
# A computer that does not know the exponential can still follow $dE/dt = \rho E$: in a short step
# the level changes by slope times step. That is Euler's method. Run it with 20 steps. Then change
# `steps` until the last line says 1 % or less.

# %%
steps = 20  # <- your turn
step = tmax / steps

level = start
for _ in range(steps):
    level = level + step * rho * level  # new level = old level + step × slope

print(f"{steps} steps of {step:.2g} d reach {level:,.0f} copies/µg")
print(f"the exponential reaches {start * np.exp(rho * tmax):,.0f} copies/µg")
print(f"Euler is low by {100 * (1 - level / cmax):.0f} %")

# %% [markdown] minutes=6
# Half a day sounds short. It is not short beside a doubling time of less than a day. Each step
# misses what the new cells produce within the step, and the misses multiply.
#
# ## After the peak most cells die and a few become memory
#
# Effector cells are lost at the rate $\alpha$. A small part of them, at the rate $k$, turns into
# memory cells, and these are lost slowly, at the rate $\beta$:
#
# $$\frac{dE}{dt} = -\alpha E, \qquad \frac{dM}{dt} = k E - \beta M .$$
#
# The rate $\alpha$ counts every way out of the effector cells, so $kE$ is a part of $\alpha E$.
#
# The same loop with two states does it. Read it line by line. Then multiply `share` by ten in the
# first line, run, and see which of the four days notices. Put it back before you go on.

# %%
leak = share * (alpha - beta)  # <- your turn; why this product: below
step = 0.01  # d
after = np.arange(0, 100, step)  # days after the peak

effector, memory = cmax, 0.0
total = []
for _ in after:
    total.append(effector + memory)
    lost, born, gone = alpha * effector, leak * effector, beta * memory
    effector = effector - step * lost
    memory = memory + step * (born - gone)
total = np.array(total)

for day in (0, 7, 28, 90):
    print(f"{day:>3} d after the peak: {total[round(day / step)]:>8,.0f} copies/µg")

# %% [markdown] tags=["slide"]
# With pencil and paper: from the peak on, with $s = t - T_{max}$, the effector cells are
# $C_{max} e^{-\alpha s}$. Put that into the second equation and solve it:
#
# $$M = \frac{k\,C_{max}}{\alpha-\beta}\left(e^{-\beta s} - e^{-\alpha s}\right).$$
#
# The fraction $k/(\alpha-\beta)$ is what the table calls FB. That is why the code sets
# $k = \text{FB}\,(\alpha-\beta)$. The assay sees the sum:
#
# $$E + M = C_{max}\left((1-\text{FB})\,e^{-\alpha s} + \text{FB}\,e^{-\beta s}\right).$$


# %%
def level_at(t):
    """Transgene in copies/µg at time t (d): growth, then two exponentials."""
    s = np.maximum(t - tmax, 0)
    rising = start * np.exp(rho * np.minimum(t, tmax))
    return rising * ((1 - share) * np.exp(-alpha * s) + share * np.exp(-beta * s))


worst = np.max(np.abs(total / level_at(tmax + after) - 1))
print(f"loop and formula differ by at most {100 * worst:.1f} %")
assert worst < 0.01, "put leak back as it was, and run both cells again"

# %% [markdown] tags=["instructor"]
# If the assert stops somebody, they left `leak` multiplied by ten. Read the message with them: it
# says what to put back. Run *both* cells, in order.

# %% [markdown]
# A rate hides its meaning; a half-life shows it. Type the two formulas in place of `None`, as in
# `np.log(2) / ...`, and let the cell compare.

# %%
initial_guess = guess("Half-life of the fast decline?", None, unit="d")  # <- your turn
terminal_guess = guess("Half-life of the slow decline?", None, unit="d")  # <- your turn
print()
initial_guess.compare(np.log(2) / alpha)
terminal_guess.compare(np.log(2) / beta)

# %% [markdown] minutes=2
# ## Three lines of the package give the same curve
#
# The package holds the same equations once, in `models/stein2019.py`, with units and sources.
# First we check that it says what we say. Then try to break it: a negative rate, or a name with a
# typing error, such as `persistance_rate=0.01`.

# %%
model = stein2019.model
typical = model.parameters_with()
days = np.arange(0, 366)
course = solve(model, typical, days)

assert np.allclose(course["transgene"], level_at(days), rtol=1e-6)
print("the package and our formula agree\n")

try:
    model.parameters_with(contraction_rate=-0.1)  # <- your turn
except ValueError as error:
    print(error)

# %% [markdown] minutes=4
# ## A late peak looks like a patient who keeps the cells
#
# Now look at what you have built, and move it. On a log axis each phase is a straight line. The
# figure shows the typical patient, in grey. Let the peak come on day 15, as high as before. Six
# days late: what does the sample of day 28 show? Guess, then see.

# %%
explore(
    model,
    sliders={"tmax": (5, 20), "cmax": (2_000, 100_000), "fold_expansion": (100, 100_000)},
    panels=[
        dict(x=(0, 42), y=(0.1, 200_000)),
        dict(x=(0, 365), y=(0.1, 200_000)),
    ],
    reference=28,
    title="The typical patient of the Stein model, simulated",
    predict=dict(
        question="The peak comes on day 15, as high as before. What does day 28 show?",
        of="transgene at 28",
        at={"tmax": 15},
    ),
)

# %% [markdown]
# Then try the other two sliders, one at a time. One moves the whole curve. One moves the rise and
# nothing else. Which?

# %%
late_peak = 15  # d <- your turn: 5, 20
on_time, late = (
    solve(model, p, [28])["transgene"][0] for p in (typical, typical.changed(tmax=late_peak))
)
print(f"peak on day {tmax}: {on_time:,.0f} copies/µg on day 28")
print(f"peak on day {late_peak}:  {late:,.0f} copies/µg, {late / on_time:.1f} times as much")
assert late_peak != 15 or 2.2 < late / on_time < 2.4  # "more than twice"

# %% [markdown] tags=["instructor"]
# Learners expect a late peak to mean poor cells. Same height, same decline, later: more is left on
# day 28. A single late sample cannot tell it from cells that last.

# %% [markdown] minutes=4
# Same peak, same decline, and more than twice the level on day 28. One late sample does not tell a
# late peak from cells that last. And *peak over the level at time 0*, which is foldx, moves only
# the rise: this model is told its peak.
#
# ## Blood samples give the numbers back, if there is no noise
#
# So far the doubling time came out of the parameters that define it. That proves nothing. Let us
# take blood samples and read the numbers off them, as one would with a patient. The sampling days
# are ours.

# %% tags=["slide"]
samples = np.array([1, 3, 5, 7, 9, 11, 14, 17, 21, 28, 42, 56, 84, 112, 168, 252, 336])
seen = solve(model, typical, samples)["transgene"]


def read_off(values):
    """Doubling time, initial and terminal half-life (d), from samples alone."""
    decline = measure.half_lives(samples, values, peak=11)  # day 11: first sample after the peak
    return measure.doubling_time(samples, values, end=9), decline.initial, decline.terminal


names = ["doubling_time", "initial_half_life", "terminal_half_life"]
for name, value in zip(names, read_off(seen), strict=True):
    reported = ledger.value(f"stein2019.reported_{name}")
    print(f"{name:<20} read off {value:>6.3g} d   reported in the paper {reported:>5g} d")
    assert abs(value / reported - 1) < 0.05

before_peak = tmax - samples[seen.argmax()]  # d
print(f"\nhighest sample: {seen.max():,.0f} copies/µg, {24 * before_peak:.0f} h before the peak")
assert round(24 * before_peak) == 7 and before_peak > doubling_time / 3

# %% [markdown]
# All three come back. (The slow half-life differs a little, probably because the rate was rounded
# when it was printed.) The peak does not come back: the highest sample lies well below `cmax`. It
# was drawn seven hours before the peak, and seven hours are more than a third of a doubling.
#
# A real assay scatters. The paper gives the scatter as the standard deviation of the logarithm.
# Add it, with six seeds. Which of the three numbers suffers most? Say it before you run.

# %%
noise = ledger.value("stein2019.residual_sd")
terminal = []
print("seed   doubling    initial   terminal (d)")
for seed in (1, 2, 3, 4, 5, 6):  # <- your turn: other seeds
    scatter = np.exp(noise * np.random.default_rng(seed).normal(size=samples.size))
    try:
        found = [float(f"{value:.2g}") for value in read_off(seen * scatter)]
    except ValueError:
        print(f"{seed:>4}   the tail does not fall: no half-life")
        continue
    print(f"{seed:>4} {found[0]:>10g} {found[1]:>10g} {found[2]:>10g}")
    terminal.append(found[2])
print(f"\nhighest over lowest terminal half-life: {max(terminal) / min(terminal):.0f}")

# %% [markdown] tags=["instructor"]
# The one line to talk through is `scatter = np.exp(noise * ...)`: error on the log scale. Ask for
# the seed with no half-life at all, and what a report would have printed for that patient.

# %% [markdown] minutes=5
# One patient tells the doubling time fairly well. One patient cannot tell the slow half-life,
# even with a year of samples and none below the limit of the assay: with seed 6 the tail does not
# fall at all. *Fit one patient*, the fourth notebook, comes back to this.
#
# ## A quarter of the cells is two doublings behind
#
# Now the bag. Take it that a quarter of the cells means a quarter of the starting level. To catch
# up they need two more doublings. That is the whole arithmetic of the dose. What comes next
# depends on what ends the growth, and the model does not know. Two stories:
#
# - **Growth ends at a height.** Cells divide until there are enough of them to clear the antigen.
#   Fewer cells need longer and get as high.
# - **Growth ends on a day.** Cells divide for a fixed time, whatever happens. Fewer cells stay
#   fewer, by the same factor, for ever.
#
# The second is the tablet again. We compare peaks, and areas under the curve (AUC) from day 0 to
# day 28, in copies/µg × d. Change `fewer` to 10 in the first cell of the notebook, run all, and see
# which story notices.

# %% tags=["slide"]
delay = np.log2(fewer) * doubling_time
print(f"{np.log2(fewer):.1f} doublings × {doubling_time:.2f} d = {delay:.1f} d\n")

stories = {
    "planned dose": typical,
    "ends at a height": typical.changed(fold_expansion=fewer * fold, tmax=tmax + delay),
    "ends on a day": typical.changed(cmax=cmax / fewer),
}
fine = np.union1d(np.linspace(0, 28, 281), [tmax, tmax + delay])  # d, with both peaks
looks = [("-", plot.BLUE), ("--", plot.GREEN), (":", plot.VERMILLION)]
height, area = {}, {}
fig, ax = plot.figure()
print(f"{'':<18}{'peak':>10}{'AUC 0-28':>15}{'AUC ratio':>11}")
print(f"{'':<18}{'copies/µg':>10}{'copies/µg × d':>15}")
for (name, p), (line, color) in zip(stories.items(), looks, strict=True):
    values = solve(model, p, fine)["transgene"]
    height[name], area[name] = values.max(), measure.auc(fine, values, rule="log")
    ratio = area[name] / area["planned dose"]
    print(f"{name:<18}{height[name]:>10,.0f}{area[name]:>15,.0f}{ratio:>11.2f}")
    ax.semilogy(fine, values, line, color=color, label=name)
ax.set(xlabel="time after infusion (d)", ylabel="transgene (copies/µg DNA)", xticks=range(0, 29, 7))
ax.legend(loc="lower right")
plot.show(
    fig,
    caption=f"The planned dose, and a dose {fewer} times lower under two stories of what ends the "
    "growth. Simulated.",
    alt=f"With growth that ends at a height the lower dose peaks {delay:.1f} d later and as high, "
    f"and loses {100 * (1 - area['ends at a height'] / area['planned dose']):.0f} % of the AUC "
    f"0-28. With growth that ends on a day the curve is {fewer} times lower throughout.",
)

# %% [markdown] tags=["instructor"]
# Two stories, one bag. Let the room split into advocates of each, two minutes, then ask which
# measurement would decide. (Antigen, tumor burden, the day of the peak against the dose.)

# %% [markdown] minutes=3
# ## The data speak against the tablet, softly
#
# In the trial ELIANA doses differed widely between patients, and "no relationship between dose
# and expansion was observed" {cite:p}`maude2018`. Does that prove that dose does nothing? No. An
# interval says what the data still allow.
#
# For the interval we need what the text does not give, so we say what we take. The scale: the
# logarithms of dose and of Cmax. The number of patients: those evaluable for kinetics. The spread
# of log dose: lowest and highest dose lie 4.8 standard deviations apart, as one expects of the
# extremes among 75 normal values.
#
# The spread of log Cmax, three times. Stein's has two readings, since two copies of the table
# disagree: its status is `ambiguous`. Both leave the scatter of the assay out. But the correlation
# was computed from measured peaks, so the spread of measured peaks belongs to it. An assessment
# report prints that, for the 60 who responded {cite:p}`epar_kymriah2018`.

# %% tags=["slide"]
ledger.show("maude2018.dose_lowest", "maude2018.dose_highest", "maude2018.dose_expansion_r2")
low, high = ledger.value("maude2018.dose_lowest"), ledger.value("maude2018.dose_highest")
print(f"\nhighest over lowest dose: {high / low:.0f}")

assert ledger.value("maude2018.patients") == 75
n = ledger.value("maude2018.kinetics_patients")
r = np.sqrt(ledger.value("maude2018.dose_expansion_r2"))
r_high = np.tanh(np.arctanh(r) + 1.96 / np.sqrt(n - 3))  # Fisher's z, upper 95 % limit
dose_sd = np.log(high / low) / 4.8  # <- your turn: try half of it, then a third

printed = ledger.value("stein2019.omega_cmax")
peaks = ledger.row("epar_kymriah2018.b2202_responders_cmax")
assert peaks.n == 60 and peaks.spread_kind == "geometric CV"
spreads = {
    "Stein's, as SD": printed,
    "Stein's, as variance": np.sqrt(printed),
    "measured": measure.log_sd_from_cv(peaks.spread),
}
for reading, cmax_sd in spreads.items():
    slope = r_high * cmax_sd / dose_sd  # ln Cmax on ln dose: 0 no effect, 1 proportional
    print(f"{reading:<20} slope up to {slope:.2f}, peak up to {fewer**slope:.1f} times lower")
    if slope > 1:
        print(f"{'':<20} this reading would not exclude proportionality")
assert 0.4 < slope < 0.5 or dose_sd < 0.6  # "nearly halves"

# %% [markdown] tags=["instructor"]
# An r² near zero is easily read as "no effect". Ask for the upper limit in words: what is the
# largest loss of peak that these data still allow?

# %% [markdown] minutes=1
# The data allow no effect. They also allow that a quarter of the dose nearly halves the peak. They
# do not allow proportionality, with which the peak would fall to a quarter.
#
# Four cautions. Our spread of dose is rough. Doses were not assigned by chance: whoever makes few
# cells may also have weak ones. The interval holds within the doses that were infused. And a small
# bag may differ in quality, not only in number.
#
# ## A sum hides what its parts do
#
# Back to the model, to see where it breaks. In ours every cell is an effector cell until the peak.
# Another transcription of the paper starts with two pools, one fated to die and one fated to stay,
# and both grow at the same rate from day 0. Compare the sums.

# %% tags=["slide"]
dense = np.linspace(0, 60, 601)
ours = solve(model, typical, dense)

s = np.maximum(dense - tmax, 0)
growth = start * np.exp(rho * np.minimum(dense, tmax))
fated_to_die = (1 - share) * growth * np.exp(-alpha * s)
fated_to_stay = share * growth * np.exp(-beta * s)
assert np.allclose(fated_to_die + fated_to_stay, ours["transgene"], rtol=1e-6)

alike = dense[ours["memory"] > 0.95 * fated_to_stay][0]
fig, ax = plot.figure()
ax.semilogy(dense, ours["transgene"], color=plot.BLACK, label="sum, both models")
born = dense > tmax + 0.1
ax.semilogy(
    dense[born], ours["memory"][born], "--", color=plot.BLUE, label="memory, born after the peak"
)
ax.semilogy(dense, fated_to_stay, ":", color=plot.VERMILLION, label="memory, there from day 0")
ax.set(xlabel="time after infusion (d)", ylabel="transgene (copies/µg DNA)", ylim=(0.03, 1e5))
ax.legend(loc="lower right")
plot.show(
    fig,
    caption="One sum, two ways to split it into effector and memory cells. Simulated.",
    alt=f"The sums coincide. At the peak one model has {fated_to_stay.max():.0f} copies/µg of "
    f"memory, the other none; from day {alike:.0f} on their memory agrees within 5 %.",
)

# %% [markdown]
# An assay that sees the sum cannot choose between them. Effector and memory are names for two
# terms of a formula until somebody sorts the cells. One may say: two rates of decline are
# visible. One may not say: memory is born at the peak.
#
# The sum hides worse. $k = \text{FB}\,(\alpha-\beta)$ is a rate only while $\alpha > \beta$.
# Exchange fast and slow, each value inside its own allowed range. The package declares laws for
# the model, such as *never negative*, and runs them whenever it is tested. Will the sum show that
# one is broken?

# %%
for verdict in proof.check_laws(model):
    print("holds " if verdict.ok else "BROKEN", verdict.law)

swapped = typical.changed(contraction_rate=0.01, persistence_rate=0.1)  # <- your turn
strange = solve(model, swapped, days)
print(f"\nlowest sum:    {strange['transgene'].min():7.1f} copies/µg")
print(f"lowest memory: {strange['memory'].min():7.1f} copies/µg")

# %% [markdown] minutes=1
# The laws hold for the typical patient. The exchanged one breaks *never negative*, and the sum
# looks healthy all the same. A fit to the sum would never notice. Look at states, not only at
# outputs.
#
# ## What we may answer
#
# Your guesses stand beside the story in which growth ends at a height. In the other story the
# peak is lower by the full factor and comes on the same day.

# %%
peak_guess.compare(height["planned dose"] / height["ends at a height"])
delay_guess.compare(delay)
assert fewer != 4 or 1.5 < delay < 1.6  # "a day and a half"

# %% [markdown] tags=["slide"]
# **The answer.** A quarter of the cells costs two doublings, about a day and a half. Whether it
# also costs height depends on what stops the growth, and this model is silent there: it has no
# dose, no tumor and no antigen. The data of one trial speak against a fourfold loss and do not
# exclude one of nearly half.
#
# **What we assumed.** Growth at one rate until one moment, with a kink that no tissue has; the
# third notebook puts a smooth gate in its place. Loss at constant rates. One well-mixed blood
# compartment. One copy of the transgene counts like another.
#
# **What is left out.** The dip in the first hours, when cells leave the blood for tissues.
# Antigen and tumor burden, which drive expansion (chapter 08). Lymphodepletion, the quality of
# the cells, immune rejection. Response and side effects: a curve in blood is neither.
#
# **What it may be used for.** To describe and compare curves, to plan sampling, to read exposure.
# Not to choose a dose for a person.
