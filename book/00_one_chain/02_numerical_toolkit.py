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
# # The fastest rate sets the step, long after its box is empty
#
# *You will be able to write Euler and Runge-Kutta steps, measure their order, tell when a problem
# is stiff, and say when to solve a state as its logarithm. You need: the page before, a loop in
# Python. 55 minutes.*

# %% [markdown]
# A safety board wants factor IX over five years, for 10,000 virtual people, by tonight. Two
# colleagues have solved the AAV chain of the last page for one.
#
# Bo wrote a loop of short steps. It gives more than 10,000 IU/dL on day 12, a hundred times the
# normal level. Cleo called a solver with error control. Her curve is right, and it takes its time.
#
# Which method do you hand in? A solver pays in calls of the right-hand side, the function that
# returns the slopes. So count calls.

# %%
import numpy as np

from cgtlearn import ledger, plot
from cgtlearn.exercises import guess
from cgtlearn.explore import explore

calls_guess = guess("Calls for one person, five years, Cleo's solver?", None)  # <- for None

# %% [markdown] tags=["instructor"]
# Have the guesses written down; they come back forty minutes later. Put the smallest and the
# largest on the board.

# %% [markdown] minutes=6
# ## Euler follows the slope at the start and misses the bend
#
# Take the first link alone: vector leaves the blood at the rate $k$, so $dB/dt = -kB$. Euler goes
# straight ahead for a step $h$, with the slope it has. Write down what is left of the dose after
# one step, then compare with the exact answer.

# %%
k = ledger.value("aav_chain.uptake_rate") + ledger.value("aav_chain.blood_loss_rate")  # 1/day
h = 0.1  # day
my_step = ...  # share of the dose left after one Euler step, from k and h

euler_step = 1 + h * (-k * 1)
if my_step is not ...:
    print(f"yours {my_step:.3f}")
print(f"one Euler step: {euler_step:.3f} of the dose; exact: {np.exp(-k * h):.3f}")


# %%
def euler(slope, y, h, steps):
    """Follow the slope, step by step."""
    for _ in range(steps):
        y = y + h * slope(y)
    return y


def decay(y):
    return -k * y


steps = 5  # over half a day  <- try 10, 100, 1000: by how much does the error shrink?
ours, exact = euler(decay, 1.0, 0.5 / steps, steps), np.exp(-k * 0.5)
print(f"{steps} steps: {ours:.5f}, exact {exact:.5f}, error {ours - exact:+.5f}")

# %% [markdown] tags=["instructor"]
# Learners who have never written a solver change `steps` and stop at 10. Ask for the error at 10,
# 100, 1000 in one row: it falls tenfold each time. That row is what "order 1" means.

# %% [markdown] minutes=8
# ## Four looks a step buy four orders
#
# Runge and Kutta look at the slope four times a step: at the start, twice in the middle, at the
# end. The step goes along a weighted mean in which the middle counts double.
#
# Make it a fair fight: twenty Euler steps against five steps of RK4, twenty calls each. How many
# times smaller is the error of RK4?

# %%
fight_guess = guess("Error of Euler over error of RK4, at twenty calls?", None)  # <- for None


def rk4(slope, y, h, steps):
    """The classical Runge-Kutta method of order 4."""
    for _ in range(steps):
        start = slope(y)
        middle = slope(y + h / 2 * start)
        middle_again = slope(y + h / 2 * middle)
        end = slope(y + h * middle_again)
        y = y + h * (start + 2 * middle + 2 * middle_again + end) / 6
    return y


euler_error = euler(decay, 1.0, 0.5 / 20, 20) - exact
rk4_error = rk4(decay, 1.0, 0.5 / 5, 5) - exact
print(f"errors at twenty calls: Euler {euler_error:+.5f}, RK4 {rk4_error:+.5f}")
fight_guess.compare(round(abs(euler_error / rk4_error)))

