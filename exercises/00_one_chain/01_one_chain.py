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
# # Exercises: one chain
#
# Type your answer in place of `...` and run the cell. `hint("00.1")` gives a first step, called
# again a second one. `solution("00.1")` opens once you have tried. All patients here are
# simulated.
#
# Some numbers can be your own: run `set_learner("your name")` in a new cell first. Then `given`
# shows them, and your neighbour has others.

# %%
import numpy as np

from cgtlearn.exercises import check, given, hint, set_learner, solution

# %% [markdown] tags=["exercise"]
# ## 00.1 · Two links multiply · predict · level 1 · 5 min
#
# Delivery and production vary between people, each log-normal with a CV of {{percent:.0f}} %, and
# independently. Factor IX is proportional to their product. What is the CV of factor IX, as a
# fraction?

# %% tags=["answer"]
p = given("00.1")  # p.cv: the CV of each link, as a fraction
cv_of_product = ...

# --- solution
omega2 = 2 * np.log(1 + p.cv**2)
cv_of_product = np.sqrt(np.exp(omega2) - 1)
# --- end
check("00.1", cv_of_product)

# %% [markdown] tags=["worked"]
# Logarithms add, so variances of logarithms add. One link has $\omega^2 = \ln(1 + CV^2)$. Two have
# twice that, and $CV = \sqrt{e^{\omega^2} - 1}$ takes you back:
# {{percent_of_product:.0f}} %. Squared, that is $(1 + CV_1^2)(1 + CV_2^2) - 1$.

# %% tags=["spec"]
exercise(
    "00.1",
    kind="predict",
    level=1,
    minutes=5,
    title="Two links multiply",
    answer=number(
        cv_of_product,
        unit="1",
        rtol=0.01,
        when_right="The product varies more than either link, and less than their sum.",
    ),
    wrong=[
        slip(
            2 * p.cv,
            "variance-for-sd",
            "You added the two CVs. Independent spreads do not add; variances do.",
            "Turn each CV into a variance of the logarithm, and add those.",
        ),
        slip(
            np.sqrt(2) * p.cv,
            "cv-for-sd",
            "You added squared CVs as if a CV were the SD of a logarithm. At "
            "{{percent:.0f}} % it is not quite.",
        ),
        slip(
            p.cv,
            "reading",
            "This is the CV of one link alone, or the mean of the two. With two links that vary, "
            "factor IX varies more.",
            "Turn each CV into a variance of the logarithm, and add those.",
        ),
        slip(
            omega2,
            "variance-for-sd",
            "This is the variance of the logarithm of factor IX. Its CV is asked for.",
            "Go back with CV = sqrt(exp(omega**2) - 1).",
        ),
        slip(
            np.exp(omega2 / 2),
            "cv-for-sd",
            "You took the root of exp(omega**2). The 1 has to come off before the root.",
        ),
        slip(
            2 * np.sqrt(omega2 / 2),
            "variance-for-sd",
            "You added the SDs of the two logarithms. Of independent quantities the variances add.",
            "Square each SD first, and go back with CV = sqrt(exp(omega**2) - 1).",
        ),
        slip(
            np.sqrt(np.exp(2 * omega2) - 1),
            "variance-for-sd",
            "You added the SDs of the two logarithms and turned the sum into a CV. Of independent "
            "quantities the variances add.",
            "Square each SD before you add.",
        ),
        slip(
            np.sqrt(np.exp(omega2 / np.log(10)) - 1),
            "ln-log10",
            "A log10 stands where the natural logarithm belongs, since exp follows.",
        ),
        slip(
            np.sqrt(omega2),
            "cv-for-sd",
            "This is the SD of the logarithm of factor IX. Its CV is asked for.",
            "Go back with CV = sqrt(exp(omega**2) - 1).",
        ),
        slip(
            np.exp(omega2) - 1,
            "variance-for-sd",
            "This is the square of the CV that is asked for.",
            "Take the square root.",
        ),
        slip(
            p.cv**2,
            "reading",
            "You multiplied the two CVs. The links multiply, not their spreads.",
            "Ask what the logarithm of a product is, and how variances of a sum behave.",
        ),
    ],
    hints=[
        "Take logarithms first: the product becomes a sum, and variances add.",
        "One link has ln(1 + CV**2) as the variance of its logarithm. Add two, then go back.",
    ],
    draw={"cv": between(0.34, 0.60, step=0.01, default=0.50)},
    shown={"percent": 100 * p.cv, "percent_of_product": 100 * cv_of_product},
)

