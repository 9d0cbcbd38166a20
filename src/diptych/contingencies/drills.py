"""What to rehearse first: the likely and grave whose cover is thin."""

from collections.abc import Sequence
from math import prod

from diptych.contingencies.classes import Classes, sort_minutes
from diptych.contingencies.first_pairs import FirstPair, NamedPair, name_pairs
from diptych.contingencies.naming import Standing, stand
from diptych.contingencies.policy import AnswerPolicy
from diptych.model import Drill, Hazard, Schedule

_RULES = AnswerPolicy()


def rank_drills(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    pairs: Sequence[FirstPair] = (),
    policy: AnswerPolicy = _RULES,
) -> tuple[Drill, ...]:
    """Every hazard alone and every pair of `pairs`, by risk times thinness; most first.

    The probabilities of a pair are multiplied as if independent. Drills of equal score are in
    order of risk, then as given. Hazards that cannot strike on this day are left out.
    """
    classes = sort_minutes(schedule, hazards, policy)
    drills = [_single(classes, h, hazard) for h, hazard in enumerate(hazards)]
    drills += [_pair(schedule, named, policy) for named in name_pairs(pairs, hazards)]
    real = [drill for drill in drills if drill.minutes]
    return tuple(sorted(real, key=lambda drill: (-drill.score, -drill.risk)))


def _single(classes: Classes, number: int, hazard: Hazard) -> Drill:
    return _drill((hazard,), hazard.title, stand(classes, [number]))


def _pair(schedule: Schedule, named: NamedPair, policy: AnswerPolicy) -> Drill:
    classes = sort_minutes(schedule, named.hazards, policy)
    words = " and ".join(hazard.title for hazard in named.hazards)
    title = words if len(named.hazards) > 1 else f"{named.pair.title}: {words}"
    return _drill(named.hazards, title, stand(classes, range(len(named.hazards))))


def _drill(hazards: Sequence[Hazard], title: str, standing: Standing) -> Drill:
    severity = max(hazard.severity for hazard in hazards)
    return Drill(
        hazards=tuple(hazard.id for hazard in hazards),
        title=title,
        risk=prod(float(hazard.probability) for hazard in hazards) * severity,
        minutes=int(standing.minutes.sum()),
        gap_minutes=int(standing.minutes[standing.empty > 0].sum()),
        thin_minutes=int(standing.minutes[standing.thin].sum()),
    )
