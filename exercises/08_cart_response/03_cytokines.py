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
# # Exercises: cytokines and what blocks them
#
# Type your answer in place of `...`, or change the code, and run the cell. `hint("08.9")` gives a
# first step, called again a second one. `solution("08.9")` opens once you have tried. All patients
# here are simulated. Some numbers can be your own: run `set_learner("your name")` in a new cell
# first.

# %%
import numpy as np

from cgtlearn import ledger
from cgtlearn.exercises import check, given, hint, set_learner, solution
from cgtlearn.models import hardiansyah2019
from cgtlearn.solve import solve

# %% [markdown] tags=["exercise"]
# ## 08.9 · Where does it settle? · predict · level 1 · 5 min
#
# IL-6 is released at a steady {{release:.0f}} pg/mL per day and lost at {{loss}} per day. A share
# of {{share}} of that loss goes through the receptor. An antibody holds {{held}} of the receptors,
# day after day. At which level, in pg/mL, does measured IL-6 settle?

# %% tags=["answer"]
p = given("08.9")  # p.release (pg/mL/day), p.loss (1/day), p.share, p.held
level = ...  # pg/mL
# --- solution
level = p.release / (p.loss * (1 - p.share * p.held))
# --- end
check("08.9", level)

# %% [markdown] tags=["worked"]
# Set $dX/dt = R - d\,(1 - s\,O)\,X$ to zero: $X = R / \left(d\,(1 - s\,O)\right)$. Without the
# antibody it is $R/d$, {{before:.0f}} pg/mL. With it, {{times:.2f}} times as much.
#
# Nothing more is released. Less is lost, and a blood sample counts what is there.

