"""What can go wrong, what must then be at hand, and whether it is. Made by contingencies only."""

from collections.abc import Mapping
from dataclasses import dataclass

from diptych.model.checks import require
from diptych.model.emergency import EmergencyCover
from diptych.model.ids import Confidence, EquipmentId, HazardId, SkillId, StaffId, Subject
from diptych.model.setproof import SetProof
from diptych.model.units import Minute, Probability


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDemand:
    """`count` people of `skill` must be there within `within` minutes."""

    skill: SkillId
    count: int
    within: Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a hazard asks for, and for how long it holds people (minutes low/mode/high).

    delay : minutes (least, most likely, most) for which the operation stands still
    """

    demands: tuple[ResponseDemand, ...]
    equipment: Mapping[EquipmentId, int]
    low: Minute
    mode: Minute
    high: Minute
    actions: str
    delay: tuple[Minute, Minute, Minute] = (Minute(0), Minute(0), Minute(0))


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
