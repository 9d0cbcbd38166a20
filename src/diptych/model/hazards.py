"""What can go wrong, what must then be at hand, and whether it is. Made by contingencies only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from diptych.model.checks import require
from diptych.model.emergency import EmergencyCover
from diptych.model.ids import Confidence, EquipmentId, HazardId, SkillId, StaffId, Subject
from diptych.model.setproof import SetProof
from diptych.model.units import Minute, Probability


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDemand:
    """`count` people of `skill` must be there within `within` minutes.

    grade : least grade of each of them (0: any); a leader is a demand of one person with a grade
    """

    skill: SkillId
    count: int
    within: Minute
    grade: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugDose:
    """A drug by weight: least and most usual dose.

    unit : of both, such as "micrograms/kg" or "mg/kg/h"
    most : largest single dose whatever the weight, in the unit without its "/kg"; None: not told
    """

    name: str
    low: float
    high: float
    unit: str
    most: float | None = None

    def of(self, weight: float) -> tuple[float, float]:
        """Least and most dose for a weight in kg, in the unit without its "/kg"."""
        limit = inf if self.most is None else self.most
        return min(self.low * weight, limit), min(self.high * weight, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a hazard asks for, and for how long it holds people (minutes low/mode/high).

    delay : minutes (least, most likely, most) for which the operation stands still
    sterile : places at the operating field of each twin in trouble
    drugs : what is likely given, by weight
    blood : red-cells, plasma, platelets, cryoprecipitate -> mL for each kg of weight
    knock_on : hazards that may follow from this one
    meanwhile : what may be left undone while it is answered, a sentence
    """

    demands: tuple[ResponseDemand, ...]
    equipment: Mapping[EquipmentId, int]
    low: Minute
    mode: Minute
    high: Minute
    actions: str
    delay: tuple[Minute, Minute, Minute] = (Minute(0), Minute(0), Minute(0))
    sterile: int = 0
    drugs: tuple[DrugDose, ...] = ()
    blood: Mapping[str, float] = field(default_factory=dict)
    knock_on: tuple[HazardId, ...] = ()
    meanwhile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One kind of trouble.

    subject : A or B for a hazard of one twin, BOTH or TEAM otherwise
    first_step, last_step : steps of the table during which it can happen
    probability : that it happens at least once in an operation
    severity : 1..3; a response may take people from tasks of lower priority
    """

    id: HazardId
    title: str
    subject: Subject
    first_step: int
    last_step: int
    probability: Probability
    probability_low: Probability
    probability_high: Probability
    severity: int
    response: Response
    source: str
    confidence: Confidence

    @property
    def field_places(self) -> int:
        """Places in the sterile field in all: those of one twin, or of each of the two."""
        return self.response.sterile * (1 if self.subject in (Subject.A, Subject.B) else 2)

    def __post_init__(self) -> None:
        require(
            0 <= self.probability_low <= self.probability <= self.probability_high <= 1,
            f"hazard {self.id}: probability {self.probability} in"
            f" [{self.probability_low}, {self.probability_high}],"
            " expected 0 <= low <= p <= high <= 1",
            remedy="correct the row in tables/hazards.toml",
        )
        require(
            bool(self.source),
            f"hazard {self.id} has no source",
            remedy="give a source, or write: source = 'assumption'",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageCell:
    """One hazard over a stretch of minutes in which nobody's duty changes.

    witness : who answers with which skill; empty when it is a gap
    depth : how many more people of the scarcest demanded skill could answer (0 = just enough)
    """

    hazard: HazardId
    start: Minute
    end: Minute
    covered: bool
    witness: tuple[tuple[StaffId, SkillId], ...]
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of minutes in which a hazard could not be answered, and what is missing."""

    hazards: tuple[HazardId, ...]
    start: Minute
    end: Minute
    missing: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The proof: for each minute and hazard a witness, or a gap.

    order : how many hazards at once were considered
    minutes : hazard-minutes examined; covered_minutes of them have a witness
    certified : the independent checker accepted every witness and every gap
    sets : the proof for two and more hazards at once; None where only single ones were asked
    emergency : whether the emergency path of each step is staffed; empty where there is none
    """

    order: int
    hazards: tuple[Hazard, ...]
    cells: tuple[CoverageCell, ...]
    gaps: tuple[Gap, ...]
    minutes: int
    covered_minutes: int
    certified: bool
    sets: SetProof | None = None
    emergency: tuple[EmergencyCover, ...] = ()
