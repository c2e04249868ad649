"""Proof: run the laws and targets that models declare, and make the scoreboard.

    >>> from cgtlearn import proof
    >>> proof.check_laws(proof.models.get("stein2019"))     # one Verdict a law
    >>> proof.scoreboard()                                  # one Score a target of every model

A target compares one published value with ours. Its kind says what the comparison is worth:

``recovered``   read off a simulated curve by ``measure``, or by fitting simulated data
``repeated``    the authors' own result, or data they fitted: it tests our code, not the model
``predicted``   no parameter of the model saw it
``calibrated``  the model was tuned to it; the parameter is named
``shown``       published data beside which no model of ours stands; these rows are in ``SHOWN``
"""

from cgtlearn import models
from cgtlearn.proof.laws import Verdict, check_laws
from cgtlearn.proof.scoreboard import KINDS, Score, score, scoreboard, turned_red
from cgtlearn.proof.shown import SHOWN, Shown, counted, interval, share_interval

__all__ = [
    "KINDS",
    "SHOWN",
    "Score",
    "Shown",
    "Verdict",
    "check_laws",
    "counted",
    "interval",
    "models",
    "score",
    "scoreboard",
    "share_interval",
    "turned_red",
]