# %% tags=["spec"]
exercise(
    "08.9",
    kind="predict",
    level=1,
    minutes=5,
    title="Where does it settle?",
    draw={
        "release": among(600.0, 420.0, 900.0, 750.0),
        "loss": among(4.0, 3.0, 5.0),
        "share": among(0.8, 0.6, 0.7),
        "held": among(0.9, 0.75, 0.5),
    },
    shown={"before": p.release / p.loss, "times": 1 / (1 - p.share * p.held)},
    answer=number(
        level, unit="pg/mL", rtol=0.02, when_right="Same release, slower loss: more in the sample."
    ),
    wrong=[
        slip(
            p.release / p.loss,
            "reading",
            "That is the level without the antibody. It blocks part of the loss.",
            "Which of the three numbers on the right side of dX/dt does the antibody change?",
        ),
        slip(
            p.release / p.loss * (1 - p.share * p.held),
            "reciprocal",
            "You multiplied by what is left of the loss. A slower loss makes the level higher, so "
            "divide by it.",
            "Ask which way the level moves when nothing can leave.",
        ),
        slip(
            p.release / (p.loss * (1 - p.share)),
            "reading",
            "That is a complete blockade. The antibody holds only a part of the receptors.",
            "Multiply the share that goes through the receptor by the share that is held.",
        ),
        slip(
            p.release / (p.loss * (1 - p.held)),
            "reading",
            "You let all loss go through the receptor. A part of IL-6 has another way out.",
            "Which loss does the antibody leave as it is?",
        ),
        slip(
            p.release / (p.loss * p.share * p.held),
            "complement",
            "You divided by the loss that is blocked. Divide by the loss that is left.",
        ),
        slip(
            p.release / p.loss * (1 + p.share * p.held),
            "reading",
            "You added to the level the share that is taken off the loss. That fits small shares "
            "only: half the loss makes twice the level.",
            "Solve for X with what is left of the loss in the denominator.",
        ),
        slip(
            p.release / (p.loss * (1 - p.share) * (1 - p.held)),
            "reading",
            "You took the share and the blockade off one after the other. The antibody blocks its "
            "part of the receptor's loss, nothing else.",
            "Write the two ways out as two terms: d (1 - s), and d s (1 - O).",
        ),
    ],
    hints=[
        "It settles where as much is lost as is released.",
        "The loss that is left is d (1 - s O) X. Solve for X.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.10 · A hundredfold by a slip · find-the-bug · level 2 · 8 min
#
# `slope` should give dIL6/dt in pg/mL per day: release, less a loss of which `SHARE` goes through
# the receptor. With nearly all receptors held by the drug, this code lets IL-6 rise a hundredfold.
# The model allows less than fivefold. Find the bug.

# %% tags=["answer"]
LOSS = ledger.value("hardiansyah2019.il6_loss")  # 1/day
SHARE = ledger.value("crs_tocilizumab.receptor_share")
HALF_DRUG = ledger.value("crs_tocilizumab.tocilizumab_half_binding")  # mg/L
HALF_IL6 = ledger.value("crs_tocilizumab.il6_half_binding")  # pg/mL


def slope(il6, drug, release):
    """dIL6/dt (pg/mL/day) at il6 (pg/mL), drug (mg/L) and release (pg/mL/day)."""
    free = 1 / (1 + il6 / HALF_IL6 + drug / HALF_DRUG)
    held = drug / HALF_DRUG * free
    return release - LOSS * (1 - held) * il6
# --- solution


def slope(il6, drug, release):
    """dIL6/dt (pg/mL/day) at il6 (pg/mL), drug (mg/L) and release (pg/mL/day)."""
    free = 1 / (1 + il6 / HALF_IL6 + drug / HALF_DRUG)
    held = drug / HALF_DRUG * free
    return release - LOSS * (1 - SHARE * held) * il6
# --- end
check("08.10", slope)

# %% [markdown] tags=["worked"]
# Without `SHARE`, all IL-6 would have to leave through the receptor, and with 99 % of receptors
# held the loss would be a hundredth. With it, the other way out stays open: $1 - s\,O$ never falls
# below $1 - s$, a fifth here.
#
# The slip does more than change a size. If all IL-6 left through the receptor, the loss through it
# would have to match the release in the end, blocked or not, and the signal would come back.

# %% tags=["spec"]
def other_slope(left):
    """The slope with another share of the loss left, from the receptors' shares."""

    def wrong(il6, drug, release):
        free = 1 / (1 + il6 / HALF_IL6 + drug / HALF_DRUG)
        signal, held = il6 / HALF_IL6 * free, drug / HALF_DRUG * free
        return release - LOSS * left(held, signal) * il6

    return wrong


exercise(
    "08.10",
    kind="find-the-bug",
    level=2,
    minutes=8,
    title="A hundredfold by a slip",
    answer=function(
        slope,
        probes=[
            (900.0, 170.0, 5000.0),
            (50.0, 0.3, 100.0),
            (2700.0, 2.0, 11000.0),
            (10.0, 0.0, 60.0),
        ],
        rtol=1e-6,
        when_right="One way out is blocked, the other is open.",
    ),
    wrong=[
        slip(
            other_slope(lambda held, signal: 1.0),
            "reading",
            "Your drug changes nothing: the loss does not depend on the receptors held.",
            "The share of loss through the receptor must fall as receptors are held.",
        ),
        slip(
            other_slope(lambda held, signal: 1 + SHARE * held),
            "sign",
            "Your drug speeds the loss. Blocked receptors slow it.",
        ),
        slip(
            other_slope(lambda held, signal: SHARE * (1 - held)),
            "reading",
            "You kept the loss through the receptor and dropped the other way out.",
            "Without drug the whole loss must be LOSS: check with drug = 0.",
        ),
        slip(
            other_slope(lambda held, signal: 1 - SHARE * signal),
            "swapped-arguments",
            "You block the loss by the receptors that IL-6 holds. The drug's share blocks it.",
            "Name the two shares aloud: who sits on the receptor?",
        ),
        slip(
            other_slope(lambda held, signal: (1 - SHARE) * (1 - held)),
            "reading",
            "You multiplied the two leftovers, so the drug blocks the other way out as well.",
            "Without drug the whole loss must be LOSS: check with drug = 0.",
        ),
        slip(
            other_slope(lambda held, signal: 1 - SHARE * (1 - held)),
            "complement",
            "You took off the loss through the receptors that are *not* held by the drug.",
            "Without drug the whole loss must be LOSS: check with drug = 0.",
        ),
    ],
    hints=[
        "With every receptor held, how much of the loss should be left? What does the code leave?",
        "`SHARE` is defined and not used.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.11 · Who peaks first? · order · level 2 · 6 min
#
# In a simulated patient, meetings of CAR T and tumor cells set IL-6 and IFN-γ free. IL-6 is lost at
# about 4 per day, IFN-γ at about 1.5 per day. CAR T cells in blood are highest 20 hours after the
# meetings are. Put the four peaks in order, the earliest first.
#
# | key | peak of |
# |---|---|
# | `A` | CAR T cells in blood |
# | `B` | IFN-γ |
# | `C` | meetings |
# | `D` | IL-6 |

# %% tags=["answer"]
peaks = ...  # such as ["A", "B", "C", "D"]
# --- solution
days = np.arange(2.05, 10, 0.05)
course = solve(hardiansyah2019.model, hardiansyah2019.model.parameters_with(), days)
curves = {
    "A": course["car_t"],
    "B": course["ifng"],
    "C": course.states["effector"] * course["b_cells"],
    "D": course["il6"],
}
peaks = sorted(curves, key=lambda letter: days[curves[letter].argmax()])
# --- end
check("08.11", peaks)

# %% [markdown] tags=["worked"]
# **C, D, B, A.** A level follows what drives it with a lag of at most about one over its loss rate:
# 6 hours for IL-6, 16 hours for IFN-γ. Fast loss follows fast. Both are less than the 20 hours of
# the CAR T cells, which go on growing while tumor is left.
#
# So cytokines mark the meetings. Who waits for the CAR T cells' peak to look for cytokines looks
# too late.

# %% tags=["spec"]
exercise(
    "08.11",
    kind="order",
    level=2,
    minutes=6,
    title="Who peaks first?",
    answer=order(
        {
            "A": "CAR T cells in blood",
            "B": "IFN-γ",
            "C": "meetings",
            "D": "IL-6",
        },
        peaks,
        when_right="Fast loss follows fast, and the cells come last.",
    ),
    wrong=[
        slip(
            ["A", "C", "D", "B"],
            "reading",
            "You let the cells peak before what they set free. Meetings need tumor as well, and it "
            "is falling while the cells still grow.",
            "The text says when CAR T cells peak, counted from the meetings.",
        ),
        slip(
            ["C", "B", "D", "A"],
            "reciprocal",
            "You let the slow loss follow faster. A level that is lost fast stays near its drive; "
            "one that is lost slowly piles up and lags.",
            "Think of a sink: with a wide drain the level follows the tap at once.",
        ),
        slip(
            ["C", "A", "D", "B"],
            "reading",
            "The cells peak 20 hours after the meetings. Compare with one over each loss rate.",
            "One over 4 per day is 6 hours.",
        ),
        slip(
            ["C", "D", "A", "B"],
            "reading",
            "You let IFN-γ lag by more than 20 hours. Its lag is at most one over its loss rate.",
            "One over 1.5 per day is 16 hours.",
        ),
        slip(
            ["A", "B", "D", "C"],
            "reading",
            "You have turned the order round.",
            "The driver comes before what it drives.",
        ),
    ],
    hints=[
        "What drives what? Meetings release both cytokines.",
        "A level lags behind its drive by at most about one over its loss rate.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 08.12 · Three claims in one report · criticise · level 3 · 10 min
#
# *"Serum IL-6 rose fourfold the day after tocilizumab, so the receptor was not blocked. In our
# model, CAR T cell curves with and without the drug are identical, which shows that it does not
# touch expansion. In the trial, exposure was four times as high in those who got the drug: if
# anything, it helps expansion."* In four to six sentences, say what is wrong with each claim.

# %% tags=["answer"]
reply = ...  # a few sentences in quotes
# --- solution
reply = (
    "A blocked receptor holds up the loss of IL-6, so measured IL-6 rises while its signal falls; "
    "the rise does not show that the blockade failed. In the model no arrow leads from the drug to "
    "the cells, so identical curves are an assumption that comes back and not a finding. In the "
    "trial the drug was given to the sick, and those with many CAR T cells get sick: this is "
    "confounding by indication, and a drug without any effect can give such a ratio. To learn "
    "more, one would compare growth within patients before and after the drug, or give it by lot."
)
# --- end
check("08.12", reply)

# %% [markdown] tags=["worked"]
# One. Free IL-6 rises *because* the receptor is blocked: part of its loss goes through it. A sample
# shows IL-6, not its signal.
#
# Two. The cells' equations hold no drug. What comes out was typed in.
#
# Three. The drug went to the sick, and expansion makes sick. A drug without effect can give
# such a ratio, and so can a weak brake. The number speaks neither for nor against.

# %% tags=["spec"]
exercise(
    "08.12",
    kind="criticise",
    level=3,
    minutes=10,
    title="Three claims in one report",
    answer=text(
        [
            idea(
                "measured IL-6 rises because its receptor is blocked",
                [
                    "block* rise*|raise*|higher|more|slow*|less|hold*|held|loss|clear*",
                    "rise*|rose|raise*|higher|up|increas* because|since|as|when|if "
                    "block*|full|occup*|bound|held|taken",
                    "rise*|rose|raise*|higher|up|increas* because|since|as|when|if receptor* "
                    "block*|full|occup*|bound|held|taken",
                    "block* rose|up|increas*|climb*", "nowhere go",
                    "clear*|loss|lost|uptake|remov*|consum* receptor*|block*|slow*|less|held",
                    "slow*|less clear*|loss|lost|remov*|uptake",
                    "signal* fall*|low*|drop*|less|down",
                    "receptor* clear*|loss|remov*|consum*", "expected",
                    "sit*|sat|bind*|bound|occup*|hold* receptor*", "taken up", "cannot leave",
                    "pile* up", "accumul*",
                ],
                "What does a blocked receptor do to the loss of IL-6, and so to a sample?",
            ),
            idea(
                "the model's identical curves were put in",
                [
                    "assum*", "no arrow*", "put in*", "built in*", "by construction", "typed in",
                    "not a|any|in finding*|result*",
                    "model|equation* has|have|had|hold*|contain* no drug|effect|term|link",
                    "model|equation* without drug|effect|term|link",
                    "never|not include*|included|contain*|modelled|modeled drug|effect|influence",
                    "drug never|not include*|included|modelled|modeled",
                    "no drug cell*|equation*", "model cannot|not show*|prove*|tell*", "circular*",
                    "same|identical because", "written|wrote|drawn|coded drug|arrow|effect",
                    "equation* lack*|leave*|hold* drug|nothing", "drug not in", "left out",
                ],
                "Where in the model could the drug have touched the cells at all?",
            ),
            idea(
                "the sick got the drug, and the sick had expanded more",
                [
                    "confound*", "indication", "sick*", "given because", "severe*", "ill",
                    "association*", "not cause*|effect*", "burden* both", "reverse*",
                    "expan* cause*|make*|lead*", "random*", "by lot",
                    "worst|worse off|ill*|patient*", "already|anyway more|high*|expand*",
                    "more|most|high*|expand* already|anyway|before", "select*",
                    "bad|worst|worse|serious|toxic* crs", "because|only|had crs",
                ],
                "Who gets the drug, and what do they have in common before they get it?",
            ),
        ],
        model=reply,
        also=[
            "IL-6 is cleared partly by its receptor, so blocking it raises the level in serum. The "
            "model has no drug effect on cells, so the same curves are an assumption. Patients got "
            "the drug because they had severe CRS, which goes with high expansion.",
            "IL-6 goes up since the antibody sits on the receptor and so less is taken up. The "
            "curves are the same because nobody wrote the drug into the cell equations. And "
            "patients who got it were the worst off, with most CAR T cells anyway.",
            "Tocilizumab blocks the receptor so IL-6 can't bind and be cleared, which means the "
            "serum concentration rises even though signalling drops. The model was built without "
            "an effect of the drug on T cells. Selection: only patients with bad CRS got it.",
            "Measured IL-6 goes up when its receptor is full of antibody as the protein has "
            "nowhere to go. The model never included any influence of tocilizumab on T cells, so "
            "the curves tell us what we assumed. Patients with the worst CRS received it.",
            "A rise is expected when the receptor is blocked, since less is lost. The curves are "
            "equal by construction. The comparison in the trial is confounded by how sick they "
            "were.",
        ],
    ),
    wrong=[
        slip(
            "The drug clearly helps the cells to grow, since exposure was four times as high with "
            "it than without it in the trial, and so the model that shows no change must be wrong.",
            "association-as-effect",
            "You read the trial's ratio as the drug's doing. Those who got it were sick, and "
            "expansion makes sick.",
            patterns=[
                "drug help*|increase*|boost*|stimulat* cell*|expansion|growth|exposure",
                "drug clearly help*",
            ],
        ),
    ],
    hints=[
        "Take the claims one by one. For the first, write the two lines of turnover.",
        "For the second, look for the drug in the cells' equations. For the third, ask who got it.",
    ],
)
