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

# %% [markdown] minutes=5
# # Twice the dose, twice the odds of harm. Will half the dose spare anybody?
#
# *You will be able to* draw what moves dose and harm, adjust, standardise and weight by hand, say
# what none of them can mend, and tell an effect from time that was never at risk · *you need* odds
# and logarithms, and the burden of the second notebook · *90 minutes*
#
# **The question.** A safety board looks at a registry of CAR T patients. Nearly half of them had
# severe cytokine release (grade 3 or 4 {term}`CRS`). For twice the dose its odds are twice as high:
# odds are $p/(1-p)$, and their ratio is an odds ratio, {term}`OR`. The interval is far from 1. A
# member proposes to halve the dose for everybody. You are asked to vote.
#
# All people in this notebook are simulated. That has one merit: we can give *the same people*
# another dose and look what happens. So the truth is known, and each method can be judged by it.
#
# Guess first.

# %%
import numpy as np

from cgtlearn import datasets, estimate, ledger, plot
from cgtlearn.errors import LearnerError
from cgtlearn.exercises import guess
from cgtlearn.explore import explore
from cgtlearn.models import hardiansyah2019
from cgtlearn.population import trials
from cgtlearn.solve import solve

spared = guess(  # <- your turn: put a number in place of None
    "Crude odds ratio 2.1 per doubling. Half the dose for all: severe CRS falls by how many % "
    "points?",
    None,
)
PEOPLE, SEED = 1000, 2
people = trials.confounded(PEOPLE, SEED)
high = people.dose > 1  # above the typical dose
print(f"{PEOPLE:,} simulated people: {high.sum()} above the typical dose, "
      f"{people.crs.sum():.0f} with severe CRS")

# %% [markdown] tags=["instructor"]
# Take votes: halve or not, and why. Write the number of points on the board. Ten points or more is
# what follows when the odds ratio is taken for an effect. Do not comment; the same people are
# treated again in half an hour.

# %% [markdown] minutes=6
# ## The first plot shows harm, and nobody made a mistake in it
#
# Order people by dose, cut them into four groups of equal size, and count. Then compare the two
# halves: above and below the typical dose.
#
# Then fit a logistic regression: a straight line for the logarithm of the odds. It gives the odds
# ratio for twice the dose. Newton's method fits it in five lines; the package does the same with
# intervals.

# %% tags=["slide"]
groups = np.array_split(np.argsort(people.dose), 4)  # <- your turn: 3 groups, or 8
doses = np.array([np.exp(np.log(people.dose[g]).mean()) for g in groups])
shares = np.array([100 * people.crs[g].mean() for g in groups])

fig, ax = plot.figure()
ax.plot(doses, shares, "o-", color=plot.VERMILLION)
ax.set(xscale="log", xlabel="dose (times the typical)", ylabel="severe CRS (%)", ylim=(0, 100))
ax.set_xticks([0.5, 1, 2], ["0.5", "1", "2"])
ax.minorticks_off()
plot.show(
    fig,
    caption="Severe cytokine release by fourths of dose (1,000 simulated people).",
    alt=f"From the lowest to the highest fourth of dose the share with severe CRS rises from "
    f"{shares[0]:.0f} to {shares[-1]:.0f} %.",
)

risk_high, risk_low = people.crs[high].mean(), people.crs[~high].mean()
crude = risk_high - risk_low
print(f"severe CRS: {risk_high:.0%} above the typical dose, {risk_low:.0%} below; "
      f"difference {100 * crude:.0f} points")

# %%
def fit_logistic(y, *columns):
    """Coefficients of a logistic regression, the intercept first, by Newton's method."""
    x = np.column_stack([np.ones(len(y)), *columns])
    b = np.zeros(x.shape[1])
    for _ in range(10):
        p = 1 / (1 + np.exp(-x @ b))
        b = b + np.linalg.solve((x.T * (p * (1 - p))) @ x, x.T @ (y - p))
    return b


by_hand = np.exp(fit_logistic(people.crs, np.log2(people.dose))[1])
package = estimate.logistic(people.crs, people.dose, name="dose")
assert np.isclose(by_hand, package.per_doubling().value)
assert package.per_doubling().low > 1.5 and round(by_hand, 1) == 2.1
print(f"{by_hand:.2f} by hand\n")
print(package)

# %% [markdown] minutes=6
# ## Draw who moves whom
#
# Before any adjusting: a drawing. Each arrow says *if I changed this, that would change*. Where
# does burden point? In notebook 2 more tumor gave a higher peak. What about dose? In practice
# whoever has more disease may get more. And severe CRS may be more frequent with more tumor,
# though not everywhere: in FELIX, the trial of obe-cel, it was rare at either burden
# {cite:p}`felix_burden`. Our registry is built so that it is.
#
# Does burden really move both the cells and the cytokine? Ask a model that knows nothing of our
# registry: Hardiansyah and Ng's, of one person with leukemia. Guess; then move the dose, then the
# burden.

# %%
four_doses = guess("Four times the dose: the peak of IL-6, times?", None)  # <- your turn
explore(
    hardiansyah2019.model,
    sliders={"dose": (0.3, 2.2), "b_cells": (3, 5)},
    panels=[dict(show=["car_t"], title="CAR T cells"), dict(show=["il6"], title="IL-6")],
    x=(0, 30),
    predict=dict(
        question="The leukemia grows by a fifth, to 5e9 cells. How high is the peak of IL-6 now?",
        of="peak of il6",
        at={"b_cells": 5},
    ),
)

# %%
DAYS = np.arange(0, 30.01, 0.05)


