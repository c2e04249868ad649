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
# # Exercises: the numerical toolkit
#
# Type your answer in place of `...` and run the cell. `hint("00.5")` gives a first step, called
# again a second one. `solution("00.5")` opens once you have tried.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 00.5 · A Runge-Kutta step with a slip · find-the-bug · level 2 · 6 min
#
# This function takes one RK4 step for $dy/dt = -k y$. It runs, and its results look plausible. But
# half the step makes the error four times smaller, not sixteen. Find the slip and mend it.


# %% tags=["answer"]
def rk4_step(y, k, h):
    start = -k * y
    middle = -k * (y + h / 2 * start)
    middle_again = -k * (y + h / 2 * middle)
    end = -k * (y + h * middle_again)
    return y + h * (start + middle + middle_again + end) / 4


# --- solution
def rk4_step(y, k, h):
    start = -k * y
    middle = -k * (y + h / 2 * start)
    middle_again = -k * (y + h / 2 * middle)
    end = -k * (y + h * middle_again)
    return y + h * (start + 2 * middle + 2 * middle_again + end) / 6


# --- end
check("00.5", rk4_step)

# %% [markdown] tags=["worked"]
# The slopes are right; their mean is not. A plain mean of the four leaves a method of order 2, and
# the curve still looks right. Only a measured order shows it. Simpson's weights, 1, 2, 2, 1 over 6,
# restore order 4.


# %% tags=["spec"]
def _taylor(y, k, h, last):
    return y * sum((-k * h) ** n / np.prod(np.arange(1, n + 1)) for n in range(last + 1))


def _weighted(y, k, h, weights, total):
    start = -k * y
    middle = -k * (y + h / 2 * start)
    middle_again = -k * (y + h / 2 * middle)
    end = -k * (y + h * middle_again)
    return y + h * np.dot(weights, [start, middle, middle_again, end]) / total