# %% [markdown] tags=["instructor"]
# Talk through `(start + 2 * middle + 2 * middle_again + end) / 6`. The weights add to one.
# Forgetting the 2 is the bug of exercise 00.5.

# %% [markdown]
# A method has order $n$ when half the step gives a $2^n$ times smaller error. On log axes the
# errors lie on a line, and its slope is the order. Guess the slope of RK4, then measure both.

# %%
order_guess = guess("Slope of log error against log step, RK4?", None)  # <- for None
counts = np.array([8, 16, 32, 64, 128])
sizes = 0.5 / counts
errors = {
    method.__name__: np.array([abs(method(decay, 1.0, 0.5 / n, n) - exact) for n in counts])
    for method in (euler, rk4)
}
orders = {name: np.polyfit(np.log(sizes), np.log(e), 1)[0] for name, e in errors.items()}
assert abs(orders["euler"] - 1) < 0.15 and abs(orders["rk4"] - 4) < 0.15
for name, order in orders.items():
    print(f"{name:6s} measured order {order:.1f}")
order_guess.compare(round(orders["rk4"], 1))

# %% tags=["slide"]
fig, ax = plot.figure()
for name, shown, color, mark in (
    ("euler", "Euler", plot.VERMILLION, "o"),
    ("rk4", "RK4", plot.BLUE, "s"),
):
    ax.loglog(sizes, errors[name], color=color, marker=mark, linestyle="-", label=shown)
ax.set(xlabel="step (d)", ylabel="error (share of the dose)")
ax.set_xticks([0.005, 0.01, 0.02, 0.05], ["0.005", "0.01", "0.02", "0.05"])
ax.minorticks_off()
ax.legend()
plot.show(
    fig,
    caption="Error of vector in blood after half a day, against the step.",
    alt=f"Both methods give straight lines on log axes, with slopes {orders['euler']:.1f} for "
    f"Euler and {orders['rk4']:.1f} for RK4.",
)

# %% [markdown] minutes=4
# ## A library solver picks its own step, to a tolerance you set
#
# `solve_ivp` runs two orders side by side and takes their difference for the error. If a step was
# too long, it goes back. `rtol` is the error allowed as a share of the value, `atol` the error
# allowed at any size. Tighten `rtol` a thousandfold and see what three digits cost.

# %%
from scipy.integrate import solve_ivp

rtol = 1e-6  # <- try 1e-3 and 1e-9
run = solve_ivp(lambda t, y: decay(y), (0, 0.5), [1.0], method="RK45", rtol=rtol, atol=1e-12)
by_hand = rk4(decay, 1.0, 0.5 / 200, 200)
assert np.isclose(run.y[0, -1], by_hand, rtol=10 * rtol)
print(f"RK4 by hand {by_hand:.6f}, solve_ivp {run.y[0, -1]:.6f}, exact {exact:.6f}")
print(f"calls by solve_ivp: {run.nfev}")

# %% [markdown] minutes=10
# ## The whole chain is stiff: its rates span five orders of magnitude
#
# Now all seven boxes. The chain is linear, so its slopes are a matrix times the state, and each
# eigenvalue of the matrix is one rate. Nothing flows back, so the matrix is triangular and its
# eigenvalues stand on the diagonal. Before you run: which box is the fastest, which the slowest?

# %%
from cgtlearn.models import aav_chain, stein2019

p = aav_chain.model.parameters_with(infusion_duration=0)
given = p.dose * p.weight
dosed = np.array([given, 0, 0, 0, 0, 0, 0])
names = list(aav_chain.model.states)


def slopes(y):
    """The right-hand side of the package's model, as an array."""
    return np.array(aav_chain.rhs(0, tuple(y), p, 0))


matrix = np.column_stack([slopes(unit) for unit in np.eye(7)])
assert np.array_equal(matrix, np.tril(matrix))  # triangular
rates = -np.diag(matrix)
for name, rate in zip(names, rates, strict=True):
    if rate > 0:
        print(f"{name:10s} rate {rate:8.5f} /d, half-life {np.log(2) / rate:9.2f} d")
