"""The live question: is the next hour covered, as the day now runs?"""

from collections.abc import Sequence

from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.policy import AnswerPolicy
from diptych.contingencies.sets import search_gaps
from diptych.model import Hazard, Minute, Outlook, Schedule, SetCount

_RULES = AnswerPolicy()
_FEW = 4


def prepare(schedule: Schedule, hazards: Sequence[Hazard], *, order: int = 2) -> None:
    """Loads what the question needs, so that the first real one is as quick as any later.

    On a fresh installation this takes the seconds in which the kernels are compiled.
    """
    first = min((entry.start for entry in schedule.assignments), default=Minute(0))
    look_ahead(schedule, hazards[:_FEW], first, minutes=1, order=order)


def look_ahead(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    now: Minute,
    *,
    minutes: int = 60,
    order: int = 2,
    policy: AnswerPolicy = _RULES,
) -> Outlook:
    """Every set of up to `order` hazards (2 to 4) in the `minutes` from `now` on, exactly.

    schedule : the day as it is now expected; it may differ from call to call. The question is
    that of the whole day's proof, cut to these minutes. Beyond the ends of the day there is
    nothing to ask: counts of 0 and no gap. Raises InputError for another order.
    """
    end = Minute(now + minutes)
    if not _overlaps(schedule, now, end):
        return Outlook(start=now, end=end, order=order, counts=_nothing(order), gaps=())
    classes = sort_minutes(schedule, hazards, policy, (now, end))
    counts, gaps = search_gaps(classes, schedule, hazards, order)
    return Outlook(start=now, end=end, order=order, counts=counts, gaps=gaps)


def _overlaps(schedule: Schedule, start: Minute, end: Minute) -> bool:
    runs = schedule.assignments
    return any(entry.end > start for entry in runs) and any(entry.start < end for entry in runs)


def _nothing(order: int) -> tuple[SetCount, ...]:
    return tuple(
        SetCount(order=n, combinations=0, classes=0, searched=0, covered=0, gaps=0)
        for n in range(1, order + 1)
    )
