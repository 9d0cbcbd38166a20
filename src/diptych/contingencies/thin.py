"""Where there is one way only, and who must not fall ill."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.contingencies.classes import Classes, sort_minutes
from diptych.contingencies.naming import named_bits, spans_of, stand
from diptych.contingencies.policy import AnswerPolicy
from diptych.kernels.shortage import weigh_bits
from diptych.model import Hazard, HazardId, InputError, Minute, Pillar, Schedule, ThinSpot

_LARGEST = 3
_RULES = AnswerPolicy()


def find_thin(
    schedule: Schedule, hazards: Sequence[Hazard], policy: AnswerPolicy = _RULES
) -> tuple[ThinSpot, ...]:
    """Each hazard and stretch that is covered, but by one way only, and by whom.

    In the order of the hazards, then of the first minute.
    """
    classes = sort_minutes(schedule, hazards, policy)
    found: list[ThinSpot] = []
    for h, hazard in enumerate(hazards):
        standing = stand(classes, [h])
        keys = sorted({tuple(row.tolist()) for row in standing.needed[standing.thin]})
        spots = []
        for key in keys:
            hit = np.zeros(len(classes.masks), np.bool_)
            hit[standing.classes[(standing.needed == np.array(key, np.uint64)).all(axis=1)]] = True
            spots.append(
                ThinSpot(
                    hazard=hazard.id,
                    spans=tuple((Minute(a), Minute(b)) for a, b in spans_of(classes, hit)),
                    only=named_bits(classes, np.array(key, np.uint64)),
                )
            )
        found += sorted(spots, key=lambda spot: (spot.spans, spot.only))
    return tuple(found)


def find_pillars(
    schedule: Schedule,
    hazards: Sequence[Hazard],
    *,
    order: int = 2,
    policy: AnswerPolicy = _RULES,
) -> tuple[Pillar, ...]:
    """Each person and kind of kit without whom cover would fall, by how much; most first.

    Exact for every set of up to `order` hazards. A person who drops out answers nothing; who
    takes over their tasks is not asked. Of kit, one piece fails. Sorted by the loss over sets
    of `order` hazards, then of fewer. Raises InputError for an order other than 1 to 3.
    """
    if not 1 <= order <= _LARGEST:
        raise InputError(
            f"order is {order}, expected 1 to {_LARGEST} hazards at once",
            remedy="ask for order 1, 2 or 3",
        )
    classes = sort_minutes(schedule, hazards, policy)
    covered, lost, by_hazard = _weigh(classes, order)
    found = [
        _pillar(name, lost[:, bit], covered, by_hazard[:, :, bit], hazards)
        for bit, name in _who_can_fail(classes, schedule)
        if lost[:, bit].any()
    ]
    return tuple(sorted(found, key=lambda p: (tuple(-n for n in reversed(p.lost)), p.who)))


def _weigh(
    classes: Classes, order: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Covered (order,), lost (order, bits), by hazard (order, H, bits): minutes of the day."""
    bits = classes.masks.shape[2] * 64
    covered = np.zeros(order, np.int64)
    lost = np.zeros((order, bits), np.int64)
    by_hazard = np.zeros((order, len(classes.first) - 1, bits), np.int64)
    for number, minutes in enumerate(classes.minutes().tolist()):
        alive = np.flatnonzero(classes.alive[number])
        whole, part, each = weigh_bits(classes.places(number), alive, order)
        covered += whole * minutes
        lost += part * minutes
        by_hazard += each * minutes
    return covered, lost, by_hazard


def _who_can_fail(classes: Classes, schedule: Schedule) -> list[tuple[int, str]]:
    """Bits and names of the people, and of the last piece of each kind of kit."""
    people = {str(who.id) for who in schedule.procedure.staff}
    last = {f"{kit.id} {kit.count}" for kit in schedule.procedure.equipment}
    return [(n, name) for n, name in enumerate(classes.names) if name in people or name in last]


def _pillar(
    name: str,
    lost: NDArray[np.int64],
    covered: NDArray[np.int64],
    by_hazard: NDArray[np.int64],
    hazards: Sequence[Hazard],
) -> Pillar:
    return Pillar(
        who=name,
        lost=tuple(int(n) for n in lost),
        covered=tuple(int(n) for n in covered),
        hazards=_most_first(by_hazard[0], hazards),
        together=_most_first(by_hazard[-1], hazards),
    )


def _most_first(
    minutes: NDArray[np.int64], hazards: Sequence[Hazard]
) -> tuple[tuple[HazardId, int], ...]:
    found = [(hazards[h].id, int(minutes[h])) for h in np.flatnonzero(minutes).tolist()]
    return tuple(sorted(found, key=lambda row: -row[1]))
