"""The case: two twins, their series, and what people wrote about them. Made by intake only."""

from dataclasses import dataclass
from datetime import date

from diptych.model.checks import require, require_finite
from diptych.model.geometry import Point, Volume
from diptych.model.ids import CaseId, Subject, TwinId
from diptych.model.units import Kilogram


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """A point that people marked on one twin, LPS+ mm, and who confirmed it.

    Names (Frankfurt and sagittal reference points): "nasion", "porion-left",
    "porion-right", "orbitale-left", "orbitale-right", "basion". Left and right are
    the twin's own. `scatter` is the standard deviation of the marking in mm.
    """

    name: str
    position: Point
    scatter: float
    confirmed_by: tuple[str, ...]

    def __post_init__(self) -> None:
        for axis, value in zip("LPS", self.position, strict=True):
            require_finite(f"landmark {self.name}: {axis}", value)
        require_finite(f"landmark {self.name}: scatter", self.scatter, low=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """One of the two patients.

    label : the short display name (never a key); letter, colour and shape go with it
    sex : "female", "male" or "unknown" (growth tables need it)
    weight : None before a scale can weigh one twin alone
    """

    id: TwinId
    label: str
    sex: str
    weight: Kilogram | None
    landmarks: tuple[Landmark, ...]

    def __post_init__(self) -> None:
        require(
            bool(self.label.strip()),
            f"twin {self.id} has no label",
            remedy=f"give twins.{self.id}.label in case.toml",
        )
        require(
            self.sex in ("female", "male", "unknown"),
            f"twin {self.id}: sex is {self.sex!r}, expected female, male or unknown",
            remedy=f"correct twins.{self.id}.sex in case.toml",
        )

    def landmark(self, name: str) -> Landmark | None:
        """The landmark of that name, or None if nobody marked it."""
        return next((mark for mark in self.landmarks if mark.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One image series: what it shows, whose it is, and how we know.

    role : "ct" (no contrast), "ctv" (venous contrast), "cta" (arterial), "mr" (T1), "mrv", "mra"
    subject : A, B, or SHARED when both twins are in the field
    evidence : what says so (DICOM group of patients, the case file, a person)
    """

    role: str
    subject: Subject
    evidence: str
    volume: Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the team wrote: dates, place, wishes. Dates are calendar days.

    made_from : for demonstration pairs, the sentence that says what they were made
        from and that they are no patient; empty for patients
    hemisphere : "north" or "south", for the season of respiratory infections
    """

    born: date
    imaged: date
    earliest_operation: date
    latest_operation: date
    hemisphere: str
    made_from: str
    notes: str

    def __post_init__(self) -> None:
        require(
            self.born <= self.imaged,
            f"imaged on {self.imaged}, born on {self.born}: the scan is older than the twins",
            remedy="correct dates.born or dates.imaged in case.toml",
        )
        require(
            self.earliest_operation <= self.latest_operation,
            f"earliest operation {self.earliest_operation} is after the latest"
            f" {self.latest_operation}",
            remedy="correct dates.earliest_operation or dates.latest_operation in case.toml",
        )
        require(
            self.hemisphere in ("north", "south"),
            f"hemisphere is {self.hemisphere!r}, expected north or south",
            remedy="correct site.hemisphere in case.toml",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check that intake made: passed, or a doubt that is shown and goes along."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """Exactly two twins, the series that show them, the brief and the checks made.

    All volumes share one frame of reference and one grid (intake refuses otherwise).
    """

    id: CaseId
    twins: tuple[Twin, Twin]
    volumes: tuple[Series, ...]
    brief: Brief
    checks: tuple[Check, ...]

    def __post_init__(self) -> None:
        require(
            tuple(twin.id for twin in self.twins) == (TwinId.A, TwinId.B),
            f"case {self.id} has twins {[str(t.id) for t in self.twins]}, expected A and B",
            remedy="describe exactly two twins, [twins.A] and [twins.B], in case.toml",
        )
        require(
            bool(self.volumes),
            f"case {self.id} has no image series",
            remedy="add one with: diptych intake CASE SOURCE",
        )

    def twin(self, id: TwinId) -> Twin:
        """The twin of that letter."""
        return self.twins[0] if id is TwinId.A else self.twins[1]

    def series(self, role: str) -> Series | None:
        """The series of that role, or None."""
        return next((entry for entry in self.volumes if entry.role == role), None)
