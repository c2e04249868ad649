"""Explore: a live figure, solved where it is read.

    >>> from cgtlearn.explore import explore
    >>> from cgtlearn.models import stein2019
    >>> figure = explore(stein2019.model, sliders={"tmax": (5, 20)}, x=(0, 60))

The figure lives in JupyterLab, in Binder and in the plain page of the book, with or without a
kernel. Its JavaScript is generated from the model's own functions (:mod:`cgtlearn.trace`), and its
numbers are compared with Python's when it starts. Needs anywidget, which loads here.
"""

from cgtlearn.explore.widget import LiveFigure, explore

__all__ = ["LiveFigure", "explore"]