span = rates.max() / rates[rates > 0].min()
assert 8e4 < span < 9e4

# %% [markdown] tags=["instructor"]
# Why do eigenvalues stand on the diagonal? Only because nothing flows back. If the room knows no
# linear algebra, say: each box empties at its own rate, and the seven rates are the diagonal.

# %% [markdown]
# The endosome is all but empty after two days, and slow boxes carry the next five years. A step of
# a few hours should do. This is Bo's loop, with his step. Run it. Then look for the longest step
# that works.

# %%
bo = 0.11  # day  <- halve it, then go back up


def course(h, days=12):
    """Euler through the chain: times and states."""
    y, path = dosed, [dosed]
    for _ in range(round(days / h)):
        y = y + h * slopes(y)
        path.append(y)
    return h * np.arange(len(path)), np.array(path).T


times, states = course(bo)
fix, endosome = states[names.index("factor_ix")], states[names.index("endosome")]
genomes = sum(states[names.index(n)] for n in ("blood", "endosome", "nucleus", "episome", "lost"))
print(f"factor IX on day {times[-1]:.0f}: {fix[-1]:,.0f} IU/dL")
print(f"in endosomes: {endosome[-1] / given:.1g} times what was infused")

# %% [markdown]
# Is conservation broken, then? Say yes or no before you look: do all genomes of Bo's exploding
# solution still add up to the dose?

# %%
my_answer = None  # <- True or False
early = times < 4
holds = bool(np.allclose(genomes[early], given, rtol=1e-6))
print(f"genomes add up to the dose, while endosomes swing: {holds}")
print(f"least in endosomes by then: {endosome[early].min() / given:.3g} doses")
if my_answer is not None:
    print("as you said" if my_answer == holds else "not as you said")

# %% [markdown] tags=["instructor"]
# Let them vote before they run. It looks as if conservation must break. It holds: what one box
# loses another gains, also in a wrong solution. Ask which check would have caught it (a bound: no
# negative number of genomes).

# %% [markdown]
# What one box loses another gains, even when the step is nonsense. A law that holds does not make a
# solution right. A negative number of genomes makes it wrong.

# %% tags=["slide"]
fig, ax = plot.figure()
for step, color, line in ((0.11, plot.VERMILLION, "-"), (0.09, plot.BLUE, "--")):
    t, y = course(step)
    ax.plot(t, y[names.index("factor_ix")], color=color, linestyle=line, lw=1.5, label=f"{step} d")
ax.set(xlabel="time after the dose (d)", ylabel="factor IX (IU/dL)", ylim=(-10, 20), xlim=(0, 8))
ax.legend(title="Euler's step")
short, long = (course(step)[1][names.index("factor_ix")] for step in (0.09, 0.11))
assert long[-1] > 10_000
plot.show(
    fig,
    caption="Factor IX in the same chain by Euler's method, with two steps that differ by half an "
    "hour, over the first eight days.",
    alt=f"With a step of 0.09 days factor IX rises smoothly to {short[-1]:.1f} IU/dL on day 12. "
    f"With 0.11 days it leaves the same curve near day 5 and reaches {long[-1]:,.0f} IU/dL.",
)

# %% [markdown] minutes=6
# ## Euler's limit is two over the fastest rate
#
# One Euler step multiplies the fastest box by $1 - hk$. Beyond $hk = 2$ that number is below $-1$,
# and what is left of the box comes back with the other sign, larger each time. That hardly anything
# was left does not help. Work out the limit for this chain.

# %%
my_limit = ...  # day, from `rates`
limit = 2 / rates.max()
assert 0.09 < limit < 0.11
if my_limit is not ...:
    print(f"yours {my_limit:.3f} d")
print(f"longest stable step {limit:.2f} d: {1826 / limit:,.0f} steps for five years")

