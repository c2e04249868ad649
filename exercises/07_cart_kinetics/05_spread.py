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
# # Exercises: how different are two children?
#
# Type your answer in place of `...` and run the cell. `hint("07.13")` gives a first step, called
# again a second one. `solution("07.13")` opens once you have tried. Nothing here is advice on how
# to treat a person.

# %%
import numpy as np

from cgtlearn import ledger, measure
from cgtlearn.exercises import check, hint, solution

# %% [markdown] tags=["exercise"]
# ## 07.13 · Two readings of one number · predict · level 1 · 5 min
#
# A table prints 0.38 as the spread of ln Tmax between children. Somebody asks for the geometric CV
# of Tmax, in per cent. Give two numbers: the first if 0.38 is a standard deviation of the
# logarithm, the second if it is a variance.

# %% tags=["answer"]
printed = ledger.value("stein2019.omega_tmax")
cvs = ...  # [per cent if it is an SD, per cent if it is a variance]
# --- solution
as_sd = 100 * np.sqrt(np.exp(printed**2) - 1)
as_variance = 100 * np.sqrt(np.exp(printed) - 1)
cvs = [as_sd, as_variance]
# --- end
check("07.13", cvs)

# %% [markdown] tags=["worked"]
# The geometric CV of a lognormal is $\sqrt{e^{\omega^2} - 1}$, with $\omega^2$ the **variance** of
# the logarithm.
#
# If 0.38 is a standard deviation, square it first: $\sqrt{e^{0.144} - 1}$, about 39 %. If it is the
# variance already, it goes in as it is: $\sqrt{e^{0.38} - 1}$, about 68 %.
#
# At 0.38 the SD and the CV nearly agree (38 and 39 %), and so the shortcut "CV = SD" looks
# harmless. At 0.62, the other reading's SD, it is off by six points, and for the fold expansion
# it is useless.