def peaks(**changes):
    """Peaks of CAR T cells (1e9 in blood) and IL-6 (pg/mL)."""
    model = hardiansyah2019.model
    course = solve(model, model.parameters_with(**changes), DAYS)
    return np.array([course["car_t"].max(), course["il6"].max()])


usual = hardiansyah2019.model.parameters_with().b_cells
MORE = 5  # 1e9 leukemic cells; <- your turn: 4.5, or 4.8
by_dose = peaks(dose=1.2) / peaks(dose=0.3)
by_burden = peaks(b_cells=MORE) / peaks()
print(f"4 times the dose:        CAR T peak times {by_dose[0]:.2f}, IL-6 times {by_dose[1]:.2f}")
print(f"{MORE / usual:.1f} times the leukemia:  CAR T peak times {by_burden[0]:.2f}, "
      f"IL-6 times {by_burden[1]:.2f}")
assert abs(by_dose[1] - 1) < 0.05 and by_burden.min() > 1
four_doses.compare(round(float(by_dose[1]), 2))

# %% [markdown]
# Burden moves the peak *and* the cytokine; dose moves hardly any. The sizes belong to one person
# and to a model that is too steep (notebook 2). The direction is what we take.
#
# Now the drawing. Its name is {term}`DAG`, a directed acyclic graph: arrows, and no way round in a
# circle. Burden is a **common cause** of dose and harm: a {term}`confounder`. How strong its arrows
# are we chose. The table under the figure says which numbers are published and which are ours.

# %% tags=["slide"]
PLACES = {"burden": (0.5, 0.9), "dose": (0, 0.2), "Cmax": (0.5, 0.2), "severe CRS": (1, 0.2)}


def draw(ax, arrows, dashed=(), boxed=()):
    """A DAG: arrows as pairs of names; what is adjusted for stands in a box."""
    for start, end in arrows:
        line = "--" if (start, end) in dashed else "-"
        ax.annotate(
            "", xy=PLACES[end], xytext=PLACES[start],
            arrowprops=dict(arrowstyle="-" if line == "--" else "-|>", lw=1.6, ls=line,
                            shrinkA=24, shrinkB=24,
                            color=plot.VERMILLION if line == "--" else plot.BLACK),
        )  # fmt: skip
    for name in {name for pair in arrows for name in pair}:
        edge = plot.BLUE if name in boxed else "white"
        ax.text(*PLACES[name], name.replace(" ", "\n"), ha="center", va="center",
                bbox=dict(boxstyle="square,pad=0.3", fc="white", ec=edge, lw=2))  # fmt: skip
    ax.set(xlim=(-0.2, 1.25), ylim=(-0.1, 1.05))
    ax.axis("off")


registry = [("burden", "dose"), ("burden", "Cmax"), ("burden", "severe CRS"),
            ("Cmax", "severe CRS")]  # fmt: skip
fig, ax = plot.figure()
draw(ax, registry)
plot.show(
    fig,
    caption="The registry as it was simulated. No arrow leaves dose.",
    alt=f"A graph with {len(registry)} arrows: from burden to dose, Cmax and severe CRS, and from "
    "Cmax to severe CRS; dose is reached only from burden.",
)
r = np.corrcoef(np.log(people.burden), np.log(people.dose))[0, 1]
print(f"correlation of ln(dose) and ln(burden): {r:.2f}\n")
ledger.show(
    "epar_kymriah2018.severe_crs_share",
    "confounded_trial.dose_with_burden",
    "confounded_trial.burden_odds_ratio",
)

# %% [markdown] tags=["instructor"]
# Stuck point: *no arrow leaves dose, so why are dose and CRS associated?* Trace with a finger:
# dose ← burden → severe CRS. An association walks along arrows in both directions; a change
# walks along them in one.

# %% [markdown] minutes=7
# Nothing in the drawing says that dose does harm. Yet dose and CRS are associated, by the open way
# *dose ← burden → severe CRS*. To close it: compare people of one burden.
#
# ## Among people of one burden, dose does nothing
#
# Cut burden into classes. In each, compare high and low dose. Then put the differences together,
# each weighted by how many people are in the class. That is **standardisation**, or the
# {term}`g-formula`. With $k$ for a class, $a$ for the dose (high or low) and $R(a)$ for everybody's
# risk under it:
#
# $$R(a) = \sum_k P(k)\; P(\text{CRS} \mid a, k) .$$

# %% tags=["slide"]
def classes(values, number):
    """Which class each value is in: classes of equal size, from 0."""
    return np.searchsorted(np.quantile(values, np.arange(1, number) / number), values)


def standardised(y, exposed, k):
    """Risk difference, exposed less not, in the mixture of classes that all people have."""
    total = 0.0
    for one in np.unique(k):
        here = k == one
        total += here.mean() * (y[here & exposed].mean() - y[here & ~exposed].mean())
    return total


four = classes(people.burden, 4)
print("burden       people   low dose: CRS    high dose: CRS   difference")
for one, word in enumerate(("lowest", "second", "third", "highest")):
    here = four == one
    a, b = people.crs[here & ~high], people.crs[here & high]
    print(f"{word:<12}{here.sum():>7}{a.size:>8}: {a.mean():>4.0%}{b.size:>12}: {b.mean():>4.0%}"
          f"{100 * (b.mean() - a.mean()):>11.0f}")
print(f"\ncrude                    {100 * crude:>5.1f} points")
differences = {1: crude}
for number in (2, 4, 8):  # <- your turn: add 3, 6, 12
    differences[number] = standardised(people.crs, high, classes(people.burden, number))
    print(f"standardised, {number} classes  {100 * differences[number]:>5.1f} points")