# %% [markdown] tags=["instructor"]
# The stuck point is *why a box that is empty still matters*. Draw 1 - hk as a factor: at -1.1 a
# millionth of a genome doubles in size every seven steps and changes sign. It needs no start to
# speak of.

# %% [markdown]
# This is stiffness: the step is set by stability, not by what you want to see. Accuracy would allow
# days. Adaptive explicit solvers meet the same wall, and stay just below it.
#
# How much do you see of the box that sets the step? Make both its exits ten times as fast. Euler's
# limit shrinks tenfold, to a quarter of an hour. Guess what factor IX does, then look at both
# panels. After that, move the slowest rate, the loss of episomes.

# %%
explore(
    aav_chain.model,
    sliders={
        "escape_rate": (0.2, 20),
        "endosomal_loss_rate": (1.8, 180),
        "episome_loss_rate": (1e-5, 1e-2),
    },
    panels=[
        dict(show=["endosome", "nucleus", "episome"], x=(0.01, 1826), x_scale="log", y=(1e6, 1e14)),
        dict(show="fix_activity", x=(0.01, 1826), x_scale="log", y=(0.01, 300)),
    ],
    fixed={"infusion_duration": 0},
    reference=30,
    title="The chain from a quarter of an hour to five years, computed",
    predict=dict(
        question="Both exits of the endosome ten times as fast. Factor IX on day 30?",
        of="fix_activity at 30",
        at={"escape_rate": 20, "endosomal_loss_rate": 180},
    ),
)

# %% [markdown] minutes=5
# Factor IX stays where it was. What counts is the share that escapes, and that is the same. The
# problem has become ten times as stiff, and only the first day shows it. Yet the figure solves five
# years anew at each move of a slider, at once. It cannot be taking Euler's steps.
#
# ## An implicit step asks for the slope at the end
#
# Backward Euler takes the slope where the step arrives: $y_1 = y_0 + h\,A\,y_1$. The new state
# stands on both sides, so each step solves a linear system: $(1 - hA)\,y_1 = y_0$. The fast box is
# then divided by $1 + hk$, which is always safe. Try steps far beyond Euler's limit.

# %% tags=["slide"]
big = 5  # day  <- try 1, 30, 100


def backward_euler(y, h, steps):
    """Each step solves (1 - h A) y_new = y."""
    system = np.eye(7) - h * matrix
    for _ in range(steps):
        y = np.linalg.solve(system, y)
    return y


for days in (30, 1825):
    count = max(1, round(days / big))
    rough = backward_euler(dosed, big, count)[names.index("factor_ix")]
    print(f"day {count * big:4g}: factor IX {rough:.2f} IU/dL by {count} × {big} d")

# %% [markdown]
# The package, in three lines, holds the answer to compare with.

# %%
from cgtlearn.solve import solve

month, years = solve(aav_chain.model, p, [30, 1825])["fix_activity"]
ours = backward_euler(dosed, 0.1, 18250)[names.index("factor_ix")]

assert np.isclose(ours, years, rtol=1e-3)
low = backward_euler(dosed, 5, 6)[names.index("factor_ix")]  # six steps of five days
fast = p.changed(escape_rate=10 * p.escape_rate, endosomal_loss_rate=10 * p.endosomal_loss_rate)
assert np.isclose(solve(aav_chain.model, fast, [30])["fix_activity"][0], month, rtol=0.01)
assert 0.02 < 1 - low / month < 0.05
print(f"package: {month:.2f} IU/dL on day 30, {years:.2f} on day 1825; by hand {ours:.2f}")

# %% [markdown] minutes=4
# Safe is not the same as accurate: with steps of five days the level after years is right, and that
# of the first month a few per cent low. A good implicit solver starts with short steps and
# lengthens them as boxes empty.
#
# ## Count calls: the explicit solver pays for every day, the stiff one for the start
#
# RK45 is explicit. LSODA looks for stiffness and changes to an implicit method. Both at the same
# tolerance; counts are rounded to thousands, since machines differ in the last steps.


