"""The patch of dura for one twin: size laid flat, outline on the cut, margin and materials.

The patch is the opening inside the skull, enlarged evenly to the area that must be covered.
Its length is its greatest extent (of the convex hull), its width the extent across that.
"""

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from diptych.model import DuralPatch, Measured, Millimetre, SquareCentimetre, Volume
from diptych.separation.opening import Grid, Opening
from diptych.tables import SourcedTable


def cut_patch(opening: Opening, area: Measured, grid: Volume, table: SourcedTable) -> DuralPatch:
    """The dural patch for that opening; all sizes 0 where no dura was opened.

    area : dura to replace, cm2; grid : the volume whose voxels the opening was seen in
    table : "reconstruction"
    """
    lines = opening.outlines()
    flat = opening.flat_area
    enlarged = float(np.sqrt(area.value / flat)) if flat > 0.0 else 0.0
    length, width = measure_extent(np.concatenate(lines)) if lines else (0.0, 0.0)
    margin = table.value("patch-margin")
    rim = opening.rim * enlarged
    seam = rim * margin + np.pi * margin**2 if lines else 0.0
    return DuralPatch(
        area=area,
        length=Millimetre(length * enlarged),
        width=Millimetre(width * enlarged),
        margin=Millimetre(margin),
        with_margin=SquareCentimetre(area.value + float(seam) / 100.0),
        outline=_on_the_cut(opening, lines[0], grid) if lines else np.zeros((0, 3)),
        materials=tuple(
            f"{row.text('text')} ({row.source})"
            for row in table.rows.values()
            if row.fields.get("kind") == "material"
        ),
    )


def measure_extent(points: Grid) -> tuple[float, float]:
    """Greatest extent of points (N, 2) and the extent across it, in their unit."""
    try:
        corners = points[np.sort(ConvexHull(points).vertices)]
    except QhullError:
        corners = points
    apart = corners[:, None] - corners[None]
    far = np.linalg.norm(apart, axis=2)
    first, second = np.unravel_index(int(np.argmax(far)), far.shape)
    length = float(far[first, second])
    if length <= 0.0:
        return 0.0, 0.0
    way = apart[first, second] / length
    across = corners @ np.array([-way[1], way[0]])
    return length, float(across.max() - across.min())


def _on_the_cut(opening: Opening, line: Grid, grid: Volume) -> Grid:
    """A line (N, 2) of the flat grid as places on the lid, LPS+ mm."""
    frame = opening.frame
    rows = np.clip(np.rint(line[:, 0] - frame.us[0]).astype(int), 0, len(frame.us) - 1)
    columns = np.clip(np.rint(line[:, 1] - frame.vs[0]).astype(int), 0, len(frame.vs) - 1)
    height = opening.lid[rows, columns]
    places = frame.origin + line @ frame.across + height[:, None] * frame.normal
    return grid.to_lps(places / np.array(grid.spacing))