assert crude > 0.2 and abs(differences[4]) < 0.03 < differences[2] < crude / 2

# %% [markdown] minutes=5
# Most of the difference goes with only two classes, nearly all with four. Within "high burden"
# there is still higher and lower, so a confounder cut into *high* and *low* leaves confounding
# behind.
#
# Look at the first and the last line of the table. How many people does each difference rest on?
#
# ## Weighting asks how unlikely your dose was
#
# The same from another side. Whoever got a high dose at a low burden is rare, and speaks for the
# many like them who did not. Give each person the weight one over the probability of the dose that
# they had: {term}`inverse-probability weights`. Then each arm stands for all 1,000. Fill them in; a
# line says whether yours are right.

# %%
share_high = np.array([high[four == one].mean() for one in range(4)])[four]  # P(high | class)
mine = None  # <- your turn: np.where(high, ..., ...) with one over the probability
weights = np.where(high, 1 / share_high, 1 / (1 - share_high))
if mine is not None:
    print("your weights:", "right\n" if np.allclose(mine, weights) else
          f"not yet. They add up to {np.sum(mine[high]):.0f} and {np.sum(mine[~high]):.0f}; each "
          f"arm should stand for {PEOPLE:,}. What was the chance of the dose that each had?\n")

weighted = np.average(people.crs[high], weights=weights[high]) - np.average(
    people.crs[~high], weights=weights[~high]
)
print(f"sum of weights: {weights[high].sum():.0f} high, {weights[~high].sum():.0f} low dose")
print(f"weighted difference {100 * weighted:.2f}, standardised {100 * differences[4]:.2f} points")
assert np.isclose(weighted, differences[4])

is_class = {f"class {k}": (four == k).astype(float) for k in (1, 2, 3)}
by_class = estimate.weight(people.crs, high, covariates=is_class, resamples=100)
assert np.isclose(by_class.difference.value, weighted)
print(f"{by_class!r}\nlargest weight {by_class.extra['largest weight']:.1f}, worth "
      f"{by_class.extra['effective number of people']:.0f} people")

# %% [markdown] minutes=7
# Weighted and standardised are equal to the last digit: with classes they are the same sum, written
# in another order. Without classes, each needs a model, and the models differ: standardising needs
# one of the *outcome*, weighting one of the *exposure*. If both agree, that is worth something.
#
# ## A regression does it without classes, and the truth agrees
#
# Put burden into the regression as a number. Then give everybody half the typical dose, then twice,
# and take the mean of the predicted risks. By hand, then by the package. Its intervals are
# {term}`bootstrap` intervals: the same again on people drawn anew from the registry.
#
# Then do what no registry can. Take the same people, with the same burden and the same luck, and
# treat them again: half the dose, then twice.

# %%
z = np.log(people.burden)
b = fit_logistic(people.crs, np.log2(people.dose), z)


def mean_risk(dose):
    """Everybody's mean risk had all of them had this dose, by the regression."""
    return (1 / (1 + np.exp(-(b[0] + b[1] * np.log2(dose) + b[2] * z)))).mean()


LOW, HIGH = 0.5, 2.0  # <- your turn: other doses, as long as somebody had them
regression = estimate.logistic(people.crs, people.dose, name="dose", covariates={"burden": z})
standard = estimate.standardise(
    people.crs, people.dose, low=LOW, high=HIGH, covariates={"burden": z}, resamples=100
)
assert np.isclose(np.exp(b[1]), regression.per_doubling().value)
assert np.isclose(mean_risk(HIGH) - mean_risk(LOW), standard.difference.value)
assert regression.per_doubling().low < 1 < regression.per_doubling().high
print(f"odds ratio per doubling, adjusted: {regression.per_doubling().value:.2f} "
      f"({regression.per_doubling().low:.2f} to {regression.per_doubling().high:.2f})\n")
print(standard)

# %% tags=["slide"]
again = {d: trials.confounded(PEOPLE, SEED, do={"dose": d * people.dose}) for d in (0.5, 1, 2)}
for d, same in again.items():
    assert np.array_equal(same.burden, people.burden)
    print(f"{d:>3} times the dose that each had: {same.crs.sum():.0f} with severe CRS")
fewer = 100 * (again[1].crs.mean() - again[0.5].crs.mean())
crude_model = estimate.standardise(people.crs, people.dose, low=LOW, high=HIGH, resamples=100)
by_weight = estimate.weight(people.crs, high, covariates={"burden": z}, resamples=100)

rows = {
    "crude, high − low": (crude, None),
    "2 classes": (differences[2], None),
    "4 classes = weights": (differences[4], by_class.difference),
    "weights, no classes": (by_weight.difference.value, by_weight.difference),
    f"regression, {HIGH:g} − {LOW:g}": (standard.difference.value, standard.difference),
    f"crude, {HIGH:g} − {LOW:g}": (crude_model.difference.value, crude_model.difference),
}
fig, ax = plot.figure(size="wide")
for at, (value, interval) in enumerate(rows.values()):
    if interval is not None:
        ax.plot([100 * interval.low, 100 * interval.high], [at, at], "-", color=plot.BLUE)
    ax.plot(100 * value, at, "o", color=plot.BLUE)
