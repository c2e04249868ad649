"""How our value behind each target of ``aav_chain`` is computed."""

from cgtlearn import ledger
from cgtlearn.models import aav_chain
from cgtlearn.models.contract import Parameters
from cgtlearn.solve import solve

__all__ = ["fix_at_15_months"]


def fix_at_15_months(p: Parameters) -> float:
    """Factor IX activity at the time at which BENEGENE-2 summarised it, in IU/dL."""
    day = ledger.value("benegene2.fix_time", "day")
    course = solve(aav_chain.model, p, [0, day])
    return float(course["fix_activity"][-1])
