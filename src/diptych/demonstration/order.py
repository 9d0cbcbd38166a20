"""What pair is wanted: type, size, seed; and the figures that follow from them."""

from dataclasses import dataclass, fields
from hashlib import sha256

import numpy as np

from diptych.model.checks import require, require_finite

TYPES = ("PA", "PV", "TA", "TV-I", "TV-II", "TV-III")
TOTAL_TYPES = ("TA", "TV-I", "TV-II", "TV-III")
PHASES = ("venous", "arterial", "both")
MODALITIES = ("CT", "MR")
_LATER = ("phase", "modality", "hard")

# Ranges of long-axis angle and facial rotation, degrees. Each lies at least 12 degrees
# inside the limits (140, 40, 140) of Stone & Goodrich 2006, doi:10.1093/brain/awl065.
ANGLE_RANGES = {
    "PA": (106.0, 124.0),
    "PV": (158.0, 176.0),
    "TA": (104.0, 124.0),
    "TV-I": (162.0, 177.0),
    "TV-II": (162.0, 177.0),
    "TV-III": (162.0, 177.0),
}
ROTATION_RANGES = {
    "PA": (2.0, 24.0),
    "PV": (2.0, 26.0),
    "TA": (2.0, 24.0),
    "TV-I": (2.0, 26.0),
    "TV-II": (155.0, 178.0),
    "TV-III": (60.0, 120.0),
}

# Median head circumference of girls, cm, by month of age. WHO Child Growth Standards,
# repository WorldHealthOrganization/anthro, data-raw/growthstandards/hcanthro.txt.
_MONTHS = (0.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0)
_CIRCUMFERENCES = (33.9, 39.5, 42.2, 43.8, 44.9, 46.2, 47.2, 48.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOrder:
    """The pair that is wanted.

    type : class that the pair shall have ("PA", "PV", "TA", "TV-I", "TV-II", "TV-III")
    spacing : edge of the cubic voxels, mm
    seed : all chance hangs on it (and on `type`); geometry does not depend on `spacing`
    age : months, for the head circumference
    noise : standard deviation of the noise in tissue, HU
    blur : standard deviation of the scanner's point spread, mm
    second_size : head circumference of B relative to A's
    area : area of the disc where the cavities meet, cm2
    interrupted : share of the septum's area where brain touches brain (total types)
    scatter : standard deviation of the marked points, mm
    margin : air around the heads, mm
    phase : contrast given: "venous" (role ctv), "arterial" (role cta) or "both"
    modality : "CT", or "MR": T1-like without and with contrast (roles mr and mrv)
    hard : whether the scene has what makes real heads hard: arteries, open sutures and a
        fontanelle, falx and tentorium, sinuses on their real routes, curved veins, deeper
        herniation, and in total types brain grown across, a deep anastomosis and an artery
        that feeds the other twin
    """

    type: str
    spacing: float = 1.5
    seed: int = 1
    age: float = 9.5
    noise: float = 7.0
    blur: float = 0.55
    second_size: float = 0.97
    area: float = 50.0
    interrupted: float = 0.15
    scatter: float = 1.0
    margin: float = 8.0
    phase: str = "venous"
    modality: str = "CT"
    hard: bool = False

    def __post_init__(self) -> None:
        require(
            self.type in TYPES,
            f"type of pair is {self.type!r}, expected one of {', '.join(TYPES)}",
            remedy="choose one of these types",
        )
        _require_between("spacing", self.spacing, 0.5, 4.0, "mm")
        _require_between("age", self.age, 0.0, 36.0, "months")
        _require_between("second_size", self.second_size, 0.85, 1.15, "of A's")
        _require_between("area", self.area, 20.0, 70.0, "cm2")
        _require_between("interrupted", self.interrupted, 0.0, 0.4, "of the septum")
        for name in ("noise", "blur", "scatter", "margin"):
            require_finite(f"order of a pair: {name}", getattr(self, name), low=0.0)
        _require_one_of("phase", self.phase, PHASES)
        _require_one_of("modality", self.modality, MODALITIES)
        require(
            self.modality == "CT" or self.phase == "venous",
            f"order of a pair: modality MR with phase {self.phase!r}; only a venogram is made",
            remedy="leave phase at 'venous' for MR",
        )

    @property
    def total(self) -> bool:
        """Whether the type is a total one (shared venous sinus)."""
        return self.type in TOTAL_TYPES

    @property
    def has_arteries(self) -> bool:
        """Whether arteries are drawn: in hard scenes and where an arterial phase is given."""
        return self.hard or self.phase != "venous"

    @property
    def name(self) -> str:
        """All that was ordered, as text: the name of the pair.

        Figures that were added later are told only where they differ from their default, so
        that a pair keeps the name it had before.
        """
        told = [
            f"{figure.name}={getattr(self, figure.name)!r}"
            for figure in fields(self)
            if figure.name not in _LATER or getattr(self, figure.name) != figure.default
        ]
        return f"PairOrder({', '.join(told)})"

    @property
    def circumference(self) -> float:
        """Head circumference of twin A, mm: the WHO median of girls of that age."""
        return 10.0 * float(np.interp(self.age, _MONTHS, _CIRCUMFERENCES))


def random_stream(order: PairOrder, purpose: str) -> np.random.Generator:
    """The stream of chance for one purpose: the same for the same type, seed and purpose."""
    text = f"{order.type}|{order.seed}|{purpose}".encode()
    key = int.from_bytes(sha256(text).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))


def _require_one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    require(
        value in known,
        f"order of a pair: {name} is {value!r}, expected one of {', '.join(known)}",
        remedy=f"choose {name} among these",
    )


def _require_between(name: str, value: float, low: float, high: float, unit: str) -> None:
    require(
        low <= value <= high,
        f"order of a pair: {name} is {value}, expected {low:g} to {high:g} {unit}",
        remedy=f"choose {name} between {low:g} and {high:g}",
    )