ax.axvline(fewer, color=plot.VERMILLION, linestyle="--", label="truth, by treating again")
ax.set_yticks(range(len(rows)), list(rows))
ax.invert_yaxis()
ax.set(xlabel="difference in severe CRS (percentage points)", ylabel="method")
ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0))
plot.show(
    fig,
    caption="What dose does to severe CRS by six estimates, and by treating the same people again "
    "(simulated; bootstrap intervals).",
    alt=f"Crude differences are {100 * crude:.0f} and {100 * crude_model.difference.value:.0f} "
    f"points; adjusted ones lie around 0; the truth is {fewer:.0f}.",
    unitless="y",
)
assert standard.difference.low < 0 < standard.difference.high
assert by_weight.difference.low < 0 < by_weight.difference.high and fewer == 0
spared.compare(round(fewer, 1))

# %% [markdown]
# Half the dose spares nobody. That is no finding: we built the registry so. What was found is
# which methods give back what was put in. The crude ones do not.
#
# And outside? In JULIET, 111 people with lymphoma given tisa-cel, dose went with the severity of
# cytokine release, and no longer significantly so after adjusting for burden {cite:p}`awasthi2020`.
# *Not significant* is not *none*. What do 111 *simulated* people say, of whom we know the truth?
# Their table has a card.

# %%
table = datasets.load("simulated_confounded_111")
print(datasets.card("simulated_confounded_111").facts["truth"], "\n")
given = table.columns["EVID"] == 1  # one dose row each
few_dose, few_crs, few_burden = (table.columns[name][given] for name in ("AMT", "CRS34", "BURDEN"))
few = {}
for words, covariates in (("crude", None), ("adjusted", {"burden": np.log(few_burden)})):
    few[words] = estimate.logistic(few_crs, few_dose, covariates=covariates).per_doubling()
    print(f"{words:<9} odds ratio per doubling {few[words].value:.2f} "
          f"({few[words].low:.2f} to {few[words].high:.2f})")
assert few["crude"].low > 1 > few["adjusted"].low and round(few["adjusted"].high, 1) == 2.5

# %% [markdown] minutes=5
# Crude: clearly harmful. Adjusted: an interval from mild protection to 2.5-fold odds. It holds the
# truth, which is 1, and much else. Adjusting takes the bias away and makes no certainty.
#
# ## An odds ratio changes even where nothing confounds
#
# One more trap before we trust "adjusted". Two kinds of people, half and half. Without the drug
# their risks are 20 % and 80 %. The drug doubles the odds in *both*. It is given by lot. What is
# the odds ratio in all people together? Guess, then run.

# %%
together = guess("Odds ratio 2 in each half, given by lot. In all together?", None)  # <- your turn


def odds(p):
    return p / (1 - p)


without = np.array([0.2, 0.8])  # <- your turn: try 0.5 and 0.5, then 0.01 and 0.02
with_drug = 2 * odds(without) / (1 + 2 * odds(without))
marginal = odds(with_drug.mean()) / odds(without.mean())
print("odds ratios in the halves:", np.round(odds(with_drug) / odds(without), 2))
print(f"odds ratio in all:         {marginal:.2f}")
print(f"risk differences in the halves {np.round(100 * (with_drug - without), 1)}, "
      f"their mean {100 * (with_drug - without).mean():.1f}, in all "
      f"{100 * (with_drug.mean() - without.mean()):.1f} points")
assert without.tolist() != [0.2, 0.8] or round(marginal, 2) == 1.57
together.compare(round(float(marginal), 2))

# %% [markdown] minutes=6
# 1.57, not 2, and nobody has confounded anything. The odds ratio is {term}`non-collapsible`: adding
# a covariate that moves the outcome pushes it away from 1. The risk difference does collapse: the
# mean of the halves is that of all.
#
# So an odds ratio that changes on adjusting proves no confounding, and one that does not change
# disproves none. Compare risks where you can.
#
# ## Where nobody had the other dose, nothing can be weighted
#
# Weighting needs people of every burden at either dose: {term}`positivity`. Tie dose more and more
# to burden, and watch the largest weight and the number of people that the weighted data are worth.

# %%
least = {}
print("tie   largest weight   worth people   weighted difference (points)")
for tie in (0, 0.6, 0.9, 0.95):  # <- your turn: add a negative tie
    t = trials.confounded(PEOPLE, SEED, dose_with_burden=tie)
    w = estimate.weight(
        t.crs, t.dose > 1, covariates={"burden": np.log(t.burden)}, resamples=100
    )
    d = least[tie] = w.difference
    print(f"{tie:<6g}{w.extra['largest weight']:>13.1f}"
          f"{w.extra['effective number of people']:>15.0f}"
          f"{100 * d.value:>16.0f} ({100 * d.low:.0f} to {100 * d.high:.0f})")

assert least[0.6].low < 0 < least[0.6].high and least[0.95].low > 0.05
by_rule = (people.burden > np.median(people.burden)).astype(float)
try:
    estimate.weight(people.crs, by_rule, covariates={"burden": z})
except LearnerError as error:
    print(f"\nDose by rule, high burden gets the high dose:\n{error}")

# %% [markdown] minutes=5
# The truth is 0 in each line. With no tie, everybody is worth a person. At 0.9 a few oddities speak
# for all the others.
#
# The line of 0.95 looks better: no weight is so large, and more people are left. It is the worst.
# The oddities that it would take are not even in the registry, and its interval leaves out the
# truth. Small weights prove no positivity.
#
# With a rule, the package refuses. A regression would not: it draws its curve where nobody was.
#
# In FELIX the schedule of the dose *was* set by burden, the other way round: more blasts, less at
# first {cite:p}`felix_burden`. Within such a trial no weighting tells schedule from burden.
#
# ## What adjusting cannot mend: burden that was not measured
#
# Burden is seldom measured well. Blasts in one sample of marrow, a volume on a scan: each a proxy.
# Adjust for a proxy, from perfect to worthless.