# %%
def calls(method, days):
    """Calls of the right-hand side, and factor IX at the end."""
    count = 0

    def counted(t, y):
        nonlocal count
        count += 1
        return matrix @ y

    run = solve_ivp(counted, (0, days), dosed, method=method, rtol=1e-6, atol=1e-6)
    return count, run.y[names.index("factor_ix"), -1]


tally = {(m, d): calls(m, d) for m in ("RK45", "LSODA") for d in (30, 365, 1826)}
for method in ("RK45", "LSODA"):
    row = [f"{d} d: {round(tally[method, d][0], -3):6,d}" for d in (30, 365, 1826)]
    print(f"{method:6s}calls for  " + "   ".join(row))
cleo, stiff = tally["RK45", 1826][0], tally["LSODA", 1826][0]
assert np.isclose(tally["RK45", 1826][1], tally["LSODA", 1826][1], rtol=1e-4)
assert cleo > 20 * stiff and 7 < tally["RK45", 365][0] / tally["RK45", 30][0] < 9
calls_guess.compare(round(cleo, -3))

# %% [markdown] tags=["instructor"]
# Compare with the guesses. If somebody asks why the course does not always use LSODA: for thousands
# of patients at once a batched method is faster; the page on populations says how.

# %% [markdown] minutes=6
# Same answer, same tolerance, more than twenty times the work. Twelve times as many days cost the
# explicit solver about eight times as many calls, and the stiff solver hardly more.
#
# ## A count below the tolerance is noise, and noise can grow
#
# Now a CAR T cell count. It contracts for two hundred days, until antigen comes back, and then
# expands for a month. Both rates are those of the tisagenlecleucel model; the course is made up.
# Solve it twice with one solver and one setting: as a count, and as the logarithm of the count.
#
# For a log state $z = \ln N$ the slope is $dz/dt = (dN/dt)/N$. Write it for $dN/dt = rN$.

# %%
contraction = ledger.value("stein2019.contraction_rate")  # 1/day
expansion = np.log(ledger.value("stein2019.fold_expansion")) / ledger.value("stein2019.tmax")
start_count, turn, last_day = 1000.0, 200.0, 230.0  # cells/µL, day, day
my_slope = None  # <- the slope of the log state, as text, such as "r * z"

if my_slope is not None:
    print("yes" if my_slope.replace(" ", "") == "r" else "no: divide r * N by N")
count_guess = guess("Day 230, solved as a count: how many times too high?", None)  # <- for None

# %%
atol = 1e-6  # the default of solve_ivp, cells/µL  <- then try 1e-9 and 1e-14


def both_phases(slope, y):
    """Solve down to the turn, then up; times and values."""
    t, values = [], []
    for rate, begin, stop in ((-contraction, 0.0, turn), (expansion, turn, last_day)):
        run = solve_ivp(lambda t, y, r=rate: slope(r, y), (begin, stop), [y], rtol=1e-6, atol=atol)
        t, values, y = [*t, *run.t], [*values, *run.y[0]], run.y[0, -1]
    return np.array(t), np.array(values)


count_times, as_count = both_phases(lambda r, n: r * n, start_count)
log_times, as_log = both_phases(lambda r, z: [r], np.log(start_count))
true_low = start_count * np.exp(-contraction * turn)
true_end = true_low * np.exp(expansion * (last_day - turn))
assert np.isclose(np.exp(as_log[-1]), true_end, rtol=1e-4)
print(f"exact:            {true_end:.1f} cells/µL on day {last_day:.0f}")
print(f"as a logarithm:   {np.exp(as_log[-1]):.1f} cells/µL")
too_high = as_count[-1] / true_end
shown = f"{as_count[-1]:.1f}" if too_high < 5 else f"10^{np.log10(as_count[-1]):.0f}"
print(f"as a count:       {shown} cells/µL")
count_guess.compare(round(too_high, 1) if too_high < 5 else 10.0 ** round(np.log10(too_high)))

