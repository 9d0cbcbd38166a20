"""From the gaps of the cover: what would close them, whom all rests on, what to rehearse."""

from collections.abc import Iterator, Mapping, Sequence

from diptych.choreography import check
from diptych.contingencies import AnswerPolicy
from diptych.contingencies.drills import rank_drills
from diptych.contingencies.first_pairs import answer_pairs, read_first_pairs
from diptych.contingencies.mending import mend_gap
from diptych.contingencies.reserve import design_reserve
from diptych.contingencies.reserve_policy import ReservePolicy, read_reserve_policy
from diptych.contingencies.thin import find_pillars, find_thin
from diptych.model import Coverage, Gap, Mending, Reserve, Schedule, SetGap, Violation
from diptych.report import Readiness
from diptych.tables import SourcedTable

TABLES = ("first-pairs", "reserve")
ORDER = 2
"""Up to how many hazards at once the reserve and the pillars look at."""
_SINGLES, _PAIRS = 8, 4
"""Gaps for which the smallest changes are sought, of the longest."""


def make_ready(
    schedule: Schedule,
    coverage: Coverage,
    tables: Mapping[str, SourcedTable],
    policy: AnswerPolicy,
    laid: Reserve | None = None,
) -> Readiness:
    """Everything that the dossier says of reserve, mendings, thin spots and drills.

    laid : the reserve that the day holds already. Where only single hazards were proved
    nothing is asked beyond them.
    """
    hazards = coverage.hazards
    order = ORDER if coverage.sets else 1
    rules = read_reserve_policy(tables["reserve"], answer=policy)
    pairs = read_first_pairs(tables["first-pairs"]) if coverage.sets else ()
    return Readiness(
        pairs=answer_pairs(schedule, hazards, pairs, policy),
        reserve=laid or design_reserve(schedule, hazards, order=order, policy=rules),
        laid=laid is not None,
        mendings=tuple(_mend(schedule, coverage, rules)),
        thin=find_thin(schedule, hazards, policy),
        pillars=find_pillars(schedule, hazards, order=order, policy=policy),
        drills=rank_drills(schedule, hazards, pairs, policy),
    )


def _mend(
    schedule: Schedule, coverage: Coverage, rules: ReservePolicy
) -> Iterator[tuple[Gap | SetGap, tuple[Mending, ...]]]:
    pairs = (
        [gap for gap in coverage.sets.gaps if len(gap.hazards) == ORDER] if coverage.sets else []
    )
    chosen: list[Gap | SetGap] = [*coverage.gaps[:_SINGLES]]
    chosen += sorted(pairs, key=lambda gap: (-gap.minutes, gap.hazards, gap.spans))[:_PAIRS]
    for gap in chosen:
        yield (
            gap,
            mend_gap(schedule, coverage.hazards, gap, policy=rules, violations=_violations),
        )


def _violations(plan: Schedule) -> Sequence[Violation]:
    return check(plan.procedure, plan)
