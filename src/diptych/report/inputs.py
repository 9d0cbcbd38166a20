"""Everything that the dossier is made from. Nothing on its pages comes from elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from diptych.model import (
    Anatomy,
    Case,
    Coverage,
    Drill,
    Gap,
    Kilogram,
    Mending,
    OperatingWindow,
    PairAnswer,
    Pillar,
    Rehearsal,
    Reserve,
    Schedule,
    SeparationFront,
    SetGap,
    ThinSpot,
    TwinId,
)
from diptych.tables.schema import TableRow

PngEncoder = Callable[[NDArray[np.uint8]], bytes]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readiness:
    """What was worked out from the gaps of the cover; empty where nobody asked.

    mendings : gaps, each with the smallest changes that close it, cheapest first
    weights : of each twin, kg, for doses on the response cards; None where no scale could tell
    laid : the day holds the reserve already; without it, what was asked is not covered
    """

    pairs: tuple[PairAnswer, ...] = ()
    reserve: Reserve | None = None
    mendings: tuple[tuple[Gap | SetGap, tuple[Mending, ...]], ...] = ()
    thin: tuple[ThinSpot, ...] = ()
    pillars: tuple[Pillar, ...] = ()
    drills: tuple[Drill, ...] = ()
    weights: Mapping[TwinId, Kilogram | None] = field(default_factory=dict)
    laid: bool = False


NOTHING_ASKED = Readiness()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DossierInputs:
    """The values of one planned case.

    encode_png : turns an (H, W, 3 or 4) uint8 picture into PNG bytes (the report itself
        knows no file format)
    provenance : pairs of name and value (inputs by hash, versions, seed, options)
    readiness : what was worked out from the gaps of the cover
    picture_width : pixels across a rendered picture; more is sharper and slower
    rows : the rows of the tables that the parts used, with source and confidence
    """

    case: Case
    anatomy: Anatomy
    front: SeparationFront
    window: OperatingWindow
    schedule: Schedule
    coverage: Coverage
    rehearsal: Rehearsal
    encode_png: PngEncoder
    provenance: tuple[tuple[str, str], ...] = ()
    rows: tuple[TableRow, ...] = ()
    picture_width: int = 1000
    readiness: Readiness = NOTHING_ASKED
