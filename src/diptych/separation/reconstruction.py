"""What covers each twin after the separation, for both twins side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from diptych.model import (
    Anatomy,
    Case,
    Crossing,
    Defect,
    EmergencyPath,
    Expander,
    Flap,
    Measured,
    Millilitre,
    Millimetre,
    Reconstruction,
    SkinBalance,
    SkinBudget,
    SquareCentimetre,
    TwinId,
    Volume,
)
from diptych.separation.area import measure_faces
from diptych.separation.bone import measure_bone
from diptych.separation.defects import measure_defect, measure_tissue_areas
from diptych.separation.emergency import find_emergency_paths
from diptych.separation.expanders import (
    Window,
    choose_expanders,
    draw_scar,
    outline_base,
    plan_fills,
)
from diptych.separation.flaps import draw_flaps
from diptych.separation.growth import Growth, measure_growth
from diptych.separation.opening import LAYERS, Opening, view_opening
from diptych.separation.patch import cut_patch, measure_extent
from diptych.separation.region import voxel_spacing
from diptych.separation.scalp import Scalp, chart_scalp, fit_ball, mark_hair
from diptych.tables import SourcedTable

TABLES = ("costs", "growth", "reconstruction", "steps", "timing")
Tables = Mapping[str, SourcedTable]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """The fields of a separation plan that say what covers the twins, and the emergency path.

    balls : radius in mm of the ball that each twin's head is near the opening, by layer
    """

    defects: Mapping[TwinId, Defect]
    reconstruction: Mapping[TwinId, Reconstruction]
    emergency: tuple[EmergencyPath, ...]
    balls: Mapping[TwinId, Mapping[str, float]]


def cover_twins(
    case: Case,
    anatomy: Anatomy,
    side: Volume,
    crossings: Sequence[Crossing],
    *,
    tables: Tables,
    operation: date | None = None,
) -> Cover:
    """Defects, reconstruction and emergency paths of one way to part the twins.

    side : Volume of 0, 1 (stays with A) and 2 (stays with B); crossings : with their keepers
    tables : must hold those of `TABLES`
    operation : None takes the middle of the case's candidate days, and both ends as interval
    Raises InputError when the sides do not touch or a twin's side holds no brain.
    """
    spacing = voxel_spacing(side)
    parts = side.voxels.astype(np.uint8)
    tissues = anatomy.tissues.voxels.astype(np.uint8)
    faces = measure_faces(parts, spacing)
    openings = view_opening(parts, tissues, faces, spacing)
    areas = measure_tissue_areas(faces, tissues)
    covered = {
        twin: _cover_one(
            _Twin(
                twin=twin,
                openings=openings[twin],
                scalp=_chart(anatomy, side, parts, tissues, (twin, openings[twin]), tables),
                growth=_growth(case, twin, operation, tables),
                areas=areas,
                grid=side,
                tables=tables,
            )
        )
        for twin in TwinId
    }
    return Cover(
        defects={twin: covered[twin][0] for twin in TwinId},
        reconstruction={twin: covered[twin][1] for twin in TwinId},
        emergency=find_emergency_paths(
            crossings, steps=tables["steps"], table=tables["reconstruction"]
        ),
        balls={twin: covered[twin][2] for twin in TwinId},
    )


def measure_defects(
    case: Case,
    tissues: NDArray[np.uint8],
    side: Volume,
    balls: Mapping[TwinId, Mapping[str, float]],
    *,
    tables: Tables,
) -> dict[TwinId, Defect]:
    """What each twin will lack after a cut, and nothing else of the cover.

    tissues, side : on one grid; balls : as in `Cover`, from a cut near this one
    """
    spacing = voxel_spacing(side)
    parts = side.voxels.astype(np.uint8)
    faces = measure_faces(parts, spacing)
    openings = view_opening(parts, tissues, faces, spacing)
    areas = measure_tissue_areas(faces, tissues)
    return {
        twin: measure_defect(
            openings[twin],
            balls[twin],
            areas,
            _growth(case, twin, None, tables).surface,
            costs=tables["costs"],
            table=tables["reconstruction"],
        )
        for twin in TwinId
    }


def _growth(case: Case, twin: TwinId, operation: date | None, tables: Tables) -> Growth:
    return measure_growth(
        case.brief,
        case.twin(twin).sex,
        operation,
        growth=tables["growth"],
        timing=tables["timing"],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Twin:
    """All that the reconstruction of one twin is made from."""

    twin: TwinId
    openings: Mapping[str, Opening]
    scalp: Scalp
    growth: Growth
    areas: Mapping[str, float]
    grid: Volume
    tables: Tables

    @property
    def rows(self) -> SourcedTable:
        return self.tables["reconstruction"]

    def to_lps(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """LPS+ mm of points in grid mm."""
        return self.grid.to_lps(points / np.array(self.grid.spacing))


def _chart(
    anatomy: Anatomy,
    side: Volume,
    parts: NDArray[np.uint8],
    tissues: NDArray[np.uint8],
    seen: tuple[TwinId, Mapping[str, Opening]],
    tables: Tables,
) -> Scalp:
    """The chart of one twin's head with its scalp marked."""
    twin, openings = seen
    scalp = chart_scalp(parts, tissues, twin, openings["skin"].frame, voxel_spacing(side))
    axes = next(entry for entry in anatomy.axes if entry.twin is twin)
    turn = np.linalg.inv(side.affine[:3, :3] / np.array(side.spacing))
    table = tables["reconstruction"]
    hair = mark_hair(
        scalp, axes, turn, face=table.value("scalp-face"), vertex=table.value("scalp-vertex")
    )
    return replace(scalp, hair=hair)


