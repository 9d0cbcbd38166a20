"""What each twin needs to be covered with, and the way out when one is dying. By separation only.

Lengths are mm, areas cm2, volumes ml, places LPS+ mm.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from diptych.model.checks import frozen_copy, require
from diptych.model.geometry import Measured, Point
from diptych.model.ids import TwinId, VesselId
from diptych.model.units import Millilitre, Millimetre, Minute, SquareCentimetre

Line = NDArray[np.float64]
"""A polyline, (N, 3) float64, LPS+ mm."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expander:
    """One tissue expander under the scalp.

    shape : "rectangular", "round" or "crescent"
    base, length : extent of its base away from the rim of the cut and along it
    projection : height when full; volume : content when full, without overfilling
    position : middle of its base on the skin; outline : the base on the skin, closed
    scar : the incision that it is put in by
    gain : skin that it gives, cm2, after the part that cannot be used
    """

    number: int
    shape: str
    base: Millimetre
    length: Millimetre
    projection: Millimetre
    volume: Millilitre
    position: Point
    outline: Line
    scar: Line
    gain: Measured

    def __post_init__(self) -> None:
        for name in ("outline", "scar"):
            object.__setattr__(self, name, frozen_copy(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One filling: days after insertion, and ml into each expander in their order."""

    number: int
    day: int
    volumes: tuple[Millilitre, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinBalance:
    """need = own + gain + graft - spare, all cm2 and not negative.

    own : the twin's own scalp, moved up; gain : from expanders; graft : split skin
    spare : what is left over
    """

    need: SquareCentimetre
    own: SquareCentimetre
    gain: SquareCentimetre
    graft: SquareCentimetre
    spare: SquareCentimetre

    def __post_init__(self) -> None:
        rest = self.need - self.own - self.gain - self.graft + self.spare
        require(
            abs(rest) < 1e-6,
            f"skin needed and supplied differ by {rest:.4f} cm2, expected 0",
            remedy="plan the reconstruction again",
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SkinBudget:
    """Need and supply of skin of one twin.

    expected : at the most likely figures; cautious : most need, least supply
    weeks : from insertion to the last filling; 0 without expanders
    enough : whether the cautious balance closes without a graft
    """

    need: Measured
    own: Measured
    gain: Measured
    expected: SkinBalance
    cautious: SkinBalance
    expanders: tuple[Expander, ...]
    fills: tuple[Fill, ...]
    weeks: Measured
    enough: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flap:
    """One scalp flap: an open line from one end of its base over the rim to the other.

    length : from the rim to the base; base : width that carries its blood; ratio : of both
    scar_distance : least distance of the line from any expander scar; None without scars
    """

    number: int
    line: Line
    length: Millimetre
    base: Millimetre
    ratio: float
    wide_enough: bool
    scar_distance: Millimetre | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "line", frozen_copy(self.line))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoneStock:
    """Thickness of the vault and what bone it can give.

    points : (N, 3) on the outer face of the vault, LPS+ mm
    thickness : (N,) mm; areas : (N,) cm2 that each point stands for
    thick : area where the bone can be split; available : split bone that can be moved
    need : bone to replace; remaining : what stays open, under a helmet
    """

    points: NDArray[np.float64]
    thickness: NDArray[np.float64]
    areas: NDArray[np.float64]
    thick: Measured
    available: Measured
    need: Measured
    remaining: Measured
    sentence: str

    def __post_init__(self) -> None:
        for name in ("points", "thickness", "areas"):
            object.__setattr__(self, name, frozen_copy(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DuralPatch:
    """One patch of dura, laid flat.

    length, width : longest extent, and the extent across it, without the margin
    with_margin : area to cut from the material, cm2
    outline : (N, 3) closed line on the cut, LPS+ mm, on the day of the scan
    """

    area: Measured
    length: Millimetre
    width: Millimetre
    margin: Millimetre
    with_margin: SquareCentimetre
    outline: Line
    materials: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "outline", frozen_copy(self.outline))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reconstruction:
    """What covers one twin after the separation, on the day of the operation.

    growth : head surface on that day over that on the scan
    risks : side effects and complications with their sources
    """

    twin: TwinId
    operation: date
    growth: Measured
    skin: SkinBudget
    flaps: tuple[Flap, ...]
    bone: BoneStock
    patch: DuralPatch
    risks: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyAction:
    """One thing still to be done, `times` over; minutes are for all of them together."""

    key: str
    title: str
    times: int
    low: Minute
    mode: Minute
    high: Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyPath:
    """The shortest safe completion from one step when one twin is dying.

    step : key of the step that is under way and counts as not done
    divided : vessels already divided by then
    verdict : "within", "doubtful" (most likely within, at worst not), "beyond" the limit,
        or "separated" when the twins are apart already
    clipped : vessels that are clipped now and stay with the survivor
    lost : vessels already divided whose keeper is the dying twin
    undone : what waits for another day, in words
    """

    step: str
    title: str
    divided: int
    dying: TwinId
    survivor: TwinId
    actions: tuple[EmergencyAction, ...]
    low: Minute
    mode: Minute
    high: Minute
    limit: Minute
    verdict: str
    clipped: tuple[VesselId, ...]
    lost: tuple[VesselId, ...]
    undone: tuple[str, ...]
    sentence: str
