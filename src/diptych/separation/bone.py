"""The vault's thickness on one head, where it can be split, and what then stays open.

Thickness is the length of bone along each ray of the chart, turned to the square of the surface
and averaged over the eight neighbours. Bone that can be split gives its own area once: the outer
table is moved, the inner one stays.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.model import BoneStock, Measured, Volume
from diptych.separation.growth import Growth
from diptych.separation.opening import Grid
from diptych.separation.scalp import Scalp
from diptych.tables import SourcedTable


def measure_bone(
    scalp: Scalp,
    need: Measured,
    growth: Growth,
    grid: Volume,
    *,
    table: SourcedTable,
    timing: SourcedTable,
) -> BoneStock:
    """Bone of one twin's vault against its need, cm2, on the day of the operation.

    need : bone to replace; grid : the volume whose voxels the chart was made from
    table, timing : tables "reconstruction" and "timing"
    Thickness is that of the scan; half a voxel either way makes the interval of `thick`.
    """
    vault = scalp.hair & (scalp.bone > 0.0)
    thickness = average_thickness(scalp.bone, vault)[vault]
    cells = scalp.cells[vault]
    outer = scalp.centre + (scalp.rays * scalp.layers["bone"][..., None])[vault]
    thick = _thick_area(
        thickness, cells * growth.surface.value, float(np.mean(grid.spacing)), table
    )
    oldest = timing.number("split-bone-age")
    available = _available(thick, table, young=growth.months < oldest.value)
    remaining = Measured(
        value=max(0.0, need.value - available.value),
        low=max(0.0, need.low - available.high),
        high=max(0.0, need.high - available.low),
        unit="cm2",
    )
    return BoneStock(
        points=grid.to_lps(outer / np.array(grid.spacing)),
        thickness=thickness,
        areas=cells,
        thick=thick,
        available=available,
        need=need,
        remaining=remaining,
        sentence=_tell(thickness, thick, remaining, growth, (oldest.value, oldest.source)),
    )


def average_thickness(bone: Grid, vault: NDArray[np.bool_]) -> Grid:
    """(T, F) mean thickness, mm, of each point of the vault and its neighbours in the vault."""
    within = vault.astype(np.float64)
    mode = ("nearest", "wrap")
    total = ndimage.uniform_filter(np.where(vault, bone, 0.0), 3, mode=mode)
    share = ndimage.uniform_filter(within, 3, mode=mode)
    mean: Grid = total / np.maximum(share, 1e-9)
    return mean


def _thick_area(thickness: Grid, cells: Grid, voxel: float, table: SourcedTable) -> Measured:
    limit = table.value("split-thickness")
    low, value, high = (
        float(cells[thickness >= limit + shift].sum()) for shift in (voxel / 2.0, 0.0, -voxel / 2.0)
    )
    return Measured(value=value, low=low, high=high, unit="cm2")


def _available(thick: Measured, table: SourcedTable, *, young: bool) -> Measured:
    if young:
        return Measured(value=0.0, low=0.0, high=0.0, unit="cm2")
    won = table.number("split-yield")
    return Measured(
        value=thick.value * won.value,
        low=thick.low * won.low,
        high=thick.high * won.high,
        unit="cm2",
    )


def _tell(
    thickness: Grid,
    thick: Measured,
    remaining: Measured,
    growth: Growth,
    oldest: tuple[float, str],
) -> str:
    months, source = oldest
    middle = f"{np.median(thickness):.1f} mm" if len(thickness) else "not seen"
    text = f"Half of the vault is thicker than {middle}; {thick.value:.0f} cm2 could be split."
    if growth.months < months:
        text += (
            f" None of it is counted at {growth.months:.0f} months: splitting is reported from"
            f" {months:.0f} months ({source})."
        )
    if remaining.value > 0.0:
        text += f" {remaining.value:.0f} cm2 stay open under a helmet."
    return text