exercise(
    "00.5",
    kind="find-the-bug",
    level=2,
    minutes=6,
    title="A Runge-Kutta step with a slip",
    answer=function(
        rk4_step,
        probes=[(1.0, 1.0, 0.5), (100.0, 6.0, 0.3), (3.0, 0.2, 2.0)],
        rtol=1e-6,
        shared_slips=False,
        when_right="Order 4 again: half the step, a sixteenth of the error.",
    ),
    wrong=[
        slip(
            lambda y, k, h: _weighted(y, k, h, (1, 1, 1, 1), 6),
            "reading",
            "The sum is divided by 6 now, but the weights in it add up to 4. The step goes two "
            "thirds of the way.",
            "What you divide by has to be the sum of the weights. Which slopes should weigh more?",
        ),
        slip(
            lambda y, k, h: _weighted(y, k, h, (1, 2, 2, 1), 4),
            "reading",
            "The weights are right. They add up to 6, and you divide by 4.",
            "What you divide by has to be the sum of the weights.",
        ),
        slip(
            lambda y, k, h: _weighted(y, k, h, (2, 1, 1, 2), 6),
            "reading",
            "The weights add up to 6, but they stand on the wrong slopes: start and end count "
            "double.",
            "It is the middle of the step that counts double.",
        ),
        slip(
            lambda y, k, h: y + h * (-k * y),
            "step-size",
            "This is an Euler step: it uses the slope at the start alone.",
            "Keep the four slopes, and look at how they are averaged.",
        ),
        slip(
            lambda y, k, h: _taylor(y, k, h, 2),
            "step-size",
            "This is the midpoint method, of order 2: it drops two of the four slopes.",
            "Keep the four slopes, and look at how they are averaged.",
        ),
        slip(
            lambda y, k, h: y * np.exp(-k * h),
            "reading",
            "This is the exact solution of this one equation. The method is not mended by it.",
            "Keep the four slopes, and look at how they are averaged.",
        ),
    ],
    hints=[
        "The four slopes are computed correctly. Look at the line that puts them together.",
        "The two slopes in the middle count twice, so the weights are 1, 2, 2, 1. What do they add "
        "up to?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 00.6 · The longest step · predict · level 2 · 4 min
#
# The fastest box of a chain has a half-life of {{half_life:.0f}} minutes. How long, **in minutes**,
# is the longest Euler step at which its error does not grow?

# %% tags=["answer"]
p = given("00.6")  # p.half_life, minutes
longest = ...  # minutes
# --- solution
rate = np.log(2) / p.half_life  # 1/minute
longest = 2 / rate
# --- end
check("00.6", longest)

# %% [markdown] tags=["worked"]
# A step multiplies the box by $1 - hk$. Its size stays at or below 1 while $hk \le 2$, and
# $k = \ln(2)/{{half_life:.0f}}$ per minute. So $h = 2/k$, about {{longest:.0f}} minutes. To stay
# positive the box needs half of that, and to be accurate a good deal less.

# %% tags=["spec"]
exercise(
    "00.6",
    kind="predict",
    level=2,
    minutes=4,
    title="The longest step",
    answer=number(
        longest,
        unit="min",
        rtol=0.02,
        when_right="And that holds for years, though the box is as good as empty on the first day.",
    ),
    wrong=[
        slip(
            2 * p.half_life,
            "half-life-for-rate",
            "You took two half-lives. The limit is two over the rate, and the rate is ln(2) over "
            "the half-life.",
        ),
        slip(
            longest / 2,
            "reading",
            "At this step the box is empty in one step and stays positive. It may overshoot and "
            "still not grow.",
            "Ask for which h the size of 1 - h k stays at or below 1.",
        ),
        slip(
            2 / p.half_life,
            "half-life-for-rate",
            "You used the half-life as if it were the rate.",
        ),
        slip(
            2 * p.half_life / np.log10(2),
            "log10-for-ln2",
            "A log10(2) stands where ln(2) belongs.",
        ),
        slip(
            2 * p.half_life * np.log(2),
            "half-life-for-rate",
            "You multiplied by ln(2) where you should have divided.",
        ),
        slip(
            p.half_life,
            "half-life-for-rate",
            "This is the half-life itself. The limit is two over the rate.",
        ),
        slip(
            rate,
            "half-life-for-rate",
            "This is the rate, in 1/min. Its use comes next.",
            "The limit is two over the rate.",
        ),
        slip(
            2 / np.log(2),
            "half-life-for-rate",
            "You used ln(2) as the rate. The half-life is missing in it.",
        ),
        slip(
            longest / 60,
            "minutes-for-hours",
            "This is the step in hours. Minutes are asked for.",
            "Multiply by 60, or keep minutes from the start.",
        ),
    ],
    hints=[
        "Turn the half-life into a rate first: k = ln(2) / half-life.",
        "One step multiplies the box by 1 - h k. Its size must not be larger than 1.",
    ],
    draw={"half_life": between(5, 40, step=1, default=10)},
    shown={"longest": longest},
)

# %% [markdown] tags=["exercise"]
# ## 00.7 · Count or logarithm? · decide · level 2 · 4 min
#
# A model of CAR T cells and tumor has four states: effector cells (start at 1 cell/µL, range from
# $10^{-4}$ to $10^{3}$), memory cells (start at 0), tumor cells (start at $10^{9}$ cells, fall to
# $10^{-3}$ of a cell and grow again), and the cytokine IL-6 (starts at 5 pg/mL, ranges from 2 to
# 3,000). All are solved by LSODA with `rtol=1e-8, atol=1e-12`. Which change would you make first?

# %% tags=["answer"]
my_choice = ...  # one of the letters, in quotes
# --- solution
my_choice = "d"
# --- end
check("00.7", my_choice)

# %% [markdown] tags=["worked"]
# Once they have left zero, no state comes near `atol`, so the numerics are in order. The meaning
# is not: below one tumor cell the equation goes on with a fraction of a cell, and lets it grow
# back. That needs a rule for the last cell, or chance, before any change of scale.

# %% tags=["spec"]
exercise(
    "00.7",
    kind="decide",
    level=2,
    minutes=4,
    title="Count or logarithm?",
    answer=choice(
        {
            "a": "Solve all four as logarithms: they span decades.",
            "b": "Solve the tumor as a logarithm, so that it keeps its digits below one cell.",
            "c": "Loosen atol to 1e-6, since nobody measures 1e-12 cells/µL.",
            "d": "Say what happens below one tumor cell; the numerics can stay.",
        },
        right="d",
        when_right="First the meaning, then the digits.",
    ),
    wrong=[
        slip(
            "a",
            "reading",
            "Memory cells start at zero, and zero has no logarithm.",
            "Look at where each state starts.",
        ),
        slip(
            "b",
            "reading",
            "The digits would be right and the cells a fiction: below one cell there is none.",
            "Ask what a third of a tumor cell does in the equation, and what it does in a body.",
        ),
        slip(
            "c",
            "step-size",
            "Effector cells fall to 1e-4 cells/µL. An error of 1e-6 is a hundredth of that, and "
            "growth multiplies it. What nobody measures today may grow back tomorrow.",
            "Keep atol far below the smallest value that may grow back.",
        ),
    ],
    hints=[
        "Compare each state's smallest value with atol: are the digits in danger at all?",
        "Then ask of each state whether its smallest value means anything in a body.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 00.8 · A second dose on day 14 · order · level 1 · 5 min
#
# The solver takes smooth slopes, and a second dose is a jump. So the four weeks are solved in two
# pieces that meet on day 14, with the same dose into the first box on day 0 and on day 14.
# `run.t` are a run's times, `run.y[:, 0]` is its first state and `run.y[:, -1]` its last. Put the
# lines in order. One of them does not belong.

# %% tags=["answer"]
my_order = ...  # the letters in order, as in ["A", "B", "C"]
# --- solution
my_order = ["D", "B", "G", "E", "C", "A"]
# --- end
check("00.8", my_order)

# %% [markdown] tags=["worked"]
# Each line needs what another one makes. The first run needs a dosed state. Its **last** state is
# what the patient has on day 14; the dose is added to that, not put in its place. Only then can the
# second run begin. Whoever lets one run go from day 0 to day 28 has no place for the dose at all.
#
# The line with `[:, 0]` throws two weeks away: it goes back to the state of day 0.

# %% tags=["spec"]
lines = {
    "A": "values = np.concatenate([first.y, second.y], axis=1)",
    "B": "first = solve_ivp(slopes, (0, 14), state)",
    "C": "second = solve_ivp(slopes, (14, 28), state)",
    "D": "state = np.array([dose, 0.0, 0.0])",
    "E": "state = state + np.array([dose, 0.0, 0.0])",
    "F": "state = first.y[:, 0]",
    "G": "state = first.y[:, -1]",
}


def run_in_order(keys):
    """What the second dose leaves on day 28 when the lines run in this order; NaN if they fail."""
    from scipy.integrate import solve_ivp

    def slopes(t, y):
        return np.array([-0.2 * y[0], 0.2 * y[0] - 0.1 * y[1], 0.1 * y[1]])

    space = {"np": np, "solve_ivp": solve_ivp, "slopes": slopes, "dose": 50.0}
    try:
        for key in keys:
            exec(lines[key], space)
    except NameError:
        return np.nan
    return space["values"][:, -1].sum()


right_order = ["D", "B", "G", "E", "C", "A"]
assert round(run_in_order(right_order)) == 100  # no loss: two doses are there
assert np.isnan(run_in_order(["B", "D", "G", "E", "C", "A"]))
assert round(run_in_order(["D", "B", "E", "G", "C", "A"])) == 50  # the second dose is lost
assert round(run_in_order(["D", "B", "G", "C", "E", "A"])) == 50
exercise(
    "00.8",
    kind="order",
    level=1,
    minutes=5,
    title="A second dose on day 14",
    answer=order(
        lines,
        right_order,
        when_right="Solve to the jump, read the last state, jump, and start again from there.",
    ),
    wrong=[
        slip(
            ["D", "B", "E", "G", "C", "A"],
            "wrong-phase",
            "You add the dose, and the next line overwrites the state with the end of the first "
            "run. The second dose is lost.",
            "Read the state of day 14 first, then add the dose to it.",
        ),
        slip(
            ["D", "E", "B", "G", "C", "A"],
            "wrong-phase",
            "You add the second dose before the first run: both are given on day 0.",
            "The second dose belongs between the two runs.",
        ),
        slip(
            ["D", "B", "G", "C", "E", "A"],
            "wrong-phase",
            "You add the dose after the second run, where nothing uses it any more.",
            "Ask which line needs the state with the second dose in it.",
        ),
        slip(
            ["D", "B", "F", "G", "E", "C", "A"],
            "reading",
            "All is in order, but one line is too many: what F sets, G overwrites at once.",
            "Leave the line out that does not belong.",
        ),
        slip(
            ["D", "B", "G", "F", "E", "C", "A"],
            "wrong-phase",
            "You go back to the first state of the run. The second run then starts as on day 0, "
            "with two doses, and two weeks are forgotten.",
            "Ask what the patient has on day 14.",
        ),
        slip(
            ["D", "B", "C", "G", "E", "A"],
            "wrong-phase",
            "Both runs stand before the jump, so the second one starts on day 14 with the state of "
            "day 0.",
            "Prepare the state of day 14 before the run that starts there.",
        ),
    ],
    hints=[
        "Each run needs a state to start from. Which line makes the state of day 0?",
        "Between the two runs: first read where the first one ended, then add the dose to that.",
    ],
)
