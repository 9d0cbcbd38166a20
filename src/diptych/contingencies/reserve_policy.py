"""How a reserve is planned and what changes are worth against each other."""

from dataclasses import dataclass, field

from diptych.contingencies.policy import AnswerPolicy
from diptych.model import Minute
from diptych.tables import SourcedTable


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservePolicy:
    """Rules for standby people, and the worth of changes in minutes of somebody's time.

    answer : who may answer a hazard, as for the proof
    longest_watch : longest time that one person stands by
    mark_every : watches begin and end at multiples of it from the day's first minute
    standby_grade : seniority of those who stand by, 1 to 5; more where a hazard asks for it
    cost_of_person, cost_of_kit, cost_of_moving : see the table `reserve`
    own_people : may people of the roster be called earlier or kept longer; they are then
        tried before anybody is added
    search_limit : nodes of branch and bound for one choice; beyond it the reserve is not
        called proven
    """

    longest_watch: Minute
    mark_every: Minute
    standby_grade: int
    cost_of_person: int
    cost_of_kit: int
    cost_of_moving: int
    answer: AnswerPolicy = field(default_factory=AnswerPolicy)
    own_people: bool = True
    search_limit: int = 100_000


def read_reserve_policy(
    table: SourcedTable, *, answer: AnswerPolicy | None = None, own_people: bool = True
) -> ReservePolicy:
    """The rules of the table `reserve`; InputError where a row is missing."""
    return ReservePolicy(
        longest_watch=Minute(round(table.value("longest-watch"))),
        mark_every=Minute(round(table.value("mark-every"))),
        standby_grade=round(table.value("standby-grade")),
        cost_of_person=round(table.value("cost-of-person")),
        cost_of_kit=round(table.value("cost-of-kit")),
        cost_of_moving=round(table.value("cost-of-moving")),
        answer=answer or AnswerPolicy(),
        own_people=own_people,
    )