# %% tags=["spec"]
as_sd = 100 * measure.cv_from_log_sd(printed)
as_variance = 100 * measure.cv_from_log_variance(printed)
exercise(
    "07.13",
    kind="predict",
    level=1,
    minutes=5,
    title="Two readings of one number",
    answer=array(
        [as_sd, as_variance],
        unit="%",
        rtol=0.01,
        when_right=f"One number, a CV of {as_sd:.0f} or of {as_variance:.0f} %: its kind decides.",
    ),
    wrong=[
        slip(
            [as_variance, as_sd],
            "variance-for-sd",
            "Both numbers are right and they stand the wrong way round: the variance reading gives "
            "the wider spread, since 0.38 is below one.",
            "The formula needs the variance. Which of the two must be squared first?",
        ),
        slip(
            [100 * printed, 100 * np.sqrt(printed)],
            "cv-for-sd",
            "These are the two standard deviations of the logarithm, in per cent. A CV of a "
            "lognormal is larger than that.",
        ),
        slip(
            [100 * printed, as_variance],
            "cv-for-sd",
            "The second is right. The first is the standard deviation itself, in per cent. It is "
            "close to the CV while it is small, and not the CV.",
            "Square the SD, and put it into the formula like the variance.",
        ),
        slip(
            [as_sd, 100 * np.sqrt(printed)],
            "cv-for-sd",
            "The first is right. The second is the standard deviation of the logarithm, in per "
            "cent. A CV of a lognormal is larger than that.",
            "The variance goes into the formula as it is.",
        ),
        slip(
            [as_variance, 100 * measure.cv_from_log_sd(printed**0.25)],
            "variance-for-sd",
            "You put standard deviations where the formula has the variance: 0.38 for the first, "
            "its root for the second.",
            "The CV is sqrt(exp(variance) - 1). Square an SD first; leave a variance as it is.",
        ),
        slip(
            [100 * np.expm1(printed), 100 * np.expm1(np.sqrt(printed))],
            "cv-for-sd",
            "exp(SD) - 1 says how far one SD above the median lies. It is not the CV.",
            "The CV is sqrt(exp(variance) - 1).",
        ),
        slip(
            [as_sd, 100 * measure.cv_from_log_sd(printed**2)],
            "variance-for-sd",
            "The first is right. For the second you squared a variance, as if it were a standard "
            "deviation of a standard deviation.",
            "A variance goes into the formula as it is.",
        ),
        slip(
            [100 * np.expm1(printed**2), 100 * np.expm1(printed)],
            "variance-for-sd",
            "The exponentials are right. You left out the square root around the whole.",
            "The CV is the square root of exp(variance) - 1.",
        ),
        slip(
            [as_sd / 100, as_variance / 100],
            "percent-for-fraction",
            "These are the right fractions. Per cent were asked for.",
        ),
    ],
    hints=[
        "The CV of a lognormal is sqrt(exp(variance of the logarithm) - 1). Which variance is it?",
        "If 0.38 is an SD, its square goes into the formula; if it is a variance, 0.38 itself.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.14 · Forty per cent higher · criticise · level 2 · 7 min
#
# A slide says: *Carvykti expands 40 % better than Kymriah.* Under it stand two peaks, both by
# qPCR in copies/µg: 48,692 for Carvykti in myeloma (printed with an SD of 27,174, n = 97) and
# 34,700 for Kymriah in leukemia, children with a response (printed with a geometric CV of 155 %,
# n = 61). Which criticism is right? A mean $m$ with SD $s$ belongs to a lognormal with the
# geometric mean $m / \sqrt{1 + (s/m)^2}$.

# %% tags=["answer"]
mean, sd = ledger.value("carvykti_jnj.cmax"), ledger.row("carvykti_jnj.cmax").spread
# geometric mean of a lognormal = mean / sqrt(1 + (sd / mean)**2)
criticism = ...  # "A", "B", "C" or "D"
# --- solution
geometric = mean / np.sqrt(1 + (sd / mean) ** 2)
print(f"geometric mean, if lognormal: {geometric:,.0f} copies/µg")
criticism = "B"
# --- end
check("07.14", criticism)

# %% [markdown] tags=["worked"]
# **B.** An SD beside a mean betrays an arithmetic mean; a geometric CV betrays a geometric mean.
# If Carvykti's peaks are lognormal, their geometric mean is about 42,500 copies/µg, and the 40 %
# become 23 %. That is the part that arithmetic can mend.
#
# What is left cannot be mended: adults with myeloma against children with leukemia who responded,
# another antigen, another burden, other days of sampling, another laboratory's assay. So no number
# follows for *better*.
#
# A doubles the mistake: the mean is the one that lies high. C compares the SDs of patients, which
# do not shrink with more of them; the uncertainty of a mean is a standard error. D is true of
# flow cytometry against qPCR, and here both are qPCR.

# %% tags=["spec"]
mean, sd = ledger.value("carvykti_jnj.cmax"), ledger.row("carvykti_jnj.cmax").spread
kymriah = ledger.value("uspi_kymriah.all_responders_cmax")
assert round(mean / kymriah, 1) == 1.4
assert round(mean / np.sqrt(1 + (sd / mean) ** 2) / kymriah, 2) == 1.23
exercise(
    "07.14",
    kind="criticise",
    level=2,
    minutes=7,
    title="Forty per cent higher",
    answer=choice(
        {
            "A": "The true difference is larger: a geometric mean lies above an arithmetic one, so "
            "Kymriah's number flatters it.",
            "B": "One is an arithmetic, the other a geometric mean. Made alike, 40 % become about "
            "23 %, and the patients still differ in disease, age and response.",
            "C": "The SDs are so large that the two peaks do not differ.",
            "D": "The numbers are in copies/µg and must first be turned into cells/µL.",
        },
        "B",
        when_right="What arithmetic can mend is mended, and what it cannot is named.",
    ),
    wrong=[
        slip(
            "A",
            "arithmetic-geometric-mean",
            "It is the other way round: in skewed data the arithmetic mean lies above the "
            "geometric one, so it is Carvykti's number that is flattered.",
        ),
        slip(
            "C",
            "absence-of-evidence",
            "An SD says how patients differ, and does not shrink with their number. Whether two "
            "means differ is told by their standard errors; and an uncertain difference is not no "
            "difference.",
        ),
        slip(
            "D",
            "qpcr-flow",
            "Both peaks were measured by qPCR in copies/µg. A conversion to cells would add two "
            "unknown numbers to each and make nothing alike.",
            "Look at the kind of average.",
        ),
    ],
    hints=[
        "Look at the spreads: an SD in one, a geometric CV in the other. What does that tell you?",
        "Compute Carvykti's geometric mean, and compare like with like. Then look at who was "
        "measured.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.15 · Does the drug raise the peak? · decide · level 3 · 7 min
#
# In a label, children with tocilizumab had a Cmax 183 % higher than those without, 28 against 46
# children. A team wonders whether tocilizumab raises the peak. Four analyses are proposed on the
# same trial. Which one speaks most directly to the question, with the claim that goes with it?

# %% tags=["answer"]
analysis = ...  # "A", "B", "C" or "D"
# --- solution
analysis = "C"
# --- end
check("07.15", analysis)

# %% [markdown] tags=["worked"]
# **C.** The drug was given because a child was sick, and sick children are those who expand. The
# notebook built a world in which the drug does nothing and children with it still have a peak
# nearly three times as high. So a comparison *between* children (A) answers another question,
# however small its p-value.
#
# C compares each child with itself, before and after the drug. What made the child sick is on both
# sides. It is still not proof: growth slows down near the peak anyway, and the drug comes near the
# peak. So C asks for an interval and for the day.
#
# B takes a large p-value for proof of no effect. With 28 and 46 children a growth rate faster by a
# fifth would go unseen. D adjusts for CRS, which lies between expansion and the drug, and is itself
# changed by the drug: that can make an association appear, vanish or turn round.

# %% tags=["spec"]
excess = ledger.row("uspi_kymriah.tocilizumab_cmax_excess")
assert excess.value == 1.83 and "28 patients with and 46 without" in excess.note
exercise(
    "07.15",
    kind="decide",
    level=3,
    minutes=7,
    title="Does the drug raise the peak?",
    answer=choice(
        {
            "A": "Compare Cmax with and without the drug by a t-test on logarithms. If p < 0.05, "
            "the drug raises the peak.",
            "B": "Compare growth rates with and without the drug. If p > 0.05, the drug has no "
            "effect.",
            "C": "Estimate each child's growth rate before and after the drug, given its day, and "
            "print the change with its interval.",
            "D": "Compare Cmax with and without the drug among children whose CRS reached the same "
            "highest grade.",
        },
        "C",
        when_right="Each child is its own control, and an interval says what is not excluded.",
    ),
    wrong=[
        slip(
            "A",
            "association-as-effect",
            "The drug is given to the sick, and children who expand more are sicker. In a world "
            "where the drug does nothing this test is significant too.",
        ),
        slip(
            "B",
            "absence-of-evidence",
            "Growth rates differ so much between children that 28 and 46 tell their ratio only to "
            "a factor of about 1.3. Not significant is not zero.",
        ),
        slip(
            "D",
            "association-as-effect",
            "The highest grade of CRS comes after the drug and is changed by it. Holding it fixed "
            "compares children who would have been worse without the drug with children who were "
            "not.",
            "Adjust for what came before the decision to treat, not for what came after.",
        ),
    ],
    hints=[
        "Why did a child get the drug? Would that alone make the two groups differ in Cmax?",
        "Which analysis compares a child with itself? And which claim comes with an interval?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 07.22 · A letter to the author of a slide · explain · level 3 · 7 min
#
# A label says that children who got tocilizumab had a Cmax 183 % higher than those without. A slide
# makes of it: *tocilizumab boosts expansion*. Write two or three sentences to its author. Why could
# the two go together without any effect of the drug? And which comparison would tell more?

# %% tags=["answer"]
letter = ...  # your sentences, in quotes
# --- solution
letter = (
    "The drug was given to children who were sick, and strong expansion makes them sick, so high "
    "peaks and the drug go together even if it does nothing. Compare the growth rate of the same "
    "child before and after the drug, and print the interval."
)
# --- end
check("07.22", letter)

# %% [markdown] tags=["worked"]
# Cells that expand make a child sick, and a sick child gets the drug. So the peak is a cause of the
# treatment, whatever the treatment does. The notebook built a world without any effect in which the
# label's number appears.
#
# Children with and without the drug differ before it is given. A child is most like itself: compare
# its growth before and after, given the day. Better still, assign by chance. And say both: the
# number is no evidence for an effect, and none against one.

# %% tags=["spec"]
exercise(
    "07.22",
    kind="explain",
    level=3,
    minutes=7,
    title="A letter to the author of a slide",
    answer=text(
        [
            idea(
                "why the drug was given",
                [
                    "given|give|gave|get|got|receiv*|treat*|treated|used|needed|need "
                    "sick*|ill|crs|cytokine|sever*|worse|toxicity|fever",
                    "sick*|ill|crs|cytokine|sever*|worse|toxicity "
                    "given|give|get|got|gets|receiv*|treated|treatment|drug|tocilizumab",
                    "confound* indication|severity|sick*|by",
                    "expan*|peak*|cells cause*|make*|lead*|bring*|trigger*|drive* "
                    "crs|sick*|ill|toxicity|treatment|cytokine|drug",
                    "crs|sick*|severity|toxicity|illness cause*|behind|explain*|drives|move* both",
                ],
                "Say who gets this drug, and what made those children need it.",
            ),
            idea(
                "a fairer comparison",
                [
                    "same child|children|patient*|person",
                    "within|each|every child|patient|person",
                    "before after",
                    "randomi*|randomly|random",
                    "assign*|allocat* chance|lot",
                    "growth|expansion|doubling rate*|time compare*|before|after|chang*",
                    "compare* growth",
                    "control|placebo group|arm|trial",
                    "equally|similar*|same|alike sick|severe|severity|crs|ill",
                ],
                "Say whom or what you would compare, so that sickness does not differ.",
            ),
        ],
        model="The drug was given to children who were sick, and strong expansion makes them sick, "
        "so high peaks and the drug go together even if it does nothing. Compare the growth rate "
        "of the same child before and after the drug, and print the interval.",
        also=[
            "Tocilizumab is used against CRS and CRS comes with high expansion, so this is an "
            "association. A randomised trial would tell whether the drug raises the peak.",
            "Sicker patients receive the drug and they are those in whom the cells expand. I would "
            "look at each child's doubling time before the first dose and after it.",
        ],
        when_right="The number is no evidence for an effect, and none against one.",
    ),
    wrong=[
        slip(
            "The difference of 183 % is so large that tocilizumab must raise the peak in them.",
            "association-as-effect",
            "The two groups differed before the drug was given, so the number cannot show that. In "
            "the notebook a drug without any effect gives it too.",
            patterns=[
                "must|clearly|certainly|obviously raise*|increase*|boost*|caus*|help*|enhanc*",
                "so|therefore|hence|thus|proves that|the|tocilizumab|drug raise*|increase*|boost*",
                "large|significant|big that|so|to drug|tocilizumab|it",
            ],
        ),
        slip(
            "It is all confounding, so the drug has no effect on the expansion of these cells.",
            "absence-of-evidence",
            "Now you claim zero. That sickness could explain the number does not show that it "
            "explains all of it.",
            "Say that the number speaks neither for nor against, and what would.",
            patterns=[
                "so|therefore|hence|thus|proves|shows drug|tocilizumab|it|there no|not|nothing "
                "effect|influence|raise*|boost*|increase*",
                "so|therefore|hence|thus|proves|shows drug|tocilizumab|it does|did nothing",
            ],
        ),
        slip(
            "One should compare the children with the same highest grade of CRS, with and without.",
            "association-as-effect",
            "The highest grade comes after the drug and is changed by it. Children with one grade "
            "in spite of the drug are not like children with that grade without it.",
            "Hold fixed what came before the drug, not what came after.",
            patterns=[
                "same|equal highest|worst|maximal|maximum|peak grade|crs",
                "adjust*|correct*|stratif* highest|worst|maximum|maximal grade|crs",
            ],
        ),
    ],
    hints=[
        "Which children get this drug? What have their cells done by then?",
        "Name what moves both the peak and the decision to treat; then a comparison in which it "
        "is the same on both sides.",
    ],
)
