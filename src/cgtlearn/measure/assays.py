r"""From what qPCR counts to what flow counts, and the ceiling that a microgram of DNA sets.

qPCR reports copies of the transgene in a microgram of DNA.  That DNA comes from **all** nucleated
cells in the sample, not from lymphocytes or T cells alone.  A diploid genome weighs some picograms,
so a microgram holds a fixed number of genomes, one for each cell:

.. math::
    G = \frac{10^6\ \mathrm{pg/µg}}{m}, \qquad
    \text{fraction CAR}^+ = \frac{\text{copies/µg} \cdot m}{10^6\, V}, \qquad
    \text{CAR}^+\text{ cells/µL} = \text{fraction} \cdot W

with m the DNA of one genome in pg, V the mean vector copies in a CAR-positive cell and W the
nucleated white cells in a µL of blood.  Right after lymphodepletion W is small: the same copies/µg
are then fewer cells in a µL.

No number is built in.  m, V and W come from the parameter ledger, or from the patient, at the
caller.  All three arguments broadcast: numbers, or arrays (T,), (N, 1), (N, T).

Source: arithmetic on units; one genome for one nucleated cell is the assumption (no dividing cells,
no loss in extraction, flow sees every cell that carries the transgene).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import LearnerError, Numbers, non_negative, positive, short

PG_PER_UG = 1e6


def _plain(value: Numbers) -> float | Numbers:
    return value if np.ndim(value) else float(value)


def genomes_per_ug(dna_per_genome_pg: ArrayLike) -> float | Numbers:
    r"""Genomes in a microgram of DNA, :math:`10^6 / m`; with m = 6.6 pg about 151,500.

    Parameters
    ----------
    dna_per_genome_pg : mass of one diploid genome in pg, above zero.

    Raises
    ------
    LearnerError : NaN, zero or below.
    """
    return _plain(PG_PER_UG / positive("dna_per_genome_pg", dna_per_genome_pg, "pg"))


def above_ceiling(
    copies_per_ug: ArrayLike, *, vector_copies_per_cell: ArrayLike, dna_per_genome_pg: ArrayLike
) -> bool | NDArray[np.bool_]:
    r"""Whether copies/µg are more than nature allows: above :math:`V \cdot 10^6/m`.

    At the ceiling every nucleated cell is CAR-positive.  A simulated curve above it is impossible,
    however good it looks.

    Parameters
    ----------
    copies_per_ug : copies of the transgene per µg of DNA, zero or above; any shape.
    vector_copies_per_cell : mean copies in a CAR-positive cell.
    dna_per_genome_pg : mass of one diploid genome in pg.

    Returns
    -------
    True or False, or an array of them in the broadcast shape.
    """
    copies = non_negative("copies_per_ug", copies_per_ug, "copies/µg")
    per_cell = positive("vector_copies_per_cell", vector_copies_per_cell, "copies/cell")
    # A hair of slack, so that rounding does not put a curve at the ceiling above it.
    above = copies > per_cell * genomes_per_ug(dna_per_genome_pg) * (1 + 1e-12)
    return above if np.ndim(above) else bool(above)


def copies_per_ug_to_cells_per_ul(
    copies_per_ug: ArrayLike,
    *,
    vector_copies_per_cell: ArrayLike,
    dna_per_genome_pg: ArrayLike,
    nucleated_cells_per_ul: ArrayLike,
) -> float | Numbers:
    r"""CAR-positive cells in a µL of blood from transgene copies in a µg of DNA.

    Formula: :math:`\text{copies/µg} \cdot m / (10^6\,V) \cdot W`.  The DNA is that of all nucleated
    blood cells, so W is the count of all nucleated white cells, not of lymphocytes.  Where only
    lymphocytes or mononuclear cells went into the extraction, W is their count.

    Parameters
    ----------
    copies_per_ug : copies of the transgene per µg of DNA, zero or above.
    vector_copies_per_cell : V, mean copies in a CAR-positive cell, above zero.
    dna_per_genome_pg : m, mass of one diploid genome in pg, above zero.
    nucleated_cells_per_ul : W, the cells whose DNA was extracted, in cells/µL, above zero.

    Returns
    -------
    Cells/µL, a float or an array in the broadcast shape.

    Raises
    ------
    LearnerError : bad numbers; copies/µg above the ceiling, where the fraction would exceed one.
    """
    copies = non_negative("copies_per_ug", copies_per_ug, "copies/µg")
    per_cell = positive("vector_copies_per_cell", vector_copies_per_cell, "copies/cell")
    white = positive("nucleated_cells_per_ul", nucleated_cells_per_ul, "cells/µL")
    genomes = genomes_per_ug(dna_per_genome_pg)
    if np.any(
        above_ceiling(copies, vector_copies_per_cell=per_cell, dna_per_genome_pg=dna_per_genome_pg)
    ):
        ceiling = float(np.min(per_cell * genomes))
        raise LearnerError(
            given=f"copies_per_ug up to {float(copies.max()):g}",
            expected=f"at most {ceiling:g} copies/µg, where every nucleated cell is CAR-positive",
            do="check the unit (copies/µg, not copies/mL) and vector_copies_per_cell; "
            "above_ceiling(...) tells which values are impossible",
        )
    return _plain(copies / (per_cell * genomes) * white)


def cells_per_ul_to_copies_per_ug(
    cells_per_ul: ArrayLike,
    *,
    vector_copies_per_cell: ArrayLike,
    dna_per_genome_pg: ArrayLike,
    nucleated_cells_per_ul: ArrayLike,
) -> float | Numbers:
    r"""Transgene copies in a µg of DNA from CAR-positive cells in a µL of blood.

    Formula: :math:`\text{cells/µL} / W \cdot V \cdot 10^6/m`; the inverse of
    :func:`copies_per_ug_to_cells_per_ul`, with its arguments and assumptions.

    Raises
    ------
    LearnerError : bad numbers; more CAR-positive cells than nucleated cells.
    """
    cells = non_negative("cells_per_ul", cells_per_ul, "cells/µL")
    per_cell = positive("vector_copies_per_cell", vector_copies_per_cell, "copies/cell")
    white = positive("nucleated_cells_per_ul", nucleated_cells_per_ul, "cells/µL")
    fraction = cells / white
    if np.any(fraction > 1 + 1e-12):
        raise LearnerError(
            given=f"cells_per_ul = {short(cells_per_ul)} among "
            f"nucleated_cells_per_ul = {short(nucleated_cells_per_ul)}",
            expected="no more CAR-positive cells than nucleated cells",
            do="check that both counts are in cells/µL (1 × 10⁹/L is 1000 cells/µL)",
        )
    return _plain(fraction * per_cell * genomes_per_ug(dna_per_genome_pg))
