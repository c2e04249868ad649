"""Trace: a model's own functions as a graph, its derivatives, its JavaScript and NumPy.

    >>> from cgtlearn.models import stein2019
    >>> from cgtlearn.trace import javascript, trace
    >>> text = javascript(trace(stein2019.model))

The equations are those of the model file; no second copy of them exists.
"""

from cgtlearn.trace.graph import Graph, Node, TraceError
from cgtlearn.trace.javascript import javascript
from cgtlearn.trace.numpy_code import Compiled, compiled, numpy_code
from cgtlearn.trace.program import Program, inputs_at, trace

__all__ = [
    "Compiled",
    "Graph",
    "Node",
    "Program",
    "TraceError",
    "compiled",
    "inputs_at",
    "javascript",
    "numpy_code",
    "trace",
]
