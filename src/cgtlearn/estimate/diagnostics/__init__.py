"""Does the model describe the data? Four looks, each numbers first and a picture of them.

``goodness_of_fit``  observed against predicted, residuals against time and prediction
``vpc``              percentiles of the data beside those of simulated trials, by time; also
                     prediction-corrected; and the share below the limit of quantification
``npde``             where each sample stands among simulated ones, as normal deviates, with tests

Each takes a population fit, or plain columns with simulated values beside them. None proves a
model right: a wrong one can pass.
"""

from cgtlearn.estimate.diagnostics.residuals import GoodnessOfFit, goodness_of_fit
from cgtlearn.estimate.diagnostics.standing import NPDE, npde
from cgtlearn.estimate.diagnostics.visual import VPC, vpc

__all__ = ["NPDE", "VPC", "GoodnessOfFit", "goodness_of_fit", "npde", "vpc"]
