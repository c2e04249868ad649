"""Virtual patients: how they differ, what an assay sees of them, and a trial of them.

    >>> from cgtlearn import population as pop
    >>> from cgtlearn.models import stein2019
    >>> spread = {"cmax": pop.log_sd(0.65), "tmax": pop.log_sd(0.38)}
    >>> p = pop.sample(stein2019.model, n=90, spread=spread, seed=1)
    >>> p.cmax.shape
    (90,)

``sample``       parameters of N patients; ``spread_of`` takes the spreads from the ledger
``covariates``   weight, burden, age: any marginals, tied by correlations
``screen``       draws candidates until enough are eligible, and counts who failed at what
``occasions``    the same patients on several occasions
``courses``      one output of all of them
``observe``      residual error and a limit of quantification
``dropout``      who leaves when, which may depend on what was seen
``trial``        all three, with the exposure of every patient
``run``          a model over many patients in blocks, here, on processes or on a cluster
``sobol_design``, ``morris_design``  patients that tell which parameter moves an answer
``trials``       trials that mislead: confounding, immortal time, informative dropout
``describe``     geometric mean and CV, median and range

A spread is never a bare number: ``log_sd``, ``log_variance``, ``cv`` or ``logit_sd`` say what it
is; ``mixture`` joins groups of patients with spreads of their own.
"""

from cgtlearn.population import trials
from cgtlearn.population.covariates import (
    Funnel,
    Marginal,
    categories,
    covariates,
    like,
    log_normal,
    normal,
    screen,
    uniform,
)
from cgtlearn.population.patients import Patients, courses, observe, occasions, sample
from cgtlearn.population.run import Run, load, run
from cgtlearn.population.sensitivity import (
    Design,
    Morris,
    Sobol,
    morris_design,
    sobol_design,
)
from cgtlearn.population.spread import (
    Mixture,
    Spread,
    cv,
    log_sd,
    log_variance,
    logit_sd,
    mixture,
    spread_of,
)
from cgtlearn.population.trial import Described, Trial, describe, dropout, trial

__all__ = [
    "Described",
    "Design",
    "Funnel",
    "Marginal",
    "Mixture",
    "Morris",
    "Patients",
    "Run",
    "Sobol",
    "Spread",
    "Trial",
    "categories",
    "courses",
    "covariates",
    "cv",
    "describe",
    "dropout",
    "like",
    "load",
    "log_normal",
    "log_sd",
    "log_variance",
    "logit_sd",
    "mixture",
    "morris_design",
    "normal",
    "observe",
    "occasions",
    "run",
    "sample",
    "screen",
    "sobol_design",
    "spread_of",
    "trial",
    "trials",
    "uniform",
]