# %% tags=["slide"]
many = trials.confounded(8000, 3)
true_burden = np.log(many.burden)
noise = np.random.default_rng(4).standard_normal(true_burden.size)
tells = np.array([1, 0.95, 0.9, 0.8, 0.6, 0.4, 0.2, 0])  # correlation of proxy and burden
ratios = []
for k in tells:
    proxy = k * true_burden + np.sqrt(1 - k**2) * noise
    ratios.append(np.exp(fit_logistic(many.crs, np.log2(many.dose), proxy)[1]))
ratios = np.array(ratios)
fig, ax = plot.figure()
ax.plot(tells, ratios, "o-", color=plot.BLUE, label="adjusted for the proxy")
ax.axhline(1, color=plot.VERMILLION, linestyle="--", label="truth")
ax.set(xlabel="correlation of proxy and burden (fraction)", ylim=(0.9, 2.4))
ax.set_ylabel("odds ratio per doubling (ratio)")
ax.legend()
at_08 = ratios[tells == 0.8][0]
plot.show(
    fig,
    caption="Dose does nothing, burden is measured by a proxy: the adjusted odds ratio of severe "
    "CRS (8,000 simulated people).",
    alt=f"With a perfect measure the adjusted odds ratio is {ratios[0]:.2f}; with a proxy that "
    f"correlates at 0.8 it is {at_08:.2f}, and without any {ratios[-1]:.2f}.",
)
left_over = np.log(at_08) / np.log(ratios[-1])
print(f"at 0.8 adjusting leaves {left_over:.0%} of the logarithm of the crude odds ratio")
assert 0.4 < left_over < 0.7 and abs(ratios[0] - 1) < 0.06

# %% [markdown] minutes=7
# A proxy with a correlation of 0.8, a good one, leaves about half of the association. No test on
# these data can tell that from an effect. It is called **residual confounding**.
#
# ## Adjusting for too much does harm of its own
#
# "Then adjust for all we have." Now a world in which dose *acts*: twice the dose raises Cmax, and
# Cmax raises the odds. Doses are given by lot, so nothing confounds. Should Cmax go into the
# regression? Guess the odds ratio of dose once Cmax stands beside it.

# %% tags=["slide"]
sign = guess("Odds ratio of dose with Cmax in the model?", None)  # <- your turn
acts = dict(dose_with_burden=0, dose_on_cmax=1)
t = trials.confounded(8000, 7, **acts)
half, twice = (trials.confounded(8000, 7, do={"dose": d}, **acts).crs.mean() for d in (0.5, 2))
print(f"treated again: {half:.0%} at half the dose, {twice:.0%} at twice. Dose harms.\n")

covariates = {"burden": np.log(t.burden), "Cmax": np.log2(t.cmax)}
found = {}
for names in ((), ("burden",), ("Cmax",), ("burden", "Cmax")):
    coefficients = fit_logistic(t.crs, np.log2(t.dose), *(covariates[n] for n in names))
    found[names] = np.exp(coefficients[1])
    words = " and ".join(names) or "nothing"
    print(f"dose, adjusted for {words:<18} odds ratio {found[names]:.2f}")
assert found[()] > 1.2 and found[("Cmax",)] < 0.8 and abs(found[("burden", "Cmax")] - 1) < 0.1

fig, axes = plot.figure(1, 2, size="wide")
mediated = [("burden", "Cmax"), ("burden", "severe CRS"), ("dose", "Cmax"), ("Cmax", "severe CRS")]
draw(axes[0], mediated)
draw(axes[1], [*mediated, ("burden", "dose")], dashed=[("burden", "dose")], boxed=["Cmax"])
axes[0].set_title("nothing adjusted")
axes[1].set_title("adjusted for Cmax")
plot.show(
    fig,
    caption="Doses by lot. Adjusting for Cmax blocks the way by which dose acts, and ties dose to "
    "burden (dashed).",
    alt=f"Two graphs: in the second Cmax is boxed, and a dashed line between burden and dose "
    f"appears; the odds ratio falls from {found[()]:.2f} to {found[('Cmax',)]:.2f}.",
)
sign.compare(round(float(found[("Cmax",)]), 2))

# %% [markdown] tags=["instructor"]
# The dashed line needs words: among people of *one* Cmax, those with more dose must have had less
# burden, or their Cmax would be higher. Less burden, less CRS: dose looks protective. Let two
# learners explain it to each other before you do.

# %% [markdown] minutes=6
# A harmful dose looks protective, and by a large margin. Two things happened. Cmax is a
# {term}`mediator`: with it held, the way by which dose acts is blocked. And it is a
# {term}`collider`: dose and burden both point to it, so among people of one Cmax more dose means
# less burden. Adding burden cures the second, and leaves the first: dose seems to do nothing.
#
# The drawing decides what to adjust for, not the data and not a *P*. Asking for all that dose
# does: burden yes, Cmax no.
#
# ## 2.17 per doubling of Cmax is an association
#
# Now a number that is often quoted {cite:p}`epar_kymriah2018`: for twice the Cmax, the odds of
# severe CRS were 2.17 times as high. It is published, and its status says so. Cmax was measured
# around the event, on the days on which cytokine release comes. For some the release began before
# the peak: then cause would follow effect. And high burden goes with a Cmax three times as high.
#
# So build three worlds. In each we choose what Cmax *does*, and what burden does. In each we then
# fit the crude regression as the report did, and *after that* halve everybody's Cmax.