# %% [markdown] tags=["exercise"]
# ## 00.2 · Three assays, one broken link · choose · level 2 · 4 min
#
# Fifteen months after an AAV for hemophilia B, simulated Ben has a tenth of the typical factor IX.
# A biopsy of his liver has 98 % of the typical vector DNA (qPCR) and 11 % of the typical
# transcripts (RT-qPCR). Infused factor IX has its usual half-life in him.
#
# Which reading do these results support?

# %% tags=["answer"]
reading = ...  # one of the letters, in quotes

# --- solution
reading = "c"
# --- end
check("00.2", reading)

# %% [markdown] tags=["worked"]
# Transcripts are low and their loss downstream is not the reason, so production or life of the
# mRNA is hit. The qPCR cannot say more: it counts episomes that are read, episomes that are silent
# and genomes that never became episomes. So (c), and not the stronger (b).

# %% tags=["spec"]
exercise(
    "00.2",
    kind="choose",
    level=2,
    minutes=4,
    title="Three assays, one broken link",
    answer=choice(
        {
            "a": "Too little vector reached his liver.",
            "b": "All his episomes are there, and they are silent.",
            "c": "Vector DNA is there, and too little mRNA comes of it; why is open.",
            "d": "His factor IX is cleared too fast.",
        },
        right="c",
        when_right="The qPCR of a biopsy counts DNA, not episomes that are read.",
    ),
    wrong=[
        slip(
            "a",
            "reading",
            "Vector DNA in the biopsy is nearly typical, so delivery is not what failed.",
            "Go along the chain and find the first assay that is low.",
        ),
        slip(
            "b",
            "absence-of-evidence",
            "No assay here counts episomes: the qPCR also finds genomes that never became one.",
            "Claim no more than the assay counts: DNA in the biopsy, of whatever form.",
        ),
        slip(
            "d",
            "reading",
            "Fast clearance leaves transcripts alone, and infused factor IX behaves as usual.",
            "Go along the chain and find the first assay that is low.",
        ),
    ],
    hints=[
        "An assay is blind to every link after its own. Find the first one that is low.",
        "Ask what the qPCR of a biopsy counts: only genomes that are read, or more than those?",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 00.3 · A CV from a mean and a median · fill-in · level 2 · 6 min
#
# Papers print a mean and a median and leave out the spread. Write a function that returns the CV
# (a fraction) of the log-normal with this `mean` and this `median`.


# %% tags=["answer"]
def implied_cv(mean, median):
    return ...


# --- solution
def implied_cv(mean, median):
    omega2 = 2 * np.log(mean / median)
    return np.sqrt(np.exp(omega2) - 1)


# --- end
check("00.3", implied_cv)

# %% [markdown] tags=["worked"]
# The median of a log-normal is $e^{\mu}$, its mean $e^{\mu + \omega^2/2}$. Their ratio gives
# $\omega^2 = 2 \ln(\mathrm{mean}/\mathrm{median})$, and $CV = \sqrt{e^{\omega^2} - 1}$. Shorter,
# the CV is $\sqrt{(\mathrm{mean}/\mathrm{median})^2 - 1}$. It holds only if the data are
# log-normal, which the two numbers cannot show.

# %% tags=["spec"]
exercise(
    "00.3",
    kind="fill-in",
    level=2,
    minutes=6,
    title="A CV from a mean and a median",
    answer=function(
        implied_cv,
        probes=[(12.0, 10.0), (30.0, 20.0), (105.0, 100.0)],
        rtol=1e-3,
        shared_slips=False,
        when_right="Two numbers in, one assumption in the middle: that the data are log-normal.",
    ),
    wrong=[
        slip(
            lambda mean, median: np.sqrt(2 * np.log(mean / median)),
            "cv-for-sd",
            "Your function returns omega, the SD of the logarithm, and not the CV.",
        ),
        slip(
            lambda mean, median: 2 * np.log(mean / median),
            "variance-for-sd",
            "Your function returns omega squared, the variance of the logarithm, and not the CV.",
            "Go on with sqrt(exp(omega**2) - 1).",
        ),
        slip(
            lambda mean, median: 100 * np.sqrt((mean / median) ** 2 - 1),
            "percent-for-fraction",
            "Your function returns the CV in percent. A fraction is asked for.",
        ),
        slip(
            lambda mean, median: np.sqrt((median / mean) ** 2 - 1),
            "swapped-arguments",
            "Your function returns NaN. So it does when mean and median change places: then the "
            "root is taken of a negative number.",
            "Divide the mean by the median, and keep the arguments in the order (mean, median).",
        ),
        slip(
            lambda mean, median: np.sqrt(np.log(mean / median)),
            "cv-for-sd",
            "Two things are missing: the factor 2, since mean over median is exp(omega**2 / 2), "
            "and the way from omega to the CV.",
        ),
        slip(
            lambda mean, median: np.sqrt(np.exp(np.sqrt(2 * np.log(mean / median))) - 1),
            "variance-for-sd",
            "You put omega into exp where omega**2 belongs.",
            "Keep omega**2 = 2 * log(mean / median), without a root, and go on with that.",
        ),
        slip(
            lambda mean, median: np.exp(2 * np.log(mean / median)) - 1,
            "variance-for-sd",
            "Your function returns the square of the CV.",
            "Take the square root at the end.",
        ),
        slip(
            lambda mean, median: np.sqrt(np.exp(2 * np.log10(mean / median)) - 1),
            "ln-log10",
            "A log10 stands where the natural logarithm belongs, since exp follows.",
        ),
        slip(
            lambda mean, median: np.sqrt(mean / median - 1),
            "reading",
            "The factor 2 is missing: mean over median is exp(omega**2 / 2).",
            "Solve mean / median = exp(omega**2 / 2) for omega**2 first.",
        ),
        slip(
            lambda mean, median: mean / median - 1,
            "mean-for-median",
            "This is how far the mean lies above the median, which is not a spread.",
            "Solve mean / median = exp(omega**2 / 2) for omega**2, then turn omega into a CV.",
        ),
    ],
    hints=[
        "The mean of a log-normal is its median times exp(omega**2 / 2). Solve for omega**2.",
        "Then the CV is sqrt(exp(omega**2) - 1).",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 00.4 · Product, patient or disease? · criticise · level 1 · 3 min
#
# A colleague has filed four covariates of an AAV and of a CAR T product under product, patient and
# disease. One is filed wrongly. Which?

# %% tags=["answer"]
misfiled = ...  # one of the letters, in quotes
# --- solution
misfiled = "c"
# --- end
check("00.4", misfiled)

# %% [markdown] tags=["worked"]
# Tumor burden is a property of the disease. It acts *on* the product, because CAR T cells divide on
# the antigen they meet, and that is how a disease covariate comes to drive exposure. T-cell fitness
# belongs in two drawers: with a patient's own cells the patient is the raw material.

# %% tags=["spec"]
exercise(
    "00.4",
    kind="criticise",
    level=1,
    minutes=3,
    title="Product, patient or disease?",
    answer=choice(
        {
            "a": "product: the share of empty capsids in the batch",
            "b": "patient: antibodies against the capsid, from an old infection",
            "c": "product: the tumor burden, because CAR T cells expand on it",
            "d": "patient and product: T-cell fitness at collection, for an autologous CAR T",
        },
        right="c",
        when_right="Tumor burden is disease, whatever it acts on.",
    ),
    wrong=[
        slip(
            "a",
            "reading",
            "The share of empty capsids is set by how the batch was made, so product is right.",
            "Ask of each covariate: what would it be without this batch, without this patient?",
        ),
        slip(
            "b",
            "reading",
            "Antibodies against the capsid were there before the product and without the disease.",
            "Ask of each covariate: what would it be without this batch, without this patient?",
        ),
        slip(
            "d",
            "reading",
            "With autologous cells the patient is the raw material, so both drawers are right.",
            "Ask of each covariate: what would it be without this batch, without this patient?",
        ),
    ],
    hints=[
        "File a covariate by what it belongs to, and not by what it acts on.",
        "Ask of each one whether it would exist without the product, and without the disease.",
    ],
)

# %% [markdown] tags=["exercise"]
# ## 00.9 · What a normal biopsy leaves open · explain · level 2 · 5 min
#
# Carla had an AAV for hemophilia B. Her factor IX is low, and a qPCR of her liver biopsy finds the
# typical number of vector genomes. A report says: *the therapy works in her liver.* Write two or
# three sentences to its author: what did this assay count, and what did it not see?

# %% tags=["answer"]
explanation = ...  # your sentences, in quotes
# --- solution
explanation = (
    "The qPCR counted vector DNA, so it shows that genomes reached the liver. It does not see "
    "whether they are read: the loss may lie in a later link, at the mRNA or at the protein."
)
# --- end
check("00.9", explanation)

# %% [markdown] tags=["worked"]
# A qPCR counts DNA: genomes that are read, genomes that are silent and genomes that never became
# episomes. So delivery did not fail. Whatever comes after it stays out of sight, and her low factor
# IX says that something there has failed: transcription, translation, or the life of the protein.
# The next question is one link further on, to an RT-qPCR of the same biopsy.

# %% tags=["spec"]
exercise(
    "00.9",
    kind="explain",
    level=2,
    minutes=5,
    title="What a normal biopsy leaves open",
    answer=text(
        [
            idea(
                "the assay counts vector DNA",
                [
                    "qpcr|assay|biopsy|test|it|result|number dna|genome*|cop*",
                    "dna|genome*|vector*|cop* count*|measured|found|detected|there|present|arrived",
                    "dna|genome*|vector*|cop* reach*|delivered|got|came|is|are",
                    "count*|measur*|detect*|sees|saw|found|finds|show* dna|genome*|cop*|vector*",
                    "delivery|delivered|reached|uptake",
                ],
                "Say which molecule a qPCR of a biopsy counts.",
            ),
            idea(
                "a later link is not seen",
                [
                    "blind|nothing to|of|about after|later|downstream|mrna|transcri*|protein*",
                    "not read|transcri*|mrna|rna|protein*|expression|expressed|made|produc*|active",
                    "not see*|saw|know|count*|measure* after|later|next|whether|if",
                    "not say*|tell*|show* after|later|next|whether|if",
                    "transcri*|mrna|rna|protein*|translation|secretion|clearance|expression "
                    "fail*|low*|lost|broken|missing|reduced|stop*|block*|unknown|open|unseen",
                    "may|might|could|can be|lie|sit|fail* silent|later|downstream|after|mrna|"
                    "transcri*|protein*|translation",
                    "silent|silenced|unread|inactive",
                    "later|downstream|next|after link*|step*|it|that|them",
                    "downstream|later|afterwards broken|wrong|fail*|missing|lost|low|stuck",
                    "whether|if make*|made|produc*|express* mrna|rna|protein*",
                    "no|little mrna|rna|protein*",
                ],
                "Go along the chain: which links come after the one that this assay sees?",
            ),
        ],
        model="The qPCR counted vector DNA, so it shows that genomes reached the liver. It does "
        "not see whether they are read: the loss may lie in a later link, at the mRNA or at the "
        "protein.",
        also=[
            "It measured copies of the vector genome in the tissue. An assay is blind to what "
            "comes after its own link, so the genomes may be silent.",
            "You know that the DNA got there. You do not know if it is transcribed, or whether "
            "protein is produced from it.",
        ],
        when_right="Delivery is fine, and the assay is blind to every link after its own.",
    ),
    wrong=[
        slip(
            "The biopsy has the normal number of genomes, so all of the episomes must be silent.",
            "absence-of-evidence",
            "You name the broken link. This assay cannot: that it does not see a later link is no "
            "proof of which one failed.",
            "Say what is open, and which assay would look there.",
            patterns=[
                "so|therefore|hence|means episome*|genome*|gene|they are|is silent|silenced|off",
                "must be silent|silenced|off",
                "proves|shows that silent|silenced",
            ],
        ),
        slip(
            "The qPCR counts the cells that carry the vector, so it is fine in her liver.",
            "copies-for-cells",
            "A qPCR counts copies of DNA, not cells: one cell may hold many genomes, and many "
            "cells none.",
            "Name the molecule that the assay counts.",
            patterns=["count*|measur*|many|number cells that|which|with|were|infected|transduced"],
        ),
        slip(
            "The vector is in her liver, so the therapy works and the factor IX assay is off.",
            "reading",
            "Factor IX is what the therapy is for, and it is low. Genomes that are there and make "
            "nothing do not help her.",
            "Ask which links lie between the genomes and factor IX.",
            patterns=[
                "so|therefore|hence|means therapy|it|treatment works|worked|successful",
                "factor|fix|ix assay|test|measurement wrong|off|mistake*|error",
            ],
        ),
    ],
    hints=[
        "An assay sees its own link and those before it. Which link is vector DNA in the liver?",
        "Name the molecule that was counted, then a link after it that nobody has looked at.",
    ],
)
