"""Population fits: a curve for everybody, and how much patients differ around it.

``study``       samples of many patients as arrays
``noise``       residual error, with samples below the limit
``mixed``       the model of a population, and that model bound to a study
``layout``      all unknowns as one vector; the distribution of random effects
``saem``        stochastic approximation EM
``importance``  the likelihood by importance sampling, its slope and curvature
``laplace``     Laplace's approximation, and FOCE with interaction
``two_stage``   each patient alone; and all in one pot
``results``     what a fit found
``pictures``    its figures
"""