# %%
ledger.show(
    "epar_kymriah2018.severe_crs_odds_ratio",
    "epar_kymriah2018.high_burden_cmax_excess",
    "confounded_trial.cmax_odds_ratio",
)
halved = guess("Cmax halved for all: CRS falls by how many points?", None)  # <- your turn
printed = ledger.row("epar_kymriah2018.severe_crs_odds_ratio")
print("what Cmax does   what burden does   crude odds ratio   if all Cmax were halved, CRS")
saved = {}
usual_burden = ledger.value("confounded_trial.burden_odds_ratio")
worlds = [(1.0, 5.0), (1.5, usual_burden), (printed.value, 1.0)]  # <- your turn: add a world
ratios = []
for effect, of_burden in worlds:
    world = dict(cmax_odds_ratio=effect, burden_odds_ratio=of_burden)
    seen = trials.confounded(20_000, 7, **world)
    less = trials.confounded(20_000, 7, do={"cmax": seen.cmax / 2}, **world)
    ratio = np.exp(fit_logistic(seen.crs, np.log2(seen.cmax))[1])
    saved[effect] = 100 * (seen.crs.mean() - less.crs.mean())
    print(f"{effect:>14.2f}{of_burden:>19.1f}{ratio:>19.2f}"
          f"{100 * seen.crs.mean():>15.0f} to {100 * less.crs.mean():.0f} %")
    ratios.append(ratio)
print(f"\nprinted: {printed.value} ({printed.spread[0]} to {printed.spread[1]})")
halved.compare(round(saved[1.5], 1))
assert all(printed.spread[0] < ratio < printed.spread[1] for ratio in ratios[:3])
assert saved[1.0] == 0 and saved[printed.value] > 10

# %% [markdown] tags=["instructor"]
# Ask which world is ours. The answer is that the three cannot be told apart from the published
# number, and that a sponsor would act differently in each. Who says *the middle one* has read the
# ledger, where it is a teaching value.

# %% [markdown] minutes=7
# All three odds ratios lie within the printed interval. Halving the peak would spare nobody in the
# first world and more than one in ten in the third. The published number does not choose. So it is
# never to be called an effect.
#
# ## 0.79 with an interval up to 1.01: what could 111 patients show?
#
# The {term}`hazard` is the rate at which those still in response lose it. In JULIET, for twice the
# Cmax, it was 0.79 times as high (0.61 to 1.01), an association compatible with none
# {cite:p}`awasthi2020`. "Nearly significant," says one. "No effect," says another.
#
# Ask instead what interval a trial of that size gives when we *know* the truth. About half of 111
# respond; the rest of the world is chosen by us.
#
# A Cox regression asks at each relapse: was the one who relapsed higher or lower than those still
# at risk? By hand it is ten lines, so that 120 trials take a second.

# %%
def fit_cox(stop, event, x, start=0.0):
    """Hazard ratio per unit of x with its 95 % interval, by Newton's method; no ties."""
    times, cases = stop[event == 1], x[event == 1]
    at_risk = (np.broadcast_to(start, stop.shape) < times[:, None]) & (stop >= times[:, None])
    b = 0.0
    for _ in range(8):
        relative = at_risk * np.exp(b * x)
        expected = relative @ x / relative.sum(axis=1)
        variance = (relative @ x**2 / relative.sum(axis=1) - expected**2).sum()
        b += (cases - expected).sum() / variance
    return np.exp(b + np.array([0, -1.96, 1.96]) / np.sqrt(variance))


SIZE = int(ledger.value("awasthi2020.patients"))
one = trials.survival(SIZE, 1)
mine = fit_cox(one.stop, one.event, np.log2(one.cmax))
package = estimate.cox(one.stop, one.event, one.cmax, name="Cmax").per_doubling()
assert np.allclose(mine, package, rtol=1e-4)
print(f"one trial, truth 1: {one.stop.size} responses, {one.event.sum():.0f} ended; "
      f"{mine[0]:.2f} ({mine[1]:.2f} to {mine[2]:.2f})")

# %% tags=["slide"]
includes_1 = guess("Truth 0.79: how many of 40 intervals hold 1?", None)  # <- your turn
juliet = ledger.row("awasthi2020.duration_hazard_ratio")
TRUTHS = (1.0, juliet.value, 0.6)
fig, axes = plot.figure(1, 3, size="wide", sharey=True)
with_1, width = {}, {}
for ax, truth in zip(axes, TRUTHS, strict=True):
    runs = []
    for seed in range(40):
        s = trials.survival(SIZE, seed, hr_per_doubling=truth)
        runs.append(fit_cox(s.stop, s.event, np.log2(s.cmax)))
    runs = np.array(sorted(runs, key=lambda r: r[0]))
    with_1[truth] = int(((runs[:, 1] < 1) & (runs[:, 2] > 1)).sum())
    width[truth] = np.median(runs[:, 2] / runs[:, 1])
    rank = np.arange(40)
    ax.axvspan(*juliet.spread, color="0.88")
    ax.hlines(rank, runs[:, 1], runs[:, 2], color=plot.BLUE, linewidth=1)
    ax.plot(runs[:, 0], rank, ".", color=plot.BLUE, markersize=4)
    ax.axvline(truth, color=plot.VERMILLION, linestyle="--")
    ax.set(title=f"truth {truth:g}", xscale="log", xlim=(0.3, 2))
    ax.set_xticks([0.5, 1, 2], ["0.5", "1", "2"])
    ax.minorticks_off()
    ax.grid(axis="y", visible=False)
    print(f"truth {truth:<5g} 1 lies in the interval of {with_1[truth]} of 40; upper over lower "
          f"limit, median {width[truth]:.2f}")