def _cover_one(entry: _Twin) -> tuple[Defect, Reconstruction, Mapping[str, float]]:
    reach = entry.rows.value("dome-reach")
    balls = {layer: fit_ball(entry.scalp, layer, reach) for layer in LAYERS}
    defect = measure_defect(
        entry.openings,
        balls,
        entry.areas,
        entry.growth.surface,
        costs=entry.tables["costs"],
        table=entry.rows,
    )
    skin, windows = _plan_skin(entry, defect.skin)
    length = entry.rows.value("expander-scar")
    scars = [draw_scar(entry.scalp, window, length) for window in windows]
    flaps = draw_flaps(entry.scalp, windows, scars, entry.grid, entry.rows)
    reconstruction = Reconstruction(
        twin=entry.twin,
        operation=entry.growth.operation,
        growth=entry.growth.surface,
        skin=skin,
        flaps=flaps,
        bone=measure_bone(
            entry.scalp,
            defect.bone,
            entry.growth,
            entry.grid,
            table=entry.rows,
            timing=entry.tables["timing"],
        ),
        patch=cut_patch(entry.openings["dura"], defect.dura, entry.grid, entry.rows),
        risks=tuple(
            f"{row.text('text')} ({row.source})"
            for row in entry.rows.rows.values()
            if row.fields.get("kind") == "risk"
        ),
        notes=_notes(entry, windows, flaps),
    )
    return defect, reconstruction, balls