# %% tags=["slide"]
fig, ax = plot.figure()
ax.semilogy(count_times, as_count, color=plot.VERMILLION, linestyle="--", label="as a count")
ax.semilogy(log_times, np.exp(as_log), color=plot.BLUE, linestyle="-", label="as a logarithm")
ax.axhline(atol, color=plot.BLACK, linestyle=":", label="atol")
ax.set(xlabel="time (d)", ylabel="CAR T cells (cells/µL)", xlim=(0, last_day), ylim=(1e-12, 1e6))
ax.set_yticks([1e-12, 1e-9, 1e-6, 1e-3, 1, 1e3, 1e6])
ax.legend(loc="lower left")
plot.show(
    fig,
    caption="A cell count that contracts for 200 days and then expands, solved twice with the same "
    "settings. A made-up course.",
    alt=f"Solved as a logarithm the count falls in a straight line to 10^{np.log10(true_low):.0f} "
    f"cells/µL and ends at {true_end:.1f}. Solved as a count it hangs near the absolute tolerance "
    f"of {atol:.0e}, and ends at {shown} cells/µL.",
)

# %% [markdown]
# Below `atol` the solver has promised nothing. What it holds there is left-over error, and growth
# multiplies it like cells. The logarithm keeps its digits at any size. That is why a model of this
# course names `log_states`, and starts them above zero: a state that starts at zero has no
# logarithm, which is why the AAV chain has none.
#
# But ask what the small number means. How many cells are left in all of the blood on day 200? Guess
# first.

# %%
cells_guess = guess("Cells in all of the blood, day 200?", None, unit="cells")  # <- for None
ul_of_blood = ledger.value("zou2022.blood_volume") * ledger.value("aav_chain.weight") * 1000
cells_guess.compare(float(f"{true_low * ul_of_blood:.1g}"))
print("log states of stein2019:", *stein2019.model.log_states)
print("log states of aav_chain:", *aav_chain.model.log_states or ["none"])

# %% [markdown] tags=["instructor"]
# Here the numerics end and the biology begins. A hundred thousandth of a cell cannot divide. Do not
# let the room leave with "log states are right"; they are right for the equation.

# %% [markdown] minutes=2
# No cell is left to revive. The log state solved the equation right, and the equation had stopped
# being true: numbers of cells are whole. Whether the last one dies is chance, and chapter 08 counts
# it.
#
# ## Decide: what do you hand to the board?
#
# Multiply the calls by the people.

# %%
virtual_people = 10_000  # <- as many as you like
for name, n in (("RK45", cleo), ("LSODA", stiff)):
    print(f"{name:6s}{round(n, -3) * virtual_people / 1e6:6,.0f} million calls")
my_choice = ""  # <- one sentence: method, and which states as logarithms
print(my_choice or "no choice yet")

# %% [markdown] minutes=0 tags=["slide"]
# Cleo was right, at many times the price. A method that is implicit where it must be gives the
# same curves for a small part of the work. `cgtlearn.solve` starts with LSODA for that reason,
# stops at each dose and switch, and says in its result which method it used.
#
# **What no solver can tell.** Whether the rates are right, and whether the equations still hold.
# *Context of use:* to choose a method and a tolerance for models like these.
#
# ## What to keep
#
# - Halve the step: Euler's error halves, that of RK4 falls sixteenfold. Measure it on your problem.
# - Stiff means that stability sets the step, not accuracy. Euler's limit is two over the fastest
#   rate.
# - Conservation holds in a wrong solution as well. Check bounds and a second method.
# - Implicit steps are safe at any length, and accurate only where little changes.
# - Solve a state as its logarithm if it spans decades, starts above zero, and is more than one
#   cell.
#
# **Reading.** The SciPy manual on `solve_ivp`. Next: chapter 07, where a cell count does all of
# this.