axes[0].set_ylabel("simulated trial (rank)")
fig.supxlabel("hazard ratio per doubling of Cmax (ratio)", fontsize="medium")
plot.show(
    fig,
    caption="Forty simulated trials of the size of JULIET for each of three truths (dashed); the "
    "grey band is the printed interval.",
    alt=f"Of 40 intervals, 1 lies in {with_1[1.0]} when the truth is 1, in {with_1[juliet.value]} "
    f"when it is 0.79 and in {with_1[0.6]} when it is 0.6.",
)
printed_width = juliet.spread[1] / juliet.spread[0]
print(f"printed interval: {printed_width:.2f}")
includes_1.compare(with_1[juliet.value])
assert with_1[1.0] > 34 and with_1[0.6] < 10 and 5 < with_1[juliet.value] < 35
assert abs(width[juliet.value] / printed_width - 1) < 0.25

# %% [markdown] minutes=8
# When the truth is 0.79, trials of this size split: some exclude 1 and some do not. One that ends
# at 1.01 is what both truths, 0.79 and 1, give now and then. So "no effect" is wrong, and so is
# "nearly". What 111 can rule out is a strong protection: a truth of 0.6 would have shown.
# The follow-up was chosen so that the width is like the printed one; the trials are ours.
#
# ## Who must stay well to be counted cannot relapse before: immortal time
#
# "Patients whose CAR T cells persisted for six months kept their response far longer." Simulate
# 3,000 treated people in whom persistence does *nothing*. As in real trials, nobody looks for the
# transgene after a relapse.

# %% tags=["slide"]
s = trials.survival(3000, 12)


def still(stop, event):
    """Kaplan and Meier: days, and the share whose response goes on."""
    order = np.argsort(stop)
    left = len(stop) - np.arange(len(stop))
    return stop[order], np.cumprod(1 - event[order] / left)


HALF = 180  # <- your turn: the landmark, in days
kept = s.stop > HALF
fig, axes = plot.figure(1, 2, size="wide", sharey=True)
late = s.persistence >= HALF
for ax, mask, shift, title in (
    (axes[0], np.ones_like(kept), 0, "from day 0"),
    (axes[1], kept, HALF, f"from day {HALF}"),
):
    for group, color, dash, label in (
        (late, plot.BLUE, "-", "persisted"), (~late, plot.VERMILLION, "--", "did not"),
    ):  # fmt: skip
        days, share = still(s.stop[mask & group] - shift, s.event[mask & group])
        ax.step(np.r_[0, days], 100 * np.r_[1, share], color=color, linestyle=dash, where="post",
                label=label)  # fmt: skip
    ax.set(title=title, xlabel="time from there (d)", ylim=(0, 102), xlim=(0, 400))
axes[0].set_ylabel("still in response (%)")
axes[0].legend(loc="lower left")

naive = fit_cox(s.stop, s.event, late.astype(float))
at = estimate.landmark(s.stop, s.event, HALF)
assert np.array_equal(at.kept, kept)
from_there = fit_cox(at.stop, at.events, late[kept].astype(float))
plot.show(
    fig,
    caption="Response by persistence: grouped by the future from day 0, and grouped at a landmark "
    "(simulated; persistence does nothing).",
    alt=f"From day 0 the curves part at once, hazard ratio {naive[0]:.2f}; from the landmark they "
    f"run together, {from_there[0]:.2f}.",
)

# %% [markdown]
# Look at the blue curve on the left: flat at 100 % for 180 days. Nobody in it *could* relapse
# earlier. Whoever relapses in the first half year never gets into the blue group. These days are
# {term}`immortal time`.
#
# There are two cures. {term}`Landmark <landmark>`: start the clock on day 180, with those still in
# response, grouped by what is known by then. *Time-varying*: everybody counts as persisting until
# the loss is seen, and as lost from then on; nobody is grouped by the future. Do both.

# %%
lost_on = np.where(s.lost == 1, s.persistence, np.inf)
rows = estimate.split_rows(s.stop, s.event, lost_on)
varying = 1 / fit_cox(rows.stop, rows.events, rows.after, start=rows.start)[[0, 2, 1]]
package = estimate.cox(
    rows.stop, rows.events, rows.after, start=rows.start, id=rows.id, scale="linear"
).terms[0]
assert np.allclose(1 / varying[0], package.ratio, rtol=1e-4)
print("hazard ratio of relapse, persistence against none; the truth is 1")
for name, v in (("naive, from day 0", naive), ("landmark", from_there), ("time-varying", varying)):
    print(f"{name:<20}{v[0]:>6.2f} ({v[1]:.2f} to {v[2]:.2f})")
assert naive[2] < 0.3 or HALF < 150  # an early landmark leaves little immortal time
assert from_there[1] < 1 < from_there[2] and varying[1] < 1 < varying[2]

TRUE = 0.5  # <- your turn: another truth
protects = trials.survival(3000, 12, hr_persistent=TRUE)
r2 = estimate.split_rows(
    protects.stop, protects.event,
    np.where(protects.lost == 1, protects.persistence, np.inf),
)  # fmt: skip
v = 1 / fit_cox(r2.stop, r2.events, r2.after, start=r2.start)[[0, 2, 1]]
print(f"\nand where the truth is {TRUE:g}, time-varying: {v[0]:.2f} ({v[1]:.2f} to {v[2]:.2f})")
assert v[1] < TRUE < v[2]

# %% [markdown] tags=["instructor"]
# Let somebody read the left panel aloud: *of those who stayed 180 days, all stayed 180 days.* Then
# ask where else: responders against non-responders, second infusion,
# B-cell aplasia at six months, treated against still waiting for cells.