def _plan_skin(entry: _Twin, need: Measured) -> tuple[SkinBudget, tuple[Window, ...]]:
    """The budget of skin and the windows of its expanders."""
    rim = entry.openings["skin"].rim * np.sqrt(entry.growth.surface.value) / 100.0
    advance = entry.rows.number("scalp-advance")
    low, value, high = (float(rim * mm) for mm in (advance.low, advance.value, advance.high))
    own = Measured(value=value, low=low, high=high, unit="cm2")
    windows = choose_expanders(entry.scalp, need.high - own.low, entry.rows)
    sizes = [window.size for window in windows]
    gains = [sum(getattr(size.gain, name) for size in sizes) for name in ("value", "low", "high")]
    gain = Measured(value=gains[0], low=gains[1], high=gains[2], unit="cm2")
    fills, weeks = plan_fills(sizes, entry.rows, entry.tables["timing"])
    cautious = balance_skin(need.high, own.low, gain.low)
    budget = SkinBudget(
        need=need,
        own=own,
        gain=gain,
        expected=balance_skin(need.value, own.value, gain.value),
        cautious=cautious,
        expanders=_expanders(entry, windows),
        fills=fills,
        weeks=weeks,
        enough=cautious.graft <= 0.0,
        sentence=_tell_skin(entry.twin, cautious, len(windows), weeks),
    )
    return budget, windows


def balance_skin(need: float, own: float, gain: float) -> SkinBalance:
    """The balance in cm2: what lacks is a split skin graft, what is over is spare."""
    rest = need - own - gain
    return SkinBalance(
        need=SquareCentimetre(need),
        own=SquareCentimetre(own),
        gain=SquareCentimetre(gain),
        graft=SquareCentimetre(max(0.0, rest)),
        spare=SquareCentimetre(max(0.0, -rest)),
    )


def _expanders(entry: _Twin, windows: Sequence[Window]) -> tuple[Expander, ...]:
    length = entry.rows.value("expander-scar")
    found = []
    for number, window in enumerate(windows, start=1):
        middle = (window.left + window.right) / 2.0, (window.near + window.far) / 2.0
        x, y, z = entry.to_lps(entry.scalp.between(*middle)).tolist()
        found.append(
            Expander(
                number=number,
                shape=window.size.shape,
                base=Millimetre(window.size.base),
                length=Millimetre(window.size.length),
                projection=Millimetre(window.size.projection),
                volume=Millilitre(window.size.volume),
                position=(x, y, z),
                outline=entry.to_lps(outline_base(entry.scalp, window)),
                scar=entry.to_lps(draw_scar(entry.scalp, window, length)),
                gain=window.size.gain,
            )
        )
    return tuple(found)


def _tell_skin(twin: TwinId, cautious: SkinBalance, count: int, weeks: Measured) -> str:
    if not count:
        start = f"Twin {twin}: no expander" + (
            " is needed" if cautious.graft <= 0.0 else " fits on the scalp beside the rim"
        )
    else:
        start = f"Twin {twin}: {count} expanders, filled over {weeks.value:.0f} weeks"
        start = start.replace("1 expanders", "1 expander")
    if cautious.graft > 0.0:
        return f"{start}; at worst {cautious.graft:.0f} cm2 lack and need a split skin graft."
    return f"{start}; even at worst the skin closes, with {cautious.spare:.0f} cm2 over."


def _notes(entry: _Twin, windows: Sequence[Window], flaps: Sequence[Flap]) -> tuple[str, ...]:
    notes = [f"twin {entry.twin}: {entry.growth.stale}"] if entry.growth.stale else []
    lines = entry.openings["skin"].outlines()
    if windows and lines:
        width = measure_extent(np.concatenate(lines))[1]
        rule = entry.rows.number("base-to-width")
        share = sum(window.size.base for window in windows) / width
        notes.append(
            f"twin {entry.twin}: the bases of the expanders are together {share:.1f} times as wide"
            f" as the opening; the rule asks for {rule.low:g} to {rule.high:g} ({rule.source})"
        )
    least = entry.rows.number("expander-gap").low
    notes += [
        f"twin {entry.twin}: the line of flap {flap.number} passes {flap.scar_distance:.1f} mm"
        f" from a scar, expected at least {least:g} mm: move the incision or the flap"
        for flap in flaps
        if flap.scar_distance is not None and flap.scar_distance < least
    ]
    notes.append(
        f"twin {entry.twin}: skin, dura and bone rest on assumptions: dome-share, scalp-advance"
        " (table reconstruction)"
    )
    return tuple(notes)