# %% [markdown] minutes=5
# Both cures give back what was put in. They mend the clock and nothing else: whatever keeps the
# cells *and* prevents relapse still confounds.
#
# ## The curve of those who stay is not the curve of all
#
# The last trap of time is {term}`informative dropout`. A level falls in everybody, faster in some.
# Those whose cells go fast progress, and leave the study. The mean of the samples then comes from
# fewer and fewer, slower and slower people.

# %% tags=["slide"]
TENFOLD = 3.0  # hazard of leaving at a tenth of the level; <- your turn: 1, all leave by chance
curves = trials.informative_dropout(400, 1, hr_per_tenfold_lower=TENFOLD)
everybody = np.log(curves.truth).mean(axis=0)
stayed = np.nanmean(np.log(curves.seen), axis=0)
left_in = 100 * np.isfinite(curves.seen).mean(axis=0)

late_days = curves.times >= 60


def half_life(log_levels):
    """From a straight line through the logarithms from day 60 on (d)."""
    return -np.log(2) / np.polyfit(curves.times[late_days], log_levels[late_days], 1)[0]


first = np.log(curves.seen[:, 0] / curves.seen[:, 1]) / np.diff(curves.times[:2])
each = np.log(2) / first.mean()  # from each person's own two first samples, which all gave
fig, ax = plot.figure()
ax.plot(curves.times, np.exp(stayed), "o-", color=plot.BLUE, label="seen")
ax.plot(curves.times, np.exp(everybody), "s--", color=plot.VERMILLION, label="had nobody left")
ax.set(yscale="log", xlabel="time after infusion (d)", ylabel="transgene (copies/µg DNA)")
ax.legend()
too_high = np.exp(stayed[-1] - everybody[-1])
plot.show(
    fig,
    caption="Geometric means of 400 simulated curves that end at progression, and of the same 400 "
    "had nobody left.",
    alt=f"On the last day {left_in[-1]:.0f} % are left and the mean that is seen is "
    f"{too_high:.0f} times that of all.",
)
print(f"half-life from day 60 on: {half_life(stayed):.0f} d as seen, "
      f"{half_life(everybody):.0f} d in all; from each person's own slope {each:.0f} d")
assert TENFOLD < 3 or half_life(stayed) > 2 * half_life(everybody) and too_high > 5
assert abs(each / half_life(everybody) - 1) < 0.01

# %% [markdown] minutes=5
# The half-life of the survivors' mean is more than twice that of all. Each person's own slope is
# not fooled, since everybody gave the first samples; a mixed model of chapter 07 uses that, as long
# as leaving depends on what was *seen*. Here levels have no noise; in practice own slopes need the
# model.
#
# ## Decide: what may be written, and what would answer
#
# **For the label.** Fill in the blank, then compare with the paragraph that the next cell prints.
#
# **For the sponsor.** A drawing says what would do: break the arrow into dose. Give two doses by
# lot, to patients of one range of burden. How many?

# %%
words = "____"  # <- your turn: is caused by, followed, was predicted by, was more frequent with
print(f"Severe cytokine release {words} a higher Cmax.\n")
print(
    "In one trial severe cytokine release was more frequent in patients with a higher Cmax (odds\n"
    f"ratio {printed.value} per doubling, 95 % interval {printed.spread[0]} to "
    f"{printed.spread[1]}).\n"
    "Cmax was measured around the event, and a high tumor burden goes with both. Whether a lower\n"
    "dose or a lower Cmax would reduce severe cytokine release has not been shown.\n"
)
rng = np.random.default_rng(5)
print("two doses by lot, four-fold apart; the truth is no effect")
print("patients   odds ratio per doubling that the interval leaves open, median of 40 trials")
upper = {}
for size in (60, 120, 240, 480):  # <- your turn: add 1,000
    limits = []
    for seed in range(40):
        given = rng.permutation(np.resize([0.5, 2.0], size))
        t = trials.confounded(size, seed, do={"dose": given})
        a, c = (t.crs[given == d] for d in (0.5, 2.0))
        k, m = a.sum() + 0.5, c.sum() + 0.5  # half a case keeps zeros away
        error = np.sqrt(1 / k + 1 / (a.size + 1 - k) + 1 / m + 1 / (c.size + 1 - m))
        middle = np.log(odds(m / (c.size + 1)) / odds(k / (a.size + 1)))
        limits.append(np.exp((middle + 1.96 * np.array([-1, 1]) * error) / 2))
    low_end, upper[size] = np.median(limits, axis=0)
    print(f"{size:>8}   {low_end:.2f} to {upper[size]:.2f}")
assert upper[60] > 1.5 > upper[240]

# %% [markdown]
# **How many?** With 60 people most such trials leave an odds ratio of 1.5 per doubling open; with
# 240 most do not. A crude odds ratio from 1,000 people in a registry did not buy that.
#
# **Your vote.** The crude odds ratio was 2.1. Adjusted, standardised and weighted it is near none,
# and treating the same people again shows none. In a real registry you have all but the last. So:
# vote for the trial by lot, and until then for saying *went with*.
#
# **What we assumed.** That burden is all that moves both, that it was measured without error, that
# people of every burden had either dose, and that one person's dose does nothing to another.
#
# **What is left out.** Sites, products, grading scales, competing death, doses that changed on the
# way, people who never were infused. Response was simulated and not used: with a benefit the vote
# would have to weigh both.
#
# **What it may be used for.** To choose what must be measured and given by lot. Never to infer
# what halving a dose does to a patient.
#
# **How good was your guess?** Scroll back to the first cell. A difference between groups was on
# the board; a change in one person was asked.

